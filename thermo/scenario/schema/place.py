"""The place of a key in a scenario, and the error that names it."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar, final

from oqs.units import Units

_LONGEST = 80  # characters of a key's name that an error repeats
_MOST_TOLD = 20  # problems; a damaged table of numbers has thousands
_ARGUMENT = re.compile(r"^Argument `(\w+)`")
_P = ParamSpec("_P")
_T = TypeVar("_T")


@final
@dataclasses.dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a scenario.

    Parameters
    ----------
    file : the scenario's file.
    key : what is wrong in it, such as "reservoirs.cold.T"; empty for the file as a whole.
    sentence : what is wrong with it, and the remedy.
    """

    file: str
    key: str
    sentence: str

    def __str__(self) -> str:
        what = f"key `{self.key}`" if self.key else "the scenario"
        return f"{self.file}: {what} {self.sentence}"


@final
class ScenarioError(ValueError):
    """A scenario cannot be read, or cannot be computed as it stands; says how to mend it.

    The message has one line for everything that is wrong.

    Attributes
    ----------
    problems : all that was found, at least one.
    file, key : of the first of them.
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems

    @property
    def file(self) -> str:
        """The scenario's file."""
        return self.problems[0].file

    @property
    def key(self) -> str:
        """The key of the first problem; empty for the file as a whole."""
        return self.problems[0].key

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems[:_MOST_TOLD]]
        left = len(self.problems) - len(lines)
        return "\n".join([*lines, *([f"{self.file}: {left} more problems"] if left else [])])


@final
class Problems:
    """Collects the problems of parts that are read independently, to raise them together."""

    def __init__(self) -> None:
        self._kept: dict[Problem, None] = {}  # in order, each once

    def tried(self, read: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T | None:
        """Return what a reader returns; None, and its problems are kept, if it raises them."""
        try:
            return read(*args, **kwargs)
        except ScenarioError as error:
            self.add(error)
            return None

    def add(self, error: ScenarioError) -> None:
        """Keep the problems of an error."""
        self._kept |= dict.fromkeys(error.problems)

    def raise_any(self) -> None:
        """Raise one ScenarioError with all that was kept, if anything was."""
        if self._kept:
            raise ScenarioError(*self._kept)


@final
@dataclasses.dataclass(frozen=True)
class Place:
    """A key of a scenario."""

    file: str  # the scenario's file
    key: str = ""  # path to the key, its parts joined by dots; empty for the whole file
    meaning: str = ""  # a sentence on what belongs there: the remedy of every error at this place
    units: Units | None = None  # of the scenario, which keys with a unit in their name need

    def at(self, part: str | int, meaning: str | None = None) -> Place:
        """Return the place of a key of this table, or of an entry of this array, from 0."""
        if isinstance(part, int):
            key = f"{self.key}[{part}]"
        else:
            name = part if part and part.isprintable() else repr(part)
            key = ".".join([*([self.key] if self.key else []), name[:_LONGEST]])
        meant = self.meaning if meaning is None else meaning
        return dataclasses.replace(self, key=key, meaning=meant)

    def error(self, problem: str, remedy: str | None = None) -> ScenarioError:
        """Return the error: file, key, what is wrong, and the remedy (else the key's meaning)."""
        text = f"{problem}. {self.meaning if remedy is None else remedy}".rstrip()
        return ScenarioError(Problem(self.file, self.key, text))

    @contextlib.contextmanager
    def blamed(self) -> Iterator[None]:
        """Turn what a constructor raises about its arguments into an error at this place."""
        try:
            yield
        except ScenarioError:
            raise
        except (TypeError, ValueError, IndexError, ArithmeticError) as error:
            match = _ARGUMENT.match(str(error))
            if match is None:
                problem = Problem(self.file, self.key, f"is refused: {error}")
                raise ScenarioError(problem) from error
            rest = str(error)[match.end() :].lstrip()
            key = self.key if match[1] == self.key.rpartition(".")[2] else self.at(match[1]).key
            raise ScenarioError(Problem(self.file, key, rest)) from error
