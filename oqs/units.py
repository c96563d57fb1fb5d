"""From natural units to SI: one reference energy fixes them all (hbar = k_B = 1 inside)."""

from __future__ import annotations

import dataclasses
from typing import Final, final

import scipy
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, float_array, positive_number
from oqs.exports import exported
from oqs.summary import page_of_fields

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


@exported
@final
@dataclasses.dataclass(frozen=True)
class Units:
    """The reference energy E_0 of a calculation, in which all its energies are given.

    `kelvin`, `meV`, `microeV` and `second` bring measured numbers, of any shape, into natural
    units; all other methods take natural units and return SI, or meV, pA, fW. Temperatures are in
    units of E_0/k_B, times of hbar/E_0, particle flows of E_0/hbar, energy and heat flows of
    E_0^2/hbar.

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

    Examples
    --------
    A dot with a level of 0.2 meV between leads of 0.3 and 0.5 K, its rate 2 ueV:

    >>> units = oqs.Units.from_meV(0.1)
    >>> dot = oqs.QuadraticSystem.from_energies([units.meV(0.2)])
    >>> leads = [oqs.Contact(oqs.flat(units.microeV(2.0)))] * 2
    >>> T, mu = units.kelvin([0.3, 0.5]), units.meV([0.0, 0.05])
    >>> flows = oqs.closed_form(dot, leads)(T, mu)
    >>> print(units.picoampere(flows.particle).round(3), "pA")
    [ 7.159 -7.159] pA
    """

    reference_energy: float

    _repr_html_ = page_of_fields

    def __post_init__(self) -> None:
        remedy = "Give joule, or use Units.from_temperature(kelvin) or Units.from_meV(energy)."
        number = positive_number("reference_energy", self.reference_energy, remedy)
        object.__setattr__(self, "reference_energy", number)

    @classmethod
    def from_temperature(cls, kelvin: float) -> Units:
        """Return the units with E_0 = k_B T_0, T_0 > 0 in kelvin."""
        return cls(
            scipy.constants.k
            * positive_number("kelvin", kelvin, "Give the reference temperature in K.")
        )

    @classmethod
    def from_meV(cls, energy: float) -> Units:
        """Return the units with E_0 > 0 in milli-electronvolt."""
        return cls(
            1e-3 * scipy.constants.eV * positive_number("energy", energy, "Give the energy in meV.")
        )

    def kelvin(self, T: ArrayLike) -> FloatArray:
        """Return temperatures given in K in natural units."""
        return _times("T", T, scipy.constants.k / self.reference_energy)

    def meV(self, energy: ArrayLike) -> FloatArray:
        """Return energies, potentials or rates hbar gamma given in meV in natural units."""
        return _times("energy", energy, 1e-3 * scipy.constants.eV / self.reference_energy)

    def microeV(self, energy: ArrayLike) -> FloatArray:
        """Return energies, potentials or rates hbar gamma given in ueV in natural units."""
        return _times("energy", energy, 1e-6 * scipy.constants.eV / self.reference_energy)

    def second(self, t: ArrayLike) -> FloatArray:
        """Return times given in s in natural units."""
        return _times("t", t, self.reference_energy / scipy.constants.hbar)

    def temperature(self, T: ArrayLike) -> FloatArray:
        """Return temperatures in K."""
        return _times("T", T, self.reference_energy / scipy.constants.k)

    def energy(self, energy: ArrayLike) -> FloatArray:
        """Return energies and chemical potentials in meV."""
        return _times("energy", energy, self.reference_energy / (1e-3 * scipy.constants.eV))

    def time(self, t: ArrayLike) -> FloatArray:
        """Return times in s."""
        return _times("t", t, scipy.constants.hbar / self.reference_energy)

    def particle_flow(self, flow: ArrayLike) -> FloatArray:
        """Return particle flows in 1/s, positive where the reservoir loses."""
        return _times("flow", flow, self.reference_energy / scipy.constants.hbar)

    def current(self, flow: ArrayLike) -> FloatArray:
        """Return the electric currents out of the reservoirs in A, for electrons of charge -e.

        A reservoir that loses electrons, P_j > 0, takes in conventional current: I_j = -e P_j < 0.
        """
        return _times(
            "flow", flow, -scipy.constants.e * self.reference_energy / scipy.constants.hbar
        )

    def picoampere(self, flow: ArrayLike) -> FloatArray:
        """Return the same in pA, as currents through quantum dots are measured."""
        return 1e12 * self.current(flow)

    def power(self, flow: ArrayLike) -> FloatArray:
        """Return energy and heat flows in W, positive where the reservoir loses."""
        return _times("flow", flow, self.reference_energy**2 / scipy.constants.hbar)

    def femtowatt(self, flow: ArrayLike) -> FloatArray:
        """Return the same in fW, as heat flows of quantum dots are measured."""
        return 1e15 * self.power(flow)

    def entropy_rate(self, rate: ArrayLike) -> FloatArray:
        """Return entropy production and sums Y_j/T_j in W/K."""
        return _times(
            "rate", rate, scipy.constants.k * self.reference_energy / scipy.constants.hbar
        )


def _times(name: str, values: ArrayLike, factor: float) -> FloatArray:
    return float_array(name, values, "Give numbers.") * factor + 0.0  # no current is 0, never -0
