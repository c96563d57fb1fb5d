"""One reservoir by what it has lost: entropy, T and mu of its own N and E."""

from __future__ import annotations

import abc
import dataclasses
import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oqs.arguments import FloatArray
from thermo.gases import FermiDiracGas, SommerfeldGas, invert
from thermo.gases.base import EquationOfState
from thermo.stochastic.small.scaled_entropy import ScaledEntropy, scaled_entropy

THERE: Final = 0  # the reservoir has such a state
CLOSED: Final = 1  # it would have no particle, or no energy above its ground state
NO_TEMPERATURE: Final = 2  # it would, but its gas has no T and mu there


@final
class SmallState(NamedTuple):
    """States of one reservoir; arrays have the shape (...) of what was lost, NaN unless THERE."""

    entropy: FloatArray  # S, from an arbitrary zero for a reservoir without end; k_B = 1
    T: FloatArray  # of its N and E; units of energy
    mu: FloatArray  # the same
    code: NDArray[np.int64]  # THERE, CLOSED or NO_TEMPERATURE

    def rows(self, which: NDArray[Any]) -> SmallState:
        """Return some of the states."""
        return SmallState(self.entropy[which], self.T[which], self.mu[which], self.code[which])


def joined_states(parts: Sequence[SmallState], axis: int, *, stack: bool = False) -> SmallState:
    """Return states of several reservoirs (stacked along a new axis) or several sets of them."""
    join = np.stack if stack else np.concatenate
    entropy, T, mu, code = (join(column, axis=axis) for column in zip(*parts, strict=True))
    return SmallState(entropy, T, mu, code)


class SmallReservoir(abc.ABC):
    """A reservoir that starts at (T, mu), N = `number`, E = `energy`, and loses particles."""

    number: float
    energy: float

    @abc.abstractmethod
    def at(self, lost: ArrayLike, released: ArrayLike) -> SmallState:
        """Return the states after the loss of so many particles (...) and so much energy (...)."""


@final
@dataclasses.dataclass(frozen=True)
class FixedReservoir(SmallReservoir):
    """A reservoir of infinite capacity: T and mu stay, dS = (dE - mu dN)/T."""

    T: float
    mu: float
    number: float = math.nan
    energy: float = math.nan

    def at(self, lost: ArrayLike, released: ArrayLike) -> SmallState:
        """Return the entropy counted from the start, and T, mu of the start."""
        m, w = np.broadcast_arrays(np.asarray(lost, float), np.asarray(released, float))
        entropy: FloatArray = (self.mu * m - w) / self.T
        return SmallState(
            entropy, np.full(m.shape, self.T), np.full(m.shape, self.mu), np.zeros(m.shape, int)
        )


@final
@dataclasses.dataclass(frozen=True, eq=False)
class ScaledReservoir(SmallReservoir):
    """An ideal Fermi gas of finite capacity, through its table sigma(v).

    What E is above the ground state follows from the losses without cancellation:
    E - E_0(N) = [E - E_0](0) - w - E_0(0) [(1 - m/N(0))^(1 + 1/alpha) - 1], after m particles and
    the energy w; and at the start from the entropy, which is known to all digits at any mu/T.
    """

    table: ScaledEntropy
    number: float
    energy: float
    ground: float
    excess: float

    @classmethod
    def of(
        cls, gas: FermiDiracGas | SommerfeldGas, capacity: float, T: float, mu: float
    ) -> ScaledReservoir:
        """Return the reservoir of a gas at (T, mu)."""
        state, table = gas.state(T, mu), scaled_entropy(gas)
        per_capacity = float(state.number)
        number, a = capacity * per_capacity, gas.alpha
        ground = number * (a * per_capacity) ** (1 / a) * a / (a + 1)
        v = table.degree_of_excitation(np.asarray(state.entropy / state.number))
        excess = ground * math.exp(float(v))
        return cls(table, number, ground + excess, ground, excess)

    @property
    def power(self) -> float:
        """1 + 1/alpha: E_0 goes as this power of N."""
        return 1 + 1 / self.table.alpha

    def at(self, lost: ArrayLike, released: ArrayLike) -> SmallState:
        """Return S, T, mu from sigma and sigma'."""
        m, w = np.broadcast_arrays(np.asarray(lost, float), np.asarray(released, float))
        number = self.number - m
        populated = number > 0
        shrunk = self.power * np.log1p(-np.where(populated, m, 0.0) / self.number)
        excess = self.excess - w - self.ground * np.expm1(shrunk)
        there = populated & (excess > 0)
        v = np.log(np.where(there, excess, 1.0) / self.ground) - shrunk
        sigma, slope = self.table(v)
        code = np.where(there, np.where(v <= self.table.top, THERE, NO_TEMPERATURE), CLOSED)
        good = code == THERE
        per_particle = 1 / np.where(good, number, 1.0)
        T = excess * per_particle / np.where(good, slope, 1.0)
        energy = excess + self.ground * np.exp(shrunk)
        mu = self.power * energy * per_particle - T * sigma
        S, T, mu = (np.where(good, value, np.nan) for value in (number * sigma, T, mu))
        return SmallState(S, T, mu, code)


@final
@dataclasses.dataclass(frozen=True)
class BoseReservoir(SmallReservoir):
    """Bosons of no conserved number: S ~ E^(alpha/(alpha+1)), T ~ E^(1/(alpha+1)), mu = 0."""

    alpha: float
    energy: float
    entropy: float
    T: float
    number: float = 0.0

    def at(self, lost: ArrayLike, released: ArrayLike) -> SmallState:
        """Return S and T after the loss of energy; nothing else can be lost."""
        w = np.broadcast_arrays(np.asarray(lost, float), np.asarray(released, float))[1]
        there = w < self.energy
        logarithm = np.log1p(-np.where(there, w, np.nan) / self.energy)
        power = 1 / (self.alpha + 1)
        entropy = self.entropy * np.exp(self.alpha * power * logarithm)
        T = self.T * np.exp(power * logarithm)
        mu = np.where(there, 0.0, np.nan)
        return SmallState(entropy, T, mu, np.where(there, THERE, CLOSED))


@final
@dataclasses.dataclass(frozen=True, eq=False)
class InvertedReservoir(SmallReservoir):
    """Any gas, its T and mu found by `invert` at every state: thousands of times slower."""

    gas: EquationOfState
    capacity: float
    number: float
    energy: float
    start: tuple[float, float]

    def at(self, lost: ArrayLike, released: ArrayLike) -> SmallState:
        """Return S, T, mu; where `invert` finds none, that the gas has no T there."""
        m, w = np.broadcast_arrays(np.asarray(lost, float), np.asarray(released, float))
        number, energy = (self.number - m) / self.capacity, (self.energy - w) / self.capacity
        code = np.where(number > 0, THERE, CLOSED)
        T, mu = np.full(m.shape, np.nan), np.full(m.shape, np.nan)
        for at in np.ndindex(m.shape):
            if code[at] == CLOSED:
                continue
            try:
                T[at], mu[at] = invert(self.gas, number[at], energy[at], guess=self.start)
            except ValueError:
                code[at] = NO_TEMPERATURE
        good = code == THERE
        entropy = np.full(m.shape, np.nan)
        entropy[good] = self.capacity * self.gas.entropy(T[good], mu[good])
        return SmallState(entropy, T, mu, code)


def states_of(
    members: Sequence[SmallReservoir], lost: FloatArray, released: FloatArray
) -> dict[str, FloatArray]:
    """Return T, mu, N, E (..., n) of reservoirs that have lost these particles and energies."""
    small = [member.at(lost[..., j], released[..., j]) for j, member in enumerate(members)]
    return {
        "T": np.stack([part.T for part in small], axis=-1),
        "mu": np.stack([part.mu for part in small], axis=-1),
        "N": np.array([member.number for member in members]) - lost,
        "E": np.array([member.energy for member in members]) - released,
    }


def occupation(loss: FloatArray, bosonic: NDArray[np.bool_]) -> FloatArray:
    """Return what multiplies the rate of a jump by which a reservoir loses this entropy (...).

    In with n = 1/(1 + e^x), back (x < 0) with 1 - n, the same expression; of bosons in with n_B =
    1/(e^x - 1), back with 1 + n_B, both 1/|e^x - 1|.
    """
    fermions = 1 / (1 + np.exp(np.where(bosonic, 0.0, loss)))
    bosons = 1 / np.abs(np.expm1(np.where(bosonic, loss, 1.0)))
    return np.where(bosonic, bosons, fermions)
