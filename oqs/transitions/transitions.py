"""Transitions between energy eigenstates: frequencies, and each contact's rate at n = 1/2 doubled.

What the rate equation needs of a model, without T and mu: from `lower` to `upper`, one particle
more, contact j goes up at gamma_j n_j |<lower|S|upper>|^2 and down at the same with 1 - n_j. Two
forms: `ModeTransitions` where the eigenstates are occupation states (no matrix is needed),
`SectorBlocks` of dense matrices between neighbouring particle numbers otherwise.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import FloatArray
from oqs.numerics.blocks import labels_of_links
from oqs.numerics.clusters import IntArray


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Part:
    """The transitions of a step between two sectors of equal quantum numbers."""

    # rows, columns: where the r upper and the c lower states stand in the step
    rows: slice
    columns: slice
    contacts: IntArray  # (m,) indices of the contacts that drive them
    # (m, r, c) gamma_j |<lower|S_j|upper>|^2 of each of those, summed over channels
    rate: FloatArray

    @functools.cached_property
    def linked(self) -> NDArray[np.bool_]:
        """Which pairs (r, c) some contact links."""
        return np.any(self.rate > 0, axis=0)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Step:
    """All transitions between the states of n and n + 1 particles."""

    # lower, upper: (d,), (d',) eigenstates, those of equal quantum numbers one after the other
    lower: IntArray
    upper: IntArray
    # (d', d) E_upper - E_lower, or the energies (d,), (d',) of which they are made
    frequencies: FloatArray | tuple[FloatArray, FloatArray]
    parts: tuple[Part, ...]  # the transitions, by quantum numbers
    reservoirs: int  # number n of contacts

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers (d', d) of upper and lower states."""
        return len(self.upper), len(self.lower)

    @property
    def energies(self) -> tuple[FloatArray, FloatArray] | None:
        """Energies (d,), (d',); None where frequencies are known better than their differences."""
        return self.frequencies if isinstance(self.frequencies, tuple) else None

    def frequency_of(self, rows: slice, columns: slice) -> FloatArray:
        """Return E_upper - E_lower of some of the upper and lower states."""
        if not isinstance(self.frequencies, tuple):
            return self.frequencies[rows, columns]
        lower, upper = self.frequencies
        return upper[rows, None] - lower[columns]

    @property
    def frequency(self) -> FloatArray:
        """All frequencies (d', d)."""
        return self.frequency_of(slice(None), slice(None))

    @property
    def rate(self) -> FloatArray:
        """Each contact's rates (n, d', d), zeros between unequal quantum numbers included."""
        rate = np.zeros((self.reservoirs, *self.shape))
        for part in self.parts:
            rate[part.contacts, part.rows, part.columns] = part.rate
        return rate


@final
@dataclasses.dataclass(frozen=True, eq=False)
class SectorBlocks:
    """The steps between neighbouring particle numbers, from the lowest."""

    steps: tuple[Step, ...]  # one per pair of neighbouring particle numbers
    sector: IntArray  # (D,) label of each eigenstate's quantum numbers
    # whether one channel links an eigenstate to two others of one level and equal quantum numbers,
    # so that it may drive coherences between them
    ambiguous: bool

    @property
    def dimension(self) -> int:
        """Number D of eigenstates."""
        return len(self.sector)

    @property
    def count(self) -> float:
        """Number of pairs of states that contacts may link, each for each contact."""
        return float(sum(part.rate.size for step in self.steps for part in step.parts))

    @property
    def driven(self) -> bool:
        """Whether some contact drives some transition."""
        return any(bool(np.any(part.linked)) for step in self.steps for part in step.parts)

    @functools.cached_property
    def components(self) -> int:
        """Number of sets of eigenstates that no transition connects."""
        return self.components_among(np.ones(self.dimension, dtype=np.bool_))[0]

    def components_among(self, among: NDArray[np.bool_]) -> tuple[int, IntArray]:
        """Return the number of sets that transitions within `among` (D,) connect, and each's label.

        The label (D,) of other states is -1.
        """
        if np.array_equal(self.reached(among), among):
            return int(among.any()), np.where(among, 0, -1)
        none = np.zeros(0, dtype=np.intp)
        rows, columns = [none], [none]
        for step in self.steps:
            for part in step.parts:
                upper, lower = np.nonzero(part.linked)
                rows.append(step.upper[part.rows][upper])
                columns.append(step.lower[part.columns][lower])
        ends = np.concatenate(rows), np.concatenate(columns)
        inside = among[ends[0]] & among[ends[1]]
        ends = ends[0][inside], ends[1][inside]
        label = labels_of_links(*ends, self.dimension)
        present, renumbered = np.unique(label[among], return_inverse=True)
        labels = np.full(self.dimension, -1)
        labels[among] = renumbered
        return len(present), labels

    def reached(self, among: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which states (D,) of `among` (D,) transitions connect with the first of those.

        Sweeping up and down through the parts finds them in a few passes where nearly all states
        are linked; a graph of all links would be larger than the parts.
        """
        parts = [
            (step.upper[part.rows], step.lower[part.columns], part.linked)
            for step in self.steps
            for part in step.parts
        ]
        reached = np.zeros(self.dimension, dtype=np.bool_)
        reached[np.flatnonzero(among)[:1]] = True
        known, every = 0, int(np.count_nonzero(among))
        while known < (count := int(np.count_nonzero(reached))) < every:
            known = count
            for upper, lower, links in (*parts, *parts[::-1]):
                reached[upper] |= links[:, reached[lower]].any(axis=1) & among[upper]
                reached[lower] |= links[reached[upper]].any(axis=0) & among[lower]
        return reached


@final
@dataclasses.dataclass(frozen=True, eq=False)
class ModeTransitions:
    """Occupation eigenstates: mode k fills at a frequency that the other occupations shift."""

    # for each mode k, w_k (R,) by the occupations of the other modes, R = 2^(N-1), modes in their
    # order; R = 1 where they do not matter
    frequency: tuple[FloatArray, ...]
    # for each mode, (n, R) gamma_j(w) times its squared amplitude in contact j
    rate: tuple[FloatArray, ...]
    ambiguous: bool  # whether one channel links an eigenstate to two others of one level

    @property
    def modes(self) -> int:
        """Number N of modes."""
        return len(self.frequency)

    @property
    def driven(self) -> bool:
        """Whether some contact drives some transition."""
        return any(bool(np.any(rate > 0)) for rate in self.rate)

    @functools.cached_property
    def components(self) -> int:
        """Number of sets of eigenstates that no transition connects."""
        driven = [np.any(rate > 0, axis=0) for rate in self.rate]
        if all(len(linked) == 1 for linked in driven):  # an idle mode doubles what there is
            return 2 ** sum(not linked[0] for linked in driven)
        if all(bool(np.all(linked)) for linked in driven):
            return 1
        states = np.arange(2**self.modes)
        ends = []
        for mode, linked in enumerate(driven):
            pair = self.split(states, mode)  # (rest above, 2, rest below)
            which = np.broadcast_to(self.over_rest(linked, mode), pair[:, 0].shape)
            ends.append((pair[:, 0][which], pair[:, 1][which]))
        empty, filled = (np.concatenate(end) for end in zip(*ends, strict=True))
        return int(labels_of_links(empty, filled, len(states)).max()) + 1

    def split(self, states: NDArray[np.float64], mode: int) -> NDArray[np.float64]:
        """View states (2^N,) as (rest above, 2, rest below) of this mode."""
        return states.reshape(2**mode, 2, -1)

    def over_rest(self, values: FloatArray, mode: int) -> FloatArray:
        """View values (..., R) of the other occupations as (..., rest above, rest below)."""
        if values.shape[-1] == 1:
            return values[..., None]
        return values.reshape(*values.shape[:-1], 2**mode, -1)

    def blocks(self) -> SectorBlocks:
        """Return the same transitions as dense blocks between particle numbers."""
        size, reservoirs = 2**self.modes, len(self.rate[0])
        states = np.arange(size)
        particles = np.bitwise_count(states)
        sectors = [np.flatnonzero(particles == n) for n in range(self.modes + 1)]
        rank = np.empty(size, dtype=np.intp)
        for sector in sectors:
            rank[sector] = np.arange(len(sector))
        bits = 1 << np.arange(self.modes - 1, -1, -1)[:, None]
        rest = np.arange(size // 2)
        below = rest & (bits - 1)
        sources = (rest << 1) - below  # the occupations of the others around an empty mode
        energies = np.empty(sources.shape)
        rates = np.empty((reservoirs, *sources.shape))
        for k, (w, g) in enumerate(zip(self.frequency, self.rate, strict=True)):
            energies[k], rates[:, k] = w, g
        filled = particles[sources].ravel()
        order = np.argsort(filled, kind="stable")
        ends = np.cumsum(np.bincount(filled)).tolist()
        places = rank[sources + bits].ravel(), rank[sources].ravel()
        energies, rates = energies.ravel(), rates.reshape(reservoirs, -1)
        steps = []
        for lower, upper, begin, end in zip(sectors, sectors[1:], (0, *ends), ends, strict=False):
            own = order[begin:end]
            frequency = np.zeros((len(upper), len(lower)))
            rate = np.zeros((reservoirs, len(upper), len(lower)))
            place = places[0][own], places[1][own]
            frequency[place], rate[:, *place] = energies[own], rates[:, own]
            part = Part(slice(None), slice(None), np.arange(reservoirs), rate)
            steps.append(Step(lower, upper, frequency, (part,), reservoirs))
        return SectorBlocks(tuple(steps), particles.astype(np.intp), self.ambiguous)


Transitions = ModeTransitions | SectorBlocks
