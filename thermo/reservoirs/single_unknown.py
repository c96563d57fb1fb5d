"""Eq. (6) where one unknown is left: T of reservoirs without mu, or mu at a T that is fixed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from oqs.arguments import FloatArray
from thermo.gases.base import EquationOfState

_EPS = float(np.finfo(np.float64).eps)
_ROUNDS = 200  # of Newton's method; where it leaves the bracket that is halved
_DOUBLINGS = 80  # of a bracket, until it holds the solution


def common_temperature(
    gas: EquationOfState, E: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    """Return T (...) with E(T) = E of a gas that conserves energy alone.

    Parameters
    ----------
    E : (...) energies. low, high : (...) temperatures > 0 between or near which T lies.

    Raises ValueError where no T has that energy, or the gas refuses it.
    """

    def energy(x: FloatArray) -> tuple[FloatArray, FloatArray]:
        T = np.exp(x)
        zero = np.zeros_like(T)
        return gas.energy(T, zero), gas.jacobian(T, zero)[..., 1, 0] * T

    T = np.exp(_root(energy, E, np.log(low), np.log(high), 1.0, "E"))
    gas.check(T, np.zeros_like(T))
    return np.asarray(T)


def common_potential(
    gas: EquationOfState, N: FloatArray, T: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    """Return mu (...) with N(T, mu) = N at a given T.

    Parameters
    ----------
    N : (...) particle numbers. low, high : (...) chemical potentials between or near which mu lies.

    Raises ValueError where no mu has that number, or the gas refuses it.
    """

    def number(mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        return gas.number(T, mu), gas.jacobian(T, mu)[..., 0, 1]

    mu = _root(number, N, low, high, T, "N")
    gas.check(T, mu)
    return mu


def _root(
    function: Callable[[FloatArray], tuple[FloatArray, FloatArray]],
    target: FloatArray,
    low: FloatArray,
    high: FloatArray,
    unit: FloatArray | float,
    name: str,
) -> FloatArray:
    """Return x (...) where an increasing function, with its slope, is the target."""
    low, high = _bracket(function, target, low, high, unit, name)
    x = (low + high) / 2
    for _ in range(_ROUNDS):
        value, slope = function(x)
        excess = value - target
        low, high = np.where(excess <= 0, x, low), np.where(excess >= 0, x, high)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            trial = x - excess / slope
        inside = (trial > low) & (trial < high)
        step = np.where(inside, trial, (low + high) / 2) - x
        done = (excess == 0) | (np.abs(step) <= 2 * _EPS * np.abs(x)) | (low == high)
        if done.all():
            break
        x = np.where(done, x, x + step)
    return np.asarray(x)


def _bracket(
    function: Callable[[FloatArray], tuple[FloatArray, FloatArray]],
    target: FloatArray,
    low: FloatArray,
    high: FloatArray,
    unit: FloatArray | float,
    name: str,
) -> tuple[FloatArray, FloatArray]:
    """Return low and high with the target between, moved apart by units as often as need be."""
    width = np.maximum(high - low, unit)
    for _ in range(_DOUBLINGS):
        above, below = function(low)[0] > target, function(high)[0] < target
        if not (above.any() or below.any()):
            return low, high
        low, high = np.where(above, low - width, low), np.where(below, high + width, high)
        width = 2 * width
    raise ValueError(
        f"The total `{name}` must be one that the gases can have together, but no state has "
        f"{np.asarray(target).tolist()}. Start from other T and mu."
    )
