"""A user's own system: its generator, its flows at the start and its evolution, each made once."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any, final

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import oqs
import thermo
import thermo.scenario
from oqs.arguments import FloatArray
from oqs.contact.base import ReservoirContact
from oqs.laws.gross import ROUNDING, flow_scales
from thermo.reservoirs.reservoir import Reservoirs
from thermo.scenario import TrajectoryTask
from thermo.scenario.schema.system import AnySystem
from thermo.scenario.tasks.laws import chosen_law, make_law, with_its_links
from validation.framework.check import DoesNotApply
from validation.report.subject import subject_data

ROUTES = 1e-10  # of the largest flow: what all routes reach
_OwnLaw = oqs.DensityMatrixLaw | oqs.BosonLaw


@final
@dataclasses.dataclass(frozen=True, eq=False)
class OwnSystem:
    """A system between reservoirs; DoesNotApply, with the reason, where a claim is not about it."""

    system: AnySystem  # as `oqs.davies` takes them, or `oqs.closed_form` of oscillators
    contacts: Sequence[ReservoirContact]
    # T, mu: (n,) of the reservoirs at the start, first those of the contacts; mu is 0 of one that
    # has none
    T: FloatArray
    mu: FloatArray
    # n of them with their gases; None where some have none, and nothing evolves
    reservoirs: Sequence[thermo.Reservoir] | None
    law: _OwnLaw  # the flow law of their generator, or of oscillators mode by mode
    links: thermo.LinkedLaw | None = None  # what flows between reservoirs directly, or None
    t_final: float | None = None  # end of the evolution; None goes on to equilibrium

    @classmethod
    def of(cls, scenario: thermo.scenario.Scenario) -> OwnSystem:
        """Return the system of a scenario.

        Raises ScenarioError where it has no generator, NonUniqueStationaryState where the generator
        has no unique stationary state.
        """
        law = make_law(scenario, chosen_law(None, scenario))
        assert isinstance(law, _OwnLaw)
        linked = with_its_links(law, scenario)
        task = scenario.asked.get("trajectory")
        return cls(
            system=scenario.system,
            contacts=scenario.contacts,
            T=scenario.T,
            mu=np.nan_to_num(scenario.mu),
            reservoirs=None if None in scenario.given else scenario.reservoirs,
            law=law,
            links=linked if isinstance(linked, thermo.LinkedLaw) else None,
            t_final=task.controls["t_final"] if isinstance(task, TrajectoryTask) else None,
        )

    @property
    def contact_T(self) -> FloatArray:
        """T (k,) of the reservoirs that touch the system."""
        return self.T[: len(self.contacts)]

    @property
    def contact_mu(self) -> FloatArray:
        """Mu (k,) of the same."""
        return self.mu[: len(self.contacts)]

    @property
    def whole_law(self) -> _OwnLaw | thermo.LinkedLaw:
        """The flow law of all reservoirs, links included."""
        return self.law if self.links is None else self.links.around(self.law, len(self.contacts))

    @property
    def any_model(self) -> oqs.Model:
        """The generator of system and contacts, or DoesNotApply where there is none."""
        if isinstance(self.law, oqs.BosonLaw):
            raise DoesNotApply("oscillators without a truncation have no density matrix")
        return self.law.model

    @property
    def model(self) -> oqs.DaviesModel:
        """The generator of system and contacts, or DoesNotApply where it is not Davies'."""
        model = self.any_model
        if not isinstance(model, oqs.DaviesModel):
            raise DoesNotApply(f"only for Davies: the generator is a {model.kind}")
        return model

    def require_second_law(self) -> None:
        """Raise DoesNotApply where Eq. (3) holds only up to the generator's price."""
        if isinstance(self.law, oqs.BosonLaw):
            return
        model = self.law.model
        if not model.detailed_balance:
            price = oqs.thermodynamic_price(model, self.contact_T, self.contact_mu)
            raise DoesNotApply(
                f"no exact detailed balance: flows at equal T, mu are {price.equilibrium:.1e} of "
                "these (oqs.thermodynamic_price)"
            )

    @functools.cached_property
    def flows(self) -> oqs.Flows:
        """The flows between contacts and system at the start."""
        return self.law(self.contact_T, self.contact_mu)

    @functools.cached_property
    def audit_at_start(self) -> oqs.Audit:
        """The assumptions behind the generator at the start."""
        return oqs.audit(self.any_model, self.contact_T, self.contact_mu)

    @functools.cached_property
    def exact(self) -> oqs.FlowLaw:
        """Eq. (10), or DoesNotApply with the reason."""
        system = self.system
        if isinstance(system, oqs.QuadraticBosons):
            raise DoesNotApply("the closed form is what drives the oscillators")
        if not isinstance(system, oqs.QuadraticSystem) or self.not_quadratic:
            raise DoesNotApply(f"no closed form: the system has {self.not_quadratic}")
        _ = self.model
        try:
            return oqs.closed_form(system, self.contacts)
        except ValueError as error:
            raise DoesNotApply(f"no closed form: {error}") from error

    @property
    def not_quadratic(self) -> str | None:
        """Why the system is no quadratic one of electrons; None where it is."""
        if not all(contact.fermionic for contact in self.contacts):
            return "bosonic contacts"
        return None if isinstance(self.system, oqs.QuadraticSystem) else "interactions"

    @functools.cached_property
    def path(self) -> thermo.Trajectory:
        """The evolution, driven by the density matrix."""
        return self.evolved(self.whole_law)

    def evolved(self, law: oqs.FlowLaw) -> thermo.Trajectory:
        """Return the evolution that a law drives."""
        return thermo.evolve(
            law,
            self.with_gases,
            self.T,
            self.mu,
            t_final=self.t_final,
            events=False,
            progress=False,
        )

    def draw(self) -> Figure:
        """Return the evolution as a figure."""
        return thermo.plot_trajectory(self.path, frequencies=self.law.frequencies)

    def scales(self) -> dict[str, float]:
        """Return what counts as 100 %: the largest flow, of energy at least max(T) a particle.

        Flows that vanish, or all but do, count as far as ROUNDING of the gross rates is ROUTES.
        """
        gross = self.law.gross(self.contact_T, self.contact_mu)
        scales = flow_scales(self.flows, self.contact_T, gross, ROUNDING / ROUTES)
        # where no particle moves, any that does is wrong
        particle, energy = max(scales["particle"], np.finfo(float).tiny), scales["energy"]
        unit = max(self.system.energy_scale, float(np.max(self.contact_T)))
        return {"particle": particle, "energy": energy, "heat": energy + unit * particle}

    @property
    def states(self) -> int:
        """Number of states of the system."""
        return self.any_model.system.dimension

    def clausius_ratio(
        self, flows: oqs.Flows, T: FloatArray, mu: FloatArray, tolerance: float
    ) -> float:
        """Return sum_j Y_j/T_j over sum_j |Y_j|/T_j.

        Below that sum counts what makes ROUNDING of the gross rates the tolerance: rounding over
        rounding is no violation.
        """
        rounding = ROUNDING * float(np.sum(self.whole_law.gross(T, mu).heat / T))
        gross = max(float(np.sum(np.abs(flows.heat) / T)), rounding / tolerance)
        return float(np.sum(flows.heat / T)) / gross if gross > 0 else 0.0

    @property
    def with_gases(self) -> Sequence[thermo.Reservoir]:
        """The reservoirs with their gases."""
        if self.reservoirs is None:
            raise DoesNotApply("some reservoir has no gas: nothing evolves")
        return self.reservoirs

    @property
    def has_mu(self) -> NDArray[np.bool_]:
        """Which reservoirs (n,) have a chemical potential."""
        if self.reservoirs is None:
            return np.array([contact.fermionic for contact in self.contacts])
        return Reservoirs(self.reservoirs).has_potential


def own_subject(own: OwnSystem, scenario: thermo.scenario.Scenario) -> dict[str, Any]:
    """Return the head of the report; flows that cannot be computed are said in `remarks`."""
    try:
        flows = own.whole_law(own.T, own.mu)  # what links carry is in the reservoirs' flows
        audit = own.audit_at_start
    except (oqs.NonUniqueStationaryState, oqs.StationaryStateNotFound) as error:
        return subject_data(scenario, None, None, f"{type(error).__name__}: {error}")
    except DoesNotApply as reason:
        return subject_data(scenario, flows, None, f"No audit: {reason}.")
    return subject_data(scenario, flows, audit)
