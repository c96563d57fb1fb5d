"""The tasks by the name of their table in a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol, cast

from rich.console import Console

from oqs.deferred import Deferred
from thermo.scenario.scenario import Task
from thermo.scenario.schema.place import Place


class TaskKind(Protocol):
    """A kind of task: its module, which is imported where a scenario asks for it."""

    def read(self, value: object, place: Place) -> Task:
        """Return the task that a table of the file means."""

    def show(self, output: Console, data: Mapping[str, Any]) -> None:
        """Print the data of its outcome."""


TASKS: Final[Mapping[str, TaskKind]] = {
    name: cast(TaskKind, Deferred(f"thermo.scenario.tasks.{name}"))
    for name in (
        "flows",
        "fluctuations",
        "response",
        "relaxation",
        "trajectory",
        "stochastic",
        "sweep",
    )
}
"""In the order in which they are computed: a new one is a name here."""
