"""[flows]: the stationary flows at the reservoirs' T and mu, by one law or several."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final, final

from rich.console import Console

import oqs
from oqs.flows import Flows
from oqs.units import Units
from thermo.progress import ProgressBar
from thermo.scenario.outcome import Check, Outcome
from thermo.scenario.results.data import as_json, audit_data, kinds_data, si_data, state_data
from thermo.scenario.results.text import digits, in_its_unit, print_audit, print_table, with_unit
from thermo.scenario.scenario import Scenario, Workspace
from thermo.scenario.schema.place import Place
from thermo.scenario.schema.table import Choice, Items, Key, Table, argument_keys, reader_of
from thermo.scenario.schema.values import boolean, positive
from thermo.scenario.tasks.flow_checks import deviation, flow_checks, gross_rates
from thermo.scenario.tasks.laws import (
    LAWS,
    ScenarioLaw,
    chosen_law,
    flows_of_all,
    make_law,
    require_law,
    words,
)


@final
@dataclasses.dataclass(frozen=True)
class FlowsTask:
    """The stationary flows at the reservoirs' T and mu.

    Parameters
    ----------
    laws : by which laws; the first is the result, the others are compared with it. None is that
        of `chosen_law`.
    accuracy : of "landauer"; None takes that of `oqs.landauer`.
    audit : measure the assumptions behind the generator.
    """

    laws: tuple[str, ...] | None = None
    accuracy: float | None = None
    audit: bool = True

    def check(self, scenario: Scenario, place: Place) -> None:
        """Raise ScenarioError where one of the laws does not hold for the system."""
        for law in self.chosen(scenario):
            require_law(law, scenario, place.at("laws"))

    def chosen(self, scenario: Scenario) -> tuple[str, ...]:
        """Return the laws by name."""
        return (chosen_law(None, scenario),) if self.laws is None else self.laws

    def run(self, scenario: Scenario, workspace: Workspace) -> Outcome:
        """Return the flows by every law, what they were checked for, and the audit.

        Raises ScenarioError where a law refuses system or contacts, StationaryStateNotFound or
        another RuntimeError where a solver gives up.
        """
        laws: list[dict[str, Any]] = []
        checks: list[Check] = []
        first: tuple[str, Flows] | None = None
        judged: oqs.Audit | None = None
        accuracy = {} if self.accuracy is None else {"accuracy": self.accuracy}
        for name in self.chosen(scenario):
            with ProgressBar(f"flows by {words(name)}", workspace.progress):
                law = make_law(scenario, name, **accuracy)
                with scenario.document.place.at("reservoirs").blamed():
                    flows = flows_of_all(law, scenario)
            gross = gross_rates(scenario, law)
            off = 0.0 if first is None else deviation(flows, first[1], scenario.T, gross)
            checks += flow_checks(name, law, flows, scenario.T, gross, first)
            clausius = float(oqs.clausius_sum(flows, scenario.T))
            laws.append(_law_data(name, law, flows, clausius, off, workspace.units))
            first = first or (name, flows)
            if isinstance(law, oqs.DensityMatrixLaw) and self.audit:
                with ProgressBar("audit of the generator", workspace.progress):
                    judged = oqs.audit(law.model, scenario.contact_T, scenario.contact_mu)
        data = {
            "reservoirs": state_data(scenario.names, scenario.T, scenario.mu, workspace.units),
            "laws": laws,
            "audit": None if judged is None else audit_data(judged),
        }
        return Outcome(data, tuple(checks))


def _law_data(
    name: str, law: ScenarioLaw, flows: Flows, clausius: float, off: float, units: Units | None
) -> dict[str, Any]:
    """Return the flows by one law, `off` from the first law's, relative to their largest."""
    return {
        "law": name,
        "solver": _solver(law),
        **kinds_data(flows, units),
        "clausius_sum": clausius,
        **si_data(units, clausius_sum=("entropy_rate", clausius)),
        "deviation": as_json(off),
        "untouched": [str(part) for part in getattr(law, "untouched", ())],
    }


def _solver(law: ScenarioLaw) -> str:
    """Return what solves for the flows, and of which generator if it is not plainly Davies'."""
    if not isinstance(law, oqs.DensityMatrixLaw):
        return type(law).__name__
    why = law.model.reason
    if why is None and not isinstance(law.model, oqs.DaviesModel):
        why = law.model.kind
    return repr(law.method) if why is None else f"{law.method!r}; {why}"


FLOWS: Final = Table(
    {
        **argument_keys(
            FlowsTask,
            laws=(
                Items(Choice(tuple(LAWS)), most=len(LAWS), distinct=True),
                'Give ["density_matrix", "closed_form"].',
            ),
            audit=(boolean, "It measures the assumptions behind the generator."),
        ),
        "accuracy": Key(positive, "It is relative to the largest flow, 1e-8."),
    }
)

read: Final = reader_of(FLOWS, FlowsTask)


def show(output: Console, data: Mapping[str, Any]) -> None:
    """Print the flows by every law, and the audit."""
    for law in data["laws"]:
        kinds = [k for k in law if k.startswith(("particle_", "current_", "energy_", "heat_"))]
        kinds = kinds or ["particle", "energy", "heat"]
        state = [key for key in data["reservoirs"][0] if key.endswith(("_K", "_meV"))]
        state = state or ["T", "mu"]
        rows = [
            (
                reservoir["name"],
                *(digits(reservoir[key]) for key in state),
                *(f"{in_its_unit(kind, law[kind][j]):.6e}" for kind in kinds),
            )
            for j, reservoir in enumerate(data["reservoirs"])
        ]
        off = f"; off by {law['deviation']:.1e}" if law["deviation"] else ""
        title = f"{words(law['law'])} ({law['solver']}): flows out of the reservoirs{off}"
        output.print(title, style="bold")
        print_table(output, ["reservoir", *(with_unit(key) for key in (*state, *kinds))], rows)
        key = "clausius_sum_W/K"
        clausius = f"{law[key]:.6e} W/K" if key in law else f"{law['clausius_sum']:.6e}"
        output.print(f"sum of Y/T = {clausius}")
        for part in law["untouched"]:
            output.print(f"carries nothing: {part}", markup=False)
    print_audit(output, data["audit"])
