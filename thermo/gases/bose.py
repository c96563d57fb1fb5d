"""Bosons whose number is not conserved: photons, phonons of a linear spectrum, magnons."""

from __future__ import annotations

import dataclasses
import functools
from typing import Final, final

from scipy.special import gamma, zeta

from oqs.arguments import FloatArray, float_array
from oqs.exports import exported
from oqs.summary import page_of_fields
from thermo.gases.base import alpha_argument
from thermo.gases.thermal import HeatState, ThermalGas

SMALLEST_ALPHA: Final = 1e-3
LARGEST_ALPHA: Final = 100.0


@exported
@final
@dataclasses.dataclass(frozen=True)
class BoseGas(ThermalGas):
    """Bosons with density of states A V eps^(alpha-1) and mu = 0: black-body radiation and its kin.

    E = A V Gamma(alpha+1) zeta(alpha+1) T^(alpha+1),
    S = (alpha+1)/alpha E/T,   C = (alpha+1) E/T,

    from E = A V int eps^alpha / (e^(eps/T) - 1) d eps and T dS = dE. Here A V = 1; a `Reservoir`
    carries the capacity.

    Parameters
    ----------
    alpha : D/d of bosons in D dimensions with the spectrum eps = c p^d, from 1e-3 to 100: 3 for
        photons and acoustic phonons in three dimensions, 1 in a transmission line.

    Raises
    ------
    TypeError, ValueError
        if alpha is not a number in that range. Every method: if T <= 0, if one is not finite, if mu
        is neither 0 nor NaN, or if a result overflows.

    Notes
    -----
    Photons in a box of volume V: alpha = 3, A V = V/(pi^2 (hbar c)^3), both polarisations counted.
    Source: Landau and Lifshitz, Statistical Physics, Part 1, paragraph 63.

    Examples
    --------
    >>> import thermo
    >>> photons = thermo.BoseGas(alpha=3)
    >>> round(float(photons.energy(2.0)), 6)  # pi^4/15 T^4
    103.90303
    """

    alpha: float

    _repr_html_ = page_of_fields

    def __post_init__(self) -> None:
        alpha = alpha_argument(self.alpha)
        if not SMALLEST_ALPHA <= alpha <= LARGEST_ALPHA:
            raise ValueError(
                f"Argument `alpha` must be between {SMALLEST_ALPHA:g} and {LARGEST_ALPHA:g} for "
                f"BoseGas, but is {alpha!r}. It is D/d; 3 for photons."
            )
        object.__setattr__(self, "alpha", alpha)

    def heat_state(self, T: FloatArray) -> HeatState:
        """Return E, S and C at temperatures T (...)."""
        T = float_array("T", T, "Give temperatures in units of energy (k_B = 1).")
        per_T: FloatArray = self._factor * T**self.alpha  # E/T
        above = self.alpha + 1
        return HeatState(per_T * T, above / self.alpha * per_T, above * per_T)

    @functools.cached_property
    def _factor(self) -> float:
        return float(gamma(self.alpha + 1) * zeta(self.alpha + 1))
