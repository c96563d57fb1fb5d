"""Means and covariances of a few states at many (T, mu) at once.

The same numbers as `PopulationStatistics`, eliminated state by state as there, each step for the
whole batch. The batch is the last axis: sums over few states are then sums of long rows.
"""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import FloatArray
from oqs.fluctuations.quantities import reference_energy
from oqs.fluctuations.rates.pairs import Pairs
from oqs.numerics.clusters import IntArray
from oqs.numerics.occupation import filled_and_empty
from oqs.stationary.rates.elimination import gth_together
from oqs.stationary.rates.rate_equation import balanced

LARGEST = 32  # states
_AT_ONCE = 2**18  # entries of the rate matrices that are eliminated together: they stay in cache
_RESIDUAL = 1e-10


@final
class Batch(NamedTuple):
    """Means and covariances of b (T, mu)."""

    # particle, energy: (b, n) P_j, J_j
    particle: FloatArray
    energy: FloatArray
    centred_cumulants: FloatArray  # (b, 2, n, 2, n) of N_j and E_j - w N_j, w the median of mu
    gross: FloatArray  # (b, 2, n) of particles and of energy
    # (b,) whether they passed their checks; others are to be found one by one
    good: NDArray[np.bool_]


def batch(pairs: Pairs, T: FloatArray, mu: FloatArray) -> Batch:
    """Return means and covariances at T, mu (b, n), some at a time."""
    some = max(1, _AT_ONCE // pairs.dimension**2)
    starts = range(0, max(len(T), 1), some)
    parts = [_some(pairs, T[b : b + some].T, mu[b : b + some].T) for b in starts]
    return Batch(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def added(parts: list[Batch]) -> Batch:
    """Return the sums over independent parts, good where all are."""
    return Batch(
        particle=np.sum([part.particle for part in parts], axis=0),
        energy=np.sum([part.energy for part in parts], axis=0),
        centred_cumulants=np.sum([part.centred_cumulants for part in parts], axis=0),
        gross=np.sum([part.gross for part in parts], axis=0),
        good=np.all([part.good for part in parts], axis=0),
    )


def nothing(count: int, n: int) -> Batch:
    """Return empty arrays for b (T, mu) of n reservoirs, none of them good."""
    particle, energy = np.empty((2, count, n))
    second, gross = np.empty((count, 2, n, 2, n)), np.empty((count, 2, n))
    return Batch(particle, energy, second, gross, np.zeros(count, dtype=np.bool_))


def _some(pairs: Pairs, T: FloatArray, mu: FloatArray) -> Batch:
    n, count = T.shape
    x = (pairs.frequency[:, None] - mu[:, None]) / T[:, None]  # (n, M, b)
    up, down = filled_and_empty(x)
    up *= pairs.strength[..., None]
    down *= pairs.strength[..., None]
    rates = _matrix(pairs, up.sum(axis=0), down.sum(axis=0))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        p = gth_together(rates.copy())
        rising, falling = up * p[pairs.lower], down * p[pairs.upper]
        fluxes = rising + falling
        kept = np.delete(np.arange(n), int(np.argmax(pairs.strength.sum(axis=1))))
        moved = (
            np.ones((len(pairs.frequency), 1)),
            pairs.frequency[:, None] - reference_energy(mu.T),
        )
        phi, good = _potentials(pairs, moved, (up, down), rates, p, kept)
        reduced = _covariance(pairs, moved, fluxes, phi, kept)
        expand = _expansion(n, kept)
        second = np.einsum("xq,qrb,yr->bxy", expand, reduced, expand)
        net, weights = rising - falling, rising.sum(axis=1).T
        energies = pairs.frequency[:, None]
        particle = balanced(net.sum(axis=1).T, weights)
        energy = balanced((net * energies).sum(axis=1).T, weights)
        gross = np.stack([fluxes.sum(axis=1).T, (fluxes * np.abs(energies)).sum(axis=1).T], axis=1)
    good &= (up.sum(axis=0) > 0).all(axis=0) & (down.sum(axis=0) > 0).all(axis=0)
    good &= np.isfinite(second).all(axis=(1, 2)) & np.isfinite(energy).all(axis=1)
    return Batch(particle, energy, second.reshape(count, 2, n, 2, n), gross, good)


def _matrix(pairs: Pairs, up: FloatArray, down: FloatArray) -> FloatArray:
    """Return the rates (D, D, b) from column to row."""
    rates = np.zeros((pairs.dimension, pairs.dimension, up.shape[-1]))
    rates[pairs.upper, pairs.lower] = up
    rates[pairs.lower, pairs.upper] = down
    return rates


def _potentials(
    pairs: Pairs,
    counted: tuple[FloatArray, FloatArray],
    weighted: tuple[FloatArray, FloatArray],
    rates: FloatArray,
    p: FloatArray,
    kept: IntArray,
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return phi (D, q, b) with W^T phi = I - f, and where it holds to 1e-10 of its terms (b,).

    Counts q: particles of the reservoirs `kept`, then their energies: what a jump up counts (M, b)
    is `counted`. State by state phi is measured from the most probable one of each (T, mu).
    """
    f = np.zeros((pairs.dimension, 2 * len(kept), p.shape[-1]))
    for q, j in enumerate(kept.tolist()):
        for kind, moved in enumerate(counted):
            place = q + kind * len(kept)
            leaves, comes = (weight[j] * moved for weight in weighted)
            np.add.at(f[:, place], pairs.lower, leaves)
            np.subtract.at(f[:, place], pairs.upper, comes)
    excess = f - (p[:, None] * f).sum(axis=0)
    phi = np.empty_like(f)
    likely = np.argmax(p, axis=0)
    for state in np.unique(likely).tolist():
        here = np.flatnonzero(likely == state)
        order = np.r_[state, np.delete(np.arange(pairs.dimension), state)]
        some = rates[np.ix_(order, order, here)]
        phi[np.ix_(order, np.arange(f.shape[1]), here)] = _adjoint(
            some, excess[np.ix_(order, np.arange(f.shape[1]), here)]
        )
    gained = np.einsum("acb,aqb->cqb", rates, phi)
    lost = rates.sum(axis=0)[:, None] * phi
    missing = (p[:, None] * np.abs(gained - lost + excess)).max(axis=0)
    gross = (p[:, None] * (np.abs(gained) + np.abs(lost) + np.abs(f))).max(axis=0)
    return phi, np.all(missing <= _RESIDUAL * gross, axis=0)


def _adjoint(w: FloatArray, g: FloatArray) -> FloatArray:
    """Return phi (D, q, b) with sum_a w_ac (phi_a - phi_c) = -g_c and phi = 0 in the first state.

    A state k that is eliminated is left for others at w_ak, in all `leaving`: what it counts until
    then goes to the states that lead to it. Both arrays are used up.
    """
    size = len(w)
    leaving = np.ones((size, w.shape[-1]))
    for k in range(size - 1, 0, -1):
        leaving[k] = w[:k, k].sum(axis=0)
        w[k, :k] /= leaving[k]
        g[:k] += w[k, :k, None] * g[k]
        w[:k, :k] += w[:k, k, None] * w[k, None, :k]
    phi = np.zeros_like(g)
    for k in range(1, size):
        phi[k] = ((w[:k, k, None] * phi[:k]).sum(axis=0) + g[k]) / leaving[k]
    return phi


def _covariance(
    pairs: Pairs,
    moved: tuple[FloatArray, FloatArray],
    fluxes: FloatArray,
    phi: FloatArray,
    kept: IntArray,
) -> FloatArray:
    """Return S (q, q, b): see `martingale`."""
    difference = phi[pairs.upper] - phi[pairs.lower]  # (M, q, b)
    q = difference.shape[1]
    covariances = np.zeros((q, q, phi.shape[-1]))
    for j, flux in enumerate(fluxes):
        amplitude = difference
        if j in kept:
            amplitude = difference.copy()
            place = int(np.searchsorted(kept, j))
            for kind in range(2):
                amplitude[:, place + kind * len(kept)] += moved[kind]
        covariances += np.einsum("mb,mqb,mrb->qrb", flux, amplitude, amplitude)
    return covariances


def _expansion(n: int, kept: IntArray) -> FloatArray:
    """Return all counts (2 n, q) by those that are followed: the rest is minus their sum."""
    expansion = np.zeros((2, n, 2, len(kept)))
    for kind in range(2):
        expansion[kind, :, kind] = -1.0
        expansion[kind, kept, kind] = np.eye(len(kept))
    return expansion.reshape(2 * n, -1)
