"""The rate equation eliminated by particle number."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import final

import numpy as np

from oqs.arguments import FloatArray
from oqs.davies import DaviesModel
from oqs.occupation import filled_and_empty
from oqs.stationary.elimination import eliminate, recurrent
from oqs.stationary.method import Solution, StationaryMethod, checked_residual
from oqs.stationary.rate_equation import RateProblem, balanced, by_frequency, rate_matrix
from oqs.threads import one_thread_below
from oqs.transitions import SectorBlocks, Step

_KEPT = 4_000_000  # rates of each contact that are kept between elimination and balance

_Rates = tuple[FloatArray, FloatArray]  # up and down, (n, d', d)


@final
class _Underflow(Exception):
    """Some rate is below the smallest double and came out as zero."""


@final
@dataclasses.dataclass(frozen=True, eq=False)
class SectorProblem(RateProblem):
    """Dense rates between neighbouring particle numbers, weighted anew at each T, mu.

    Parameters
    ----------
    blocks : the transitions.
    linked : number of transitions that some contact drives, for each step.
    """

    model: DaviesModel
    method: StationaryMethod
    blocks: SectorBlocks
    linked: tuple[int, ...]

    @classmethod
    def of(
        cls, model: DaviesModel, method: StationaryMethod, blocks: SectorBlocks
    ) -> SectorProblem:
        """Count the driven transitions."""
        linked = tuple(int(np.count_nonzero(s.rate.sum(axis=0))) for s in blocks.steps)
        return cls(model, method, blocks, linked)

    def solve(self, T: FloatArray, mu: FloatArray) -> Solution:
        """Eliminate sector by sector; the residual is the net flux into the worst state."""
        keep = sum(step.rate.size for step in self.blocks.steps) <= _KEPT
        rates = [_rates(step, T, mu) for step in self.blocks.steps] if keep else None
        populations = self._populations(T, mu, rates)
        particle = np.zeros(self.model.reservoirs)
        energy = np.zeros(self.model.reservoirs)
        net = np.zeros(len(populations))
        rising = np.zeros(self.model.reservoirs)
        gross = 0.0
        for step, (up, down) in self._each(T, mu, rates):
            up *= populations[step.lower]
            down *= populations[step.upper][:, None]
            gross = max(gross, float(up.max()))
            rising += up.sum(axis=(1, 2))
            up -= down
            particle += up.sum(axis=(1, 2))
            energy += np.einsum("jba,ba->j", up, step.frequency)
            gained = up.sum(axis=0)
            net[step.upper] += gained.sum(axis=1)
            net[step.lower] -= gained.sum(axis=0)
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
        for step, (up, down) in self._each(T, mu, None):
            flux = up * populations[step.lower] - down * populations[step.upper][:, None]
            linked = step.rate.sum(axis=0) > 0
            fluxes.append((step.frequency[linked], flux[:, linked]))
        return by_frequency(self.frequencies, fluxes)

    def _transition_frequencies(self) -> FloatArray:
        return np.concatenate(
            [step.frequency[step.rate.sum(axis=0) > 0] for step in self.blocks.steps]
        )

    def _each(
        self, T: FloatArray, mu: FloatArray, rates: list[_Rates] | None
    ) -> Iterator[tuple[Step, _Rates]]:
        for index, step in enumerate(self.blocks.steps):
            yield step, rates[index] if rates is not None else _rates(step, T, mu)

    def _populations(self, T: FloatArray, mu: FloatArray, rates: list[_Rates] | None) -> FloatArray:
        def totals() -> Iterator[tuple[FloatArray, FloatArray]]:
            for index in reversed(range(len(self.blocks.steps))):
                pair = rates[index] if rates else _rates(self.blocks.steps[index], T, mu)
                up, down = (r.sum(axis=0) for r in pair)
                if min(np.count_nonzero(up), np.count_nonzero(down)) < self.linked[index]:
                    raise _Underflow
                yield up, down

        highest = self.blocks.steps[-1].upper
        try:
            with one_thread_below(max(len(step.upper) for step in self.blocks.steps)):
                shares = eliminate(totals(), len(highest))
        except _Underflow:  # some states are only left, never reached
            return self._recurrent(T, mu)
        populations = np.empty(self.blocks.dimension)
        populations[self.blocks.steps[0].lower] = shares[0]
        for step, share in zip(self.blocks.steps, shares[1:], strict=True):
            populations[step.upper] = share
        return populations

    def _recurrent(self, T: FloatArray, mu: FloatArray) -> FloatArray:
        parts = []
        for step, pair in self._each(T, mu, None):
            up, down = (r.sum(axis=0) for r in pair)
            b, a = np.nonzero(up + down)
            parts.append((step.lower[a], step.upper[b], up[b, a], down[b, a]))
        lower, upper, up, down = (np.concatenate(p) for p in zip(*parts, strict=True))
        return recurrent(rate_matrix(lower, upper, up, down, self.blocks.dimension))


def _rates(step: Step, T: FloatArray, mu: FloatArray) -> _Rates:
    """Return each contact's rates up and down (n, d', d)."""
    filled, empty = filled_and_empty((step.frequency - mu[:, None, None]) / T[:, None, None])
    filled *= step.rate
    empty *= step.rate
    return filled, empty
