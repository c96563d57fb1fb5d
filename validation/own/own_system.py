"""A user's own system, measured: each claim of `validation.own.own_checks` is a method here."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import final

import numpy as np
from matplotlib.figure import Figure

import oqs
import thermo
import thermo.scenario
from oqs.arguments import FloatArray
from oqs.contact.together import fermionic_contacts
from oqs.laws.gross import ROUNDING, flow_scales, gross_flows
from thermo.scenario import TrajectoryTask
from thermo.scenario.tasks.laws import make_law
from validation.families.open_system.degenerate import exact_methods
from validation.framework.check import DoesNotApply, Measurement
from validation.framework.deviation import deviation, largest, worst

ROUTES = 1e-10  # of the largest flow: what all routes reach
SECOND_LAW = 1e-12  # of the gross entropy flow: rounding about a reversible point
DYING = 1e-6  # the same where flows die out, differences of much larger rates
_SAMPLES = 60
_SUPEROPERATORS = 5  # sites up to which D_j is built as a 4^N matrix
_EVERY_ELEMENT = 6  # sites up to which all 4^N matrix elements are solved for
_DENSE = 2**10  # states up to which the trajectory is run a second time


@final
@dataclasses.dataclass(frozen=True, eq=False)
class OwnSystem:
    """A system between reservoirs; what measures a claim returns a Measurement.

    Parameters
    ----------
    system, contacts : as `oqs.davies` takes them.
    T, mu : (n,) of the reservoirs at the start.
    reservoirs : n of them with their gases.
    law : the flow law of their generator.
    t_final : end of the evolution; None goes on to equilibrium.
    """

    system: oqs.System
    contacts: Sequence[oqs.Contact]
    T: FloatArray
    mu: FloatArray
    reservoirs: Sequence[thermo.Reservoir]
    law: oqs.DensityMatrixLaw
    t_final: float | None = None

    @classmethod
    def of(cls, scenario: thermo.scenario.Scenario) -> OwnSystem:
        """Return the system of a scenario.

        Raises ScenarioError where it has no generator, NonUniqueStationaryState where the generator
        has no unique stationary state.
        """
        contacts = scenario.contacts
        if scenario.links or not all(isinstance(contact, oqs.Contact) for contact in contacts):
            raise scenario.document.place.at("links" if scenario.links else "contacts").error(
                "must be left out here" if scenario.links else "must be fermionic here",
                "The checks of your own system are those of electrons between leads: `python -m "
                "thermo run` checks conservation and the second law of any.",
            )
        law = make_law(scenario, "density_matrix")
        assert isinstance(law, oqs.DensityMatrixLaw)
        task = scenario.asked.get("trajectory")
        return cls(
            system=scenario.system,
            contacts=fermionic_contacts(contacts),
            T=scenario.T,
            mu=scenario.mu,
            reservoirs=scenario.reservoirs,
            law=law,
            t_final=task.controls["t_final"] if isinstance(task, TrajectoryTask) else None,
        )

    @property
    def model(self) -> oqs.DaviesModel:
        """The generator of system and contacts, or DoesNotApply where it is not Davies'."""
        model = self.law.model
        if not isinstance(model, oqs.DaviesModel):
            raise DoesNotApply(f"only for Davies: the generator is a {model.kind}")
        return model

    def _require_second_law(self) -> None:
        """Raise DoesNotApply where Eq. (3) holds only up to the generator's price."""
        model = self.law.model
        if not model.detailed_balance:
            price = oqs.thermodynamic_price(model, self.T, self.mu)
            raise DoesNotApply(
                f"no exact detailed balance: flows at equal T, mu are {price.equilibrium:.1e} of "
                "these (oqs.thermodynamic_price)"
            )

    @functools.cached_property
    def flows(self) -> oqs.Flows:
        """The flows at the start."""
        return self.law(self.T, self.mu)

    @functools.cached_property
    def audit_at_start(self) -> oqs.Audit:
        """The assumptions behind the generator at the start."""
        return oqs.audit(self.law.model, self.T, self.mu)

    @functools.cached_property
    def exact(self) -> oqs.FlowLaw:
        """Eq. (10), or DoesNotApply with the reason."""
        if not isinstance(self.system, oqs.QuadraticSystem):
            raise DoesNotApply("no closed form: the system has interactions")
        _ = self.model
        try:
            return oqs.closed_form(self.system, self.contacts)
        except ValueError as error:
            raise DoesNotApply(f"no closed form: {error}") from error

    @functools.cached_property
    def path(self) -> thermo.Trajectory:
        """The evolution, driven by the density matrix."""
        return self._evolved(self.law)

    def _evolved(self, law: oqs.FlowLaw) -> thermo.Trajectory:
        return thermo.evolve(
            law,
            self.reservoirs,
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
        exact = self.exact(self.T, self.mu)
        return worst(
            (kind, deviation(getattr(self.flows, kind), getattr(exact, kind), scale))
            for kind, scale in self._scales().items()
        )

    def covariance_matrix(self) -> Measurement:
        """Return the largest deviation of P and J from those of the covariance matrix."""
        if not isinstance(self.system, oqs.QuadraticSystem):
            raise DoesNotApply("no covariance matrix: the system has interactions")
        _ = self.model
        other = oqs.gaussian_law(self.system, self.contacts)(self.T, self.mu)
        return worst(
            (kind, deviation(getattr(self.flows, kind), getattr(other, kind), scale))
            for kind, scale in self._scales().items()
        )

    def solvers(self) -> Measurement:
        """Return the largest deviation of the flows between the solvers that are exact here."""
        methods = [
            method
            for method in exact_methods(self.model)
            if method != self.law.method
            and not (isinstance(method, oqs.FullLiouvillian) and self.system.sites > _EVERY_ELEMENT)
        ]
        if not methods:
            raise DoesNotApply(f"one solver only: more than {_EVERY_ELEMENT} sites")
        return worst(
            (
                f"{method}, {kind}",
                deviation(getattr(other, kind), getattr(self.flows, kind), scale),
            )
            for method in methods
            for other in [oqs.flow_law(self.model, method=method)(self.T, self.mu)]
            for kind, scale in self._scales().items()
        )

    def _scales(self) -> dict[str, float]:
        """Return what counts as 100 %: the largest flow, of energy at least max(T) a particle.

        Flows that vanish, or all but do, count as far as ROUNDING of the gross rates is ROUTES.
        """
        gross = gross_flows(self.law.model, self.T, self.mu)
        scales = flow_scales(self.flows, self.T, gross, ROUNDING / ROUTES)
        particle, energy = scales["particle"], scales["energy"]
        unit = max(self.system.energy_scale, float(np.max(self.T)))
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
        down, up = self.model.weights(self.T, self.mu)[: 2 * self.model.rates.size].reshape(
            2, *self.model.rates.shape
        )
        x = (self.model.frequencies - self.mu[:, None]) / self.T[:, None]
        held = (down > 0) & (up > 0)  # others have underflowed to exactly nothing
        if not held.any():
            raise DoesNotApply("no transition runs both ways in double precision")
        ratio = np.log(up[held] / down[held])
        value = deviation(ratio, -x[held], scale=1 + np.abs(x[held]))
        return Measurement(value, detail=f"{int(held.sum())} pairs of rates")

    def gibbs(self) -> Measurement:
        """Return the largest |D_j[rho_j]| relative to |D_j| |rho_j|."""
        self._require_second_law()
        if self.system.sites > _SUPEROPERATORS:
            raise DoesNotApply(f"D_j would be a matrix of 4^{self.system.sites} rows")

        def measure(j: int) -> float:
            gibbs = oqs.gibbs_state(self.system, self.T[j], self.mu[j]).full().ravel("F")
            dissipator = self.model.dissipator(j, self.T, self.mu).data_as("csr_matrix")
            gross = float(np.max(abs(dissipator) @ np.abs(gibbs)))
            if gross == 0:  # a contact of rate 0 at every level
                return 0.0
            return float(np.max(np.abs(dissipator @ gibbs))) / gross

        return worst((self.contacts[j].label(j), measure(j)) for j in range(len(self.T)))

    def clausius(self) -> Measurement:
        """Return sum_j Y_j/T_j over sum_j |Y_j|/T_j at the start."""
        self._require_second_law()
        return Measurement(self._clausius(self.flows, self.T, self.mu, SECOND_LAW))

    def clausius_around(self, rng: np.random.Generator) -> Measurement:
        """Return the same, its largest value at random T, mu around those given."""
        self._require_second_law()

        def measure() -> float:
            T = self.T * np.exp(rng.uniform(-1, 1, len(self.T)))
            width = np.ptp(self.mu) + np.max(self.T)
            mu = self.mu + width * rng.uniform(-1, 1, len(self.T))
            return self._clausius(self.law(T, mu), T, mu, SECOND_LAW)

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
                path.mu,
                strict=True,
            )
        ]
        return Measurement(largest(*ratios), detail=f"{len(ratios)} times")

    def _clausius(self, flows: oqs.Flows, T: FloatArray, mu: FloatArray, tolerance: float) -> float:
        """Return sum_j Y_j/T_j over sum_j |Y_j|/T_j.

        Below that sum counts what makes ROUNDING of the gross rates the tolerance: rounding over
        rounding is no violation.
        """
        rounding = ROUNDING * float(np.sum(gross_flows(self.law.model, T, mu).heat / T))
        gross = max(float(np.sum(np.abs(flows.heat) / T)), rounding / tolerance)
        return float(np.sum(flows.heat / T)) / gross if gross > 0 else 0.0

    def equilibrium(self) -> Measurement:
        """Return how far the end is from the T_eq, mu_eq that the totals fix, Eq. (6)."""
        path = self.path
        if path.outcome != "equilibrated":
            distinct = len(np.unique(self.law.frequencies))
            why = "stopped at t_final" if path.outcome == "t_final" else "stalled short of it"
            raise DoesNotApply(f"the evolution {why}; {distinct} distinct frequencies")
        goal = thermo.equilibrium(self.reservoirs, path.T[0], path.mu[0])
        scale = max(abs(goal.mu), goal.T)
        return Measurement(
            largest(
                *np.abs(path.T[-1] / goal.T - 1),
                *(np.abs(path.mu[-1] - goal.mu) / scale),
            ),
            detail=f"T_eq = {goal.T:.6g}, mu_eq = {goal.mu:.6g}",
        )

    def drivers(self) -> Measurement:
        """Return the largest deviation in T and mu between evolutions by rho and by Eq. (10)."""
        if self.system.spectrum.dimension > _DENSE:
            raise DoesNotApply(f"more than {_DENSE} states")
        path, exact = self.path, self._evolved(self.exact)
        t = path.t[path.t <= exact.t[-1]]
        here, there = path.at(t), exact.at(t)
        scale = np.maximum(np.abs(there.mu), there.T)
        return Measurement(
            largest(deviation(here.T, there.T, there.T), deviation(here.mu, there.mu, scale))
        )

    def audit(self) -> Measurement:
        """Return the largest ratio of the assumptions at the start."""
        return _largest_ratio(self.audit_at_start)

    def audit_along(self) -> Measurement:
        """Return the largest ratio along the evolution, line tails aside, which the detail gives.

        Line tails are compared with the flow, and near the end nothing flows.
        """
        audit = thermo.audit(self.path, self.law.model)
        others = tuple(a for a in audit.assumptions if a.name != "line tails")
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
