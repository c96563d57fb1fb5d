"""[[contacts]]: a kind, a rate law, a coupling, and the name of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, final

from oqs.arguments import ComplexArray
from oqs.contact.base import ReservoirContact
from oqs.contact.contacts import Contact
from oqs.contact.rates import flat, lorentzian, power_law
from oqs.system.base import FermionicSystem
from oqs.system.builders import spin_channels
from thermo.scenario.schema.bosonic import BOSONIC, bosonic_contact, scaled
from thermo.scenario.schema.place import Place, Problems
from thermo.scenario.schema.system import AnySystem
from thermo.scenario.schema.table import (
    REQUIRED,
    Choice,
    Items,
    Key,
    Table,
    Variant,
    argument_keys,
    label,
    named,
)
from thermo.scenario.schema.values import (
    BAND,
    SCALING,
    arguments_of,
    complex_array,
    complex_number,
    energies_of,
    name,
    number,
)

RATES: Final = Variant(
    "law",
    {
        "flat": (energies_of(flat), flat),
        "power_law": (arguments_of(power_law), power_law),
        "lorentzian": (energies_of(lorentzian), lorentzian),
    },
)
"""Rate laws: a new one is an entry here."""

SPIN: Final = Table(
    argument_keys(
        spin_channels,
        amplitudes=(Items(complex_number), "Give one amplitude per dot."),
        up=(number, "It multiplies the amplitudes for spin up."),
        down=(number, "It multiplies the amplitudes for spin down."),
    )
)

FERMIONIC: Final = Table(
    {
        "name": Key(name, "It is how results call the reservoir behind it."),
        "rate": Key(
            RATES,
            'Give a rate law, {law = "power_law", prefactor = 1e-4, exponent = 0.5}.',
            REQUIRED,
        ),
        "coupling": Key(complex_array, "Give (N,) for one channel or (m, N) for m channels."),
        "spin": Key(SPIN, "Give {amplitudes = [1.0]}, one per spinful dot."),
        "temperature_scaling": Key(SCALING, "Give {exponent = 1.0, T_0 = 0.6}."),
        "band": Key(BAND, "Give the lowest and highest energy of its states."),
    }
)


@final
class ContactKind(NamedTuple):
    """A kind of contact."""

    keys: Table  # of its table, `name` among them, `kind` not
    # (meaning of the keys, name, place, system) -> contact; the system is None where it could not
    # be read
    make: Callable[[dict[str, Any], str, Place, AnySystem | None], ReservoirContact]


def _fermionic(
    keys: dict[str, Any], called: str, place: Place, system: AnySystem | None
) -> Contact:
    if system is not None and not isinstance(system, FermionicSystem):
        raise place.at("kind").error(
            "must be bosonic for spins and oscillators, but is fermionic",
            'Give kind = "bosonic", with `spectrum` and `operator`.',
        )
    coupling = _coupling(keys, place)
    with place.blamed():
        rate = scaled(keys["rate"], keys["temperature_scaling"])
        contact = Contact(rate, coupling, called, keys["band"])
        if system is not None:
            contact.channels(system.sites)
    return contact


def _coupling(keys: dict[str, Any], place: Place) -> ComplexArray | None:
    coupling: ComplexArray | None = keys["coupling"]
    if keys["spin"] is None:
        return coupling
    if coupling is not None:
        raise place.at("spin").error("must not stand beside `coupling`", "Give one of them.")
    with place.at("spin").blamed():
        return spin_channels(**keys["spin"])


CONTACTS: Final[Mapping[str, ContactKind]] = {
    "fermionic": ContactKind(FERMIONIC, _fermionic),
    "bosonic": ContactKind(BOSONIC, bosonic_contact),
}
"""By the key `kind`, "fermionic" where it is not given: a new kind is an entry here."""

_KIND: Final = Choice(tuple(CONTACTS))


def read_contacts(
    value: object, place: Place, system: AnySystem | None
) -> tuple[ReservoirContact, ...]:
    """Return the contacts, checked against the system and for distinct names.

    A system that could not be read, None, is not compared with.
    """
    problems = Problems()
    contacts: list[ReservoirContact | None] = []
    taken: set[str] = set()
    for index, (table, at) in enumerate(named(value, place)):
        called = label(table, index)
        if called in taken:
            problems.add(
                at.at("name").error(
                    f"must be its own, but {called!r} stands twice",
                    "Name each contact differently.",
                )
            )
        taken.add(called)
        contacts.append(problems.tried(_contact, table, called, at, system))
    problems.raise_any()
    return tuple(contact for contact in contacts if contact is not None)


def _contact(
    table: dict[str, Any], called: str, place: Place, system: AnySystem | None
) -> ReservoirContact:
    kind = CONTACTS[_KIND(table.get("kind", "fermionic"), place.at("kind"))]
    keys = kind.keys({key: value for key, value in table.items() if key != "kind"}, place)
    return kind.make(keys, called, place, system)
