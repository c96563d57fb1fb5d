"""Direct links between two reservoirs: heat leaks, electron-phonon cooling, a metal wire."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Final, TypeAlias, final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, floats_together, positive_number, real_number
from oqs.exports import exported
from oqs.summary import page_of_fields

_PI2_6: Final = math.pi**2 / 6

Slopes: TypeAlias = tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
"""Derivatives (...) of a flow out of a, and of that out of b, each with respect to a and to b."""


@exported
@final
@dataclasses.dataclass(frozen=True)
class HeatLink:
    """A link that carries K (T_a^s - T_b^s) of energy per unit time from reservoir a to b.

    s = 1 is a linear conductance, s = 4 black-body radiation in three dimensions, s = 5 the cooling
    of electrons by phonons, Sigma V (T_e^5 - T_ph^5), in a clean metal.

    Parameters
    ----------
    strength : K >= 0; energy per unit time (hbar = 1) over T^s. For electrons and phonons Sigma V.
    exponent : s > 0.

    Raises
    ------
    TypeError, ValueError
        if one is no such number.

    Notes
    -----
    Source: F. Giazotto et al., Rev. Mod. Phys. 78, 217 (2006), doi:10.1103/RevModPhys.78.217.

    Examples
    --------
    >>> import thermo
    >>> print(thermo.HeatLink(2.0, exponent=5)(1.0, 0.5))
    1.9375
    """

    strength: float
    exponent: float = 1.0

    _repr_html_ = page_of_fields

    def __post_init__(self) -> None:
        remedy = "It is the heat per unit time at T_a^s - T_b^s = 1."
        strength = real_number("strength", self.strength, remedy)
        if not strength >= 0:
            raise ValueError(
                f"Argument `strength` must be >= 0, but is {strength!r}: heat would flow from cold "
                f"to hot. {remedy}"
            )
        object.__setattr__(self, "strength", strength)
        power = positive_number("exponent", self.exponent, "1 is a linear conductance.")
        object.__setattr__(self, "exponent", power)

    def __call__(self, T_a: FloatArray, T_b: FloatArray) -> FloatArray:
        """Return the energy per unit time (...) from a to b at T_a, T_b (...)."""
        remedy = "Give temperatures in units of energy (k_B = 1)."
        T_a, T_b = floats_together(remedy, T_a=T_a, T_b=T_b)
        if self.exponent == 1:
            return self.strength * (T_a - T_b)
        return self.strength * (T_a**self.exponent - T_b**self.exponent)

    def slopes(self, T_a: FloatArray, T_b: FloatArray) -> dict[str, Slopes]:
        """Return the derivatives of the flows out of a, b (rows) by T_a, T_b (columns)."""
        per_T, power = self.strength * self.exponent, self.exponent - 1
        by_a, by_b = per_T * T_a**power, -per_T * T_b**power
        rows = (by_a, by_b), (-by_a, -by_b)
        return {"energy_T": rows, "heat_T": rows}


@exported
@final
@dataclasses.dataclass(frozen=True)
class OhmicLink:
    """A link that carries electrons as a metal does: Ohm's law with Wiedemann and Franz.

        P = G (mu_a - mu_b),
        Y_a = G [(pi^2/6)(T_a^2 - T_b^2) - (mu_a - mu_b)^2/2],
        Y_b = G [(pi^2/6)(T_b^2 - T_a^2) - (mu_a - mu_b)^2/2],

    out of a, and heat out of a and b: half of Joule's heat reaches each. Exact (Landauer) for a
    transmission that does not depend on energy, with the bottom of the bands far below mu.

    Parameters
    ----------
    conductance : G >= 0, dimensionless: particles per unit time and mu (hbar = 1); 1/(2 pi) is one
        open channel, the conductance quantum e^2/h.

    Raises
    ------
    TypeError, ValueError
        if it is no such number.

    Notes
    -----
    Heat conductance at small T_a - T_b: (pi^2/3) T G, Wiedemann and Franz. Clausius' sum is never
    positive. Source: U. Sivan and Y. Imry, Phys. Rev. B 33, 551 (1986).

    Examples
    --------
    >>> import thermo
    >>> wire = thermo.with_links(None, {("a", "b"): thermo.OhmicLink(0.1)})
    >>> flows = wire([0.5, 0.5], [2.0, 1.0])
    >>> flows.particle.tolist(), flows.heat.tolist()
    ([0.1, -0.1], [-0.05, -0.05])
    """

    conductance: float

    _repr_html_ = page_of_fields

    def __post_init__(self) -> None:
        remedy = "It is particles per unit time over mu_a - mu_b."
        conductance = real_number("conductance", self.conductance, remedy)
        if not conductance >= 0:
            raise ValueError(
                f"Argument `conductance` must be >= 0, but is {conductance!r}. {remedy}"
            )
        object.__setattr__(self, "conductance", conductance)

    def carried(
        self, T_a: FloatArray, mu_a: FloatArray, T_b: FloatArray, mu_b: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return P and J (...) from a to b, and the heats Y_a, Y_b (...) that a and b lose."""
        drop = mu_a - mu_b
        particle = self.conductance * drop
        thermal = self.conductance * _PI2_6 * (T_a - T_b) * (T_a + T_b)
        joule = particle * drop / 2
        energy = thermal + particle * (mu_a + mu_b) / 2
        return particle, energy, thermal - joule, -thermal - joule

    def slopes(
        self, T_a: FloatArray, mu_a: FloatArray, T_b: FloatArray, mu_b: FloatArray
    ) -> dict[str, Slopes]:
        """Return the derivatives of the flows out of a, b (rows) by T or mu of a, b (columns)."""
        G, drop = self.conductance, mu_a - mu_b
        by_a, by_b = 2 * _PI2_6 * G * T_a, -2 * _PI2_6 * G * T_b
        thermal = (by_a, by_b), (-by_a, -by_b)
        one = np.full_like(drop, G)
        return {
            "particle_mu": ((one, -one), (-one, one)),
            "energy_T": thermal,
            "energy_mu": ((G * mu_a, -G * mu_b), (-G * mu_a, G * mu_b)),
            "heat_T": thermal,
            "heat_mu": ((-G * drop, G * drop), (-G * drop, G * drop)),
        }


HeatFlow: TypeAlias = Callable[[FloatArray, FloatArray], ArrayLike]
"""(T_a, T_b) -> energy per unit time from a to b, for arrays (...) of temperatures."""

Link: TypeAlias = HeatFlow | OhmicLink
"""What may join two reservoirs."""
