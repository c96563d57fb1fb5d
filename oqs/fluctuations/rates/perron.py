"""The leading eigenvalue of a rate matrix at real counting fields, and both of its eigenvectors.

Off the diagonal the matrix is >= 0, so the eigenvalue is real and simple and its vectors are
positive. Noda's iteration solves (lambda - A) y = x with lambda an upper bound, all of it positive,
and bounds the eigenvalue from both sides by the quotients x/y (Noda 1971, doi:10.1007/BF01436368).
"""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np
from scipy.linalg.lapack import dgetrf, dgetrs

from oqs.arguments import FloatArray
from oqs.errors import StationaryStateNotFound

_STEPS = 200
_EXACT = 8 * float(np.finfo(np.float64).eps)  # of the largest rate, between the two bounds


@final
class Perron(NamedTuple):
    """Eigenvalue and positive vectors (D,) with left @ right = 1."""

    value: float
    right: FloatArray
    left: FloatArray


def perron(matrix: FloatArray, start: FloatArray) -> Perron:
    """Return the largest eigenvalue of an irreducible matrix (D, D), >= 0 off its diagonal.

    Parameters
    ----------
    matrix : A.
    start : (D,) positive, near the right vector if anything is known of it.

    Raises
    ------
    StationaryStateNotFound
        if the bounds do not meet.
    """
    if len(matrix) == 1:
        return Perron(float(matrix[0, 0]), np.ones(1), np.ones(1))
    scale = float(np.max(np.abs(np.diagonal(matrix))))
    x = start / start.sum()
    value = float(np.max(matrix @ x / x))
    for _ in range(_STEPS):
        factors, order, singular = dgetrf(value * np.eye(len(x)) - matrix)
        if singular:  # the bound is the eigenvalue, and x its vector, to the last digit
            value += _EXACT * scale
            continue
        y = dgetrs(factors, order, x)[0]
        quotient = x / y
        lowest, highest = float(quotient.min()), float(quotient.max())
        if not (np.isfinite(highest) and lowest >= -_EXACT * scale):
            value += _EXACT * scale  # rounding put the bound below the eigenvalue
            x = np.abs(y) / np.abs(y).sum()
            continue
        x = y / y.sum()
        value -= lowest
        if highest - lowest <= _EXACT * scale + _EXACT * abs(value):
            return _completed(matrix, value + 2 * _EXACT * scale, x)
    raise StationaryStateNotFound(
        f"The generating function did not settle in {_STEPS} steps: give smaller fields."
    )


def _completed(matrix: FloatArray, bound: float, right: FloatArray) -> Perron:
    """Find the left vector by inverse iteration, then the eigenvalue from both."""
    factors, order, _ = dgetrf(bound * np.eye(len(right)) - matrix)
    left = np.ones(len(right))
    for _ in range(3):
        left = dgetrs(factors, order, left, trans=1)[0]
        left /= np.abs(left).max()
    right = dgetrs(factors, order, right)[0]
    left, right = np.abs(left), np.abs(right) / np.abs(right).sum()
    left /= left @ right
    return Perron(float(left @ (matrix @ right)), right, left)
