"""Readers of single values: numbers, words, arrays of them."""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any, Final, final

import numpy as np

from oqs.arguments import ComplexArray, FloatArray
from thermo.scenario.schema.measured import Measured
from thermo.scenario.schema.place import Place
from thermo.scenario.schema.table import REQUIRED, Items, Key, Reader, Table, argument_keys, shown

_LARGEST = 1e60  # beyond it products of a few numbers overflow; no unit of energy needs it


@final
@dataclasses.dataclass(frozen=True)
class Whole:
    """Reader of a whole number from `least` to `most`."""

    least: int
    most: int

    def __call__(self, value: object, place: Place) -> int:
        """Return the number."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise place.error(f"must be a whole number, but is {shown(value)}")
        if not self.least <= value <= self.most:
            raise place.error(f"must be from {self.least} to {self.most}, but is {shown(value)}")
        return value


def as_given(value: object, place: Place) -> object:
    """Return the value as it is: something else reads it."""
    return value


def number(value: object, place: Place) -> float:
    """Return a finite real number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise place.error(f"must be a number, but is {shown(value)}")
    if not abs(value) <= _LARGEST:
        raise place.error(f"must be finite and at most {_LARGEST:g}, but is {shown(value)}")
    return float(value)


def positive(value: object, place: Place) -> float:
    """Return a finite number > 0."""
    read = number(value, place)
    if not read > 1 / _LARGEST:
        raise place.error(f"must be positive, but is {shown(value)}")
    return read


def not_negative(value: object, place: Place) -> float:
    """Return a finite number >= 0."""
    read = number(value, place)
    if not read >= 0:
        raise place.error(f"must be >= 0, but is {shown(value)}")
    return read


def complex_number(value: object, place: Place) -> complex:
    """Return a complex number: a number, or text such as "0.1+0.2j"."""
    if not isinstance(value, str):
        return complex(number(value, place))
    try:
        read = complex(value.replace(" ", ""))
    except ValueError:
        read = complex(math.nan)
    if not abs(read.real) + abs(read.imag) <= _LARGEST:
        raise place.error(f'must be a number or text such as "0.1+0.2j", but is {shown(value)}')
    return read


def boolean(value: object, place: Place) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise place.error(f"must be true or false, but is {shown(value)}")
    return value


def text(value: object, place: Place) -> str:
    """Return text of one line."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise place.error(f"must be text of one line, but is {shown(value)}")
    if len(value) > 200:
        raise place.error(f"must have at most 200 characters, but has {len(value)}")
    return value


def name(value: object, place: Place) -> str:
    """Return a name: text without dots, which join the names of keys."""
    read = text(value, place)
    if "." in read or len(read) > 60:
        raise place.error(f"must have no dot and at most 60 characters, but is {shown(value)}")
    return read


def numbers(value: object, place: Place) -> FloatArray:
    """Return an array (m,) of real numbers."""
    return np.array(Items(number)(value, place))


def long_numbers(value: object, place: Place) -> FloatArray:
    """Return an array (m,) of real numbers, a table of some thousands."""
    return np.array(Items(number, most=20_000)(value, place))


ENERGY: Final = Measured(number, "energy")
"""Reader of an energy, a temperature, a rate: `mu`, `mu_meV`, `mu_ueV`, `mu_K`."""
POSITIVE_ENERGY: Final = Measured(positive, "energy")
"""The same of one > 0."""
COMPLEX_ENERGY: Final = Measured(complex_number, "energy")
"""The same of a complex amplitude."""
DURATION: Final = Measured(positive, "time")
"""Reader of a time > 0: `t_final`, `t_final_s`, `t_final_ns`."""


def complex_array(value: object, place: Place) -> ComplexArray:
    """Return an array (N,) or (m, N) of complex numbers."""
    if isinstance(value, list) and any(isinstance(row, list) for row in value):
        rows = Items(Items(complex_number))(value, place)
        if len({len(row) for row in rows}) > 1:
            lengths = sorted({len(row) for row in rows})
            raise place.error(f"must have rows of one length, but has lengths {lengths}")
        return np.array(rows)
    return np.array(Items(complex_number)(value, place))


ENERGIES: Final = Measured(numbers, "energy")
"""Reader of an array (m,) of energies: `energies`, `energies_meV`."""
LONG_ENERGIES: Final = Measured(long_numbers, "energy")
"""The same of a table of some thousands."""
BAND: Final = Measured(Items(number, 2, 2), "energy")
"""Reader of the lowest and the highest of some energies."""
SCALING: Final = Table(
    {
        "exponent": Key(number, "It is p of (T/T_0)^p.", REQUIRED),
        "T_0": Key(
            POSITIVE_ENERGY, "It is the temperature at which the rate is as given.", REQUIRED
        ),
    }
)
"""`temperature_scaling` of a contact: its rate times (T/T_0)^p."""

_BY_ANNOTATION: Final[Mapping[str, Reader]] = {
    "ArrayLike": numbers,
    "Graph | None": Items(Items(Whole(0, 499), 2, 2)),
    "bool": boolean,
    "complex": complex_number,
    "float": number,
    "int": Whole(1, 100),
}


def arguments_of(call: Callable[..., Any], **readers: Reader) -> Table:
    """Return the table of all arguments of a public call, read as they are annotated.

    Parameters
    ----------
    readers : of the arguments that are read otherwise.
    """
    known = {
        name: (
            readers.get(name) or _BY_ANNOTATION[argument.annotation],
            f"It is an argument of {call.__module__}.{call.__qualname__}.",
        )
        for name, argument in inspect.signature(call).parameters.items()
    }
    keys: dict[str, Key] = argument_keys(call, **known)
    return Table(keys)


_ENERGIES: Final[Mapping[str, Reader]] = {
    "ArrayLike": ENERGIES,
    "complex": COMPLEX_ENERGY,
    "float": ENERGY,
}


def energies_of(call: Callable[..., Any], *pure: str, **readers: Reader) -> Table:
    """Return the table of all arguments of a call whose numbers are energies.

    Parameters
    ----------
    pure : arguments that are numbers without a unit.
    readers : of the arguments that are read otherwise.
    """
    measured = {
        name: _ENERGIES[argument.annotation]
        for name, argument in inspect.signature(call).parameters.items()
        if argument.annotation in _ENERGIES and name not in pure
    }
    return arguments_of(call, **{**measured, **readers})
