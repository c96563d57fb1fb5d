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
from typing import final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from oqs.arguments import ComplexArray, FloatArray
from oqs.contact.contacts import NEGLIGIBLE, Contact
from oqs.numerics.clusters import IntArray
from oqs.system.interacting import InteractingSystem
from oqs.transitions.couplings import Coupling, Sector
from oqs.transitions.transitions import SectorBlocks

_ZERO = 1e-12  # relative size of a zero; rounding is 1e-15


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Level:
    """A degenerate level: its states (m,), their mean energy, and how far each (m,) is from it.

    `detuning` is 0 where energies differ by rounding: not where a wide resolution joins levels.
    """

    states: IntArray
    energy: float
    detuning: FloatArray


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Exchange:
    """What one channel exchanges between a degenerate level and a neighbouring sector.

    Parameters
    ----------
    level : index of the level.
    contact : index of the contact.
    upward : whether the neighbours have one particle more, not less, than the level.
    neighbours : (d,) states.
    frequency : (d,) Bohr frequencies, energy of the state with more particles less the other's.
    gamma : (d,) rates of the contact there.
    amplitudes : (d, m) k_ia as above.
    """

    level: int
    contact: int
    upward: bool
    neighbours: IntArray
    frequency: FloatArray
    gamma: FloatArray
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
            system.spectrum.energies, blocks.sector, width, rounding=system.resolution
        )
        found: list[Exchange] = []
        if levels:
            for j, contact in enumerate(contacts):
                coupling = Coupling.of(system, j, contact, contact.channels(system.sites))
                found += _exchanges(system, blocks, coupling, levels)
        return cls(levels, tuple(found), blocks)

    @property
    def elements(self) -> int:
        """Number of coherences rho_ab, a != b."""
        return sum(len(level.states) * (len(level.states) - 1) for level in self.levels)

    @property
    def unknowns(self) -> int:
        """Number of unknowns in the form whose zeros are counted, for connected single states."""
        return 1 + sum(len(level.states) ** 2 for level in self.levels)

    @property
    def turning(self) -> bool:
        """Whether states of one level differ in energy, so that their coherences turn."""
        return any(bool(np.any(level.detuning)) for level in self.levels)

    @property
    def exact(self) -> bool:
        """Whether no quantum number but the particle number tells states apart."""
        return len(np.unique(self.blocks.sector)) == len(self.blocks.steps) + 1

    @functools.cached_property
    def pairs(self) -> list[tuple[IntArray, IntArray]]:
        """Places a < b in each level."""
        return [np.triu_indices(len(level.states), 1) for level in self.levels]

    def matrices(self, x: FloatArray) -> list[ComplexArray]:
        """Return rho_ab of each level (m, m), with zeros for the populations.

        Parameters
        ----------
        x : (K,) real and then imaginary parts of rho_ab, a < b, level after level.
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

    def numbers(self, rho: sp.csr_array) -> FloatArray:
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

    def hold(self, rho: sp.csr_array) -> bool:
        """Return whether rho (D, D) has no other elements than populations and coherences here."""
        entries = rho.tocoo()
        row, column = (ends[entries.data != 0] for ends in entries.coords)
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

    def degenerate_neighbours(self, exchange: Exchange) -> list[tuple[int, IntArray]]:
        """Return the levels with members among the neighbours, and which neighbours those are."""
        level = self._level_of[exchange.neighbours]
        found = np.unique(level[level >= 0])
        return [(int(index), np.flatnonzero(level == index)) for index in found]

    def places(self, index: int, states: IntArray) -> IntArray:
        """Return where states stand in their level."""
        return np.searchsorted(self.levels[index].states, states)

    @functools.cached_property
    def _level_of(self) -> IntArray:
        """Index of each state's level (D,), -1 for single states."""
        level_of = np.full(self.blocks.dimension, -1)
        for index, level in enumerate(self.levels):
            level_of[level.states] = index
        return level_of

    @functools.cached_property
    def kernel_dimension(self) -> int:
        """Dimension of the commutant of H and all jumps, and so of the generator's kernel.

        X that commutes with H is a matrix X_l on every level, and a number on a single state, the
        same on all single states that are linked. It commutes with the jumps between l and its
        neighbours where k X_l = X_i k and X_l k^+ = k^+ X_i for the amplitudes k. How far that is
        missed, weighted with the rates, is a quadratic form in these unknowns; its zeros count.
        Coherences between unequal quantum numbers are not counted: they are none where this is 1.
        """
        if not self.levels:
            return self.blocks.components
        form = CommutantForm.of(self)
        if form.size == 1:
            return 1
        values = np.linalg.eigvalsh(form.matrix)
        return int(np.sum(values <= _ZERO * values[-1]))


@final
@dataclasses.dataclass(frozen=True, eq=False)
class CommutantForm:
    """The quadratic form whose zeros commute with H and all jumps.

    Parameters
    ----------
    matrix : (S, S) Hermitian; first the sets of linked single states, then X_l level by level.
    """

    matrix: ComplexArray

    @property
    def size(self) -> int:
        """Number S of unknowns."""
        return len(self.matrix)

    @classmethod
    def of(cls, coherences: LevelCoherences) -> CommutantForm:
        """Add what every exchange asks for."""
        single = np.ones(coherences.blocks.dimension, dtype=np.bool_)
        for level in coherences.levels:
            single[level.states] = False
        sets, component = coherences.blocks.components_among(single)
        sizes = [len(level.states) ** 2 for level in coherences.levels]
        begins = (sets + np.cumsum([0, *sizes])).tolist()
        matrix = np.zeros((begins[-1],) * 2, dtype=np.complex128)
        for level, begin, end in zip(coherences.levels, begins[:-1], begins[1:], strict=True):
            apart = np.abs(np.subtract.outer(level.detuning, level.detuning)).ravel()
            matrix[range(begin, end), range(begin, end)] += apart  # what turns does not commute
        for exchange in coherences.exchanges:
            own = slice(*begins[exchange.level : exchange.level + 2])
            alone = component[exchange.neighbours]
            for index in np.unique(alone[alone >= 0]).tolist():
                _ask_single(matrix, index, own, _weighted(exchange, alone == index))
            for index, members in coherences.degenerate_neighbours(exchange):
                other = slice(*begins[index : index + 2])
                chosen = np.zeros(len(alone), dtype=np.bool_)
                chosen[members] = True
                shape = (len(coherences.levels[index].states), exchange.amplitudes.shape[1])
                rows = np.zeros(shape, dtype=np.complex128)
                place = coherences.places(index, exchange.neighbours[members])
                rows[place] = _weighted(exchange, chosen)
                _ask_level(matrix, other, own, rows)
        return cls(matrix)


def _weighted(exchange: Exchange, chosen: NDArray[np.bool_]) -> ComplexArray:
    """Return sqrt(gamma) k of some neighbours."""
    weighted: ComplexArray = np.sqrt(exchange.gamma[chosen])[:, None] * exchange.amplitudes[chosen]
    return weighted


def _ask_single(matrix: ComplexArray, single: int, own: slice, k: ComplexArray) -> None:
    """Add |x k - k X|^2 + |X k^+ - k^+ x|^2 with x a number."""
    gram = k.conj().T @ k
    one = np.eye(len(gram))
    matrix[single, single] += 2 * np.trace(gram)
    matrix[single, own] -= 2 * gram.T.ravel()
    matrix[own, single] -= 2 * gram.T.ravel().conj()
    matrix[own, own] += np.kron(gram, one) + np.kron(one, gram.T)


def _ask_level(matrix: ComplexArray, other: slice, own: slice, k: ComplexArray) -> None:
    """Add |Y k - k X|^2 + |X k^+ - k^+ Y|^2 with Y the matrix of the neighbouring level."""
    here, there = np.eye(k.shape[1]), np.eye(k.shape[0])
    adjoint = k.conj().T
    for left, right in (
        (np.kron(there, k.T), np.kron(k, here)),  # Y k and k X, stacked by rows
        (np.kron(adjoint, there), np.kron(here, adjoint.T)),  # k^+ Y and X k^+
    ):
        matrix[other, other] += left.conj().T @ left
        matrix[own, own] += right.conj().T @ right
        cross = left.conj().T @ right
        matrix[other, own] -= cross
        matrix[own, other] -= cross.conj().T


def degenerate_levels(
    energies: FloatArray, sector: IntArray, width: float, *, rounding: float
) -> tuple[Level, ...]:
    """Return the levels of more than one state of equal quantum numbers (D,)."""
    order = np.lexsort((energies, sector))
    apart = (np.diff(sector[order]) != 0) | (np.diff(energies[order]) > width)
    if apart.all():
        return ()
    groups = np.split(order, np.flatnonzero(apart) + 1)
    return tuple(
        _level(np.sort(states), energies, rounding) for states in groups if len(states) > 1
    )


def _level(states: IntArray, energies: FloatArray, rounding: float) -> Level:
    mean = float(energies[states].mean())
    away = energies[states] - mean
    split = bool(np.any(np.abs(away) > rounding))
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
