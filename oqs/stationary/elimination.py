"""Stationary populations of a rate equation without subtractions (Grassmann, Taksar, Heyman).

Gaussian elimination of a rate matrix needs no pivoting, and if each pivot is computed as the sum of
the remaining rates instead of by subtraction, every population comes out with full relative
accuracy (O'Cinneide 1993, doi:10.1007/BF01385622). Jumps change the particle number by one, so the
matrix is block tridiagonal and whole sectors are eliminated at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from oqs.arguments import FloatArray
from oqs.errors import NonUniqueStationaryState, StationaryStateNotFound

_LARGEST_CLASS = 4096


def gth(rates: FloatArray) -> FloatArray:
    """Return the stationary populations (D,) of an irreducible rate matrix, state by state.

    Parameters
    ----------
    rates : (D, D) rates[a, b] >= 0 from b to a; the diagonal is ignored.
    """
    w = rates.copy()
    size = len(w)
    for k in range(size - 1, 0, -1):
        leaving = w[:k, k].sum()
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
    it. The diagonal of S is the sum of what leaves a state, so nothing is subtracted.

    Parameters
    ----------
    steps : the rates up and down (d_{n+1}, d_n) between neighbouring sectors, highest step first.
    highest : number of states of the highest sector.

    Raises
    ------
    StationaryStateNotFound
        if a sector's matrix is singular or populations overflow double precision.
    """
    inside: NDArray[Any] = np.zeros((highest, highest))
    transfers: list[NDArray[Any]] = []
    for up, down in steps:
        np.fill_diagonal(inside, 0.0)
        out = down.sum(axis=1) + inside.sum(axis=0)
        np.negative(inside, out=inside)
        np.fill_diagonal(inside, out)
        transfer = _solved(inside, up)
        inside = down.T @ transfer
        transfers.append(transfer)
    return _substituted(gth(inside), transfers[::-1])


def _solved(matrix: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """Solve matrix @ x = right, overwriting the matrix."""
    factors, pivots, singular = scipy.linalg.lapack.dgetrf(matrix.T, overwrite_a=True)
    if singular:
        raise StationaryStateNotFound(
            f"The rate equation of a sector of {len(matrix)} states is singular in double "
            "precision: its rates differ by too many decades."
        )
    solution, _ = scipy.linalg.lapack.dgetrs(factors, pivots, right, trans=1)
    return np.asarray(solution)


def _substituted(lowest: FloatArray, transfers: list[NDArray[Any]]) -> list[FloatArray]:
    """Go back up; each sector is kept normalised and its weight as a logarithm."""
    shares, logarithms = [lowest], [0.0]
    for transfer in transfers:
        share = transfer @ shares[-1]
        total = float(share.sum())
        if not 0 < total < np.inf:
            raise StationaryStateNotFound(
                f"The populations of two neighbouring particle numbers differ by a factor "
                f"{total:.3g}, beyond double precision: raise T, or move mu to the levels."
            )
        shares.append(share / total)
        logarithms.append(logarithms[-1] + float(np.log(total)))
    weights = np.exp(np.array(logarithms) - max(logarithms))
    weights /= weights.sum()
    return [weight * share for weight, share in zip(weights, shares, strict=True)]
