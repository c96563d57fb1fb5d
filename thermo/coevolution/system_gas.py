"""The open system's own equation of state: one more small reservoir in Eq. (6)."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from oqs.system.spectrum import Spectrum
from thermo.gases.base import GasState, JointGas, states


@final
@dataclasses.dataclass(frozen=True, eq=False)
class SystemGas(JointGas):
    """N, E, S of a few interacting levels in the Gibbs state exp[(mu N_S - H_S)/T]/Z, Eq. (14).

    A `thermo.EquationOfState`. What a system holds counts in the equilibrium it reaches with
    reservoirs that are hardly larger: `coevolve` keeps the totals of both together.
    """

    spectrum: Spectrum  # D energies and particle numbers, `system.spectrum`

    def state(self, T: ArrayLike, mu: ArrayLike) -> GasState:
        """Return N, E, S and the Jacobian together: means and fluctuations of the Gibbs state.

        With A = H_S - mu N_S: dX/dT = cov(X, A)/T^2 and dX/dmu = cov(X, N_S)/T.
        """
        temperature, potential, _ = states(T, mu)
        temperature, potential = temperature[..., None], potential[..., None]
        particles, energies = self.spectrum.particles, self.spectrum.energies
        above = energies - potential * particles  # (..., D)
        logarithm = -above / temperature
        logarithm = logarithm - logsumexp(logarithm, axis=-1, keepdims=True)
        p = np.exp(logarithm)
        number, energy = p @ particles, p @ energies
        spread = [particles - number[..., None], energies - energy[..., None]]
        shift = above - np.sum(p * above, axis=-1, keepdims=True)
        rows = [
            [
                np.sum(p * x * shift, axis=-1) / temperature[..., 0] ** 2,
                np.sum(p * x * spread[0], axis=-1) / temperature[..., 0],
            ]
            for x in spread
        ]
        jacobian = np.moveaxis(np.array(rows), (0, 1), (-2, -1))
        return GasState(number, energy, -np.sum(p * logarithm, axis=-1), jacobian)

    def check(self, T: ArrayLike, mu: ArrayLike) -> None:
        """Raise ValueError unless T > 0 and both are finite: every such state is valid."""
        states(T, mu)
