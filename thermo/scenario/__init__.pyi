"""What the package exports and where it is defined."""

from thermo.scenario.reading import example as example
from thermo.scenario.reading import examples as examples
from thermo.scenario.reading import read as read
from thermo.scenario.scenario import Scenario as Scenario
from thermo.scenario.schema.generator import Generator as Generator
from thermo.scenario.schema.outputs import Outputs as Outputs
from thermo.scenario.schema.place import Problem as Problem
from thermo.scenario.schema.place import ScenarioError as ScenarioError
from thermo.scenario.tasks.flows import FlowsTask as FlowsTask
from thermo.scenario.tasks.fluctuations import FluctuationsTask as FluctuationsTask
from thermo.scenario.tasks.relaxation import RelaxationTask as RelaxationTask
from thermo.scenario.tasks.response import ResponseTask as ResponseTask
from thermo.scenario.tasks.stochastic import StochasticTask as StochasticTask
from thermo.scenario.tasks.sweep import SweepTask as SweepTask
from thermo.scenario.tasks.trajectory import TrajectoryTask as TrajectoryTask
