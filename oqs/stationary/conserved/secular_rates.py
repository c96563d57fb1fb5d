"""The rate equation of the populations alone, factorised once: a preconditioner.

Jumps change the particle number by one, so the rate matrix W is block tridiagonal in it. Particle
numbers are eliminated one after the other towards the most probable one, from below and from above.
"""

from __future__ import annotations

import itertools
from typing import final

import numpy as np
import scipy.linalg

from oqs.arguments import FloatArray
from oqs.numerics.clusters import IntArray
from oqs.stationary.conserved.block_generator import BlockGenerator

_LEAST = 1e-14
"""Smallest rate, of the largest, at which a state is left here: slower ones count as this."""

_Factors = tuple[FloatArray, IntArray]


@final
class SecularRates:
    """Populations (d,), sector after sector, by W_ab = sum_m |M_m,ab|^2 between eigenstates.

    `generator`: whose jumps these are; `last`: index of the particle number towards which the
    others are eliminated.

    `stationary` (d,) is the solution of W p = 0, sum p = 1.
    """

    def __init__(self, generator: BlockGenerator, last: int) -> None:
        self._order, self._shells = _shells(generator)
        self._last = last
        self._up, self._down, leaving = self._rates(generator)
        self._factors: dict[int, _Factors] = {}
        inside = [-np.diag(rates) for rates in leaving]
        for n in range(last):
            self._factors[n] = scipy.linalg.lu_factor(inside[n])
            inside[n + 1] -= self._up[n] @ self._solved(n, self._down[n])
        for n in range(len(inside) - 1, last, -1):
            self._factors[n] = scipy.linalg.lu_factor(inside[n])
            inside[n - 1] -= self._down[n - 1] @ self._solved(n, self._up[n - 1])
        # W has a kernel; with a rank-one term that moves it, solutions have no trace
        rate = float(np.max(leaving[last]))
        inside[last] -= rate / len(inside[last])
        self._factors[last] = scipy.linalg.lu_factor(inside[last])
        right = [np.zeros(len(rates)) for rates in leaving]
        right[last] -= rate / len(right[last])
        self.stationary = self._scattered(self._outwards(right))
        self.stationary /= self.stationary.sum()

    def solve(self, right: FloatArray) -> FloatArray:
        """Return z (d,) of trace 0 with W z = right, for a right side (d,) that adds up to zero."""
        parts = self._gathered(right)
        for n in range(self._last):
            parts[n + 1] = parts[n + 1] - self._up[n] @ self._solved(n, parts[n])
        for n in range(len(parts) - 1, self._last, -1):
            parts[n - 1] = parts[n - 1] - self._down[n - 1] @ self._solved(n, parts[n])
        z = self._scattered(self._outwards(parts))
        return z - z.sum() * self.stationary

    def _outwards(self, parts: list[FloatArray]) -> list[FloatArray]:
        """Return the solution of all particle numbers, from the last one outwards."""
        solution = list(parts)
        last = self._last
        solution[last] = self._solved(last, parts[last])
        for n in range(last - 1, -1, -1):
            solution[n] = self._solved(n, parts[n] - self._down[n] @ solution[n + 1])
        for n in range(last + 1, len(parts)):
            solution[n] = self._solved(n, parts[n] - self._up[n - 1] @ solution[n - 1])
        return solution

    def _solved(self, n: int, right: FloatArray) -> FloatArray:
        return scipy.linalg.lu_solve(self._factors[n], right, check_finite=False)

    def _gathered(self, values: FloatArray) -> list[FloatArray]:
        return np.split(values[self._order], self._shells[1:-1])

    def _scattered(self, parts: list[FloatArray]) -> FloatArray:
        values = np.empty(len(self._order))
        values[self._order] = np.concatenate(parts)
        return values

    def _rates(
        self, generator: BlockGenerator
    ) -> tuple[list[FloatArray], list[FloatArray], list[FloatArray]]:
        """Return the rates up and down between neighbouring particle numbers, and out of each."""
        sizes = np.diff(self._shells)
        up = [np.zeros((b, a)) for a, b in itertools.pairwise(sizes)]
        down = [np.zeros((a, b)) for a, b in itertools.pairwise(sizes)]
        sectors = generator.blocks.sectors
        lowest = min(sector.particles for sector in sectors)
        rank = np.empty(len(self._order), dtype=np.intp)
        rank[self._order] = np.arange(len(self._order))
        begins = np.cumsum([0, *generator.layout.sizes])
        for jump in generator.jumps:
            n = sectors[jump.channel.lower].particles - lowest
            to, out = begins[jump.target], begins[jump.source]
            row = rank[to] - self._shells[n + (jump.gained > 0)]
            column = rank[out] - self._shells[n + (jump.gained < 0)]
            part = (up if jump.gained > 0 else down)[n]
            rows, columns = jump.matrix.shape
            part[row : row + rows, column : column + columns] += np.abs(jump.matrix) ** 2
        least = _LEAST * float(np.max(generator.leaving, initial=0.0))
        leaving = self._gathered(np.maximum(generator.leaving, least))
        return up, down, leaving


def _shells(generator: BlockGenerator) -> tuple[IntArray, IntArray]:
    """Return the order (d,) of the states by particle number, and where each number begins."""
    sectors = generator.blocks.sectors
    particles = np.repeat([sector.particles for sector in sectors], generator.layout.sizes)
    order = np.argsort(particles, kind="stable")
    count = np.bincount(particles - particles.min())
    return order, np.concatenate([[0], np.cumsum(count)]).astype(np.intp)
