"""The rate equation of a handful of states, in plain numbers: a law call of microseconds."""

from __future__ import annotations

import dataclasses
import itertools
from typing import final

import numpy as np

from oqs.arguments import FloatArray
from oqs.clusters import IntArray
from oqs.davies import DaviesModel
from oqs.occupation import filled_and_empty
from oqs.stationary.elimination import recurrent
from oqs.stationary.method import Solution, StationaryMethod, checked_residual
from oqs.stationary.rate_equation import RateProblem, balanced, by_frequency, rate_matrix
from oqs.transitions import SectorBlocks

LARGEST = 8


@final
@dataclasses.dataclass(frozen=True, eq=False)
class SmallProblem(RateProblem):
    """Up to 8 eigenstates: numpy's overhead would outweigh the arithmetic.

    Parameters
    ----------
    lower, upper : (M,) states of each transition; the same as lists of pairs in `ends`.
    frequency : (M,); rate : (n, M).
    """

    model: DaviesModel
    method: StationaryMethod
    lower: IntArray
    upper: IntArray
    frequency: FloatArray
    rate: FloatArray
    ends: list[tuple[int, int]]
    dimension: int

    @classmethod
    def of(cls, model: DaviesModel, method: StationaryMethod, blocks: SectorBlocks) -> SmallProblem:
        """Flatten the transitions that some contact drives."""
        linked = [np.nonzero(step.rate.sum(axis=0)) for step in blocks.steps]
        upper = np.concatenate([s.upper[i] for s, (i, _) in zip(blocks.steps, linked, strict=True)])
        lower = np.concatenate([s.lower[k] for s, (_, k) in zip(blocks.steps, linked, strict=True)])
        pairs = list(zip(blocks.steps, linked, strict=True))
        frequency = np.concatenate([step.frequency[place] for step, place in pairs])
        rate = np.concatenate([step.rate[:, b, a] for step, (b, a) in pairs], axis=1)
        ends = list(zip(lower.tolist(), upper.tolist(), strict=True))
        return cls(model, method, lower, upper, frequency, rate, ends, blocks.dimension)

    def solve(self, T: FloatArray, mu: FloatArray) -> Solution:
        """Eliminate state by state and balance each contact's transitions."""
        flux, populations, rising = self._fluxes(T, mu)
        gross = float(rising.max())
        net = [0.0] * self.dimension
        for (a, b), gained in zip(self.ends, flux.sum(axis=0).tolist(), strict=True):
            net[a] -= gained
            net[b] += gained
        residual = max(map(abs, net)) / gross if gross else 0.0
        return Solution(
            populations,
            checked_residual(residual, self.method),
            balanced(flux.sum(axis=1), rising.sum(axis=1)),
            balanced(flux @ self.frequency, rising.sum(axis=1)),
        )

    def resolved(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the gains (K, n) of particles and energy at each of `frequencies`."""
        flux, _, _ = self._fluxes(T, mu)
        return by_frequency(self.frequencies, [(self.frequency, flux)])

    def _transition_frequencies(self) -> FloatArray:
        return self.frequency

    def _fluxes(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the net flux up (n, M), the populations (D,) and the gross flux up (n, M)."""
        filled, empty = filled_and_empty((self.frequency - mu[:, None]) / T[:, None])
        up, down = self.rate * filled, self.rate * empty
        ups, downs = up.sum(axis=0).tolist(), down.sum(axis=0).tolist()
        if min(ups) > 0 and min(downs) > 0:
            populations = np.array(_gth(self.ends, ups, downs, self.dimension))
        else:
            populations = recurrent(
                rate_matrix(self.lower, self.upper, np.array(ups), np.array(downs), self.dimension)
            )
        rising, falling = up * populations[self.lower], down * populations[self.upper]
        return rising - falling, populations, rising


def _gth(
    ends: list[tuple[int, int]], ups: list[float], downs: list[float], size: int
) -> list[float]:
    """Eliminate as `elimination.gth` does, on lists."""
    w = [[0.0] * size for _ in range(size)]
    for (a, b), up, down in zip(ends, ups, downs, strict=True):
        w[b][a] = up
        w[a][b] = down
    for k in range(size - 1, 0, -1):
        row = w[k]
        leaving = sum(w[a][k] for a in range(k))
        for b in range(k):
            row[b] /= leaving
        for a, b in itertools.product(range(k), range(k)):
            w[a][b] += w[a][k] * row[b]
    populations = [1.0]
    for k in range(1, size):
        populations.append(sum(x * p for x, p in zip(w[k], populations, strict=False)))
        total = sum(populations)
        populations = [p / total for p in populations]
    return populations
