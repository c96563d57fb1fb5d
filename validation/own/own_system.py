"""A user's own system, measured: each claim of `validation.own.own_checks` is a method here."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import final

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
from validation.families.open_system.degenerate import exact_methods
from validation.framework.check import DoesNotApply, Measurement
from validation.framework.deviation import deviation, largest, worst

ROUTES = 1e-10  # of the largest flow: what all routes reach
SECOND_LAW = 1e-12  # of the gross entropy flow: rounding about a reversible point
DYING = 1e-6  # the same where flows die out, differences of much larger rates
_SAMPLES = 60
_SUPEROPERATORS = 2**5  # states up to which D_j is built as a superoperator
_EVERY_ELEMENT = 2**6  # states up to which all matrix elements are solved for
_DENSE = 2**10  # states up to which the trajectory is run a second time
_OwnLaw = oqs.DensityMatrixLaw | oqs.BosonLaw | oqs.VaryingBosonLaw


@final
@dataclasses.dataclass(frozen=True, eq=False)
class OwnSystem:
    """A system between reservoirs; what measures a claim returns a Measurement.

    Parameters
    ----------
    system, contacts : as `oqs.davies` takes them, or `oqs.closed_form` of oscillators.
    T, mu : (n,) of the reservoirs at the start, first those of the contacts; mu is 0 of one that
        has none.
    reservoirs : n of them with their gases; None where some have none, and nothing evolves.
    law : the flow law of their generator, or of oscillators mode by mode.
    links : what flows between reservoirs directly, or None.
    t_final : end of the evolution; None goes on to equilibrium.
    """

    system: AnySystem
    contacts: Sequence[ReservoirContact]
    T: FloatArray
    mu: FloatArray
    reservoirs: Sequence[thermo.Reservoir] | None
    law: _OwnLaw
    links: thermo.LinkedLaw | None = None
    t_final: float | None = None

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
        if isinstance(self.law, oqs.BosonLaw | oqs.VaryingBosonLaw):
            raise DoesNotApply("oscillators without a truncation have no density matrix")
        return self.law.model

    @property
    def model(self) -> oqs.DaviesModel:
        """The generator of system and contacts, or DoesNotApply where it is not Davies'."""
        model = self.any_model
        if not isinstance(model, oqs.DaviesModel):
            raise DoesNotApply(f"only for Davies: the generator is a {model.kind}")
        return model

    def _require_second_law(self) -> None:
        """Raise DoesNotApply where Eq. (3) holds only up to the generator's price."""
        if isinstance(self.law, oqs.BosonLaw | oqs.VaryingBosonLaw):
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
        if not isinstance(system, oqs.QuadraticSystem) or self._not_quadratic:
            raise DoesNotApply(f"no closed form: the system has {self._not_quadratic}")
        _ = self.model
        try:
            return oqs.closed_form(system, self.contacts)
        except ValueError as error:
            raise DoesNotApply(f"no closed form: {error}") from error

    @property
    def _not_quadratic(self) -> str | None:
        """Why the system is no quadratic one of electrons; None where it is."""
        if not all(contact.fermionic for contact in self.contacts):
            return "bosonic contacts"
        return None if isinstance(self.system, oqs.QuadraticSystem) else "interactions"

    @functools.cached_property
    def path(self) -> thermo.Trajectory:
        """The evolution, driven by the density matrix."""
        return self._evolved(self.whole_law)

    def _evolved(self, law: oqs.FlowLaw) -> thermo.Trajectory:
        return thermo.evolve(
            law,
            self._with_gases,
            self.T,
            self.mu,
            t_final=self.t_final,
            events=False,
            progress=False,
        )

    def draw(self) -> Figure:
        """Return the evolution as a figure."""
        return thermo.plot_trajectory(self.path, frequencies=self.law.frequencies)

    def closed_form(self) -> Measurement:
        """Return the largest deviation of P, J, Y from Eq. (10) at the start."""
        exact = self.exact(self.contact_T, self.contact_mu)
        return worst(
            (kind, deviation(getattr(self.flows, kind), getattr(exact, kind), scale))
            for kind, scale in self._scales().items()
        )

    def covariance_matrix(self) -> Measurement:
        """Return the largest deviation of P and J from those of the covariance matrix."""
        system = self.system
        if not isinstance(system, oqs.QuadraticBosons):
            if not isinstance(system, oqs.QuadraticSystem) or self._not_quadratic:
                raise DoesNotApply(f"no covariance matrix: the system has {self._not_quadratic}")
            _ = self.model
        other = oqs.gaussian_law(system, self.contacts)(self.contact_T, self.contact_mu)
        return worst(
            (kind, deviation(getattr(self.flows, kind), getattr(other, kind), scale))
            for kind, scale in self._scales().items()
        )

    def solvers(self) -> Measurement:
        """Return the largest deviation of the flows between the solvers that are exact here."""
        model, own = self.model, getattr(self.law, "method", None)
        methods = [
            method
            for method in exact_methods(model)
            if method != own
            and not (isinstance(method, oqs.FullLiouvillian) and self._states > _EVERY_ELEMENT)
        ]
        if not methods:
            raise DoesNotApply(f"one solver only: more than {_EVERY_ELEMENT} states")
        return worst(
            (
                f"{method}, {kind}",
                deviation(getattr(other, kind), getattr(self.flows, kind), scale),
            )
            for method in methods
            for other in [oqs.flow_law(model, method=method)(self.contact_T, self.contact_mu)]
            for kind, scale in self._scales().items()
        )

    def _scales(self) -> dict[str, float]:
        """Return what counts as 100 %: the largest flow, of energy at least max(T) a particle.

        Flows that vanish, or all but do, count as far as ROUNDING of the gross rates is ROUTES.
        """
        gross = self.law.gross(self.contact_T, self.contact_mu)
        scales = flow_scales(self.flows, self.contact_T, gross, ROUNDING / ROUTES)
        # where no particle moves, any that does is wrong
        particle, energy = max(scales["particle"], np.finfo(float).tiny), scales["energy"]
        unit = max(self.system.energy_scale, float(np.max(self.contact_T)))
        return {"particle": particle, "energy": energy, "heat": energy + unit * particle}

    def balance(self) -> Measurement:
        """Return |sum_j P_j| and |sum_j J_j| relative to the largest flow."""
        scales = self._scales()
        return worst(
            (kind, abs(math.fsum(getattr(self.flows, kind))) / scales[kind])
            for kind in ("particle", "energy")
        )

    def detailed_balance(self) -> Measurement:
        """Return the largest |ln(up/down) + x| / (1 + |x|), x = (w - mu)/T, of the rates."""
        self._require_second_law()
        model, T, mu = self.model, self.contact_T, self.contact_mu
        down, up = model.weights(T, mu)[: 2 * model.rates.size].reshape(2, *model.rates.shape)
        x = (model.frequencies - mu[:, None]) / T[:, None]
        held = (down > 0) & (up > 0)  # others have underflowed to exactly nothing
        if not held.any():
            raise DoesNotApply("no transition runs both ways in double precision")
        ratio = np.log(up[held] / down[held])
        value = deviation(ratio, -x[held], scale=1 + np.abs(x[held]))
        return Measurement(value, detail=f"{int(held.sum())} pairs of rates")

    def gibbs(self) -> Measurement:
        """Return the largest |D_j[rho_j]| relative to |D_j| |rho_j|."""
        self._require_second_law()
        model, T, mu = self.model, self.contact_T, self.contact_mu
        if self._states > _SUPEROPERATORS:
            raise DoesNotApply(f"D_j would be a matrix of {self._states}^2 rows")

        def measure(j: int) -> float:
            gibbs = oqs.gibbs_state(model.system, T[j], mu[j]).full().ravel("F")
            dissipator = model.dissipator(j, T, mu).data_as("csr_matrix")
            gross = float(np.max(abs(dissipator) @ np.abs(gibbs)))
            if gross == 0:  # a contact of rate 0 at every level
                return 0.0
            return float(np.max(np.abs(dissipator @ gibbs))) / gross

        return worst((self.contacts[j].label(j), measure(j)) for j in range(len(T)))

    @property
    def _states(self) -> int:
        """Number of states of the system."""
        return self.any_model.system.dimension

    def clausius(self) -> Measurement:
        """Return sum_j Y_j/T_j over sum_j |Y_j|/T_j at the start."""
        self._require_second_law()
        flows = self.whole_law(self.T, self.mu)
        return Measurement(self._clausius(flows, self.T, self.mu, SECOND_LAW))

    def clausius_around(self, rng: np.random.Generator) -> Measurement:
        """Return the same, its largest value at random T, mu around those given."""
        self._require_second_law()

        def measure() -> float:
            T = self.T * np.exp(rng.uniform(-1, 1, len(self.T)))
            width = np.ptp(self.mu) + np.max(self.T)
            mu = self.mu + width * rng.uniform(-1, 1, len(self.T)) * self._has_mu
            return self._clausius(self.whole_law(T, mu), T, mu, SECOND_LAW)

        return Measurement(
            largest(*(measure() for _ in range(_SAMPLES))), detail=f"{_SAMPLES} random T, mu"
        )

    def conservation(self) -> Measurement:
        """Return the largest relative departure of the totals of N and E."""
        return worst(zip(("N", "E"), self.path.conservation, strict=True))

    def entropy_grows(self) -> Measurement:
        """Return the largest fall of the total entropy from one step to the next, of its size."""
        self._require_second_law()
        total = self.path.entropy.sum(axis=1)
        fall = largest(0.0, *(-np.diff(total)))
        return Measurement(fall / largest(*np.abs(total)), detail=f"{len(total)} times")

    def clausius_along(self) -> Measurement:
        """Return the largest sum_j Y_j/T_j over sum_j |Y_j|/T_j along the evolution."""
        self._require_second_law()
        path = self.path
        ratios = [
            self._clausius(oqs.Flows(P, J, Y), T, mu, DYING)
            for P, J, Y, T, mu in zip(
                path.flows.particle,
                path.flows.energy,
                path.flows.heat,
                path.T,
                np.nan_to_num(path.mu),
                strict=True,
            )
        ]
        return Measurement(largest(*ratios), detail=f"{len(ratios)} times")

    def _clausius(self, flows: oqs.Flows, T: FloatArray, mu: FloatArray, tolerance: float) -> float:
        """Return sum_j Y_j/T_j over sum_j |Y_j|/T_j.

        Below that sum counts what makes ROUNDING of the gross rates the tolerance: rounding over
        rounding is no violation.
        """
        rounding = ROUNDING * float(np.sum(self.whole_law.gross(T, mu).heat / T))
        gross = max(float(np.sum(np.abs(flows.heat) / T)), rounding / tolerance)
        return float(np.sum(flows.heat / T)) / gross if gross > 0 else 0.0

    @property
    def _with_gases(self) -> Sequence[thermo.Reservoir]:
        if self.reservoirs is None:
            raise DoesNotApply("some reservoir has no gas: nothing evolves")
        return self.reservoirs

    @property
    def _has_mu(self) -> NDArray[np.bool_]:
        """Which reservoirs (n,) have a chemical potential."""
        if self.reservoirs is None:
            return np.array([contact.fermionic for contact in self.contacts])
        return Reservoirs(self.reservoirs).has_potential

    def equilibrium(self) -> Measurement:
        """Return how far the end is from the T_eq, mu_eq that the totals fix, Eq. (6)."""
        path = self.path
        if path.outcome != "equilibrated":
            distinct = len(np.unique(self.law.frequencies))
            why = "stopped at t_final" if path.outcome == "t_final" else "stalled short of it"
            raise DoesNotApply(f"the evolution {why}; {distinct} distinct frequencies")
        goal = thermo.equilibrium(self._with_gases, path.T[0], path.mu[0])
        own, scale = self._has_mu, max(abs(np.nan_to_num(goal.mu)), goal.T)
        away = np.abs(path.mu[-1, own] - goal.mu) / scale
        detail = f"T_eq = {goal.T:.6g}" + (f", mu_eq = {goal.mu:.6g}" if own.any() else "")
        return Measurement(largest(*np.abs(path.T[-1] / goal.T - 1), *away), detail=detail)

    def drivers(self) -> Measurement:
        """Return the largest deviation in T and mu between evolutions by rho and by Eq. (10)."""
        exact_law = self.exact
        if self._states > _DENSE:
            raise DoesNotApply(f"more than {_DENSE} states")
        if self.links is not None:
            exact_law = self.links.around(exact_law, len(self.contacts))
        path, exact = self.path, self._evolved(exact_law)
        t = path.t[path.t <= exact.t[-1]]
        here, there = path.at(t), exact.at(t)
        own = self._has_mu
        scale = np.maximum(np.abs(there.mu), there.T)[:, own]
        off = deviation(here.mu[:, own], there.mu[:, own], scale)
        return Measurement(largest(deviation(here.T, there.T, there.T), off))

    def audit(self) -> Measurement:
        """Return the largest ratio of the assumptions at the start."""
        return _largest_ratio(self.audit_at_start)

    def audit_along(self) -> Measurement:
        """Return the largest ratio along the evolution, line tails aside, which the detail gives.

        These and the secular row are compared with the flow, and near the end nothing flows. How
        large reservoirs are is no assumption of the generator: T, mu at t/(A V) do not ask it.
        """
        audit = thermo.audit(self.path, self.any_model)
        apart = ("line tails", "secular", "continuum", "fluctuations")
        others = tuple(a for a in audit.assumptions if a.name not in apart)
        largest_ratio = _largest_ratio(dataclasses.replace(audit, assumptions=others))
        tails = audit["line tails"]
        return dataclasses.replace(
            largest_ratio,
            detail=f"{largest_ratio.detail}; line tails {tails.ratio:.2g}: {tails.measure}",
        )


def _largest_ratio(audit: oqs.Audit) -> Measurement:
    worst_one = max(audit.assumptions, key=lambda a: (a.verdict, a.ratio))
    remedy = "" if worst_one.verdict is oqs.Verdict.SOUND else f"; {worst_one.remedy}"
    return Measurement(worst_one.ratio, detail=f"{worst_one.name}: {worst_one.measure}{remedy}")
