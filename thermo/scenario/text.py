"""Results of a run on a terminal, from its summary."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from oqs.scenario.computing import words
from oqs.units import SI_UNITS

_MOST_EVENTS = 12
_STYLES = {"sound": "green", "doubtful": "yellow", "unreliable": "red"}
_COLUMNS = (("T", SI_UNITS["temperature"]), ("mu", SI_UNITS["energy"]))


def print_summary(output: Console, summary: dict[str, Any]) -> None:
    """Print what a run found: flows, the end of the trajectory, checks, audits."""
    output.print(Text(summary["title"], style="bold"))
    for name, show in (
        ("flows", _flows),
        ("relaxation", _relaxation),
        ("trajectory", _trajectory),
        ("sweep", _sweep),
    ):
        if name in summary:
            show(output, summary[name])
            _checks(output, summary[name]["checks"])
    for problem in summary["problems"]:
        output.print(Text(problem, style="red"))


def _flows(output: Console, data: dict[str, Any]) -> None:
    names = [reservoir["name"] for reservoir in data["reservoirs"]]
    for law in data["laws"]:
        kinds = [k for k in law if k.startswith(("particle_", "current_", "energy_", "heat_"))]
        kinds = kinds or ["particle", "energy", "heat"]
        rows = [(name, *(f"{law[kind][j]:.6e}" for kind in kinds)) for j, name in enumerate(names)]
        off = f"; off by {law['deviation']:.1e}" if law["deviation"] else ""
        output.print(
            f"{words(law['law'])} ({law['solver']}): flows out of the reservoirs{off}", style="bold"
        )
        _table(output, ["reservoir", *(_with_unit(kind) for kind in kinds)], rows)
        key = "clausius_sum_W/K"
        clausius = f"{law[key]:.6e} W/K" if key in law else f"{law['clausius_sum']:.6e}"
        output.print(f"sum of Y/T = {clausius}")
        for part in law["untouched"]:
            output.print(f"carries nothing: {part}", markup=False)
    _audit(output, data["audit"])


def _relaxation(output: Console, data: dict[str, Any]) -> None:
    output.print(
        f"relaxation: {len(data['time'])} times to t = {data['time'][-1]:.6g}, "
        f"entropy {data['entropy'][0]:.6f} -> {data['entropy'][-1]:.6f}"
    )


_ENDS: Final = {
    "equilibrated": "equilibrated",
    "stalled": "stalled (nothing moves within any time that counts, away from equilibrium)",
}


def _trajectory(output: Console, data: dict[str, Any]) -> None:
    end = f"t = {data['t_end']:.6g}" + (f" = {data['t_end_s']:.6g} s" if "t_end_s" in data else "")
    output.print(f"trajectory: {_ENDS.get(data['outcome'], data['outcome'])} at {end}")
    si = "T_K" in data["start"][0]
    keys = [(f"{key}_{unit}" if si else key) for key, unit in _COLUMNS]
    rows = [
        (
            first["name"],
            *(f"{state[key]:.6g}" for key in keys for state in (first, last)),
            f"{lowest / first['T']:.4f}",
        )
        for first, last, lowest in zip(data["start"], data["end"], data["lowest_T"], strict=True)
    ]
    heads = [f"{_with_unit(key)} {when}" for key in keys for when in ("start", "end")]
    _table(output, ["reservoir", *heads, "lowest T / start"], rows)
    if data["equilibrium"] is not None:
        goal = ", ".join(f"{_with_unit(key)} = {data['equilibrium'][key]:.6g}" for key in keys)
        output.print(f"equilibrium of Eq. (6): {goal}")
    if data["events"] is not None:
        rows = [
            (event["kind"], ", ".join(event["reservoirs"]), *_when_and_what(event))
            for event in data["events"][:_MOST_EVENTS]
        ]
        left = len(data["events"]) - len(rows)
        _table(output, ["event", "reservoirs", "t (s)" if si else "t", "value"], rows)
        if left:
            output.print(f"and {left} more events in summary.json")
    _audit(output, data["audit"])


def _when_and_what(event: dict[str, Any]) -> tuple[str, str]:
    """Return time and value of an event, in SI where it has them."""
    key = next((k for k in ("value_K", "value_meV") if k in event), "value")
    value = "infinite" if event[key] is None else f"{event[key]:.6g}"
    unit = key.removeprefix("value").replace("_", " ")
    return f"{event.get('time_s', event['time']):.5g}", value + unit


def _sweep(output: Console, data: dict[str, Any]) -> None:
    axes = ", ".join(f"{name} ({len(values)})" for name, values in data["axes"].items())
    output.print(f"sweep over {axes}: {', '.join(data['quantities'])} at {data['points']} points")
    if data["failed"]:
        output.print(Text(f"{data['failed']} failed; the first: {data['first_error']}", "red"))


def _audit(output: Console, data: dict[str, Any] | None) -> None:
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
    output.print(Text(f"audit: {data['verdict']}", style=_STYLES[data["verdict"]]))
    for a in data["assumptions"]:
        if a["verdict"] != "sound":
            output.print(Text(f"  {a['name']}: {a['measure']}; {a['remedy']}"))


def _checks(output: Console, data: list[dict[str, Any]]) -> None:
    for check in data:
        verdict = Text("passed", "green") if check["passed"] else Text("FAILED", "red")
        value = "infinite" if check["value"] is None else f"{check['value']:.1e}"
        output.print(
            Text.assemble(verdict, f"  {value:>8} <= {check['tolerance']:.0e}  {check['name']}")
        )


def _with_unit(key: str) -> str:
    name, _, unit = key.partition("_")
    return f"{name} ({unit})" if unit else name


def _table(output: Console, heads: list[str], rows: Iterable[tuple[str, ...]]) -> None:
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
