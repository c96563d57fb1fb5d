"""The ideal Fermi gas, exact at any T and mu."""

from __future__ import annotations

import dataclasses
import math
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray
from oqs.exports import exported
from oqs.summary import page_of_fields
from thermo.gases.base import GasState, JointGas, alpha_argument, within_doubles
from thermo.gases.fermi_integrals import LARGEST_EXPONENT, SMALLEST_EXPONENT, moment_table
from thermo.gases.sommerfeld import power_law_ground_state


@exported
@final
@dataclasses.dataclass(frozen=True)
class FermiDiracGas(JointGas):
    """The ideal Fermi gas with density of states A V eps^(alpha-1), at any T > 0 and real mu.

    N = A V Gamma(alpha) T^alpha F_(alpha-1)(x),
    E = A V Gamma(alpha+1) T^(alpha+1) F_alpha(x),            x = mu/T,
    S = A V Gamma(alpha) T^alpha [(alpha+1) F_alpha(x) - x F_(alpha-1)(x)],

    with the normalised complete Fermi-Dirac integrals F_s; S follows from the grand potential
    Omega = -E/alpha. Its derivatives: dE/dT = alpha S, dE/dmu = alpha N, dN/dT = dS/dmu.
    Here A V = 1; a `Reservoir` carries the capacity.

    Parameters
    ----------
    alpha : D/d of a D-dimensional gas with the spectrum eps = c p^d, from 1e-3 to 100.

    Raises
    ------
    TypeError, ValueError
        if alpha is not a number in that range. Every method: if T <= 0, if one is not finite, or
        if a result overflows.

    Notes
    -----
    Every entry to 1e-13 relative for any x (2e-13 at alpha = 100): S and dN/dT, small
    differences of large terms at large x, have series and quadratures of their own
    (`thermo.gases.fermi_integrals`). Two exceptions: dN/dT changes sign once for alpha < 1, and for
    alpha = 1 it is e^(-x) at large x and returned as 0 beyond x = 48; so near alpha = 1 it is good
    to 1e-18/|alpha - 1| there.

    Source: arXiv:2412.15355, supplement, before the expansion (19).

    Examples
    --------
    >>> gas = thermo.FermiDiracGas(alpha=1.5)
    >>> gas.number([1.0, 1.0], [-2.0, 16.0]).round(6)  # dilute, degenerate
    array([ 0.114588, 42.873005])
    >>> gas.state(1.0, 16.0).jacobian.round(4)
    array([[ 0.4142,  3.9935],
           [19.6937, 64.3095]])
    """

    alpha: float

    _repr_html_ = page_of_fields

    def __post_init__(self) -> None:
        alpha = alpha_argument(self.alpha)
        if not SMALLEST_EXPONENT <= alpha <= LARGEST_EXPONENT:
            raise ValueError(
                f"Argument `alpha` must be between {SMALLEST_EXPONENT:g} and "
                f"{LARGEST_EXPONENT:g} for FermiDiracGas, but is {alpha!r}. It is D/d."
            )
        object.__setattr__(self, "alpha", alpha)

    def state(self, T: ArrayLike, mu: ArrayLike) -> GasState:
        """Return N, E, S and the Jacobian together."""
        return within_doubles(self._evaluate, self, T, mu)

    def check(self, T: ArrayLike, mu: ArrayLike) -> None:
        """Raise ValueError unless T > 0 and mu are finite and nothing overflows."""
        self.state(T, mu)

    def estimate(self, N: float, E: float) -> tuple[float, float]:
        """Return a state near (N, E); raise ValueError unless E is above the ground state.

        Degenerate, E - E_0 = (pi^2/6) mu_F^(alpha-1) T^2, where that gives T < mu_F/4; else
        classical, E = alpha N T and N = Gamma(alpha) T^alpha e^x, with x at most 2.
        """
        fermi, ground = power_law_ground_state(self.alpha, N, E)
        if fermi > 0:  # else it underflows, and the gas is classical
            degenerate = math.sqrt(6 * (E - ground) / (math.pi**2 * fermi ** (self.alpha - 1)))
            if degenerate < fermi / 4:
                return degenerate, fermi
        classical = E / (self.alpha * N)
        x = math.log(N) - math.lgamma(self.alpha) - self.alpha * math.log(classical)
        return classical, classical * min(x, 2.0)

    def _evaluate(self, T: FloatArray, mu: FloatArray, x: FloatArray) -> GasState:
        n, e, s, dn, ds, stretch = moment_table(self.alpha)(x)
        scale = T * stretch  # T, or proportional to mu in the degenerate tail
        slope: FloatArray = scale ** (self.alpha - 1)
        level = slope * scale
        number = level * n
        entropy = level / stretch * s
        jacobian = np.empty((*x.shape, 2, 2))
        jacobian[..., 0, 0] = slope / stretch * ds
        jacobian[..., 0, 1] = slope * dn
        jacobian[..., 1, 0] = self.alpha * entropy
        jacobian[..., 1, 1] = self.alpha * number
        return GasState(number, level * scale * e, entropy, jacobian)
