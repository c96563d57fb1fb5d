"""[[reservoirs]]: temperature, chemical potential, gas and size of each."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple, final

import numpy as np

from oqs.arguments import FloatArray, read_only
from oqs.contact.contacts import Contact
from thermo.gases import FermiDiracGas, SommerfeldGas, TabulatedGas
from thermo.reservoirs.reservoir import Reservoir, Reservoirs
from thermo.scenario.schema.place import Place, Problems
from thermo.scenario.schema.table import (
    REQUIRED,
    Key,
    Table,
    Variant,
    argument_keys,
    label,
    named,
    shown,
)
from thermo.scenario.schema.values import arguments_of, long_numbers, name, number, positive

GASES: Final = Variant(
    "law",
    {
        "sommerfeld": (arguments_of(SommerfeldGas, alpha=positive), SommerfeldGas),
        "fermi_dirac": (arguments_of(FermiDiracGas, alpha=positive), FermiDiracGas),
        "tabulated": (
            arguments_of(TabulatedGas, energies=long_numbers, density_of_states=long_numbers),
            TabulatedGas,
        ),
    },
)
"""Equations of state: a new one is an entry here."""


def _size(value: object, place: Place) -> float:
    """Return a number > 0, or infinity for a reservoir whose T and mu stay."""
    return math.inf if value == math.inf else positive(value, place)


RESERVOIR: Final = Table(
    {
        "name": Key(name, "It is the name of its contact."),
        "T": Key(positive, "Give the temperature, in units of energy (k_B = 1).", REQUIRED),
        "mu": Key(number, "Give the chemical potential, in units of energy.", REQUIRED),
        "gas": Key(GASES, 'Give a gas, {law = "fermi_dirac", alpha = 1.5}.'),
        **argument_keys(
            Reservoir, capacity=(_size, "It is A_j V_j, the size of the reservoir, or inf.")
        ),
    }
)


@final
class ReservoirsRead(NamedTuple):
    """T, mu (n,) of the reservoirs; each of those that have a gas, None of the others."""

    T: FloatArray
    mu: FloatArray
    reservoirs: tuple[Reservoir | None, ...]


def read_reservoirs(
    value: object, place: Place, contacts: tuple[Contact, ...] | None
) -> ReservoirsRead:
    """Return the reservoirs behind the contacts; each gas must hold at its T and mu.

    Contacts that could not be read, None, are not compared with.
    """
    tables = named(value, place)
    problems = Problems()
    if contacts is not None and len(tables) != len(contacts):
        raise place.error(
            f"must be one per contact, {len(contacts)}, but are {len(tables)}",
            "Give [[reservoirs]] in the order of [[contacts]].",
        )
    names = [None if contacts is None else contacts[j].name for j in range(len(tables))]
    found = [
        problems.tried(_reservoir, table, at, j, names[j]) for j, (table, at) in enumerate(tables)
    ]
    problems.raise_any()
    read = [each for each in found if each is not None]
    return ReservoirsRead(
        T=read_only(np.array([keys["T"] for keys, _ in read])),
        mu=read_only(np.array([keys["mu"] for keys, _ in read])),
        reservoirs=tuple(reservoir for _, reservoir in read),
    )


def _reservoir(
    table: dict[str, Any], place: Place, index: int, contact: str | None
) -> tuple[dict[str, Any], Reservoir | None]:
    problems = Problems()
    keys = problems.tried(RESERVOIR, table, place)
    if contact is not None and "name" in table and label(table, index) != contact:
        problems.add(
            place.at("name").error(
                f"must be that of contact {index + 1}, {contact!r}, but is {shown(table['name'])}",
                "Give [[reservoirs]] in the order and with the names of [[contacts]].",
            )
        )
    problems.raise_any()
    assert keys is not None
    if keys["gas"] is None:
        return keys, None
    with place.blamed():
        reservoir = Reservoir(keys["gas"], keys["capacity"], contact or label(table, index))
        Reservoirs([reservoir]).checked([keys["T"]], [keys["mu"]])
    return keys, reservoir
