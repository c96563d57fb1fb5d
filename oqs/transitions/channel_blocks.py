"""A system's channels as dense blocks between sectors of conserved quantum numbers.

The density matrix of a system whose contacts respect these quantum numbers has one block for each
sector, and a jump maps the block of one sector into that of another.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import FloatArray, read_only
from oqs.contact.contacts import NEGLIGIBLE, Contact
from oqs.memory import require_memory
from oqs.numerics.clusters import IntArray
from oqs.system.interacting import InteractingSystem
from oqs.transitions.couplings import Coupling, Sector
from oqs.transitions.sector_transitions import coupled_sectors


@final
class ConservedSector(NamedTuple):
    """The eigenstates of equal quantum numbers that are kept."""

    states: IntArray  # (d,) indices in the spectrum
    energies: FloatArray  # (d,) units of energy
    particles: int  # their particle number


@final
class ChannelBlock(NamedTuple):
    """One channel of a contact between two sectors."""

    contact: int  # index j
    number: int  # of the channel among those of the contact that are not zero
    # lower, upper: indices of the sectors; the upper one holds one particle more
    lower: int
    upper: int
    # (d, d') sqrt(gamma_j(w)) <lower|S|upper>, w = E_upper - E_lower; real where H and S are
    root: NDArray[Any]
    # (d, d') <lower|S|upper>, for frequency shifts; None where they are not asked for
    amplitude: NDArray[Any] | None = None


@final
@dataclasses.dataclass(frozen=True, eq=False)
class ChannelBlocks:
    """All sectors and what the contacts' channels do between them; nothing depends on T and mu."""

    sectors: tuple[ConservedSector, ...]  # each with the states that are kept
    channels: tuple[ChannelBlock, ...]  # those that are not zero
    reservoirs: int  # number n of contacts
    dimension: int  # number D of eigenstates, kept or not
    fastest: float  # the largest gamma_j(w) of a transition, units of energy

    @classmethod
    def of(
        cls,
        system: InteractingSystem,
        contacts: tuple[Contact, ...],
        *,
        amplitudes: bool = False,
        vectors: int = 0,
    ) -> ChannelBlocks:
        """Collect the blocks.

        Rates are checked here; MemoryError, before anything is diagonalised, where the blocks would
        not fit.

        `amplitudes`: keep them beside the roots, for frequency shifts; `vectors`: how many density
        matrices must fit beside them.
        """
        channels = [contact.channels(system.sites) for contact in contacts]
        coupled = coupled_sectors(system, contacts, channels)
        _require_memory(system, coupled.sector_of, vectors)
        labels = np.unique(coupled.sector_of).tolist()
        parts = [Sector.of(system.blocks, coupled.sector_of == k, k) for k in labels]
        place = {label: index for index, label in enumerate(labels)}
        blocks: list[ChannelBlock] = []
        fastest = 0.0
        for coupling, driven in zip(coupled.couplings, coupled.driven, strict=True):
            for (below, above), acting in driven.items():
                p, q = place[below], place[above]
                for number in acting:
                    amplitude = _amplitude(coupling, number, parts[p], parts[q])
                    w = parts[q].energies - parts[p].energies[:, None]
                    root, rate = _root(coupling, amplitude, w)
                    fastest = max(fastest, rate)
                    if np.any(amplitude if amplitudes else root):
                        own = amplitude if amplitudes else None
                        blocks.append(ChannelBlock(coupling.index, number, p, q, root, own))
        sectors = tuple(
            ConservedSector(
                _states(system, part), read_only(part.energies), part.blocks[0].particles
            )
            for part in parts
        )
        return cls(sectors, tuple(blocks), len(contacts), system.spectrum.dimension, fastest)

    def restricted(self, kept: NDArray[np.bool_]) -> ChannelBlocks:
        """Return the blocks between the eigenstates that are kept (D,)."""
        chosen = [np.flatnonzero(kept[sector.states]) for sector in self.sectors]
        place = np.cumsum([len(own) > 0 for own in chosen]) - 1
        sectors = tuple(
            ConservedSector(s.states[own], read_only(s.energies[own]), s.particles)
            for s, own in zip(self.sectors, chosen, strict=True)
            if len(own)
        )
        blocks = []
        for block in self.channels:
            here = np.ix_(chosen[block.lower], chosen[block.upper])
            if block.root[here].size:
                amplitude = None if block.amplitude is None else block.amplitude[here]
                ends = int(place[block.lower]), int(place[block.upper])
                root = block.root[here]
                blocks.append(ChannelBlock(block.contact, block.number, *ends, root, amplitude))
        return dataclasses.replace(self, sectors=sectors, channels=tuple(blocks))

    @functools.cached_property
    def real(self) -> bool:
        """Whether all blocks are real."""
        return not any(np.iscomplexobj(block.root) for block in self.channels)

    @property
    def elements(self) -> int:
        """Number P of matrix elements within sectors."""
        return sum(len(sector.states) ** 2 for sector in self.sectors)

    def frequency(self, block: ChannelBlock) -> FloatArray:
        """Return the Bohr frequencies (d, d') of a block."""
        lower, upper = self.sectors[block.lower].energies, self.sectors[block.upper].energies
        return upper - lower[:, None]


def _require_memory(system: InteractingSystem, sector_of: IntArray, vectors: int) -> None:
    """Raise MemoryError, before anything is diagonalised, where density matrices do not fit."""
    sizes = [len(states) for states in system.invariant_sets]
    elements = float(np.sum(np.bincount(sector_of, sizes) ** 2))
    entry = 8 if system.number_basis.real else 16
    require_memory(
        vectors * entry * elements,
        f"An iteration of the density matrix of {system.sites} sites, {elements:.3g} elements,",
        "Take fewer sites, or keep fewer states, oqs.perlind(..., window=oqs.Window(energy, mu)).",
    )


def _states(system: InteractingSystem, sector: Sector) -> IntArray:
    """Return the indices (d,) of a sector's states in the spectrum."""
    if system.occupation_eigenstates:  # the spectrum has them in the order of the basis
        return np.concatenate([block.basis for block in sector.blocks])
    return sector.states


def _amplitude(coupling: Coupling, number: int, below: Sector, above: Sector) -> NDArray[Any]:
    """Return <lower|S|upper> (d, d') of a channel, rounding of zeros set to zero."""
    amplitude = np.ascontiguousarray(coupling.operators[number].amplitudes(below, above).T)
    amplitude[np.abs(amplitude) <= NEGLIGIBLE * np.linalg.norm(coupling.amplitudes)] = 0.0
    return amplitude


def _root(coupling: Coupling, amplitude: NDArray[Any], w: FloatArray) -> tuple[NDArray[Any], float]:
    """Return sqrt(gamma) <lower|S|upper> (d, d') at the frequencies w, and the largest gamma."""
    touched = amplitude != 0
    gamma = coupling.contact.gamma(w[touched], coupling.index)
    root = amplitude.copy()
    root[touched] *= np.sqrt(gamma)
    return root, float(np.max(gamma, initial=0.0))


def one_site_each(contacts: Sequence[Contact], sites: int) -> bool:
    """Return whether every channel touches one site at most."""
    return all(
        bool(np.all(np.count_nonzero(contact.channels(sites), axis=1) <= 1)) for contact in contacts
    )
