"""The common T and mu that reservoirs in contact reach: Eqs. (6), (29)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, positive, real_row, temperatures_and_potentials
from oqs.datasets import dataset
from oqs.deferred import xr
from oqs.exports import exported
from oqs.summary import Summarised, Summary, few_digits
from thermo.gases.base import GasState
from thermo.gases.inversion import NO_PARTICLES, inverted
from thermo.gases.newton import RESIDUAL, residuals
from thermo.reservoirs.reservoir import Reservoir, Reservoirs
from thermo.reservoirs.single_unknown import common_potential, common_temperature
from thermo.reservoirs.state import State

_Sums = tuple[FloatArray, FloatArray]  # of N and of E


@exported
@final
@dataclasses.dataclass(frozen=True, repr=False)
class Equilibrium(Summarised):
    """The state of Eq. (6), and how well it solves it.

    Parameters
    ----------
    T, mu : common temperature and chemical potential, in units of energy (k_B = 1); mu is NaN
        where no reservoir has one.
    number_residual : |sum_j N_j(T, mu) - sum_j N_j(0)| / sum_j N_j(0); 0 without particles.
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

    def to_dataset(self) -> xr.Dataset:
        """Return an xarray Dataset of T, mu and the residuals."""
        units = {"T": "E_0/k_B", "mu": "E_0"}
        names = [field.name for field in dataclasses.fields(self)]
        return dataset({n: ((), getattr(self, n), units.get(n, "1")) for n in names}, {})


@exported
def equilibrium(
    reservoirs: Iterable[Reservoir], T: ArrayLike, mu: ArrayLike | None = None
) -> Equilibrium:
    """Return the state with the same total N and E as the reservoirs at T_j, mu_j: Eq. (6).

    sum_j N_j(T_eq, mu_eq) = sum_j N_j(T_j, mu_j),  sum_j E_j(T_eq, mu_eq) = sum_j E_j(T_j, mu_j).

    A reservoir of infinite capacity keeps its T and mu: they are those of the equilibrium. One that
    conserves energy alone (bosons: `ThermalGas`) has N = 0 and no mu: the same T for all, and one
    mu for the others.

    Parameters
    ----------
    reservoirs : n of them, of any gases and capacities.
    T, mu : (n,) where they start, in units of energy; mu of a reservoir that has none is 0 or NaN,
        and may be left out where no reservoir has one.

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
    sums = _exact_sums(group.state(T, mu))
    common = _common_state(group, T, mu, sums)
    if np.isnan(common.T):
        raise ValueError(
            "Arguments `T` and `mu` must be equal at all reservoirs of infinite capacity, but are "
            f"T = {T[group.fixed].tolist()}, mu = {group.shown(mu)[group.fixed].tolist()} there: "
            "such reservoirs have no equilibrium. Make one of them finite."
        )
    if group.fixed.any():
        return Equilibrium(float(common.T), float(common.mu), 0.0, 0.0)
    exchanged = bool(group.has_potential.any())
    there = group.total.state(common.T, common.mu if exchanged else np.zeros_like(common.mu))
    with np.errstate(invalid="ignore"):  # 0/0 without particles
        residual = residuals(there, *sums, common.T)
    missing = float(residual[0]) if exchanged else 0.0
    solved = Equilibrium(float(common.T), float(common.mu), missing, float(residual[1]))
    if not max(solved.number_residual, solved.energy_residual) <= RESIDUAL:
        raise ValueError(
            f"The equilibrium must have the N and E of the start to {RESIDUAL:g}, but the nearest "
            f"state found is {solved}. Start nearer to it, or with gases that are less degenerate."
        )
    return solved


def common_state(group: Reservoirs, T: FloatArray, mu: FloatArray) -> State:
    """Return T_eq, mu_eq (...) of Eq. (6) for reservoirs at T, mu (..., n); NaN if there is none.

    There is none where fixed reservoirs differ. mu_eq is NaN where no reservoir has a mu. Raises
    ValueError where it is no state of a gas.
    """
    return _common_state(group, T, mu, _exact_sums(group.state(T, mu)))


def _common_state(group: Reservoirs, T: FloatArray, mu: FloatArray, sums: _Sums) -> State:
    """Return the same, with the sums of N and E (...) of the finite reservoirs."""
    try:
        if group.fixed.any():
            return _of_the_fixed(group, T, mu, sums[0])
        return _of_the_totals(group, T, mu, *sums)
    except ValueError as error:
        raise ValueError(
            "Arguments `T` and `mu` must lead to an equilibrium within the validity of every gas, "
            f"but do not: {error}"
        ) from error


def _of_the_totals(
    group: Reservoirs, T: FloatArray, mu: FloatArray, number: FloatArray, energy: FloatArray
) -> State:
    """Return T_eq, mu_eq (...) with the totals of N and E, or of E alone, of finite reservoirs."""
    gas, own = group.total, group.has_potential
    if not own.any():
        temperature = common_temperature(gas, energy, T.min(axis=-1), T.max(axis=-1))
        return State(temperature, np.full_like(temperature, np.nan))
    capacities = group.capacities[own]
    weights = capacities / capacities.sum()
    mixed = _mixed(weights, T[..., own], mu[..., own])  # in a classical gas mu is no heat
    guess_T = np.where(mu[..., own].min(axis=-1) > 0, mixed[0], T[..., own] @ weights)
    positive("N", number, NO_PARTICLES)
    return State(*inverted(gas, number, energy, (guess_T, mixed[1])))


def _of_the_fixed(group: Reservoirs, T: FloatArray, mu: FloatArray, number: FloatArray) -> State:
    """Return the T and mu (...) of fixed reservoirs that agree, NaN where they do not.

    Where none of them has a mu, it is that of the particles of the others, at that T.
    """
    fixed_T = T[..., group.fixed]
    differ = np.any(fixed_T != fixed_T[..., :1], axis=-1)
    common_T, common_mu = fixed_T[..., 0], np.full_like(fixed_T[..., 0], np.nan)
    sets_mu, gas = group.fixed & group.has_potential, group.total
    if sets_mu.any():
        fixed_mu = mu[..., sets_mu]
        differ |= np.any(fixed_mu != fixed_mu[..., :1], axis=-1)
        common_mu = fixed_mu[..., 0]
        gas.check(common_T[~differ], common_mu[~differ])
    elif group.has_potential.any():
        own = mu[..., group.has_potential]
        common_mu = common_potential(gas, number, common_T, own.min(axis=-1), own.max(axis=-1))
    else:
        gas.check(common_T[~differ], np.zeros_like(common_T[~differ]))
    return State(*(np.where(differ, np.nan, part) for part in (common_T, common_mu)))


def _exact_sums(state: GasState) -> _Sums:
    """Return the sums (...) of N and E over the last axis, (..., n)."""
    number, energy = (
        np.array([math.fsum(row) for row in part.reshape(-1, part.shape[-1]).tolist()])
        for part in (state.number, state.energy)
    )
    shape = state.number.shape[:-1]
    return number.reshape(shape), energy.reshape(shape)


@exported
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
    capacity = real_row("capacities", capacities, "Give A_j V_j of each reservoir.", length="n")
    positive("capacities", capacity, "It is the size of a reservoir.")
    temperature, potential = temperatures_and_potentials(T, mu, capacity.size)
    mixed = _mixed(capacity / capacity.sum(), temperature, potential)
    return float(mixed[0]), float(mixed[1])


def _mixed(weights: FloatArray, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return T_eq and mu_eq (...) of Eq. (29) for the share of each reservoir in the capacity."""
    mean, root = mu @ weights, np.sqrt(weights)
    spread = math.sqrt(3) / math.pi * (mu - mean[..., None])
    parts = np.concatenate([root * T, root * spread], axis=-1)
    # squares of tiny energies would underflow
    return np.asarray(np.hypot.reduce(parts, axis=-1)), np.asarray(mean)
