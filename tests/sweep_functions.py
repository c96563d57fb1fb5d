"""Functions that other processes can import."""

import dataclasses
import functools
import os
import pathlib
import signal
import time

import numpy as np

OFFSET = 1.0


def product(a, b):
    return {"sum": a + b, "pair": np.array([a, b]), "name": f"{a}{b}"}


def fails_at_two(a):
    if a == 2:
        raise ValueError("two is refused")
    return 10 * a


def counted(a, folder):
    """Leave a file in the folder at each call."""
    (pathlib.Path(folder) / f"{a}_{time.monotonic_ns()}").touch()
    time.sleep(float(os.environ.get("SECONDS_A_POINT", "0.05")))
    return float(a) ** 2


def kills_its_process(a, folder, victim, times=None):
    """Die without a word at one point, always or so many times."""
    died = pathlib.Path(folder) / "died"
    before = died.read_text() if died.exists() else ""
    if a == victim and (times is None or len(before) < times):
        died.write_text(before + "x")
        os.kill(os.getpid(), signal.SIGKILL)
    return counted(a, folder)


def uneven(a):
    return np.zeros(a)


def takes_the_name_of_an_axis(a):
    return {"a": a}


def scaled(a, factor):
    return a * factor


def with_offset(a):
    return a + OFFSET


@dataclasses.dataclass(frozen=True)
class Scaling:
    factor: float

    def __call__(self, a):
        return a * self.factor

    def method(self, a):
        return a * self.factor


class PlainScaling:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, a):
        return a * self.factor


def closure(factor):
    def local(a):
        return a * factor

    return local


def default(factor):
    def local(a, factor=factor):
        return a * factor

    return local


@functools.cache
def cached(a):
    return 2.0 * a
