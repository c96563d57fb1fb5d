"""Stationary populations of a rate equation without subtractions (Grassmann, Taksar, Heyman).

Gaussian elimination of a rate matrix needs no pivoting, and if each pivot is computed as the sum of
the remaining rates instead of by subtraction, every population comes out with full relative
accuracy (O'Cinneide 1993, doi:10.1007/BF01385622). Jumps change the particle number by one, so the
matrix is block tridiagonal and sectors are eliminated one after the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.linalg.lapack import dgetrf, dgetrs
from scipy.sparse.csgraph import connected_components

from oqs.arguments import FloatArray
from oqs.errors import NonUniqueStationaryState, StationaryStateNotFound

_LARGEST_CLASS = 4096
_LEAF = 16
_JUMPS = 100.0  # in a sector before it is left: two digits of sixteen at most
_UNDERFLOW = (
    "Rates between the states underflow to zero on the way: raise T, or move mu to the levels."
)


def gth(rates: FloatArray) -> FloatArray:
    """Return the stationary populations (D,) of an irreducible rate matrix, state by state.

    Parameters
    ----------
    rates : (D, D) rates[a, b] >= 0 from b to a; the diagonal is ignored.

    Raises
    ------
    StationaryStateNotFound
        if products of rates underflow to zero.
    """
    w = rates.copy()
    size = len(w)
    for k in range(size - 1, 0, -1):
        leaving = w[:k, k].sum()
        if not leaving > 0:
            raise StationaryStateNotFound(_UNDERFLOW)
        w[k, :k] /= leaving
        w[:k, :k] += np.outer(w[:k, k], w[k, :k])
    populations = np.zeros(size)
    populations[0] = 1.0
    for k in range(1, size):
        populations[k] = w[k, :k] @ populations[:k]
        populations[: k + 1] /= populations[: k + 1].sum()
    return populations


def recurrent(rates: sp.csr_array) -> FloatArray:
    """Return the populations (D,) where some rates underflowed to zero: a reducible rate matrix.

    States that are only left are empty; the one set that is never left is solved by itself.

    Raises
    ------
    NonUniqueStationaryState
        if several sets are never left.
    """
    rates.eliminate_zeros()
    count, label = connected_components(rates, connection="strong")
    target, source = rates.nonzero()
    left = np.unique(label[source[label[source] != label[target]]])
    closed = np.setdiff1d(np.arange(count), left)
    if len(closed) > 1:
        raise NonUniqueStationaryState(
            len(closed),
            "The rates that link the remaining sets of states are below the smallest double at "
            "these temperatures: raise T, or move mu towards the levels.",
        )
    members = np.flatnonzero(label == closed[0])
    if len(members) > _LARGEST_CLASS:
        raise StationaryStateNotFound(
            f"Rates underflow to zero and leave a set of {len(members)} states, above "
            f"{_LARGEST_CLASS}: raise T, or move mu towards the levels."
        )
    populations = np.zeros(rates.shape[0])
    populations[members] = gth(rates[:, members][members, :].toarray())
    return populations


def eliminate(steps: Iterable[tuple[FloatArray, FloatArray]], highest: int) -> list[FloatArray]:
    """Return the populations of every sector, lowest first, each (d_n,).

    The highest sector is folded into the one below, and so on: with X = S^{-1} U the expected
    time in sector n + 1 per visit, the fluxes M = D X back into sector n are effective rates inside
    it. The diagonal of S is the sum of what leaves a state, and S is solved by `times`, so nothing
    is subtracted.

    Parameters
    ----------
    steps : the rates up and down (d_{n+1}, d_n) between neighbouring sectors, highest step first.
    highest : number of states of the highest sector.

    Raises
    ------
    StationaryStateNotFound
        if rates underflow or populations overflow double precision.
    """
    inside: NDArray[Any] = np.zeros((highest, highest), order="F")
    transfers: list[NDArray[Any]] = []
    for up, down in steps:
        transfer = times(inside, np.add.reduce(down, axis=1), up)
        inside = (transfer.T @ down).T  # in LAPACK's order
        transfers.append(transfer)
    return substituted(gth(inside), transfers[::-1])


def times(inside: FloatArray, out: FloatArray, right: FloatArray) -> FloatArray:
    """Return x (d, m) with S x = right, S = diag(what leaves each state) - inside.

    A factorisation finds its pivots by subtraction. A relative change e of the diagonal changes
    no element of x by more than e d times the mean number of jumps inside before leaving, so that
    costs no digits where those are few, but loses cold states, which leave for each other far
    faster. There half of the states are eliminated at a time, and what leaves the other half is
    known by addition, as in `gth` (Alfa, Xue, Ye 2002, doi:10.1090/S0025-5718-01-01325-4).

    Parameters
    ----------
    inside : (d, d) rates inside[a, b] >= 0 from b to a; the diagonal is set to zero.
    out : (d,) rates >= 0 out of these states.
    right : (d, m), >= 0.
    """
    size = len(out)
    np.fill_diagonal(inside, 0.0)
    leaving = np.add.reduce(inside, axis=0)
    leaving += out
    matrix = np.negative(inside)
    np.fill_diagonal(matrix, leaving)
    factors, order, singular = dgetrf(matrix, overwrite_a=True)
    if not singular:
        # a state leaves at once with probability out/leaving: that bounds the number of jumps
        few = (out * _JUMPS >= leaving).all()
        jumps = None if few else dgetrs(factors, order, leaving, trans=1)[0]
        if jumps is None or (jumps.min() > 0 and jumps.max() <= _JUMPS):
            return np.asarray(dgetrs(factors, order, right)[0])
    if size <= _LEAF:
        return _times_by_state(inside, out, right)
    half = size // 2
    back = inside[half:, :half]
    found = times(
        inside[:half, :half],
        out[:half] + back.sum(axis=0),
        np.hstack([inside[:half, half:], right[:half]]),
    )
    across, own = found[:, : size - half], found[:, size - half :]
    lower = times(
        inside[half:, half:] + back @ across,
        out[half:] + out[:half] @ across,
        right[half:] + back @ own,
    )
    return np.vstack([own + across @ lower, lower])


def _times_by_state(inside: FloatArray, out: FloatArray, right: FloatArray) -> FloatArray:
    """Do as `times` does, one state at a time."""
    size = len(out)
    w = np.empty((size + 1, size + right.shape[1]))  # the last row holds what leaves
    w[:size, :size], w[:size, size:] = inside, right
    w[size, :size], w[size, size:] = out, 0.0
    for k in range(size):
        leaving = w[k + 1 :, k].sum()
        if not leaving > 0:
            raise StationaryStateNotFound(_UNDERFLOW)
        w[k, k + 1 :] /= leaving
        w[k + 1 :, k + 1 :] += w[k + 1 :, k, None] * w[k, k + 1 :]
    x = w[:size, size:]
    for k in range(size - 2, -1, -1):
        x[k] += w[k, k + 1 : size] @ x[k + 1 :]
    return x


def substituted(lowest: FloatArray, transfers: list[NDArray[Any]]) -> list[FloatArray]:
    """Go back up; each sector is kept normalised and its weight as a logarithm."""
    shares, logarithms = [lowest], [0.0]
    for transfer in transfers:
        share = transfer @ shares[-1]
        total = float(np.add.reduce(share))
        if not 0 < total < math.inf:
            raise StationaryStateNotFound(
                f"The populations of two neighbouring particle numbers differ by a factor "
                f"{total:.3g}, beyond double precision: raise T, or move mu to the levels."
            )
        shares.append(share / total)
        logarithms.append(logarithms[-1] + math.log(total))
    weights = np.exp(np.array(logarithms) - max(logarithms))
    weights /= weights.sum()
    return [weight * share for weight, share in zip(weights, shares, strict=True)]
