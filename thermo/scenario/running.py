"""A scenario computed: its tasks in order, each with its files as soon as it is done."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import pathlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, final

import numpy as np
import xarray as xr

from oqs.scenario.computing import (
    Check,
    compute_flows,
    compute_relaxation,
    make_law,
)
from oqs.scenario.data import flows_data, made_by, relaxation_checks, relaxation_data
from oqs.scenario.waiting import waiting
from oqs.state.relaxation import Relaxation
from oqs.units import Units
from oqs.validity.verdict import Audit
from thermo.evolution.evolve import EvolutionFailed, evolve
from thermo.evolution.trajectory import Trajectory
from thermo.netcdf import save_dataset
from thermo.scenario.data import sweep_checks, sweep_data, trajectory_checks, trajectory_data
from thermo.scenario.drawing import save_figures
from thermo.scenario.folder import ResultFolder
from thermo.scenario.naming import SCENARIO, FolderError
from thermo.scenario.reading import Scenario
from thermo.scenario.sweeping import compute_sweep
from thermo.scenario.tasks import SweepTask, TrajectoryTask
from thermo.sweeps.store import DamagedStore


@final
class Run:
    """One run of a scenario into a folder; what is finished stays valid whatever happens next.

    Parameters
    ----------
    made : the scenario.
    folder : where its files go.
    si : results in SI too.
    progress : show it; None on a terminal only.
    """

    def __init__(
        self, made: Scenario, folder: ResultFolder, *, si: bool, progress: bool | None
    ) -> None:
        self._made, self._folder, self._progress = made, folder, progress
        self._units: Units | None = made.units if si else None
        self._started = datetime.datetime.now(datetime.UTC)
        self._clock = time.monotonic()
        self.results: dict[str, dict[str, Any]] = {}
        self.checks: list[Check] = []
        self.problems: list[str] = []

    def steps(self) -> Iterator[str]:
        """Compute one task after the other, yielding the name of each when it is finished."""
        made_of = self._staging / SCENARIO
        if not made_of.exists():  # it is there, the same, beside the points of a run to go on with
            made_of.write_bytes(self._made.document.text.encode())
        for name, compute in self._tasks().items():
            self.results[name] = compute()
            yield name

    @property
    def verified(self) -> bool:
        """Whether every check passed and nothing failed."""
        return not self.problems and all(check.passed for check in self.checks)

    def summary(self, stopped: str | None = None) -> dict[str, Any]:
        """Return all that is finished, as data.

        Parameters
        ----------
        stopped : why the run ended before its time, None for a complete one.
        """
        return {
            "title": self._made.title,
            "note": self._made.open_system.note,
            "complete": stopped is None,
            "stopped": stopped,
            "verified": self.verified,
            "problems": self.problems,
            "started": self._started.isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - self._clock, 3),
            **made_by(self._made.document),
            **self.results,
        }

    @property
    def _staging(self) -> pathlib.Path:
        return self._folder.staging

    def _tasks(self) -> Mapping[str, Callable[[], dict[str, Any]]]:
        made = self._made
        found: dict[str, Callable[[], dict[str, Any]]] = {}
        if made.open_system.flows is not None:
            found["flows"] = self._flows
        if made.open_system.relaxation is not None:
            found["relaxation"] = self._relaxation
        if made.trajectory is not None:
            found["trajectory"] = functools.partial(self._trajectory, made.trajectory)
        if made.sweep is not None:
            found["sweep"] = functools.partial(self._sweep, made.sweep)
        return found

    def _flows(self) -> dict[str, Any]:
        result = compute_flows(self._made.open_system, progress=self._progress)
        self.checks += result.checks
        return flows_data(self._made.open_system, result, self._units)

    def _relaxation(self) -> dict[str, Any]:
        result = compute_relaxation(self._made.open_system, progress=self._progress)
        self.checks += relaxation_checks(result)
        if self._made.outputs.netcdf:
            self._write(relaxation_table(result, self._made.open_system.names), "relaxation.nc")
        return relaxation_data(self._made.open_system, result, self._units)

    def _trajectory(self, task: TrajectoryTask) -> dict[str, Any]:
        path = self._evolved(task)
        judged = self._judged(path) if task.audit and task.law == "density_matrix" else None
        self.checks += trajectory_checks(path)
        origin = {"scenario": self._made.document.name, "sha256": self._made.document.digest}
        path = dataclasses.replace(path, parameters={**path.parameters, **origin})
        if self._made.outputs.netcdf:
            path.save(self._staging / "trajectory.nc")
        try:
            save_figures(path, self._made, self._units, self._staging)
        except ValueError as error:  # as where the gases have no equilibrium to draw
            self.problems.append(f"figure: {error}")
        return trajectory_data(path, judged, self._units)

    def _judged(self, path: Trajectory) -> Audit | None:
        try:
            with waiting("audit along the trajectory", self._progress):
                return path.audit
        except ValueError as error:  # as where a gas is at the end of its validity
            self.problems.append(f"audit: {error}")
            return None

    def _evolved(self, task: TrajectoryTask) -> Trajectory:
        made = self._made
        law = make_law(made.open_system, task.law)
        try:
            with made.document.place.at("trajectory").blamed():
                return evolve(
                    law,
                    made.reservoirs,
                    made.T,
                    made.mu,
                    t_final=task.t_final,
                    rtol=task.rtol,
                    tolerance=task.tolerance,
                    events=task.events,
                    max_steps=task.max_steps,
                    progress=self._progress,
                )
        except EvolutionFailed as error:
            self.problems.append(f"trajectory: {error}")
            return error.trajectory

    def _sweep(self, task: SweepTask) -> dict[str, Any]:
        try:
            table = compute_sweep(self._made, task, self._folder.points, progress=self._progress)
        except DamagedStore as error:
            raise FolderError(
                f"The points to go on with cannot be read ({error}) Give --overwrite instead of "
                "--resume to compute all again."
            ) from error
        self.checks += sweep_checks(table)
        if self._made.outputs.netcdf:
            self._write(table, "sweep.nc")
        self._folder.points.unlink()  # all of it is in the table
        return sweep_data(table)

    def _write(self, table: xr.Dataset, name: str) -> None:
        made = made_by(self._made.document)
        table = table.assign_attrs(
            title=self._made.title,
            version=made["versions"]["oqs-thermo"],
            scenario_sha256=made["scenario"]["sha256"],
        )
        # a variable, not an attribute: those are limited to 64 kB
        text = ((), self._made.document.text, {"long_name": "TOML that made this"})
        save_dataset(table.assign(scenario=text), self._staging / name)


def relaxation_table(result: Relaxation, names: tuple[str, ...]) -> xr.Dataset:
    """Return a relaxation as labelled arrays; the density matrices as real and imaginary part."""
    states = np.array([state.full() for state in result.states])
    flows = ("time", "reservoir")
    square = ("time", "row", "column")
    variables: dict[str, Any] = {
        "P": (flows, result.flows.particle, {"long_name": "particle flow out", "units": "E"}),
        "J": (flows, result.flows.energy, {"long_name": "energy flow out", "units": "E^2"}),
        "Y": (flows, result.flows.heat, {"long_name": "heat flow out", "units": "E^2"}),
        "S": ("time", result.entropy, {"long_name": "entropy of the system", "units": "1"}),
        "production": (
            "time",
            result.entropy_production,
            {"long_name": "entropy production, Eq. (3)", "units": "E"},
        ),
        "rho_real": (square, states.real, {"long_name": "density matrix, real part"}),
        "rho_imaginary": (square, states.imag, {"long_name": "density matrix, imaginary part"}),
    }
    coordinates: dict[str, Any] = {
        "time": ("time", result.times, {"long_name": "time", "units": "1/E"}),
        "reservoir": list(names),
    }
    return xr.Dataset(variables, coordinates)
