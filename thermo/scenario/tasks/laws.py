"""Flow laws by name, made from a scenario."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import numpy as np

import oqs
from oqs.contact.together import fermionic_contacts
from oqs.flows import Flows
from oqs.system.quadratic_bosons import QuadraticBosons
from oqs.system.systems import QuadraticSystem
from thermo.reservoirs.linked_law import LinkedLaw
from thermo.reservoirs.linking import with_links
from thermo.scenario.scenario import Scenario
from thermo.scenario.schema.place import Place

ScenarioLaw: TypeAlias = (
    "oqs.DensityMatrixLaw | oqs.ClosedForm | oqs.GaussianLaw | oqs.BosonLaw | oqs.Landauer"
)

_MOST_SITES = 24  # 2^24 populations: a minute and some GB; beyond, no machine has the memory


def make_model(scenario: Scenario) -> oqs.Model:
    """Return the model of a scenario's generator; ScenarioError where it is refused."""
    place = scenario.document.place.at("system")
    require_states(scenario, place)
    assert not isinstance(scenario.system, QuadraticBosons)
    if scenario.system.sites > _MOST_SITES:
        problem = f"must have at most {_MOST_SITES} sites for a density matrix of 2^N states"
        raise place.error(
            f"{problem}, but has {scenario.system.sites}",
            'Without interactions, laws = ["gaussian"] takes hundreds.',
        )
    with place.blamed():
        state = scenario.contact_T, scenario.contact_mu
        return scenario.generator.model(scenario.system, scenario.contacts, *state)


def _density_matrix(scenario: Scenario, **_: float) -> ScenarioLaw:
    return oqs.flow_law(make_model(scenario), method=scenario.generator.method)


def _closed_form(scenario: Scenario, **_: float) -> ScenarioLaw:
    if isinstance(scenario.system, QuadraticBosons):
        return oqs.closed_form(scenario.system, scenario.contacts)
    return oqs.closed_form(quadratic(scenario), leads(scenario))


def _gaussian(scenario: Scenario, **_: float) -> ScenarioLaw:
    if isinstance(scenario.system, QuadraticBosons):
        return oqs.gaussian_law(scenario.system, scenario.contacts)
    options = {key: value for key, value in scenario.generator.options.items() if key != "energy"}
    return oqs.gaussian_law(quadratic(scenario), leads(scenario), **options)


def _landauer(scenario: Scenario, **accuracy: float) -> ScenarioLaw:
    return oqs.landauer(quadratic(scenario), leads(scenario), **accuracy)


LAWS: Final[Mapping[str, Callable[..., ScenarioLaw]]] = {
    "density_matrix": _density_matrix,
    "closed_form": _closed_form,
    "gaussian": _gaussian,
    "landauer": _landauer,
}
"""Flow laws: a new one is an entry here."""

DRIVING: Final = tuple(name for name in LAWS if name != "landauer")
"""Those that drive an evolution: a quadrature is less accurate than its steps need."""


def make_law(scenario: Scenario, name: str, **accuracy: float) -> ScenarioLaw:
    """Return a flow law of a scenario by its name; ScenarioError where it is refused.

    Parameters
    ----------
    accuracy : of "landauer", by that name; its own default without.
    """
    with scenario.document.place.at("system").blamed():
        return LAWS[name](scenario, **accuracy)


def with_its_links(law: ScenarioLaw, scenario: Scenario) -> ScenarioLaw | LinkedLaw:
    """Return the law of all reservoirs of a scenario, its links included."""
    if not scenario.links:
        return law
    return with_links(law, scenario.links, names=scenario.names)


def flows_of_all(law: ScenarioLaw, scenario: Scenario) -> Flows:
    """Return the flows of all reservoirs at their T and mu, links included."""
    return with_its_links(law, scenario)(scenario.T, np.nan_to_num(scenario.mu))


def require_law(name: str, scenario: Scenario, place: Place) -> None:
    """Raise ScenarioError where a flow law does not hold for the system."""
    if isinstance(scenario.system, QuadraticBosons):
        return _require_modes(name, scenario, place)
    if name != "density_matrix" and not isinstance(scenario.system, QuadraticSystem):
        raise place.error(
            f"must be density_matrix for a system with interactions, but is {name}",
            "The other laws hold without interactions only.",
        )
    if name != "density_matrix" and not all(contact.fermionic for contact in scenario.contacts):
        raise place.error(
            f"must be density_matrix with bosonic contacts, but is {name}",
            "The other laws hold between leads of electrons only.",
        )
    kind = scenario.generator.kind
    if name in ("closed_form", "gaussian") and kind != "davies":
        raise place.error(
            f'must be density_matrix or landauer for the generator "{kind}", but is {name}',
            "That law is the Davies generator's.",
        )


def _require_modes(name: str, scenario: Scenario, place: Place) -> None:
    """Raise ScenarioError unless a law, and the generator as asked for, hold for oscillators."""
    if name not in ("closed_form", "gaussian"):
        raise place.error(
            f"must be closed_form or gaussian for oscillators, but is {name}",
            "Their states are not truncated: there is no density matrix.",
        )
    if "generator" in scenario.document.tables:
        raise scenario.document.place.at("generator").error(
            "must be left out for oscillators", "Their modes are solved exactly, by Davies."
        )


def chosen_law(name: str | None, scenario: Scenario) -> str:
    """Return the name of a flow law; that of the density matrix, if there is one, of None."""
    if name is not None:
        return name
    return "closed_form" if isinstance(scenario.system, QuadraticBosons) else "density_matrix"


def require_states(scenario: Scenario, place: Place) -> None:
    """Raise ScenarioError where the system has no density matrix."""
    if isinstance(scenario.system, QuadraticBosons):
        raise place.error(
            "needs a density matrix, but the system is of oscillators without a truncation",
            'Give builder = "transmon" with anharmonicity 0 and so many levels.',
        )


def words(name: str) -> str:
    """Return the name of a law as a reader writes it."""
    return {"closed_form": "Eq. (10)", "landauer": "Landauer's formula"}.get(
        name, name.replace("_", " ")
    )


def quadratic(scenario: Scenario) -> QuadraticSystem:
    """Return the system of a scenario one of whose laws holds without interactions only."""
    assert isinstance(scenario.system, QuadraticSystem)  # the reader has seen that the law fits it
    return scenario.system


def leads(scenario: Scenario) -> tuple[oqs.Contact, ...]:
    """Return the contacts of a scenario one of whose laws holds between leads only."""
    return fermionic_contacts(scenario.contacts)
