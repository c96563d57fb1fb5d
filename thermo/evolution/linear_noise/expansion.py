"""The linearised slow dynamics at one state of the reservoirs: drift and noise of Eq. (4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol, final

import numpy as np
from numpy.typing import ArrayLike

import oqs
from oqs.arguments import FloatArray
from oqs.flow_jacobian import FlowJacobian
from oqs.flows import Flows
from thermo.evolution.dynamics import ReservoirDynamics
from thermo.evolution.slopes import difference_slopes
from thermo.reservoirs.rates import rates_of_reservoir
from thermo.reservoirs.reservoir import Reservoirs


class DrivingLaw(Protocol):
    """A flow law, which may know its derivatives."""

    def __call__(self, T: ArrayLike, mu: ArrayLike, /) -> Flows:
        """Return the flows at T, mu."""


@final
class Linearised(NamedTuple):
    """Drift and noise of x = (N_1 .. N_n, E_1 .. E_n) at m states."""

    drift: FloatArray  # (m, 2n, 2n) A, by which a deviation of x goes on: d x/dt = A x
    noise: FloatArray  # (m, 2n, 2n) D, the zero-frequency covariance of the flows, per unit time
    response: FloatArray  # (m, 2n, 2n) d(T_1 .. T_n, mu_1 .. mu_n)/dx.


def linearised(
    model: oqs.Model, law: DrivingLaw, reservoirs: Reservoirs, T: FloatArray, mu: FloatArray
) -> Linearised:
    """Return A = -d(P, J)/d(T, mu) d(T, mu)/d(N, E), D and d(T, mu)/d(N, E) at T, mu (m, n)."""
    count, n = T.shape
    flows = _derivatives(law, reservoirs, T, mu)
    slopes = np.block([[flows.particle_T, flows.particle_mu], [flows.energy_T, flows.energy_mu]])
    response = response_of(reservoirs, T, mu)
    noise = oqs.noise(model, T, mu).second_cumulants.reshape(count, 2 * n, 2 * n)
    return Linearised(-slopes @ response, noise, response)


def _derivatives(
    law: DrivingLaw, reservoirs: Reservoirs, T: FloatArray, mu: FloatArray
) -> FlowJacobian:
    """Return d(P, J)/d(T, mu), of links without derivatives by differences good to 1e-11."""
    known: Callable[[FloatArray, FloatArray], FlowJacobian] | None
    known = getattr(law, "jacobian", None)
    if known is not None:
        return known(T, mu)
    n, asked = T.shape[-1], ReservoirDynamics(law, reservoirs, T[0]).flows

    def flows_at(y: FloatArray) -> Flows:
        return asked(np.exp(y[:, :n]), np.where(reservoirs.has_potential, y[:, n:], 0.0))

    here = asked(T, mu)
    y = np.concatenate([np.log(T), mu], axis=1)
    slopes = difference_slopes(flows_at, y, (here.particle, here.heat), None, T)
    # (2n, m, n) by ln T and mu -> (2, m, n, n) by T and mu
    particle, heat = (np.stack(np.split(np.moveaxis(table, 0, 2), 2, axis=2)) for table in slopes)
    particle[0] /= T[:, None, :]
    heat[0] /= T[:, None, :]
    energy = heat + mu[:, :, None] * particle
    energy[1] += here.particle[:, :, None] * np.eye(n)  # J = Y + mu P
    return FlowJacobian.of(particle, energy, here.particle, mu)


def response_of(reservoirs: Reservoirs, T: FloatArray, mu: FloatArray) -> FloatArray:
    """Return d(T_1 .. T_n, mu_1 .. mu_n)/d(N_1 .. N_n, E_1 .. E_n) (m, 2n, 2n).

    Zero for fixed reservoirs, whose T and mu stay, and for the mu of those without one.
    """
    count, n = T.shape
    jacobian = reservoirs.unit_jacobian(T, mu)
    response = np.zeros((count, 2, n, 2, n))
    for j in range(n):
        size = float(reservoirs.per_capacity[j])  # 0 where T and mu stay
        if not reservoirs.has_potential[j]:
            response[:, 0, j, 1, j] = size / jacobian[:, j, 1, 0]
            continue
        # Eq. (5) for one particle or one unit of energy that comes in
        for kind, (particle, energy) in enumerate(((-1.0, 0.0), (0.0, -1.0))):
            p, heat = np.full(count, particle), energy - mu[:, j] * particle
            rates = rates_of_reservoir(jacobian[:, j], T[:, j], mu[:, j], p, heat)
            response[:, 0, j, kind, j], response[:, 1, j, kind, j] = (
                size * rates[0],
                size * rates[1],
            )
    return response.reshape(count, 2 * n, 2 * n)
