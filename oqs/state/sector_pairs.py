"""The matrix elements of many states that jumps couple, as dense blocks between pairs of sectors.

A contact's channel leads from one sector of quantum numbers to one other, so that rho_ac with a in
s, c in s' gains from rho_bd with b in t, d in t' only. What gains stands between states of one
energy, of unequal quantum numbers too, such as those of one spin; and, by accident, between states
whose distance recurs at the next particle number. Both are found from the distinct energies, and
the rates between them come as products of blocks of the channels' matrices: no transition is
sorted. Of seven equal spinful sites that are 4e7 transitions between 7,000 energies.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from oqs.arguments import FloatArray
from oqs.generator.davies.davies_model import DaviesModel
from oqs.generator.eigenoperators import levels_of
from oqs.memory import announce, require_memory
from oqs.numerics.blocks import labels_of_links, real_if_it_is, set_labels
from oqs.numerics.clusters import IntArray, cluster, numbered, pairs_within
from oqs.numerics.occupation import filled_and_empty
from oqs.state.coupled_elements import CoupledElements
from oqs.system.interacting import InteractingSystem
from oqs.transitions.channel_blocks import ChannelBlock, ChannelBlocks
from oqs.transitions.places import two_sided
from oqs.transitions.transitions import SectorBlocks

MANY = 1024  # states from which on blocks are quicker than single transitions
_ACCIDENTAL = 1.0  # pairs of equal frequencies of unequal energies, per state, that are few
_BYTES, _SECONDS = 40.0, 6e-7  # for each transition

Vector = NDArray[Any]


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Family:
    """A Davies generator on the elements of those pairs of sectors that jumps link.

    Parameters
    ----------
    row_state, column_state : (P,) a and c of the elements.
    own : (P, P) B rho + rho B^+, how they decay.
    gains : the elements (p,) and (q,) of two pairs of sectors, what the former gain of the latter
        (p, q) where a particle leaves, and the latter of the former where one enters, as (p, q).
    """

    row_state: IntArray
    column_state: IntArray
    own: sp.csr_array
    gains: tuple[tuple[slice, slice, Vector, Vector], ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers (P, P) of elements."""
        return self.own.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the numbers."""
        return np.result_type(self.own.dtype, *(down.dtype for _, _, down, _ in self.gains))

    def diagonal(self) -> Vector:
        """Return how each element decays by itself (P,): it gains nothing from itself."""
        return self.own.diagonal()

    def __matmul__(self, x: Vector) -> Vector:
        """Return what the elements (P,) change by."""
        change = self.own @ x
        for lower, upper, down, up in self.gains:
            change[lower] += down @ x[upper]
            change[upper] += up.T @ x[lower]
        return change

    @property
    def T(self) -> Family:
        """The transposed matrix."""
        gains = tuple((lower, upper, up, down) for lower, upper, down, up in self.gains)
        return dataclasses.replace(self, own=sp.csr_array(self.own.T), gains=gains)

    def __abs__(self) -> Family:
        """Return the absolute values; what is positive is not copied."""
        gains = tuple((a, b, _size(down), _size(up)) for a, b, down, up in self.gains)
        return dataclasses.replace(self, own=abs(self.own), gains=gains)

    def without_diagonal(self) -> Family:
        """Return the matrix with zeros on its diagonal."""
        own = self.own - sp.diags_array(self.diagonal())
        return dataclasses.replace(self, own=sp.csr_array(own))

    def toarray(self) -> Vector:
        """Return the matrix (P, P)."""
        matrix = self.own.toarray().astype(self.dtype)
        for lower, upper, down, up in self.gains:
            matrix[lower, upper] += down
            matrix[upper, lower] += up.T
        return matrix


@final
@dataclasses.dataclass(frozen=True, eq=False)
class SectorPairs:
    """The elements rho_ac of a model of many states that jumps couple, sorted by pairs of sectors.

    Parameters
    ----------
    blocks : the sectors, and the channels between them.
    T, mu : (n,) of the reservoirs.
    rank : (D,) place of each state in its sector.
    coupled : the elements (P,) and how they decay, without what they gain.
    pairs, begins : both sectors of the elements as one number (K,), where they begin (K + 1,).
    distance : E_a - E_c (P,), 0 within one energy.
    width : how far distances may differ and count as equal.
    """

    blocks: ChannelBlocks
    T: FloatArray
    mu: FloatArray
    rank: IntArray
    coupled: CoupledElements
    pairs: IntArray
    begins: IntArray
    distance: FloatArray
    width: float

    @classmethod
    def of(cls, model: DaviesModel, T: FloatArray, mu: FloatArray) -> SectorPairs | None:
        """Find them; None where single transitions are to be asked.

        Those are few, have frequency shifts, are counted as equal by a wide resolution, or are
        equal by the thousands between unequal energies, as where sites are independent.
        """
        system, transitions = model.system, model.transitions
        if not isinstance(system, InteractingSystem) or not isinstance(transitions, SectorBlocks):
            return None
        wide = model.resolution != system.resolution
        if system.spectrum.dimension < MANY or model.shifted or wide:
            return None
        _require_room(transitions.count)
        particles, widths = system.spectrum.particles, system.widths(model.resolution)
        levels, energy = levels_of(system.spectrum.energies, particles, widths)
        width = float(min(2 * widths.max(), model.resolution))
        accidental = _coincidences(levels, energy, particles, width)
        if accidental is None:
            return None
        row, column = map(np.concatenate, zip(pairs_within(levels), accidental, strict=True))
        blocks = ChannelBlocks.of(system, model.leads)
        count = len(blocks.sectors)
        sector, rank = np.empty((2, len(levels)), dtype=np.intp)
        for index, own in enumerate(blocks.sectors):
            sector[own.states], rank[own.states] = index, np.arange(len(own.states))
        pair = sector[row] * count + sector[column]
        order = np.argsort(pair, kind="stable")
        row, column, pair = row[order], column[order], pair[order]
        pairs, begins = np.unique(pair, return_index=True)
        drift = _drift(blocks, T, mu, levels)
        none = sp.csr_array((len(row),) * 2)
        coupled = CoupledElements(particles, set_labels(drift), drift, row, column, none)
        distance = energy[levels[row]] - energy[levels[column]]
        ends = np.append(begins, len(row))
        return cls(blocks, T, mu, rank, coupled, pairs, ends, distance, width)

    def families(self) -> Iterator[Family]:
        """Yield the generator on the pairs of sectors that jumps link, of conjugate ones on one."""
        links = list(self._links())
        ends = np.array([link[:2] for link in links], dtype=np.intp).reshape(-1, 2)
        label = labels_of_links(ends[:, 0], ends[:, 1], len(self.pairs))
        one, two = np.divmod(self.pairs, len(self.blocks.sectors))
        conjugate = label[np.searchsorted(self.pairs, two * len(self.blocks.sectors) + one)]
        for family in np.unique(label).tolist():
            members = np.flatnonzero(label == family)
            if conjugate[members].min() >= family:
                yield self._family(members, [link for link in links if label[link[0]] == family])

    def _links(self) -> Iterator[tuple[int, int, ChannelBlock, ChannelBlock]]:
        """Yield which pairs of sectors a channel links, the lower one first, and its blocks."""
        count = len(self.blocks.sectors)
        place = {pair: index for index, pair in enumerate(self.pairs.tolist())}
        channels: dict[tuple[int, int], list[ChannelBlock]] = {}
        for block in self.blocks.channels:
            channels.setdefault((block.contact, block.number), []).append(block)
        for own in channels.values():
            for first, second in itertools.product(own, own):
                lower = place.get(first.lower * count + second.lower)
                upper = place.get(first.upper * count + second.upper)
                if lower is not None and upper is not None:
                    yield lower, upper, first, second

    def _family(
        self, members: IntArray, links: list[tuple[int, int, ChannelBlock, ChannelBlock]]
    ) -> Family:
        size = np.diff(self.begins)[members]
        ends = np.cumsum(np.concatenate([[0], size]))
        here = {
            index: slice(*each)
            for index, each in zip(members.tolist(), itertools.pairwise(ends.tolist()), strict=True)
        }
        gains: dict[tuple[int, int], tuple[Vector, Vector]] = {}
        for lower, upper, first, second in links:
            down, up = self._gained(lower, upper, first, second)
            if (lower, upper) in gains:
                gains[lower, upper][0][:] += down
                gains[lower, upper][1][:] += up
            else:
                gains[lower, upper] = down, up
        every = np.concatenate([np.arange(*self.begins[k : k + 2]) for k in members.tolist()])
        coupled = self.coupled
        own = dataclasses.replace(
            coupled, row_state=coupled.row_state[every], column_state=coupled.column_state[every]
        )
        return Family(
            own.row_state,
            own.column_state,
            real_if_it_is(sp.csr_array(two_sided(coupled.drift, own))),
            tuple((here[a], here[b], *each) for (a, b), each in gains.items()),
        )

    def _gained(
        self, lower: int, upper: int, first: ChannelBlock, second: ChannelBlock
    ) -> tuple[Vector, Vector]:
        """Return what elements (p,) gain of (q,) by S rho S^+, and (q,) of (p,) by S^+ rho S."""
        below, above = (slice(*self.begins[k : k + 2]) for k in (lower, upper))
        sectors, j = self.blocks.sectors, first.contact
        (a, b), (c, d) = (
            (self.rank[states[below]], self.rank[states[above]])
            for states in (self.coupled.row_state, self.coupled.column_state)
        )
        product = first.root[np.ix_(a, b)] * second.root[np.ix_(c, d)].conj()
        if np.any(self.distance[below]) or np.any(self.distance[above]):
            apart = np.abs(self.distance[below, None] - self.distance[above]) > self.width
            product[apart] = 0.0
        w = sectors[first.upper].energies[b] - sectors[first.lower].energies[a][:, None]
        filled, empty = filled_and_empty((w - self.mu[j]) / self.T[j])
        return product * empty, product.conj() * filled


def _size(matrix: Vector) -> FloatArray:
    return matrix if np.isrealobj(matrix) and matrix.min() >= 0 else np.abs(matrix)


def _require_room(count: float) -> None:
    """Say how long it takes; raise MemoryError where the transitions do not fit."""
    require_memory(
        _BYTES * count,
        f"The relaxation by {count:.2g} transitions, some {_SECONDS * count:.0f} s of work,",
        "The relaxation of fewer sites with the same rates tells the time as well.",
    )
    announce("The relaxation of coupled matrix elements", _SECONDS * count)


def _coincidences(
    levels: IntArray, energy: FloatArray, particles: IntArray, width: float
) -> tuple[IntArray, IntArray] | None:
    """Return states a, c (M,) of unequal energies whose distance recurs, one particle up or down.

    None where they are more than the states.

    `levels` (D,): of each state, across quantum numbers; `energy` (L,) of each level.
    """
    number = np.empty(len(energy), dtype=np.intp)
    number[levels] = particles
    found = [np.zeros((0, 2), dtype=np.intp)]
    for n in range(int(particles.max())):
        lower, upper = np.flatnonzero(number == n), np.flatnonzero(number == n + 1)
        frequency = np.subtract.outer(energy[upper], energy[lower]).ravel()
        if not np.any(np.diff(np.sort(frequency)) <= width):
            continue
        label = cluster(frequency, width)[0]
        several = np.flatnonzero(np.bincount(label)[label] > 1)
        if np.sum(np.bincount(label[several]) ** 2) > _ACCIDENTAL * len(levels):
            return None
        i, k = pairs_within(label[several])
        for own, one, two in (
            (upper, *(several[x] // len(lower) for x in (i, k))),
            (lower, *(several[x] % len(lower) for x in (i, k))),
        ):
            found.append(np.stack([own[one], own[two]], axis=1)[one != two])
    places = np.concatenate(found)
    distinct = numbered(places[:, 0] * len(energy) + places[:, 1])[0]
    states = [np.zeros((0, 2), dtype=np.intp)]
    for one, two in (divmod(pair, len(energy)) for pair in distinct.tolist()):
        ends = np.flatnonzero(levels == one), np.flatnonzero(levels == two)
        states.append(np.stack(np.meshgrid(*ends), axis=-1).reshape(-1, 2))
    row, column = np.concatenate(states).T
    return row, column


def _drift(blocks: ChannelBlocks, T: FloatArray, mu: FloatArray, levels: IntArray) -> sp.csr_array:
    """Return B = -sum L^+ L / 2 (D, D) of all jumps L, between states of one level and sector."""
    parts: list[tuple[IntArray, IntArray, Vector]] = []
    for block in blocks.channels:
        j = block.contact
        filled, empty = filled_and_empty((blocks.frequency(block) - mu[j]) / T[j])
        for index, jump in (
            (block.upper, block.root * np.sqrt(empty)),
            (block.lower, (block.root * np.sqrt(filled)).conj().T),
        ):
            states = blocks.sectors[index].states
            parts.append((states, states, np.sum(np.abs(jump) ** 2, axis=0)))
            level = levels[states]
            several = np.flatnonzero(np.bincount(level)[level] > 1)
            if len(several):
                gram = jump[:, several].conj().T @ jump[:, several]
                a, b = pairs_within(level[several])
                a, b = a[a != b], b[a != b]
                parts.append((states[several[a]], states[several[b]], gram[a, b]))
    row, column, value = map(np.concatenate, zip(*parts, strict=True))
    return sp.csr_array(sp.coo_array((-value / 2, (row, column)), shape=(len(levels),) * 2))
