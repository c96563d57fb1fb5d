"""[[contacts]] of kind "bosonic": a spectral density, and what of the system it feels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from oqs.arguments import ComplexArray
from oqs.contact.bosonic import BosonicContact
from oqs.contact.rates import flat, lorentzian
from oqs.contact.spectra import drude_lorentz, ohmic, underdamped
from oqs.deferred import qutip
from oqs.system.base import FermionicSystem, System
from oqs.system.spins import on_factor
from thermo.scenario.schema.place import Place
from thermo.scenario.schema.table import REQUIRED, Choice, Key, Table, Variant
from thermo.scenario.schema.values import (
    BAND,
    POSITIVE_ENERGY,
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


def _operator(value: object, place: Place) -> str | ComplexArray:
    if isinstance(value, str):
        return Choice(tuple(OPERATORS))(value, place)
    return complex_array(value, place)


BOSONIC: Final = Table(
    {
        "name": Key(name, "It is how results call the reservoir behind it."),
        "spectrum": Key(
            SPECTRA, 'Give a spectral density, {law = "ohmic", strength = 1e-3}.', REQUIRED
        ),
        "operator": Key(
            _operator,
            'Give "sigma_x" or another word for spins and oscillators, (N,) weights of the '
            "occupations or an (N, N) hopping for electrons.",
            REQUIRED,
        ),
        "factor": Key(Whole(0, 499), "It is the spin or oscillator, counted from 0.", 0),
        "band": Key(BAND, "Give the lowest and highest energy of its bosons."),
    }
)


def bosonic_contact(
    keys: dict[str, Any], called: str, place: Place, system: System | None
) -> BosonicContact:
    """Return the contact; a system that could not be read, None, is not compared with."""
    operator = keys["operator"]
    words = isinstance(operator, str)
    if system is not None and words == isinstance(system, FermionicSystem):
        kind = "weights or a matrix for electrons" if words else "a word for spins and oscillators"
        raise place.at("operator").error(f"must be {kind}", BOSONIC.keys["operator"].meaning)
    if not words:
        matrix = operator if np.any(operator.imag) else operator.real
    elif system is None:
        matrix = qutip.sigmax()
    else:
        with place.at("factor").blamed():
            matrix = _of_factor(system, keys["factor"], operator)
    with place.blamed():
        return BosonicContact(keys["spectrum"], matrix, called, keys["band"])


def _of_factor(system: System, factor: int, word: str) -> qutip.Qobj:
    levels = system.dims[0]
    made = OPERATORS[word](levels[min(factor, len(levels) - 1)])
    return on_factor(system, factor, made)
