"""Extrema of T within a step, of many trajectories at once."""

from __future__ import annotations

import numpy as np

from oqs.arguments import FloatArray

_HALVINGS = 30  # of the step: the value depends on the place in second order only


def extrema_within(powers: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return where in 0 < s < 1 polynomials of degree 4 have an extremum (k,), and its value.

    Parameters
    ----------
    powers : (5, k) coefficients of 1, s, .. s^4; their slopes at s = 0 and 1 have unlike signs.
    """
    start, first, second, third, fourth = powers
    s, width = np.zeros_like(start), 1.0
    for _ in range(_HALVINGS):
        width /= 2
        there = s + width
        slope = first + there * (2 * second + there * (3 * third + there * 4 * fourth))
        s = np.where(slope * first > 0, there, s)
    return s, start + s * (first + s * (second + s * (third + s * fourth)))
