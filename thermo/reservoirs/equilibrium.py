"""The common T and mu that reservoirs in contact reach: Eqs. (6), (29)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, positive, real_array, temperatures_and_potentials
from oqs.summary import Summarised, Summary, few_digits
from thermo.gases.combined import CombinedGas
from thermo.gases.inversion import invert
from thermo.gases.newton import RESIDUAL, residuals
from thermo.reservoirs.reservoir import Reservoir, Reservoirs
from thermo.reservoirs.state import State


@final
@dataclasses.dataclass(frozen=True, repr=False)
class Equilibrium(Summarised):
    """The state of Eq. (6), and how well it solves it.

    Parameters
    ----------
    T, mu : common temperature and chemical potential, in units of energy (k_B = 1).
    number_residual : |sum_j N_j(T, mu) - sum_j N_j(0)| / sum_j N_j(0).
    energy_residual : the same of E, relative to the larger of |sum_j E_j(0)| and |T dE/dT|.

    Examples
    --------
    >>> gas = thermo.SommerfeldGas(alpha=1.5)
    >>> box = [thermo.Reservoir(gas, capacity=1.0), thermo.Reservoir(gas, capacity=3.0)]
    >>> common = thermo.equilibrium(box, T=[0.6, 1.0], mu=[20.8, 16.0])
    >>> common.number_residual < 1e-12, common.energy_residual < 1e-12
    (True, True)
    """

    T: float
    mu: float
    number_residual: float
    energy_residual: float

    def summary(self) -> Summary:
        """Return T, mu and the residuals."""
        return Summary(
            "Equilibrium",
            [
                ("T", f"{self.T:.8g}"),
                ("mu", f"{self.mu:.8g}"),
                ("residuals of N, E", few_digits((self.number_residual, self.energy_residual), 2)),
            ],
        )


def equilibrium(reservoirs: Iterable[Reservoir], T: ArrayLike, mu: ArrayLike) -> Equilibrium:
    """Return the state with the same total N and E as the reservoirs at T_j, mu_j: Eq. (6).

    sum_j N_j(T_eq, mu_eq) = sum_j N_j(T_j, mu_j),  sum_j E_j(T_eq, mu_eq) = sum_j E_j(T_j, mu_j).

    A reservoir of infinite capacity keeps its T and mu: they are those of the equilibrium.

    Parameters
    ----------
    reservoirs : n of them, of any gases and capacities.
    T, mu : (n,) where they start, in units of energy.

    Raises
    ------
    TypeError, ValueError
        if T or mu has another length than `reservoirs`, is not finite, or is outside the
        validity of its gas, the equilibrium is outside the validity of one of the gases, or
        reservoirs of infinite capacity differ in T or mu: the flows between them never end.

    Notes
    -----
    The total is itself a gas, and its inversion begins at the state of Eq. (29), or at the averages
    weighted with capacity where a mu is not positive. Reservoirs reach this state if they exchange
    particles at two distinct energies or more. Source: arXiv:2412.15355, Eq. (6).

    Examples
    --------
    >>> gas = thermo.SommerfeldGas(alpha=1.5)
    >>> box = [thermo.Reservoir(gas, capacity=1.0), thermo.Reservoir(gas, capacity=3.0)]
    >>> common = thermo.equilibrium(box, T=[0.6, 1.0], mu=[20.8, 16.0])
    >>> print(f"T = {common.T:.6f}, mu = {common.mu:.6f}")
    T = 1.474979, mu = 17.198514
    """
    group = Reservoirs(reservoirs)
    return checked_equilibrium(group, *group.checked(T, mu))


def checked_equilibrium(group: Reservoirs, T: FloatArray, mu: FloatArray) -> Equilibrium:
    """Return `equilibrium` of reservoirs at T, mu (n,) that they have checked."""
    found = common_state(group, T, mu)
    if np.isnan(found.T):
        raise ValueError(
            "Arguments `T` and `mu` must be equal at all reservoirs of infinite capacity, but are "
            f"T = {T[group.fixed].tolist()}, mu = {mu[group.fixed].tolist()} there: such "
            "reservoirs have no equilibrium. Make one of them finite."
        )
    if group.fixed.any():
        return Equilibrium(float(found.T), float(found.mu), 0.0, 0.0)
    state, total = group.state(T, mu), CombinedGas(group.parts)
    sums = (np.array(math.fsum(state.number)), np.array(math.fsum(state.energy)))
    residual = residuals(total.state(*found), *sums, found.T)
    solved = Equilibrium(float(found.T), float(found.mu), float(residual[0]), float(residual[1]))
    if not max(solved.number_residual, solved.energy_residual) <= RESIDUAL:
        raise ValueError(
            f"The equilibrium must have the N and E of the start to {RESIDUAL:g}, but the nearest "
            f"state found is {solved}. Start nearer to it, or with gases that are less degenerate."
        )
    return solved


def common_state(group: Reservoirs, T: FloatArray, mu: FloatArray) -> State:
    """Return T_eq, mu_eq (...) of Eq. (6) for reservoirs at T, mu (..., n); NaN if there is none.

    There is none where fixed reservoirs differ. Raises ValueError where it is no state of a gas.
    """
    if group.fixed.any():
        fixed_T, fixed_mu = T[..., group.fixed], mu[..., group.fixed]
        differ = np.any((fixed_T != fixed_T[..., :1]) | (fixed_mu != fixed_mu[..., :1]), axis=-1)
        common = State(fixed_T[..., 0], fixed_mu[..., 0])
        try:
            CombinedGas(group.parts).check(common.T[~differ], common.mu[~differ])
        except ValueError as error:
            raise _outside(error) from error
        return State(*(np.where(differ, np.nan, part) for part in common))
    state = group.state(T, mu)
    number, energy = (np.apply_along_axis(math.fsum, -1, part) for part in state[:2])
    weights = group.capacities / group.capacities.sum()
    mixed = _mixed(weights, T, mu)  # in a classical gas mu is no heat
    guess_T = np.where(mu.min(axis=-1) > 0, mixed[0], T @ weights)
    try:
        found = invert(CombinedGas(group.parts), number, energy, guess=(guess_T, mixed[1]))
    except ValueError as error:
        raise _outside(error) from error
    return State(*found)


def _outside(error: ValueError) -> ValueError:
    return ValueError(
        "Arguments `T` and `mu` must lead to an equilibrium within the validity of every gas, "
        f"but do not: {error}"
    )


def constant_density_equilibrium(
    capacities: ArrayLike, T: ArrayLike, mu: ArrayLike
) -> tuple[float, float]:
    """Return (T_eq, mu_eq) for a constant density of states, alpha = 1, in closed form: Eq. (29).

    mu_eq = <mu>,  T_eq^2 = <T^2> + (3/pi^2) (<mu^2> - <mu>^2),

    averages weighted with the capacities A_j V_j. Exact for SommerfeldGas(1); for FermiDiracGas(1)
    up to e^(-mu/T). Parameters and errors as for `equilibrium`, with (n,) capacities > 0.

    Source: arXiv:2412.15355, Eq. (29).

    Examples
    --------
    >>> T, mu = thermo.constant_density_equilibrium([1.0, 3.0], T=[0.6, 1.0], mu=[20.8, 16.0])
    >>> print(f"T = {T:.6f}, mu = {mu:.6f}")
    T = 1.467352, mu = 17.200000
    >>> box = [thermo.Reservoir(thermo.SommerfeldGas(1.0), capacity=c) for c in (1.0, 3.0)]
    >>> print(f"{thermo.equilibrium(box, T=[0.6, 1.0], mu=[20.8, 16.0]).T:.6f}")
    1.467352
    """
    capacity = real_array("capacities", capacities, "Give A_j V_j of each reservoir.")
    if capacity.ndim != 1 or not capacity.size:
        raise ValueError(
            f"Argument `capacities` must have shape (n,), but has shape {capacity.shape}. "
            "Give A_j V_j of each reservoir."
        )
    positive("capacities", capacity, "It is the size of a reservoir.")
    temperature, potential = temperatures_and_potentials(T, mu, capacity.size)
    mixed = _mixed(capacity / capacity.sum(), temperature, potential)
    return float(mixed[0]), float(mixed[1])


def _mixed(weights: FloatArray, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return T_eq and mu_eq (...) of Eq. (29) for the share of each reservoir in the capacity."""
    mean = mu @ weights
    spread = math.sqrt(3) / math.pi * (mu - mean[..., None])
    parts = np.sqrt(weights) * np.stack([T, spread])  # (2, ..., n)
    # squares of tiny energies would underflow
    largest = np.max(np.abs(parts), axis=(0, -1))
    root = np.sqrt(np.sum((parts / largest[..., None]) ** 2, axis=(0, -1)))
    return np.asarray(largest * root), np.asarray(mean)
