"""Readers of tables: keys by name, each with the reader of its value, its meaning and default."""

from __future__ import annotations

import dataclasses
import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeVar, final

from thermo.scenario.schema.measured import Measured, given
from thermo.scenario.schema.place import Place, Problems, ScenarioError

Reader = Callable[[object, Place], Any]
"""From a TOML value and its place to what it means; raises ScenarioError."""

_T = TypeVar("_T")

REQUIRED: Final = inspect.Parameter.empty
"""Default of a key that must be given."""


@final
class Key(NamedTuple):
    """One key of a table."""

    read: Reader  # of its value
    meaning: str  # a sentence, "Give ...": the remedy of errors at this key
    default: Any = None  # the meaning of a missing key; REQUIRED: there must be one


def argument_keys(call: Callable[..., Any], **known: tuple[Reader, str]) -> dict[str, Key]:
    """Return keys that are arguments of a call or fields of a class, with the defaults they have.

    Parameters
    ----------
    known : reader and meaning of each argument that is to be a key.
    """
    arguments = inspect.signature(call).parameters
    return {
        name: Key(read, meaning, arguments[name].default) for name, (read, meaning) in known.items()
    }


@final
@dataclasses.dataclass(frozen=True)
class Table:
    """Reader of a TOML table: its keys by name. A key it does not know is an error."""

    keys: Mapping[str, Key]

    def __call__(self, value: object, place: Place) -> dict[str, Any]:
        """Return the meaning of every key, defaults included; raise all that is wrong together."""
        problems = Problems()
        meaning = self.partial(value, place, problems)
        problems.raise_any()
        return meaning

    def partial(self, value: object, place: Place, problems: Problems) -> dict[str, Any]:
        """Return the meaning of every key, None of one that cannot be read: that is a problem."""
        if not isinstance(value, dict):
            raise place.error(f"must be a table, but is {shown(value)}")
        names = {name: given(value, name, key.read) for name, key in self.keys.items()}
        known = {name for several in names.values() for name in several}
        meant = set()
        for name in value:
            if name not in known:
                meant |= set(_nearest(name, self.keys))
                problems.add(unknown(place.at(name), name, self.keys))
        meaning: dict[str, Any] = {}
        for name, key in self.keys.items():
            at = place.at(name, key.meaning)
            if names[name]:
                meaning[name] = problems.tried(_read, key, name, names[name], value, place)
            elif key.default is not REQUIRED:
                meaning[name] = key.default
            else:
                meaning[name] = None
                if name not in meant:  # a misspelt key is not missing as well
                    problems.add(at.error("is missing"))
        return meaning


def _read(key: Key, name: str, names: list[str], value: Mapping[str, object], place: Place) -> Any:
    """Return the meaning of a key that the table gives, by its name or with a unit behind it."""
    at = place.at(names[0], key.meaning)
    if len(names) > 1:
        raise at.error(f"must not stand beside `{names[1]}`", "Give one of them.")
    if names[0] == name:
        return key.read(value[name], at)
    assert isinstance(key.read, Measured)  # no other key has several names
    return key.read.converted(value[names[0]], names[0][len(name) + 1 :], at)


def reader_of(keys: Table, call: Callable[..., _T]) -> Callable[[object, Place], _T]:
    """Return the reader of a table whose keys are the arguments of a call."""
    return lambda value, place: call(**keys(value, place))


@final
@dataclasses.dataclass(frozen=True)
class Variant:
    """Reader of a table of which one key says what other keys it has."""

    by: str  # that key
    # {its value: (the other keys, the call that takes them by name)}
    variants: Mapping[str, tuple[Table, Callable[..., Any]]]
    default: str | None = None  # its value where it is not given; None: it must be

    def __call__(self, value: object, place: Place) -> Any:
        """Return what the call of the variant makes of the keys."""
        if not isinstance(value, dict):
            raise place.error(f"must be a table, but is {shown(value)}")
        at = place.at(self.by, f"Give one of {quoted(self.variants)}.")
        if self.by not in value and self.default is None:
            raise at.error("is missing")
        kind = Choice(tuple(self.variants))(value.get(self.by, self.default), at)
        keys, call = self.variants[kind]
        arguments = keys({name: v for name, v in value.items() if name != self.by}, place)
        with place.blamed():
            return call(**arguments)


@final
@dataclasses.dataclass(frozen=True)
class Choice:
    """Reader of one of several words."""

    words: tuple[str, ...]

    def __call__(self, value: object, place: Place) -> str:
        """Return the word; an unknown one is answered with the nearest."""
        if isinstance(value, str) and value in self.words:
            return value
        hint = _hint(value, self.words) if isinstance(value, str) else ""
        raise place.error(f"must be one of {quoted(self.words)}, but is {shown(value)}{hint}")


@final
@dataclasses.dataclass(frozen=True)
class Items:
    """Reader of an array, from `least` to `most` entries that one reader reads.

    With `distinct` each entry may stand once only.
    """

    read: Reader
    least: int = 1
    most: int = 500
    distinct: bool = False

    def __call__(self, value: object, place: Place) -> tuple[Any, ...]:
        """Return the entries' meanings; raise what is wrong with any of them together."""
        if not isinstance(value, list):
            raise place.error(f"must be an array, but is {shown(value)}")
        if not self.least <= len(value) <= self.most:
            many = f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"
            raise place.error(f"must have {many} entries, but has {len(value)}")
        problems = Problems()
        entries = tuple(
            problems.tried(self.read, entry, place.at(i)) for i, entry in enumerate(value)
        )
        problems.raise_any()
        if self.distinct and len(set(entries)) < len(entries):
            raise place.error("must name each once", "Leave out what stands twice.")
        return entries


def named(value: object, place: Place) -> tuple[tuple[dict[str, Any], Place], ...]:
    """Return the tables of [[key]] with their places, which go by `name` or number from 1."""
    if not isinstance(value, list) or not value or not all(isinstance(v, dict) for v in value):
        raise place.error(f"must be one table [[{place.key}]] or several, but is {shown(value)}")
    if len(value) > _MOST:
        raise place.error(f"must be at most {_MOST} tables, but are {len(value)}")
    return tuple((table, place.at(label(table, i))) for i, table in enumerate(value))


_MOST = 100  # contacts; a typing error, not a device


def label(table: Mapping[str, object], index: int) -> str:
    """Return how keys inside a [[table]] are called: by its name, else its number from 1."""
    name = table.get("name")
    return name if isinstance(name, str) and name.isprintable() else f"{index + 1}"


def unknown(place: Place, name: str, known: Iterable[str]) -> ScenarioError:
    """Return the error for a name that is none of the known ones, with the nearest."""
    words = tuple(known)
    there = f"There are {quoted(words)}." if words else "There are none here."
    return place.error(f"is not known{_hint(name, words)}", there)


def shown(value: object) -> str:
    """Say a TOML value in an error, in short."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return f"an array of {len(value)}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return repr(value if len(value) <= _LONG else f"{value[:_LONG]}...")
    if isinstance(value, int) and abs(value) > 10**_LONG:
        return f"a whole number of more than {_LONG} digits"
    return str(value)


_LONG = 60  # characters of a value that an error repeats


def quoted(words: Iterable[str]) -> str:
    """Return words as `a`, `b`."""
    return ", ".join(f"`{word}`" for word in words)


def _nearest(word: str, words: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(word[:_LONG], list(words), n=1, cutoff=0.5)


def _hint(word: str, words: Iterable[str]) -> str:
    near = _nearest(word, words)
    return f" (did you mean `{near[0]}`?)" if near else ""
