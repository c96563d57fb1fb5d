"""How a trajectory begins: definite N_j, E_j, or those of reservoirs prepared at T_j, mu_j."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np

from oqs.arguments import FloatArray
from thermo.stochastic.jumps.random_numbers import KeyArray, uniforms
from thermo.stochastic.small.jump_table import IntArray
from thermo.stochastic.small.small_reservoir import (
    NO_TEMPERATURE,
    THERE,
    FixedReservoir,
    SmallReservoir,
)

_NEGLIGIBLE = -45.0  # log of a weight that no trajectory draws
_MOST = 1_000_000  # states of one reservoir

Start = tuple[IntArray, IntArray, FloatArray]  # eigenstate (M,), lost and released (M, n)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Preparation:
    """The law of the start, as cumulative probabilities."""

    populations: FloatArray  # (D,) of the eigenstates
    # for each, the losses (L,), (L,) that may be drawn and their probabilities (L,)
    reservoirs: tuple[tuple[IntArray, FloatArray, FloatArray], ...]

    def draw(self, keys: KeyArray) -> Start:
        """Return the start of each trajectory (M, 2) of keys."""
        columns = [
            _drawn(probability, keys, 1 + j) for j, (*_, probability) in enumerate(self.reservoirs)
        ]
        lost = [m[place] for (m, _, _), place in zip(self.reservoirs, columns, strict=True)]
        released = [w[place] for (_, w, _), place in zip(self.reservoirs, columns, strict=True)]
        state = _drawn(self.populations, keys, 0)
        return state, np.stack(lost, axis=1), np.stack(released, axis=1)


def definite(states: int, empty: int, reservoirs: int) -> Preparation:
    """Return the start from an empty system and reservoirs that have lost nothing."""
    populations = np.zeros(states)
    populations[empty] = 1.0
    nothing = np.zeros(1, dtype=np.int64), np.zeros(1), np.ones(1)
    return Preparation(populations, (nothing,) * reservoirs)


def canonical(
    members: tuple[SmallReservoir, ...],
    T: FloatArray,
    mu: FloatArray,
    frequencies: list[FloatArray],
    populations: FloatArray,
    names: tuple[str, ...],
    moves: IntArray,
) -> Preparation:
    """Return the start from reservoirs that were in contact with others of T_j, mu_j, now cut off.

    p_j ~ e^{S_j - (E_j - mu_j N_j)/T_j} on the states that exchange in quanta w of each reservoir's
    `frequencies` leads to.

    Raises ValueError if a gas has no T at a state that would be drawn, MemoryError if a reservoir
    has more than a million of them: many frequencies and a large capacity.
    """
    laws = []
    for j, member in enumerate(members):
        if isinstance(member, FixedReservoir):
            laws.append((np.zeros(1, dtype=np.int64), np.zeros(1), np.ones(1)))
            continue
        laws.append(
            _law(member, float(T[j]), float(mu[j]), frequencies[j], names[j], int(moves[j]))
        )
    return Preparation(populations, tuple(laws))


def _law(
    member: SmallReservoir, T: float, mu: float, quanta: FloatArray, name: str, moves: int
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return losses and probabilities of one reservoir, found from the start outwards."""
    steps = np.concatenate([np.eye(len(quanta), dtype=np.int64)] * 2)
    steps[len(quanta) :] *= -1
    layer = np.zeros((1, len(quanta)), dtype=np.int64)
    known, weights = [layer], [np.zeros(1)]
    before, first = layer, float(member.at(0, 0.0).entropy)
    while len(layer):
        fresh = np.unique((layer[:, None, :] + steps).reshape(-1, len(quanta)), axis=0)
        # neighbours of a layer lie in it, in the one before or further out
        seen = {row.tobytes() for part in (layer, before) for row in part}
        fresh = fresh[[row.tobytes() not in seen for row in fresh]]
        lost, released = moves * fresh.sum(axis=1), fresh @ quanta
        small = member.at(lost, released)
        weight = np.where(
            small.code == THERE, small.entropy - first + (released - mu * lost) / T, -np.inf
        )
        likely = weight >= max(part.max() for part in weights) + _NEGLIGIBLE
        if np.any(small.code == NO_TEMPERATURE):
            raise ValueError(
                f"Argument `reservoirs` must have a temperature wherever a preparation at T = "
                f"{T:g}, mu = {mu:g} leads, but the gas of {name!r} has none at some states. Give "
                "it a larger capacity, or FermiDiracGas, which is exact at any mu/T."
            )
        before, layer = layer, fresh[likely]
        known.append(layer)
        weights.append(weight[likely])
        if sum(map(len, known)) > _MOST:
            raise MemoryError(
                f"The preparation of {name!r} has more than {_MOST} states. Give it a smaller "
                "capacity, or preparation='definite'."
            )
    counts, weight = np.concatenate(known), np.concatenate(weights)
    probability = np.exp(weight - weight.max())
    return moves * counts.sum(axis=1), counts @ quanta, probability / probability.sum()


def _drawn(probability: FloatArray, keys: KeyArray, counter: int) -> IntArray:
    """Return one place for each trajectory."""
    u = uniforms(keys, np.full(len(keys), counter))
    running = np.cumsum(probability)
    place = np.searchsorted(running, u * running[-1], side="right")
    likely = np.flatnonzero(probability)
    return np.minimum(place, likely[-1]).astype(np.int64)
