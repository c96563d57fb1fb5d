"""Transitions between energy eigenstates: frequencies, and each contact's rate at n = 1/2 doubled.

What the rate equation needs of a model, without T and mu: from `lower` to `upper`, one particle
more, contact j goes up at gamma_j n_j |<lower|S|upper>|^2 and down at the same with 1 - n_j. Two
forms: `Flips` where the eigenstates are occupation states (no matrix is needed), `SectorBlocks` of
dense matrices between neighbouring particle numbers otherwise.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import os
from collections.abc import Callable
from typing import Any, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from oqs.arguments import ComplexArray, FloatArray
from oqs.clusters import IntArray
from oqs.contacts import Contact
from oqs.eigenoperators import NEGLIGIBLE
from oqs.fock import DENSE, Block, occupation_sum
from oqs.interacting import InteractingSystem, NumberBasis
from oqs.systems import QuadraticSystem, System
from oqs.terms import Terms


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Step:
    """All transitions between the sectors of n and n + 1 particles.

    Parameters
    ----------
    lower, upper : (d,), (d',) eigenstates of the two sectors.
    frequency : (d', d) E_upper - E_lower.
    rate : (n, d', d) gamma_j |<lower|S_j|upper>|^2, summed over channels.
    energies : (d,) E_lower, (d',) E_upper, where `frequency` is made of them and knows no better.
    """

    lower: IntArray
    upper: IntArray
    frequency: FloatArray
    rate: FloatArray
    energies: tuple[FloatArray, FloatArray] | None = None

    @property
    def linked(self) -> NDArray[np.bool_]:
        """Which pairs (d', d) some contact links."""
        linked: NDArray[np.bool_] = np.any(self.rate > 0, axis=0)
        return linked


@final
@dataclasses.dataclass(frozen=True, eq=False)
class SectorBlocks:
    """The steps between neighbouring particle numbers, from the lowest.

    Parameters
    ----------
    steps : one per pair of neighbouring sectors.
    dimension : number D of eigenstates.
    ambiguous : whether one channel links an eigenstate to two others of one level, so that it may
        drive coherences between them.
    """

    steps: tuple[Step, ...]
    dimension: int
    ambiguous: bool

    @property
    def driven(self) -> bool:
        """Whether some contact drives some transition."""
        return any(bool(np.any(step.rate > 0)) for step in self.steps)

    @functools.cached_property
    def components(self) -> int:
        """Number of sets of eigenstates that no transition connects."""
        linked = [step.linked for step in self.steps]
        if self._reached(linked).all():
            return 1
        rows, columns = [], []
        for step, links in zip(self.steps, linked, strict=True):
            upper, lower = np.nonzero(links)
            rows.append(step.upper[upper])
            columns.append(step.lower[lower])
        ends = np.concatenate(rows), np.concatenate(columns)
        graph = sp.coo_array(
            (np.ones(len(ends[0]), dtype=np.int8), ends), shape=(self.dimension,) * 2
        )
        return int(connected_components(graph, directed=False)[0])

    def _reached(self, linked: list[NDArray[np.bool_]]) -> NDArray[np.bool_]:
        """Return which eigenstates (D,) transitions connect with the lowest one.

        Sweeping up and down through the blocks finds them in a few passes where nearly all states
        are linked; a graph of all links would be larger than the blocks.
        """
        reached = np.zeros(self.dimension, dtype=np.bool_)
        reached[self.steps[0].lower[0]] = True
        found = 0
        while (count := int(np.count_nonzero(reached))) > found:
            found = count
            for step, links in zip(self.steps, linked, strict=True):
                reached[step.upper] |= links[:, reached[step.lower]].any(axis=1)
            for step, links in zip(self.steps[::-1], linked[::-1], strict=True):
                reached[step.lower] |= links[reached[step.upper]].any(axis=0)
        return reached


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Flips:
    """Occupation eigenstates: mode k fills at a frequency that the other occupations shift.

    Parameters
    ----------
    frequency : for each mode k, w_k (R,) by the occupations of the other modes, R = 2^(N-1), modes
        in their order; R = 1 where they do not matter.
    rate : for each mode, (n, R) gamma_j(w) times its squared amplitude in contact j.
    ambiguous : whether one channel links an eigenstate to two others of one level.
    """

    frequency: tuple[FloatArray, ...]
    rate: tuple[FloatArray, ...]
    ambiguous: bool

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
        if all(bool(np.all(d)) for d in driven):
            return 1
        states = np.arange(2**self.modes)
        ends = []
        for mode, linked in enumerate(driven):
            pair = self.split(states, mode)  # (rest above, 2, rest below)
            which = np.broadcast_to(self.over_rest(linked, mode), pair[:, 0].shape)
            ends.append((pair[:, 0][which], pair[:, 1][which]))
        empty, filled = (np.concatenate(end) for end in zip(*ends, strict=True))
        graph = sp.coo_array(
            (np.ones(len(empty), dtype=np.int8), (empty, filled)), shape=(len(states),) * 2
        )
        return int(connected_components(graph, directed=False)[0])

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
        steps = []
        for lower, upper in itertools.pairwise(sectors):
            frequency = np.zeros((len(upper), len(lower)))
            rate = np.zeros((reservoirs, len(upper), len(lower)))
            for k in range(self.modes):
                bit = 1 << (self.modes - 1 - k)
                source = lower[(lower & bit) == 0]
                place = (rank[source | bit], rank[source])
                rest = ((source >> (self.modes - k)) << (self.modes - 1 - k)) | (source & (bit - 1))
                rest = np.minimum(rest, len(self.frequency[k]) - 1)
                frequency[place] = self.frequency[k][rest]
                rate[:, *place] = self.rate[k][:, rest]
            steps.append(Step(lower, upper, frequency, rate))
        return SectorBlocks(tuple(steps), size, self.ambiguous)


Transitions = Flips | SectorBlocks


def find_transitions(
    system: System, contacts: tuple[Contact, ...], resolution: float
) -> Transitions:
    """Return the transitions of a system between its contacts; rates are checked here."""
    channels = [contact.channels(system.sites) for contact in contacts]
    if isinstance(system, InteractingSystem) and not system.occupation_eigenstates:
        _require_memory(system, len(contacts))
    if isinstance(system, QuadraticSystem):
        return _flips_of_modes(system, contacts, channels, resolution)
    if isinstance(system, InteractingSystem):
        if system.terms is not None and system.occupation_eigenstates:
            return _flips_of_sites(system.terms, contacts, channels, resolution)
        return _blocks_of_states(system, contacts, channels, resolution)
    raise TypeError(f"Argument `system` is of the unknown type {type(system).__name__}.")


def _require_memory(system: InteractingSystem, contacts: int) -> None:
    """Raise MemoryError, before anything is computed, where dense blocks would not fit.

    Kept are the eigenvectors, the frequencies, each contact's rates and, up and down, those of all
    contacts at one T and mu; one step's rates are worked on at a time.
    """
    sizes = np.bincount(system.number_basis.particles).astype(np.float64)
    blocks = sizes[1:] * sizes[:-1]
    doubles = np.sum(sizes**2) + (3 + contacts) * blocks.sum() + (4 + 2 * contacts) * blocks.max()
    needed = 8 * float(doubles)
    available = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    if needed > available:
        raise MemoryError(
            f"A system of {system.sites} sites with {contacts} contacts needs about "
            f"{needed / 1e9:.0f} GB for its matrix elements, but this machine has "
            f"{available / 1e9:.0f} GB. Take fewer sites; without tunnelling 20 sites are possible."
        )


def _flips_of_modes(
    system: QuadraticSystem,
    contacts: tuple[Contact, ...],
    channels: list[ComplexArray],
    width: float,
) -> Flips:
    rates = np.zeros((len(contacts), system.sites))
    degenerate = np.abs(np.subtract.outer(system.energies, system.energies)) <= width
    np.fill_diagonal(degenerate, False)
    ambiguous = False
    for j, (contact, t) in enumerate(zip(contacts, channels, strict=True)):
        amplitudes = t @ system.modes
        strength = _significant(np.sum(np.abs(amplitudes) ** 2, axis=0), amplitudes)
        touched = strength > 0
        rates[j, touched] = strength[touched] * contact.gamma(system.energies[touched], j)
        mixing = np.abs(amplitudes.conj().T @ amplitudes)[degenerate]
        ambiguous |= bool(np.any(mixing > NEGLIGIBLE * np.sum(strength)))
    return Flips(
        frequency=tuple(system.energies[:, None]),
        rate=tuple(rates.T[:, :, None]),
        ambiguous=ambiguous,
    )


def _flips_of_sites(
    terms: Terms, contacts: tuple[Contact, ...], channels: list[ComplexArray], width: float
) -> Flips:
    symmetric = terms.U + terms.U.T
    frequencies = []
    for k in range(terms.sites):
        felt = np.delete(symmetric[k], k)
        shift = occupation_sum(felt) if np.any(felt) else np.zeros(1)
        frequencies.append(terms.h[k, k].real + shift)
    rates = [np.zeros((len(contacts), len(w))) for w in frequencies]
    for j, (contact, t) in enumerate(zip(contacts, channels, strict=True)):
        strength = _significant(np.sum(np.abs(t) ** 2, axis=0), t)
        for k in np.flatnonzero(strength).tolist():
            rates[k][j] = strength[k] * contact.gamma(frequencies[k], j)
    pairs = {
        (v, w)
        for t in channels
        for row in t
        for v, w in itertools.combinations(np.flatnonzero(row).tolist(), 2)
    }
    ambiguous = any(_may_coincide(terms, v, w, width) for v, w in pairs)
    return Flips(tuple(frequencies), tuple(rates), ambiguous)


def _may_coincide(terms: Terms, v: int, w: int, width: float) -> bool:
    """Return whether filling v or w costs the same for some occupation of the other sites."""
    symmetric = terms.U + terms.U.T
    felt = np.delete(symmetric[v] - symmetric[w], [v, w])
    difference = (terms.h[v, v] - terms.h[w, w]).real + occupation_sum(felt[felt != 0])
    return bool(np.any(np.abs(difference) <= width))


def _blocks_of_states(
    system: InteractingSystem,
    contacts: tuple[Contact, ...],
    channels: list[ComplexArray],
    width: float,
) -> SectorBlocks:
    sectors = [
        list(group) for _, group in itertools.groupby(system.blocks, key=lambda b: b.particles)
    ]
    basis, energies = system.number_basis, system.spectrum.energies
    operators = [[_channel(basis, row) for row in t] for t in channels]
    ambiguous = False
    steps = []
    for below, above in itertools.pairwise(sectors):
        lower = np.arange(below[0].first, below[-1].states.stop)
        upper = np.arange(above[0].first, above[-1].states.stop)
        frequency = energies[upper][:, None] - energies[lower]
        rate = np.zeros((len(contacts), *frequency.shape))
        for j, (contact, t) in enumerate(zip(contacts, channels, strict=True)):
            for operator in operators[j]:
                strength = _significant(_strength(operator, below, above, frequency.shape), t)
                ambiguous |= _links_a_level_twice(strength, energies[lower], energies[upper], width)
                rate[j] += strength
            touched = rate[j] > 0
            rate[j][touched] *= contact.gamma(frequency[touched], j)
        steps.append(Step(lower, upper, frequency, rate, (energies[lower], energies[upper])))
    return SectorBlocks(tuple(steps), system.spectrum.dimension, ambiguous)


_Channel = Callable[[Block, Block], tuple[IntArray, NDArray[Any]]]


def _channel(basis: NumberBasis, row: ComplexArray) -> _Channel:
    """Return (p, q) -> basis states of p (used,), and S |eigenstates of q> on them (used, d').

    S = sum_v row_v c_v empties a site: it leads only into basis states in which one is empty.
    """
    operator = sp.csr_array(basis.hamiltonian.shape, dtype=np.complex128)
    for v in np.flatnonzero(row).tolist():
        operator = operator + row[v] * basis.annihilator(v)
    if not np.any(operator.data.imag):
        operator = operator.real
    if operator.shape[0] <= DENSE:
        matrix = operator.toarray()

        def dense(p: Block, q: Block) -> tuple[IntArray, NDArray[Any]]:
            part = matrix[np.ix_(p.basis, q.basis)]
            used = np.flatnonzero(np.any(part != 0, axis=1))
            return used, part[used] @ q.vectors

        return dense

    def sparse(p: Block, q: Block) -> tuple[IntArray, NDArray[Any]]:
        part = operator[p.basis, :][:, q.basis]
        used = np.flatnonzero(np.diff(part.indptr))
        return used, part[used, :] @ q.vectors

    return sparse


def _strength(
    channel: _Channel, below: list[Block], above: list[Block], shape: tuple[int, ...]
) -> FloatArray:
    """Return |<lower|S|upper>|^2 (d', d) of one channel, block by block."""
    first = (below[0].first, above[0].first)
    strength = np.zeros(shape)
    for p, q in itertools.product(below, above):
        used, led = channel(p, q)
        if len(used) == 0:
            continue
        amplitude = led.T @ p.vectors[used].conj()  # (d', d)
        place = (
            slice(q.first - first[1], q.states.stop - first[1]),
            slice(p.first - first[0], p.states.stop - first[0]),
        )
        strength[place] = np.abs(amplitude) ** 2 if np.iscomplexobj(amplitude) else amplitude**2
    return strength


def _significant(strength: FloatArray, amplitudes: ComplexArray) -> FloatArray:
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
