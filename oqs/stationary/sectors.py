"""The rate equation eliminated by particle number, one step between two numbers at a time."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator
from typing import final

import numpy as np

from oqs.arguments import FloatArray
from oqs.davies import DaviesModel
from oqs.stationary.aggregation import aggregate
from oqs.stationary.elimination import eliminate_steps, last_sector, recurrent
from oqs.stationary.method import Solution, StationaryMethod, checked_residual
from oqs.stationary.rate_equation import RateProblem, balanced, by_frequency, matrix_of_blocks
from oqs.stationary.step_rates import StepRates, fluxes, totals
from oqs.threads import one_thread_below
from oqs.transitions import Part, SectorBlocks, Step

_MANY = 4000  # states from which on iterating is quicker than eliminating


@final
class _Underflow(Exception):
    """Some rate is below the smallest double and came out as zero."""


@final
@dataclasses.dataclass(frozen=True, eq=False)
class SectorProblem(RateProblem):
    """Rates between neighbouring particle numbers, by quantum numbers, weighted anew at each T, mu.

    Parameters
    ----------
    steps : lowest first.
    dimension : number D of eigenstates.
    """

    model: DaviesModel
    method: StationaryMethod
    steps: tuple[Step, ...]
    dimension: int

    @classmethod
    def of(
        cls, model: DaviesModel, method: StationaryMethod, blocks: SectorBlocks
    ) -> SectorProblem:
        """Take the blocks as they are."""
        return cls(model, method, blocks.steps, blocks.dimension)

    @functools.cached_property
    def _links(self) -> list[list[int]]:
        """Number of transitions of each step's parts that some contact drives."""
        return [[int(np.count_nonzero(part.linked)) for part in step.parts] for step in self.steps]

    def solve(self, T: FloatArray, mu: FloatArray) -> Solution:
        """Iterate or eliminate; the residual is the net flux into the worst state."""
        populations = self._populations(T, mu)
        rising, particle, energy = np.zeros((3, self.model.reservoirs))
        net = np.zeros(self.dimension)
        gross = 0.0
        for step, part in self._parts():
            lower, upper = step.lower[part.columns], step.upper[part.rows]
            frequency = step.frequency_of(part.rows, part.columns)
            for rows, up, down in fluxes(step, part, T, mu, populations):
                gross = float(np.maximum(gross, up.max()))  # NaN stays NaN
                rising[part.contacts] += up.sum(axis=(1, 2))
                up -= down
                particle[part.contacts] += up.sum(axis=(1, 2))
                energy[part.contacts] += up.reshape(len(up), -1) @ frequency[rows].ravel()
                gained = up.sum(axis=0)
                net[upper[rows]] += gained.sum(axis=1)
                net[lower] -= gained.sum(axis=0)
        residual = float(np.max(np.abs(net))) / gross if gross != 0 else 0.0
        return Solution(
            populations,
            checked_residual(residual, self.method),
            balanced(particle, rising),
            balanced(energy, rising),
        )

    def resolved(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the gains (K, n) of particles and energy at each of `frequencies`."""
        populations = self.solve(T, mu).values.real
        parts = []
        for step, part in self._parts():
            frequency = step.frequency_of(part.rows, part.columns)
            for rows, up, down in fluxes(step, part, T, mu, populations):
                which = part.linked[rows]
                net = np.zeros((self.model.reservoirs, np.count_nonzero(which)))
                net[part.contacts] = (up - down)[:, which]
                parts.append((frequency[rows][which], net))
        return by_frequency(self.frequencies, parts)

    def _parts(self) -> Iterator[tuple[Step, Part]]:
        """Yield the parts of all steps."""
        for step in self.steps:
            for part in step.parts:
                yield step, part

    def _transition_frequencies(self) -> FloatArray:
        return np.concatenate(
            [s.frequency_of(part.rows, part.columns)[part.linked] for s, part in self._parts()]
        )

    def _populations(self, T: FloatArray, mu: FloatArray) -> FloatArray:
        largest = max(len(step.upper) for step in self.steps)
        shares = None
        try:
            with one_thread_below(largest):
                if self.dimension >= _MANY:
                    steps = list(self._totals(T, mu, range(len(self.steps))))
                    shares = aggregate(steps, self._cooled(T))
                if shares is None:
                    shares = eliminate_steps(
                        lambda which: (step.dense() for step in self._totals(T, mu, which)),
                        [len(self.steps[0].lower), *(len(step.upper) for step in self.steps)],
                        last_sector(self.lowest_energies, 1, T, mu),
                    )
        except _Underflow:  # some states are only left, never reached
            return self._recurrent(T, mu)
        populations = np.empty(self.dimension)
        populations[self.steps[0].lower] = shares[0]
        for step, share in zip(self.steps, shares[1:], strict=True):
            populations[step.upper] = share
        return populations

    def _cooled(self, T: FloatArray) -> FloatArray:
        """Return logarithms of Boltzmann's populations within each sector, to begin with."""
        sectors = [self.steps[0].lower, *(step.upper for step in self.steps)]
        energies = self.model.system.spectrum.energies[np.concatenate(sectors)]
        guess: FloatArray = -energies * (1 / T).mean()
        return guess

    def _totals(self, T: FloatArray, mu: FloatArray, which: Iterable[int]) -> Iterator[StepRates]:
        """Yield the rates of all contacts together, of these steps."""
        for index in which:
            step, rates = self.steps[index], []
            for part, links in zip(step.parts, self._links[index], strict=True):
                up, down = totals(step, part, T, mu)
                if min(np.count_nonzero(up), np.count_nonzero(down)) < links:
                    raise _Underflow
                rates.append((part.rows, part.columns, up, down))
            yield StepRates(step.shape, tuple(rates))

    def _recurrent(self, T: FloatArray, mu: FloatArray) -> FloatArray:
        blocks = (
            (step.lower[part.columns], step.upper[part.rows], *totals(step, part, T, mu))
            for step, part in self._parts()
        )
        return recurrent(matrix_of_blocks(blocks, self.dimension))
