"""A scenario, read: the open system, its reservoirs, the tasks to compute, what to write."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, TypeVar, final

import numpy as np

from oqs.arguments import FloatArray
from oqs.contact.base import ReservoirContact
from oqs.summary import Summarised, Summary, few_digits
from oqs.units import Units
from oqs.validity.one_unit import other_units
from thermo.reservoirs.reservoir import Reservoir
from thermo.scenario.outcome import Outcome
from thermo.scenario.schema.document import Document
from thermo.scenario.schema.generator import Generator
from thermo.scenario.schema.links import Links
from thermo.scenario.schema.outputs import Outputs
from thermo.scenario.schema.place import Place
from thermo.scenario.schema.system import AnySystem
from thermo.sweeps.parts import Part

_Task = TypeVar("_Task", bound="Task")


@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Scenario(Summarised):
    """A scenario as read from its file.

    Parameters
    ----------
    document : the file it was read from, with its text.
    title : of the scenario; the file's name where it has none.
    note : remark on it; may be empty.
    units : the reference energy, or None.
    system, contacts : as `oqs.davies` takes them, or `oqs.closed_form` where the system is
        QuadraticBosons; every contact has a name.
    links : between reservoirs, by their names.
    names : (n,) of the reservoirs: those of the contacts, then those that links alone join.
    T, mu : (n,) of the reservoirs at the start, in units of energy (k_B = 1); mu is NaN of one that
        has none. Read-only.
    given : (n,) reservoirs; None of one without a gas.
    generator : how the generator is made and solved.
    asked : tasks by name, in the order in which they are computed.
    outputs : what is written.
    """

    document: Document
    title: str
    note: str
    units: Units | None
    system: AnySystem
    contacts: tuple[ReservoirContact, ...]
    links: Links
    names: tuple[str, ...]
    T: FloatArray
    mu: FloatArray
    given: tuple[Reservoir | None, ...]
    generator: Generator
    asked: Mapping[str, Task]
    outputs: Outputs

    def summary(self) -> Summary:
        """Return what it asks for, the system, and a table of the reservoirs."""
        rows = [
            (name, f"{T:.6g}", f"{mu:.6g}", "-" if given is None else repr(given.gas))
            for name, T, mu, given in zip(self.names, self.T, self.mu, self.given, strict=True)
        ]
        facts = [
            ("", ", ".join(self.asked) or "asks for nothing"),
            ("", repr(self.system)),
            ("reservoirs", ", ".join(self.names)),
            ("T", few_digits(self.T)),
            ("mu", few_digits(self.mu)),
        ]
        return Summary(f"Scenario {self.title!r}", facts, ("reservoir", "T", "mu", "gas"), rows)

    @property
    def contact_T(self) -> FloatArray:
        """T (k,) of the reservoirs that touch the open system."""
        return self.T[: len(self.contacts)]

    @property
    def contact_mu(self) -> FloatArray:
        """Mu (k,) of the same; 0 where there is none."""
        return np.nan_to_num(self.mu[: len(self.contacts)])

    @property
    def reservoirs(self) -> tuple[Reservoir, ...]:
        """All n reservoirs; ScenarioError where one has no gas, which flows alone do not need."""
        for name, reservoir in zip(self.names, self.given, strict=True):
            if reservoir is None:
                place = self.document.place.at("reservoirs").at(name).at("gas")
                raise place.error(
                    "is missing", 'Give the equation of state, {law = "fermi_dirac", alpha = 1.5}.'
                )
        return tuple(reservoir for reservoir in self.given if reservoir is not None)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences on values that may not be what was meant, as T in another unit."""
        return other_units(self.system, self.contact_T, self.names)

    def task(self, name: str, otherwise: _Task) -> _Task:
        """Return what the scenario asks for under this name, or the given task of the same kind."""
        asked = self.asked.get(name)
        return asked if isinstance(asked, type(otherwise)) else otherwise

    @property
    def axes(self) -> Mapping[str, FloatArray]:
        """Values (m,) of each key that its sweep varies, by path; empty without a sweep."""
        return getattr(self.asked.get("sweep"), "axes", {})

    @property
    def tasks(self) -> tuple[Task, ...]:
        """What the scenario asks for, in the order in which it is computed."""
        return tuple(self.asked.values())


@final
class Workspace(NamedTuple):
    """Where and how a task is computed."""

    folder: pathlib.Path | None  # where its files go; None writes none
    # file that keeps the points of an unfinished sweep; None: they are not kept
    points: pathlib.Path | None
    units: Units | None  # for results in SI too; None: in natural units only
    progress: bool | None  # show it; None on a terminal only
    # from a document to its scenario, for tasks that change the file's values
    read: Callable[[Document], Scenario]
    part: Part | None = None  # which part of a sweep is computed; None: all of it
    # stores of the parts of which a sweep's table is made instead of computing it
    merged: tuple[pathlib.Path, ...] = ()
    # the same of an unfinished ensemble's batches of trajectories
    batches: pathlib.Path | None = None


class Task(Protocol):
    """One thing that a scenario asks for, with its settings."""

    def check(self, scenario: Scenario, place: Place) -> None:
        """Raise ScenarioError where the settings, read at `place`, do not go with the rest."""

    def run(self, scenario: Scenario, workspace: Workspace) -> Outcome:
        """Compute it; ScenarioError where the scenario is refused, RuntimeError if solvers fail."""
