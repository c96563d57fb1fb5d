"""Rate functions of currents: the Legendre transform of a convex generating function."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable

import numpy as np
import scipy

from oqs.arguments import FloatArray
from oqs.memory import announce

Along = Callable[[float], tuple[float, float]]
"""Field x -> lambda and d lambda/dx on the line through 0 of one counted quantity."""

_WIDEST = 600.0  # largest exponent of a single event at which a field is tried
_FIELDS = 8  # tried for each current, as a rule
_ATTAINED = 1e-12  # relative: what a current at the end of the range may miss by
_DIGITS = 1e-9  # relative, of the field where x i - lambda(x) is largest, and therefore flat


def rate_function(along: Along, exponent: float, noise: float, currents: FloatArray) -> FloatArray:
    """Return I(i) = max_x [x i - lambda(x)] of currents i (...).

    lambda is convex and lambda(0) = 0, so the slope grows with x, and the maximum is where it is i.

    `along`: lambda and its slope at a field. `exponent`: of the factor that the field x = 1 gives
    to a single event; 0 where none is counted. `noise`: what the slope grows by at x = 0.
    `currents` (...): i.
    """
    if exponent == 0:
        return np.where(currents == 0, 0.0, math.inf)
    along = functools.cache(along)
    begun = time.perf_counter()
    for current in currents.ravel()[:1].tolist():
        along(_first(along, exponent, noise, current))
    announce("Rate function", _FIELDS * currents.size * (time.perf_counter() - begun))
    rates = [_rate(along, exponent, noise, i) for i in currents.ravel().tolist()]
    return np.array(rates).reshape(currents.shape)


def _first(along: Along, exponent: float, noise: float, current: float) -> float:
    """Return the field of the current in a Gaussian distribution, at most that of a factor e."""
    away = current - along(0.0)[1]
    return away / noise if abs(away) * exponent < noise else math.copysign(1 / exponent, away)


def _rate(along: Along, exponent: float, noise: float, current: float) -> float:
    if current == along(0.0)[1]:
        return 0.0
    inner, outer = 0.0, _first(along, exponent, noise, current)
    sign, widest = math.copysign(1.0, outer), _WIDEST / exponent
    while True:
        value, slope = along(outer)
        if sign * (slope - current) >= 0:
            break
        if abs(outer) >= widest:  # no jumps in this direction: the slope ends before the current
            missed = abs((slope - current) * outer)
            return outer * current - value if missed <= _ATTAINED * abs(value) else math.inf
        inner, outer = outer, sign * min(2 * abs(outer), widest)
    low, high = sorted((inner, outer))
    field = scipy.optimize.brentq(
        lambda x: along(x)[1] - current, low, high, xtol=1e-30 / exponent, rtol=_DIGITS
    )
    return max(0.0, field * current - along(field)[0])  # x = 0 gives 0: the maximum is no less
