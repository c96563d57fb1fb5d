"""How fast T and mu of a reservoir change under given flows: Eqs. (5), (11), (24), (25)."""

from __future__ import annotations

import math
from typing import NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, float_array, floats_together
from oqs.exports import exported
from thermo.gases import sommerfeld_d, sommerfeld_q
from thermo.gases.base import alpha_argument

_NUMBERS = "Give numbers in units of energy."


def heat_reservoir_rate(heat_capacity: FloatArray, heat: FloatArray) -> FloatArray:
    """Return dT/dt = -J/C (...), Eq. (5) of a reservoir that conserves energy alone.

    Parameters
    ----------
    heat_capacity : (...) C = dE/dT, capacity included.
    heat : (...) J = Y, positive where the reservoir loses.
    """
    return np.asarray(-heat / heat_capacity)


@final
class SommerfeldRates(NamedTuple):
    """Rates of change of a reservoir of the Sommerfeld gas, x = mu/T."""

    temperature: FloatArray  # (...) dT/dt, units of energy per time
    ratio: FloatArray  # (...) dx/dt, per time
    potential: FloatArray  # (...) dmu/dt, units of energy per time


@exported
def reservoir_rates(
    jacobian: FloatArray, T: FloatArray, mu: FloatArray, particle: FloatArray, heat: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return dT/dt and dmu/dt (...), Eq. (5), for the flows P and Y = J - mu P out of a reservoir.

    With C = dE/dT - mu dN/dT and Delta = C dN/dmu - T (dN/dT)^2 > 0, Eq. (5) reads

        dT/dt  = (T dN/dT P - dN/dmu Y) / Delta,
        dmu/dt = (dN/dT Y - C P) / Delta.

    Parameters
    ----------
    jacobian : (..., 2, 2) [[dN/dT, dN/dmu], [dE/dT, dE/dmu]], capacity included.
    T, mu : (...) in units of energy.
    particle, heat : (...) P_j and Y_j, positive where the reservoir loses.

    Notes
    -----
    The printed form divides by the determinant of the Jacobian, in which parts of relative size
    (mu/T)^2 cancel. Here they are cancelled beforehand by the Maxwell relation
    dE/dmu = mu dN/dmu + T dN/dT, which every equation of state obeys.

    Examples
    --------
    >>> gas = thermo.SommerfeldGas(alpha=1.5)
    >>> T, mu, P, J = np.array([0.6, 20.8, 1e-4, 2.1e-3])
    >>> rates = thermo.reservoir_rates(gas.jacobian(T, mu), T, mu, P, J - mu * P)
    >>> print("dT/dt = {:.6e}, dmu/dt = {:.6e}".format(*rates))
    dT/dt = -1.906564e-06, dmu/dt = -2.184346e-05
    >>> rates = thermo.sommerfeld_rates(1.5, 1.0, T, mu, P, J)
    >>> print("dT/dt = {0:.6e}, dmu/dt = {2:.6e}".format(*rates))
    dT/dt = -1.906564e-06, dmu/dt = -2.184346e-05
    """
    jacobian = float_array("jacobian", jacobian, _NUMBERS)
    if jacobian.shape[-2:] != (2, 2):
        raise ValueError(
            f"Argument `jacobian` must have shape (..., 2, 2), but has shape {jacobian.shape}. "
            "Give gas.jacobian(T, mu) times the capacity."
        )
    entries = {"jacobian[..., 0, 0]": jacobian[..., 0, 0]}
    _, T, mu, particle, heat = floats_together(
        _NUMBERS, **entries, T=T, mu=mu, particle=particle, heat=heat
    )
    return rates_of_reservoir(jacobian, T, mu, particle, heat)


def rates_of_reservoir(
    jacobian: FloatArray, T: FloatArray, mu: FloatArray, particle: FloatArray, heat: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Do as `reservoir_rates`, without its checks: a right-hand side asks thousands of times.

    Eq. (5) is linear in the flows, which may be complex: columns of a Jacobian.
    """
    number_T, number_mu = jacobian[..., 0, 0], jacobian[..., 0, 1]
    heat_T = jacobian[..., 1, 0] - mu * number_T
    cross = T * number_T
    delta = heat_T * number_mu - cross * number_T
    return (
        (cross * particle - number_mu * heat) / delta,
        (number_T * heat - heat_T * particle) / delta,
    )


@exported
def sommerfeld_rates(
    alpha: float,
    capacity: ArrayLike,
    T: ArrayLike,
    mu: ArrayLike,
    particle: ArrayLike,
    energy: ArrayLike,
) -> SommerfeldRates:
    """Return dT/dt, dx/dt and dmu/dt of the Sommerfeld gas in closed form, Eqs. (11), (24), (25).

    With x = mu/T, Q_a and D as in `thermo.gases.sommerfeld` and At V = (pi^2/3) A V,

        dT/dt  = [Q_alpha T P - Q_(alpha-1) J] / (At V T^alpha D),
        dx/dt  = [Q_alpha J - Q_(alpha+1) T P] / (At V T^(alpha+1) D),
        dmu/dt = [(alpha-1) J - alpha x T P] x^(alpha-2) / (A V T^alpha D).

    Parameters
    ----------
    alpha : D/d > 0.
    capacity : (...) A V.
    T, mu : (...) in units of energy, x > 0.
    particle, energy : (...) P and J, positive where the reservoir loses.

    Notes
    -----
    The second line of Eq. (11) is dx/dt. Source: arXiv:2412.15355, supplement.

    Examples
    --------
    >>> rates = thermo.sommerfeld_rates(
    ...     alpha=1.5, capacity=1.0, T=0.6, mu=20.8, particle=1e-4, energy=2.1e-3
    ... )
    >>> print(f"dT/dt = {rates[0]:.4e}, dmu/dt = {rates[2]:.4e}")  # it loses heat: Y = 2e-5
    dT/dt = -1.9066e-06, dmu/dt = -2.1843e-05
    """
    alpha = alpha_argument(alpha)
    size, t, x, p, j = floats_together(
        _NUMBERS, capacity=capacity, T=T, mu=mu, particle=particle, energy=energy
    )
    x = x / t
    size = size * t**alpha * sommerfeld_d(alpha, x)
    tilde = math.pi**2 / 3 * size
    below, at, above = (sommerfeld_q(a, x) for a in (alpha - 1, alpha, alpha + 1))
    return SommerfeldRates(
        temperature=(at * t * p - below * j) / tilde,
        ratio=(at * j - above * t * p) / (tilde * t),
        potential=((alpha - 1) * j - alpha * x * t * p) * x ** (alpha - 2) / size,
    )
