"""The leading eigenvalue of a rate matrix at real counting fields, and both of its eigenvectors.

Off the diagonal the matrix is >= 0, so the eigenvalue is real and simple and its vectors are
positive. In units of a positive vector x the rows of A add up to (A x)/x, whose least and largest
bound the eigenvalue. Noda's iteration solves (lambda - A) y = x with lambda the upper bound, all of
it positive, and goes on with y (Noda 1971, doi:10.1007/BF01436368): the bounds meet quadratically.
Both vectors share factorisations as long as these serve: then the bounds meet linearly, but fast.
"""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np

from oqs.arguments import FloatArray
from oqs.errors import StationaryStateNotFound
from oqs.fluctuations.rates.matrices import RateMatrix, Resolvent

_STEPS = 200
_EPS = float(np.finfo(np.float64).eps)
_EXACT = 8 * _EPS  # of the gross rates, between the two bounds
_SETTLED = 1e-11  # the same, where rounding keeps the bounds apart
_FAST = 0.4  # a step that leaves this much of the distance of the bounds does without factorising
_LEAST = 1e-250  # of the vector to begin with, whose elements are no results
_JUDGED = 1e-280  # of the vector: what is less is near the smallest double, and weighs nothing
_SMALLEST = 1e-290  # to which it is held


@final
class Perron(NamedTuple):
    """Eigenvalue and positive vectors (D,) with left @ right = 1."""

    value: float
    right: FloatArray
    left: FloatArray


def perron(matrix: RateMatrix, right: FloatArray, left: FloatArray) -> Perron:
    """Return the largest eigenvalue of an irreducible matrix (D, D), >= 0 off its diagonal.

    Raises StationaryStateNotFound if the bounds do not meet.

    `matrix`: A; `right`, `left` (D,): >= 0, near the vectors if anything is known of them.
    """
    right, resolvent = _vector(matrix, right, None)
    turned = None if resolvent is None else resolvent.transposed
    left, _ = _vector(matrix.transposed, left, turned)
    left = left / (left @ right)
    # in units of the vectors: nothing but the eigenvalue itself is a difference
    return Perron(matrix.between(left, right), right, left)


def _vector(
    matrix: RateMatrix, x: FloatArray, resolvent: Resolvent | None
) -> tuple[FloatArray, Resolvent | None]:
    """Return the positive right vector (D,), its elements adding up to one, and a resolvent.

    A resolvent at an older bound serves as long as it brings the bounds together fast.
    """
    x, spread = np.maximum(x / x.sum(), _LEAST), np.inf
    for _ in range(_STEPS):
        sums, gross = matrix.sums(x)
        before, spread = spread, float(np.ptp(sums[x > _JUDGED]))
        if spread <= _EXACT * gross or (spread <= _SETTLED * gross and 2 * spread > before):
            return x, resolvent
        old = resolvent if spread <= _FAST * before else None
        resolvent = old or matrix.resolvent(float(sums.max()) + _EPS * gross, x)
        y = resolvent(x)
        if not (np.isfinite(y).all() and y.min() > 0):
            if not old:
                break
            resolvent, spread = None, np.inf
            continue
        x = np.maximum(y / y.sum(), _SMALLEST)
    raise StationaryStateNotFound(
        "The generating function did not settle between its bounds: give smaller fields."
    )
