"""Matrices between states, whole or by particle number, as an eigenvalue and a spectrum need them.

(z - A) y = r is solved for numbers z real or complex: the sectors of a block tridiagonal A are
eliminated one after the other.
"""

from __future__ import annotations

import abc
import dataclasses
from typing import Any, final

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy.linalg.lapack import dgesv

from oqs.arguments import FloatArray
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
    def solved(self, z: complex, right: Values) -> Values:
        """Return y (D,) or (D, q) with (z - A) y = right."""


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
        found: FloatArray = self.entries.sum(axis=1)
        return found

    def gross(self) -> float:
        """Return the largest sum of |A_ab| of a row."""
        return float(np.max(np.abs(self.entries).sum(axis=1)))

    def between(self, left: FloatArray, right: FloatArray) -> float:
        """Return the sum of left_a A_ab right_b."""
        return float(np.sum(left[:, None] * self.entries * right))

    def solved(self, z: complex, right: Values) -> Values:
        """Return y (D,) or (D, q) with (z - A) y = right."""
        shifted = z * np.eye(len(right)) - self.entries
        if np.iscomplexobj(shifted):
            return np.linalg.solve(shifted, right)
        return np.asarray(dgesv(shifted, right)[2])


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

    def solved(self, z: complex, right: Values) -> Values:
        """Return y (D,) or (D, q) with (z - A) y = right, upwards and back."""
        b = self.blocks
        parts: list[Values] = [*b.split(right)]
        own = [z * np.eye(len(part)) - part for part in b.inside]
        factors = []
        for n, (up, down) in enumerate(zip(b.up, b.down, strict=True)):
            factors.append(scipy.linalg.lu_factor(own[n], check_finite=False))
            found = scipy.linalg.lu_solve(
                factors[n], np.column_stack([down, parts[n]]), check_finite=False
            )
            own[n + 1] = own[n + 1] - up @ found[:, : down.shape[1]]
            rest = found[:, down.shape[1] :]
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
