"""Transitions between the eigenstates of an interacting system, by quantum numbers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np

from oqs.arguments import ComplexArray
from oqs.contact.contacts import Contact
from oqs.memory import require_memory
from oqs.numerics.clusters import IntArray
from oqs.system.interacting import InteractingSystem
from oqs.transitions.couplings import Coupling, Pair, Sector
from oqs.transitions.quantum_numbers import sectors_of_sets
from oqs.transitions.transitions import Part, SectorBlocks, Step


@final
class CoupledSectors(NamedTuple):
    """How contacts couple the sectors of a system: found from sparsity, nothing is diagonalised."""

    couplings: tuple[Coupling, ...]  # one for each contact
    sector_of: IntArray  # the sector of each invariant set of basis states
    # for each contact, the channels that act between two sectors
    driven: tuple[dict[Pair, list[int]], ...]


def coupled_sectors(
    system: InteractingSystem, contacts: tuple[Contact, ...], channels: list[ComplexArray]
) -> CoupledSectors:
    """Find the sectors; MemoryError where the transitions between them would not fit."""
    couplings = tuple(
        Coupling.of(system, j, contact, t)
        for j, (contact, t) in enumerate(zip(contacts, channels, strict=True))
    )
    count = len(system.invariant_sets)
    if count == len(set(_particles(system))):  # one for each particle number
        sector_of = np.arange(count)
    else:
        links = [link for coupling in couplings for link in coupling.links]
        sector_of = sectors_of_sets(count, links)
    driven = tuple(coupling.driven(sector_of) for coupling in couplings)
    _require_memory(system, sector_of, driven)
    return CoupledSectors(couplings, sector_of, driven)


def sector_transitions(
    system: InteractingSystem, coupled: CoupledSectors, width: float
) -> SectorBlocks:
    """Return the transitions of a system that is diagonalised set by set."""
    couplings, sector_of, driven = coupled
    widths = system.widths(width)
    sectors = [
        [Sector.of(system.blocks, sector_of == label, label) for label in labels]
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
                rate[place], twice = couplings[j].rate(acting, p, q, widths)
                ambiguous |= twice
            if drivers:
                parts.append(Part(rows, columns, np.array(drivers), rate))
        steps.append(_step(below, above, parts, len(couplings)))
    sector = np.repeat(sector_of, [len(states) for states in system.invariant_sets])
    return SectorBlocks(tuple(steps), sector, ambiguous)


def _by_particles(system: InteractingSystem, sector_of: IntArray) -> list[list[int]]:
    """Return the labels of the sectors of each particle number, ascending."""
    labels: dict[int, set[int]] = {}
    for number, label in zip(_particles(system), sector_of.tolist(), strict=True):
        labels.setdefault(number, set()).add(label)
    return [sorted(labels[number]) for number in sorted(labels)]


def _particles(system: InteractingSystem) -> list[int]:
    """Return the particle number of each invariant set of basis states."""
    first = [int(states[0]) for states in system.invariant_sets]
    return system.number_basis.particles[first].tolist()


def _require_memory(
    system: InteractingSystem, sector_of: IntArray, driven: Sequence[dict[Pair, list[int]]]
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


def _placed(sectors: list[Sector]) -> list[tuple[slice, Sector]]:
    ends = np.cumsum([0, *(len(sector.states) for sector in sectors)]).tolist()
    return [
        (slice(begin, end), sector)
        for begin, end, sector in zip(ends[:-1], ends[1:], sectors, strict=True)
    ]


def _step(below: list[Sector], above: list[Sector], parts: list[Part], contacts: int) -> Step:
    lower, upper = (np.concatenate([s.states for s in side]) for side in (below, above))
    energies = tuple(np.concatenate([s.energies for s in side]) for side in (below, above))
    return Step(lower, upper, (energies[0], energies[1]), tuple(parts), contacts)
