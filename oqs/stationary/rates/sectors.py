"""The rate equation eliminated by particle number, one step between two numbers at a time."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple, final

import numpy as np

from oqs.arguments import FloatArray
from oqs.flow_jacobian import FlowJacobian
from oqs.generator.davies.davies_model import DaviesModel
from oqs.numerics.clusters import IntArray
from oqs.numerics.threads import one_thread_below
from oqs.stationary.method import Solution, StationaryMethod, checked_residual
from oqs.stationary.rates.aggregation import aggregate
from oqs.stationary.rates.elimination import eliminate_steps, last_sector, recurrent
from oqs.stationary.rates.rate_equation import RateProblem, balanced, by_frequency, matrix_of_blocks
from oqs.stationary.rates.sector_perturbation import Perturbation, population_changes
from oqs.transitions.step_rates import StepRates, fluxes, totals
from oqs.transitions.transitions import Part, SectorBlocks, Step

_MANY = 4000  # states from which on iterating is quicker than eliminating


@final
class Balance(NamedTuple):
    """What populations gain and exchange."""

    net: FloatArray  # (D,) gain of each state
    largest: float  # the largest flux of one transition upwards
    rising: FloatArray  # (n,) gross flux upwards through each contact
    # particle, energy: (n,) net exchange through each contact
    particle: FloatArray
    energy: FloatArray

    def residual(self, worst: float) -> float:
        """Return the worst net gain of a state in units of the largest flux; 0 of nothing."""
        if not worst:
            return 0.0
        return worst / self.largest if self.largest else math.inf


@final
class _Underflow(Exception):
    """Some rate is below the smallest double and came out as zero."""


@final
@dataclasses.dataclass(frozen=True, eq=False)
class SectorProblem(RateProblem):
    """Rates between neighbouring particle numbers, by quantum numbers, weighted at each T, mu."""

    model: DaviesModel
    method: StationaryMethod
    steps: tuple[Step, ...]  # lowest first
    dimension: int  # number D of eigenstates

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
        populations = self.populations(T, mu)
        balance = self.balance(populations, T, mu)
        worst = float(np.max(np.abs(balance.net)))
        return Solution(
            populations,
            checked_residual(balance.residual(worst), self.method),
            balanced(balance.particle, balance.rising),
            balanced(balance.energy, balance.rising),
        )

    def jacobian(self, T: FloatArray, mu: FloatArray) -> FlowJacobian:
        """Return the derivatives (n, n) of the flows."""
        return self.jacobian_at(self.solve(T, mu).values.real, T, mu)

    def jacobian_at(self, populations: FloatArray, T: FloatArray, mu: FloatArray) -> FlowJacobian:
        """Return the derivatives (n, n) of the flows at their populations (D,)."""
        perturbation = Perturbation.of(self.parts(), T, mu, populations)
        sources = perturbation.sources.reshape(-1, self.dimension).T.copy()
        largest = max(len(step.upper) for step in self.steps)
        with one_thread_below(largest):
            change = population_changes(
                self.step_rates(T, mu),
                self.members,
                populations,
                sources,
                self.method,
            )
        flow = perturbation.flow(populations)
        return perturbation.flows(change, mu, flow, np.zeros((2, 2, len(mu), len(mu))))

    def balance(self, populations: FloatArray, T: FloatArray, mu: FloatArray) -> Balance:
        """Return what these populations (D,) gain and exchange."""
        rising, particle, energy = np.zeros((3, self.model.reservoirs))
        net = np.zeros(self.dimension)
        gross = 0.0
        for step, part in self.parts():
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
        return Balance(net, gross, rising, particle, energy)

    def spectral(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the gains (K, n) of particles and energy at each of `frequencies`."""
        populations = self.solve(T, mu).values.real
        return by_frequency(self.frequencies, self.fluxes_by_frequency(populations, T, mu))

    def fluxes_by_frequency(
        self, populations: FloatArray, T: FloatArray, mu: FloatArray
    ) -> list[tuple[FloatArray, FloatArray]]:
        """Return frequencies (M,) and net fluxes (n, M) of all transitions, some at a time."""
        net_fluxes = []
        for step, part in self.parts():
            frequency = step.frequency_of(part.rows, part.columns)
            for rows, up, down in fluxes(step, part, T, mu, populations):
                which = part.linked[rows]
                net = np.zeros((self.model.reservoirs, np.count_nonzero(which)))
                net[part.contacts] = (up - down)[:, which]
                net_fluxes.append((frequency[rows][which], net))
        return net_fluxes

    @functools.cached_property
    def members(self) -> list[IntArray]:
        """The eigenstates of each particle number, lowest first."""
        return [self.steps[0].lower, *(step.upper for step in self.steps)]

    def parts(self) -> Iterator[tuple[Step, Part]]:
        """Yield the parts of all steps."""
        for step in self.steps:
            for part in step.parts:
                yield step, part

    def transition_frequencies(self) -> FloatArray:
        """Return the frequencies (M,) of all transitions."""
        return np.concatenate(
            [s.frequency_of(part.rows, part.columns)[part.linked] for s, part in self.parts()]
        )

    def populations(
        self, T: FloatArray, mu: FloatArray, steps: Sequence[StepRates] = ()
    ) -> FloatArray:
        """Return the stationary populations (D,), not checked.

        `steps` are those of `step_rates`, where they are at hand; elimination needs two at a time.
        """
        largest = max(len(step.upper) for step in self.steps)
        shares = None
        try:
            with one_thread_below(largest):
                if self.dimension >= _MANY:
                    steps = steps or self.step_rates(T, mu)
                    shares = aggregate(
                        [self._not_underflown(k, step) for k, step in enumerate(steps)],
                        self._cooled(T),
                    )
                if shares is None:
                    shares = eliminate_steps(
                        lambda which: (
                            self._not_underflown(
                                k, steps[k] if steps else self._step_rates(k, T, mu)
                            ).dense()
                            for k in which
                        ),
                        [len(states) for states in self.members],
                        last_sector(self.lowest_energies, 1, T, mu),
                    )
        except _Underflow:  # some states are transient
            return self._recurrent(T, mu)
        populations = np.empty(self.dimension)
        for states, share in zip(self.members, shares, strict=True):
            populations[states] = share
        return populations

    def step_rates(self, T: FloatArray, mu: FloatArray) -> list[StepRates]:
        """Return the rates of all contacts together of all steps, lowest first."""
        return [self._step_rates(k, T, mu) for k in range(len(self.steps))]

    def _cooled(self, T: FloatArray) -> FloatArray:
        """Return logarithms of Boltzmann's populations within each sector, to begin with."""
        energies = self.model.system.spectrum.energies[np.concatenate(self.members)]
        return -energies * (1 / T).mean()

    def _step_rates(self, index: int, T: FloatArray, mu: FloatArray) -> StepRates:
        """Return the rates of all contacts together between the sectors of one step."""
        step = self.steps[index]
        parts = ((p.rows, p.columns, *totals(step, p, T, mu)) for p in step.parts)
        return StepRates(step.shape, tuple(parts))

    def _not_underflown(self, index: int, rates: StepRates) -> StepRates:
        """Return the rates of one step, or raise _Underflow where some came out as zero."""
        for (*_, up, down), links in zip(rates.parts, self._links[index], strict=True):
            if min(np.count_nonzero(up), np.count_nonzero(down)) < links:
                raise _Underflow
        return rates

    def _recurrent(self, T: FloatArray, mu: FloatArray) -> FloatArray:
        blocks = (
            (step.lower[part.columns], step.upper[part.rows], *totals(step, part, T, mu))
            for step, part in self.parts()
        )
        return recurrent(matrix_of_blocks(blocks, self.dimension))
