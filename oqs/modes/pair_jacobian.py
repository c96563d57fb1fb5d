"""Derivatives of flows between pairs of reservoirs, level by level, in T and mu.

P_j = sum_k sum_q w_jq (n_j - n_q) depends on T_q and mu_q through n_q alone, with x = (w - mu)/T

    dn/dmu = n (1 - n) / T,    dn/dT = n (1 - n) x / T,

products that keep their relative precision at any temperature.
"""

from __future__ import annotations

import numpy as np

from oqs.arguments import FloatArray
from oqs.flow_jacobian import FlowJacobian
from oqs.modes.pair_flows import flat_batch, pair_currents
from oqs.numerics.occupation import filled_and_empty


def occupation_slopes(above: FloatArray, T: FloatArray) -> FloatArray:
    """Return dn/dT and dn/dmu (2, ...) at w - mu = `above` and T, broadcast together."""
    x = above / T
    filled, empty = filled_and_empty(x)
    slope = filled * empty / T
    return np.stack([slope * x, slope])


def pair_jacobian(
    frequencies: FloatArray,
    transfer: FloatArray,
    T: FloatArray,
    mu: FloatArray,
    names: tuple[str | None, ...] | None = None,
) -> FlowJacobian:
    """Return the derivatives (..., n, n) of `pair_flows`, with the same arguments."""
    shape, T, mu = flat_batch(T, mu)
    above, currents = pair_currents(frequencies, transfer, T, mu)  # (n, K, B)
    slopes = occupation_slopes(above, T.T[:, None])  # (2, n, K, B)
    count, n = T.shape
    table = np.empty((6, count, n, n))
    particle, energy, heat = table.reshape(3, 2, count, n, n)
    places = np.arange(n)
    weights = -transfer.transpose(1, 2, 0)  # (n, n, K)
    weights[places, places] -= weights.sum(axis=1)
    for j in range(n):
        exchanged = weights[j, :, :, None] * slopes  # (2, n, K, B)
        particle[:, :, j] = np.add.reduce(exchanged, axis=2).transpose(0, 2, 1)
        energy[:, :, j] = (frequencies @ exchanged).transpose(0, 2, 1)
        exchanged *= above[j]
        heat[:, :, j] = np.add.reduce(exchanged, axis=2).transpose(0, 2, 1)
    heat[1][:, places, places] -= currents.sum(axis=1).T
    return FlowJacobian.of_table(table.reshape(6, *shape, n), names)
