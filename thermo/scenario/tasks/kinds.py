"""The tasks by the name of their table in a scenario."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Final, final

from rich.console import Console

from thermo.scenario.scenario import Task
from thermo.scenario.schema.place import Place
from thermo.scenario.schema.table import reader_of
from thermo.scenario.tasks.flows import FLOWS, FlowsTask, show_flows
from thermo.scenario.tasks.fluctuations import FLUCTUATIONS, FluctuationsTask, show_fluctuations
from thermo.scenario.tasks.relaxation import RELAXATION, RelaxationTask, show_relaxation
from thermo.scenario.tasks.response import RESPONSE, ResponseTask, show_response
from thermo.scenario.tasks.stochastic import STOCHASTIC, StochasticTask, show_stochastic
from thermo.scenario.tasks.sweep import read_sweep, show_sweep
from thermo.scenario.tasks.trajectory import read_trajectory
from thermo.scenario.tasks.trajectory_report import show_trajectory


@final
@dataclasses.dataclass(frozen=True)
class TaskKind:
    """A kind of task."""

    read: Callable[[object, Place], Task]  # from its table in the file to the task
    show: Callable[[Console, Mapping[str, Any]], None]  # print the data of its outcome


TASKS: Final[Mapping[str, TaskKind]] = {
    "flows": TaskKind(reader_of(FLOWS, FlowsTask), show_flows),
    "fluctuations": TaskKind(reader_of(FLUCTUATIONS, FluctuationsTask), show_fluctuations),
    "response": TaskKind(reader_of(RESPONSE, ResponseTask), show_response),
    "relaxation": TaskKind(reader_of(RELAXATION, RelaxationTask), show_relaxation),
    "trajectory": TaskKind(read_trajectory, show_trajectory),
    "stochastic": TaskKind(reader_of(STOCHASTIC, StochasticTask), show_stochastic),
    "sweep": TaskKind(read_sweep, show_sweep),
}
"""In the order in which they are computed: a new one is an entry here."""
