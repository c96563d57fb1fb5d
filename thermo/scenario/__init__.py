"""Scenarios: TOML files that say what to compute.

docs/scenarios.md describes every key. From the bottom up: `schema` reads the parts of a file,
`scenario` is what they make, `results` and `tasks` compute and write, `reading` reads a whole file,
`running` computes one, `python -m thermo` is the command line.
"""

from thermo.scenario.examples import example, examples
from thermo.scenario.reading import read
from thermo.scenario.scenario import Scenario
from thermo.scenario.schema.generator import Generator
from thermo.scenario.schema.outputs import Outputs
from thermo.scenario.schema.place import Problem, ScenarioError
from thermo.scenario.tasks.flows import FlowsTask
from thermo.scenario.tasks.fluctuations import FluctuationsTask
from thermo.scenario.tasks.relaxation import RelaxationTask
from thermo.scenario.tasks.response import ResponseTask
from thermo.scenario.tasks.stochastic import StochasticTask
from thermo.scenario.tasks.sweep import SweepTask
from thermo.scenario.tasks.trajectory import TrajectoryTask

__all__ = [
    "FlowsTask",
    "FluctuationsTask",
    "Generator",
    "Outputs",
    "Problem",
    "RelaxationTask",
    "ResponseTask",
    "Scenario",
    "ScenarioError",
    "StochasticTask",
    "SweepTask",
    "TrajectoryTask",
    "example",
    "examples",
    "read",
]
