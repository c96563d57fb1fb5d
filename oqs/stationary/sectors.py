"""The rate equation eliminated by particle number."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import final

import numpy as np

from oqs.arguments import FloatArray
from oqs.davies import DaviesModel
from oqs.flows import PlainFlows, listed
from oqs.stationary.aggregation import aggregate
from oqs.stationary.elimination import eliminate, recurrent
from oqs.stationary.method import Solution, StationaryMethod, checked_residual
from oqs.stationary.rate_equation import RateProblem, balanced, by_frequency, rate_matrix
from oqs.stationary.sector_batch import net_gains, populations_together, rows_at_once, weighted
from oqs.stationary.sector_group import Group, Rates
from oqs.threads import one_thread_below
from oqs.transitions import SectorBlocks, Step

_TOGETHER = 2_000_000  # rates weighted in one go
_KEPT = 10_000_000  # rates that are kept between the solution and its balance
_FEW = 64  # states up to which a batch is quicker than one after the other
_MANY = 4000  # states from which on iterating is quicker than eliminating


@final
class _Underflow(Exception):
    """Some rate is below the smallest double and came out as zero."""


@final
@dataclasses.dataclass(frozen=True, eq=False)
class SectorProblem(RateProblem):
    """Dense rates between neighbouring particle numbers, weighted anew at each T, mu.

    Parameters
    ----------
    groups : the steps, lowest first.
    dimension : number D of eigenstates.
    """

    model: DaviesModel
    method: StationaryMethod
    groups: tuple[Group, ...]
    dimension: int

    @classmethod
    def of(
        cls, model: DaviesModel, method: StationaryMethod, blocks: SectorBlocks
    ) -> SectorProblem:
        """Group small steps together, up to what is worth keeping in memory."""
        groups: list[list[Step]] = [[]]
        size = 0
        for step in blocks.steps:
            size += step.rate.size
            if groups[-1] and size > _TOGETHER:
                groups.append([])
                size = step.rate.size
            groups[-1].append(step)
        return cls(model, method, tuple(Group.of(g) for g in groups), blocks.dimension)

    def solve(self, T: FloatArray, mu: FloatArray) -> Solution:
        """Iterate or eliminate; the residual is the net flux into the worst state."""
        few = sum(group.rate.size for group in self.groups) <= _KEPT
        kept = [group.rates(T, mu) for group in self.groups] if few else None
        populations = self._populations(T, mu, kept)
        particle = np.zeros(self.model.reservoirs)
        energy = np.zeros(self.model.reservoirs)
        rising = np.zeros(self.model.reservoirs)
        net = np.zeros(self.dimension)
        gross = 0.0
        for group, up, down in self._each(T, mu, kept):
            group.weight(up, down, populations)
            gross = max(gross, float(up.max()))
            rising += up.sum(axis=1)
            up -= down
            particle += up.sum(axis=1)
            energy += up @ group.frequency
            net += group.gains(up.sum(axis=0), self.dimension)
        residual = float(np.max(np.abs(net))) / gross if gross > 0 else 0.0
        return Solution(
            populations,
            checked_residual(residual, self.method),
            balanced(particle, rising),
            balanced(energy, rising),
        )

    def solve_batch(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the particle and energy flows (b, n) at T, mu (b, n), residuals checked."""
        if not self._in_batches:
            return super().solve_batch(T, mu)
        particle, energy = np.empty_like(T), np.empty_like(T)
        rows = rows_at_once(self.groups[0])
        for begin in range(0, len(T), rows):
            part = slice(begin, begin + rows)
            particle[part], energy[part] = self._batch(T[part], mu[part])
        return particle, energy

    def plain_flows(self) -> PlainFlows | None:
        """Return the flows, unlike the plain ones of fewer states with all checks."""
        return listed(self.solve) if self._in_batches else None

    def resolved(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the gains (K, n) of particles and energy at each of `frequencies`."""
        populations = self.solve(T, mu).values.real
        fluxes = []
        for group, up, down in self._each(T, mu, None):
            group.weight(up, down, populations)
            linked = np.any(group.rate > 0, axis=0)
            fluxes.append((group.frequency[linked], (up - down)[:, linked]))
        return by_frequency(self.frequencies, fluxes)

    @property
    def _in_batches(self) -> bool:
        """Whether all steps are one group of a few, from one state without particles."""
        steps = self.groups[0].steps
        several = len(self.groups) == 1 < len(steps)
        return several and self.dimension <= _FEW and len(steps[0].lower) == 1

    def _batch(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        (group,) = self.groups
        up, down = weighted(group, T, mu)
        totals = up.sum(axis=0), down.sum(axis=0)
        found, good = populations_together(group, *totals, self.dimension)
        up *= found[group.lower]
        down *= found[group.upper]
        rising, gross = up.sum(axis=1).T, up.max(axis=(0, 1))
        up -= down
        net = net_gains(group, up.sum(axis=0), self.dimension)
        residual = (np.abs(net).max(axis=0) / np.where(gross > 0, gross, 1.0))[good]
        checked_residual(float(residual.max(initial=0.0)), self.method)
        particle = balanced(up.sum(axis=1).T, rising)
        up *= group.frequency[:, None]  # no matrix product: its rounding depends on the batch
        energy = balanced(up.sum(axis=1).T, rising)
        for row in np.flatnonzero(~good).tolist():
            solution = self.solve(T[row], mu[row])
            particle[row], energy[row] = solution.particle, solution.energy
        return particle, energy

    def _transition_frequencies(self) -> FloatArray:
        return np.concatenate([g.frequency[np.any(g.rate > 0, axis=0)] for g in self.groups])

    def _each(
        self, T: FloatArray, mu: FloatArray, kept: list[Rates] | None
    ) -> Iterator[tuple[Group, FloatArray, FloatArray]]:
        for index, group in enumerate(self.groups):
            up, down = group.rates(T, mu) if kept is None else kept[index]
            yield group, up, down

    def _populations(self, T: FloatArray, mu: FloatArray, kept: list[Rates] | None) -> FloatArray:
        highest = len(self.groups[-1].steps[-1].upper)
        largest = max(len(step.upper) for group in self.groups for step in group.steps)
        shares = None
        try:
            with one_thread_below(largest):
                if self.dimension >= _MANY:
                    shares = aggregate(list(self._totals(T, mu, kept))[::-1])
                if shares is None:
                    shares = eliminate(self._totals(T, mu, kept), highest)
        except _Underflow:  # some states are only left, never reached
            return self._recurrent(T, mu)
        populations = np.empty(self.dimension)
        populations[self.groups[0].steps[0].lower] = shares[0]
        steps = itertools.chain.from_iterable(group.steps for group in self.groups)
        for step, share in zip(steps, shares[1:], strict=True):
            populations[step.upper] = share
        return populations

    def _totals(
        self, T: FloatArray, mu: FloatArray, kept: list[Rates] | None
    ) -> Iterator[tuple[FloatArray, FloatArray]]:
        """Yield the rates up and down (d', d) of all contacts together, highest step first."""
        for index in reversed(range(len(self.groups))):
            group = self.groups[index]
            up, down = (
                group.totals(T, mu)
                if kept is None
                else (rates.sum(axis=0) for rates in kept[index])
            )
            if min(np.count_nonzero(up), np.count_nonzero(down)) < group.linked:
                raise _Underflow
            both = list(zip(group.blocks(up), group.blocks(down), strict=True))
            yield from ((rise, fall) for (_, rise), (_, fall) in reversed(both))

    def _recurrent(self, T: FloatArray, mu: FloatArray) -> FloatArray:
        parts = []
        for group, up_j, down_j in self._each(T, mu, None):
            up, down = up_j.sum(axis=0), down_j.sum(axis=0)
            for (step, rise), (_, fall) in zip(group.blocks(up), group.blocks(down), strict=True):
                b, a = np.nonzero(rise + fall)
                parts.append((step.lower[a], step.upper[b], rise[b, a], fall[b, a]))
        lower, upper, up, down = (np.concatenate(p) for p in zip(*parts, strict=True))
        return recurrent(rate_matrix(lower, upper, up, down, self.dimension))
