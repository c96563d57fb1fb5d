"""Figures of a scenario's trajectory, in natural units or in SI."""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np

from oqs.flows import Flows
from oqs.units import Units
from thermo.evolution.events.events import Event
from thermo.evolution.trajectory import Trajectory
from thermo.plotting.trajectory import plot_trajectory
from thermo.reservoirs.equilibrium import equilibrium
from thermo.reservoirs.state import State
from thermo.scenario.results.data import made_by
from thermo.scenario.scenario import Scenario

_MOST_MODES = 12  # lines in one panel
_DPI = 160
_SI_LABELS = (r"temperature $T_j$ (K)", r"chemical potential $\mu_j$ (meV)")


def save_figures(
    path: Trajectory, scenario: Scenario, units: Units | None, folder: pathlib.Path
) -> None:
    """Write the figure of a trajectory in every format that the scenario asks for.

    With `units` the axes are in K, meV, s and W. Raises ValueError as `plot_trajectory` does.
    """
    outputs = scenario.outputs
    if not outputs.figures:
        return
    modes = np.asarray(getattr(path.law, "frequencies", ()), dtype=np.float64)
    drawn = path if units is None else in_si(path, scenario, units)
    figure = plot_trajectory(
        drawn,
        frequencies=None
        if not 0 < len(modes) <= _MOST_MODES
        else modes
        if units is None
        else units.energy(modes),
        events=outputs.mark_events and path.found is not None,
        heat=outputs.heat,
        entropy=outputs.entropy,
    )
    if units is not None:
        has_mu = not np.isnan(path.mu).all()
        labels = (
            *_SI_LABELS[: 1 + has_mu],
            *([r"heat flow out $Y_j$ (W)"] if outputs.heat else []),
        )
        for axis, label in zip(figure.axes, labels, strict=False):
            axis.set_ylabel(label, fontsize=11)
        figure.axes[-1].set_xlabel(r"time $t$ (s)", fontsize=11)
    # a dollar sign would begin a formula
    figure.suptitle(scenario.title.replace("$", r"\$"), fontsize=12)
    made_of = made_by(scenario.document)
    origin = {
        "Title": f"{scenario.title} (scenario sha256 {made_of['scenario']['sha256']})",
        "Creator": f"oqs-thermo {made_of['versions']['oqs-thermo']}",
    }
    for kind in outputs.figures:
        figure.savefig(folder / f"trajectory.{kind}", dpi=_DPI, metadata=origin)


def in_si(path: Trajectory, scenario: Scenario, units: Units) -> Trajectory:
    """Return the trajectory with T in K, mu in meV, t in s, heat in W: to be drawn, not computed.

    Its gases are those of natural units, so its equilibrium is found here, before.
    """
    goal = path.equilibrium
    if goal is None:
        found = equilibrium(scenario.reservoirs, scenario.T, scenario.mu)
        goal = State(np.array(found.T), np.array(found.mu))
    second, millivolt = float(units.time(1.0)), float(units.energy(1.0))
    n = len(path.capacities)
    solution = path.solution
    stretch = np.concatenate([np.ones(n), np.full(n, millivolt)])  # ln T_j/T_j(0), then mu_j
    return dataclasses.replace(
        path,
        t=units.time(path.t),
        T=units.temperature(path.T),
        mu=units.energy(path.mu),
        flows=Flows(
            units.particle_flow(path.flows.particle),
            units.power(path.flows.energy),
            units.power(path.flows.heat),
        ),
        equilibrium=State(units.temperature(goal.T), units.energy(goal.mu)),
        found=None if path.found is None else tuple(_event_in_si(e, units) for e in path.found),
        solution=dataclasses.replace(
            solution,
            t=solution.t * second,
            center=solution.center * second,
            width=solution.width * second,
            coefficients=solution.coefficients * stretch,
        ),
    )


def _event_in_si(event: Event, units: Units) -> Event:
    scale = units.temperature if event.kind.startswith("T ") else units.energy
    return dataclasses.replace(
        event, time=float(units.time(event.time)), value=float(scale(event.value))
    )
