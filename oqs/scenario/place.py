"""Where in a scenario something stands, and the error that says so."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Iterator
from typing import final

_LONGEST = 80  # characters of a key's name that an error repeats
_ARGUMENT = re.compile(r"^Argument `(\w+)`")


@final
class ScenarioError(ValueError):
    """A scenario cannot be read, or cannot be computed as it stands; the message says how to mend.

    Attributes
    ----------
    file : the scenario's file.
    key : what is wrong in it, such as "reservoirs.cold.T"; empty for the file as a whole.
    """

    def __init__(self, file: str, key: str, problem: str) -> None:
        super().__init__(f"{file}: {f'key `{key}`' if key else 'the scenario'} {problem}")
        self.file = file
        self.key = key


@final
@dataclasses.dataclass(frozen=True)
class Place:
    """A key of a scenario.

    Parameters
    ----------
    file : the scenario's file.
    key : path to the key, its parts joined by dots; empty for the whole file.
    meaning : a sentence on what belongs there: the remedy of every error at this place.
    """

    file: str
    key: str = ""
    meaning: str = ""

    def at(self, part: str | int, meaning: str | None = None) -> Place:
        """Return the place of a key of this table, or of an entry of this array, from 0."""
        if isinstance(part, int):
            key = f"{self.key}[{part}]"
        else:
            name = part if part and part.isprintable() else repr(part)
            key = ".".join([*([self.key] if self.key else []), name[:_LONGEST]])
        return Place(self.file, key, self.meaning if meaning is None else meaning)

    def error(self, problem: str, remedy: str | None = None) -> ScenarioError:
        """Return the error: file, key, what is wrong, and the remedy (else the key's meaning)."""
        text = f"{problem}. {self.meaning if remedy is None else remedy}".rstrip()
        return ScenarioError(self.file, self.key, text)

    @contextlib.contextmanager
    def blamed(self) -> Iterator[None]:
        """Turn what a constructor raises about its arguments into an error at this place."""
        try:
            yield
        except ScenarioError:
            raise
        except (TypeError, ValueError, IndexError, ArithmeticError) as error:
            found = _ARGUMENT.match(str(error))
            if found is None:
                raise ScenarioError(self.file, self.key, f"is refused: {error}") from error
            rest = str(error)[found.end() :].lstrip()
            key = self.key if found[1] == self.key.rpartition(".")[2] else self.at(found[1]).key
            raise ScenarioError(self.file, key, rest) from error
