"""Rates between neighbouring particle numbers, weighted together at each T, mu."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import final

import numpy as np

from oqs.arguments import FloatArray
from oqs.clusters import IntArray
from oqs.occupation import SAFE, filled_and_empty, of_exponential
from oqs.transitions import Step

_CACHED = 8192  # frequencies weighted at once: they stay in the processor's cache

Rates = tuple[FloatArray, FloatArray]  # up and down


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

    def rates(self, T: FloatArray, mu: FloatArray) -> Rates:
        """Return each contact's rates up and down (n, M)."""
        up, down = np.empty_like(self.rate), np.empty_like(self.rate)
        for part, filled, empty in self._weights(T, mu):
            np.multiply(filled, self.rate[:, part], out=up[:, part])
            np.multiply(empty, self.rate[:, part], out=down[:, part])
        return up, down

    def totals(self, T: FloatArray, mu: FloatArray) -> Rates:
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
        for step, part in self.parts():
            yield step, values[..., part].reshape(*values.shape[:-1], *step.frequency.shape)

    def parts(self) -> Iterator[tuple[Step, slice]]:
        """Yield each step with the place of its block among the M transitions."""
        for step, start, end in zip(self.steps, (0, *self.ends), self.ends, strict=False):
            yield step, slice(start, end)
