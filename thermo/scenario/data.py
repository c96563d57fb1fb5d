"""Trajectories and sweeps as plain data, and what they are checked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from oqs.scenario.computing import Check
from oqs.scenario.data import audit_data, checks_data, plain, state_data
from oqs.units import Units
from oqs.validity.verdict import Audit
from thermo.evolution.events.events import Event
from thermo.evolution.trajectory import Trajectory
from thermo.scenario.sweeping import failed_points

_DRIFT = 1e3  # rtol: the totals drift by some rtol, and `evolve` leaves this room


def trajectory_checks(path: Trajectory) -> tuple[Check, ...]:
    """Return conservation of N and E, growth of the entropy, and where it ended."""
    tolerance = _DRIFT * float(path.parameters["rtol"] or 0.0)
    total = path.entropy.sum(axis=1)
    fallen = max(0.0, -float(np.min(np.diff(total), initial=0.0))) / abs(float(total[0]))
    checks = [
        Check("trajectory: drift of sum N", path.conservation.number, tolerance),
        Check("trajectory: drift of sum E", path.conservation.energy, tolerance),
        Check("trajectory: largest fall of sum S in a step, over sum S", fallen, tolerance),
    ]
    if path.outcome == "equilibrated" and path.equilibrium is not None:
        T, mu = float(path.equilibrium.T), float(path.equilibrium.mu)
        off = max(
            float(np.max(np.abs(path.T[-1] / T - 1))),
            float(np.max(np.abs(path.mu[-1] - mu))) / max(abs(mu), T),
        )
        allowed = float(path.parameters["tolerance"] or 0.0) * (1 + 1e-6)
        checks.append(Check("trajectory: distance from Eq. (6) at the end", off, allowed))
    return tuple(checks)


def trajectory_data(path: Trajectory, judged: Audit | None, units: Units | None) -> dict[str, Any]:
    """Return the summary of a trajectory: its end, its events, its checks and audit."""
    goal = path.equilibrium
    names = path.names
    return {
        "outcome": path.outcome,
        "t_end": float(path.t[-1]),
        **({} if units is None else {"t_end_s": plain(units.time(path.t[-1]))}),
        "start": state_data(names, path.T[0], path.mu[0], units),
        "end": state_data(names, path.T[-1], path.mu[-1], units),
        "lowest_T": plain(path.T.min(axis=0)),
        "equilibrium": None
        if goal is None
        else state_data(["equilibrium"], [goal.T], [goal.mu], units)[0],
        "events": None
        if path.found is None
        else [_event_data(event, names, units) for event in path.found],
        "evaluations": path.evaluations,
        "parameters": dict(path.parameters),
        "audit": None if judged is None else audit_data(judged),
        "checks": checks_data(trajectory_checks(path)),
    }


def _event_data(event: Event, names: tuple[str, ...], units: Units | None) -> dict[str, Any]:
    found = {
        "kind": event.kind,
        "reservoirs": [names[j] for j in event.reservoirs],
        "time": event.time,
        "value": plain(event.value),
    }
    if units is not None:
        found["time_s"] = plain(units.time(event.time))
        if event.kind.startswith("T "):
            found["value_K"] = plain(units.temperature(event.value))
        else:
            found["value_meV"] = plain(units.energy(event.value))
    return found


def sweep_checks(table: xr.Dataset) -> tuple[Check, ...]:
    """Return that every point of a sweep was computed."""
    failed, points = failed_points(table), table["error"].size
    return (Check("sweep: points that failed, over all", len(failed) / points, 0.0),)


def sweep_data(table: xr.Dataset) -> dict[str, Any]:
    """Return the summary of a sweep: its axes, its quantities, and how many points failed."""
    failed = failed_points(table)
    return {
        "axes": {
            str(name): plain(values) for name, values in table.coords.items() if name != "reservoir"
        },
        "quantities": [str(name) for name in table.data_vars if name != "error"],
        "points": int(table["error"].size),
        "failed": len(failed),
        "first_error": str(failed[0]) if len(failed) else None,
        "checks": checks_data(sweep_checks(table)),
    }
