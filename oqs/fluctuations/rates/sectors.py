"""The rate equation of many states, particle number by particle number.

Jumps change the particle number by one at most, so the rate matrix W is block tridiagonal in it.
Sectors are folded from both ends into the largest one, each by S = L U with S = diag(what leaves)
- rates inside, as `pinned` does for all states together: the rates of detours through a folded
sector are added to those of its neighbour, nothing is subtracted.
"""

from __future__ import annotations

import dataclasses
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
@dataclasses.dataclass(frozen=True, eq=False)
class SectorLayout:
    """Where the rates of pairs of states stand in blocks that follow one another in memory."""

    members: list[IntArray]  # states (d_n,) of each sector, the lowest particle number first
    # up_at, down_at: (M,) places of the rates from lower to upper, and of those back
    up_at: IntArray
    down_at: IntArray

    @classmethod
    def of(cls, rates: PairRates) -> SectorLayout:
        """Find the places of the pairs."""
        sector = rates.sector
        members = [np.flatnonzero(sector == n) for n in range(sector.max() + 1)]
        rank = np.empty(rates.dimension, dtype=np.intp)
        for states in members:
            rank[states] = np.arange(len(states))
        size = np.array([len(states) for states in members])
        begin = np.zeros((len(size), len(size)), dtype=np.intp)  # [to, from]
        end = 0
        for to, start in _block_order(len(size)):
            begin[to, start] = end
            end += size[to] * size[start]

        def places(to: IntArray, start: IntArray) -> IntArray:
            there, here = sector[to], sector[start]
            return begin[there, here] + rank[to] * size[here] + rank[start]

        lower, upper = rates.lower, rates.upper
        return cls(members, places(upper, lower), places(lower, upper))

    def blocks(self, up: FloatArray, down: FloatArray) -> SectorBlocks:
        """Return the rates up and down (M,) of the pairs; diagonals are 0."""
        sizes = [len(states) for states in self.members]
        order = _block_order(len(sizes))
        ends = np.cumsum([sizes[to] * sizes[start] for to, start in order])
        flat = np.zeros(ends[-1])
        flat[self.up_at] = up
        flat[self.down_at] = down
        parts = [
            part.reshape(sizes[to], sizes[start])
            for part, (to, start) in zip(np.split(flat, ends[:-1]), order, strict=True)
        ]
        return SectorBlocks(self.members, parts[::3], parts[1::3], parts[2::3])


def _block_order(sectors: int) -> list[tuple[int, int]]:
    """Return (to, from) of the blocks: inside, up and down of each sector after the other."""
    each = [[(n, n), (n + 1, n), (n, n + 1)] for n in range(sectors)]
    return [block for blocks in each for block in blocks][: 3 * sectors - 2]


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

    `up`, `down` (M,): rates >= 0 of pairs of states, irreducible; `layout`: where they stand.
    """

    def __init__(self, layout: SectorLayout, up: FloatArray, down: FloatArray) -> None:
        self.layout = layout
        self._blocks = rates = layout.blocks(up, down)
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
