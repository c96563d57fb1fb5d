"""Stationary populations of a rate equation without subtractions (Grassmann, Taksar, Heyman).

Gaussian elimination of a rate matrix needs no pivoting, and if each pivot is computed as the sum of
the remaining rates instead of by subtraction, every population comes out with full relative
accuracy (O'Cinneide 1993, doi:10.1007/BF01385622). Jumps change the particle number by one, so the
matrix is block tridiagonal and whole sectors are eliminated at once.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import FloatArray
from oqs.clusters import IntArray
from oqs.errors import StationaryStateNotFound


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


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Step:
    """Transitions between sector n and n + 1 and where they stand in dense (upper, lower) blocks.

    Parameters
    ----------
    transitions : (m,) which transitions.
    place : (m,) flat position in the (d_{n+1}, d_n) block.
    shape : (d_{n+1}, d_n).
    """

    transitions: IntArray
    place: IntArray
    shape: tuple[int, int]

    def block(self, rates: FloatArray) -> FloatArray:
        """Return the dense (d_{n+1}, d_n) block of these rates."""
        dense = np.zeros(self.shape[0] * self.shape[1])
        dense[self.place] = rates[self.transitions]
        return dense.reshape(self.shape)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class SectorChain:
    """The states of each particle number and the transitions between neighbouring sectors."""

    sectors: tuple[IntArray, ...]
    steps: tuple[Step, ...]
    dimension: int

    @classmethod
    def of(cls, particles: IntArray, lower: IntArray, upper: IntArray) -> SectorChain:
        """Sort the states (D,) by particle number and the transitions lower -> upper (M,)."""
        sectors = tuple(np.flatnonzero(particles == n) for n in np.unique(particles))
        rank = np.empty(len(particles), dtype=np.intp)
        for sector in sectors:
            rank[sector] = np.arange(len(sector))
        steps = []
        for below, above in itertools.pairwise(sectors):
            here = np.flatnonzero(particles[lower] == particles[below[0]])
            place = rank[upper[here]] * len(below) + rank[lower[here]]
            steps.append(Step(here, place, (len(above), len(below))))
        return cls(sectors, tuple(steps), len(particles))

    def solve(self, down: FloatArray, up: FloatArray) -> FloatArray:
        """Return the populations (D,) for the rates (M,) of the transitions down and up.

        The highest sector is folded into the one below, and so on: with X = S^{-1} U the expected
        time in sector n + 1 per visit, the fluxes M = D X back into sector n are effective rates
        inside it. The diagonal of S is the sum of what leaves a state, so nothing is subtracted.

        Raises
        ------
        StationaryStateNotFound
            if a sector's matrix is singular or populations overflow double precision.
        """
        inside: NDArray[Any] = np.zeros((len(self.sectors[-1]),) * 2)
        transfers: list[NDArray[Any]] = []
        for step in reversed(self.steps):
            raising = step.block(up)  # (d_{n+1}, d_n)
            lowering = step.block(down)
            np.fill_diagonal(inside, 0.0)
            out = lowering.sum(axis=1) + inside.sum(axis=0)
            try:
                transfer = np.linalg.solve(np.diag(out) - inside, raising)
            except np.linalg.LinAlgError as error:
                raise StationaryStateNotFound(
                    f"The rate equation of a sector of {len(out)} states is singular in double "
                    f"precision ({error}): its rates differ by too many decades."
                ) from error
            inside = lowering.T @ transfer
            transfers.append(transfer)
        return self._substitute(gth(inside), transfers[::-1])

    def _substitute(self, lowest: FloatArray, transfers: list[NDArray[Any]]) -> FloatArray:
        """Go back up; each sector is kept normalised and its weight as a logarithm."""
        shares, logarithms = [lowest], [0.0]
        for transfer in transfers:
            share = transfer @ shares[-1]
            total = share.sum()
            if not 0 < total < np.inf:
                raise StationaryStateNotFound(
                    f"The populations of two neighbouring particle numbers differ by a factor "
                    f"{total:.3g}, beyond double precision: raise T, or move mu to the levels."
                )
            shares.append(share / total)
            logarithms.append(logarithms[-1] + np.log(total))
        weights = np.exp(np.array(logarithms) - max(logarithms))
        weights /= weights.sum()
        populations = np.empty(self.dimension)
        for sector, share, weight in zip(self.sectors, shares, weights, strict=True):
            populations[sector] = weight * share
        return populations
