"""The jumps of a rate equation, pair of states by pair, and their rates at T and mu."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from oqs.arguments import FloatArray
from oqs.generator.between_states.transitions import StateTransitions
from oqs.numerics.clusters import IntArray
from oqs.numerics.occupation import filled_and_empty
from oqs.transitions.transitions import ModeTransitions, SectorBlocks, Transitions


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Pairs:
    """M pairs of states between which reservoirs jump, in both directions."""

    dimension: int  # number D of states
    sector: IntArray  # (D,) particle number of each state, counted from the least
    # lower, upper: (M,) the jump up takes a particle out of a reservoir
    lower: IntArray
    upper: IntArray
    frequency: FloatArray  # (M,) w, the energy that goes with it
    strength: FloatArray  # (n, M) gamma_j |<lower|S_j|upper>|^2 of each reservoir

    @classmethod
    def of_modes(cls, modes: ModeTransitions) -> tuple[Pairs, ...]:
        """Return the jumps of each mode on its own two states, empty and filled."""
        one = np.array([0]), np.array([1])
        driven = zip(modes.frequency, modes.rate, strict=True)
        number = np.arange(2)
        return tuple(cls(2, number, *one, frequency, strength) for frequency, strength in driven)

    @classmethod
    def of(cls, transitions: Transitions, reservoirs: int) -> Pairs:
        """Take the transitions that some contact drives."""
        blocks = transitions.blocks() if isinstance(transitions, ModeTransitions) else transitions
        sector = np.zeros(blocks.dimension, dtype=np.intp)
        for n, step in enumerate(blocks.steps):
            sector[step.upper] = n + 1
        return cls(blocks.dimension, sector, *_flat(blocks, reservoirs))

    def at(self, T: FloatArray, mu: FloatArray) -> PairRates:
        """Weight the jumps up with n and those down with 1 - n at T, mu (n,)."""
        x = (self.frequency - mu[:, None]) / T[:, None]
        filled, empty = filled_and_empty(x)
        filled *= self.strength
        empty *= self.strength
        ones = np.broadcast_to(1.0, self.frequency.shape)
        ends = self.lower, self.upper
        return PairRates(self.dimension, self.sector, *ends, ones, self.frequency, filled, empty)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class WeightedPairs:
    """The same of contacts of any kind, which give their own rates at each Bohr frequency."""

    dimension: int  # number D of states
    sector: IntArray  # (D,) particle number of each state, counted from the least
    # lower, upper: (M,) states, each pair once
    lower: IntArray
    upper: IntArray
    kappa: IntArray  # (M,) index of the Bohr frequency of each pair
    # particle, energy: (M,) what a jump up takes out of its reservoir
    particle: FloatArray
    energy: FloatArray
    strength: FloatArray  # (n, M) |<lower|S_j|upper>|^2 of each reservoir
    back: FloatArray  # (n, M) |<upper|S_j|lower>|^2, of S_j(0) between two states of one level

    @classmethod
    def of(
        cls, transitions: StateTransitions, frequencies: FloatArray, particles: IntArray
    ) -> WeightedPairs:
        """Take the transitions between different states."""
        size = transitions.dimension
        elements = [e.where(e.lower != e.upper) for e in transitions.elements]
        keys = np.concatenate([e.lower * size + e.upper for e in elements])
        reverse = np.concatenate([e.upper * size + e.lower for e in elements])
        both = (keys > reverse) & np.isin(reverse, keys)  # two states of one level, in both orders
        pairs, place = np.unique(np.where(both, reverse, keys), return_inverse=True)
        lower, upper = pairs // size, pairs % size
        kappa = np.zeros(len(pairs), dtype=np.intp)
        kappa[place] = np.concatenate([e.kappa for e in elements])
        strengths = np.zeros((2, len(elements), len(pairs)))
        begin = 0
        for j, e in enumerate(elements):
            here = slice(begin, begin + len(e.lower))
            for back in (0, 1):
                which = both[here] == bool(back)
                squares = np.abs(e.amplitude[which]) ** 2
                strengths[back, j] += np.bincount(place[here][which], squares, len(pairs))
            begin = here.stop
        moved = (particles[upper] - particles[lower]).astype(np.float64)
        energy = frequencies[kappa]
        energy[strengths[1].any(axis=0)] = 0.0
        sector = particles - particles.min()
        return cls(size, sector, lower, upper, kappa, moved, energy, strengths[0], strengths[1])

    def at(self, down: FloatArray, up: FloatArray) -> PairRates:
        """Weight the jumps with each reservoir's rates (n, K) down and up."""
        return PairRates(
            self.dimension,
            self.sector,
            self.lower,
            self.upper,
            self.particle,
            self.energy,
            up[:, self.kappa] * self.strength + down[:, self.kappa] * self.back,
            down[:, self.kappa] * self.strength + up[:, self.kappa] * self.back,
        )


@final
@dataclasses.dataclass(frozen=True, eq=False)
class PairRates:
    """Rates between pairs of states, and what a jump up takes out of its reservoir."""

    dimension: int  # number D of states
    sector: IntArray  # (D,) particle number of each state, counted from the least
    # lower, upper: (M,) states; each pair once
    lower: IntArray
    upper: IntArray
    # particle, energy: (M,) what goes into the system with the jump up, and out with the jump down
    particle: FloatArray
    energy: FloatArray
    # up, down: (n, M) rates of each reservoir, >= 0
    up: FloatArray
    down: FloatArray

    @property
    def reservoirs(self) -> int:
        """Number n of reservoirs."""
        return len(self.up)

    @property
    def moved(self) -> tuple[FloatArray, FloatArray]:
        """Particles and energy (M,) of a jump up."""
        return self.particle, self.energy

    def matrix(self, up: FloatArray, down: FloatArray) -> FloatArray:
        """Return (D, D) with `up` (M,) from lower to upper and `down` from upper to lower."""
        rates = np.zeros((self.dimension, self.dimension))
        rates[self.upper, self.lower] = up
        rates[self.lower, self.upper] = down
        return rates

    def sparse(self, up: FloatArray, down: FloatArray) -> sp.csr_array:
        """Return the same without its zeros."""
        places = np.concatenate([self.upper, self.lower]), np.concatenate([self.lower, self.upper])
        entries = np.concatenate([up, down]), places
        matrix = sp.csr_array(sp.coo_array(entries, shape=(self.dimension,) * 2))
        matrix.eliminate_zeros()  # a rate that underflowed links nothing
        return matrix

    def onto_states(self, from_lower: FloatArray, from_upper: FloatArray) -> FloatArray:
        """Return the sums (D,) over the pairs in which a state is the lower and the upper one."""
        sums = np.zeros(self.dimension)
        sums += np.bincount(self.lower, from_lower, self.dimension)
        sums += np.bincount(self.upper, from_upper, self.dimension)
        return sums

    def restricted(self, kept: NDArray[np.bool_]) -> PairRates:
        """Return the pairs among the states `kept` (D,), which are numbered anew."""
        here = kept[self.lower] & kept[self.upper]
        number = np.cumsum(kept) - 1
        sector = self.sector[kept]
        return PairRates(
            int(np.count_nonzero(kept)),
            sector - sector.min(),
            number[self.lower[here]],
            number[self.upper[here]],
            self.particle[here],
            self.energy[here],
            self.up[:, here],
            self.down[:, here],
        )


def _flat(
    blocks: SectorBlocks, reservoirs: int
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Return lower, upper, frequency (M,) and strength (n, M) of the driven transitions."""
    none = np.zeros(0, dtype=np.intp)
    lower, upper, frequency = [none], [none], [np.zeros(0)]
    strength = [np.zeros((reservoirs, 0))]
    for step in blocks.steps:
        for part in step.parts:
            b, a = np.nonzero(part.linked)
            lower.append(step.lower[part.columns][a])
            upper.append(step.upper[part.rows][b])
            frequency.append(step.frequency_of(part.rows, part.columns)[b, a])
            own = np.zeros((reservoirs, len(a)))
            own[part.contacts] = part.rate[:, b, a]
            strength.append(own)
    return (
        np.concatenate(lower),
        np.concatenate(upper),
        np.concatenate(frequency),
        np.concatenate(strength, axis=1),
    )
