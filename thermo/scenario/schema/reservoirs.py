"""[[reservoirs]]: temperature, chemical potential, gas and size of each."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple, final

import numpy as np

from oqs.arguments import FloatArray, read_only
from oqs.contact.base import ReservoirContact
from thermo.gases import (
    BoseGas,
    DebyeSolid,
    FermiDiracGas,
    SommerfeldGas,
    TabulatedGas,
    TabulatedHeatCapacity,
)
from thermo.gases.thermal import conserved
from thermo.reservoirs.reservoir import Reservoir, Reservoirs
from thermo.scenario.schema.links import Links
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
from thermo.scenario.schema.values import (
    ENERGY,
    LONG_ENERGIES,
    POSITIVE_ENERGY,
    Whole,
    arguments_of,
    long_numbers,
    name,
    positive,
)

GASES: Final = Variant(
    "law",
    {
        "sommerfeld": (arguments_of(SommerfeldGas, alpha=positive), SommerfeldGas),
        "fermi_dirac": (arguments_of(FermiDiracGas, alpha=positive), FermiDiracGas),
        "tabulated": (
            arguments_of(TabulatedGas, energies=LONG_ENERGIES, density_of_states=long_numbers),
            TabulatedGas,
        ),
        "bose": (arguments_of(BoseGas, alpha=positive), BoseGas),
        "debye": (arguments_of(DebyeSolid, T_D=POSITIVE_ENERGY, dimension=Whole(1, 3)), DebyeSolid),
        "heat_capacity": (
            arguments_of(
                TabulatedHeatCapacity, temperatures=LONG_ENERGIES, heat_capacity=long_numbers
            ),
            TabulatedHeatCapacity,
        ),
    },
)
"""Equations of state: a new one is an entry here."""


def _size(value: object, place: Place) -> float:
    """Return a number > 0, or infinity for a reservoir whose T and mu stay."""
    return math.inf if value == math.inf else positive(value, place)


_T: Final = "Give the temperature: T in units of energy (k_B = 1), or T_K in kelvin."
_MU: Final = "Give the chemical potential: mu in units of energy, or mu_meV."

RESERVOIR: Final = Table(
    {
        "name": Key(name, "It is the name of its contact."),
        "T": Key(POSITIVE_ENERGY, _T, REQUIRED),
        "mu": Key(ENERGY, _MU),
        "gas": Key(GASES, 'Give a gas, {law = "fermi_dirac", alpha = 1.5}.'),
        **argument_keys(
            Reservoir, capacity=(_size, "It is A_j V_j, the size of the reservoir, or inf.")
        ),
    }
)


@final
class ReservoirsRead(NamedTuple):
    """Names, T and mu (n,), mu NaN where there is none; the reservoirs, None of one without gas."""

    names: tuple[str, ...]
    T: FloatArray
    mu: FloatArray
    reservoirs: tuple[Reservoir | None, ...]


def read_reservoirs(
    value: object, place: Place, contacts: tuple[ReservoirContact, ...] | None, links: Links | None
) -> ReservoirsRead:
    """Return the reservoirs behind the contacts, and those in contact through links alone.

    Each gas must hold at its T and mu. Contacts or links that could not be read, None, are not
    compared with.
    """
    tables = named(value, place)
    problems = Problems()
    linked = {name for pair in links or () for name in pair}
    names = [label(table, j) for j, (table, _) in enumerate(tables)]
    if contacts is not None:
        names[: len(contacts)] = [str(contact.name) for contact in contacts][: len(tables)]
        beside = set(names[len(contacts) :])
        if len(tables) < len(contacts) or (links is not None and not beside <= linked):
            raise place.error(
                f"must be one per contact, {len(contacts)}, but are {len(tables)}",
                "Give [[reservoirs]] in the order of [[contacts]], then those of [[links]] alone.",
            )
        problems.tried(_check_links, linked, names, place)
    kinds = [contact.fermionic for contact in contacts or ()]
    tried = [
        problems.tried(_reservoir, table, at, names[j], kinds[j] if j < len(kinds) else None)
        for j, (table, at) in enumerate(tables)
    ]
    problems.raise_any()
    read = [each for each in tried if each is not None]
    return ReservoirsRead(
        names=tuple(names),
        T=read_only(np.array([keys["T"] for keys, _ in read])),
        mu=read_only(np.array([keys["mu"] for keys, _ in read])),
        reservoirs=tuple(reservoir for _, reservoir in read),
    )


def _check_links(linked: set[str], names: list[str], place: Place) -> None:
    """Raise ScenarioError where a name stands twice, or a link joins what is no reservoir."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise place.error(f"must have different names, but two are {twice!r}", "Name each.")
    for missing in sorted(linked - set(names)):
        raise place.error(
            f"must hold all that [[links]] join, but none is called {missing!r}",
            "Add it after those of the contacts.",
        )


def _reservoir(
    table: dict[str, Any], place: Place, called: str, fermionic: bool | None
) -> tuple[dict[str, Any], Reservoir | None]:
    """Return the keys and the reservoir; `fermionic` is its contact, None of one without."""
    problems = Problems()
    keys = problems.tried(RESERVOIR, table, place)
    if table.get("name", called) != called:
        problems.add(
            place.at("name").error(
                f"must be that of its contact, {called!r}, but is {shown(table['name'])}",
                "Give [[reservoirs]] in the order and with the names of [[contacts]].",
            )
        )
    problems.raise_any()
    assert keys is not None
    gas = keys["gas"]
    if keys["mu"] is None:
        if "N" in conserved(gas) if gas is not None else fermionic is not False:
            raise place.at("mu", _MU).error("is missing")
        keys["mu"] = np.nan
    if gas is None:
        return keys, None
    with place.blamed():
        reservoir = Reservoir(gas, keys["capacity"], called)
        Reservoirs([reservoir]).checked([keys["T"]], [keys["mu"]])
    return keys, reservoir
