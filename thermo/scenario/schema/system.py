"""[system]: energies, a matrix h, terms with U and V, oscillators, or a builder by name."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from oqs.system import builders, masers, spins
from oqs.system.base import System
from oqs.system.interacting import InteractingSystem
from oqs.system.quadratic_bosons import QuadraticBosons
from oqs.system.systems import QuadraticSystem
from thermo.scenario.schema.measured import Measured
from thermo.scenario.schema.place import Place
from thermo.scenario.schema.table import REQUIRED, Choice, Items, Key, Reader, Table, quoted
from thermo.scenario.schema.values import (
    COMPLEX_ENERGY,
    ENERGIES,
    ENERGY,
    Whole,
    as_given,
    complex_array,
    energies_of,
    number,
    numbers,
)

AnySystem = System | QuadraticBosons
"""What [system] can be; only of a System is there a density matrix."""

_MOST_QUBITS = 14  # a rate equation between 2^14 states, all linked, has 2 GB


def _levels_of(maser: Callable[[ArrayLike], masers.Maser]) -> Callable[..., System]:
    """Return the builder of a maser's levels; its contacts say which transition they drive."""

    @functools.wraps(maser)
    def system(energies: ArrayLike) -> System:
        return maser(energies).system

    return system


BUILDERS: Final[Mapping[str, Callable[..., System]]] = {
    call.__name__: call
    for call in (
        builders.anderson_dot,
        builders.coupled_dots,
        builders.double_dot,
        builders.hubbard_chain,
        builders.spinful_dots,
        builders.spinless_dots,
        builders.triple_dot,
        spins.absorption_refrigerator,
        spins.exchange_qubits,
        spins.heisenberg_qubits,
        spins.ising_qubits,
        spins.jaynes_cummings,
        _levels_of(masers.lambda_maser),
        spins.transmon,
        _levels_of(masers.v_maser),
    )
}
"""Systems that go by a name: a new one is an entry here."""

_WAYS = ("energies", "h", "builder")
_QUBITS = (spins.exchange_qubits, spins.heisenberg_qubits, spins.ising_qubits)
_SITE = Whole(0, 499)


def _one_or_several(value: object, place: Place) -> Any:
    """Return one number for all, or an array."""
    return numbers(value, place) if isinstance(value, list) else number(value, place)


_QUBIT_ARGUMENTS: Final[Mapping[str, Reader]] = {
    "energies": Measured(Items(number, most=_MOST_QUBITS), "energy"),
    "coupling": Measured(_one_or_several, "energy"),
    "transverse": Measured(_one_or_several, "energy"),
}


def _terms(sites: int, energy: Reader) -> Reader:
    """Return the reader of [{sites = [...], value = ...}] for as many sites a term."""
    table = Table(
        {
            "sites": Key(
                Items(_SITE, sites, sites), f"Give {sites} sites, counted from 0.", REQUIRED
            ),
            "value": Key(energy, "Give its energy.", REQUIRED),
        }
    )
    return Items(table, least=0, most=10_000)


SYSTEM: Final = Table(
    {
        "kind": Key(
            Choice(("fermions", "oscillators")), "It is what `energies` or `h` are of.", "fermions"
        ),
        "energies": Key(ENERGIES, "Give the energies of levels without tunnelling, [21.1, 21.5]."),
        "h": Key(
            Measured(complex_array, "energy"),
            "Give the Hermitian matrix eps_vw of Eq. (8), row by row.",
        ),
        "U": Key(_terms(2, ENERGY), "Give [{sites = [0, 1], value = 2.0}] for + U n_0 n_1.", ()),
        "V": Key(
            _terms(4, COMPLEX_ENERGY),
            "Give [{sites = [0, 1, 2, 3], value = 0.1}] for + V c_0^+ c_1^+ c_2 c_3.",
            (),
        ),
        "builder": Key(Choice(tuple(BUILDERS)), "It makes a system by name."),
        "arguments": Key(as_given, "Give the builder's arguments, {levels = [0, 1], U = 2.0}."),
    }
)


def read_system(value: object, place: Place) -> AnySystem:
    """Return the open system of a [system] table."""
    keys = SYSTEM(value, place)
    given = [way for way in _WAYS if keys[way] is not None]
    if len(given) != 1:
        has = f"has {quoted(given)}" if given else "has none"
        problem = f"must have exactly one of {quoted(_WAYS)}, but {has}"
        raise place.error(problem, "It says what the system is.")
    if keys["builder"] is not None:
        return _built(keys, place)
    if keys["arguments"] is not None:
        raise place.at("arguments").error("goes with `builder`", "Leave it out.")
    matrix = keys["h"] if keys["energies"] is None else np.diag(keys["energies"])
    if keys["kind"] == "oscillators":
        _refuse_terms(keys, place, "goes with fermions", "Oscillators here are coupled by `h`.")
        with place.blamed():
            return QuadraticBosons(matrix)
    with place.blamed():
        if not keys["U"] and not keys["V"]:
            return QuadraticSystem(matrix)
        return InteractingSystem.from_terms(
            matrix, _mapping(keys["U"], place.at("U")), _mapping(keys["V"], place.at("V"))
        )


def _mapping(terms: tuple[dict[str, Any], ...], place: Place) -> Any:
    """Return {sites: value} as `from_terms` takes it; each term once."""
    by_sites: dict[tuple[int, ...], complex] = {}
    for i, term in enumerate(terms):
        sites = term["sites"]
        if sites in by_sites:
            problem = f"stands twice, for the sites {list(sites)}"
            raise place.at(i).error(problem, "Give each term once.")
        by_sites[sites] = term["value"]
    return by_sites or None


def _built(keys: Mapping[str, Any], place: Place) -> System:
    _refuse_terms(
        keys, place, "goes with `energies` or `h`", "A builder has its own, in `arguments`."
    )
    if keys["kind"] != "fermions":
        raise place.at("kind").error("goes with `energies` or `h`", "Leave it out.")
    build = BUILDERS[keys["builder"]]
    at = place.at("arguments", f"Give the arguments of oqs.{keys['builder']}.")
    arguments = energies_of(build, "anisotropy", **(_QUBIT_ARGUMENTS if build in _QUBITS else {}))(
        {} if keys["arguments"] is None else keys["arguments"], at
    )
    with at.blamed():
        return build(**arguments)


def _refuse_terms(keys: Mapping[str, Any], place: Place, problem: str, remedy: str) -> None:
    for key in ("U", "V"):
        if keys[key]:
            raise place.at(key).error(problem, remedy)
