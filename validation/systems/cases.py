"""The parameter sets of the paper's five figures, arXiv:2412.15355, as data.

Energies are in units of the paper's reference temperature, T = 1000 K (k_B = hbar = 1). The paper
prints no capacities A_j V_j; equal ones reproduce what it claims.
"""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
from numpy.typing import ArrayLike

import oqs
import thermo
from oqs.arguments import (
    FloatArray,
    has_shape,
    positive,
    positive_number,
    read_only,
    real_array,
    real_number,
    temperatures_and_potentials,
)


@final
@dataclasses.dataclass(frozen=True, eq=False, init=False)
class Case:
    """A quadratic system between n finite reservoirs, with the initial state of a figure.

    Mode k exchanges particles with reservoir j at the rate gamma_j(w) = prefactor_j w^exponent,
    each mode on its own: Eq. (9).

    Parameters
    ----------
    name : "figure 1" to "figure 5".
    reference : where the numbers are printed.
    energies : (N,) w_k in the order of print, units of energy.
    T, mu : (n,) initial temperatures and chemical potentials, units of energy.
    prefactors : (n,) of gamma_j, units of energy^(1 - exponent).
    exponent : of gamma_j, common to all.
    alpha : D/d of the reservoirs' gas, density of states A V eps^(alpha - 1).
    capacities : (n,) A_j V_j, units of energy^(-alpha).
    note : what has to be known of the print; may be empty.

    Raises
    ------
    TypeError, ValueError
        if the arrays do not hold finite numbers > 0 (mu: finite), one per reservoir.
    """

    name: str
    reference: str
    energies: FloatArray
    T: FloatArray
    mu: FloatArray
    prefactors: FloatArray
    exponent: float
    alpha: float
    capacities: FloatArray
    note: str

    def __init__(
        self,
        name: str,
        *,
        reference: str,
        energies: ArrayLike,
        T: ArrayLike,
        mu: ArrayLike,
        prefactors: ArrayLike,
        exponent: float = 0.5,
        alpha: float = 1.5,
        capacities: ArrayLike | None = None,
        note: str = "",
    ) -> None:
        modes = real_array("energies", energies, "Give one energy per mode.")
        positive("energies", modes, "The power law of the rates starts at w = 0.")
        n = np.size(T)
        temperature, potential = temperatures_and_potentials(T, mu, n)
        sizes = np.ones(n) if capacities is None else capacities
        arrays = {"energies": modes, "T": temperature, "mu": potential}
        for field, values in (("prefactors", prefactors), ("capacities", sizes)):
            arrays[field] = real_array(field, values, "Give one per reservoir.")
            has_shape(field, arrays[field], (n,), "Give one per reservoir.")
            positive(field, arrays[field], "A reservoir without contact or size is none.")
        for field, array in arrays.items():
            object.__setattr__(self, field, read_only(array))
        numbers = {
            "exponent": real_number("exponent", exponent, "It is that of the rates' power law."),
            "alpha": positive_number("alpha", alpha, "It is D/d of the gas."),
        }
        plain = {"name": name, "reference": reference, "note": note}
        for field, value in (plain | numbers).items():
            object.__setattr__(self, field, value)

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

    def reservoirs(self, gas: thermo.EquationOfState | None = None) -> tuple[thermo.Reservoir, ...]:
        """Return the n reservoirs, filled with `gas`; without it the truncated gas of Eq. (11)."""
        filling = thermo.SommerfeldGas(alpha=self.alpha) if gas is None else gas
        return tuple(
            thermo.Reservoir(filling, capacity=float(capacity), name=name)
            for capacity, name in zip(self.capacities, self.names, strict=True)
        )


_EQUAL = "the capacities A_j V_j are not printed; equal ones are taken"

FIGURE_1 = Case(
    "figure 1",
    reference="arXiv:2412.15355, Fig. 1",
    energies=[21.1, 21.5],
    T=[0.6, 1.0],
    mu=[20.8, 16.0],
    prefactors=[1e-4, 1e-4],
    note=_EQUAL,
)

FIGURE_2 = Case(
    "figure 2",
    reference="arXiv:2412.15355, Fig. 2",
    energies=[17.1, 17.5],
    T=[0.8, 1.0],
    mu=[18.8, 18.0],
    prefactors=[1e-4, 1e-4],
    note=_EQUAL,
)

FIGURE_3 = Case(
    "figure 3",
    reference="arXiv:2412.15355, Fig. 3",
    energies=[17.1, 17.5],
    T=[0.8, 1.07],
    mu=[18.8, 18.0],
    prefactors=[1e-4, 1e-4],
    note=f"{_EQUAL}; with them the printed T_2 = 1.07 does not flip the order of mu, a larger does",
)

FIGURE_4 = Case(
    "figure 4",
    reference="arXiv:2412.15355, Fig. 4",
    energies=[21.5, 21.2],
    T=[0.3, 0.2, 0.1, 0.15],
    mu=[21.0, 19.0, 20.2, 20.9],
    prefactors=[1e-3, 1e-4, 1e-3, 0.05e-4],
    note=f"{_EQUAL}; the rates are printed as ratios to gamma_2",
)

FIGURE_5 = Case(
    "figure 5",
    reference="arXiv:2412.15355, Fig. 5",
    energies=[18.5, 18.0, 20.5, 21.0, 17.0, 17.5],
    T=[1.0, 0.6, 0.8, 0.7, 0.8],
    mu=[20.5, 18.0, 20.0, 17.0, 21.0],
    prefactors=[1e-4, 1e-5, 1e-4, 0.5e-4, 0.5e-4],
    note=_EQUAL,
)

CASES: tuple[Case, ...] = (FIGURE_1, FIGURE_2, FIGURE_3, FIGURE_4, FIGURE_5)
"""All five, in order."""
