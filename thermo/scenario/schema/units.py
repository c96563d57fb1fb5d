"""[units]: the reference energy, which fixes all units."""

from __future__ import annotations

from typing import Final

from oqs.units import Units
from thermo.scenario.schema.place import Place
from thermo.scenario.schema.table import Key, Table, quoted
from thermo.scenario.schema.values import positive

UNITS: Final = Table(
    {
        "reference_temperature": Key(positive, "Give the reference temperature in K."),
        "reference_energy": Key(positive, "Give the reference energy in meV."),
    }
)


def read_units(value: object, place: Place) -> Units:
    """Return the units; exactly one of the two keys must be given."""
    keys = UNITS(value, place)
    given = [key for key, number in keys.items() if number is not None]
    if len(given) != 1:
        raise place.error(
            f"must have exactly one of {quoted(keys)}, but has {len(given)}",
            "Either fixes all units.",
        )
    with place.blamed():
        if "reference_temperature" in given:
            return Units.from_temperature(keys["reference_temperature"])
        return Units.from_meV(keys["reference_energy"])
