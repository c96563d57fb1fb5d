"""One factorisation of a rate matrix for its stationary state and for both of its inverses.

With the populations of all states but one, the pinned state, the rate matrix W is -S with
S = diag(what leaves each state) - rates: all of S^-1 is positive, an expected time. Eliminated with
each pivot the sum of the rates that remain, not a difference (Grassmann, Taksar, Heyman), S = L U
keeps the relative precision of every element, however rare the jumps.
"""

from __future__ import annotations

from typing import final

import numpy as np
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dgetrf, dgetrs

from oqs.arguments import FloatArray
from oqs.errors import StationaryStateNotFound

_JUMPS = 1e3  # until the pinned state is reached, for which differences are good to 1e-13
_BLOCK = 32
_RARE = 1e-3  # of the most probable state: a pinned state below that is given up for it


@final
class PinnedRates:
    """W p = 0, W x = y and W^T phi = f of an irreducible rate matrix.

    Raises StationaryStateNotFound if products of rates underflow or overflow.

    `rates` (D, D): rates[a, b] >= 0 from b to a, zeros on the diagonal.
    """

    def __init__(self, rates: FloatArray) -> None:
        self.leaving: FloatArray = rates.sum(axis=0)
        self._factorise(rates, int(np.argmin(self.leaving)))
        likely = int(np.argmax(self.populations))
        if self.populations[self._pinned] < _RARE * self.populations[likely]:
            self._factorise(rates, likely)
        if not np.isfinite(self.populations).all():
            raise StationaryStateNotFound(
                "Rates between the states differ by more than double precision holds: raise T, or "
                "move mu to the levels."
            )

    def inverse(self, y: FloatArray) -> FloatArray:
        """Return x (D,) or (D, q) with W x = y and sum x = 0, for y whose sum is 0."""
        x = np.zeros_like(y)
        x[self._others] = -self._solved(y[self._others], transposed=False)
        if y.ndim == 1:
            return x - self.populations * x.sum()
        return x - self.populations[:, None] * x.sum(axis=0)

    def adjoint(self, f: FloatArray) -> FloatArray:
        """Return phi (D,) or (D, q) with W^T phi = f - p f, which is 0 in the pinned state."""
        phi = np.zeros_like(f)
        mean = self.populations @ f
        phi[self._others] = -self._solved(f[self._others] - mean, transposed=True)
        return phi

    def _factorise(self, rates: FloatArray, pinned: int) -> None:
        size = len(rates)
        self._pinned = pinned
        self._others = np.delete(np.arange(size), pinned)
        inside = rates[np.ix_(self._others, self._others)]
        out = rates[pinned, self._others]
        self._factors, self._order = factorised(inside, out, self.leaving[self._others])
        populations = np.ones(size)
        populations[self._others] = self._solved(rates[self._others, pinned], transposed=False)
        self.populations: FloatArray = populations / populations.sum()

    def _solved(self, right: FloatArray, *, transposed: bool) -> FloatArray:
        if not len(self._others):
            return np.zeros_like(right)
        return np.asarray(dgetrs(self._factors, self._order, right, trans=int(transposed))[0])


def factorised(
    inside: FloatArray, out: FloatArray, leaving: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return S = L U, (d, d) in LAPACK's form, and the order of its rows.

    LAPACK's pivots are differences. They cost as many digits as the number of jumps until the
    pinned state is reached has; where these are many, pivots are found by addition.
    """
    size = len(out)
    if size == 0:
        return inside, out
    matrix = np.negative(inside)
    matrix[np.arange(size), np.arange(size)] = leaving
    factors, order, singular = dgetrf(matrix)
    own = np.arange(size, dtype=order.dtype)
    if not singular and np.array_equal(order, own):
        jumps = dgetrs(factors, order, leaving, trans=1)[0]
        if jumps.min() > 0 and jumps.max() <= _JUMPS:
            return factors, order
    return without_differences(inside, out), own


def without_differences(inside: FloatArray, out: FloatArray) -> FloatArray:
    """Return L and U (d, d) in one matrix, of S = diag(what leaves) - inside.

    `inside` (d, d): rates inside[a, b] >= 0 from b to a; the diagonal does not count. `out` (d,):
    rates >= 0 out of these states.
    """
    size = len(out)
    w = np.vstack([inside, out])  # the last row: rates to the pinned state
    pivots = np.empty(size)
    for begin in range(0, size, _BLOCK):
        end = min(begin + _BLOCK, size)
        for k in range(begin, end):
            column = w[k + 1 :, k]
            pivots[k] = column.sum()
            if not pivots[k] > 0:
                raise StationaryStateNotFound(
                    "Products of rates between the states underflow to zero: raise T, or move mu "
                    "to the levels."
                )
            column /= pivots[k]
            w[k + 1 :, k + 1 : end] += np.outer(column, w[k, k + 1 : end])
        if end < size:
            block = slice(begin, end)
            lower = -np.tril(w[block, block], -1)
            w[block, end:] = solve_triangular(
                lower, w[block, end:], lower=True, unit_diagonal=True, check_finite=False
            )
            w[end:, end:] += w[end:, block] @ w[block, end:]
    factors = -w[:size]
    factors[np.arange(size), np.arange(size)] = pivots
    return factors
