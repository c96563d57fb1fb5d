"""Rates and fluxes between two sectors of neighbouring particle number, a few states at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import final

import numpy as np

from oqs.arguments import FloatArray
from oqs.numerics.occupation import SAFE, filled_and_empty, of_exponential
from oqs.transitions.transitions import Part, Step

_CACHED = 8192  # transitions weighted at once: they stay in the processor's cache

Rates = tuple[FloatArray, FloatArray]  # up and down


@final
@dataclasses.dataclass(frozen=True, eq=False)
class StepRates:
    """The rates of all contacts together between the states of n and n + 1 particles."""

    shape: tuple[int, int]  # numbers (d', d) of upper and lower states
    # rows, columns, rates up and rates down (r, c) of each part; elsewhere there are none
    parts: tuple[tuple[slice, slice, FloatArray, FloatArray], ...]

    def raised(self, populations: FloatArray) -> FloatArray:
        """Return what the upper states (d',) gain from these populations (d,)."""
        gained = np.zeros(self.shape[0])
        for rows, columns, up, _ in self.parts:
            gained[rows] += up @ populations[columns]
        return gained

    def lowered(self, populations: FloatArray) -> FloatArray:
        """Return what the lower states (d,) gain from these populations (d',)."""
        gained = np.zeros(self.shape[1])
        for rows, columns, _, down in self.parts:
            gained[columns] += populations[rows] @ down
        return gained

    def leaving(self) -> Rates:
        """Return the total rates at which lower (d,) and upper (d',) states are left."""
        rising, falling = np.zeros(self.shape[1]), np.zeros(self.shape[0])
        for rows, columns, up, down in self.parts:
            rising[columns] += up.sum(axis=0)
            falling[rows] += down.sum(axis=1)
        return rising, falling

    def dense(self) -> Rates:
        """Return the rates as two matrices (d', d), zeros between unequal quantum numbers."""
        if len(self.parts) == 1 and self.parts[0][2].shape == self.shape:
            return self.parts[0][2:]
        dense = np.zeros((2, *self.shape))
        for rows, columns, up, down in self.parts:
            dense[0, rows, columns], dense[1, rows, columns] = up, down
        return dense[0], dense[1]


def totals(step: Step, part: Part, T: FloatArray, mu: FloatArray) -> Rates:
    """Return the rates up and down (r, c) of all contacts together."""
    up, down = np.empty(part.rate.shape[1:]), np.empty(part.rate.shape[1:])
    for rows, filled, empty in _weights(step, part, T, mu):
        filled *= part.rate[:, rows]
        empty *= part.rate[:, rows]
        np.add.reduce(filled, axis=0, out=up[rows])
        np.add.reduce(empty, axis=0, out=down[rows])
    return up, down


def fluxes(
    step: Step, part: Part, T: FloatArray, mu: FloatArray, populations: FloatArray
) -> Iterator[tuple[slice, FloatArray, FloatArray]]:
    """Yield the fluxes up and down (m, b, c) of the part's contacts, for b of its upper states."""
    lower = populations[step.lower[part.columns]]
    upper = populations[step.upper[part.rows]]
    for rows, up, down in _weights(step, part, T, mu):
        up *= part.rate[:, rows]
        up *= lower
        down *= part.rate[:, rows]
        down *= upper[rows, None]
        yield rows, up, down


def slopes(
    step: Step, part: Part, T: FloatArray, mu: FloatArray, populations: FloatArray
) -> Iterator[tuple[slice, FloatArray, FloatArray, FloatArray, FloatArray]]:
    """Yield x = (w - mu)/T, rates up and down, and d(net flux up)/d mu, each (m, b, c).

    The flux is that of the part's contacts at fixed populations, for b of its upper states; its
    derivative with respect to T is x times that with respect to mu.
    """
    lower = populations[step.lower[part.columns]]
    upper = populations[step.upper[part.rows]]
    frequency = step.frequency_of(part.rows, part.columns)
    warm, potential = T[part.contacts, None, None], mu[part.contacts, None, None]
    for rows, up, down in _weights(step, part, T, mu):
        rate = part.rate[:, rows]
        slope = up * down
        slope *= rate * (lower + upper[rows, None]) / warm
        up *= rate
        down *= rate
        yield rows, (frequency[rows] - potential) / warm, up, down, slope


def _weights(
    step: Step, part: Part, T: FloatArray, mu: FloatArray
) -> Iterator[tuple[slice, FloatArray, FloatArray]]:
    """Yield n and 1 - n (m, b, c) for some of the upper states after the other."""
    T, mu = T[part.contacts], mu[part.contacts]
    count, width = part.rate.shape[1:]
    some = max(_CACHED // width, 1)
    factors = _factors(step, part, T, mu)
    for begin in range(0, count, some):
        rows = slice(begin, begin + some)
        if factors is None:
            frequency = step.frequency_of(part.rows, part.columns)[rows]
            x = (frequency - mu[:, None, None]) / T[:, None, None]
            yield rows, *filled_and_empty(x)
        else:
            above, below = factors
            yield rows, *of_exponential(above[:, rows, None] / below[:, None])


def _factors(
    step: Step, part: Part, T: FloatArray, mu: FloatArray
) -> tuple[FloatArray, FloatArray] | None:
    """Return numbers (m, r), (m, c) whose quotients are e^((w - mu)/T).

    That saves an exponential for every transition. None for frequencies that are no differences of
    energies, or quotients out of range.
    """
    if step.energies is None:
        return None
    lower, upper = step.energies[0][part.columns], step.energies[1][part.rows]
    middle = (upper.max() + upper.min()) / 2
    gap = middle - (lower.max() + lower.min()) / 2
    above = (upper - middle) / T[:, None]
    below = (lower - (middle - gap) - (gap - mu[:, None])) / T[:, None]
    if not np.abs(above).max() + np.abs(below).max() < SAFE:
        return None
    return np.exp(above), np.exp(below)
