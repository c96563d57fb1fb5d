"""[response]: Onsager's matrix, conductance, thermopower and ZT around equilibrium."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final, final

import numpy as np
from rich.console import Console

import oqs
import thermo
from oqs.arguments import FloatArray
from oqs.system.base import System
from oqs.units import Units
from thermo.progress import ProgressBar
from thermo.scenario.outcome import Check, Outcome
from thermo.scenario.results.data import as_json, save_table
from thermo.scenario.results.drawing import Drawn, save_figures
from thermo.scenario.results.text import digits, print_table
from thermo.scenario.scenario import Scenario, Workspace
from thermo.scenario.schema.place import Place
from thermo.scenario.schema.table import Choice, Table, argument_keys, reader_of
from thermo.scenario.schema.values import ENERGY, POSITIVE_ENERGY
from thermo.scenario.tasks.laws import LAWS, chosen_law, make_law, require_law

_MOST_STATES = 1024  # of which the figure takes a few seconds
_POINTS = 81
_WIDTH = 8.0  # in units of T
_BALANCED = 1e-9  # of the largest coefficient: what all reservoirs lose together is none
COEFFICIENTS: Final = ("conductance", "seebeck", "peltier", "thermal_conductance", "ZT")


@final
@dataclasses.dataclass(frozen=True)
class ResponseTask:
    """Linear response of the flows around a common temperature and chemical potential.

    Parameters
    ----------
    T, mu : of the equilibrium; None takes what the reservoirs of all contacts have in common.
    law : the flow law whose response it is; None is that of `chosen_law`.
    """

    T: float | None = None
    mu: float | None = None
    law: str | None = None

    def check(self, scenario: Scenario, place: Place) -> None:
        """Raise ScenarioError where no pair, common T or mu is, or the law does not hold."""
        require_law(chosen_law(self.law, scenario), scenario, place.at("law"))
        if len(scenario.contacts) < 2:
            raise place.error(
                f"must have two contacts at least, but the scenario has {len(scenario.contacts)}",
                "Add a contact with its reservoir.",
            )
        for name, own, given in (
            ("T", scenario.contact_T, self.T),
            ("mu", scenario.contact_mu, self.mu),
        ):
            if given is None and np.any(own != own[0]):
                raise place.at(name).error(
                    f"must be given where the reservoirs differ, but they have {own.tolist()}",
                    "Give T and mu of the equilibrium around which the response is taken.",
                )

    def response(self, scenario: Scenario) -> oqs.LinearResponse:
        """Return the response; raises as `linear_response` does."""
        T = scenario.contact_T[0] if self.T is None else self.T
        mu = scenario.contact_mu[0] if self.mu is None else self.mu
        law = make_law(scenario, chosen_law(self.law, scenario))
        return oqs.linear_response(law, float(T), float(mu))

    def _figure(self, scenario: Scenario, _: Units | None, at: oqs.LinearResponse) -> Drawn:
        """Draw the coefficients over mu, 8 T to both sides; over T where nothing has a mu.

        Of more than 1024 states, or oscillators without end, there is no figure.
        """
        system = scenario.system
        if not isinstance(system, System) or system.dimension > _MOST_STATES:
            return
        law = make_law(scenario, chosen_law(self.law, scenario))
        T, mu = float(at.T), float(at.mu)
        potentials = any(isinstance(contact, oqs.Contact) for contact in scenario.contacts)
        label = "chemical potential ($E_0$)" if potentials else "temperature ($E_0/k_B$)"
        if potentials:
            along = mu + T * np.linspace(-_WIDTH, _WIDTH, _POINTS)
            label, response = (
                "chemical potential ($E_0$)",
                oqs.linear_response(law, T, along[:, None]),
            )
        else:
            along = T * np.linspace(0.5, 2.0, _POINTS)
            response = oqs.linear_response(law, along[:, None])
        width = scenario.outputs.width
        yield "response", thermo.plot_response(along, response, label=label, width=width)

    def run(self, scenario: Scenario, workspace: Workspace) -> Outcome:
        """Return Onsager's matrix and the coefficients of each pair of reservoirs.

        Raises ScenarioError or StationaryStateNotFound as `FlowsTask.run`.
        """
        names = scenario.names[: len(scenario.contacts)]
        with (
            ProgressBar("response", workspace.progress),
            scenario.document.place.at("reservoirs").blamed(),
        ):
            response = self.response(scenario)
        table = response.to_dataset().assign_coords(reservoir=list(names), driven=list(names))
        save_table(table, workspace, "response.nc", scenario)
        save_figures(scenario, workspace, self._figure, response)
        checks = _checks(response.onsager)
        pairs = [
            {"between": [names[j], names[q]], **_coefficients(response, j, q)}
            for j in range(len(names))
            for q in range(j + 1, len(names))
        ]
        data = {
            "T": response.T,
            "mu": response.mu,
            "law": chosen_law(self.law, scenario),
            "onsager": as_json(response.onsager),
            "pairs": pairs,
        }
        return Outcome(data, checks)


def _coefficients(response: oqs.LinearResponse, j: int, q: int) -> dict[str, Any]:
    pair = response.pair(j, q)
    return {name: as_json(np.array(getattr(pair, name))) for name in COEFFICIENTS}


def _checks(onsager: FloatArray) -> tuple[Check, ...]:
    """Return whether particles are conserved: the flows by each affinity add up to none."""
    particles = onsager[0]
    size, worst = float(np.max(np.abs(particles))), float(np.max(np.abs(particles.sum(axis=1))))
    return (Check("response: sum of particles", worst / size if size else worst, _BALANCED),)


RESPONSE: Final = Table(
    argument_keys(
        ResponseTask,
        T=(POSITIVE_ENERGY, "It is the temperature of all reservoirs, in units of energy."),
        mu=(ENERGY, "It is the chemical potential of all reservoirs, in units of energy."),
        law=(Choice(tuple(LAWS)), "It names a flow law."),
    )
)

read: Final = reader_of(RESPONSE, ResponseTask)


def show(output: Console, data: Mapping[str, Any]) -> None:
    """Print the coefficients of each pair of reservoirs."""
    output.print(f"linear response around T = {data['T']:.6g}, mu = {data['mu']:.6g}", style="bold")
    rows = [
        (
            " - ".join(pair["between"]),
            *(digits(pair[n], "infinite" if pair["conductance"] else "-") for n in COEFFICIENTS),
        )
        for pair in data["pairs"]
    ]
    heads = ["between", "G", "Seebeck", "Peltier", "kappa", "ZT"]
    print_table(output, heads, rows)
