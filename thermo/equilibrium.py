"""The common T and mu that reservoirs in contact reach: Eqs. (6), (29)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, positive, real_array, temperatures_and_potentials
from thermo.gases.combined import CombinedGas
from thermo.gases.inversion import invert
from thermo.gases.newton import RESIDUAL, residuals
from thermo.reservoir import Reservoir, Reservoirs


@final
@dataclasses.dataclass(frozen=True)
class Equilibrium:
    """The state of Eq. (6), and how well it solves it.

    Parameters
    ----------
    T, mu : common temperature and chemical potential, in units of energy (k_B = 1).
    number_residual : |sum_j N_j(T, mu) - sum_j N_j(0)| / sum_j N_j(0).
    energy_residual : the same of E, relative to the larger of |sum_j E_j(0)| and |T dE/dT|.
    """

    T: float
    mu: float
    number_residual: float
    energy_residual: float


def equilibrium(reservoirs: Iterable[Reservoir], T: ArrayLike, mu: ArrayLike) -> Equilibrium:
    """Return the state with the same total N and E as the reservoirs at T_j, mu_j: Eq. (6).

    sum_j N_j(T_eq, mu_eq) = sum_j N_j(T_j, mu_j),  sum_j E_j(T_eq, mu_eq) = sum_j E_j(T_j, mu_j).

    Parameters
    ----------
    reservoirs : n of them, of any gases and capacities.
    T, mu : (n,) where they start, in units of energy.

    Raises
    ------
    TypeError, ValueError
        if T or mu has another length than `reservoirs`, is not finite, or is outside the
        validity of its gas, or the equilibrium is outside the validity of one of the gases.

    Notes
    -----
    The total is itself a gas, and its inversion begins at the state of Eq. (29), or at the averages
    weighted with capacity where a mu is not positive. Reservoirs reach this state if they exchange
    particles at two distinct energies or more. Source: arXiv:2412.15355, Eq. (6).
    """
    group = Reservoirs(reservoirs)
    return checked_equilibrium(group, *group.checked(T, mu))


def checked_equilibrium(group: Reservoirs, T: FloatArray, mu: FloatArray) -> Equilibrium:
    """Return `equilibrium` of reservoirs at T, mu (n,) that they have checked."""
    state = group.state(T, mu)
    number, energy = math.fsum(state.number), math.fsum(state.energy)
    total = CombinedGas(group.parts)
    weights = group.capacities / group.capacities.sum()
    means = float(weights @ T), float(weights @ mu)
    guess = _mixed(weights, T, mu) if mu.min() > 0 else means  # in a classical gas mu is no heat
    try:
        t, m = invert(total, number, energy, guess=guess)
    except ValueError as error:
        raise ValueError(
            "Arguments `T` and `mu` must lead to an equilibrium within the validity of every gas, "
            f"but do not: {error}"
        ) from error
    residual = residuals(total.state(t, m), np.array(number), np.array(energy), t)
    found = Equilibrium(float(t), float(m), float(residual[0]), float(residual[1]))
    if not max(found.number_residual, found.energy_residual) <= RESIDUAL:
        raise ValueError(
            f"The equilibrium must have the N and E of the start to {RESIDUAL:g}, but the nearest "
            f"state found is {found}. Start nearer to it, or with gases that are less degenerate."
        )
    return found


def constant_density_equilibrium(
    capacities: ArrayLike, T: ArrayLike, mu: ArrayLike
) -> tuple[float, float]:
    """Return (T_eq, mu_eq) for a constant density of states, alpha = 1, in closed form: Eq. (29).

    mu_eq = <mu>,  T_eq^2 = <T^2> + (3/pi^2) (<mu^2> - <mu>^2),

    averages weighted with the capacities A_j V_j. Exact for SommerfeldGas(1); for FermiDiracGas(1)
    up to e^(-mu/T). Parameters and errors as for `equilibrium`, with (n,) capacities > 0.

    Source: arXiv:2412.15355, Eq. (29).
    """
    capacity = real_array("capacities", capacities, "Give A_j V_j of each reservoir.")
    if capacity.ndim != 1 or not capacity.size:
        raise ValueError(
            f"Argument `capacities` must have shape (n,), but has shape {capacity.shape}. "
            "Give A_j V_j of each reservoir."
        )
    positive("capacities", capacity, "It is the size of a reservoir.")
    temperature, potential = temperatures_and_potentials(T, mu, capacity.size)
    return _mixed(capacity / capacity.sum(), temperature, potential)


def _mixed(weights: FloatArray, T: FloatArray, mu: FloatArray) -> tuple[float, float]:
    """Return T_eq and mu_eq of Eq. (29) for the share of each reservoir in the capacity."""
    mean = float(weights @ mu)
    spread = math.sqrt(3) / math.pi * (mu - mean)
    parts = np.sqrt(weights) * np.array([T, spread])
    return math.hypot(*parts.ravel().tolist()), mean  # squares of tiny energies would underflow
