"""The part of a model that contacts touch: what flows depend on, without what carries nothing.

A mode that no channel reaches, or only where the rate is 0, and that interacts with nothing, is a
factor of the Fock space on which the generator is its own Hamiltonian. The flows are those of the
rest: exactly, and whatever state that factor is in. The same holds for a set of sites that no term
of H links to the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, final

import numpy as np
import scipy.linalg
import scipy.sparse as sp

from oqs.arguments import ComplexArray
from oqs.contact.contacts import Contact
from oqs.errors import Kernel
from oqs.generator.between_states.transitions import StateTransitions
from oqs.modes.levels import Level, coincidences, dark_kernel, davies_levels
from oqs.modes.untouched import Untouched
from oqs.numerics.blocks import linked_sets
from oqs.system.base import System
from oqs.system.interacting import InteractingSystem
from oqs.system.systems import QuadraticSystem
from oqs.system.terms import Terms
from oqs.transitions.transitions import Transitions

if TYPE_CHECKING:
    from oqs.generator.model import Model

_NOTHING = np.zeros((0, 0), dtype=np.complex128)


@final
class Touched(NamedTuple):
    """What contacts touch of a model, and what they do not."""

    # of what they touch; the model itself where that is all, None where it is nothing
    model: Model | None
    untouched: tuple[Untouched, ...]  # the parts left out, each with the reason
    # of the parts left out, alone: how many matrix elements of theirs are stationary
    kernel: Kernel


@final
class _Bright(NamedTuple):
    """Bright modes of a quadratic system: h (b, b), amplitudes (m_j, b) of each contact."""

    h: ComplexArray
    couplings: list[ComplexArray]


def touched_part(model: Model) -> Touched:
    """Return the model of what contacts touch, and what is left out of it.

    An interacting system that was given as operators, without its terms, is not taken apart, nor is
    one with bosonic contacts.
    """
    system = model.system
    if isinstance(system, QuadraticSystem):
        if model.secular is model and _all_driven(model.secular.transitions):
            return Touched(model, (), Kernel(1))
        levels = davies_levels(system, model.leads, model.resolution, shifted=model.shifted)
        parts = _dark_modes(levels, model.leads)
        if not parts:
            return Touched(model, (), Kernel(1))
        bright = _bright(system, levels, len(model.leads))
        part = None
        if bright.h.size:
            part = _rebuilt(model, QuadraticSystem(bright.h), bright.couplings)
        return Touched(part, parts, dark_kernel(levels, system.resolution))
    transitions = model.secular.transitions
    if isinstance(transitions, StateTransitions):  # phonons may link any two sites
        return Touched(model, (), Kernel(1))
    connected = _all_driven(transitions)
    if isinstance(system, InteractingSystem) and system.terms is not None and not connected:
        return _touched_sites(model, system.terms)
    return Touched(model, (), Kernel(1))


def _all_driven(transitions: Transitions | StateTransitions) -> bool:
    """Whether jumps link all eigenstates, and none of them to two of one level at once."""
    return transitions.components == 1 and not transitions.ambiguous


def _touched_sites(model: Model, terms: Terms) -> Touched:
    """Take an interacting system apart: free sites into modes, the others set by set."""
    free, sets = _independent_sets(terms)
    channels = [contact.channels(terms.sites) for contact in model.leads]
    parts: list[Untouched] = []
    kept: list[int] = []
    connected = model.secular.transitions.components == 1  # then contacts touch every set
    for sites in sets:
        reason = None if connected else _silent(model, terms, sites)
        if reason is None:
            kept += sites
        else:
            parts.append(Untouched(None, tuple(sites), reason))
    dark = np.zeros(0)
    modes = _Bright(_NOTHING, [t[:, :0] for t in channels])
    if free:
        system = QuadraticSystem(terms.h[np.ix_(free, free)])
        own = _restricted(model.leads, channels, free)
        levels = davies_levels(system, own, model.resolution, shifted=model.shifted)
        parts += _dark_modes(levels, own)
        modes = _bright(system, levels, len(own))
        dark = np.concatenate([level.dark_energies for level in levels])
    if not parts:
        return Touched(model, (), Kernel(1))
    part = None
    if kept or modes.h.size:
        couplings = [
            np.hstack([b, t[:, kept]]) for b, t in zip(modes.couplings, channels, strict=True)
        ]
        part = _rebuilt(model, _joined(modes.h, terms, kept), couplings)
    silent = [v for each in parts for v in each.sites]
    idle = _joined(np.diag(dark).astype(np.complex128), terms, silent).spectrum
    return Touched(
        part, tuple(parts), coincidences(idle.energies, idle.particles, model.system.resolution)
    )


def _independent_sets(terms: Terms) -> tuple[list[int], list[list[int]]]:
    """Return the sites of sets without interactions, and the other sets that no term links."""
    linked = (terms.h != 0) | (terms.U != 0)
    interacting = np.any(terms.U != 0, axis=0) | np.any(terms.U != 0, axis=1)
    for key, amplitude in terms.V.items():
        if amplitude != 0:
            linked[np.ix_(key, key)] = True
            interacting[list(key)] = True
    members = [own.tolist() for own in linked_sets(sp.csr_array(linked))]
    busy = [bool(np.any(interacting[sites])) for sites in members]
    free = sorted(v for sites, b in zip(members, busy, strict=True) if not b for v in sites)
    return free, [sites for sites, b in zip(members, busy, strict=True) if b]


def _silent(model: Model, terms: Terms, sites: list[int]) -> str | None:
    """Return why no contact touches these sites; None where one does."""
    channels = [contact.channels(terms.sites) for contact in model.leads]
    reached = [bool(np.any(t[:, sites])) for t in channels]
    if any(reached):
        own = _restricted(model.leads, channels, sites)
        alone = _joined(_NOTHING, terms, sites)
        if model.secular.of_part(alone, own).transitions.driven:
            return None
    return ", ".join(
        f"{contact.label(j)} "
        + ("has rate 0 at all of their transitions" if r else "has no amplitude on them")
        for j, (contact, r) in enumerate(zip(model.leads, reached, strict=True))
    )


def _dark_modes(levels: Iterable[Level], contacts: Sequence[Contact]) -> tuple[Untouched, ...]:
    return tuple(part for level in levels for part in level.untouched(contacts))


def _bright(system: QuadraticSystem, levels: Sequence[Level], contacts: int) -> _Bright:
    """Return the bright modes of all levels together."""
    blocks = []
    for level in levels:
        detuned = level.bright.conj().T @ (level.detuning(system)[:, None] * level.bright)
        blocks.append(level.frequency * np.eye(len(detuned)) + detuned)
    couplings = [
        np.hstack([level.amplitudes[j] @ level.bright for level in levels]) for j in range(contacts)
    ]
    return _Bright(scipy.linalg.block_diag(*blocks), couplings)


def _joined(modes: ComplexArray, terms: Terms, sites: list[int]) -> InteractingSystem:
    """Return bright modes and, after them, these sites with all terms among them."""
    first = len(modes)
    place = {v: first + k for k, v in enumerate(sites)}
    pairs = np.argwhere(terms.U).tolist()
    return InteractingSystem.from_terms(
        scipy.linalg.block_diag(modes, terms.h[np.ix_(sites, sites)]),
        {(place[v], place[w]): terms.U[v, w] for v, w in pairs if v in place and w in place},
        {
            (place[v], place[w], place[x], place[y]): energy
            for (v, w, x, y), energy in terms.V.items()
            if {v, w, x, y} <= place.keys()
        },
    )


def _restricted(
    contacts: Sequence[Contact], channels: list[ComplexArray], sites: list[int]
) -> tuple[Contact, ...]:
    return _recoupled(contacts, [t[:, sites] for t in channels])


def _recoupled(
    contacts: Sequence[Contact], couplings: Sequence[ComplexArray]
) -> tuple[Contact, ...]:
    """Return the same contacts with other amplitudes."""
    return tuple(
        Contact(contact.rate, t, contact.name, contact.band)
        for contact, t in zip(contacts, couplings, strict=True)
    )


def _rebuilt(model: Model, system: System, couplings: list[ComplexArray]) -> Model:
    """Return the model of a part of the system, its energies resolved as in the whole."""
    return model.of_part(system, _recoupled(model.leads, couplings))
