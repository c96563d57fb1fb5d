"""[sweep]: a scenario evaluated at every combination of some keys' values."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any, final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import oqs
from oqs.scenario.computing import make_law, make_model
from oqs.scenario.document import Document
from oqs.scenario.tasks import LawName
from thermo.evolution.evolve import evolve
from thermo.reservoirs.equilibrium import equilibrium
from thermo.scenario.reading import Scenario, scenario
from thermo.scenario.tasks import EVOLVED, SweepTask, TrajectoryTask
from thermo.sweeps.sweep import sweep


@final
@dataclasses.dataclass(frozen=True, eq=False)
class SweepPoint:
    """The quantities of a scenario as a function of some of its keys.

    Parameters
    ----------
    document : the scenario's file.
    quantities : which.
    law : the flow law.
    """

    document: Document
    quantities: tuple[str, ...]
    law: LawName

    def __call__(self, **values: float) -> dict[str, Any]:
        """Return the quantities with these values in place of the file's."""
        changed = scenario(self.document.without("sweep").with_values(values))
        found: dict[str, Any] = {}
        if wanted := {"particle", "energy", "heat", "clausius_sum"} & set(self.quantities):
            flows = make_law(changed.open_system, self.law)(changed.T, changed.mu)
            clausius = float(oqs.clausius_sum(flows, changed.T))
            every = {
                "particle": flows.particle,
                "energy": flows.energy,
                "heat": flows.heat,
                "clausius_sum": clausius,
            }
            found |= {name: every[name] for name in wanted}
        if "relaxation_time" in self.quantities:
            model = make_model(changed.open_system)
            found["relaxation_time"] = oqs.relaxation_time(model, changed.T, changed.mu)
        if {"T_equilibrium", "mu_equilibrium"} & set(self.quantities):
            goal = equilibrium(changed.reservoirs, changed.T, changed.mu)
            found |= {"T_equilibrium": goal.T, "mu_equilibrium": goal.mu}
        if set(EVOLVED) & set(self.quantities):
            found |= self._evolved(changed)
        return {name: found[name] for name in self.quantities}

    def _evolved(self, changed: Scenario) -> dict[str, Any]:
        task = TrajectoryTask() if changed.trajectory is None else changed.trajectory
        path = evolve(
            make_law(changed.open_system, self.law),
            changed.reservoirs,
            changed.T,
            changed.mu,
            t_final=task.t_final,
            rtol=task.rtol,
            tolerance=task.tolerance,
            max_steps=task.max_steps,
            events=False,
            progress=False,
        )
        return {
            "outcome": path.outcome,
            "t_end": float(path.t[-1]),
            "T_end": path.T[-1],
            "mu_end": path.mu[-1],
            "lowest_T": path.T.min(axis=0),
        }


def compute_sweep(
    made: Scenario, task: SweepTask, store: pathlib.Path | None, *, progress: bool | None = None
) -> xr.Dataset:
    """Return the quantities over the sweep's grid, with the axes and reservoirs as dimensions.

    Parameters
    ----------
    store : file that keeps every point as it comes; one that an interrupted sweep of the same
        scenario left is completed.
    """
    function = SweepPoint(made.document, task.quantities, task.law)
    # only another process can be ended in the middle of a point
    executor = None if task.timeout is None else 1
    table = sweep(
        function,
        task.axes,
        store=store,
        executor=executor,
        timeout=task.timeout,
        progress=progress,
    )
    variables: dict[str, Any] = {}
    for name, variable in table.data_vars.items():
        own = [d for d in variable.dims if d not in task.axes]
        dims = [*task.axes, *(["reservoir"] if own else [])]
        variables[str(name)] = (dims, variable.values, variable.attrs)
    coordinates: dict[str, Any] = dict(task.axes)
    if any("reservoir" in dims for dims, _, _ in variables.values()):
        coordinates["reservoir"] = list(made.open_system.names)
    return xr.Dataset(variables, coordinates)


def failed_points(table: xr.Dataset) -> NDArray[np.object_]:
    """Return the errors of the points that failed, (failed,)."""
    errors = table["error"].values.ravel()
    return errors[errors != ""]
