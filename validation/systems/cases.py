"""The parameter sets of the paper's five figures, arXiv:2412.15355: those of the shipped scenarios.

Energies are in units of the paper's reference temperature, T = 1000 K (k_B = hbar = 1). The paper
prints no capacities A_j V_j; equal ones reproduce what it claims.
"""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np

import oqs
import thermo
import thermo.scenario
from oqs.arguments import FloatArray, read_only
from oqs.contact.rates import PowerLaw

_ARRAYS = ("energies", "T", "mu", "prefactors", "capacities")


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Case:
    """A quadratic system between n finite reservoirs, with the initial state of a figure.

    Mode k exchanges particles with reservoir j at the rate gamma_j(w) = prefactor_j w^exponent,
    each mode on its own: Eq. (9).
    """

    name: str  # "figure 1" to "figure 5"
    reference: str  # where the numbers are printed
    energies: FloatArray  # (N,) w_k in the order of print, units of energy. Arrays are read-only.
    T: FloatArray  # (n,) initial temperatures, units of energy
    mu: FloatArray  # (n,) initial chemical potentials, units of energy
    prefactors: FloatArray  # (n,) of gamma_j, units of energy^(1 - exponent)
    exponent: float  # of gamma_j, common to all
    alpha: float  # D/d of the reservoirs' gas, density of states A V eps^(alpha - 1)
    capacities: FloatArray  # (n,) A_j V_j, units of energy^(-alpha)
    note: str  # what has to be known of the print; may be empty

    def __post_init__(self) -> None:
        for field in _ARRAYS:
            object.__setattr__(self, field, read_only(np.array(getattr(self, field), dtype=float)))

    @classmethod
    def of_figure(cls, number: int) -> Case:
        """Return the case of a figure, 1 to 5."""
        read = thermo.scenario.read(f"figure_{number}")
        reference, _, note = read.note.partition("; ")
        system, gas = read.system, read.reservoirs[0].gas
        rates = [contact.rate for contact in read.contacts if isinstance(contact, oqs.Contact)]
        laws = [rate for rate in rates if isinstance(rate, PowerLaw)]
        assert isinstance(system, oqs.QuadraticSystem)
        assert isinstance(gas, thermo.SommerfeldGas)
        return cls(
            name=f"figure {number}",
            reference=reference,
            energies=np.diag(system.h).real,
            T=read.T,
            mu=read.mu,
            prefactors=np.array([law.prefactor for law in laws]),
            exponent=laws[0].exponent,
            alpha=gas.alpha,
            capacities=np.array([reservoir.capacity for reservoir in read.reservoirs]),
            note=note,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the reservoirs: their numbers in the paper, "1" to "n"."""
        return tuple(str(j + 1) for j in range(len(self.T)))

    def system(self) -> oqs.QuadraticSystem:
        """Return the open system, H_S = sum_k w_k a_k^+ a_k, Eq. (8)."""
        return oqs.QuadraticSystem.from_energies(self.energies)

    def contacts(self) -> tuple[oqs.Contact, ...]:
        """Return the n contacts, gamma_j(w) = prefactor_j w^exponent."""
        return tuple(
            oqs.Contact(rate=oqs.power_law(float(prefactor), self.exponent), name=name)
            for prefactor, name in zip(self.prefactors, self.names, strict=True)
        )

    def closed_form(self) -> oqs.ClosedForm:
        """Return its flows by Eq. (10)."""
        return oqs.closed_form(self.system(), self.contacts())

    def model(self) -> oqs.DaviesModel:
        """Return its Davies model."""
        return oqs.davies(self.system(), self.contacts())

    def boxes(self, capacity: float) -> list[thermo.Reservoir]:
        """Return n reservoirs of one capacity with the exact ideal gas."""
        return [thermo.Reservoir(thermo.FermiDiracGas(self.alpha), capacity) for _ in self.T]

    def reservoirs(self, gas: thermo.EquationOfState | None = None) -> tuple[thermo.Reservoir, ...]:
        """Return the n reservoirs, filled with `gas`; without it the truncated gas of Eq. (11)."""
        filling = thermo.SommerfeldGas(alpha=self.alpha) if gas is None else gas
        return tuple(
            thermo.Reservoir(filling, capacity=float(capacity), name=name)
            for capacity, name in zip(self.capacities, self.names, strict=True)
        )


CASES = tuple(Case.of_figure(number) for number in range(1, 6))
"""All five, in order."""

FIGURE_1, FIGURE_2, FIGURE_3, FIGURE_4, FIGURE_5 = CASES
