"""The levels of a reservoir near the system's modes, and how they couple to it."""

from __future__ import annotations

import math
from typing import NamedTuple, final

import numpy as np

from oqs import Contact, QuadraticSystem
from oqs.arguments import ComplexArray, FloatArray, real_array
from thermo.gases import FermiDiracGas, SommerfeldGas
from thermo.reservoirs.reservoir import Reservoir

PowerLawGas = FermiDiracGas | SommerfeldGas
_SIDE = 2  # levels that must lie on either side of each mode


@final
class Levels(NamedTuple):
    """The levels of one reservoir that are followed; those further away stay as they are."""

    energy: FloatArray  # (K,) ascending
    # (K,) distance of neighbours, 1/(A V eps^(alpha-1)) for the gas's own levels
    spacing: FloatArray
    # (K, N) amplitudes t of b^+ a_k, 2 pi |t|^2/spacing = gamma; units of energy
    coupling: ComplexArray


def own_levels(gas: PowerLawGas, capacity: float, index: FloatArray, shift: float) -> FloatArray:
    """Return level number i = 0, 1, .. of the gas: A V eps^alpha/alpha = i + shift."""
    a = gas.alpha
    return (a * (index + shift) / capacity) ** (1 / a)


def levels_of(
    system: QuadraticSystem,
    contact: Contact,
    reservoir: Reservoir,
    name: str,
    count: int,
    band: tuple[float, float] | None,
    shift: float,
) -> Levels:
    """Return `count` levels: the gas's own nearest to the modes, or so many in a band.

    `shift`, between 0 and 1 and another for each reservoir, is where they lie between multiples of
    the spacing: levels of equal energy in two reservoirs would exchange through a mode however far
    away it is.

    Raises TypeError or ValueError for a gas without power law, a reservoir without end, or too few
    levels around a mode.
    """
    gas = reservoir.gas
    if not isinstance(gas, FermiDiracGas | SommerfeldGas) or math.isinf(reservoir.capacity):
        raise TypeError(
            f"Argument `reservoirs` must be FermiDiracGas or SommerfeldGas of finite capacity, "
            f"whose levels are known, but {name!r} is {gas!r} with capacity {reservoir.capacity:g}."
        )
    a, modes = gas.alpha, system.energies
    if band is None:
        energy = _nearest(gas, reservoir.capacity, modes, count, shift)
        spacing = energy ** (1 - a) / reservoir.capacity
    else:
        ends = np.array(band) ** a
        energy = (ends[0] + (np.arange(count) + shift) / count * (ends[1] - ends[0])) ** (1 / a)
        spacing = energy ** (1 - a) * (ends[1] - ends[0]) / (a * count)
    for w in modes.tolist():
        side = min(np.count_nonzero(energy < w), np.count_nonzero(energy > w))
        if side < _SIDE:
            raise ValueError(
                f"Argument `levels` must put at least {_SIDE} levels of {name!r} on both sides of "
                f"each mode, but of {count}, from {energy[0]:.6g} to {energy[-1]:.6g}, only {side} "
                f"lie on one side of w = {w:.6g}. Give more `levels`, or a `band` around the modes."
            )
    return Levels(energy, spacing, _coupling(system, contact, energy, spacing))


def _nearest(
    gas: PowerLawGas, capacity: float, modes: FloatArray, count: int, shift: float
) -> FloatArray:
    """Return the levels of the gas that are nearest to any mode."""
    middle = np.floor(capacity * np.maximum(modes, 0.0) ** gas.alpha / gas.alpha).astype(np.int64)
    near = np.unique(middle[:, None] + np.arange(-count, count + 1))
    energy = own_levels(gas, capacity, near[near >= 0].astype(np.float64), shift)
    distance = np.abs(energy[:, None] - modes).min(axis=1)
    return np.sort(energy[np.argsort(distance, kind="stable")[:count]])


def _coupling(
    system: QuadraticSystem, contact: Contact, energy: FloatArray, spacing: FloatArray
) -> ComplexArray:
    """Return amplitudes (K, N): each level serves one channel that moves the mode nearest to it.

    Independent channels need levels of their own: where m of them move one mode, each gets every
    m-th level there, with m times the rate.
    """
    amplitudes = contact.channels(system.sites) @ system.modes  # (channels, N)
    strength = np.abs(amplitudes) ** 2
    nearest = np.argmin(np.abs(energy[:, None] - system.energies), axis=1)
    coupling = np.zeros((len(energy), system.sites), dtype=np.complex128)
    strongest = strength.max(initial=0.0)
    for k in range(system.sites):
        active = np.flatnonzero(strength[:, k] > 1e-12 * strongest)
        mine = np.flatnonzero(nearest == k)
        if not len(active):
            continue
        gamma = contact.gamma(energy[mine]) * len(active)
        channel = active[np.arange(len(mine)) % len(active)]
        amplitude = np.sqrt(gamma * spacing[mine] / (2 * math.pi))
        coupling[mine] = amplitude[:, None] * amplitudes[channel]
    return coupling


def checked_band(band: object) -> tuple[float, float] | None:
    """Return the ends of a band, or raise naming `band`."""
    if band is None:
        return None
    remedy = "Give (lowest, highest) energy, 0 < lowest, or None for the levels next to the modes."
    edges = real_array("band", band, remedy)  # type: ignore[arg-type]
    if edges.shape != (2,) or not 0 < edges[0] < edges[1]:
        raise ValueError(
            f"Argument `band` must be two ascending energies, but is {band!r}. {remedy}"
        )
    return float(edges[0]), float(edges[1])
