"""The rate equation eliminated by particle number."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import final

import numpy as np

from oqs.arguments import FloatArray
from oqs.clusters import IntArray
from oqs.davies import DaviesModel
from oqs.occupation import SAFE, filled_and_empty, of_exponential
from oqs.stationary.aggregation import aggregate
from oqs.stationary.elimination import eliminate, recurrent
from oqs.stationary.method import Solution, StationaryMethod, checked_residual
from oqs.stationary.rate_equation import RateProblem, balanced, by_frequency, rate_matrix
from oqs.threads import one_thread_below
from oqs.transitions import SectorBlocks, Step

_TOGETHER = 2_000_000  # rates weighted in one go
_KEPT = 10_000_000  # rates that are kept between the solution and its balance
_MANY = 4000  # states from which on iterating is quicker than eliminating
_CACHED = 8192  # frequencies weighted at once: they stay in the processor's cache

_Rates = tuple[FloatArray, FloatArray]  # up and down


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Group:
    """Neighbouring steps whose rates are weighted together: one numpy call for many small blocks.

    Parameters
    ----------
    steps : lowest first; their blocks stand one after the other in the flat arrays.
    frequency : (M,); rate : (n, M).
    lower, upper : (M,) states of each transition; None for a single step, which has its own.
    ends : where each step's block ends.
    linked : number of transitions that some contact drives.
    """

    steps: tuple[Step, ...]
    frequency: FloatArray
    rate: FloatArray
    lower: IntArray | None
    upper: IntArray | None
    ends: tuple[int, ...]
    linked: int

    @classmethod
    def of(cls, steps: list[Step]) -> Group:
        """Flatten the steps; a single one is not copied."""
        frequencies = [step.frequency.ravel() for step in steps]
        rates = [step.rate.reshape(len(step.rate), -1) for step in steps]
        frequency = frequencies[0] if len(steps) == 1 else np.concatenate(frequencies)
        rate = rates[0] if len(steps) == 1 else np.concatenate(rates, axis=1)
        ends = tuple(np.cumsum([len(f) for f in frequencies]).tolist())
        linked = int(np.count_nonzero(np.any(rate > 0, axis=0)))
        lower = upper = None
        if len(steps) > 1:
            lower = np.concatenate([np.tile(step.lower, len(step.upper)) for step in steps])
            upper = np.concatenate([np.repeat(step.upper, len(step.lower)) for step in steps])
        return cls(tuple(steps), frequency, rate, lower, upper, ends, linked)

    def rates(self, T: FloatArray, mu: FloatArray) -> _Rates:
        """Return each contact's rates up and down (n, M)."""
        up, down = np.empty_like(self.rate), np.empty_like(self.rate)
        for part, filled, empty in self._weights(T, mu):
            np.multiply(filled, self.rate[:, part], out=up[:, part])
            np.multiply(empty, self.rate[:, part], out=down[:, part])
        return up, down

    def totals(self, T: FloatArray, mu: FloatArray) -> _Rates:
        """Return the rates up and down (M,) of all contacts together."""
        up, down = np.empty_like(self.frequency), np.empty_like(self.frequency)
        for part, filled, empty in self._weights(T, mu):
            filled *= self.rate[:, part]
            empty *= self.rate[:, part]
            np.add.reduce(filled, axis=0, out=up[part])
            np.add.reduce(empty, axis=0, out=down[part])
        return up, down

    def _weights(
        self, T: FloatArray, mu: FloatArray
    ) -> Iterator[tuple[slice, FloatArray, FloatArray]]:
        """Yield n and 1 - n (n, m) for one part of the frequencies after the other."""
        factors = self._factors(T, mu)
        if factors is None:
            for begin in range(0, len(self.frequency), _CACHED):
                part = slice(begin, begin + _CACHED)
                yield part, *filled_and_empty((self.frequency[part] - mu[:, None]) / T[:, None])
            return
        above, below = factors
        width = below.shape[1]
        rows = max(_CACHED // width, 1)
        for begin in range(0, above.shape[1], rows):
            ratios = above[:, begin : begin + rows, None] / below[:, None]
            part = slice(begin * width, begin * width + ratios[0].size)
            yield part, *of_exponential(ratios.reshape(len(ratios), -1))

    def _factors(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray] | None:
        """Return numbers (n, d'), (n, d) whose quotients are e^((w - mu)/T), for a single step.

        That saves an exponential for every transition. None for several small steps, frequencies
        that are no differences of energies, or quotients out of range.
        """
        if len(self.steps) > 1 or self.steps[0].energies is None:
            return None
        lower, upper = self.steps[0].energies
        middle = (upper.max() + upper.min()) / 2
        gap = middle - (lower.max() + lower.min()) / 2
        above = (upper - middle) / T[:, None]
        below = (lower - (middle - gap) - (gap - mu[:, None])) / T[:, None]
        if not np.abs(above).max() + np.abs(below).max() < SAFE:
            return None
        return np.exp(above), np.exp(below)

    def weight(self, up: FloatArray, down: FloatArray, populations: FloatArray) -> None:
        """Multiply the rates (n, M) by the populations they start from, in place."""
        if self.lower is not None and self.upper is not None:
            up *= populations[self.lower]
            down *= populations[self.upper]
            return
        ((step, rise),) = self.blocks(up)
        ((_, fall),) = self.blocks(down)
        rise *= populations[step.lower]
        fall *= populations[step.upper][:, None]

    def gains(self, flux: FloatArray, dimension: int) -> FloatArray:
        """Return what each state (D,) gains by a net flux (M,) from lower to upper states."""
        if self.lower is not None and self.upper is not None:
            into, out_of = (np.bincount(s, flux, dimension) for s in (self.upper, self.lower))
            return np.asarray(into - out_of)
        gains = np.zeros(dimension)
        ((step, gained),) = self.blocks(flux)
        gains[step.upper] += gained.sum(axis=1)
        gains[step.lower] -= gained.sum(axis=0)
        return gains

    def blocks(self, values: FloatArray) -> Iterator[tuple[Step, FloatArray]]:
        """Yield each step with its part of values (..., M) as (..., d', d)."""
        start = 0
        for step, end in zip(self.steps, self.ends, strict=True):
            yield step, values[..., start:end].reshape(*values.shape[:-1], *step.frequency.shape)
            start = end


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

    def resolved(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the gains (K, n) of particles and energy at each of `frequencies`."""
        populations = self.solve(T, mu).values.real
        fluxes = []
        for group, up, down in self._each(T, mu, None):
            group.weight(up, down, populations)
            linked = np.any(group.rate > 0, axis=0)
            fluxes.append((group.frequency[linked], (up - down)[:, linked]))
        return by_frequency(self.frequencies, fluxes)

    def _transition_frequencies(self) -> FloatArray:
        return np.concatenate([g.frequency[np.any(g.rate > 0, axis=0)] for g in self.groups])

    def _each(
        self, T: FloatArray, mu: FloatArray, kept: list[_Rates] | None
    ) -> Iterator[tuple[Group, FloatArray, FloatArray]]:
        for index, group in enumerate(self.groups):
            up, down = group.rates(T, mu) if kept is None else kept[index]
            yield group, up, down

    def _populations(self, T: FloatArray, mu: FloatArray, kept: list[_Rates] | None) -> FloatArray:
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
        self, T: FloatArray, mu: FloatArray, kept: list[_Rates] | None
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
