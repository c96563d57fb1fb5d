"""Matrices between states, whole or by particle number, as an eigenvalue and a spectrum need them.

The sectors of a block tridiagonal matrix are eliminated one after the other.
"""

from __future__ import annotations

import abc
import dataclasses
from typing import Any, NamedTuple, final

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy.linalg.lapack import dgetrs

from oqs.arguments import FloatArray
from oqs.fluctuations.rates.pinned import factorised
from oqs.fluctuations.rates.sectors import SectorBlocks

Values = NDArray[Any]


class RateMatrix(abc.ABC):
    """A (D, D), >= 0 off its diagonal."""

    @property
    @abc.abstractmethod
    def transposed(self) -> RateMatrix:
        """A^T."""

    @abc.abstractmethod
    def in_units_of(self, x: FloatArray) -> RateMatrix:
        """Return A_ab x_b / x_a of a positive x (D,)."""

    @abc.abstractmethod
    def sums(self) -> FloatArray:
        """Return the sums (D,) of the rows."""

    @abc.abstractmethod
    def gross(self) -> float:
        """Return the largest sum of |A_ab| of a row."""

    @abc.abstractmethod
    def between(self, left: FloatArray, right: FloatArray) -> float:
        """Return the sum of left_a A_ab right_b."""

    @abc.abstractmethod
    def expected(self, bound: float) -> FloatArray:
        """Return y (D,) with (bound - A) y = 1, for a bound that no sum of a row exceeds.

        Nothing is subtracted but those sums from the bound, so that y is positive.
        """


@final
@dataclasses.dataclass(frozen=True, eq=False)
class WholeMatrix(RateMatrix):
    """All entries (D, D)."""

    entries: FloatArray

    @property
    def transposed(self) -> WholeMatrix:
        """A^T."""
        return WholeMatrix(self.entries.T)

    def in_units_of(self, x: FloatArray) -> WholeMatrix:
        """Return A_ab x_b / x_a of a positive x (D,)."""
        return WholeMatrix(self.entries * x / x[:, None])

    def sums(self) -> FloatArray:
        """Return the sums (D,) of the rows."""
        sums: FloatArray = self.entries.sum(axis=1)
        return sums

    def gross(self) -> float:
        """Return the largest sum of |A_ab| of a row."""
        return float(np.max(np.abs(self.entries).sum(axis=1)))

    def between(self, left: FloatArray, right: FloatArray) -> float:
        """Return the sum of left_a A_ab right_b."""
        return float(np.sum(left[:, None] * self.entries * right))

    def expected(self, bound: float) -> FloatArray:
        """Return y (D,) with (bound - A) y = 1."""
        inside = self.entries.copy()
        np.fill_diagonal(inside, 0.0)
        return _Left.of(inside, bound - self.sums()).solved(np.ones(len(inside)))


@final
@dataclasses.dataclass(frozen=True, eq=False)
class SectorMatrix(RateMatrix):
    """Blocks between equal and neighbouring particle numbers; `inside` has the diagonal."""

    blocks: SectorBlocks

    @classmethod
    def of(cls, rates: SectorBlocks, leaving: FloatArray) -> SectorMatrix:
        """Return the rates with minus `leaving` (D,) on the diagonal; uses them up."""
        for inside, own in zip(rates.inside, rates.split(leaving), strict=True):
            np.fill_diagonal(inside, -own)
        return cls(rates)

    @property
    def transposed(self) -> SectorMatrix:
        """A^T."""
        b = self.blocks
        inside, up, down = ([part.T for part in parts] for parts in (b.inside, b.down, b.up))
        return SectorMatrix(SectorBlocks(b.members, inside, up, down))

    def in_units_of(self, x: FloatArray) -> SectorMatrix:
        """Return A_ab x_b / x_a of a positive x (D,)."""
        b, columns = self.blocks, self.blocks.split(x)
        rows = [part[:, None] for part in columns]
        return SectorMatrix(
            SectorBlocks(
                b.members,
                [part * c / r for part, c, r in zip(b.inside, columns, rows, strict=True)],
                [part * c / r for part, c, r in zip(b.up, columns, rows[1:], strict=False)],
                [part * c / r for part, c, r in zip(b.down, columns[1:], rows, strict=False)],
            )
        )

    def sums(self) -> FloatArray:
        """Return the sums (D,) of the rows."""
        return self._row_sums(lambda part: part.sum(axis=1))

    def gross(self) -> float:
        """Return the largest sum of |A_ab| of a row."""
        return float(np.max(self._row_sums(lambda part: np.abs(part).sum(axis=1))))

    def between(self, left: FloatArray, right: FloatArray) -> float:
        """Return the sum of left_a A_ab right_b."""
        b, rows, columns = self.blocks, self.blocks.split(left), self.blocks.split(right)
        parts = [
            *zip(rows, b.inside, columns, strict=True),
            *zip(rows[1:], b.up, columns, strict=False),
            *zip(rows, b.down, columns[1:], strict=False),
        ]
        return float(sum(np.sum(r[:, None] * part * c) for r, part, c in parts))

    def expected(self, bound: float) -> FloatArray:
        """Return y (D,) with (bound - A) y = 1: sectors are folded upwards, and back."""
        b = self.blocks
        inside = [part.copy() for part in b.inside]
        for part in inside:
            np.fill_diagonal(part, 0.0)
        excess = b.split(bound - self.sums())
        right = [np.ones(len(part)) for part in excess]
        folded = []
        for n, (up, down) in enumerate(zip(b.up, b.down, strict=True)):
            own = _Left.of(inside[n], excess[n] + down.sum(axis=1))
            times = own.solved(np.column_stack([down, excess[n], right[n]]))
            detours = up @ times
            inside[n + 1] = inside[n + 1] + detours[:, :-2]
            np.fill_diagonal(inside[n + 1], 0.0)  # back to where they began
            excess[n + 1] = excess[n + 1] + detours[:, -2]
            right[n + 1] = right[n + 1] + detours[:, -1]
            folded.append(own)
        parts = [*right[:-1], _Left.of(inside[-1], excess[-1]).solved(right[-1])]
        for n in range(len(folded) - 1, -1, -1):
            parts[n] = folded[n].solved(right[n] + b.down[n] @ parts[n + 1])
        return b.joined(parts)

    def solved(self, z: complex, right: Values) -> Values:
        """Return y (D,) or (D, q) with (z - A) y = right, upwards and back."""
        b = self.blocks
        parts: list[Values] = [*b.split(right)]
        own = [z * np.eye(len(part)) - part for part in b.inside]
        factors = []
        for n, (up, down) in enumerate(zip(b.up, b.down, strict=True)):
            factors.append(scipy.linalg.lu_factor(own[n], check_finite=False))
            solution = scipy.linalg.lu_solve(
                factors[n], np.column_stack([down, parts[n]]), check_finite=False
            )
            own[n + 1] = own[n + 1] - up @ solution[:, : down.shape[1]]
            rest = solution[:, down.shape[1] :]
            parts[n + 1] = parts[n + 1] + (up @ rest).reshape(parts[n + 1].shape)
        parts[-1] = np.linalg.solve(own[-1], parts[-1])
        for n in range(len(factors) - 1, -1, -1):
            arriving = parts[n] + b.down[n] @ parts[n + 1]
            parts[n] = scipy.linalg.lu_solve(factors[n], arriving, check_finite=False)
        return b.joined(parts)

    def _row_sums(self, summed: Any) -> FloatArray:
        b = self.blocks
        sums = [summed(part) for part in b.inside]
        for n, (up, down) in enumerate(zip(b.up, b.down, strict=True)):
            sums[n] = sums[n] + summed(down)
            sums[n + 1] = sums[n + 1] + summed(up)
        return b.joined(sums)


@final
class _Left(NamedTuple):
    """M = diag(e + sums of the rows of R) - R, factorised without differences."""

    # LU factors of its transpose, and the order of their rows
    factors: FloatArray
    order: FloatArray

    @classmethod
    def of(cls, inside: FloatArray, excess: FloatArray) -> _Left:
        """Take R (d, d) >= 0 with zeros on its diagonal, and e (d,) >= 0."""
        transposed = np.ascontiguousarray(inside.T)
        return cls(*factorised(transposed, excess, transposed.sum(axis=0) + excess))

    def solved(self, right: FloatArray) -> FloatArray:
        """Return M^-1 right (d,) or (d, q)."""
        return np.asarray(dgetrs(self.factors, self.order, right, trans=1)[0])
