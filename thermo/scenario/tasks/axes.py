"""The axes of a sweep: values of some keys of the file."""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from oqs.arguments import FloatArray, read_only
from thermo.scenario.schema.measured import unit_suffixes
from thermo.scenario.schema.place import Place
from thermo.scenario.schema.table import REQUIRED, Choice, Key, Table, shown
from thermo.scenario.schema.values import Whole, number, numbers

_MOST_POINTS = 100_000  # of a sweep in one file

_SYMBOLS: Final = (
    (r"reservoirs\.(.+)\.T", r"$T$ of {}", "E_0/k_B"),
    (r"reservoirs\.(.+)\.mu", r"$\mu$ of {}", "E_0"),
    (r"contacts\.(.+)\.rate\.value", r"rate $\Gamma$ of {}", "E_0"),
    (r"contacts\.(.+)\.spectrum\.cutoff", r"cutoff $\omega_c$ of {}", "E_0"),
    (r"system\.energies\.(\d+)", r"level $\epsilon_{{{}}}$", "E_0"),
    (r"system\.h\.(\d+)\.(\d+)", r"$h_{{{},{}}}$", "E_0"),
    (r"system\.U\.(\d+)\.value", r"interaction $U_{{{}}}$", "E_0"),
    (r"system\.arguments\.level", r"level $\epsilon$", "E_0"),
    (r"system\.arguments\.(?:levels|energies)\.(\d+)", r"level $\epsilon_{{{}}}$", "E_0"),
    (r"system\.arguments\.U", "interaction $U$", "E_0"),
    (r"system\.arguments\.U_inter", r"interaction $U_\mathrm{{inter}}$", "E_0"),
    (r"system\.arguments\.tunnelling", r"tunnelling $\Omega$", "E_0"),
    (r"system\.arguments\.coupling", r"coupling $g$", "E_0"),
    (r"system\.arguments\.zeeman", r"Zeeman energy", "E_0"),
)
"""What keys are, by their path: pattern, text with what the pattern catches, natural unit."""

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


def axis_attributes(path: str) -> dict[str, str]:
    """Return `long_name`, in symbols, and `units` of a key, such as reservoirs.left.T_K.

    Of a key that is not known it is nothing: only its path tells.
    """
    key, _, suffix = path.rpartition("_")
    measured = bool(key) and suffix in unit_suffixes("energy")
    for pattern, text, natural in _SYMBOLS:
        match = re.fullmatch(pattern, key if measured else path)
        if match:
            named = (_called(part, pattern) for part in match.groups())
            return {"long_name": text.format(*named), "units": suffix if measured else natural}
    return {}


def _called(part: str, pattern: str) -> str:
    """Return a caught number as it is, a reservoir or contact by its name, or number."""
    if pattern.startswith("system"):
        return part
    kind = "contact" if pattern.startswith("contacts") else "reservoir"
    return f"{kind} {part}" if part.isdecimal() else part.replace("$", r"\$")


def read_axes(value: object, place: Place) -> dict[str, FloatArray]:
    """Return the axes of a sweep, at least one."""
    if not isinstance(value, dict) or not value:
        raise place.error(f"must be a table of at least one axis, but is {shown(value)}")
    axes = {path: read_axis(values, place.at(path)) for path, values in value.items()}
    points = int(np.prod([float(len(values)) for values in axes.values()]))
    if points > _MOST_POINTS:
        raise place.error(f"must make at most {_MOST_POINTS} points, but makes {points}")
    return axes
