"""The degenerate ideal Fermi gas, expanded to second order in T/mu: Eqs. (19)-(21)."""

from __future__ import annotations

import dataclasses
import math
from typing import Final, final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, shortest
from oqs.exports import exported
from oqs.summary import page_of_fields
from thermo.gases.base import GasState, JointGas, alpha_argument, states, within_doubles

_PI2_6 = math.pi**2 / 6
# smallest mu/T at which the formulas are evaluated: far below their validity
DEFINED: Final = 0.01


def sommerfeld_q(a: float, x: ArrayLike) -> FloatArray:
    """Return Q_a(x) = x^a + (pi^2/6) a (a-1) x^(a-2), below Eq. (21), for x = mu/T > 0.

    In it N = A V T^alpha Q_alpha/alpha and E = A V T^(alpha+1) Q_(alpha+1)/(alpha+1).
    """
    ratio = np.asarray(x, dtype=np.float64)
    power: FloatArray = ratio ** (a - 2)
    return power * (ratio * ratio + _PI2_6 * a * (a - 1))


def sommerfeld_d(alpha: float, x: ArrayLike) -> FloatArray:
    """Return D(x) = x^(2 alpha - 4) (x^2 - (pi^2/6) alpha (alpha-1)) of Eqs. (24), (25), x > 0.

    Q_(alpha-1) Q_(alpha+1) - Q_alpha^2 = (pi^2/3) D: the Jacobian is singular where D = 0.
    """
    ratio = np.asarray(x, dtype=np.float64)
    power: FloatArray = ratio ** (2 * alpha - 4)
    return power * (ratio * ratio - _PI2_6 * alpha * (alpha - 1))


@exported
@final
@dataclasses.dataclass(frozen=True)
class SommerfeldGas(JointGas):
    """The ideal Fermi gas with density of states A V eps^(alpha-1), to order (T/mu)^2.

    N = A V [mu^alpha/alpha + (pi^2/6) (alpha-1) mu^(alpha-2) T^2],               Eq. (20)
    E = A V [mu^(alpha+1)/(alpha+1) + (pi^2/6) alpha mu^(alpha-1) T^2],           Eq. (21)
    S = A V (pi^2/3) mu^(alpha-1) T, with which T dS = dE - mu dN holds exactly.

    Here A V = 1; a `Reservoir` carries the capacity.

    Parameters
    ----------
    alpha : D/d > 0 of a D-dimensional gas with the spectrum eps = c p^d.

    Raises
    ------
    TypeError, ValueError
        if alpha is not a finite number > 0. Every method: if T <= 0 or mu < 0.01 T.

    Notes
    -----
    The first term left out is (7 pi^4/360) alpha (alpha-1)(alpha-2)(alpha-3) x^(-4) of N, with
    x = mu/T: 1.7e-5 at alpha = 3/2, x = 16. For alpha = 1 and 2 only terms of e^(-x) are left
    out. `check` refuses x below `smallest_ratio`, where one of the two exceeds about a percent
    and the formulas, though defined, describe no gas.

    Source: arXiv:2412.15355, supplement.

    Examples
    --------
    >>> gas = thermo.SommerfeldGas(alpha=1.5)
    >>> state = gas.state(0.6, 20.8)
    >>> print(f"N = {state.number:.4f}, E = {state.energy:.3f}, S = {state.entropy:.4f}")
    N = 63.3067, E = 793.308, S = 9.0025
    >>> gas.jacobian([0.6, 1.0], [20.8, 16.0]).shape
    (2, 2, 2)
    """

    alpha: float

    _repr_html_ = page_of_fields

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha", alpha_argument(self.alpha))

    @property
    def smallest_ratio(self) -> float:
        """Smallest valid x = mu/T: max(4, where the first term left out is 1 % of N)."""
        a = self.alpha
        left_out = 7 * math.pi**4 / 360 * abs(a * (a - 1) * (a - 2) * (a - 3))
        return max(4.0, math.sqrt(math.sqrt(left_out / 0.01)))

    @property
    def singular_ratio(self) -> float:
        """The x = mu/T where the Jacobian is singular, sqrt((pi^2/6) alpha (alpha-1)), or 0."""
        return math.sqrt(max(0.0, _PI2_6 * self.alpha * (self.alpha - 1)))

    def state(self, T: ArrayLike, mu: ArrayLike) -> GasState:
        """Return N, E, S and the Jacobian together."""
        return within_doubles(self._evaluate, self, T, mu)

    def check(self, T: ArrayLike, mu: ArrayLike) -> None:
        """Raise ValueError unless every x = mu/T is at least `smallest_ratio`.

        That bound lies above `singular_ratio` for every alpha; a state at or below the singular
        ratio (within 5 %) is refused by that name.
        """
        self.state(T, mu)  # T > 0, mu > 0, nothing overflows
        x = states(T, mu)[2]
        least = float(x.min()) if x.size else math.inf
        if least >= self.smallest_ratio:
            return
        if least <= 1.05 * self.singular_ratio:
            raise ValueError(
                f"Argument `mu` must be well above {shortest(self.singular_ratio)} T for "
                f"SommerfeldGas(alpha={self.alpha:g}), whose Jacobian is singular there, but "
                f"mu/T is {shortest(least)}. Use FermiDiracGas, which is exact at any mu/T."
            )
        raise ValueError(
            f"Argument `mu` must be at least {shortest(self.smallest_ratio)} T for "
            f"SommerfeldGas(alpha={self.alpha:g}), an expansion in T/mu that is meaningless "
            f"below, but mu/T is {shortest(least)}. Use FermiDiracGas, which is exact at any mu/T."
        )

    def estimate(self, N: float, E: float) -> tuple[float, float]:
        """Return the lowest-order (T, mu) of given N, E; raise ValueError below the ground state.

        mu_F = (alpha N)^(1/alpha), E - E_0(N) = (pi^2/6) mu_F^(alpha-1) T^2 + O(T^4).
        """
        fermi, ground = power_law_ground_state(self.alpha, N, E)
        T = math.sqrt((E - ground) / (_PI2_6 * fermi ** (self.alpha - 1)))
        return min(T, fermi / self.smallest_ratio), fermi

    def _evaluate(self, T: FloatArray, mu: FloatArray, x: FloatArray) -> GasState:
        self._defined(x)
        a = self.alpha
        level: FloatArray = mu ** (a - 1)  # density of states at mu
        y = 1 / (x * x)
        number = level * mu * (1 / a + _PI2_6 * (a - 1) * y)
        energy = level * mu * mu * (1 / (a + 1) + _PI2_6 * a * y)
        entropy = 2 * _PI2_6 * level * T
        jacobian = np.empty((*x.shape, 2, 2))
        jacobian[..., 0, 0] = 2 * _PI2_6 * (a - 1) * level / x
        jacobian[..., 0, 1] = level * (1 + _PI2_6 * (a - 1) * (a - 2) * y)
        np.multiply(entropy, a, out=jacobian[..., 1, 0])
        np.multiply(number, a, out=jacobian[..., 1, 1])
        return GasState(number, energy, entropy, jacobian)

    def _defined(self, x: FloatArray) -> None:
        if x.size and not np.minimum.reduce(x, axis=None) >= DEFINED:
            raise ValueError(
                f"Argument `mu` must be positive and not below {DEFINED:g} T for SommerfeldGas, "
                f"an expansion in T/mu, but mu/T is {shortest(x.min())}. Use FermiDiracGas, "
                "which is exact at any mu/T."
            )


def power_law_ground_state(alpha: float, N: float, E: float) -> tuple[float, float]:
    """Return mu_F and E_0 of N particles in eps^(alpha-1); raise ValueError unless E > E_0.

    mu_F = (alpha N)^(1/alpha), E_0 = mu_F^(alpha+1)/(alpha+1).
    """
    try:
        fermi = (alpha * N) ** (1 / alpha)
    except OverflowError:
        raise ValueError(
            f"Argument `N` must leave the Fermi energy (alpha N)^(1/alpha) finite, but is {N:.6g} "
            f"at alpha = {alpha:g}. Choose a larger unit of energy."
        ) from None
    ground = fermi * alpha * N / (alpha + 1)
    if not ground < E:
        raise ValueError(
            f"Argument `E` must be above the ground-state energy {ground:.17g} of N = {N:.17g} "
            f"particles (alpha = {alpha:g}), but is {E:.17g}. Give more energy."
        )
    return fermi, ground
