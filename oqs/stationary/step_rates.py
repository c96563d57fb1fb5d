"""Rates and fluxes between two neighbouring particle numbers, a few upper states at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from oqs.arguments import FloatArray
from oqs.occupation import SAFE, filled_and_empty, of_exponential
from oqs.transitions import Step

_CACHED = 8192  # transitions weighted at once: they stay in the processor's cache

Rates = tuple[FloatArray, FloatArray]  # up and down


def totals(step: Step, T: FloatArray, mu: FloatArray) -> Rates:
    """Return the rates up and down (d', d) of all contacts together."""
    up, down = np.empty_like(step.frequency), np.empty_like(step.frequency)
    for rows, filled, empty in _weights(step, T, mu):
        filled *= step.rate[:, rows]
        empty *= step.rate[:, rows]
        np.add.reduce(filled, axis=0, out=up[rows])
        np.add.reduce(empty, axis=0, out=down[rows])
    return up, down


def fluxes(
    step: Step, T: FloatArray, mu: FloatArray, populations: FloatArray
) -> Iterator[tuple[slice, FloatArray, FloatArray]]:
    """Yield each contact's fluxes up and down (n, r, d), for some of the upper states at a time."""
    lower, upper = populations[step.lower], populations[step.upper]
    for rows, up, down in _weights(step, T, mu):
        up *= step.rate[:, rows]
        up *= lower
        down *= step.rate[:, rows]
        down *= upper[rows, None]
        yield rows, up, down


def _weights(
    step: Step, T: FloatArray, mu: FloatArray
) -> Iterator[tuple[slice, FloatArray, FloatArray]]:
    """Yield n and 1 - n (n, r, d) for some of the upper states after the other."""
    count, width = step.frequency.shape
    some = max(_CACHED // width, 1)
    factors = _factors(step, T, mu)
    for begin in range(0, count, some):
        rows = slice(begin, begin + some)
        if factors is None:
            x = (step.frequency[rows] - mu[:, None, None]) / T[:, None, None]
            yield rows, *filled_and_empty(x)
        else:
            above, below = factors
            yield rows, *of_exponential(above[:, rows, None] / below[:, None])


def _factors(step: Step, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """Return numbers (n, d'), (n, d) whose quotients are e^((w - mu)/T).

    That saves an exponential for every transition. None for frequencies that are no differences of
    energies, or quotients out of range.
    """
    if step.energies is None:
        return None
    lower, upper = step.energies
    middle = (upper.max() + upper.min()) / 2
    gap = middle - (lower.max() + lower.min()) / 2
    above = (upper - middle) / T[:, None]
    below = (lower - (middle - gap) - (gap - mu[:, None])) / T[:, None]
    if not np.abs(above).max() + np.abs(below).max() < SAFE:
        return None
    return np.exp(above), np.exp(below)
