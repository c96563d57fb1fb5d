"""The axes of a sweep: values of some keys of the file."""

from __future__ import annotations

from typing import Final

import numpy as np

from oqs.arguments import FloatArray, read_only
from thermo.scenario.schema.place import Place
from thermo.scenario.schema.table import REQUIRED, Choice, Key, Table, shown
from thermo.scenario.schema.values import Whole, number, numbers

_MOST_POINTS = 100_000  # of a sweep in one file

_RANGE: Final = Table(
    {
        "start": Key(number, "It is the first value.", REQUIRED),
        "stop": Key(number, "It is the last value.", REQUIRED),
        "num": Key(Whole(2, _MOST_POINTS), "It is the number of values.", REQUIRED),
        "spacing": Key(Choice(("linear", "geometric")), "It is how values follow.", "linear"),
    }
)


def read_axis(value: object, place: Place) -> FloatArray:
    """Return the values (m,) of an axis: an array, or start, stop and num; each value once."""
    if not isinstance(value, dict):
        points = numbers(value, place)
    else:
        keys = _RANGE(value, place)
        if keys["spacing"] == "geometric" and not (keys["start"] > 0 and keys["stop"] > 0):
            raise place.at("spacing").error(
                "must be linear unless start and stop are positive, but is 'geometric'",
                "Give positive ends.",
            )
        space = np.linspace if keys["spacing"] == "linear" else np.geomspace
        points = space(keys["start"], keys["stop"], keys["num"])
    if len(np.unique(points)) < len(points):
        raise place.error("must hold each value once, but repeats some")
    return read_only(points)


def read_axes(value: object, place: Place) -> dict[str, FloatArray]:
    """Return the axes of a sweep, at least one."""
    if not isinstance(value, dict) or not value:
        raise place.error(f"must be a table of at least one axis, but is {shown(value)}")
    axes = {path: read_axis(values, place.at(path)) for path, values in value.items()}
    points = int(np.prod([float(len(values)) for values in axes.values()]))
    if points > _MOST_POINTS:
        raise place.error(f"must make at most {_MOST_POINTS} points, but makes {points}")
    return axes
