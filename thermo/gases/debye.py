"""A lattice of atoms: Debye's model of its phonons, from T^D at low T to Dulong and Petit."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import final

import numpy as np
from numpy.polynomial import polynomial
from scipy.special import zeta

from oqs.arguments import FloatArray, positive_number
from oqs.exports import exported
from oqs.summary import page_of_fields
from thermo.gases.thermal import HeatState, ThermalGas

_DIMENSIONS = (1, 2, 3)
_BORDER = 2.0  # of x: below, the series in x converges as (x/2 pi)^k; above, that in e^(-x)
_POWERS, _TERMS = 40, 20  # of the two: (1/pi)^40 and e^(-40) are no digit


@exported
@final
@dataclasses.dataclass(frozen=True)
class DebyeSolid(ThermalGas):
    """The phonons of a lattice in D dimensions with a linear spectrum up to the energy T_D.

    E = D T D_D(x),   S = (D+1) D_D(x) - D ln(1 - e^(-x)),   C = D [(D+1) D_D(x) - D x/(e^x - 1)],

    per atom, with x = T_D/T and Debye's function D_D(x) = D x^(-D) int_0^x t^D/(e^t - 1) dt. The
    capacity of its `Reservoir` is the number of atoms. Zero-point energy is left out.

    Parameters
    ----------
    T_D : Debye temperature > 0, in units of energy (k_B = 1).
    dimension : D, 1, 2 or 3.

    Raises
    ------
    TypeError, ValueError
        if T_D is not a finite number > 0 or dimension is none of these. Every method: if T <= 0 or
        is not finite, or mu is neither 0 nor NaN.

    Notes
    -----
    Every entry to 1e-14 relative at any T. For T << T_D the law of `BoseGas(D)`, in three
    dimensions C = (12 pi^4/5)(T/T_D)^3; for T >> T_D C = D, Dulong and Petit. Source: Landau and
    Lifshitz, Statistical Physics, Part 1, paragraph 66.

    Examples
    --------
    >>> import thermo
    >>> lattice = thermo.DebyeSolid(T_D=1.0)
    >>> [round(float(lattice.jacobian(T)[1, 0]), 4) for T in (0.01, 0.1, 1.0, 10.0)]
    [0.0002, 0.2275, 2.8552, 2.9985]
    """

    T_D: float
    dimension: int = 3

    _repr_html_ = page_of_fields

    def __post_init__(self) -> None:
        remedy = "It is the largest energy of a phonon, in units of energy (k_B = 1)."
        object.__setattr__(self, "T_D", positive_number("T_D", self.T_D, remedy))
        whole = isinstance(self.dimension, int) and not isinstance(self.dimension, bool)
        if not whole or self.dimension not in _DIMENSIONS:
            raise ValueError(
                f"Argument `dimension` must be 1, 2 or 3, but is {self.dimension!r}. "
                "A crystal has 3."
            )

    def heat_state(self, T: FloatArray) -> HeatState:
        """Return E, S and C at temperatures T (...)."""
        d = self.dimension
        x = self.T_D / T
        mean = debye_function(d, x)
        below = np.exp(-x)
        occupied = below / -np.expm1(-x)  # n_B at T_D
        return HeatState(
            energy=d * T * mean,
            entropy=(d + 1) * mean - d * np.log(-np.expm1(-x)),
            heat_capacity=d * ((d + 1) * mean - d * x * occupied),
        )


def debye_function(n: int, x: FloatArray) -> FloatArray:
    """Return D_n(x) = n x^(-n) int_0^x t^n/(e^t - 1) dt for x (...) > 0, n >= 1.

    Up to x = 2 by the Bernoulli numbers B_k, n sum_k B_k x^k/(k! (n + k)); above from infinity,
    n! zeta(n+1) less what lies beyond x, sum_k e^(-k x) times a polynomial of 1/k and x.
    """
    series = polynomial.polyval(np.minimum(x, _BORDER), _coefficients(n))
    far = np.maximum(x, _BORDER)
    k = np.arange(1, _TERMS + 1)
    tail = np.zeros(x.shape)
    for power in range(n + 1):
        weights = math.factorial(n) / math.factorial(power) / k ** (n + 1.0 - power)
        tail += far**power * (np.exp(-far[..., None] * k) @ weights)
    total = n * (math.factorial(n) * float(zeta(n + 1)) - tail) / far**n
    return np.asarray(np.where(x <= _BORDER, series, total), dtype=np.float64)


@functools.cache
def _coefficients(n: int) -> FloatArray:
    """Return n B_k / (k! (n + k)), with B_k/k! = -2 (-1)^(k/2) zeta(k) / (2 pi)^k at even k."""
    k = np.arange(2, _POWERS + 1, 2)
    coefficients = np.zeros(_POWERS + 1)
    coefficients[:2] = 1.0, -n / (2 * (n + 1))
    coefficients[2::2] = -2 * (-1.0) ** (k // 2) * zeta(k) / (2 * math.pi) ** k * n / (n + k)
    return coefficients
