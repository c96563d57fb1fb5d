"""A whole scenario, as far as the open system needs it: everything but the reservoirs' gases."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any, Final, final

import numpy as np

from oqs.arguments import FloatArray, read_only
from oqs.contact.contacts import Contact
from oqs.scenario.contacts import read_contacts
from oqs.scenario.document import Document, load
from oqs.scenario.place import Place
from oqs.scenario.schema import REQUIRED, Key, Table, label, named, quoted, shown
from oqs.scenario.system import read_system
from oqs.scenario.tasks import (
    FlowsTask,
    Generator,
    RelaxationTask,
    read_flows,
    read_generator,
    read_relaxation,
    require_law,
)
from oqs.scenario.values import as_given, name, number, positive, text
from oqs.system.base import System
from oqs.units import Units

_TABLE = "It is a table: see docs/scenarios.md."
SCENARIO: Final = Table(
    {
        "title": Key(text, "It is what plots and tables are headed with.", ""),
        "note": Key(text, "It is a remark, such as where the numbers come from.", ""),
        "units": Key(as_given, _TABLE),
        "system": Key(as_given, "Give [system] with energies, h or a builder.", REQUIRED),
        "contacts": Key(as_given, "Give one [[contacts]] per reservoir.", REQUIRED),
        "reservoirs": Key(as_given, "Give one [[reservoirs]] per contact.", REQUIRED),
        "generator": Key(as_given, _TABLE, {}),
        "flows": Key(as_given, _TABLE),
        "relaxation": Key(as_given, _TABLE),
        "trajectory": Key(as_given, _TABLE),
        "sweep": Key(as_given, _TABLE),
        "output": Key(as_given, _TABLE),
    }
)
UNITS: Final = Table(
    {
        "reference_temperature": Key(positive, "Give the reference temperature in K."),
        "reference_energy": Key(positive, "Give the reference energy in meV."),
    }
)
RESERVOIR: Final = Table(
    {
        "name": Key(name, "It is the name of its contact."),
        "T": Key(positive, "Give the temperature, in units of energy (k_B = 1).", REQUIRED),
        "mu": Key(number, "Give the chemical potential, in units of energy.", REQUIRED),
        "gas": Key(as_given, "It is the equation of state."),
        "capacity": Key(as_given, "It is A_j V_j, the size of the reservoir."),
    }
)
LEFT: Final = ("trajectory", "sweep", "output")
LEFT_OF_RESERVOIRS: Final = ("gas", "capacity")


@final
@dataclasses.dataclass(frozen=True, eq=False)
class OpenSystem:
    """The open system of a scenario, between reservoirs of given T and mu.

    Parameters
    ----------
    document : the file it was read from.
    title : of the scenario; the file's name where it has none.
    note : remark on it; may be empty.
    units : the reference energy, or None.
    system, contacts : as `oqs.davies` takes them; every contact has a name.
    T, mu : (n,) of the reservoirs, in units of energy (k_B = 1). Read-only.
    generator : how the Davies generator is made.
    flows, relaxation : the tasks, None where the scenario does not ask.
    left : keys that only `thermo.scenario` reads.
    """

    document: Document
    title: str
    note: str
    units: Units | None
    system: System
    contacts: tuple[Contact, ...]
    T: FloatArray
    mu: FloatArray
    generator: Generator
    flows: FlowsTask | None
    relaxation: RelaxationTask | None
    left: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the reservoirs, which are those of their contacts; numbers from 1 by default."""
        return tuple(str(contact.name) for contact in self.contacts)


def read_open_system(path: str | os.PathLike[str]) -> OpenSystem:
    """Read a scenario's system, contacts and reservoirs' T and mu from a TOML file.

    Raises
    ------
    ScenarioError
        naming the file, the key, what is wrong and the remedy. Gases and what else is left to
        `thermo.scenario` is not looked into.
    """
    return open_system(load(path))


def open_system(document: Document) -> OpenSystem:
    """Return the meaning of a document; raises as `read_open_system`."""
    place = document.place
    keys = SCENARIO(document.tables, place)
    system = read_system(keys["system"], place.at("system"))
    contacts = read_contacts(keys["contacts"], place.at("contacts"), system)
    reservoirs = _reservoirs(keys["reservoirs"], place.at("reservoirs"), contacts)
    found = OpenSystem(
        document=document,
        title=keys["title"] or document.file,
        note=keys["note"],
        units=None if keys["units"] is None else _units(keys["units"], place.at("units")),
        system=system,
        contacts=contacts,
        T=read_only(np.array([r["T"] for r in reservoirs])),
        mu=read_only(np.array([r["mu"] for r in reservoirs])),
        generator=read_generator(keys["generator"], place.at("generator")),
        flows=None if keys["flows"] is None else read_flows(keys["flows"], place.at("flows")),
        relaxation=_relaxation(keys["relaxation"], place.at("relaxation"), system),
        left=tuple(key for key in LEFT if keys[key] is not None)
        + tuple(
            f"reservoirs.{k}"
            for k in LEFT_OF_RESERVOIRS
            if any(r[k] is not None for r in reservoirs)
        ),
    )
    for law in () if found.flows is None else found.flows.laws:
        require_law(law, system, place.at("flows").at("laws"))
    return found


def _left(keys: Mapping[str, Any], reservoirs: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return the keys that are given and not read here."""
    tables = [key for key in LEFT if keys[key] is not None]
    tables += [
        f"reservoirs.{key}"
        for key in LEFT_OF_RESERVOIRS
        if any(reservoir[key] is not None for reservoir in reservoirs)
    ]
    return tuple(tables)


def _units(value: object, place: Place) -> Units:
    keys = UNITS(value, place)
    given = {key: v for key, v in keys.items() if v is not None}
    if len(given) != 1:
        raise place.error(
            f"must have exactly one of {quoted(keys)}, but has {len(given)}",
            "Either fixes all units.",
        )
    with place.blamed():
        if "reference_temperature" in given:
            return Units.from_temperature(given["reference_temperature"])
        return Units.from_meV(given["reference_energy"])


def _reservoirs(value: object, place: Place, contacts: tuple[Contact, ...]) -> list[dict[str, Any]]:
    tables = named(value, place)
    if len(tables) != len(contacts):
        raise place.error(
            f"must be one per contact, {len(contacts)}, but are {len(tables)}",
            "Give [[reservoirs]] in the order of [[contacts]].",
        )
    for index, ((table, at), contact) in enumerate(zip(tables, contacts, strict=True)):
        if "name" in table and label(table, index) != contact.name:
            given = shown(table["name"])
            raise at.at("name").error(
                f"must be that of contact {index + 1}, {contact.name!r}, but is {given}",
                "Give [[reservoirs]] in the order and with the names of [[contacts]].",
            )
    return [RESERVOIR(table, at) for table, at in tables]


def _relaxation(
    value: Mapping[str, Any] | None, place: Place, system: System
) -> RelaxationTask | None:
    if value is None:
        return None
    task = read_relaxation(value, place)
    if isinstance(task.initial, tuple) and len(task.initial) != system.sites:
        raise place.at("initial").error(
            f"must have one occupation per site, {system.sites}, but has {len(task.initial)}",
            'Give 0 or 1 for each site, or "empty" or "full".',
        )
    return task
