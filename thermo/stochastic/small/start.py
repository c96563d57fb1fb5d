"""A reservoir at its start (T, mu), as the jumps see it."""

from __future__ import annotations

from thermo.gases import BoseGas, FermiDiracGas, SommerfeldGas
from thermo.gases.thermal import ThermalGas
from thermo.reservoirs.reservoir import Reservoir
from thermo.stochastic.small.small_reservoir import (
    BoseReservoir,
    FixedReservoir,
    InvertedReservoir,
    ScaledReservoir,
    SmallReservoir,
)
from thermo.stochastic.small.thermal_reservoir import ThermalReservoir


def small_reservoir(
    member: Reservoir, name: str, T: float, mu: float, moves: int = 1
) -> SmallReservoir:
    """Return a reservoir at its start (T, mu).

    Parameters
    ----------
    name : that of the message. moves : particles that a jump takes, 1 or 0.

    Raises
    ------
    TypeError, ValueError
        where it holds no particle, or its entropy is not known as a function of E.
    """
    if not member.conserves:
        return FixedReservoir(T, mu if moves else 0.0)
    if not moves:
        return _bosons(member, name, T)
    number = float(member.number(T, mu))
    if number < 1:
        raise ValueError(
            f"Argument `reservoirs` must hold a particle each, but {name!r} at T = {T:g}, mu = "
            f"{mu:g} holds {number:.3g}: no jump could take one. "
            + (
                f"Give it a capacity of at least {1.001 * member.capacity / number:.4g}."
                if number > 0
                else "Give it a higher `mu`: at this one no capacity would do."
            )
        )
    gas = member.gas
    if isinstance(gas, FermiDiracGas | SommerfeldGas):
        return ScaledReservoir.of(gas, member.capacity, T, mu)
    return InvertedReservoir(gas, member.capacity, number, float(member.energy(T, mu)), (T, mu))


def _bosons(member: Reservoir, name: str, T: float) -> SmallReservoir:
    gas = member.gas
    if isinstance(gas, BoseGas):
        energy, entropy = float(member.energy(T, 0.0)), float(member.entropy(T, 0.0))
        return BoseReservoir(gas.alpha, energy, entropy, T)
    if not isinstance(gas, ThermalGas):
        raise TypeError(
            "Argument `reservoirs` must hold media of no conserved particles, or reservoirs of "
            f"infinite capacity, at bosonic contacts, but {name!r} is {gas!r}. Give it a BoseGas, "
            "a DebyeSolid or a TabulatedHeatCapacity."
        )
    return ThermalReservoir.of(gas, member.capacity, T)
