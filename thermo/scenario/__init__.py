"""Scenarios: TOML files that say what to compute, with finite reservoirs.

docs/scenarios.md describes every key.
"""

from oqs.scenario import FlowsTask, Generator, RelaxationTask, ScenarioError
from thermo.scenario.examples import example, examples
from thermo.scenario.reading import Scenario, read
from thermo.scenario.tasks import Outputs, SweepTask, TrajectoryTask

__all__ = [
    "FlowsTask",
    "Generator",
    "Outputs",
    "RelaxationTask",
    "Scenario",
    "ScenarioError",
    "SweepTask",
    "TrajectoryTask",
    "example",
    "examples",
    "read",
]
