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

import dataclasses
import functools
from typing import final

import numpy as np
import scipy.sparse as sp

from oqs.arguments import FloatArray
from oqs.flow_jacobian import FlowJacobian
from oqs.numerics.clusters import IntArray
from oqs.numerics.occupation import filled_and_empty
from oqs.stationary.method import StationaryMethod, checked_residual
from oqs.stationary.rates.elimination import times, times_together
from oqs.stationary.rates.rate_equation import balanced
from oqs.transitions.transitions import SectorBlocks

_CACHED = 250_000  # elements of the array that is eliminated in: it stays in the cache


@final
@dataclasses.dataclass(frozen=True, eq=False)
class TransitionList:
    """Transitions one after the other."""

    # lower, upper: (M,) states of each
    lower: IntArray
    upper: IntArray
    frequency: FloatArray  # (M,)
    rate: FloatArray  # (n, M)
    dimension: int  # number D of states

    @classmethod
    def of(cls, blocks: SectorBlocks) -> TransitionList:
        """Return the transitions that some contact drives, step by step."""
        rates = [step.rate for step in blocks.steps]
        driven = [np.nonzero(rate.any(axis=0)) for rate in rates]
        each = list(zip(blocks.steps, rates, driven, strict=True))
        return cls(
            np.concatenate([step.lower[a] for step, _, (_, a) in each]),
            np.concatenate([step.upper[b] for step, _, (b, _) in each]),
            np.concatenate([step.frequency[place] for step, _, place in each]),
            np.concatenate([rate[:, b, a] for _, rate, (b, a) in each], axis=1),
            blocks.dimension,
        )

    @functools.cached_property
    def _ends(self) -> tuple[sp.csr_array, sp.csr_array]:
        """Lower and upper state of each transition, (D, M) of ones."""
        places = np.arange(len(self.lower))
        one = np.ones(len(places))
        shape = (self.dimension, len(places))
        lower, upper = (
            sp.csr_array(sp.coo_array((one, (states, places)), shape=shape))
            for states in (self.lower, self.upper)
        )
        return lower, upper

    def leaving(self, up: FloatArray, down: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the sums over the transitions (M, n, b) out of each state, both (D, n, b)."""
        rising, falling = (
            (ends @ each.reshape(len(each), -1)).reshape(self.dimension, *each.shape[1:])
            for ends, each in zip(self._ends, (up, down), strict=True)
        )
        return rising, falling

    def arriving(self, flux: FloatArray) -> FloatArray:
        """Return what each state gains (D, K, b) by fluxes (M, K, b) upwards."""
        lost, gained = self.leaving(flux, flux)
        gained -= lost
        return gained


def flow_jacobian(
    transitions: TransitionList,
    T: FloatArray,
    mu: FloatArray,
    populations: FloatArray,
    method: StationaryMethod,
) -> FlowJacobian:
    """Return the derivatives (b, n, n) of the flows at T, mu (b, n) and their populations (D, b).

    Raises StationaryStateNotFound where rates underflow, or the residual of a change is too large.
    """
    some = max(_CACHED // (transitions.dimension * (transitions.dimension + 2 * T.shape[1])), 16)
    parts = [slice(begin, begin + some) for begin in range(0, max(len(T), 1), some)]
    return FlowJacobian.joined(
        [_jacobian(transitions, T[part], mu[part], populations[:, part], method) for part in parts]
    )


def _jacobian(
    transitions: TransitionList,
    T: FloatArray,
    mu: FloatArray,
    populations: FloatArray,
    method: StationaryMethod,
) -> FlowJacobian:
    (count, n), reference = T.shape, mu.mean(axis=1)
    x = (transitions.frequency[:, None, None] - mu.T) / T.T  # (M, n, b)
    up, down = filled_and_empty(x)
    slope = up * down
    rate = transitions.rate.T[..., None]
    up *= rate
    down *= rate
    slope *= rate / T.T * (populations[transitions.lower] + populations[transitions.upper])[:, None]
    driven = np.stack([slope * x, slope], axis=1)  # d(flux up) by T or mu, (M, 2, n, b)
    sources = transitions.arriving(driven.reshape(len(x), 2 * n, count))
    totals = up.sum(axis=1), down.sum(axis=1)
    change = population_changes(transitions, totals, populations, sources, method)
    change = change.reshape(-1, 2, n, count)
    energy = (transitions.frequency[:, None] - reference)[:, None]
    rising, falling = transitions.leaving(up, down)
    particles, energies = (
        rising - falling,
        np.subtract(*transitions.leaving(up * energy, down * energy)),
    )
    rising += falling
    size, changes = np.abs(change), np.empty((2, 2, n, count, n))  # [kind, T or mu, q, b, j]
    gross = np.empty(changes.shape[1:])
    for j in range(n):
        changes[0, ..., j] = (particles[:, j, None, None] * change).sum(axis=0)
        changes[1, ..., j] = (energies[:, j, None, None] * change).sum(axis=0)
        gross[..., j] = (rising[:, j, None, None] * size).sum(axis=0)
        own = driven[:, :, j]  # (M, 2, b)
        changes[0, :, j, :, j] += own.sum(axis=0)
        changes[1, :, j, :, j] += (own * energy).sum(axis=0)
        gross[:, j, :, j] += np.abs(own).sum(axis=0)
    particle, carried = balanced(changes, gross).transpose(0, 1, 3, 4, 2)
    net = (particles * populations[:, None]).sum(axis=0).T
    flow = balanced(net, (rising * populations[:, None]).sum(axis=0).T)
    return FlowJacobian.of(particle, carried, flow, mu, reference=reference)


def population_changes(
    transitions: TransitionList,
    totals: tuple[FloatArray, FloatArray],
    populations: FloatArray,
    sources: FloatArray,
    method: StationaryMethod,
) -> FloatArray:
    """Return dp (D, K, b), W dp = -sources, sum dp = 0, at total rates up and down (M, b)."""
    up, down = totals
    size, count = populations.shape
    matrix = np.zeros((size, size, count))
    matrix[transitions.upper, transitions.lower] = up
    matrix[transitions.lower, transitions.upper] = down
    every = np.arange(count)
    pinned = populations.argmax(axis=0)
    order = np.tile(np.arange(size)[:, None], count)  # the most probable state comes first
    order[0], order[pinned, every] = pinned, 0
    matrix = matrix[order[:, None], order[None], every]
    right = np.take_along_axis(sources, order[:, None], axis=0)
    change = np.zeros_like(sources)
    inside, out = matrix[1:, 1:], matrix[0, 1:]
    if count == 1 and size > 1:
        change[1:, :, 0] = times(inside[..., 0].copy(), out[:, 0], right[1:, :, 0])
    else:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # NaN raises below
            change[1:] = times_together(inside, out, right[1:])
    change = np.take_along_axis(change, order[:, None], axis=0)
    change -= populations[:, None] * change.sum(axis=0)
    flux = up[:, None] * change[transitions.lower]
    largest = np.maximum(np.abs(flux).max(axis=0), np.abs(sources).max(axis=0))
    flux -= down[:, None] * change[transitions.upper]
    missed = np.abs(transitions.arriving(flux) + sources).max(axis=0)
    worst = missed / np.where(largest > 0, largest, 1.0)
    checked_residual(float(np.max(worst, initial=0.0)), method)
    return change
