"""One point of a sweep: the quantities of a scenario with other values of some keys."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Final, final

import numpy as np

import oqs
import thermo
from oqs.flows import KINDS
from thermo.scenario.scenario import Scenario
from thermo.scenario.schema.document import Document
from thermo.scenario.tasks.laws import flows_of_all, make_law, make_model
from thermo.scenario.tasks.response import COEFFICIENTS, ResponseTask
from thermo.scenario.tasks.trajectory import TrajectoryTask


def _flows(scenario: Scenario, law: str) -> dict[str, Any]:
    flows = flows_of_all(make_law(scenario, law), scenario)
    kinds = {kind: getattr(flows, kind) for kind in KINDS}
    return {**kinds, "clausius_sum": float(oqs.clausius_sum(flows, scenario.T))}


def _noise(scenario: Scenario, law: str) -> dict[str, Any]:
    fluctuations = oqs.noise(make_model(scenario), scenario.contact_T, scenario.contact_mu)
    return {
        "noise": np.diagonal(fluctuations.covariance("particle")),
        "heat_noise": np.diagonal(fluctuations.covariance("heat")),
        "fano": fluctuations.fano("particle"),
        "uncertainty": fluctuations.uncertainty("particle"),
        "heat_uncertainty": fluctuations.uncertainty("heat"),
    }


def _response(scenario: Scenario, law: str) -> dict[str, Any]:
    task = dataclasses.replace(scenario.task("response", ResponseTask()), law=law)
    task.check(scenario, scenario.document.place.at("response"))
    pair = task.response(scenario).pair(0, 1)
    return {name: getattr(pair, name) for name in COEFFICIENTS}


def _relaxation(scenario: Scenario, law: str) -> dict[str, Any]:
    model = make_model(scenario)
    return {"relaxation_time": oqs.relaxation_time(model, scenario.contact_T, scenario.contact_mu)}


def _equilibrium(scenario: Scenario, law: str) -> dict[str, Any]:
    goal = thermo.equilibrium(scenario.reservoirs, scenario.T, scenario.mu)
    return {"T_equilibrium": goal.T, "mu_equilibrium": goal.mu}


def _evolution(scenario: Scenario, law: str) -> dict[str, Any]:
    task = scenario.task("trajectory", TrajectoryTask())
    path = dataclasses.replace(task, law=law).evolved(scenario, events=False, progress=False)
    return {
        "outcome": path.outcome,
        "t_end": float(path.t[-1]),
        "T_end": path.T[-1],
        "mu_end": path.mu[-1],
        "lowest_T": path.T.min(axis=0),
    }


GROUPS: Final[Mapping[tuple[str, ...], Callable[[Scenario, str], dict[str, Any]]]] = {
    (*KINDS, "clausius_sum"): _flows,
    ("noise", "heat_noise", "fano", "uncertainty", "heat_uncertainty"): _noise,
    COEFFICIENTS: _response,
    ("relaxation_time",): _relaxation,
    ("T_equilibrium", "mu_equilibrium"): _equilibrium,
    ("outcome", "t_end", "T_end", "mu_end", "lowest_T"): _evolution,
}
"""Quantities that are computed together, from (scenario, flow law): a new one is an entry here."""

QUANTITIES: Final = tuple(name for group in GROUPS for name in group)
"""What a sweep can tabulate."""

UNITS: Final[Mapping[str, str]] = {
    "particle": "E_0/hbar",
    "energy": "E_0^2/hbar",
    "heat": "E_0^2/hbar",
    "noise": "E_0/hbar",
    "peltier": "E_0",
    "relaxation_time": "hbar/E_0",
    "T_equilibrium": "E_0/k_B",
    "mu_equilibrium": "E_0",
    "t_end": "hbar/E_0",
    "T_end": "E_0/k_B",
    "mu_end": "E_0",
    "lowest_T": "E_0/k_B",
}
"""What quantities are in, of those that figures turn into K, meV, s, 1/s and fW."""

EVOLVED: Final = next(group for group, compute in GROUPS.items() if compute is _evolution)
"""Quantities that need an evolution at every point."""

WITH_GASES: Final = frozenset(QUANTITIES[QUANTITIES.index("T_equilibrium") :])
"""Quantities for which every reservoir needs its gas."""


@final
@dataclasses.dataclass(frozen=True, eq=False)
class SweepPoint:
    """The quantities of a scenario as a function of some of its keys."""

    document: Document  # the scenario's file, without its sweep
    quantities: tuple[str, ...]  # of `QUANTITIES`
    law: str  # the flow law
    read: Callable[[Document], Scenario]  # from a document to its scenario

    def __call__(self, **values: float) -> dict[str, Any]:
        """Return the quantities with these values in place of the file's."""
        scenario = self.read(self.document.with_values(values))
        computed: dict[str, Any] = {}
        for group, compute in GROUPS.items():
            if set(group) & set(self.quantities):
                computed |= compute(scenario, self.law)
        return {name: computed[name] for name in self.quantities}
