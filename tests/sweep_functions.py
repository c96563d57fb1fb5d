"""Functions that other processes can import."""

import os
import pathlib
import time

import numpy as np


def product(a, b):
    return {"sum": a + b, "pair": np.array([a, b]), "name": f"{a}{b}"}


def fails_at_two(a):
    if a == 2:
        raise ValueError("two is refused")
    return 10 * a


def counted(a):
    folder = pathlib.Path(os.environ["SWEEP_CALLS"])
    (folder / f"{a}_{time.monotonic_ns()}").touch()
    time.sleep(0.05)
    return float(a) ** 2


def uneven(a):
    return np.zeros(a)
