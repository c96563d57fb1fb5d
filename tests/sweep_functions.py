"""Functions that other processes can import."""

import dataclasses
import faulthandler
import functools
import os
import pathlib
import re
import signal
import sys
import threading
import time

import numpy as np

import oqs
import thermo


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


@dataclasses.dataclass(frozen=True)
class Scaling:
    factor: float

    def __call__(self, a):
        return a * self.factor

    def method(self, a):
        return a * self.factor


class ScalarScaling:
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


def ends(how, a):
    """End as it says."""
    if how == "sys.exit":
        sys.exit(3)
    if how == "os._exit":
        os._exit(7)
    if how == "segfault":
        faulthandler.disable()
        os.kill(os.getpid(), signal.SIGSEGV)
    if how == "sleeps":
        time.sleep(1000)
    if how == "spins in C":  # no other thread of Python gets its turn
        re.match("(a+)+$", "a" * 50 + "b")
    if how == "raises":
        raise ValueError("no")
    return a


class Odd(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def raises_what_is_not_made_again(a):
    raise Odd("one", "two")


def for_ever(a, folder):
    (pathlib.Path(folder) / f"begun_{a}").touch()
    ends("spins in C", a)


def sweep_for_ever(folder):
    thermo.sweep(functools.partial(for_ever, folder=folder), {"a": range(40)}, executor=2)


def sweep_in_a_thread(folder):
    threading.Thread(target=sweep_for_ever, args=(folder,), daemon=True).start()
    while len(list(pathlib.Path(folder).glob("begun_*"))) < 2:
        time.sleep(0.02)


def law_for_ever(T, mu, here, folder):
    if os.getpid() != here:
        for_ever(os.getpid(), folder)
    return oqs.Flows.of(np.zeros(T.shape), np.zeros(T.shape), mu)


def ensemble_for_ever(folder):
    law = functools.partial(law_for_ever, here=os.getpid(), folder=folder)
    reservoirs = [thermo.Reservoir(thermo.SommerfeldGas(1.5), name=name) for name in "ab"]
    thermo.evolve_ensemble(law, reservoirs, [[0.6, 1.0]] * 4, [[20.8, 16.0]] * 4, workers=2)


def wide(a, size):
    return np.full(size, float(a))
