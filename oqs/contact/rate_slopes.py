"""Derivatives by T and mu of what a contact has at one T, mu: a rate, a spectrum, a shift."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from oqs.arguments import FloatArray
from oqs.contact.rates import Rate, rate_at

_EIGHTH = np.array([4 / 5, -1 / 5, 4 / 105, -1 / 280])  # of f(x + k h) - f(x - k h), k = 1 .. 4
_SIXTH = np.array([3 / 4, -3 / 20, 1 / 60, 0.0])
_KINK = np.array([-56.0, 28.0, -8.0, 1.0])  # of sums: the eighth difference, -40 h of |x|
_STEPS = 4.0 ** -np.array([4, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13])  # of the scale, in turn
_KNOWN = 1e-11  # of the value over T, or of the derivative: good enough
_ACCEPTED = 1e-6
_EPS = float(np.finfo(np.float64).eps)


def rate_slopes(
    rate: Rate,
    frequencies: FloatArray,
    owner: str,
    at: tuple[float, float],
    argument: str,
    *,
    bosonic: bool = False,
) -> FloatArray:
    """Return d rate/dT and d rate/dmu (2, K) of a rate(w, T, mu), with arguments as `rate_at`.

    Raises
    ------
    ValueError
        if its method `slopes` returns something else than two finite numbers for each frequency,
        or differences are not known well enough; and as `rate_at`.
    """
    own: Callable[[FloatArray, float, float], object] | None = getattr(rate, "slopes", None)
    who = f"{argument}` of {owner}"
    if own is None:
        rate_at(rate, frequencies, owner, at, argument)  # where it is asked for, it is checked

        def values(T: float, mu: float) -> FloatArray:
            returned = np.asarray(rate(frequencies.copy(), T, mu), dtype=np.float64)
            return np.broadcast_to(returned, frequencies.shape)

        return differences(values, *at, f"`{who}", bosonic=bosonic)
    given: Any = own(frequencies.copy(), *at)
    parts = [np.asarray(part) for part in given]
    fits = len(parts) == 2 and all(part.shape in ((), frequencies.shape) for part in parts)
    if not fits or any(p.dtype.kind not in "iuf" or not np.isfinite(p).all() for p in parts):
        raise ValueError(
            f"Argument `{who} must return derivatives by T and by mu from its slopes(w, T, mu), "
            f"finite and of shape {frequencies.shape}, but returned {given!r}. Mend it, or leave "
            "it out: differences of the rate are taken then."
        )
    return np.stack([np.broadcast_to(part, frequencies.shape) for part in parts]).astype(float)


def differences(
    values: Callable[[float, float], FloatArray],
    T: float,
    mu: float,
    who: str,
    *,
    bosonic: bool = False,
) -> FloatArray:
    """Return the derivatives (2, ...), by T and mu, of values (...) at T, mu.

    Bosons have no mu but 0, and nothing that depends on it.

    Central differences of eighth order, with steps that change until rounding and the difference to
    sixth order are below 1e-11, and the eighth difference, which a kink would show in; of the steps
    that are tried each element takes its best.

    Raises
    ------
    ValueError
        if a derivative is not known to 1e-6 of value/T or of itself: values with a kink there, or
        with noise.
    """
    by_T = _difference(lambda t: values(t, mu), T, T, T, f"{who} by T")
    if bosonic:
        return np.stack([by_T, np.zeros_like(by_T)])
    by_mu = _difference(lambda m: values(T, m), mu, max(T, abs(mu)), T, f"{who} by mu")
    return np.stack([by_T, by_mu])


def _difference(
    values: Callable[[float], FloatArray], x: float, scale: float, T: float, who: str
) -> FloatArray:
    here = values(x)
    best, error, size = np.zeros(here.shape), np.full(here.shape, np.inf), np.abs(here) / T
    for h in (scale * _STEPS).tolist():
        with np.errstate(all="ignore"):  # what is not finite is of no use, and is not taken
            above, below = (
                np.array([values(x + side * k * h) for k in (1, 2, 3, 4)]) for side in (1, -1)
            )
            eighth, sixth = (np.tensordot(c, above - below, axes=1) / h for c in (_EIGHTH, _SIXTH))
            kink = (np.tensordot(_KINK, above + below, axes=1) + 70 * here) / (40 * h)
            rounding = _EPS * (np.abs(here) + np.abs(x * eighth)) / h
            missed = np.abs(eighth - sixth) + np.abs(kink) + rounding
        best, error = np.where(missed < error, eighth, best), np.fmin(missed, error)
        if (error <= _KNOWN * np.maximum(size, np.abs(best))).all():
            return best
    unknown = ~(error <= _ACCEPTED * np.maximum(size, np.abs(best)))
    if np.any(unknown):
        raise ValueError(
            f"The derivative of {who} must be known to {_ACCEPTED:g}, but at {x!r} differences of "
            f"it agree to {float(np.max(error[unknown] * T)):.1g} only: it has a kink or noise "
            "there. Give the rate a method `slopes(w, T, mu)` that returns both derivatives."
        )
    return best
