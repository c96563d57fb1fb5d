"""Matrices between states, whole or by particle number, as an eigenvalue and a spectrum need them.

The sectors of a block tridiagonal matrix are eliminated one after the other.
"""

from __future__ import annotations

import abc
import dataclasses
from typing import Any, NamedTuple, Protocol, final

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy.linalg.lapack import dgetrs

from oqs.arguments import FloatArray
from oqs.fluctuations.rates.pinned import factorised
from oqs.fluctuations.rates.sectors import SectorBlocks

Values = NDArray[Any]


class RateMatrix(abc.ABC):
    """A = R - diag(l) (D, D), rates R >= 0 with zeros on the diagonal, l >= 0."""

    leaving: FloatArray  # l (D,)

    @property
    @abc.abstractmethod
    def transposed(self) -> RateMatrix:
        """A^T."""

    @abc.abstractmethod
    def gained(self, x: FloatArray) -> FloatArray:
        """Return R x (D,)."""

    def sums(self, x: FloatArray) -> tuple[FloatArray, float]:
        """Return the sums (D,) of the rows of A_ab x_b / x_a, and the largest of |A_ab| x_b / x_a.

        `x` (D,): positive.
        """
        gained = self.gained(x) / x
        return gained - self.leaving, float(np.max(gained + self.leaving))

    def between(self, left: FloatArray, right: FloatArray) -> float:
        """Return the sum of left_a A_ab right_b."""
        return float(left @ (self.gained(right) - self.leaving * right))

    def resolvent(self, bound: float, x: FloatArray) -> Resolvent:
        """Return (bound - A)^-1, for a bound that no sum of a row in units of x (D,) exceeds.

        Nothing is subtracted but those sums from the bound, so that all of it is positive.
        """
        return Resolvent(x, self.factorised(bound - self.sums(x)[0], x))

    @abc.abstractmethod
    def factorised(self, excess: FloatArray, x: FloatArray) -> Factors:
        """Factorise diag(excess + sums of the rows) - R_ab x_b / x_a, without differences."""


class Factors(Protocol):
    """A factorised matrix M (D, D)."""

    def solved(self, right: FloatArray, *, transposed: bool) -> FloatArray:
        """Return M^-1 right (D,), or M^-T right."""


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Resolvent:
    """(bound - A)^-1 = diag(x) M^-1 diag(1/x), or its transpose."""

    unit: FloatArray  # x (D,)
    factors: Factors
    turned: bool = False

    @property
    def transposed(self) -> Resolvent:
        """That of A^T."""
        return dataclasses.replace(self, turned=not self.turned)

    def __call__(self, y: FloatArray) -> FloatArray:
        """Return the product with y (D,)."""
        if self.turned:
            return self.factors.solved(y * self.unit, transposed=True) / self.unit
        return self.factors.solved(y / self.unit, transposed=False) * self.unit


@final
@dataclasses.dataclass(frozen=True, eq=False)
class WholeMatrix(RateMatrix):
    """All rates (D, D)."""

    rates: FloatArray
    leaving: FloatArray

    @property
    def transposed(self) -> WholeMatrix:
        """A^T."""
        return WholeMatrix(self.rates.T, self.leaving)

    def gained(self, x: FloatArray) -> FloatArray:
        """Return R x (D,)."""
        return self.rates @ x

    def factorised(self, excess: FloatArray, x: FloatArray) -> _Left:
        """Factorise diag(excess + sums of the rows) - R_ab x_b / x_a."""
        return _Left.of(self.rates * x / x[:, None], excess)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class SectorMatrix(RateMatrix):
    """Rates between states of equal and of neighbouring particle number."""

    blocks: SectorBlocks
    leaving: FloatArray

    @property
    def transposed(self) -> SectorMatrix:
        """A^T."""
        b = self.blocks
        inside, up, down = ([part.T for part in parts] for parts in (b.inside, b.down, b.up))
        return SectorMatrix(SectorBlocks(b.members, inside, up, down), self.leaving)

    def gained(self, x: FloatArray) -> FloatArray:
        """Return R x (D,)."""
        b, parts = self.blocks, self.blocks.split(x)
        gained = [inside @ part for inside, part in zip(b.inside, parts, strict=True)]
        for n, (up, down) in enumerate(zip(b.up, b.down, strict=True)):
            gained[n] += down @ parts[n + 1]
            gained[n + 1] += up @ parts[n]
        return b.joined(gained)

    def factorised(self, excess: FloatArray, x: FloatArray) -> _Folded:
        """Factorise diag(excess + sums of the rows) - R_ab x_b / x_a, sector by sector."""
        b, columns = self.blocks, self.blocks.split(x)
        rows = [part[:, None] for part in columns]
        pairs = zip(b.up, columns, rows[1:], strict=False)
        ups = [part * (c / r) for part, c, r in pairs]
        downs = [part * (c / r) for part, c, r in zip(b.down, columns[1:], rows, strict=False)]
        left = b.split(excess)
        own, detours = [], np.zeros_like(b.inside[0])
        for n, inside in enumerate(b.inside):
            between = inside * (columns[n] / rows[n]) + detours
            np.fill_diagonal(between, 0.0)  # back to where they began
            if n == len(ups):
                own.append(_Left.of(between, left[n]))
                break
            own.append(_Left.of(between, left[n] + downs[n].sum(axis=1)))
            times = own[n].solved(np.column_stack([downs[n], left[n]]), transposed=False)
            folded = ups[n] @ times
            detours = folded[:, :-1]
            left[n + 1] = left[n + 1] + folded[:, -1]
        return _Folded(b, ups, downs, own)

    def solved(self, z: complex, right: Values) -> Values:
        """Return y (D,) or (D, q) with (z - A) y = right, upwards and back."""
        b = self.blocks
        parts: list[Values] = [*b.split(right)]
        own = [
            np.diag(z + leaving) - inside
            for inside, leaving in zip(b.inside, b.split(self.leaving), strict=True)
        ]
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

    def solved(self, right: FloatArray, *, transposed: bool) -> FloatArray:
        """Return M^-1 right (d,) or (d, q), or M^-T right."""
        return np.asarray(dgetrs(self.factors, self.order, right, trans=int(not transposed))[0])


@final
@dataclasses.dataclass(frozen=True, eq=False)
class _Folded:
    """Sectors folded upwards into one another."""

    blocks: SectorBlocks
    up: list[FloatArray]
    down: list[FloatArray]
    own: list[_Left]

    def solved(self, right: FloatArray, *, transposed: bool) -> FloatArray:
        """Return M^-1 right (D,), upwards and back, or M^-T right."""
        onward, back = self.up, self.down
        if transposed:
            onward, back = [part.T for part in self.down], [part.T for part in self.up]
        parts = self.blocks.split(right)
        for n, part in enumerate(onward):
            parts[n + 1] = parts[n + 1] + part @ self.own[n].solved(parts[n], transposed=transposed)
        parts[-1] = self.own[-1].solved(parts[-1], transposed=transposed)
        for n in range(len(back) - 1, -1, -1):
            arriving = parts[n] + back[n] @ parts[n + 1]
            parts[n] = self.own[n].solved(arriving, transposed=transposed)
        return self.blocks.joined(parts)
