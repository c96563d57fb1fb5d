"""[trajectory]: the slow evolution of the reservoirs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Final, final

import oqs
import thermo
from thermo.evolution.dynamics import Law
from thermo.evolution.stopping import check_controls
from thermo.progress import ProgressBar
from thermo.scenario.outcome import Outcome
from thermo.scenario.results.drawing import save_figures, trajectory_figure
from thermo.scenario.scenario import Scenario, Workspace
from thermo.scenario.schema.place import Place
from thermo.scenario.schema.table import Choice, Table, argument_keys
from thermo.scenario.schema.values import DURATION, Whole, boolean, positive
from thermo.scenario.tasks.laws import DRIVING, chosen_law, make_law, require_law, with_its_links
from thermo.scenario.tasks.trajectory_report import show as show
from thermo.scenario.tasks.trajectory_report import trajectory_checks, trajectory_data


@final
@dataclasses.dataclass(frozen=True)
class TrajectoryTask:
    """The slow evolution of the reservoirs, as `thermo.evolve` takes it.

    Parameters
    ----------
    law : which flow law drives it; None is that of `chosen_law`.
    audit : measure the assumptions of the generator along the way.
    controls : arguments of `thermo.evolve` by name; what is left out has its default there.
    """

    law: str | None = None
    audit: bool = True
    controls: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def check(self, scenario: Scenario, place: Place) -> None:
        """Raise ScenarioError where the law does not hold for the system, or a gas is missing."""
        require_law(chosen_law(self.law, scenario), scenario, place.at("law"))
        _ = scenario.reservoirs

    def evolved(
        self, scenario: Scenario, around: Callable[[Law], Law] | None = None, **controls: Any
    ) -> thermo.Trajectory:
        """Return the evolution; `controls` come before the task's own. Raises as `evolve`.

        `around` makes of the law the one that is followed.
        """
        law: Law = with_its_links(make_law(scenario, chosen_law(self.law, scenario)), scenario)
        if around is not None:
            law = around(law)
        with scenario.document.place.at("trajectory").blamed():
            return thermo.evolve(
                law, scenario.reservoirs, scenario.T, scenario.mu, **{**self.controls, **controls}
            )

    def run(self, scenario: Scenario, workspace: Workspace) -> Outcome:
        """Return the trajectory, written and drawn as [output] says; raises as `FlowsTask.run`."""
        problems: list[str] = []
        try:
            path = self.evolved(scenario, progress=workspace.progress)
        except thermo.EvolutionFailed as error:
            problems.append(f"trajectory: {error}")
            path = error.trajectory
        judged = None
        if self.audit and chosen_law(self.law, scenario) == "density_matrix":
            judged = _judged(path, workspace.progress, problems)
        origin = {"scenario": scenario.document.name, "sha256": scenario.document.digest}
        path = dataclasses.replace(path, parameters={**path.parameters, **origin})
        if workspace.folder is not None:
            if scenario.outputs.netcdf:
                path.save(workspace.folder / "trajectory.nc")
            try:
                save_figures(scenario, workspace, trajectory_figure, path)
            except ValueError as error:  # as where the gases have no equilibrium to draw
                problems.append(f"figure: {error}")
        data = trajectory_data(path, judged, workspace.units)
        return Outcome(data, trajectory_checks(path), tuple(problems))


def _judged(
    path: thermo.Trajectory, progress: bool | None, problems: list[str]
) -> oqs.Audit | None:
    try:
        with ProgressBar("audit along the trajectory", progress):
            return path.audit
    except ValueError as error:  # as where a gas is at the end of its validity
        problems.append(f"audit: {error}")
        return None


_CONTROLS: Final = argument_keys(
    thermo.evolve,
    t_final=(DURATION, "It is the end; without it the run goes on to equilibrium."),
    rtol=(positive, "It is the tolerance of a step, 1e-10."),
    tolerance=(positive, "It is how near equilibrium the run ends, 1e-6."),
    max_steps=(Whole(1, 1_000_000), "It bounds the solver's steps, 2000."),
    events=(boolean, "It says whether to look for crossings and extrema."),
)

TRAJECTORY: Final = Table(
    {
        **argument_keys(
            TrajectoryTask,
            law=(Choice(DRIVING), "It is the flow law that drives the evolution."),
            audit=(boolean, "It measures the generator's assumptions along the way."),
        ),
        **_CONTROLS,
    }
)


def read(value: object, place: Place) -> TrajectoryTask:
    """Return the meaning of [trajectory]; its controls are those that `evolve` takes."""
    keys = TRAJECTORY(value, place)
    controls = {name: keys.pop(name) for name in _CONTROLS}
    with place.blamed():
        check_controls(
            controls["rtol"],
            controls["tolerance"],
            controls["max_steps"],
            why_least="Below, rounding leaves no room to confirm events.",
            default_steps=_CONTROLS["max_steps"].default,
        )
    return TrajectoryTask(**keys, controls=controls)
