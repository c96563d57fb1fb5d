"""The rate equation of many states, particle number by particle number.

Jumps change the particle number by one at most, so the rate matrix W is block tridiagonal in it.
Sectors are folded from both ends into the largest one, each by S = L U with S = diag(what leaves)
- rates inside, as `pinned` does for all states together: the rates of detours through a folded
sector are added to those of its neighbour, nothing is subtracted.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import NamedTuple, final

import numpy as np
from scipy.linalg.lapack import dgetrs

from oqs.arguments import FloatArray
from oqs.errors import StationaryStateNotFound
from oqs.fluctuations.rates.pairs import PairRates
from oqs.fluctuations.rates.pinned import PinnedRates, factorised
from oqs.numerics.clusters import IntArray

MANY = 300
"""States from which on sectors are quicker than one matrix."""


@final
@dataclasses.dataclass(frozen=True, eq=False)
class SectorBlocks:
    """A matrix (D, D) that links states of equal and of neighbouring particle number."""

    members: list[IntArray]  # states (d_n,) of each sector, the lowest particle number first
    inside: list[FloatArray]  # (d_n, d_n) of each
    # up, down: (d_{n+1}, d_n) from a sector to the one above it, (d_n, d_{n+1}) back
    up: list[FloatArray]
    down: list[FloatArray]

    @classmethod
    def of(cls, rates: PairRates, up: FloatArray, down: FloatArray) -> SectorBlocks:
        """Place the rates up and down (M,) of the pairs; diagonals are 0."""
        members = [np.flatnonzero(rates.sector == n) for n in range(rates.sector.max() + 1)]
        rank = np.empty(rates.dimension, dtype=np.intp)
        for states in members:
            rank[states] = np.arange(len(states))
        lower, upper = rank[rates.lower], rank[rates.upper]
        start, change = rates.sector[rates.lower], rates.sector[rates.upper]
        change = change - start
        sizes = [len(states) for states in members]
        blocks = cls(
            members,
            [np.zeros((size, size)) for size in sizes],
            [np.zeros((b, a)) for a, b in itertools.pairwise(sizes)],
            [np.zeros((a, b)) for a, b in itertools.pairwise(sizes)],
        )
        for n, inside in enumerate(blocks.inside):
            here = np.flatnonzero((start == n) & (change == 0))
            inside[upper[here], lower[here]] = up[here]
            inside[lower[here], upper[here]] = down[here]
        for n, (rising, falling) in enumerate(zip(blocks.up, blocks.down, strict=True)):
            here = np.flatnonzero((start == n) & (change == 1))
            rising[upper[here], lower[here]] = up[here]
            falling[lower[here], upper[here]] = down[here]
            here = np.flatnonzero((start == n + 1) & (change == -1))
            rising[lower[here], upper[here]] = down[here]
            falling[upper[here], lower[here]] = up[here]
        return blocks

    def split(self, values: FloatArray) -> list[FloatArray]:
        """Return the entries (d_n, ...) of each sector."""
        return [values[states] for states in self.members]

    def joined(self, parts: list[FloatArray]) -> FloatArray:
        """Return the entries (D, ...) of all states."""
        whole = np.empty(
            (sum(map(len, self.members)), *parts[0].shape[1:]), dtype=np.result_type(*parts)
        )
        for states, part in zip(self.members, parts, strict=True):
            whole[states] = part
        return whole


@final
class _Folded(NamedTuple):
    """A sector that was folded into its neighbour."""

    sector: int
    neighbour: int
    # LU factors of S, and the order of its rows
    factors: FloatArray
    order: FloatArray
    # entering, leaving: rates (d, d') from the neighbour into the sector, (d', d) back
    entering: FloatArray
    leaving: FloatArray

    def solved(self, right: FloatArray, *, transposed: bool = False) -> FloatArray:
        """Return S^-1 right, or S^-T right."""
        return np.asarray(dgetrs(self.factors, self.order, right, trans=int(transposed))[0])


@final
class SectorRates:
    """W p = 0, W x = y and W^T phi = f as `PinnedRates`, sector by sector.

    Raises StationaryStateNotFound if products of rates underflow or overflow.

    `rates` (D, D): rates >= 0 between states, irreducible; their diagonal is 0.
    """

    def __init__(self, rates: SectorBlocks) -> None:
        self._blocks = rates
        count = len(rates.members)
        leaving = [inside.sum(axis=0) for inside in rates.inside]
        for n, (up, down) in enumerate(zip(rates.up, rates.down, strict=True)):
            leaving[n] += up.sum(axis=0)
            leaving[n + 1] += down.sum(axis=0)
        self.leaving: FloatArray = rates.joined(leaving)
        self._last = int(np.argmax([len(states) for states in rates.members]))
        self._folded = []
        inside = list(rates.inside)
        below = [(n, n + 1, rates.down[n], rates.up[n]) for n in range(self._last)]
        above = [(n, n - 1, rates.up[n - 1], rates.down[n - 1]) for n in range(count - 1, 0, -1)]
        for n, neighbour, entering, out in (*below, *above[: count - 1 - self._last]):
            own, away = inside[n], out.sum(axis=0)
            factors, order = factorised(own, away, own.sum(axis=0) + away)
            part = _Folded(n, neighbour, factors, order, entering, out)
            detours = out @ part.solved(entering)
            np.fill_diagonal(detours, 0.0)  # back to where they began
            inside[neighbour] = inside[neighbour] + detours
            self._folded.append(part)
        self._rest = PinnedRates(inside[self._last])
        self.populations = self._populations()

    def inverse(self, y: FloatArray) -> FloatArray:
        """Return x (D,) or (D, q) with W x = y and sum x = 0, for y whose sum is 0."""
        parts = self._blocks.split(y)
        for fold in self._folded:
            parts[fold.neighbour] = parts[fold.neighbour] + fold.leaving @ fold.solved(
                parts[fold.sector]
            )
        parts[self._last] = self._rest.inverse(parts[self._last])
        for fold in reversed(self._folded):
            arriving = fold.entering @ parts[fold.neighbour] - parts[fold.sector]
            parts[fold.sector] = fold.solved(arriving)
        x = self._blocks.joined(parts)
        total = x.sum(axis=0)
        return x - (self.populations * total if y.ndim == 1 else np.outer(self.populations, total))

    def adjoint(self, f: FloatArray) -> FloatArray:
        """Return phi (D,) or (D, q) with W^T phi = f - p f, which is 0 in one state."""
        parts = self._blocks.split(f - self.populations @ f)
        for fold in self._folded:
            parts[fold.neighbour] = parts[fold.neighbour] + fold.entering.T @ fold.solved(
                parts[fold.sector], transposed=True
            )
        parts[self._last] = self._rest.adjoint(parts[self._last])
        for fold in reversed(self._folded):
            onward = fold.leaving.T @ parts[fold.neighbour] - parts[fold.sector]
            parts[fold.sector] = fold.solved(onward, transposed=True)
        return self._blocks.joined(parts)

    def _populations(self) -> FloatArray:
        parts = [np.zeros(len(states)) for states in self._blocks.members]
        parts[self._last] = self._rest.populations
        for fold in reversed(self._folded):
            parts[fold.sector] = fold.solved(fold.entering @ parts[fold.neighbour])
        populations = self._blocks.joined(parts)
        populations /= populations.sum()
        if not np.isfinite(populations).all():
            raise StationaryStateNotFound(
                "Rates between the states differ by more than double precision holds: raise T, or "
                "move mu to the levels."
            )
        return populations
