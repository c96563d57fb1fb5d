"""A small reservoir of any medium that holds energy alone: S(E), T(E) by Newton's method."""

from __future__ import annotations

import dataclasses
from typing import Final, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oqs.arguments import FloatArray
from thermo.gases.heat_table import TabulatedHeatCapacity
from thermo.gases.thermal import ThermalGas
from thermo.stochastic.small.small_reservoir import (
    CLOSED,
    NO_TEMPERATURE,
    THERE,
    SmallReservoir,
    SmallState,
)

_ROUNDS: Final = 200
_WIDEST: Final = 2.0  # largest step in ln T
_FARTHEST: Final = 300.0  # in ln T from the start: no medium has a T beyond
_ROUNDING: Final = 1e-13


@final
@dataclasses.dataclass(frozen=True, eq=False)
class ThermalReservoir(SmallReservoir):
    """A medium of no conserved particles: a lattice, a heat capacity by its table; mu = 0."""

    gas: ThermalGas  # its equation of state
    capacity: float  # of the reservoir
    start: float  # T at t = 0
    energy: float  # E there
    # the range of E in which the gas is known; no energy below the lower end, or above the upper
    # one, has a T
    within: tuple[float, float]
    grounded: bool  # whether E = 0 is the ground state, below which jumps are closed
    number: float = 0.0

    @classmethod
    def of(cls, gas: ThermalGas, capacity: float, T: float) -> ThermalReservoir:
        """Return the reservoir of a medium at T."""
        energy = capacity * float(gas.energy(T))
        if isinstance(gas, TabulatedHeatCapacity):
            low, high = gas.energy(gas.temperatures[[0, -1]]).tolist()
            return cls(gas, capacity, T, energy, (capacity * low, capacity * high), grounded=False)
        return cls(gas, capacity, T, energy, (0.0, np.inf), grounded=True)

    def at(self, lost: ArrayLike, released: ArrayLike) -> SmallState:
        """Return S and T after the loss of energy; nothing else can be lost."""
        w = np.broadcast_arrays(np.asarray(lost, float), np.asarray(released, float))[1]
        distinct, place = np.unique(w, return_inverse=True)
        small = self._states(self.energy - distinct)
        place = place.reshape(w.shape)
        return small.rows(place)

    def _states(self, energy: FloatArray) -> SmallState:
        low, high = self.within
        code = np.where((energy >= low) & (energy <= high), THERE, NO_TEMPERATURE)
        if self.grounded:
            code = np.where(energy > 0, THERE, CLOSED)
        there = code == THERE
        T, solved = self._temperatures(np.where(there, energy, self.energy) / self.capacity)
        code = np.where(there & ~solved, NO_TEMPERATURE, code)
        good = code == THERE
        state = self.gas.heat_state(np.where(good, T, self.start))
        # what is left of E is heat at T: S is then right to second order in the error of T
        entropy = self.capacity * state.entropy + (energy - self.capacity * state.energy) / T
        columns = (entropy, T, np.zeros(T.shape))
        S, T, mu = (np.where(good, column, np.nan) for column in columns)
        return SmallState(S, T, mu, code)

    def _temperatures(self, energy: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Return T at each energy per unit capacity (m,), and whether there is one.

        Newton's steps in ln E(ln T), a straight line for a power law, kept between bounds.
        """
        first = np.log(self.start)
        y = np.full(energy.shape, first)
        low, high = y - _FARTHEST, y + _FARTHEST
        solved = np.zeros(energy.shape, dtype=np.bool_)
        for _ in range(_ROUNDS):
            T = np.exp(y)
            state = self.gas.heat_state(T)
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                step = np.log(energy / state.energy) * state.energy / (state.heat_capacity * T)
            above = state.energy > energy
            low, high = np.where(above, low, y), np.where(above, y, high)
            step = np.where(np.isfinite(step), step, np.where(above, -_WIDEST, _WIDEST))
            wanted = y + np.clip(step, -_WIDEST, _WIDEST)
            wanted = np.where((wanted > low) & (wanted < high), wanted, (low + high) / 2)
            converged = np.abs(step) <= _ROUNDING
            # one that is there stays as it is, whatever is computed with it
            y = np.where(solved | converged, y, wanted)
            solved |= converged
            if solved.all():
                break
        return np.exp(y), solved
