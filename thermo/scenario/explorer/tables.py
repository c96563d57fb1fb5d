"""The answers as small tables of HTML."""

from __future__ import annotations

import html
import itertools
from collections.abc import Mapping
from typing import Final

import numpy as np

from oqs.summary import Summary
from oqs.units import SI_UNITS, Units
from thermo.evolution.trajectory import Trajectory
from thermo.machines.device import Device
from thermo.machines.regimes import Regime, omega_bar
from thermo.scenario.explorer.answers import Stationary
from thermo.scenario.results.data import kinds_data, state_data
from thermo.scenario.results.text import digits, in_its_unit, shown_unit, with_unit

_MOST_ENERGIES: Final = 12  # of a table
_MERIT: Final = {Regime.ENGINE: "efficiency", Regime.REFRIGERATOR: "cop"}


def flows_table(state: Stationary, units: Units | None) -> str:
    """Return T, mu and the flows out of each reservoir, in SI where there are units."""
    scenario = state.scenario
    states = state_data(scenario.names, scenario.T, scenario.mu, units)
    flows = kinds_data(state.flows, units)
    of_state, kinds = _shown(states[0], units), _shown(flows, units)
    rows = [
        (
            reservoir["name"],
            *(digits(reservoir[key]) for key in of_state),
            *(f"{in_its_unit(kind, flows[kind][j]) + 0.0:.5e}" for kind in kinds),  # no -0
        )
        for j, reservoir in enumerate(states)
    ]
    heads = ["reservoir", *(with_unit(key) for key in (*of_state, *kinds))]
    return Summary("Stationary flows out of the reservoirs", [], heads, rows).page()


def machine_table(state: Stationary, units: Units | None) -> str:
    """Return what the reservoirs do together: mode, power, cooling, efficiency."""
    machine = state.machine
    mode = _mode(machine)
    rows = [
        ("mode", mode),
        ("power out", _number(machine.power, "power", units)),
        ("heat out of the coldest", _number(machine.cooling_power, "power", units)),
        ("entropy production", _number(machine.entropy_production, "entropy_rate", units)),
    ]
    if mode in _MERIT:
        merit = _MERIT[Regime(mode)]
        rows += [
            (merit, f"{getattr(machine, merit):.4f}"),
            ("Carnot's", f"{machine.carnot:.4f}"),
            ("share of Carnot's", f"{100 * machine.over_carnot:.2f} %"),
        ]
    return Summary("Machine", [], ("", ""), rows).page()


def regimes_table(state: Stationary, units: Units | None) -> str:
    """Return the regime of each energy by itself, Table I; nothing where it has none.

    Of many energies it is that of each range: an interacting system has thousands.
    """
    if not state.regimes:
        return ""
    crossing = float(omega_bar(state.scenario.contact_T, state.scenario.contact_mu))
    everywhere = np.isnan(crossing)
    where = "every energy" if everywhere else _number(crossing, "energy", units)
    pairs = list(zip(state.frequencies.tolist(), state.regimes, strict=True))
    if len(pairs) <= _MOST_ENERGIES:
        rows = [(_number(w, "energy", units), str(regime)) for w, regime in pairs]
    else:
        rows = _ranges(pairs, units)
    facts = [("occupations agree at", where)]
    return Summary("Regime of each energy (Table I)", facts, ("energy", "regime"), rows).page()


def _ranges(pairs: list[tuple[float, Regime]], units: Units | None) -> list[tuple[str, str]]:
    """Return one row for consecutive energies of one regime: how many there are, between which."""
    rows = []
    for regime, group in itertools.groupby(pairs, key=lambda pair: pair[1]):
        energies = [w for w, _ in group]
        ends = (_number(w, "energy", units) for w in (energies[0], energies[-1]))
        rows.append((f"{len(energies)} from {' to '.join(ends)}", str(regime)))
    return rows


def evolution_table(path: Trajectory, problem: str, units: Units | None) -> str:
    """Return how the evolution ended, and how far each reservoir cooled on the way."""
    T = path.T if units is None else units.temperature(path.T)
    rows = [
        (name, *(digits(float(value)) for value in values))
        for name, *values in zip(path.names, T[0], T.min(axis=0), T[-1], strict=True)
    ]
    facts = [
        ("outcome", path.outcome),
        ("at t", _number(float(path.t[-1]), "time", units)),
        *([("", problem)] if problem else []),
    ]
    unit = "" if units is None else " (K)"
    heads = ("reservoir", f"T at first{unit}", f"lowest{unit}", f"at the end{unit}")
    return Summary("Evolution", facts, heads, rows).page()


def moved_lines(values: Mapping[str, float]) -> str:
    """Return the keys that were moved and their values, to be written into the file."""
    if not values:
        return "<div>Every slider is at the file's own number.</div>"
    lines = "\n".join(f"{path} = {value:.6g}" for path, value in values.items())
    return f"<div><strong>Moved from the file</strong></div><pre>{html.escape(lines)}</pre>"


def refusal(error: Exception) -> str:
    """Return an error as the sentence that it is."""
    return f'<div style="color:#a40000">{html.escape(str(error))}</div>'


def _mode(machine: Device) -> str:
    try:
        return str(machine.mode)
    except ValueError:  # between three temperatures: power and cooling at once
        return "none by itself: several at once"


def _shown(data: Mapping[str, object], units: Units | None) -> list[str]:
    """Return the keys of numbers in natural units, or of those in SI."""
    return [key for key in data if key != "name" and ("_" in key) == (units is not None)]


def _number(value: float, kind: str, units: Units | None) -> str:
    if units is None:
        return f"{value + 0.0:.5g}"  # no -0
    unit, factor = shown_unit(SI_UNITS[kind])
    return f"{factor * float(getattr(units, kind)(value)) + 0.0:.5g} {unit}"
