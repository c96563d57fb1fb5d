"""Where values turn within a step: many at once."""

from __future__ import annotations

import numpy as np

from oqs.arguments import FloatArray

_HALVINGS = 30  # of the step: the value depends on the place in second order only


def turning_points(
    start: FloatArray, middle: FloatArray, end: FloatArray, first: FloatArray, last: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return where in 0 < s < 1 the values (k,) of steps turn, and the values there.

    Parameters
    ----------
    start, middle, end : (k,) at s = 0, 1/2, 1.
    first, last : (k,) slopes d/ds at s = 0 and 1, of unlike signs.

    Along a step its values are the polynomial of degree 4 with these five data, whose slope is
    halved in on.
    """
    # Hermite's cubic of the ends, and what it lacks in the middle as a multiple of s^2 (1-s)^2
    rise = end - start
    second, third = 3 * rise - 2 * first - last, first + last - 2 * rise
    more = 16 * (middle - start) - 8 * first - 4 * second - 2 * third
    second, third = second + more, third - 2 * more
    s, width = np.zeros_like(start), 1.0
    for _ in range(_HALVINGS):
        width /= 2
        there = s + width
        slope = first + there * (2 * second + there * (3 * third + there * 4 * more))
        s = np.where(slope * first > 0, there, s)
    return s, start + s * (first + s * (second + s * (third + s * more)))
