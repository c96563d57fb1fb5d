"""[relaxation]: rho_S(t) at fixed T and mu of the reservoirs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final, Literal, final

import numpy as np
from rich.console import Console

import oqs
from oqs.deferred import qutip
from oqs.system.base import FermionicSystem, System
from thermo.progress import ProgressBar
from thermo.scenario.outcome import Check, Outcome
from thermo.scenario.results.data import as_json, kinds_data, save_table, si_data, state_data
from thermo.scenario.results.drawing import relaxation_figure, save_figures
from thermo.scenario.results.text import digits, print_table, with_unit
from thermo.scenario.scenario import Scenario, Workspace
from thermo.scenario.schema.place import Place
from thermo.scenario.schema.table import Choice, Items, Table, argument_keys, reader_of
from thermo.scenario.schema.values import DURATION, Whole
from thermo.scenario.tasks.laws import make_model, require_states

_TIMES = 10  # relaxation times that a relaxation lasts by default
_MOST_ROWS = 12  # on a terminal; all of them are in the data


@final
@dataclasses.dataclass(frozen=True)
class RelaxationTask:
    """rho_S(t) at fixed T and mu of the reservoirs.

    Parameters
    ----------
    initial : of electrons "empty", "full", or occupations (N,) of the sites, 0 or 1; of spins and
        oscillators "ground", or the level (N,) of each factor, from 0, that of a spin up being 0.
        None is "empty", or "ground".
    t_final : end; None takes ten relaxation times.
    points : number of times, from 0 to the end.
    """

    initial: Literal["empty", "full", "ground"] | tuple[int, ...] | None = None
    t_final: float | None = None
    points: int = 51

    def check(self, scenario: Scenario, place: Place) -> None:
        """Raise ScenarioError unless the system can be in the state at the start."""
        require_states(scenario, place)
        at, system = place.at("initial"), scenario.system
        assert isinstance(system, System)
        electrons = isinstance(system, FermionicSystem)
        words = ("empty", "full") if electrons else ("ground",)
        if isinstance(self.initial, str) and self.initial not in words:
            raise at.error(
                f"must be {' or '.join(words)} or a list for this system, but is {self.initial}",
                "Electrons start empty, full or in occupations; spins in levels, or the ground "
                "state.",
            )
        if not isinstance(self.initial, tuple):
            return
        what = "occupation per site" if electrons else "level per spin or oscillator"
        if len(self.initial) != system.sites:
            raise at.error(
                f"must have one {what}, {system.sites}, but has {len(self.initial)}",
                f"Give a number for each, or {' or '.join(words)}.",
            )
        for k, (level, levels) in enumerate(zip(self.initial, system.dims[0], strict=False)):
            if level >= levels:
                raise at.at(k).error(
                    f"must be from 0 to {levels - 1}, but is {level}", "Levels count from 0."
                )

    def run(self, scenario: Scenario, workspace: Workspace) -> Outcome:
        """Return rho_S(t), its flows and entropies; raises as `FlowsTask.run`."""
        result = self._relaxed(scenario, workspace.progress)
        names = scenario.names[: len(scenario.contacts)]
        units, checks = workspace.units, _checks(result)
        if workspace.folder is not None:
            table = result.to_dataset()
            save_table(table, workspace, "relaxation.nc", scenario)
            save_figures(scenario, workspace, relaxation_figure, table)
        data = {  # without density matrices, which are too many numbers for JSON
            "reservoirs": state_data(names, scenario.contact_T, scenario.contact_mu, units),
            "time": as_json(result.times),
            **si_data(units, time=("time", result.times)),
            **kinds_data(result.flows, units),
            "entropy": as_json(result.entropy),
            "entropy_production": as_json(result.entropy_production),
        }
        return Outcome(data, checks)

    def _start(self, scenario: Scenario) -> qutip.Qobj:
        """Return the state at the start, a ket; ScenarioError where "ground" is no single one."""
        system = scenario.system
        assert isinstance(system, System)  # seen in `check`
        electrons, initial = isinstance(system, FermionicSystem), self.initial
        if isinstance(initial, tuple):
            return qutip.basis(system.dims[0], list(initial))
        if electrons:
            return qutip.basis(system.dims[0], [int(initial == "full")] * system.sites)
        energies = system.spectrum.energies
        order = np.argsort(energies)
        if len(order) > 1 and energies[order[1]] - energies[order[0]] <= system.resolution:
            raise scenario.document.place.at("relaxation.initial").error(
                'must be a list of levels where the lowest is degenerate, but is "ground"',
                "Give the level of each factor, from 0.",
            )
        lowest = system.spectrum.vectors[:, order[0]]
        return qutip.Qobj(lowest, dims=[system.dims[0], [1] * system.sites])

    def _relaxed(self, scenario: Scenario, progress: bool | None) -> oqs.Relaxation:
        model = make_model(scenario)
        state = self._start(scenario)
        with scenario.document.place.at("relaxation").blamed():
            end = self.t_final
            if end is None:
                with ProgressBar("relaxation time", progress):
                    end = _TIMES * oqs.relaxation_time(
                        model, scenario.contact_T, scenario.contact_mu
                    )
            times = np.linspace(0.0, end, self.points)
            at = scenario.contact_T, scenario.contact_mu
            return oqs.relax(model, state, *at, times, progress=progress)


def _initial(value: object, place: Place) -> str | tuple[int, ...]:
    """Return "empty", "full", "ground", or occupations or levels."""
    if isinstance(value, list):
        return Items(Whole(0, 999))(value, place)
    return Choice(("empty", "full", "ground"))(value, place)


RELAXATION: Final = Table(
    argument_keys(
        RelaxationTask,
        initial=(_initial, 'Give "empty", "full", "ground", occupations or levels [1, 0].'),
        t_final=(DURATION, "It is the end, in units of 1/energy."),
        points=(Whole(2, 10_000), "It is the number of times from 0 to the end."),
    )
)


def _checks(result: oqs.Relaxation) -> tuple[Check, ...]:
    """Return what a relaxation is checked for: Eq. (3), entropy production is never negative."""
    production = result.entropy_production
    finite = production[np.isfinite(production)]  # infinite where a pure state begins to mix
    size = float(np.max(np.abs(finite), initial=0.0))
    worst = max(0.0, -float(np.min(production)))
    return (Check("entropy production, if negative", worst / size if size else worst, 1e-9),)


read: Final = reader_of(RELAXATION, RelaxationTask)


def show(output: Console, data: Mapping[str, Any]) -> None:
    """Print some times of a relaxation: entropies, and particle flows or those of energy alone."""
    time = "time_s" if "time_s" in data else "time"
    si, symbol = "particle_1/s" in data, "P"
    key = "particle_1/s" if si else "particle"
    if not any(flow for row in data[key] for flow in row):
        key, symbol = ("energy_W" if si else "energy"), "J"
    output.print(
        f"relaxation: {len(data['time'])} times to t = {data['time'][-1]:.6g}, "
        f"entropy {data['entropy'][0]:.6f} -> {data['entropy'][-1]:.6f}"
    )
    count = len(data["time"])
    step = -(-count // _MOST_ROWS)
    rows = [
        (
            f"{data[time][k]:.6g}",
            f"{data['entropy'][k]:.6f}",
            digits(data["entropy_production"][k], "infinite", ".4e"),
            *(f"{flow:.6e}" for flow in data[key][k]),
        )
        for k in sorted({*range(0, count, step), count - 1})
    ]
    unit = with_unit(key).removeprefix("particle").removeprefix("energy")
    heads = [f"{symbol} {reservoir['name']}{unit}" for reservoir in data["reservoirs"]]
    print_table(output, [with_unit(time), "entropy", "production", *heads], rows)
