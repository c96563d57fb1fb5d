"""Scenarios: TOML files that say what to compute. Here the part without the reservoirs' gases.

`thermo.scenario` reads the rest of the same file. docs/scenarios.md describes every key.
"""

from oqs.scenario.place import ScenarioError
from oqs.scenario.reading import OpenSystem, read_open_system
from oqs.scenario.tasks import FlowsTask, Generator, RelaxationTask

__all__ = [
    "FlowsTask",
    "Generator",
    "OpenSystem",
    "RelaxationTask",
    "ScenarioError",
    "read_open_system",
]
