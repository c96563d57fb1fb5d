"""Flows through levels that each pass particles between pairs of reservoirs, Eqs. (10), (31).

Through level k, P_j = sum_q w_jq (n_j - n_q): Eq. (10) with w_jq = gamma_j gamma_q / sum gamma, and
the same form for every level of a quadratic system (there w_jq may differ from w_qj: three contacts
and complex amplitudes can send particles round). Differences of occupations are products, so
nothing cancels, and where w_jq = w_qj the flows add up to zero to the last bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import FloatArray
from oqs.flows import Flows
from oqs.occupation import filled_and_empty

_Occupation = tuple[FloatArray, FloatArray]  # n and 1 - n


def occupation_differences(x: FloatArray) -> FloatArray:
    """Return n(x_j) - n(x_q) (..., n, n) for x = (w - mu)/T (..., n), n(x) = 1/(e^x + 1)."""
    size = x.shape[-1]
    values = [x[..., j] for j in range(size)]
    occupations = [filled_and_empty(value) for value in values]
    differences = np.zeros((*x.shape, size))
    for j in range(size):
        for q in range(j + 1, size):
            difference = _difference(values[j], values[q], occupations[j], occupations[q])
            differences[..., j, q] = difference
            differences[..., q, j] = -difference
    return differences


def _difference(x_j: FloatArray, x_q: FloatArray, n_j: _Occupation, n_q: _Occupation) -> FloatArray:
    """Return n_j - n_q: n_j (1 - n_q) (1 - exp(x_j - x_q)) where x_j < x_q, Eq. (31)."""
    gap = x_q - x_j
    size: FloatArray = (
        np.maximum(n_j[0], n_q[0]) * np.maximum(n_j[1], n_q[1]) * np.expm1(-np.abs(gap))
    )
    return np.where(gap > 0, -size, size)


def pair_currents(
    frequencies: FloatArray, transfer: FloatArray, T: FloatArray, mu: FloatArray
) -> tuple[list[FloatArray], list[FloatArray]]:
    """Return w_k - mu_j and P_j through each level, both as n arrays (K, ...).

    Levels come first: sums over few of them are then sums of long rows.

    Parameters
    ----------
    frequencies : (K,) levels.
    transfer : (K, n, n) w_jq.
    T, mu : (..., n).
    """
    reservoirs = transfer.shape[-1]
    levels = (-1, *(1,) * (np.broadcast(T, mu).ndim - 1))
    w = frequencies.reshape(levels)
    above = [w - mu[..., j] for j in range(reservoirs)]
    x = [above[j] / T[..., j] for j in range(reservoirs)]
    occupations = [filled_and_empty(value) for value in x]
    particle: list[NDArray[np.float64]] = [np.zeros_like(value) for value in x]
    for j in range(reservoirs):
        for q in range(j + 1, reservoirs):
            difference = _difference(x[j], x[q], occupations[j], occupations[q])
            particle[j] += transfer[:, j, q].reshape(levels) * difference
            particle[q] -= transfer[:, q, j].reshape(levels) * difference
    return above, particle


def pair_flows(
    frequencies: FloatArray, transfer: FloatArray, T: FloatArray, mu: FloatArray
) -> Flows:
    """Return the flows (..., n) through all levels; arguments as `pair_currents`."""
    above, particle = pair_currents(frequencies, transfer, T, mu)
    energy = [(frequencies @ p.reshape(len(p), -1)).reshape(p.shape[1:]) for p in particle]
    heat = [(p * a).sum(axis=0) for p, a in zip(particle, above, strict=True)]
    return Flows(
        np.stack([p.sum(axis=0) for p in particle], axis=-1),
        np.stack(energy, axis=-1),
        np.stack(heat, axis=-1),
    )


def level_flows(
    frequencies: FloatArray, transfer: FloatArray, T: FloatArray, mu: FloatArray
) -> Flows:
    """Return the flows (..., K, n) through each level; arguments as `pair_currents`."""
    above, particle = pair_currents(frequencies, transfer, T, mu)
    passed, over = (np.moveaxis(np.stack(values, axis=-1), 0, -2) for values in (particle, above))
    return Flows(passed, passed * frequencies[:, None], passed * over)
