"""How results show themselves: up to three lines in a terminal, a small table in a notebook."""

from __future__ import annotations

import abc
import dataclasses
import html
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar, final

import numpy as np
from numpy.typing import ArrayLike

_Shown = TypeVar("_Shown")
_WIDTH: Final = 100
_LINES: Final = 3
_STYLE: Final = "text-align:left;padding:0 1em 0 0"


@final
@dataclasses.dataclass(frozen=True)
class Summary:
    """What a reader wants to know of an object first."""

    title: str  # what it is, as one would say it: "Flows out of 2 reservoirs"
    # (label, text) pairs in the order of importance; a terminal shows as many as fit
    facts: Sequence[tuple[str, str]] = ()
    heads: Sequence[str] = ()  # of the columns of the notebook's table
    rows: Sequence[Sequence[str]] = ()  # of that table, as text; none for no table

    def text(self) -> str:
        """Return at most three lines of at most 100 characters."""
        facts = self.in_words()
        whole = f"{self.title}: {facts}" if facts else self.title
        return "\n".join(
            textwrap.wrap(
                whole, _WIDTH, subsequent_indent="  ", max_lines=_LINES, placeholder=" ..."
            )
        )

    def in_words(self) -> str:
        """Return all facts in one line, without the title."""
        return "; ".join(f"{label}: {value}" if label else value for label, value in self.facts)

    def page(self) -> str:
        """Return the same with its table as HTML."""
        facts = "".join(
            f"<div>{html.escape(f'{label}: {value}' if label else value)}</div>"
            for label, value in self.facts
        )
        return f"<div><strong>{html.escape(self.title)}</strong>{facts}{self._table()}</div>"

    def _table(self) -> str:
        if not self.rows:
            return ""
        head = "".join(f'<th style="{_STYLE}">{html.escape(text)}</th>' for text in self.heads)
        body = "".join(f"<tr>{_cells(row)}</tr>" for row in self.rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(row: Sequence[str]) -> str:
    return "".join(f'<td style="{_STYLE}">{html.escape(text)}</td>' for text in row)


class Summarised(abc.ABC):
    """An object that shows its `Summary` instead of all its fields.

    A dataclass that inherits must say `repr=False`, or it would list its fields.
    """

    @abc.abstractmethod
    def summary(self) -> Summary:
        """Return what to show."""

    @final
    def __repr__(self) -> str:
        return self.summary().text()

    @final
    def _repr_html_(self) -> str:
        return self.summary().page()


def line_of_fields(thing: Any) -> str:
    """Return the fields of a dataclass or NamedTuple in up to three lines: a `__repr__`."""
    return Summary(type(thing).__name__, _fields(thing)).text()


def page_of_fields(thing: Any) -> str:
    """Return the fields of a dataclass or NamedTuple as a table: a `_repr_html_`."""
    return Summary(type(thing).__name__, (), ("field", "value"), _fields(thing)).page()


def shown_by_fields(kind: type[_Shown]) -> type[_Shown]:
    """Let a NamedTuple show its fields, as Summarised shows a summary: a decorator of its class."""
    kind.__repr__ = line_of_fields  # type: ignore[method-assign]
    kind._repr_html_ = page_of_fields  # type: ignore[attr-defined]
    return kind


def _fields(thing: Any) -> list[tuple[str, str]]:
    names = getattr(thing, "_fields", None) or [
        field.name for field in dataclasses.fields(thing) if not field.name.startswith("_")
    ]
    return [(name, _shown(getattr(thing, name))) for name in names]


def _shown(value: object) -> str:
    if isinstance(value, np.ndarray | float):
        return few_digits(value, 6)
    return str(value)


def reservoir_names(names: Sequence[str | None] | None, count: int) -> tuple[str, ...]:
    """Return what to call each of so many reservoirs: its name, or its index."""
    given = names or (None,) * count
    return tuple(str(j) if name is None else name for j, name in enumerate(given))


def counted(count: int, noun: str) -> str:
    """Return "1 site", "2 sites"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def table_rows(
    names: Iterable[str], *columns: Iterable[float], digits: int = 6
) -> list[tuple[str, ...]]:
    """Return the rows of a table: each name and its number in every column, never -0."""
    return [
        (name, *(f"{value + 0.0:.{digits}g}" for value in row))
        for name, *row in zip(names, *columns, strict=True)
    ]


def few_digits(values: ArrayLike, digits: int = 4) -> str:
    """Return numbers as text, such as "0.6, 1": that many significant digits; the first few."""
    flat = np.ravel(np.asarray(values)) + 0.0  # 0, never -0
    shown = [f"{value:.{digits}g}" for value in flat[:6]]
    return ", ".join([*shown, f"... ({len(flat)})"] if len(flat) > 6 else shown)
