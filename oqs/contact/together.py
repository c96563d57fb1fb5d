"""Checks of the contacts of one model, and their kinds."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from oqs.contact.base import ReservoirContact
from oqs.contact.contacts import Contact
from oqs.summary import Summarised


class BetweenContacts(Summarised):
    """What lies between contacts, one per reservoir."""

    contacts: tuple[ReservoirContact, ...]

    @property
    def reservoirs(self) -> int:
        """Number n of reservoirs."""
        return len(self.contacts)

    @functools.cached_property
    def names(self) -> tuple[str | None, ...] | None:
        """Of the contacts (n,), None of one without; None where all are without."""
        return contact_names(self.contacts)

    @functools.cached_property
    def varies(self) -> bool:
        """Whether the rate of some contact depends on T and mu."""
        return any(contact.varies for contact in self.contacts)


def checked_contacts(contacts: object) -> tuple[ReservoirContact, ...]:
    """Return the contacts as a tuple of at least one Contact, or raise naming the argument."""
    if isinstance(contacts, ReservoirContact):
        raise TypeError(
            "Argument `contacts` must be a sequence of Contact, but is one Contact. "
            "Put it in a list: [contact]."
        )
    try:
        given: tuple[object, ...] = tuple(contacts)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(
            f"Argument `contacts` must be a sequence of Contact, but is {contacts!r}. "
            "Give a list such as [oqs.Contact(rate=oqs.flat(0.01))]."
        ) from None
    if not given:
        raise ValueError(
            "Argument `contacts` must hold at least one Contact, but is empty. "
            "Give one Contact per reservoir."
        )
    checked = []
    for index, contact in enumerate(given):
        if not isinstance(contact, ReservoirContact):
            raise TypeError(
                f"Argument `contacts` must hold Contact or BosonicContact objects, but entry "
                f"{index} is {contact!r}. Make one with oqs.Contact(rate=...)."
            )
        checked.append(contact)
    names = [contact.name for contact in checked if contact.name is not None]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(
            f"Argument `contacts` must have different names, but two are called {twice!r}. "
            "Name each, or leave names out."
        )
    return tuple(checked)


def contact_names(contacts: Sequence[ReservoirContact]) -> tuple[str | None, ...] | None:
    """Return the contacts' names, None of one without; None where all are without."""
    names = tuple(contact.name for contact in contacts)
    return None if all(name is None for name in names) else names


def fermionic_contacts(contacts: Sequence[ReservoirContact]) -> tuple[Contact, ...]:
    """Return the contacts, all of which exchange particles, or raise naming the first other one."""
    fermionic = []
    for index, contact in enumerate(contacts):
        if not isinstance(contact, Contact):
            raise TypeError(
                f"Argument `contacts` must hold fermionic contacts only here, but "
                f"{contact.label(index)} is bosonic. Use the density matrix, "
                "oqs.flow_law(oqs.davies(system, contacts)), which takes both."
            )
        fermionic.append(contact)
    return tuple(fermionic)


def fixed_fermionic(contacts: Sequence[ReservoirContact]) -> bool:
    """Whether all exchange particles at rates gamma(w) that do not depend on T and mu."""
    return all(contact.fermionic and not contact.varies for contact in contacts)
