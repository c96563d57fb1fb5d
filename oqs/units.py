"""From natural units to SI: one reference energy fixes them all (hbar = k_B = 1 inside)."""

from __future__ import annotations

import dataclasses
from typing import Final, final

import numpy as np
from numpy.typing import ArrayLike
from scipy.constants import e, eV, hbar, k

from oqs.arguments import FloatArray, positive_number

SI_UNITS: Final = {
    "temperature": "K",
    "energy": "meV",
    "time": "s",
    "particle_flow": "1/s",
    "current": "A",
    "power": "W",
    "entropy_rate": "W/K",
}
"""What each method of `Units` returns its numbers in."""


@final
@dataclasses.dataclass(frozen=True)
class Units:
    """The reference energy E_0 of a calculation, in which all its energies are given.

    Every method takes numbers in natural units, of any shape, and returns SI (energies: meV).
    Temperatures are in units of E_0/k_B, times of hbar/E_0, particle flows of E_0/hbar, energy and
    heat flows of E_0^2/hbar.

    Parameters
    ----------
    reference_energy : E_0 in joule.

    Raises
    ------
    TypeError, ValueError
        if it is not a finite number > 0.

    Notes
    -----
    Constants are those of scipy.constants (CODATA). The paper's E_0 is k_B x 1000 K,
    `Units.from_temperature(1000)`.
    """

    reference_energy: float

    def __post_init__(self) -> None:
        remedy = "Give joule, or use Units.from_temperature(kelvin) or Units.from_meV(energy)."
        number = positive_number("reference_energy", self.reference_energy, remedy)
        object.__setattr__(self, "reference_energy", number)

    @classmethod
    def from_temperature(cls, kelvin: float) -> Units:
        """Return the units with E_0 = k_B T_0, T_0 > 0 in kelvin."""
        return cls(k * positive_number("kelvin", kelvin, "Give the reference temperature in K."))

    @classmethod
    def from_meV(cls, energy: float) -> Units:
        """Return the units with E_0 > 0 in milli-electronvolt."""
        return cls(1e-3 * eV * positive_number("energy", energy, "Give the energy in meV."))

    def temperature(self, T: ArrayLike) -> FloatArray:
        """Return temperatures in K."""
        return _times(T, self.reference_energy / k)

    def energy(self, energy: ArrayLike) -> FloatArray:
        """Return energies and chemical potentials in meV."""
        return _times(energy, self.reference_energy / (1e-3 * eV))

    def time(self, t: ArrayLike) -> FloatArray:
        """Return times in s."""
        return _times(t, hbar / self.reference_energy)

    def particle_flow(self, flow: ArrayLike) -> FloatArray:
        """Return particle flows in 1/s, positive where the reservoir loses."""
        return _times(flow, self.reference_energy / hbar)

    def current(self, flow: ArrayLike) -> FloatArray:
        """Return the electric currents out of the reservoirs in A, for electrons of charge -e.

        A reservoir that loses electrons, P_j > 0, takes in conventional current: I_j = -e P_j < 0.
        """
        return _times(flow, -e * self.reference_energy / hbar)

    def power(self, flow: ArrayLike) -> FloatArray:
        """Return energy and heat flows in W, positive where the reservoir loses."""
        return _times(flow, self.reference_energy**2 / hbar)

    def entropy_rate(self, rate: ArrayLike) -> FloatArray:
        """Return entropy production and sums Y_j/T_j in W/K."""
        return _times(rate, k * self.reference_energy / hbar)


def _times(values: ArrayLike, factor: float) -> FloatArray:
    return np.asarray(values, dtype=np.float64) * factor
