"""The numbers of a scenario that a slider moves: T, mu, energies and rates, and how far."""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Iterator, Mapping
from typing import Any, Final, final

import numpy as np

from thermo.plotting.style import reservoir_label
from thermo.scenario.scenario import Scenario
from thermo.scenario.schema.system import BUILDERS
from thermo.scenario.schema.table import label

_STEPS: Final = 200  # of a slider, from one end to the other
_DECADES: Final = 1.0  # by which T and rates go down and up
_WIDTH: Final = 5.0  # of the highest T, by which energies go down and up
_MOST_ENTRIES: Final = 8  # of an array: more sliders are not surveyed at a glance
_ZERO: Final = 1e-12  # of a slider's range: rounding
_RATES: Final = ("value", "prefactor", "strength")  # how strong, of every law of rates and spectra


@final
@dataclasses.dataclass(frozen=True)
class Knob:
    """A number of a scenario that can be moved.

    Parameters
    ----------
    path : of its key, as `Document.with_values` takes it.
    group : under which heading it stands.
    label : what the slider is called.
    value : as the file has it.
    low, high : how far it goes.
    geometric : equal steps multiply it; else they add to it.
    """

    path: str
    group: str
    label: str
    value: float
    low: float
    high: float
    geometric: bool

    @property
    def steps(self) -> int:
        """How many steps the slider has."""
        return _STEPS

    @property
    def start(self) -> float:
        """Position of the slider at the file's value, in steps from `low`."""
        return _STEPS / 2

    def at(self, position: float) -> float:
        """Return the number at a position of the slider, in steps from `low`."""
        if position == self.start:
            return self.value
        share = position / _STEPS
        if self.geometric:
            return float(self.low * (self.high / self.low) ** share)
        number = self.low + (self.high - self.low) * share
        return 0.0 if abs(number) < _ZERO * (self.high - self.low) else number


def knobs(scenario: Scenario) -> tuple[Knob, ...]:
    """Return what can be moved in a scenario: T and mu first, then energies, then rates."""
    tables = scenario.document.tables
    energy = _WIDTH * float(np.max(scenario.T))
    found = [
        *_of_reservoirs(tables["reservoirs"], energy),
        *_of_system(tables["system"], energy),
        *_of_contacts(tables["contacts"]),
    ]
    return tuple(found)


def _of_reservoirs(reservoirs: list[Mapping[str, Any]], energy: float) -> Iterator[Knob]:
    for quantity in ("T", "mu"):
        for index, table in enumerate(reservoirs):
            name = label(table, index)
            if _is_number(table.get(quantity)):
                move = _geometric if quantity == "T" else _linear
                path, title = (
                    f"reservoirs.{name}.{quantity}",
                    f"{quantity}, {reservoir_label(name)}",
                )
                yield move(path, "Reservoirs", title, table[quantity], energy)


def _of_system(system: Mapping[str, Any], energy: float) -> Iterator[Knob]:
    for i, value in enumerate(system.get("energies", ())):
        if i < _MOST_ENTRIES:
            yield _linear(f"system.energies.{i}", "System", f"energy {i}", value, energy)
    for i, line in enumerate(system.get("h", ())):
        if i < _MOST_ENTRIES and isinstance(line, list) and _is_number(line[i]):
            yield _linear(f"system.h.{i}.{i}", "System", f"energy {i}", line[i], energy)
    for i, term in enumerate(system.get("U", ())):
        if i < _MOST_ENTRIES:
            title = "U of sites {} and {}".format(*term["sites"])
            yield _linear(f"system.U.{i}.value", "System", title, term["value"], energy)
    if "builder" in system:
        annotations = inspect.signature(BUILDERS[system["builder"]]).parameters
        for name, value in system.get("arguments", {}).items():
            path = f"system.arguments.{name}"
            if annotations[name].annotation == "int":  # a count
                continue
            if _is_number(value):
                yield _linear(path, "System", name, value, energy)
            elif isinstance(value, list) and all(map(_is_number, value)):
                for i, entry in enumerate(value[:_MOST_ENTRIES]):
                    yield _linear(f"{path}.{i}", "System", f"{name} {i}", entry, energy)


def _of_contacts(contacts: list[Mapping[str, Any]]) -> Iterator[Knob]:
    for index, table in enumerate(contacts):
        name = label(table, index)
        for law in ("rate", "spectrum"):
            for key, value in table.get(law, {}).items():
                if key in _RATES and value > 0:
                    path, title = f"contacts.{name}.{law}.{key}", f"{law}, {reservoir_label(name)}"
                    yield _geometric(path, "Contacts", title, value)


def _geometric(path: str, group: str, title: str, value: float, _: float = 0.0) -> Knob:
    factor = 10.0**_DECADES
    return Knob(path, group, title, float(value), value / factor, value * factor, geometric=True)


def _linear(path: str, group: str, title: str, value: float, half: float) -> Knob:
    digit = 10.0 ** math.floor(math.log10(half))
    half = digit * math.ceil(half / digit)  # so that a step is a round number
    return Knob(path, group, title, float(value), value - half, value + half, geometric=False)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
