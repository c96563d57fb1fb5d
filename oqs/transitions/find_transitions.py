"""The transitions of a system between its contacts, found once and without T and mu."""

from __future__ import annotations

import itertools
import math

import numpy as np

from oqs.arguments import ComplexArray
from oqs.contact.contacts import NEGLIGIBLE, Contact
from oqs.numerics.clusters import RESOLUTION
from oqs.system.base import System
from oqs.system.fock import occupation_sum
from oqs.system.interacting import InteractingSystem
from oqs.system.systems import QuadraticSystem, checked_resolution
from oqs.system.terms import Terms
from oqs.transitions.couplings import significant
from oqs.transitions.sector_transitions import coupled_sectors, sector_transitions
from oqs.transitions.transitions import ModeTransitions, Transitions


def find_transitions(
    system: System, contacts: tuple[Contact, ...], resolution: float | None
) -> tuple[Transitions, float]:
    """Return the transitions of a system between its contacts, and the resolution as an energy.

    Rates are checked here. What would not fit is refused before anything is diagonalised.
    """
    channels = [contact.channels(system.sites) for contact in contacts]
    if isinstance(system, QuadraticSystem):
        width = checked_resolution(resolution, system)
        return _transitions_of_modes(system, contacts, channels, width), width
    if isinstance(system, InteractingSystem):
        if system.terms is not None and system.occupation_eigenstates:
            width = checked_resolution(resolution, system)
            own = None if width == system.resolution else width
            return _transitions_of_sites(system.terms, contacts, channels, own), width
        coupled = coupled_sectors(system, contacts, channels)
        width = checked_resolution(resolution, system)
        return sector_transitions(system, coupled, width), width
    raise TypeError(
        "Argument `system` must be a QuadraticSystem, InteractingSystem or OperatorSystem, "
        f"but is {type(system).__name__}. Make one of your Hamiltonian."
    )


def _transitions_of_modes(
    system: QuadraticSystem,
    contacts: tuple[Contact, ...],
    channels: list[ComplexArray],
    width: float,
) -> ModeTransitions:
    rates = np.zeros((len(contacts), system.sites))
    level, energies = system.levels(width)
    degenerate = len(energies) < system.sites
    ambiguous = False
    for j, (contact, t) in enumerate(zip(contacts, channels, strict=True)):
        amplitudes = t @ system.modes
        square = np.add.reduce(np.abs(amplitudes) ** 2, axis=0)
        strength = significant(square, math.sqrt(np.add.reduce(square)))
        touched = strength > 0
        rates[j, touched] = strength[touched] * contact.gamma(system.energies[touched], j)
        if degenerate:
            mixing = np.abs(amplitudes.conj().T @ amplitudes)[np.triu(level[:, None] == level, 1)]
            ambiguous |= bool(np.any(mixing > NEGLIGIBLE * np.sum(strength)))
    return ModeTransitions(
        frequency=tuple(system.energies[:, None]),
        rate=tuple(rates.T[:, :, None]),
        ambiguous=ambiguous,
    )


def _transitions_of_sites(
    terms: Terms, contacts: tuple[Contact, ...], channels: list[ComplexArray], width: float | None
) -> ModeTransitions:
    symmetric = terms.U + terms.U.T
    frequencies = []
    for k in range(terms.sites):
        felt = np.delete(symmetric[k], k)
        shift = occupation_sum(felt) if np.any(felt) else np.zeros(1)
        frequencies.append(terms.h[k, k].real + shift)
    rates = [np.zeros((len(contacts), len(w))) for w in frequencies]
    for j, (contact, t) in enumerate(zip(contacts, channels, strict=True)):
        strength = significant(np.sum(np.abs(t) ** 2, axis=0), float(np.linalg.norm(t)))
        for k in np.flatnonzero(strength).tolist():
            rates[k][j] = strength[k] * contact.gamma(frequencies[k], j)
    pairs = {
        (v, w)
        for t in channels
        for row in t
        for v, w in itertools.combinations(np.flatnonzero(row).tolist(), 2)
    }
    ambiguous = any(_may_coincide(terms, v, w, width) for v, w in pairs)
    return ModeTransitions(tuple(frequencies), tuple(rates), ambiguous)


def _may_coincide(terms: Terms, v: int, w: int, width: float | None) -> bool:
    """Return whether filling v or w costs the same for some occupation of the other sites.

    None for the width is 1e-12 of the energies that enter, or of a typical site's, if that is more.
    """
    symmetric = terms.U + terms.U.T
    felt = np.delete(symmetric[v] - symmetric[w], [v, w])
    difference = (terms.h[v, v] - terms.h[w, w]).real + occupation_sum(felt[felt != 0])
    if width is None:
        sites = np.abs(np.diagonal(terms.h))
        width = RESOLUTION * max(np.median(sites), sites[v], sites[w], np.abs(symmetric).max())
    return bool(np.any(np.abs(difference) <= width))
