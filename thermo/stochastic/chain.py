"""The states that a system and small reservoirs can reach from their start, one by one."""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import FloatArray, read_only
from thermo.stochastic.small.jump_table import IntArray, JumpTable
from thermo.stochastic.small.small_reservoir import (
    CLOSED,
    NO_TEMPERATURE,
    SmallReservoir,
    SmallState,
    joined_states,
)

_MARGIN = 50.0  # entropy below the start: such a state is met with probability e^-50 at most
_MOST = 400_000  # states


@final
class Chain(NamedTuple):
    """All states within reach: the eigenstate of the system and what each reservoir has lost."""

    state: IntArray  # (S,) eigenstate. The start is entry 0.
    lost: IntArray  # (S, n) particles that each reservoir has lost
    released: FloatArray  # (S, n) the energy that went with them
    reservoirs: SmallState  # entropy, T, mu and code, each (S, n)
    source: IntArray  # (B,) states of the lower eigenstate
    target: IntArray  # (B,) and those of the upper one that a jump takes them to
    line: IntArray  # (B,) entry of the jump table
    # (S, n) whether the reservoir closes a jump that the eigenstate allows
    closed: NDArray[np.bool_]


def chain(table: JumpTable, members: list[SmallReservoir], names: tuple[str, ...]) -> Chain:
    """Return the states within reach of the empty system and reservoirs that have lost nothing.

    A state whose entropy is by x below that of the start is met with a probability of at most
    e^-x, since P(there, back) and P(back, there) differ by that factor: x > 50 is left out.

    Raises ValueError if a gas has no T at a state within reach, MemoryError if there are more
    than 400,000 states.
    """
    return _Search(table, members, names).finish()


@final
class _Search:
    """A breadth-first search, a whole layer at once."""

    def __init__(
        self, table: JumpTable, members: list[SmallReservoir], names: tuple[str, ...]
    ) -> None:
        self.table, self.members, self.names = table, members, names
        self.kinds, kind = np.unique(np.round(table.frequency, 12), return_inverse=True)
        self.column = table.reservoir * len(self.kinds) + kind  # of the count that a jump changes
        self.keys: list[IntArray] = []
        self.small: list[SmallState] = []
        self.place: dict[bytes, int] = {}
        self.links: list[IntArray] = []
        self.closed: list[tuple[int, int]] = []

    def finish(self) -> Chain:
        """Search layer by layer until nothing new is met."""
        width = 1 + self.table.reservoirs * len(self.kinds)
        start = np.zeros((1, width), dtype=np.int64)
        start[0, 0] = self.table.empty
        small = self._states(start)
        self.first = float(np.sum(small.entropy))
        layer = self._add(start, small)
        while len(layer):
            layer = self._next(layer)
        keys = np.concatenate(self.keys)
        lost, released = self._losses(keys)
        links = np.unique(np.concatenate([np.zeros((0, 3), np.int64), *self.links]), axis=0)
        closed = np.zeros(lost.shape, dtype=np.bool_)
        for at, j in self.closed:
            closed[at, j] = True
        return Chain(
            read_only(keys[:, 0]),
            read_only(lost),
            read_only(released),
            joined_states(self.small, 0),
            read_only(links[:, 0]),
            read_only(links[:, 1]),
            read_only(links[:, 2]),
            read_only(closed),
        )

    def _losses(self, keys: IntArray) -> tuple[IntArray, FloatArray]:
        counts = keys[:, 1:].reshape(-1, self.table.reservoirs, len(self.kinds))
        return counts.sum(axis=2) * self.table.moves, counts @ self.kinds

    def _states(self, keys: IntArray) -> SmallState:
        lost, released = self._losses(keys)
        parts = [member.at(lost[:, j], released[:, j]) for j, member in enumerate(self.members)]
        return joined_states(parts, 1, stack=True)

    def _add(self, keys: IntArray, small: SmallState) -> IntArray:
        """Keep new states; return their places."""
        begin = len(self.place)
        if begin + len(keys) > _MOST:
            raise MemoryError(
                f"The master equation has more than {_MOST} states within reach. Give smaller "
                "capacities, or follow the jumps themselves with thermo.evolve_stochastic."
            )
        for offset, key in enumerate(keys):
            self.place[key.tobytes()] = begin + offset
        self.keys.append(keys)
        self.small.append(small)
        return np.arange(begin, begin + len(keys))

    def _next(self, layer: IntArray) -> IntArray:
        """Follow every jump out of a layer (its places); return the places of what is new."""
        table, begin = self.table, int(layer[0])
        keys = self.keys[-1]
        reached, origin, line, upward = [], [], [], []
        for ends, sign in ((table.lower, 1), (table.upper, -1)):
            here, jump = np.nonzero(keys[:, 0][:, None] == ends)
            moved = keys[here]
            moved[:, 0] = (table.upper if sign > 0 else table.lower)[jump]
            moved[np.arange(len(moved)), 1 + self.column[jump]] += sign
            reached.append(moved)
            origin.append(begin + here)
            line.append(jump)
            upward.append(np.full(len(here), sign > 0))
        return self._judge(*(np.concatenate(part) for part in (reached, origin, line, upward)))

    def _judge(
        self, keys: IntArray, origin: IntArray, line: IntArray, upward: NDArray[np.bool_]
    ) -> IntArray:
        distinct, which = np.unique(keys, axis=0, return_inverse=True)
        which = which.ravel()
        known = np.array([self.place.get(key.tobytes(), -1) for key in distinct], dtype=np.int64)
        unknown = np.flatnonzero(known < 0)
        small = self._states(distinct[unknown])
        self._refuse(small.code)
        shut = np.any(small.code == CLOSED, axis=1)
        entropy = np.where(shut, -np.inf, np.sum(small.entropy, axis=1)) - self.first
        enter = entropy >= -_MARGIN
        places = self._add(distinct[unknown[enter]], small.rows(enter))
        known[unknown[enter]] = places
        closing = np.zeros(len(distinct), dtype=np.bool_)
        closing[unknown[shut]] = True
        for at, jump in zip(origin[closing[which]], line[closing[which]], strict=True):
            self.closed.append((int(at), int(self.table.reservoir[jump])))
        there = known[which] >= 0
        ends = origin[there], known[which[there]]
        up = upward[there]
        source, target = np.where(up, ends[0], ends[1]), np.where(up, ends[1], ends[0])
        self.links.append(np.stack([source, target, line[there]], axis=1))
        return places

    def _refuse(self, code: IntArray) -> None:
        wrong = np.any(code == NO_TEMPERATURE, axis=0)
        if wrong.any():
            raise ValueError(
                f"Argument `reservoirs` must have a temperature at every state within reach, but "
                f"the gas of {self.names[int(np.argmax(wrong))]!r} has none at some. Give it a "
                "larger capacity, of which fluctuations are a smaller part, or FermiDiracGas, "
                "which is exact at any mu/T."
            )
