"""Transitions between the eigenstates of an interacting system, by quantum numbers."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import Any, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from oqs.arguments import ComplexArray, FloatArray
from oqs.clusters import IntArray
from oqs.contacts import Contact
from oqs.eigenoperators import NEGLIGIBLE
from oqs.fock import DENSE, Block
from oqs.interacting import InteractingSystem, NumberBasis
from oqs.memory import require_memory
from oqs.quantum_numbers import Links, sectors_of_sets
from oqs.transitions import Part, SectorBlocks, Step

_Pair = tuple[int, int]  # labels of two sectors, the upper one of one particle more


def sector_transitions(
    system: InteractingSystem,
    contacts: tuple[Contact, ...],
    channels: list[ComplexArray],
    width: float,
) -> SectorBlocks:
    """Return the transitions of a system that is diagonalised set by set.

    Raises
    ------
    MemoryError
        before anything is diagonalised, where the transitions would not fit.
    """
    couplings = [
        _Coupling.of(system, j, contact, t)
        for j, (contact, t) in enumerate(zip(contacts, channels, strict=True))
    ]
    links = [link for coupling in couplings for link in coupling.links]
    sector_of = sectors_of_sets(len(system.invariant_sets), links)
    driven = [coupling.driven(sector_of) for coupling in couplings]
    _require_memory(system, sector_of, driven)
    sectors = [
        [_Sector.of(system.blocks, sector_of == label, label) for label in labels]
        for labels in _by_particles(system, sector_of)
    ]
    steps, ambiguous = [], False
    for below, above in itertools.pairwise(sectors):
        parts = []
        for (columns, p), (rows, q) in itertools.product(_placed(below), _placed(above)):
            drivers = [j for j, pairs in enumerate(driven) if (p.label, q.label) in pairs]
            rate = np.empty((len(drivers), len(q.states), len(p.states)))
            for place, j in enumerate(drivers):
                acting = driven[j][p.label, q.label]
                rate[place], twice = couplings[j].rate(acting, p, q, width)
                ambiguous |= twice
            if drivers:
                parts.append(Part(rows, columns, np.array(drivers), rate))
        steps.append(_step(below, above, parts, len(contacts)))
    sector = np.repeat(sector_of, [len(states) for states in system.invariant_sets])
    return SectorBlocks(tuple(steps), sector, ambiguous)


def _by_particles(system: InteractingSystem, sector_of: IntArray) -> list[list[int]]:
    """Return the labels of the sectors of each particle number, ascending."""
    particles = system.number_basis.particles
    number = np.array([particles[states[0]] for states in system.invariant_sets])
    return [np.unique(sector_of[number == n]).tolist() for n in np.unique(number)]


def _require_memory(
    system: InteractingSystem, sector_of: IntArray, driven: Sequence[dict[_Pair, list[int]]]
) -> None:
    """Raise MemoryError, before anything is diagonalised, where the transitions would not fit.

    Kept are the eigenvectors, each contact's rates and, up and down, those of all contacts at one T
    and mu; beside them stand the largest set's eigenvectors and a pair's rates as they are made.
    """
    sizes = np.array([len(states) for states in system.invariant_sets], dtype=np.float64)
    states = np.bincount(sector_of, sizes)
    pairs = [states[p] * states[q] for each in driven for p, q in each]
    joined = [states[p] * states[q] for p, q in set().union(*driven)]
    entry = 8 if system.number_basis.real else 16
    needed = entry * (np.sum(sizes**2) + 4 * np.max(sizes**2))
    needed += 8 * (sum(pairs) + 2 * sum(joined) + 6 * max(joined, default=0.0))
    require_memory(
        float(needed),
        f"A system of {system.sites} sites with {len(driven)} contacts",
        "Take fewer sites; without tunnelling 20 sites are possible.",
    )


@final
@dataclasses.dataclass(frozen=True, eq=False)
class _Sector:
    """The eigenstates (d,) of equal quantum numbers, block after block."""

    label: int
    blocks: tuple[Block, ...]
    states: IntArray
    energies: FloatArray

    @classmethod
    def of(cls, blocks: tuple[Block, ...], chosen: NDArray[np.bool_], label: int) -> _Sector:
        own = tuple(blocks[index] for index in np.flatnonzero(chosen).tolist())
        return cls(
            label,
            own,
            np.concatenate([np.arange(b.states.start, b.states.stop) for b in own]),
            np.concatenate([b.energies for b in own]),
        )

    def placed(self) -> Iterator[tuple[slice, Block]]:
        """Yield where each block stands in the sector."""
        begin = 0
        for block in self.blocks:
            yield slice(begin, begin + len(block.basis)), block
            begin += len(block.basis)


def _placed(sectors: list[_Sector]) -> list[tuple[slice, _Sector]]:
    ends = np.cumsum([0, *(len(sector.states) for sector in sectors)]).tolist()
    return [
        (slice(begin, end), sector)
        for begin, end, sector in zip(ends[:-1], ends[1:], sectors, strict=True)
    ]


def _step(below: list[_Sector], above: list[_Sector], parts: list[Part], contacts: int) -> Step:
    lower, upper = (np.concatenate([s.states for s in side]) for side in (below, above))
    energies = tuple(np.concatenate([s.energies for s in side]) for side in (below, above))
    return Step(lower, upper, (energies[0], energies[1]), tuple(parts), contacts)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class _Coupling:
    """The channels of contact `index` as matrices between basis states."""

    index: int
    contact: Contact
    amplitudes: ComplexArray
    operators: tuple[_Operator, ...]

    @classmethod
    def of(
        cls, system: InteractingSystem, index: int, contact: Contact, t: ComplexArray
    ) -> _Coupling:
        rows = [row for row in t if np.any(row)]
        operators = tuple(_Operator.of(system, row, float(np.linalg.norm(t))) for row in rows)
        return cls(index, contact, t, operators)

    @property
    def links(self) -> list[Links]:
        """Which invariant sets each channel joins."""
        return [operator.links for operator in self.operators]

    def driven(self, sector_of: IntArray) -> dict[_Pair, list[int]]:
        """Return the channels that act between two sectors, for each pair that has some."""
        found: dict[_Pair, list[int]] = {}
        for number, (lower, upper) in enumerate(self.links):
            pairs = zip(sector_of[lower].tolist(), sector_of[upper].tolist(), strict=True)
            for pair in set(pairs):
                found.setdefault(pair, []).append(number)
        return found

    def rate(
        self, acting: list[int], below: _Sector, above: _Sector, width: float
    ) -> tuple[FloatArray, bool]:
        """Return gamma |<lower|S|upper>|^2 (d', d), and whether a channel finds a level twice."""
        rate = np.zeros((len(above.states), len(below.states)))
        twice = False
        for number in acting:
            strength = significant(self.operators[number].strength(below, above), self.amplitudes)
            twice |= _links_a_level_twice(strength, below.energies, above.energies, width)
            rate += strength
        touched = rate > 0
        frequency = above.energies[:, None] - below.energies
        rate[touched] *= self.contact.gamma(frequency[touched], self.index)
        return rate, twice


@final
@dataclasses.dataclass(frozen=True, eq=False)
class _Operator:
    """One channel S = sum_v row_v c_v as a matrix (D, D) between basis states.

    S empties a site: it leads only into basis states in which one is empty.
    """

    matrix: sp.csr_array
    links: Links

    @classmethod
    def of(cls, system: InteractingSystem, row: ComplexArray, norm: float) -> _Operator:
        basis: NumberBasis = system.number_basis
        matrix = sp.csr_array(basis.hamiltonian.shape, dtype=np.complex128)
        for v in np.flatnonzero(row).tolist():
            matrix = matrix + row[v] * basis.annihilator(v)
        if not np.any(matrix.data.imag):
            matrix = matrix.real
        lower, upper = matrix.nonzero()
        large = np.abs(matrix[lower, upper]) > NEGLIGIBLE * norm
        sets = np.stack([system.set_of[lower[large]], system.set_of[upper[large]]])
        low, up = np.unique(sets, axis=1)
        return cls(matrix, (low, up))

    @functools.cached_property
    def _dense(self) -> NDArray[Any] | None:
        return self.matrix.toarray() if self.matrix.shape[0] <= DENSE else None

    def strength(self, below: _Sector, above: _Sector) -> FloatArray:
        """Return |<lower|S|upper>|^2 (d', d), block by block."""
        strength = np.zeros((len(above.states), len(below.states)))
        for (columns, p), (rows, q) in itertools.product(below.placed(), above.placed()):
            used, led = self._applied(p, q)
            if len(used):
                amplitude = led.T @ p.vectors[used].conj()  # (d', d)
                complex_valued = np.iscomplexobj(amplitude)
                strength[rows, columns] = np.abs(amplitude) ** 2 if complex_valued else amplitude**2
        return strength

    def _applied(self, p: Block, q: Block) -> tuple[IntArray, NDArray[Any]]:
        """Return the basis states of p (used,) it reaches, and S |eigenstates of q> on them."""
        if self._dense is not None:
            part = self._dense[np.ix_(p.basis, q.basis)]
            used = np.flatnonzero(np.any(part != 0, axis=1))
            return used, part[used] @ q.vectors
        sparse = self.matrix[p.basis, :][:, q.basis]
        used = np.flatnonzero(np.diff(sparse.indptr))
        return used, sparse[used, :] @ q.vectors


def significant(strength: FloatArray, amplitudes: ComplexArray) -> FloatArray:
    """Return the squared amplitudes with those that are rounding of zeros set to zero."""
    strength[strength <= (NEGLIGIBLE * np.linalg.norm(amplitudes)) ** 2] = 0.0
    return strength


def _links_a_level_twice(
    strength: FloatArray, lower: FloatArray, upper: FloatArray, width: float
) -> bool:
    """Return whether a state is linked to two degenerate states of the other sector."""
    return _twice(strength, upper, width) or _twice(strength.T, lower, width)


def _twice(strength: FloatArray, energies: FloatArray, width: float) -> bool:
    order = np.argsort(energies, kind="stable")
    starts = np.concatenate([[0], np.flatnonzero(np.diff(energies[order]) > width) + 1])
    if len(starts) == len(energies):
        return False
    links = np.add.reduceat((strength[order] > 0).astype(np.int64), starts, axis=0)
    return bool(np.any(links > 1))
