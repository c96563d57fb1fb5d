"""Printing of results: tables, checks, audits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

_SMALL: Final[Mapping[str, tuple[str, float]]] = {"A": ("pA", 1e12), "W": ("fW", 1e15)}
_STYLES = {"sound": "green", "doubtful": "yellow", "unreliable": "red"}


def print_audit(output: Console, data: Mapping[str, Any] | None) -> None:
    """Print every assumption of an audit with its verdict; nothing for None."""
    if data is None:
        return
    rows = [
        (a["name"], "infinite" if a["ratio"] is None else f"{a['ratio']:.3g}", a["verdict"])
        for a in data["assumptions"]
    ]
    table = _made(["assumption", "ratio", "verdict"])
    for name, ratio, verdict in rows:
        table.add_row(Text(name), ratio, Text(verdict, style=_STYLES[verdict]))
    output.print(table)
    output.print(Text(f"audit: {data['in_all']}", style=_STYLES[data["verdict"]]))
    for a in data["assumptions"]:
        if a["verdict"] != "sound":
            output.print(Text(f"  {a['name']}: {a['measure']}; {a['remedy']}"))


def print_checks(output: Console, data: Iterable[Mapping[str, Any]]) -> None:
    """Print one line per check."""
    for check in data:
        verdict = Text("passed", "green") if check["passed"] else Text("FAILED", "red")
        value = "infinite" if check["value"] is None else f"{check['value']:.1e}"
        output.print(
            Text.assemble(verdict, f"  {value:>8} <= {check['tolerance']:.0e}  {check['name']}")
        )


def digits(value: float | None, none: str = "-", form: str = ".6g") -> str:
    """Return the digits of a number; `none`, a dash, for a mu of phonons or what is not finite."""
    return none if value is None else format(value + 0.0, form)  # 0, never -0


def shown_unit(unit: str) -> tuple[str, float]:
    """Return the unit to show and the factor to it: pA and fW, as dots never reach A and W."""
    return _SMALL.get(unit, (unit, 1.0))


def with_unit(key: str) -> str:
    """Return a key such as mu_meV as mu (meV), in the unit to show."""
    name, _, unit = key.partition("_")
    return f"{name} ({shown_unit(unit)[0]})" if unit else name


def in_its_unit(key: str, value: float) -> float:
    """Return the value of a key in the unit that `with_unit` says."""
    return value * shown_unit(key.partition("_")[2])[1]


def print_table(output: Console, heads: list[str], rows: Iterable[tuple[str, ...]]) -> None:
    """Print a table, the first column left, the others right; nothing without rows."""
    table = _made(heads)
    for row in rows:
        table.add_row(*map(Text, row))
    if table.row_count:
        output.print(table)


def _made(heads: list[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, head in enumerate(heads):
        table.add_column(Text(head), justify="right" if index else "left", no_wrap=index == 0)
    return table
