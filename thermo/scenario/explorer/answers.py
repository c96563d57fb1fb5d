"""What is computed at the numbers that the sliders say: flows, regimes, the machine, evolution."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Final, NamedTuple, final

import numpy as np

from oqs.arguments import FloatArray
from oqs.flows import Flows
from oqs.state.entropy import clausius_sum
from thermo.evolution.evolve import EvolutionFailed
from thermo.evolution.trajectory import Trajectory
from thermo.machines.device import Device, device
from thermo.machines.regimes import Regime, regimes
from thermo.scenario.scenario import Scenario
from thermo.scenario.tasks.flows import FlowsTask
from thermo.scenario.tasks.laws import flows_of_all, make_law
from thermo.scenario.tasks.trajectory import TrajectoryTask

Refusal = ValueError | RuntimeError
REFUSALS: Final = (ValueError, RuntimeError)
"""What a reader meets by moving a slider: numbers that are refused, solvers that give up."""


@final
class Stationary(NamedTuple):
    """The stationary state at fixed T and mu."""

    scenario: Scenario  # whose
    flows: Flows  # (n,)
    clausius: float  # sum_j Y_j/T_j
    machine: Device  # what the reservoirs do together
    frequencies: FloatArray  # (K,) at which particles cross; (0,) where regimes are not defined
    regimes: tuple[Regime, ...]  # (K,) of Table I, of each frequency by itself


def stationary(scenario: Scenario) -> Stationary:
    """Return the stationary flows by the scenario's first law, and what they mean."""
    law = make_law(scenario, scenario.task("flows", FlowsTask()).chosen(scenario)[0])
    flows = flows_of_all(law, scenario)
    frequencies = np.zeros(0)
    named: tuple[Regime, ...] = ()
    if len(scenario.contacts) == 2 and all(contact.fermionic for contact in scenario.contacts):
        frequencies = law.frequencies
        named = tuple(regimes(scenario.contact_T, scenario.contact_mu, frequencies))
    return Stationary(
        scenario=scenario,
        flows=flows,
        clausius=float(clausius_sum(flows, scenario.T)),
        machine=device(flows, scenario.T, scenario.mu),
        frequencies=frequencies,
        regimes=named,
    )


def evolution(scenario: Scenario, check: Callable[[], None]) -> tuple[Trajectory, str]:
    """Return the evolution and what there is to say of it; raises one of `REFUSALS` for none.

    `check` is called before each evaluation of the flows; what it raises ends the evolution.
    """
    task = scenario.task("trajectory", TrajectoryTask())
    task.check(scenario, scenario.document.place.at("trajectory"))
    try:
        watched = functools.partial(Watched, check=check)
        return task.evolved(scenario, watched, events=False, progress=False), ""
    except EvolutionFailed as error:
        return error.trajectory, str(error)


@final
class Watched:
    """A flow law, the same in everything, that calls `check` first whenever it is asked for flows.

    Parameters
    ----------
    law : any. check : raises what is to end the evolution that asks.
    """

    def __init__(self, law: Any, check: Callable[[], None]) -> None:
        self._law, self._check = law, check

    def __call__(self, T: Any, mu: Any) -> Flows:
        """Return the flows of the law."""
        self._check()
        return self._law(T, mu)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._law, name)
        if not inspect.ismethod(value):
            return value

        @functools.wraps(value)
        def checked(*arguments: Any, **options: Any) -> Any:
            self._check()
            return value(*arguments, **options)

        return checked
