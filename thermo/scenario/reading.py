"""A whole scenario: the open system, its finite reservoirs, what to compute and to write."""

from __future__ import annotations

import dataclasses
import os
import pathlib
from collections.abc import Mapping
from typing import final

from oqs.arguments import FloatArray
from oqs.contact.contacts import Contact
from oqs.scenario import FlowsTask, Generator, RelaxationTask, ScenarioError
from oqs.scenario.document import Document, load
from oqs.scenario.place import Place
from oqs.scenario.reading import OpenSystem, open_system
from oqs.scenario.tasks import require_law
from oqs.system.base import System
from oqs.units import Units
from thermo.reservoirs.reservoir import Reservoir
from thermo.scenario.examples import example, is_example
from thermo.scenario.reservoirs import read_reservoirs
from thermo.scenario.tasks import (
    Outputs,
    SweepTask,
    TrajectoryTask,
    read_outputs,
    read_sweep,
    read_trajectory,
)

Task = FlowsTask | RelaxationTask | TrajectoryTask | SweepTask


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Scenario:
    """A scenario as read from its file.

    Parameters
    ----------
    open_system : system, contacts, T, mu, units, flows and relaxation.
    reservoirs : n of them, named as their contacts.
    trajectory, sweep : the tasks of the slow scale, None where the scenario does not ask.
    outputs : what is written.
    """

    open_system: OpenSystem
    reservoirs: tuple[Reservoir, ...]
    trajectory: TrajectoryTask | None
    sweep: SweepTask | None
    outputs: Outputs

    @property
    def document(self) -> Document:
        """The file it was read from, with its text."""
        return self.open_system.document

    @property
    def title(self) -> str:
        """Its title, or the file's name."""
        return self.open_system.title

    @property
    def system(self) -> System:
        """The open system."""
        return self.open_system.system

    @property
    def contacts(self) -> tuple[Contact, ...]:
        """One contact per reservoir, each with a name."""
        return self.open_system.contacts

    @property
    def T(self) -> FloatArray:
        """Initial temperatures (n,), units of energy (k_B = 1)."""
        return self.open_system.T

    @property
    def mu(self) -> FloatArray:
        """Initial chemical potentials (n,), units of energy."""
        return self.open_system.mu

    @property
    def units(self) -> Units | None:
        """The reference energy, where the scenario has one."""
        return self.open_system.units

    @property
    def generator(self) -> Generator:
        """How the Davies generator is made and solved."""
        return self.open_system.generator

    @property
    def tasks(self) -> tuple[Task, ...]:
        """What the scenario asks for, in the order in which it is computed."""
        found = (
            self.open_system.flows,
            self.open_system.relaxation,
            self.trajectory,
            self.sweep,
        )
        return tuple(task for task in found if task is not None)


def read(path: str | os.PathLike[str]) -> Scenario:
    """Read a scenario from a TOML file, or a shipped example by its name, such as "figure_1".

    A file of that name comes first.

    Raises
    ------
    ScenarioError
        a ValueError naming the file, the key, what is wrong with it and the remedy.
    """
    if is_example(path) and not pathlib.Path(path).is_file():
        return scenario(load(example(os.fspath(path))))
    return scenario(load(path))


def scenario(document: Document) -> Scenario:
    """Return the meaning of a document; raises as `read`."""
    found = open_system(document)
    place, tables = document.place, document.tables
    made = Scenario(
        open_system=found,
        reservoirs=read_reservoirs(tables["reservoirs"], place.at("reservoirs"), found),
        trajectory=read_trajectory(tables["trajectory"], place.at("trajectory"))
        if "trajectory" in tables
        else None,
        sweep=read_sweep(tables["sweep"], place.at("sweep")) if "sweep" in tables else None,
        outputs=read_outputs(tables.get("output", {}), place.at("output")),
    )
    _check_together(made, place)
    return made


def _check_together(made: Scenario, place: Place) -> None:
    """Raise ScenarioError where two keys do not go together."""
    for table, task in (("trajectory", made.trajectory), ("sweep", made.sweep)):
        if task is not None:
            require_law(task.law, made.system, place.at(table).at("law"))
    if made.outputs.si and made.units is None:
        raise (
            place.at("output")
            .at("si")
            .error(
                "must be false without units, but is true",
                "Add [units] with reference_temperature or reference_energy.",
            )
        )
    if made.sweep is not None:
        _check_ends(made.document, made.sweep.axes, place.at("sweep").at("axes"))


def _check_ends(document: Document, axes: Mapping[str, FloatArray], place: Place) -> None:
    """Read the scenario at both ends of every axis; errors between them are the sweep's results."""
    for path, values in axes.items():
        for value in (float(values[0]), float(values[-1])):
            try:
                scenario(document.without("sweep").with_values({path: value}))
            except ScenarioError as error:
                problem = f"leads to a scenario that is refused at {value!r}: {error}"
                raise ScenarioError(document.file, place.at(path).key, problem) from error
