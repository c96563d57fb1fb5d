"""A trajectory as plain data, on a terminal, and what it is checked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from rich.console import Console

import oqs
import thermo
from oqs.units import SI_UNITS, Units
from thermo.evolution.events.events import Event
from thermo.evolution.stopping import distance
from thermo.scenario.outcome import Check
from thermo.scenario.results.data import as_json, audit_data, state_data
from thermo.scenario.results.text import digits, print_audit, print_table, with_unit

_MOST_EVENTS = 12  # on a terminal
_DRIFT = 1e3  # rtol: the totals drift by some rtol, and `evolve` leaves this room


def trajectory_checks(path: thermo.Trajectory) -> tuple[Check, ...]:
    """Return conservation of N and E, growth of the entropy, and where it ended."""
    tolerance = _DRIFT * float(path.parameters["rtol"] or 0.0)
    total = path.entropy.sum(axis=1)
    fallen = max(0.0, -float(np.min(np.diff(total), initial=0.0)))
    # gains of fixed reservoirs begin at 0
    fallen /= abs(float(total[0])) or float(np.max(np.abs(path.entropy))) or 1.0
    checks = [
        Check("trajectory: drift of sum N", path.conservation.number, tolerance),
        Check("trajectory: drift of sum E", path.conservation.energy, tolerance),
        Check("trajectory: largest fall of sum S in a step, over sum S", fallen, tolerance),
    ]
    if path.outcome == "equilibrated" and path.equilibrium is not None:
        has_mu = ~np.isnan(path.mu[-1])
        off = float(distance(path.T[-1], path.mu[-1], path.equilibrium, has_mu))
        allowed = float(path.parameters["tolerance"] or 0.0) * (1 + 1e-6)
        checks.append(Check("trajectory: distance from Eq. (6) at the end", off, allowed))
    return tuple(checks)


def trajectory_data(
    path: thermo.Trajectory, judged: oqs.Audit | None, units: Units | None
) -> dict[str, Any]:
    """Return the summary of a trajectory: its end, its events, its checks and audit."""
    goal = path.equilibrium
    names = path.names
    return {
        "outcome": path.outcome,
        "t_end": float(path.t[-1]),
        **({} if units is None else {"t_end_s": as_json(units.time(path.t[-1]))}),
        "start": state_data(names, path.T[0], path.mu[0], units),
        "end": state_data(names, path.T[-1], path.mu[-1], units),
        "lowest_T": as_json(path.T.min(axis=0)),
        "equilibrium": None
        if goal is None
        else state_data(["equilibrium"], [goal.T], [goal.mu], units)[0],
        "events": None
        if path.event_list is None
        else [_event_data(event, names, units) for event in path.event_list],
        "evaluations": path.evaluations,
        "parameters": dict(path.parameters),
        "audit": None if judged is None else audit_data(judged),
    }


def _event_data(event: Event, names: tuple[str, ...], units: Units | None) -> dict[str, Any]:
    data = {
        "kind": event.kind,
        "reservoirs": [names[j] for j in event.reservoirs],
        "time": event.time,
        "value": as_json(event.value),
    }
    if units is not None:
        data["time_s"] = as_json(units.time(event.time))
        if event.kind.startswith("T "):
            data["value_K"] = as_json(units.temperature(event.value))
        else:
            data["value_meV"] = as_json(units.energy(event.value))
    return data


_ENDS: Final = {
    "equilibrated": "equilibrated",
    "stalled": "stalled (nothing moves within any time that counts, away from equilibrium)",
}


def show(output: Console, data: Mapping[str, Any]) -> None:
    """Print the end of a trajectory, its events and audit."""
    end = f"t = {data['t_end']:.6g}" + (f" = {data['t_end_s']:.6g} s" if "t_end_s" in data else "")
    output.print(f"trajectory: {_ENDS.get(data['outcome'], data['outcome'])} at {end}")
    si = "T_K" in data["start"][0]
    units = [SI_UNITS["temperature"], SI_UNITS["energy"]]
    keys = [f"T_{units[0]}", f"mu_{units[1]}"] if si else ["T", "mu"]
    rows = [
        (
            first["name"],
            *(digits(state[key]) for key in keys for state in (first, last)),
            f"{lowest / first['T']:.4f}",
        )
        for first, last, lowest in zip(data["start"], data["end"], data["lowest_T"], strict=True)
    ]
    heads = [f"{with_unit(key)} {when}" for key in keys for when in ("start", "end")]
    print_table(output, ["reservoir", *heads, "lowest T / start"], rows)
    if data["equilibrium"] is not None:
        goal = ", ".join(f"{with_unit(key)} = {digits(data['equilibrium'][key])}" for key in keys)
        output.print(f"equilibrium of Eq. (6): {goal}")
    if data["events"] is not None:
        rows = [
            (event["kind"], ", ".join(event["reservoirs"]), *_when_and_what(event))
            for event in data["events"][:_MOST_EVENTS]
        ]
        left = len(data["events"]) - len(rows)
        print_table(output, ["event", "reservoirs", "t (s)" if si else "t", "value"], rows)
        if left:
            output.print(f"and {left} more events in summary.json")
    print_audit(output, data["audit"])


def _when_and_what(event: dict[str, Any]) -> tuple[str, str]:
    """Return time and value of an event, in SI where it has them."""
    key = next((k for k in ("value_K", "value_meV") if k in event), "value")
    value = digits(event[key], "infinite")
    unit = key.removeprefix("value").replace("_", " ")
    return f"{event.get('time_s', event['time']):.5g}", value + unit
