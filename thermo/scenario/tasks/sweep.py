"""[sweep]: a scenario evaluated at every combination of some keys' values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.text import Text

import thermo
from oqs.arguments import FloatArray, read_only
from oqs.deferred import xr
from thermo.scenario.outcome import Check, Outcome
from thermo.scenario.results.data import as_json, save_table
from thermo.scenario.results.drawing import save_figures, sweep_figures
from thermo.scenario.results.naming import PART, FolderError
from thermo.scenario.results.symbols import axis_attributes
from thermo.scenario.scenario import Scenario, Workspace
from thermo.scenario.schema.place import Place
from thermo.scenario.schema.table import (
    REQUIRED,
    Choice,
    Items,
    Key,
    Table,
    argument_keys,
    quoted,
    shown,
)
from thermo.scenario.schema.values import Whole, number, numbers, positive
from thermo.scenario.tasks.laws import DRIVING, LAWS, chosen_law, require_law
from thermo.scenario.tasks.sweep_point import EVOLVED, QUANTITIES, UNITS, WITH_GASES, SweepPoint
from thermo.sweeps.parts import Part
from thermo.sweeps.store_file import DamagedStore

_MOST_POINTS = 100_000  # of a sweep in one file

_RANGE: Final = Table(
    {
        "start": Key(number, "It is the first value.", REQUIRED),
        "stop": Key(number, "It is the last value.", REQUIRED),
        "num": Key(Whole(2, _MOST_POINTS), "It is the number of values.", REQUIRED),
        "spacing": Key(Choice(("linear", "geometric")), "It is how values follow.", "linear"),
    }
)


def read_axis(value: object, place: Place) -> FloatArray:
    """Return the values (m,) of an axis: an array, or start, stop and num; each value once."""
    if not isinstance(value, dict):
        points = numbers(value, place)
    else:
        keys = _RANGE(value, place)
        if keys["spacing"] == "geometric" and not (keys["start"] > 0 and keys["stop"] > 0):
            raise place.at("spacing").error(
                "must be linear unless start and stop are positive, but is 'geometric'",
                "Give positive ends.",
            )
        space = np.linspace if keys["spacing"] == "linear" else np.geomspace
        points = space(keys["start"], keys["stop"], keys["num"])
    if len(np.unique(points)) < len(points):
        raise place.error("must hold each value once, but repeats some")
    return read_only(points)


def read_axes(value: object, place: Place) -> dict[str, FloatArray]:
    """Return the axes of a sweep, at least one."""
    if not isinstance(value, dict) or not value:
        raise place.error(f"must be a table of at least one axis, but is {shown(value)}")
    axes = {path: read_axis(values, place.at(path)) for path, values in value.items()}
    points = int(np.prod([float(len(values)) for values in axes.values()]))
    if points > _MOST_POINTS:
        raise place.error(f"must make at most {_MOST_POINTS} points, but makes {points}")
    return axes


@final
@dataclasses.dataclass(frozen=True, eq=False)
class SweepTask:
    """Quantities at every combination of some keys' values.

    Parameters
    ----------
    axes : {path of a key: values (m,)}, such as "reservoirs.cold.T".
    quantities : of `QUANTITIES`.
    law : which flow law; None is that of `chosen_law`.
    timeout : seconds that a point may take; None waits for ever.
    """

    axes: dict[str, FloatArray]
    quantities: tuple[str, ...]
    law: str | None = None
    timeout: float | None = None

    def check(self, scenario: Scenario, place: Place) -> None:
        """Raise ScenarioError where the law does not hold for the system, or a gas is missing."""
        require_law(chosen_law(self.law, scenario), scenario, place.at("law"))
        if WITH_GASES & set(self.quantities):
            _ = scenario.reservoirs

    def run(self, scenario: Scenario, workspace: Workspace) -> Outcome:
        """Return the quantities at every point; what fails at a point is a result there.

        Raises FolderError where the points of a run to go on with are damaged.
        """
        try:
            table = self._table(scenario, workspace)
        except DamagedStore as error:
            raise FolderError(
                f"The points to go on with cannot be read ({error}) Give --overwrite instead of "
                "--resume to compute all again."
            ) from error
        save_table(table, workspace, "sweep.nc", scenario)
        if workspace.part is None:
            save_figures(scenario, workspace, sweep_figures, table, self.quantities)
        _leave_points(workspace)
        failed = _failed(table, workspace.part)
        points = int(table["error"].size)
        if workspace.part is not None:
            points = len(workspace.part.points(points))
        checks = (Check("sweep: points that failed, over all", len(failed) / points, 0.0),)
        data = {
            "axes": {name: as_json(values) for name, values in self.axes.items()},
            "quantities": list(self.quantities),
            "points": points,
            "failed": len(failed),
            "first_error": str(failed[0]) if len(failed) else None,
        }
        return Outcome(data, checks)

    def _table(self, scenario: Scenario, workspace: Workspace) -> xr.Dataset:
        """Return the quantities with the axes and the reservoirs as dimensions."""
        table = self._merged(workspace) if workspace.merged else self._swept(scenario, workspace)
        variables: dict[str, Any] = {}
        for name, variable in table.data_vars.items():
            own = [d for d in variable.dims if d not in self.axes]
            dims = [*self.axes, *(["reservoir"] if own else [])]
            about = {"units": UNITS[str(name)]} if name in UNITS else {}
            variables[str(name)] = (dims, variable.values, variable.attrs | about)
        coordinates: dict[str, Any] = {
            path: (path, values, axis_attributes(path)) for path, values in self.axes.items()
        }
        if any("reservoir" in dims for dims, _, _ in variables.values()):
            coordinates["reservoir"] = list(scenario.names)
        return xr.Dataset(variables, coordinates)

    def _swept(self, scenario: Scenario, workspace: Workspace) -> xr.Dataset:
        document = scenario.document.without("sweep")
        return thermo.sweep(
            SweepPoint(document, self.quantities, chosen_law(self.law, scenario), workspace.read),
            self.axes,
            store=workspace.points,
            # only another process can be ended in the middle of a point
            executor=None if self.timeout is None else 1,
            timeout=self.timeout,
            part=workspace.part,
            progress=workspace.progress,
        )

    def _merged(self, workspace: Workspace) -> xr.Dataset:
        """Return the table of parts that were computed before.

        Raises FolderError where their table has other axes or quantities.
        """
        table = thermo.merge(workspace.merged)
        asked = {name: as_json(values) for name, values in self.axes.items()}
        stored = {str(name): as_json(table[name].values) for name in table["error"].dims}
        given = {*map(str, table.data_vars)} - {"error"}
        if asked != stored or (given and given != set(self.quantities)):
            raise FolderError(
                "The parts to merge are of a sweep with other axes or quantities than the "
                "scenario's. Give the scenario that they were computed from."
            )
        return table


def _leave_points(workspace: Workspace) -> None:
    """Keep the points of a part, to be merged with others; all of a whole are in its table."""
    if workspace.points is None or workspace.folder is None or not workspace.points.exists():
        return
    if workspace.part is None:
        workspace.points.unlink()
    else:
        workspace.points.rename(workspace.folder / PART)


def _failed(table: xr.Dataset, part: Part | None) -> NDArray[np.object_]:
    """Return the errors of the points that failed, (failed,)."""
    errors = table["error"].values.ravel()
    own = errors if part is None else errors[list(part.points(len(errors)))]
    return own[own != ""]


SWEEP: Final = Table(
    argument_keys(
        SweepTask,
        axes=(read_axes, 'Give {"reservoirs.cold.T" = {start = 0.4, stop = 0.8, num = 5}}.'),
        quantities=(Items(Choice(QUANTITIES), distinct=True), 'Give ["heat", "outcome"].'),
        law=(Choice(tuple(LAWS)), "It is the flow law."),
        timeout=(positive, "It is the seconds that a point may take; without it, any."),
    )
)


def read(value: object, place: Place) -> SweepTask:
    """Return the meaning of [sweep]."""
    task = SweepTask(**SWEEP(value, place))
    if task.law not in (None, *DRIVING) and set(EVOLVED) & set(task.quantities):
        raise place.at("law").error(
            f"must be one of {quoted(DRIVING)} with quantities of an evolution, but is {task.law}",
            f"Leave out {quoted(EVOLVED)}.",
        )
    return task


def show(output: Console, data: Mapping[str, Any]) -> None:
    """Print the axes of a sweep, its quantities, and what failed."""
    axes = ", ".join(f"{name} ({len(values)})" for name, values in data["axes"].items())
    output.print(f"sweep over {axes}: {', '.join(data['quantities'])} at {data['points']} points")
    if data["failed"]:
        output.print(Text(f"{data['failed']} failed; the first: {data['first_error']}", "red"))
