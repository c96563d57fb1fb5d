"""N, E and S along a run; of reservoirs at fixed T, mu what they have gained."""

from __future__ import annotations

import numpy as np

from oqs.arguments import FloatArray
from oqs.flows import Flows
from thermo.gases.base import GasState
from thermo.numerics.collocation import Collocation
from thermo.reservoirs.reservoir import Reservoirs


def gains(
    method: Collocation, t: FloatArray, T: FloatArray, flows: Flows
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the gains -int P dt, -int J dt, -int Y/T dt (m, n) since t[0] of every reservoir.

    By the quadrature of the collocation itself, with which the other reservoirs have changed.

    Parameters
    ----------
    t : (m,) the start and the nodes of every step of `method`; of a run that failed, some of them.
    T, flows : (m, n) there.
    """
    stages = len(method.nodes)
    steps = (len(t) - 1) // stages
    whole = steps * stages + 1
    h = np.diff(t[:whole:stages])
    integrals = []
    for rate in (flows.particle, flows.energy, flows.heat / T):
        nodes = rate[1:whole].reshape(steps, stages, rate.shape[1])
        within = h[:, None, None] * (method.matrix @ nodes)
        before = np.cumsum(within[:, -1], axis=0) - within[:, -1]
        inside = (before[:, None] + within).reshape(whole - 1, rate.shape[1])
        total = np.concatenate([np.zeros_like(rate[:1]), inside])
        rest = np.diff(t[whole - 1 :])[:, None] * (rate[whole - 1 : -1] + rate[whole:]) / 2
        integrals.append(-np.concatenate([total, total[-1] + np.cumsum(rest, axis=0)]))
    return integrals[0], integrals[1], integrals[2]


def totals(
    reservoirs: Reservoirs,
    method: Collocation,
    t: FloatArray,
    T: FloatArray,
    mu: FloatArray,
    flows: Flows,
) -> GasState:
    """Return N, E, S (m, n) along a run: of fixed reservoirs what they have gained since t[0]."""
    state = reservoirs.state(T, mu)
    if not reservoirs.fixed.any():
        return state
    number, energy, entropy = (
        np.where(reservoirs.fixed, gained, own)
        for gained, own in zip(gains(method, t, T, flows), state[:3], strict=True)
    )
    return GasState(number, energy, entropy, state.jacobian)
