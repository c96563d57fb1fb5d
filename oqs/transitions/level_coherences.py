"""Coherences within the few degenerate levels of a system whose other levels are single states.

Accidental degeneracies stand between thousands of single levels: seven equal spinful sites have
four pairs among 16384 states. A channel that leads from one state to both members of a pair drives
their coherence, and the rate equation of the populations is not closed. With k_ia = <i|S|a> for
states i of one particle less and k_ia = conj(<a|S|i>) for those of one more, a level's matrix rho
exchanges with its neighbours

    d p_i = out_i sum_ab k_ia rho_ab conj(k_ib),     d rho_ab = in_i conj(k_ia) k_ib p_i,
    d rho = -(R rho + rho R)/2,                      R_ab = sum_i out_i conj(k_ia) k_ib,

out = gamma (1 - n) and in = gamma n towards fewer particles, the reverse towards more, n at the
Bohr frequency between level and neighbour. Where i is itself a member of a degenerate level, all of
its matrix takes part. Elements are those of Davies' generator, restricted to equal frequencies.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from typing import NamedTuple, final

import numpy as np
import scipy.sparse as sp

from oqs.arguments import ComplexArray, FloatArray
from oqs.contact.contacts import NEGLIGIBLE, Contact
from oqs.numerics.blocks import Matrix
from oqs.numerics.clusters import IntArray
from oqs.system.interacting import InteractingSystem
from oqs.transitions.couplings import Coupling, Sector
from oqs.transitions.transitions import SectorBlocks


@final
class Level(NamedTuple):
    """A degenerate level: its states (m,), their mean energy, and how far each (m,) is from it.

    `detuning` is 0 where energies differ by rounding: not where a wide resolution joins levels.
    """

    states: IntArray
    energy: float
    detuning: FloatArray


@final
class Exchange(NamedTuple):
    """What one channel exchanges between a degenerate level and a neighbouring sector."""

    level: int  # index of the level
    contact: int  # index of the contact
    upward: bool  # whether the neighbours have one particle more, not less, than the level
    neighbours: IntArray  # (d,) states
    # (d,) Bohr frequencies, energy of the state with more particles less the other's
    frequency: FloatArray
    gamma: FloatArray  # (d,) rates of the contact there
    amplitudes: ComplexArray  # (d, m) k_ia as above


@final
class Links(NamedTuple):
    """L exchanges from degenerate levels of m states into degenerate levels of d states."""

    exchange: IntArray  # (L,) index of the exchange that each is part of
    # source, target: (L,) indices of both levels
    source: IntArray
    target: IntArray
    # members, places: which neighbours of the exchange are in the target, and where in its states
    members: tuple[IntArray, ...]
    places: tuple[IntArray, ...]
    # (L, d, m) k_ia as above for all states i of the target, 0 of one that is not met
    amplitudes: ComplexArray


@final
@dataclasses.dataclass(frozen=True, eq=False)
class LevelCoherences:
    """The degenerate levels of a model and their exchanges; nothing here depends on T and mu."""

    levels: tuple[Level, ...]
    exchanges: tuple[Exchange, ...]
    blocks: SectorBlocks

    @classmethod
    def of(
        cls,
        system: InteractingSystem,
        contacts: tuple[Contact, ...],
        blocks: SectorBlocks,
        width: float,
    ) -> LevelCoherences:
        """Find the levels of states closer than `width`, and the amplitudes of their states."""
        levels = degenerate_levels(
            system.spectrum.energies,
            blocks.sector,
            system.widths(width),
            rounding=system.widths(system.resolution),
        )
        exchanges: list[Exchange] = []
        if levels:
            for j, contact in enumerate(contacts):
                coupling = Coupling.of(system, j, contact, contact.channels(system.sites))
                exchanges += _exchanges(system, blocks, coupling, levels)
        return cls(levels, tuple(exchanges), blocks)

    @property
    def elements(self) -> int:
        """Number of coherences rho_ab, a != b."""
        return sum(len(level.states) * (len(level.states) - 1) for level in self.levels)

    @property
    def unknowns(self) -> int:
        """Number of unknowns in the form whose zeros are counted, for connected single states."""
        return 1 + sum(len(level.states) ** 2 for level in self.levels)

    @property
    def detuned(self) -> bool:
        """Whether states of one level differ in energy, so that their coherences precess."""
        return any(bool(np.any(level.detuning)) for level in self.levels)

    @property
    def exact(self) -> bool:
        """Whether no quantum number but the particle number tells states apart."""
        return len(np.unique(self.blocks.sector)) == len(self.blocks.steps) + 1

    @functools.cached_property
    def pairs(self) -> list[tuple[IntArray, IntArray]]:
        """Places a < b in each level."""
        return [np.triu_indices(len(level.states), 1) for level in self.levels]

    @functools.cached_property
    def neighbours(self) -> IntArray:
        """Neighbours (R,) of all exchanges, one after the other."""
        none = [np.zeros(0, dtype=np.intp)]
        return np.concatenate(none + [exchange.neighbours for exchange in self.exchanges])

    @functools.cached_property
    def driving(self) -> sp.csr_array:
        """The matrix (R, K) that makes sum_a!=b k_ia rho_ab conj(k_ib) of the numbers rho_ab."""
        begins = np.cumsum([0] + [2 * len(a) for a, _ in self.pairs])
        columns, values, counts = [], [np.zeros(0)], [np.zeros(1, dtype=np.intp)]
        for exchange in self.exchanges:
            a, b = self.pairs[exchange.level]
            k = exchange.amplitudes
            product = 2 * k[:, a] * k[:, b].conj()
            own = np.hstack([product.real, -product.imag])
            row, column = np.nonzero(own)
            columns.append(begins[exchange.level] + column)
            values.append(own[row, column])
            counts.append(np.bincount(row, minlength=len(k)))
        ends = np.cumsum(np.concatenate(counts))
        index = np.concatenate([np.zeros(0, dtype=np.intp), *columns])
        return sp.csr_array(
            (np.concatenate(values), index, ends), shape=(len(ends) - 1, self.elements)
        )

    def matrices(self, x: FloatArray) -> list[ComplexArray]:
        """Return rho_ab of each level (m, m), with zeros for the populations.

        `x` (K,): real and then imaginary parts of rho_ab, a < b, level after level.
        """
        matrices, begin = [], 0
        for level, pairs in zip(self.levels, self.pairs, strict=True):
            rho = np.zeros((len(level.states),) * 2, dtype=np.complex128)
            count = len(pairs[0])
            real, imaginary = x[begin : begin + count], x[begin + count : begin + 2 * count]
            rho[pairs] = real + 1j * imaginary
            matrices.append(rho + rho.conj().T)
            begin += 2 * count
        return matrices

    def numbers(self, rho: Matrix) -> FloatArray:
        """Return the K numbers that `matrices` takes, of rho (D, D)."""
        parts = [np.zeros(0)]
        for level, (a, b) in zip(self.levels, self.pairs, strict=True):
            values = np.asarray(rho[level.states[a], level.states[b]]).ravel()
            parts += [values.real, values.imag]
        return np.concatenate(parts)

    def density_matrix(self, populations: FloatArray, x: FloatArray) -> sp.csr_array:
        """Return rho (D, D) of its populations (D,) and the K numbers of its coherences."""
        rho = sp.diags_array(populations.astype(np.complex128)).tolil()
        for level, matrix in zip(self.levels, self.matrices(x), strict=True):
            rho[np.ix_(level.states, level.states)] += matrix
        return sp.csr_array(rho)

    def hold(self, rho: Matrix) -> bool:
        """Return whether rho (D, D) has no other elements than populations and coherences here."""
        row, column = rho.nonzero()
        level = self._level_of
        return bool(np.all((row == column) | ((level[row] == level[column]) & (level[row] >= 0))))

    @functools.cached_property
    def driven(self) -> int:
        """Number of coherences that populations turn into by one jump; if none, by no sequence."""
        reached = [np.zeros((len(v.states),) * 2, dtype=np.bool_) for v in self.levels]
        for exchange in self.exchanges:
            k = np.abs(exchange.amplitudes[exchange.gamma > 0]) > 0
            reached[exchange.level] |= (k.T.astype(np.int64) @ k) > 0
        driven = sum(int(np.count_nonzero(r)) for r in reached)
        return driven - sum(int(np.count_nonzero(np.diagonal(r))) for r in reached)

    @functools.cached_property
    def links(self) -> tuple[Links, ...]:
        """What degenerate levels exchange with degenerate ones, those of one shape together."""
        by_shape: dict[
            tuple[int, int], list[tuple[int, int, IntArray, IntArray, ComplexArray]]
        ] = {}
        for number, exchange in enumerate(self.exchanges):
            level = self._level_of[exchange.neighbours]
            for index in np.unique(level[level >= 0]).tolist():
                members = np.flatnonzero(level == index)
                states = self.levels[index].states
                k = np.zeros((len(states), exchange.amplitudes.shape[1]), dtype=np.complex128)
                place = np.searchsorted(states, exchange.neighbours[members])
                k[place] = exchange.amplitudes[members]
                by_shape.setdefault(k.shape, []).append((number, index, members, place, k))
        return tuple(self._stacked(each) for each in by_shape.values())

    def _stacked(self, links: list[tuple[int, int, IntArray, IntArray, ComplexArray]]) -> Links:
        numbers, targets, members, places, amplitudes = zip(*links, strict=True)
        source = np.array([self.exchanges[number].level for number in numbers])
        return Links(
            np.array(numbers), source, np.array(targets), members, places, np.array(amplitudes)
        )

    @functools.cached_property
    def _level_of(self) -> IntArray:
        """Index of each state's level (D,), -1 for single states."""
        level_of = np.full(self.blocks.dimension, -1)
        for index, level in enumerate(self.levels):
            level_of[level.states] = index
        return level_of


def degenerate_levels(
    energies: FloatArray, sector: IntArray, widths: FloatArray, *, rounding: FloatArray
) -> tuple[Level, ...]:
    """Return the levels of more than one state of equal quantum numbers (D,)."""
    order = np.lexsort((energies, sector))
    width = np.minimum(widths[order[1:]], widths[order[:-1]])
    apart = (np.diff(sector[order]) != 0) | (np.diff(energies[order]) > width)
    if apart.all():
        return ()
    groups = np.split(order, np.flatnonzero(apart) + 1)
    return tuple(
        _level(np.sort(states), energies, rounding) for states in groups if len(states) > 1
    )


def _level(states: IntArray, energies: FloatArray, rounding: FloatArray) -> Level:
    mean = float(energies[states].mean())
    away = energies[states] - mean
    split = bool(np.any(np.abs(away) > rounding[states]))
    return Level(states, mean, away if split else np.zeros_like(away))


def _exchanges(
    system: InteractingSystem, blocks: SectorBlocks, coupling: Coupling, levels: tuple[Level, ...]
) -> Iterator[Exchange]:
    """Yield what each channel of a contact exchanges with each level."""
    sector_of = np.array([blocks.sector[block.first] for block in system.blocks])
    driven = coupling.driven(sector_of)
    for index, level in enumerate(levels):
        own = int(blocks.sector[level.states[0]])
        members = _on_basis_states(system, level.states)
        for (lower, upper), acting in driven.items():
            if own not in (lower, upper):
                continue
            other = upper if own == lower else lower
            sector = Sector.of(system.blocks, sector_of == other, other)
            for number in acting:
                yield from _exchange(
                    coupling, number, (index, level), members, sector, upward=own == lower
                )


def _exchange(
    coupling: Coupling,
    channel: int,
    indexed: tuple[int, Level],
    members: ComplexArray,
    sector: Sector,
    *,
    upward: bool,
) -> Iterator[Exchange]:
    """Yield what one channel exchanges between a level and a sector, if there is anything."""
    index, level = indexed
    operator = coupling.operators[channel]
    k = np.concatenate([operator.between(members, b, upward=upward) for b in sector.blocks])
    k[np.abs(k) <= NEGLIGIBLE * np.linalg.norm(coupling.amplitudes)] = 0.0
    touched = np.any(k != 0, axis=1)
    if np.any(touched):
        frequency = (sector.energies - level.energy)[touched] * (1.0 if upward else -1.0)
        yield Exchange(
            index,
            coupling.index,
            upward,
            sector.states[touched],
            frequency,
            coupling.contact.gamma(frequency, coupling.index),
            k[touched],
        )


def _on_basis_states(system: InteractingSystem, states: IntArray) -> ComplexArray:
    """Return eigenstates as columns (D, m) on the basis states of definite particle number."""
    starts = np.array([block.first for block in system.blocks])
    members = np.zeros((system.spectrum.dimension, len(states)), dtype=np.complex128)
    for column, state in enumerate(states.tolist()):
        block = system.blocks[int(np.searchsorted(starts, state, side="right")) - 1]
        members[block.basis, column] = block.vectors[:, state - block.first]
    return members
