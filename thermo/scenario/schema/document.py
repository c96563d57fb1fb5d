"""The TOML file of a scenario, read but not yet understood."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import os
import pathlib
import re
import stat
import tomllib
from collections.abc import Mapping
from typing import Any, final

from thermo.scenario.schema.place import Place, ScenarioError
from thermo.scenario.schema.table import label, shown, unknown

_NAMED = ("contacts", "reservoirs")
_MOST_DOTS = 100  # in what may be one key
_COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
_SEPARATOR = re.compile(r"[=,{}\[\]\n]")
_QUOTED_PART = re.compile(r"[\"'][ \t]*\.")
_LARGEST = 2_000_000  # bytes; a tabulated gas of 20,000 entries has 600,000


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Document:
    """A scenario's file."""

    file: str  # its name, for messages
    text: str = dataclasses.field(repr=False)  # its content, to be kept beside results
    tables: Mapping[str, Any] = dataclasses.field(repr=False)  # what TOML makes of it

    @property
    def place(self) -> Place:
        """The place of the whole file."""
        return Place(self.file)

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return pathlib.PurePath(self.file).name

    @property
    def digest(self) -> str:
        """SHA-256 of the text: tells one scenario from another."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def with_values(self, values: Mapping[str, object]) -> Document:
        """Return the document with the values of some keys replaced, as a sweep does.

        Keys are paths such as "reservoirs.cold.T", "contacts.2.rate.exponent", "system.U.0.value":
        contacts and reservoirs go by name, or number from 1; entries of arrays by number from 0.

        Raises ScenarioError if a path leads nowhere, or to something that is no number.
        """
        tables = copy.deepcopy(dict(self.tables))
        for path, value in values.items():
            _replace(tables, path, value, Place(self.file))
        return dataclasses.replace(self, tables=tables)

    def without(self, key: str) -> Document:
        """Return the document without one of its tables."""
        kept = {name: value for name, value in self.tables.items() if name != key}
        return dataclasses.replace(self, tables=kept)


def load(path: str | os.PathLike[str]) -> Document:
    """Read a TOML file.

    Raises
    ------
    ScenarioError
        if there is none, it is no text file of reasonable size, or not valid TOML.
    """
    file = pathlib.Path(path)
    place = Place(str(file))
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):  # a folder, a pipe that would never end
            raise place.error("must be a file, but is none", "Give the path of a TOML file.")
        if status.st_size > _LARGEST:
            raise place.error(f"must be at most {_LARGEST} bytes, but has {status.st_size}")
        content = file.read_bytes().decode("utf-8-sig")  # some editors begin with a mark
    except FileNotFoundError:
        raise place.error(
            "is not there",
            "Give the path of a TOML file, or a name of `python -m thermo examples`.",
        ) from None
    except UnicodeDecodeError as error:
        problem = f"must be UTF-8 text, but has the byte {error.object[error.start]:#04x} at "
        raise place.error(f"{problem}{error.start}", "Give a TOML file.") from None
    except (OSError, ValueError) as error:
        if isinstance(error, ScenarioError):
            raise
        raise place.error(f"cannot be read ({getattr(error, 'strerror', None) or error})") from None
    return parse(content, place.file)


def parse(text: str, file: str) -> Document:
    """Return the document of a TOML text; ScenarioError, naming `file`, where it is not valid."""
    place = Place(file)
    if _too_deep(text):
        raise place.error("has a key of too many parts joined by dots", "Keys have up to four.")
    try:
        return Document(file, text, tomllib.loads(text))
    except RecursionError:
        raise place.error("is nested too deeply to be read", "Write arrays of numbers.") from None
    except (ValueError, ArithmeticError) as error:  # numbers of 5000 digits are a ValueError
        reason = str(error).rstrip(".")
        raise place.error(f"is not valid TOML: {reason}", "Mend this line.") from None


def _too_deep(text: str) -> bool:
    """Return whether a key has hundreds of parts: tomllib's memory grows as their square."""
    kept = _COMMENT.sub("", text)
    dots = max(piece.count(".") for piece in _SEPARATOR.split(kept))
    return max(dots, len(_QUOTED_PART.findall(kept))) > _MOST_DOTS


def _replace(tables: dict[str, Any], path: str, value: object, place: Place) -> None:
    *parents, last = path.split(".")
    at: Any = tables
    for part in parents:
        at = at[_index(at, part, path, place)]
    index = _index(at, last, path, place)
    if isinstance(at[index], bool) or not isinstance(at[index], (int, float)):
        problem = f"must be a number to be swept, but is {shown(at[index])}"
        raise place.at(path).error(problem, "Give the path of a number in this file.")
    at[index] = value


def _index(at: object, part: str, path: str, place: Place) -> str | int:
    """Return the index of a part of a path in the table or array that it is to be found in."""
    if isinstance(at, dict):
        indices: dict[str, str | int] = {key: key for key in at}
    elif isinstance(at, list) and path.split(".")[0] in _NAMED and path.split(".")[1] == part:
        indices = {label(entry, i): i for i, entry in enumerate(at)}
    elif isinstance(at, list):
        indices = {f"{i}": i for i in range(len(at))}
    else:
        raise place.at(path).error("leads beyond a value", f"There is nothing below {shown(at)}.")
    if part not in indices:
        raise unknown(place.at(path), part, list(indices)[:20])
    return indices[part]
