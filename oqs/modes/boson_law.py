"""The flow law of oscillators between bosonic contacts, from their normal modes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from oqs.arguments import ComplexArray, read_only
from oqs.contact.base import ReservoirContact
from oqs.contact.bosonic import BosonicContact
from oqs.contact.contacts import NEGLIGIBLE
from oqs.contact.together import checked_contacts
from oqs.errors import Kernel, NonUniqueStationaryState
from oqs.modes.boson_modes import BosonLaw
from oqs.numerics.clusters import RESOLUTION, cluster
from oqs.system.quadratic_bosons import QuadraticBosons


def boson_law(
    system: QuadraticBosons, contacts: Sequence[ReservoirContact], *, apart: bool
) -> BosonLaw:
    """Return the flow law of oscillators between bosonic contacts.

    Raises TypeError or ValueError if a contact is not bosonic or does not fit, or degenerate modes
    mix and must not; NonUniqueStationaryState if no contact touches any mode.

    `apart`: whether modes must be independent, as in Eq. (10).
    """
    checked = checked_contacts(contacts)
    matrices = [_channels(contact, system, j) for j, contact in enumerate(checked)]
    label, frequencies = cluster(system.energies, RESOLUTION * float(system.energies[-1]))
    kept, overlaps, rates = [], [], []
    for kappa, w in enumerate(frequencies.tolist()):
        modes = system.modes[:, label == kappa]
        own = np.array([modes.conj().T @ x @ modes for x in matrices])
        strength = np.array(
            [_rate(contact, w, j, own[j], matrices[j]) for j, contact in enumerate(checked)]
        )
        grams = strength[:, None, None] * own
        if apart:
            _require_apart(list(grams))
        if np.any(grams):
            kept.append(w)
            overlaps.append(read_only(own))
            rates.append(strength)
    if not kept:
        raise NonUniqueStationaryState(
            Kernel(2, exact=False), "No contact touches any oscillator: couple one."
        )
    return BosonLaw(
        read_only(np.array(kept)), tuple(overlaps), read_only(np.array(rates).T), checked
    )


def _rate(
    contact: ReservoirContact, w: float, index: int, gram: ComplexArray, whole: ComplexArray
) -> float:
    """Return J_j(w), 0 where nothing is touched and 1 where J_j depends on T."""
    if not np.linalg.norm(gram) > NEGLIGIBLE * np.linalg.norm(whole):
        return 0.0
    if contact.varies:
        return 1.0
    return float(contact.gamma(np.array([w]), index)[0])


def _require_apart(grams: list[ComplexArray]) -> None:
    """Raise ValueError unless one choice of the modes of a level suits every contact."""
    for a, b in itertools.combinations(grams, 2):
        scale = float(np.linalg.norm(a) * np.linalg.norm(b))
        if np.linalg.norm(a @ b - b @ a) > 1e-10 * scale:
            raise ValueError(
                "Argument `contacts` must act mode by mode for Eq. (10), but they act collectively "
                "on degenerate modes. Use oqs.gaussian_law, which keeps their coherences."
            )


def _channels(contact: ReservoirContact, system: QuadraticBosons, index: int) -> ComplexArray:
    """Return sum_a x_av^* x_aw (N, N) of a contact."""
    owner = contact.label(index)
    remedy = f"Give ({system.sites},) displacements, or a positive matrix of their products."
    if not isinstance(contact, BosonicContact):
        raise TypeError(
            f"Argument `contacts` must hold BosonicContact objects for oscillators, but {owner} is "
            "a Contact, which exchanges fermions. Give oqs.BosonicContact(spectrum, x)."
        )
    x = contact.operator[0]
    if not isinstance(x, np.ndarray) or len(x) != system.sites:
        raise ValueError(
            f"Argument `operator` of {owner} must be an array for {system.sites} oscillators, but "
            f"is {getattr(x, 'shape', x)!r}. {remedy}"
        )
    if x.ndim == 1:
        return np.outer(x.conj(), x)
    lowest = float(np.linalg.eigvalsh(x)[0])
    if lowest < -1e-12 * float(np.max(np.abs(x))):
        raise ValueError(
            f"Argument `operator` of {owner} must be a positive matrix for oscillators, but has "
            f"the eigenvalue {lowest:.3g}. {remedy}"
        )
    return x
