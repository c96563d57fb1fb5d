"""Numbers with a unit: `T_K = 0.5` is T in kelvin, as [units] says what that is in energies."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal, final

from oqs.units import Units
from thermo.scenario.schema.place import Place

Dimension = Literal["energy", "time"]

_SUFFIXES: Final[Mapping[Dimension, Mapping[str, Callable[[Units], float]]]] = {
    "energy": {
        "K": lambda units: float(units.kelvin(1.0)),
        "meV": lambda units: float(units.meV(1.0)),
        "ueV": lambda units: float(units.microeV(1.0)),
    },
    "time": {
        "s": lambda units: float(units.second(1.0)),
        "us": lambda units: float(units.second(1e-6)),
        "ns": lambda units: float(units.second(1e-9)),
        "ps": lambda units: float(units.second(1e-12)),
    },
}
"""What may follow the name of a key, by what the key is: a new unit is an entry here."""


@final
@dataclasses.dataclass(frozen=True)
class Measured:
    """Reader of energies or times, whose key may say a unit: `T`, `T_K`, `mu_meV`, `t_final_ns`."""

    read: Callable[[object, Place], Any]  # of the numbers
    dimension: Dimension  # what they are

    def __call__(self, value: object, place: Place) -> Any:
        """Return the numbers as they are given, in natural units."""
        return self.read(value, place)

    def names(self, key: str) -> tuple[str, ...]:
        """Return what a key may be called: its name, alone and with each unit."""
        return (key, *(f"{key}_{suffix}" for suffix in _SUFFIXES[self.dimension]))

    def converted(self, value: object, suffix: str, place: Place) -> Any:
        """Return the numbers of a key with this suffix in natural units."""
        if place.units is None:
            raise place.error(
                "needs [units], but there is none",
                "Add [units] with reference_energy = 1.0, in meV: the energy that others are in.",
            )
        return _times(self.read(value, place), _SUFFIXES[self.dimension][suffix](place.units))


def unit_suffixes(dimension: Dimension) -> tuple[str, ...]:
    """Return the units that may follow the name of such a key."""
    return tuple(_SUFFIXES[dimension])


def given(
    value: Mapping[str, object], name: str, read: Callable[[object, Place], Any]
) -> list[str]:
    """Return the names by which a table gives a key: none, one, or several, which is an error."""
    names: Iterable[str] = read.names(name) if isinstance(read, Measured) else (name,)
    return [each for each in names if each in value]


def split(key: str, units: Units | None) -> tuple[str, str, float]:
    """Return the name of an energy's key, the unit behind it, and that unit in natural ones.

    Without a unit that is an empty text and 1; so it is where there is no [units].
    """
    name, _, suffix = key.rpartition("_")
    if not name or units is None or suffix not in _SUFFIXES["energy"]:
        return key, "", 1.0
    return name, suffix, _SUFFIXES["energy"][suffix](units)


def _times(numbers: Any, factor: float) -> Any:
    if isinstance(numbers, tuple):
        return tuple(_times(each, factor) for each in numbers)
    return numbers * factor
