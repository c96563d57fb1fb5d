"""The linearised slow dynamics at one state of the reservoirs: drift and noise of Eq. (4)."""

from __future__ import annotations

from typing import NamedTuple, Protocol, final

import numpy as np
from numpy.typing import ArrayLike

import oqs
from oqs.arguments import FloatArray
from oqs.flow_jacobian import FlowJacobian
from oqs.generator.model import Model
from thermo.reservoirs.rates import reservoir_rates
from thermo.reservoirs.reservoir import Reservoirs


class DifferentiableLaw(Protocol):
    """A flow law that knows its derivatives."""

    def jacobian(self, T: ArrayLike, mu: ArrayLike, /) -> FlowJacobian:
        """Return d flow / d T and d mu."""
        ...


@final
class Linearised(NamedTuple):
    """Drift and noise of x = (N_1 .. N_n, E_1 .. E_n) at m states.

    Parameters
    ----------
    drift : (m, 2n, 2n) A, by which a deviation of x goes on: d x/dt = A x.
    noise : (m, 2n, 2n) D, the zero-frequency covariance of the flows, per unit time.
    response : (m, 2n, 2n) d(T_1 .. T_n, mu_1 .. mu_n)/dx.
    """

    drift: FloatArray
    noise: FloatArray
    response: FloatArray


def linearised(
    model: Model, law: DifferentiableLaw, reservoirs: Reservoirs, T: FloatArray, mu: FloatArray
) -> Linearised:
    """Return A = -d(P, J)/d(T, mu) d(T, mu)/d(N, E), D and d(T, mu)/d(N, E) at T, mu (m, n)."""
    count, n = T.shape
    flows = law.jacobian(T, mu)
    slopes = np.block([[flows.particle_T, flows.particle_mu], [flows.energy_T, flows.energy_mu]])
    response = response_of(reservoirs, T, mu)
    noise = oqs.noise(model, T, mu).second_cumulants.reshape(count, 2 * n, 2 * n)
    return Linearised(-slopes @ response, noise, response)


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
            rates = reservoir_rates(jacobian[:, j], T[:, j], mu[:, j], p, heat)
            response[:, 0, j, kind, j], response[:, 1, j, kind, j] = (
                size * rates[0],
                size * rates[1],
            )
    return response.reshape(count, 2 * n, 2 * n)
