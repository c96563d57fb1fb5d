"""[[contacts]]: a rate law, a coupling, and the name of each."""

from __future__ import annotations

from typing import Any, Final

from oqs.arguments import ComplexArray
from oqs.contact.contacts import Contact
from oqs.contact.rates import flat, lorentzian, power_law
from oqs.scenario.place import Place
from oqs.scenario.schema import REQUIRED, Items, Key, Table, Variant, label, named
from oqs.scenario.values import complex_array, complex_number, name, number
from oqs.system.base import System
from oqs.system.builders import spin_channels


def _keys(*names: str) -> Table:
    return Table({n: Key(number, "It is an argument of the rate law.", REQUIRED) for n in names})


RATES: Final = Variant(
    {
        "flat": (_keys("value"), flat),
        "power_law": (_keys("prefactor", "exponent"), power_law),
        "lorentzian": (_keys("strength", "center", "width"), lorentzian),
    }
)

_FACTOR = "It multiplies the amplitudes for this spin."
SPIN: Final = Table(
    {
        "amplitudes": Key(Items(complex_number), "Give one amplitude per dot.", REQUIRED),
        "up": Key(number, _FACTOR, 1.0),
        "down": Key(number, _FACTOR, 1.0),
    }
)

CONTACT: Final = Table(
    {
        "name": Key(name, "It is how results call the reservoir behind it."),
        "rate": Key(
            RATES,
            'Give a rate law, {law = "power_law", prefactor = 1e-4, exponent = 0.5}.',
            REQUIRED,
        ),
        "coupling": Key(complex_array, "Give (N,) for one channel or (m, N) for m channels."),
        "spin": Key(SPIN, "Give {amplitudes = [1.0]}, one per spinful dot."),
        "band": Key(Items(number, 2, 2), "Give the lowest and highest energy of its states."),
    }
)


def read_contacts(value: object, place: Place, system: System) -> tuple[Contact, ...]:
    """Return the contacts, checked against the number of sites and for distinct names."""
    contacts: list[Contact] = []
    for index, (table, at) in enumerate(named(value, place)):
        keys = CONTACT(table, at)
        called = label(table, index)
        if called in [contact.name for contact in contacts]:
            raise at.at("name").error(
                f"must be its own, but {called!r} stands twice", "Name each contact differently."
            )
        coupling = _coupling(keys, at)
        with at.blamed():
            contact = Contact(keys["rate"], coupling, called, keys["band"])
            contact.channels(system.sites)
        contacts.append(contact)
    return tuple(contacts)


def _coupling(keys: dict[str, Any], place: Place) -> ComplexArray | None:
    found: ComplexArray | None = keys["coupling"]
    if keys["spin"] is None:
        return found
    if found is not None:
        raise place.at("spin").error("must not stand beside `coupling`", "Give one of them.")
    with place.at("spin").blamed():
        return spin_channels(**keys["spin"])
