"""What a scenario asks of the open system, computed and checked: flows and relaxation."""

from __future__ import annotations

import dataclasses
from typing import Any, final

import numpy as np
import qutip

from oqs.arguments import FloatArray
from oqs.flows import Flows
from oqs.generator.davies import DaviesModel, davies
from oqs.laws.density_matrix import DensityMatrixLaw, flow_law
from oqs.laws.gross import ROUNDING, gross_flows, gross_of_modes
from oqs.laws.landauer import Landauer, landauer
from oqs.modes.closed_form import ClosedForm, closed_form
from oqs.modes.gaussian import GaussianLaw, gaussian_law
from oqs.scenario.reading import OpenSystem
from oqs.scenario.tasks import FlowsTask, LawName, RelaxationTask
from oqs.scenario.waiting import waiting
from oqs.state.entropy import clausius_sum
from oqs.state.relaxation import Relaxation, relax, relaxation_time
from oqs.system.systems import QuadraticSystem
from oqs.validity.audit import audit
from oqs.validity.verdict import Audit

ScenarioLaw = DensityMatrixLaw | ClosedForm | GaussianLaw | Landauer

_EXACT = 1e-9  # of the largest flow: what solvers of one generator must agree to
_MOST_SITES = 24  # 2^24 populations: a minute and some GB; beyond, no machine has the memory
_TIMES = 10  # relaxation times that a relaxation lasts by default


@final
@dataclasses.dataclass(frozen=True)
class Check:
    """One property that a result must have.

    Parameters
    ----------
    name : what was checked.
    value : how far it is off, relative.
    tolerance : the largest value that passes.
    """

    name: str
    value: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether the value is within the tolerance; NaN is not."""
        return self.value <= self.tolerance


@final
@dataclasses.dataclass(frozen=True, eq=False)
class LawFlows:
    """The stationary flows by one law.

    Parameters
    ----------
    law : its name.
    solver : what solved it, in words.
    flows : (n,).
    clausius : sum_j Y_j/T_j.
    deviation : from the first law's flows, relative to the largest of each kind (of energy: at
        least max(T) times that of particles; of each: at least 1e-13 of its gross rate).
    untouched : parts of the system that no contact touches and the law leaves out, with the reason.
    """

    law: LawName
    solver: str
    flows: Flows
    clausius: float
    deviation: float
    untouched: tuple[str, ...]


@final
@dataclasses.dataclass(frozen=True, eq=False)
class FlowsResult:
    """Flows by every law that the scenario names, what they were checked for, and the audit."""

    laws: tuple[LawFlows, ...]
    checks: tuple[Check, ...]
    audit: Audit | None


def make_model(found: OpenSystem) -> DaviesModel:
    """Return the Davies model of a scenario; ScenarioError where `oqs.davies` refuses it."""
    place = found.document.place.at("system")
    if found.system.sites > _MOST_SITES:
        problem = f"must have at most {_MOST_SITES} sites for a density matrix of 2^N states"
        raise place.error(
            f"{problem}, but has {found.system.sites}",
            'Without interactions, laws = ["gaussian"] takes hundreds.',
        )
    with place.blamed():
        return davies(
            found.system,
            found.contacts,
            lamb_shift=found.generator.lamb_shift,
            resolution=found.generator.resolution,
        )


def make_law(found: OpenSystem, name: LawName, accuracy: float = 1e-8) -> ScenarioLaw:
    """Return a flow law of a scenario by its name; ScenarioError where it is refused."""
    system: Any = found.system  # the reader has seen that the law fits it
    with found.document.place.at("system").blamed():
        if name == "density_matrix":
            return flow_law(make_model(found), method=found.generator.method)
        if name == "closed_form":
            return closed_form(system, found.contacts)
        if name == "landauer":
            return landauer(system, found.contacts, accuracy=accuracy)
        return gaussian_law(
            system,
            found.contacts,
            lamb_shift=found.generator.lamb_shift,
            resolution=found.generator.resolution,
        )


def compute_flows(found: OpenSystem, *, progress: bool | None = None) -> FlowsResult:
    """Return the flows that a scenario asks for; of one without [flows] those of its default.

    Raises
    ------
    ScenarioError
        where a law refuses the system or the contacts.
    StationaryStateNotFound, RuntimeError
        where a solver gives up.
    """
    task = FlowsTask() if found.flows is None else found.flows
    results: list[LawFlows] = []
    checks: list[Check] = []
    judged = None
    for name in task.laws:
        with waiting(f"flows by {words(name)}", progress):
            law = make_law(found, name, task.accuracy)
            with found.document.place.at("reservoirs").blamed():
                flows = law(found.T, found.mu)
        deviation = 0.0
        if results:
            deviation = _deviation(flows, results[0].flows, found.T, _gross(found, law))
        clausius = float(clausius_sum(flows, found.T))
        left_out = () if isinstance(law, Landauer) else tuple(map(str, law.untouched))
        results.append(LawFlows(name, _solver(law), flows, clausius, deviation, left_out))
        checks += _checks(found, law, results[-1], results[0], task.accuracy)
        if isinstance(law, DensityMatrixLaw) and task.audit:
            with waiting("audit of the generator", progress):
                judged = audit(law.model, found.T, found.mu)
    return FlowsResult(tuple(results), tuple(checks), judged)


def compute_relaxation(found: OpenSystem, *, progress: bool | None = None) -> Relaxation:
    """Return rho_S(t) at the scenario's T and mu; of one without [relaxation] by its defaults.

    Raises as `compute_flows`.
    """
    task = RelaxationTask() if found.relaxation is None else found.relaxation
    model = make_model(found)
    sites = found.system.sites
    occupations = {"empty": (0,) * sites, "full": (1,) * sites}
    initial = occupations[task.initial] if isinstance(task.initial, str) else task.initial
    with found.document.place.at("relaxation").blamed():
        end = task.t_final
        if end is None:
            with waiting("relaxation time", progress):
                end = _TIMES * relaxation_time(model, found.T, found.mu)
        state = qutip.basis([2] * sites, list(initial))
        times = np.linspace(0.0, end, task.points)
        return relax(model, state, found.T, found.mu, times, progress=progress)


def words(name: str) -> str:
    """Return the name of a law as a reader writes it."""
    return {"closed_form": "Eq. (10)", "landauer": "Landauer's formula"}.get(
        name, name.replace("_", " ")
    )


def _solver(law: ScenarioLaw) -> str:
    if isinstance(law, DensityMatrixLaw):
        return repr(law.method)
    return type(law).__name__


def _gross(found: OpenSystem, law: ScenarioLaw) -> Flows:
    """Return the gross rates of the contacts, in which flows of a vanishing net are rounding."""
    if isinstance(law, DensityMatrixLaw):
        return gross_flows(law.model, found.T, found.mu)
    assert isinstance(found.system, QuadraticSystem)  # as the other laws need
    return gross_of_modes(found.system, found.contacts, found.T, found.mu)


def _deviation(flows: Flows, reference: Flows, T: FloatArray, gross: Flows) -> float:
    """Return the largest difference of particle or energy flows over the reference's largest.

    Energies have no zero of their own: theirs is over max(T) times the particle flow at least. And
    each is over the rounding of the largest gross rate of its kind at least.
    """
    scale = 0.0
    found = 0.0
    for kind, least in (("particle", 0.0), ("energy", float(np.max(T)))):
        a, b = getattr(flows, kind), getattr(reference, kind)
        rounding = ROUNDING * float(np.max(getattr(gross, kind)))
        scale = max(float(np.max(np.abs(b))), least * scale, rounding)
        difference = float(np.max(np.abs(a - b)))
        if difference > 0:
            found = max(found, difference / scale if scale > 0 else np.inf)
    return found


def _checks(
    found: OpenSystem, law: ScenarioLaw, result: LawFlows, first: LawFlows, accuracy: float
) -> list[Check]:
    """Return conservation and the second law, and agreement with another solver of the same."""
    exact = result.law != "landauer"
    tolerance = _EXACT if exact else max(_EXACT, 10 * accuracy)
    flows, gross = result.flows, _gross(found, law)
    noise = ROUNDING / tolerance  # of the gross rates: flows that vanish are rounding alone
    particle, energy = (
        float(max(np.max(np.abs(flow)), noise * np.max(rate)))
        for flow, rate in ((flows.particle, gross.particle), (flows.energy, gross.energy))
    )
    entropy = float(max(np.sum(np.abs(flows.heat) / found.T), noise * np.sum(gross.heat / found.T)))
    off = {
        "sum of P over max |P|": (abs(float(flows.particle.sum())), particle),
        "sum of J over max |J|": (abs(float(flows.energy.sum())), energy),
        "sum of Y/T, if positive, over sum |Y/T|": (max(result.clausius, 0.0), entropy),
    }
    if result is not first and exact and first.law != "landauer":
        difference = np.max(np.abs(flows.particle - first.flows.particle))
        off[f"P against {words(first.law)}, over max |P|"] = (float(difference), particle)
    return [
        Check(f"{words(result.law)}: {name}", value / scale if scale else value, tolerance)
        for name, (value, scale) in off.items()
    ]
