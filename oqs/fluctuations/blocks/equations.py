"""Linear equations of a block generator that is not the stationary one's, by GMRES.

The preconditioner is the secular part: one dense matrix of the populations, and of each coherence
its own decay and rotation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np
import scipy.linalg

from oqs.arguments import ComplexArray, FloatArray
from oqs.errors import StationaryStateNotFound
from oqs.numerics.iteration import gmres
from oqs.stationary.conserved.block_generator import BlockGenerator
from oqs.stationary.conserved.layout import Layout
from oqs.stationary.conserved.storage import Block

_RELATIVE = 1e-13
_RESIDUAL = 1e-10  # of the right side: what an answer may miss it by
_RESTART, _CYCLES = 60, 8


def secular(generator: BlockGenerator) -> FloatArray:
    """Return the rates (D, D) between populations, sector after sector, diagonal included."""
    begins = np.cumsum([0, *generator.layout.sizes])
    rates = np.diag(-generator.leaving)
    for jump in generator.jumps:
        rows = slice(*begins[jump.target : jump.target + 2])
        columns = slice(*begins[jump.source : jump.source + 2])
        rates[rows, columns] += np.abs(jump.matrix) ** 2
    return rates


def hermitian(layout: Layout, x: Block) -> Block:
    """Return elements (P,) without the rounding that would make their matrix not Hermitian."""
    result = np.empty_like(x)
    for block, kept in zip(layout.split(x), layout.split(result), strict=True):
        kept[:] = layout.storage.kept(layout.storage.matrix(block))
    return result


def solved(
    apply: Callable[[Block], Block],
    nearly: Callable[[Block], Block],
    right: Block,
    missing: float = _RESIDUAL,
) -> Block:
    """Return y with A y = right; StationaryStateNotFound where more than `missing` of it is left.

    Both are Hermitian.
    """
    y = gmres(apply, right, nearly, relative=_RELATIVE, restart=_RESTART, cycles=_CYCLES)
    gross = float(np.max(np.abs(right), initial=0.0))
    missed = float(np.max(np.abs(apply(y) - right), initial=0.0))
    if not missed <= missing * gross:
        raise StationaryStateNotFound(
            f"The fluctuations left a residual of {missed / gross:.3g}, above {missing:.0e}: "
            "raise T, or bring the contacts' rates closer together."
        )
    return y


def without(generator: BlockGenerator) -> Callable[[Block], Block]:
    """Return what solves L x = y (P,) where L loses what it does not give back."""
    layout = generator.layout
    factors = scipy.linalg.lu_factor(secular(generator), check_finite=False)

    def nearly(right: Block) -> Block:
        result = _alone(generator, right, 0.0)
        populations = layout.populations(right)
        layout.set_populations(result, scipy.linalg.lu_solve(factors, populations))
        return result

    return lambda right: solved(generator.apply, nearly, right)


def _alone(generator: BlockGenerator, right: Block, faster: float) -> Block:
    """Return x (P,) with each coherence decaying, by so much faster, and precessing alone."""
    layout = generator.layout
    result = np.empty_like(right)
    for index, (block, change) in enumerate(
        zip(layout.split(right), layout.split(result), strict=True)
    ):
        decay = generator.decay(index) + faster
        change[:] = layout.storage.unrotated(block, generator.detuning(index), decay)
    return result


@final
class Bordered:
    """(L - lambda) y - eta v = r with tr y = 0, for y (P,) and the number eta."""

    def __init__(self, generator: BlockGenerator, value: float, vector: Block) -> None:
        self._generator, self._layout = generator, generator.layout
        self._value, self._vector = value, vector
        self._rate = float(np.max(generator.leaving))  # the trace in units of the other rows
        count = len(generator.leaving)
        matrix = np.zeros((count + 1, count + 1))
        matrix[:count, :count] = secular(generator) - value * np.eye(count)
        matrix[:count, count] = -self._layout.populations(vector)
        matrix[count, :count] = self._rate
        self._factors = scipy.linalg.lu_factor(matrix, check_finite=False)

    def solved(self, right: Block, missing: float = _RESIDUAL) -> tuple[Block, float]:
        """Return y of trace 0 and eta."""
        both = solved(self._applied, self._nearly, np.append(right, 0.0), missing)
        return both[:-1], float(both[-1].real)

    def _applied(self, both: Block) -> Block:
        y, eta = both[:-1], both[-1]
        image = self._generator.apply(y) - self._value * y - eta * self._vector
        return np.append(image, self._rate * self._layout.populations(y).sum())

    def _nearly(self, both: Block) -> Block:
        layout, right = self._layout, both[:-1]
        result = _alone(self._generator, right, max(self._value, 0.0))
        solved = scipy.linalg.lu_solve(
            self._factors, np.append(layout.populations(right), both[-1].real), check_finite=False
        )
        layout.set_populations(result, solved[:-1])
        return np.append(result, solved[-1])


@final
class AtFrequency:
    """(i Omega - L) x = y for Hermitian y of trace 0; x = x_1 + i x_2 with Hermitian parts.

    Both parts are kept in one vector (2 P,).
    """

    def __init__(self, generator: BlockGenerator, rho: Block, omega: float) -> None:
        self._generator, self._layout, self._omega = generator, generator.layout, omega
        p = self._layout.populations(rho)
        self._kept = rho, float(generator.leaving @ p)
        # with g rho tr the solution is the same, and the matrix regular at Omega = 0
        matrix = self._kept[1] * np.outer(p, np.ones(len(p))) - secular(generator)
        self._factors = scipy.linalg.lu_factor(
            matrix + 1j * omega * np.eye(len(p)), check_finite=False
        )

    def solved(self, right: Block) -> tuple[Block, Block]:
        """Return x_1 and x_2 (P,)."""
        parts = solved(self._applied, self._nearly, np.concatenate([right, np.zeros_like(right)]))
        first, second = np.split(parts, 2)
        return first, second

    def _applied(self, both: Block) -> Block:
        first, second = np.split(both, 2)
        rotating = self._omega * first, self._omega * second
        return np.concatenate([self._still(first) - rotating[1], rotating[0] + self._still(second)])

    def _still(self, x: Block) -> Block:
        """Return (g rho tr - L) x."""
        rho, rate = self._kept
        return rate * self._layout.populations(x).sum() * rho - self._generator.apply(x)

    def _nearly(self, both: Block) -> Block:
        layout = self._layout
        halves = np.split(both, 2)
        result = np.empty_like(both)
        targets = np.split(result, 2)
        parts = zip(*map(layout.split, (*halves, *targets)), strict=True)
        for index, (first, second, to_first, to_second) in enumerate(parts):
            precession = 1j * (self._omega + self._generator.detuning(index))
            y = layout.storage.matrix(first) + 1j * layout.storage.matrix(second)
            y = y / (precession + self._generator.decay(index))
            to_first[:] = layout.storage.kept((y + y.conj().T) / 2)
            to_second[:] = layout.storage.kept((y - y.conj().T) / 2j)
        p = scipy.linalg.lu_solve(self._factors, self._complex(halves), check_finite=False)
        layout.set_populations(targets[0], p.real)
        layout.set_populations(targets[1], p.imag)
        return result

    def _complex(self, halves: list[Block]) -> ComplexArray:
        first, second = map(self._layout.populations, halves)
        return first + 1j * second
