"""The numbers of a scenario that a slider moves: T, mu, energies and rates, and how far."""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final, final

import numpy as np

from thermo.plotting.style import reservoir_label
from thermo.scenario.scenario import Scenario
from thermo.scenario.schema.measured import split
from thermo.scenario.schema.system import BUILDERS
from thermo.scenario.schema.table import label

_STEPS: Final = 200  # of a slider, from one end to the other
_DECADES: Final = 1.0  # by which T and rates go down and up
_WIDTH: Final = 10.0  # of the lowest T, by which energies go down and up
_MOST_ENTRIES: Final = 8  # of an array: more sliders are not surveyed at a glance
_ZERO: Final = 1e-12  # of a slider's range: rounding
_RATES: Final = ("value", "prefactor", "strength")  # how strong, of every law of rates and spectra


@final
@dataclasses.dataclass(frozen=True)
class Knob:
    """A number of a scenario that can be moved."""

    path: str  # of its key, as `Document.with_values` takes it
    group: str  # under which heading it stands
    label: str  # what the slider is called
    value: float  # as the file has it
    low: float  # at the left end of the slider
    high: float  # at its right end
    geometric: bool  # equal steps multiply it; else they add to it
    steps: ClassVar[int] = _STEPS  # of the slider

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
    return _Finder(scenario).knobs()


@final
class _Finder:
    """Goes through the tables of a scenario, whose keys may say a unit behind their names."""

    def __init__(self, scenario: Scenario) -> None:
        self._tables = scenario.document.tables
        self._units = scenario.units
        self._half = _WIDTH * float(np.min(scenario.T))  # of a range of energies

    def knobs(self) -> tuple[Knob, ...]:
        """Return the knobs in the order in which they stand on the page."""
        return (*self._reservoirs(), *self._system(), *self._contacts())

    def _reservoirs(self) -> Iterator[Knob]:
        group = "Reservoirs"
        for quantity in ("T", "mu"):
            for index, table in enumerate(self._tables["reservoirs"]):
                name = label(table, index)
                for key, value in self._numbers(table, (quantity,)):
                    path, title = f"reservoirs.{name}.{key}", reservoir_label(name)
                    if quantity == "T":
                        yield self._geometric(path, group, title, value)
                    else:
                        yield self._linear(path, group, title, value)

    def _system(self) -> Iterator[Knob]:
        system = self._tables["system"]
        for key, value in system.items():
            name = split(key, self._units)[0]
            if name == "energies":
                yield from self._entries(f"system.{key}", value)
            elif name == "h":
                levels = [line[i] if isinstance(line, list) else 0 for i, line in enumerate(value)]
                for i, level in enumerate(levels[:_MOST_ENTRIES]):
                    if _is_number(level):
                        yield self._linear(f"system.{key}.{i}.{i}", "System", f"site {i}", level)
            elif name == "U":
                for i, term in enumerate(value[:_MOST_ENTRIES]):
                    sites = "sites {} and {}".format(*term["sites"])
                    for each, energy in self._numbers(term, ("value",)):
                        yield self._linear(f"system.U.{i}.{each}", "System", sites, energy)
        if "builder" in system:
            yield from self._arguments(system)

    def _arguments(self, system: Mapping[str, Any]) -> Iterator[Knob]:
        declared = inspect.signature(BUILDERS[system["builder"]]).parameters
        for key, value in system.get("arguments", {}).items():
            path = f"system.arguments.{key}"
            if declared[split(key, self._units)[0]].annotation == "int":  # a count
                continue
            if _is_number(value):
                yield self._linear(path, "System", "", value)
            elif isinstance(value, list) and all(map(_is_number, value)):
                yield from self._entries(path, value)

    def _contacts(self) -> Iterator[Knob]:
        for index, table in enumerate(self._tables["contacts"]):
            name = label(table, index)
            for law in ("rate", "spectrum"):
                for key, value in self._numbers(table.get(law, {}), _RATES):
                    path, title = f"contacts.{name}.{law}.{key}", reservoir_label(name)
                    if value > 0:
                        yield self._geometric(path, "Contacts", title, value)

    def _numbers(
        self, table: Mapping[str, Any], names: tuple[str, ...]
    ) -> Iterator[tuple[str, float]]:
        """Return the keys of these names, with or without a unit, that are numbers."""
        for key, value in table.items():
            if split(key, self._units)[0] in names and _is_number(value):
                yield key, value

    def _entries(self, path: str, values: list[float]) -> Iterator[Knob]:
        for i, value in enumerate(values[:_MOST_ENTRIES]):
            yield self._linear(f"{path}.{i}", "System", f"{i}", value)

    def _geometric(self, path: str, group: str, whose: str, value: float) -> Knob:
        factor = 10.0**_DECADES
        ends = value / factor, value * factor
        return Knob(path, group, self._title(path, whose), float(value), *ends, geometric=True)

    def _linear(self, path: str, group: str, whose: str, value: float) -> Knob:
        half = self._half / split(_key_of(path), self._units)[2]
        digit = 10.0 ** math.floor(math.log10(half))
        half = digit * math.ceil(half / digit)  # so that a step is a round number
        ends = value - half, value + half
        return Knob(path, group, self._title(path, whose), float(value), *ends, geometric=False)

    def _title(self, path: str, whose: str) -> str:
        name, unit, _ = split(_key_of(path), self._units)
        *_, table, key = path.split(".")
        if name in _RATES and not key.isdecimal():  # a rate, a spectrum, an interaction
            name = table if table.isalpha() else "U"
        what = f"{name} ({unit})" if unit else name
        return f"{what}, {whose}" if whose else what


def _key_of(path: str) -> str:
    """Return the last key of a path that is not the number of an entry."""
    return next(part for part in reversed(path.split(".")) if not part.isdecimal())


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
