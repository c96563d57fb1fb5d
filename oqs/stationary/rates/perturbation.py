"""First-order change of stationary populations and flows with T and mu, a few states at a time.

W p = 0 with sum p = 1. A small change of T_q or mu_q changes the rates of contact q alone,

    d(gamma n) = -d(gamma (1 - n)) = gamma n (1 - n) (-dx),    x = (w - mu)/T,

so that each of its transitions a -> b passes n (1 - n) gamma (p_a + p_b) (-dx) more than before:
terms of one sign, in which nothing cancels. The populations answer with W dp = -(what these fluxes
bring to each state), sum dp = 0. Held at zero in its most probable state, dp is a sum of mean times
spent in the others, which the elimination without subtractions finds; a multiple of p then restores
the sum. The batch comes last, as in `oqs.stationary.rates.sector_batch`.
"""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np

from oqs.arguments import FloatArray
from oqs.flow_jacobian import FlowJacobian
from oqs.numerics.clusters import IntArray
from oqs.numerics.occupation import filled_and_empty
from oqs.stationary.method import StationaryMethod, checked_residual
from oqs.stationary.rates.elimination import times
from oqs.stationary.rates.rate_equation import balanced
from oqs.stationary.rates.sector_batch import times_together

_CACHED = 250_000  # numbers in the array that is eliminated in, not to crowd out the cache


@final
class Lines(NamedTuple):
    """Transitions one after the other.

    Parameters
    ----------
    lower, upper : (M,) states of each.
    frequency : (M,). rate : (n, M).
    dimension : number D of states.
    """

    lower: IntArray
    upper: IntArray
    frequency: FloatArray
    rate: FloatArray
    dimension: int

    def arriving(self, flux: FloatArray) -> FloatArray:
        """Return what each state gains (..., D, b) by fluxes (..., M, b) upwards."""
        incidence = np.zeros((self.dimension, len(self.lower)))
        places = np.arange(len(self.lower))
        incidence[self.upper, places] = 1.0
        incidence[self.lower, places] = -1.0
        gained: FloatArray = incidence @ flux
        return gained


def flow_jacobian(
    lines: Lines, T: FloatArray, mu: FloatArray, populations: FloatArray, method: StationaryMethod
) -> FlowJacobian:
    """Return the derivatives (b, n, n) of the flows at T, mu (b, n) and their populations (D, b).

    Raises StationaryStateNotFound where rates underflow, or the residual of a change is too large.
    """
    some = max(_CACHED // (lines.dimension * (lines.dimension + 2 * T.shape[1])), 16)
    parts = [slice(begin, begin + some) for begin in range(0, max(len(T), 1), some)]
    return FlowJacobian.joined(
        [_jacobian(lines, T[part], mu[part], populations[:, part], method) for part in parts]
    )


def _jacobian(
    lines: Lines, T: FloatArray, mu: FloatArray, populations: FloatArray, method: StationaryMethod
) -> FlowJacobian:
    reference = mu.mean(axis=1)
    x = lines.frequency[:, None] - mu.T.copy()[:, None]
    x /= T.T.copy()[:, None]
    up, down = filled_and_empty(x)  # (n, M, b)
    slope = up * down
    up *= lines.rate[..., None]
    down *= lines.rate[..., None]
    slope *= lines.rate[..., None] * (populations[lines.lower] + populations[lines.upper])
    slope /= T.T.copy()[:, None]
    driven = np.stack([slope * x, slope])  # [T or mu, q, M, b]
    shift = _changes(lines, (up, down), populations, lines.arriving(driven))
    low, high = shift[..., lines.lower, :], shift[..., lines.upper, :]
    energy = lines.frequency[:, None] - reference
    found, gross = [], []
    through = np.zeros_like(driven)
    for j, (rising, falling) in enumerate(zip(up, down, strict=True)):
        gained, lost = rising * low, falling * high
        flux = gained - lost
        flux[:, j] += driven[:, j]
        through += flux
        found.append((flux.sum(axis=-2), (flux * energy).sum(axis=-2)))
        size = np.abs(gained) + np.abs(lost)
        size[:, j] += np.abs(driven[:, j])
        gross.append(size.sum(axis=-2))
    weight = np.moveaxis(np.array(gross), 0, -1)  # [T or mu, q, b, j]
    _check(lines.arriving(through), weight, method)
    particle, carried = (
        np.moveaxis(balanced(np.moveaxis(np.array(part), 0, -1), weight), (2, 3, 1), (1, 2, 3))
        for part in zip(*found, strict=True)
    )
    rising = up * populations[lines.lower]
    flow = balanced(
        (rising - down * populations[lines.upper]).sum(axis=1).T, rising.sum(axis=1).T
    )
    return FlowJacobian.of(particle, carried, flow, mu, reference=reference)


def _check(residual: FloatArray, weight: FloatArray, method: StationaryMethod) -> None:
    """Raise where W dp misses its right side (2, n, D, b) by too much of the rates that cancel."""
    largest = weight.max(axis=-1)
    missed = np.abs(residual).max(axis=-2)
    checked_residual(
        float(np.max(missed / np.where(largest > 0, largest, 1.0), initial=0.0)), method
    )


def _changes(
    lines: Lines,
    rates: tuple[FloatArray, FloatArray],
    populations: FloatArray,
    sources: FloatArray,
) -> FloatArray:
    """Return dp (2, n, D, b) with W dp = -sources, sum dp = 0, at rates up and down (n, M, b)."""
    up, down = (rate.sum(axis=0) for rate in rates)
    size, count = populations.shape
    matrix = np.zeros((size, size, count))
    matrix[lines.upper, lines.lower] = up
    matrix[lines.lower, lines.upper] = down
    right = sources.reshape(-1, size, count).transpose(1, 0, 2)  # (D, K, b)
    pinned = populations.argmax(axis=0)
    order = np.tile(np.arange(size)[:, None], count)  # exchanges the pinned state with the first
    order[0], order[pinned, np.arange(count)] = pinned, 0
    every = np.arange(count)
    matrix = matrix[order[:, None], order[None], every]
    right = np.take_along_axis(right, order[:, None], axis=0)
    change = np.zeros_like(right)
    inside, out = matrix[1:, 1:], matrix[0, 1:]
    if count == 1:
        change[1:, :, 0] = times(inside[..., 0].copy(), out[:, 0], right[1:, :, 0])
    else:
        change[1:] = times_together(inside, out, right[1:])
    change = np.take_along_axis(change, order[:, None], axis=0)
    change -= populations[:, None] * change.sum(axis=0)
    return change.transpose(1, 0, 2).reshape(sources.shape)
