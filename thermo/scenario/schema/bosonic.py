"""[[contacts]] of kind "bosonic": a spectral density, and what of the system it feels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from oqs.arguments import ComplexArray
from oqs.contact.bosonic import BosonicContact
from oqs.contact.rates import Rate, flat, lorentzian, temperature_scaled
from oqs.contact.spectra import drude_lorentz, ohmic, underdamped
from oqs.deferred import qutip
from oqs.system.base import FermionicSystem
from oqs.system.quadratic_bosons import QuadraticBosons
from oqs.system.spins import on_factor
from thermo.scenario.schema.place import Place
from thermo.scenario.schema.system import AnySystem
from thermo.scenario.schema.table import REQUIRED, Choice, Items, Key, Table, Variant
from thermo.scenario.schema.values import (
    BAND,
    POSITIVE_ENERGY,
    SCALING,
    Whole,
    arguments_of,
    complex_array,
    energies_of,
    name,
)

SPECTRA: Final = Variant(
    "law",
    {
        "ohmic": (arguments_of(ohmic, cutoff=POSITIVE_ENERGY), ohmic),
        "drude_lorentz": (energies_of(drude_lorentz, "strength"), drude_lorentz),
        "underdamped": (energies_of(underdamped, "strength"), underdamped),
        "flat": (energies_of(flat), flat),
        "lorentzian": (energies_of(lorentzian), lorentzian),
    },
)
"""Spectral densities: a new one is an entry here."""

OPERATORS: Final[Mapping[str, Callable[[int], qutip.Qobj]]] = {
    "position": lambda levels: qutip.destroy(levels) + qutip.create(levels),
    "number": lambda levels: qutip.num(levels),  # noqa: PLW0108  # qutip.num would import it here
    "sigma_x": lambda levels: qutip.sigmax(),
    "sigma_y": lambda levels: qutip.sigmay(),
    "sigma_z": lambda levels: qutip.sigmaz(),
}
"""Operators of one factor of the system, of so many levels: a new one is an entry here."""


_TRANSITION: Final = Table(
    {
        "transition": Key(
            Items(Whole(0, 499), 2, 2, distinct=True), "Give two levels, [0, 2].", REQUIRED
        )
    }
)


def _operator(value: object, place: Place) -> str | tuple[int, int] | ComplexArray:
    """Return a word of `OPERATORS`, two levels a, b of |a><b| + |b><a|, or numbers."""
    if isinstance(value, str):
        return Choice(tuple(OPERATORS))(value, place)
    if isinstance(value, dict):
        return _TRANSITION(value, place)["transition"]
    return complex_array(value, place)


BOSONIC: Final = Table(
    {
        "name": Key(name, "It is how results call the reservoir behind it."),
        "spectrum": Key(
            SPECTRA, 'Give a spectral density, {law = "ohmic", strength = 1e-3}.', REQUIRED
        ),
        "operator": Key(
            _operator,
            'Give "sigma_x" or another word, or {transition = [0, 2]}, for spins and oscillators, '
            "(N,) weights of the occupations or an (N, N) hopping for electrons.",
            REQUIRED,
        ),
        "factor": Key(Whole(0, 499), "It is the spin or oscillator, counted from 0.", 0),
        "temperature_scaling": Key(SCALING, "Give {exponent = 1.0, T_0 = 0.6}."),
        "band": Key(BAND, "Give the lowest and highest energy of its bosons."),
    }
)


def bosonic_contact(
    keys: dict[str, Any], called: str, place: Place, system: AnySystem | None
) -> BosonicContact:
    """Return the contact; a system that could not be read, None, is not compared with."""
    meant = _meant(keys["operator"], keys["factor"], place, system)
    with place.blamed():
        spectrum = scaled(keys["spectrum"], keys["temperature_scaling"])
        return BosonicContact(spectrum, meant, called, keys["band"])


def scaled(rate: Rate, scaling: Mapping[str, float] | None) -> Rate:
    """Return a rate or spectral density, times (T/T_0)^p where that is asked for."""
    return rate if scaling is None else temperature_scaled(rate, **scaling)


def _meant(
    operator: str | tuple[int, int] | ComplexArray,
    factor: int,
    place: Place,
    system: AnySystem | None,
) -> qutip.Qobj | np.ndarray[Any, Any]:
    """Return the operator for this system, or ScenarioError where it is of another kind."""
    remedy = BOSONIC.keys["operator"].meaning
    if isinstance(system, QuadraticBosons):
        return _displacement(operator, factor, place, system)
    if isinstance(operator, np.ndarray):
        if system is not None and not isinstance(system, FermionicSystem):
            problem = "must be a word or a transition for spins and oscillators"
            raise place.at("operator").error(problem, remedy)
        return operator if np.any(operator.imag) else operator.real
    if isinstance(system, FermionicSystem):
        problem = "must be weights or a matrix for electrons"
        raise place.at("operator").error(problem, remedy)
    if system is None:
        return qutip.sigmax()
    with place.at("factor").blamed():
        dims = system.dims[0]
        size = dims[min(factor, len(dims) - 1)]
        if isinstance(operator, str):
            return on_factor(system, factor, OPERATORS[operator](size))
    if max(operator) >= size:
        raise place.at("operator.transition").error(
            f"must be two of its {size} levels, but is {list(operator)}", "They count from 0."
        )
    jump = qutip.projection(size, *operator)
    with place.at("factor").blamed():
        return on_factor(system, factor, jump + jump.dag())


def _displacement(
    operator: str | tuple[int, int] | ComplexArray,
    factor: int,
    place: Place,
    system: QuadraticBosons,
) -> np.ndarray[Any, Any]:
    """Return which oscillators a contact displaces: one by the word, or weights as given."""
    if isinstance(operator, np.ndarray):
        return operator if np.any(operator.imag) else operator.real
    if operator != "position":
        raise place.at("operator").error(
            "must be position for oscillators without a truncation",
            'Give "position" with its `factor`, or (N,) weights; a builder has other operators.',
        )
    if factor >= system.sites:
        problem = f"must be one of the {system.sites} oscillators, but is {factor}"
        raise place.at("factor").error(problem, "They count from 0.")
    return np.eye(system.sites)[factor]
