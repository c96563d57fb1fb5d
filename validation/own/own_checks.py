"""The checks that apply to a user's own system: what `python -m validation my.toml` runs."""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Callable

import numpy as np

import oqs
import thermo
from oqs.flows import KINDS
from oqs.validity.verdict import LARGEST_DOUBTFUL
from validation.families.open_system.degenerate import exact_methods
from validation.framework.check import Check, DoesNotApply, Measurement, check, worst
from validation.framework.deviation import deviation, largest
from validation.own.own_system import ROUTES, OwnSystem

_SECOND_LAW = 1e-12  # of the gross entropy flow: rounding about a reversible point
_DYING = 1e-6  # the same where flows die out, differences of much larger rates
_SAMPLES = 60
_SUPEROPERATORS = 2**5  # states up to which D_j is built as a superoperator
_EVERY_ELEMENT = 2**6  # states up to which all matrix elements are solved for
_DENSE = 2**10  # states up to which the trajectory is run a second time

_Measure = Callable[..., Measurement]
_CHECKS: list[Callable[[OwnSystem], Check]] = []


def checks_of(own: OwnSystem) -> tuple[Check, ...]:
    """Return the checks of a user's system; one that does not apply says why when it runs."""
    return tuple(made(own) for made in _CHECKS)


def _claim(
    name: str, equation: str, reference: str, tolerance: float, claim: str
) -> Callable[[_Measure], _Measure]:
    """List a check of the family `own_system`, by what measures it on a given system."""

    def decorate(measure: _Measure) -> _Measure:
        random = "rng" in inspect.signature(measure).parameters

        def made(own: OwnSystem) -> Check:
            def body(rng: np.random.Generator) -> Measurement:
                return measure(own, rng) if random else measure(own)

            body.__module__ = OwnSystem.__module__
            return check(
                name, equation=equation, reference=reference, tolerance=tolerance, claim=claim
            )(body)

        _CHECKS.append(made)
        return measure

    return decorate


@_claim(
    "closed form",
    equation="Eq. (10)",
    reference="oqs.closed_form",
    tolerance=ROUTES,
    claim="Flows P, J, Y from the density matrix are those of the closed form.",
)
def _closed_form(own: OwnSystem) -> Measurement:
    return _compared(own, {"": own.exact(own.contact_T, own.contact_mu)})


def _compared(own: OwnSystem, others: dict[str, oqs.Flows]) -> Measurement:
    """Return the largest deviation of P, J, Y of other flows, by name, from the system's own."""
    return worst(
        (f"{name}{kind}", deviation(getattr(flows, kind), getattr(own.flows, kind), scale))
        for name, flows in others.items()
        for kind, scale in own.scales().items()
    )


@_claim(
    "covariance matrix",
    equation="Eq. (2)",
    reference="oqs.gaussian_law",
    tolerance=ROUTES,
    claim="They are those of the stationary covariance matrix.",
)
def _covariance_matrix(own: OwnSystem) -> Measurement:
    system = own.system
    if not isinstance(system, oqs.QuadraticBosons):
        if not isinstance(system, oqs.QuadraticSystem) or own.not_quadratic:
            raise DoesNotApply(f"no covariance matrix: the system has {own.not_quadratic}")
        _ = own.model
    law = oqs.gaussian_law(system, own.contacts)
    return _compared(own, {"": law(own.contact_T, own.contact_mu)})


@_claim(
    "other solvers",
    equation="Eq. (2)",
    reference="oqs.ZeroFrequencyBlock, oqs.FullLiouvillian",
    tolerance=ROUTES,
    claim="Every solver that is exact for the system gives the same flows.",
)
def _solvers(own: OwnSystem) -> Measurement:
    model, chosen = own.model, getattr(own.law, "method", None)
    methods = [
        method
        for method in exact_methods(model)
        if method != chosen
        and not (isinstance(method, oqs.FullLiouvillian) and own.states > _EVERY_ELEMENT)
    ]
    if not methods:
        raise DoesNotApply(f"one solver only: more than {_EVERY_ELEMENT} states")
    state = own.contact_T, own.contact_mu
    return _compared(own, {f"{m}, ": oqs.flow_law(model, method=m)(*state) for m in methods})


@_claim(
    "balance",
    equation="Eq. (4)",
    reference="sum_j P_j = sum_j J_j = 0",
    tolerance=ROUTES,
    claim="What one reservoir loses the others gain.",
)
def _balance(own: OwnSystem) -> Measurement:
    scales = own.scales()
    return worst(
        (kind, abs(math.fsum(getattr(own.flows, kind))) / scales[kind])
        for kind in ("particle", "energy")
    )


@_claim(
    "detailed balance",
    equation="Eq. (9)",
    reference="Kubo-Martin-Schwinger condition",
    tolerance=1e-12,
    claim="Rates up and down differ by exp(-(w - mu_j)/T_j).",
)
def _detailed_balance(own: OwnSystem) -> Measurement:
    """Return the largest |ln(up/down) + x| / (1 + |x|), x = (w - mu)/T, of the rates."""
    own.require_second_law()
    model, T, mu = own.model, own.contact_T, own.contact_mu
    down, up = model.weights(T, mu)[: 2 * model.rates.size].reshape(2, *model.rates.shape)
    x = (model.frequencies - mu[:, None]) / T[:, None]
    held = (down > 0) & (up > 0)  # others have underflowed to exactly nothing
    if not held.any():
        raise DoesNotApply("no transition runs both ways in double precision")
    ratio = np.log(up[held] / down[held])
    value = deviation(ratio, -x[held], scale=1 + np.abs(x[held]))
    return Measurement(value, detail=f"{int(held.sum())} pairs of rates")


@_claim(
    "local Gibbs states",
    equation="Eq. (14)",
    reference="D_j[rho_j] = 0",
    tolerance=1e-12,
    claim="Each reservoir alone leaves its own Gibbs state unchanged.",
)
def _gibbs(own: OwnSystem) -> Measurement:
    """Return the largest |D_j[rho_j]| relative to |D_j| |rho_j|."""
    own.require_second_law()
    model, T, mu = own.model, own.contact_T, own.contact_mu
    if own.states > _SUPEROPERATORS:
        raise DoesNotApply(f"D_j would be a matrix of {own.states}^2 rows")

    def measure(j: int) -> float:
        gibbs = oqs.gibbs_state(model.system, T[j], mu[j]).full().ravel("F")
        dissipator = model.dissipator(j, T, mu).data_as("csr_matrix")
        gross = float(np.max(abs(dissipator) @ np.abs(gibbs)))
        if gross == 0:  # a contact of rate 0 at every level
            return 0.0
        return float(np.max(np.abs(dissipator @ gibbs))) / gross

    return worst((own.contacts[j].label(j), measure(j)) for j in range(len(T)))


@_claim(
    "Clausius",
    equation="Eq. (3)",
    reference="sum_j Y_j/T_j <= 0",
    tolerance=_SECOND_LAW,
    claim="The second law holds at the T, mu given.",
)
def _clausius(own: OwnSystem) -> Measurement:
    own.require_second_law()
    flows = own.whole_law(own.T, own.mu)
    return Measurement(own.clausius_ratio(flows, own.T, own.mu, _SECOND_LAW))


@_claim(
    "Clausius around",
    equation="Eq. (3)",
    reference="sum_j Y_j/T_j <= 0",
    tolerance=_SECOND_LAW,
    claim="It holds at random T, mu around them.",
)
def _clausius_around(own: OwnSystem, rng: np.random.Generator) -> Measurement:
    own.require_second_law()

    def measure() -> float:
        T = own.T * np.exp(rng.uniform(-1, 1, len(own.T)))
        width = np.ptp(own.mu) + np.max(own.T)
        mu = own.mu + width * rng.uniform(-1, 1, len(own.T)) * own.has_mu
        return own.clausius_ratio(own.whole_law(T, mu), T, mu, _SECOND_LAW)

    ratios = [measure() for _ in range(_SAMPLES)]
    return Measurement(largest(*ratios), detail=f"{_SAMPLES} random T, mu")


@_claim(
    "Clausius along the evolution",
    equation="Eq. (3)",
    reference="sum_j Y_j/T_j <= 0",
    tolerance=_DYING,
    claim="It holds all along the evolution of the reservoirs.",
)
def _clausius_along(own: OwnSystem) -> Measurement:
    own.require_second_law()
    path = own.path
    kinds = [getattr(path.flows, kind) for kind in KINDS]
    ratios = [
        own.clausius_ratio(oqs.Flows(*flows), T, mu, _DYING)
        for *flows, T, mu in zip(*kinds, path.T, np.nan_to_num(path.mu), strict=True)
    ]
    return Measurement(largest(*ratios), detail=f"{len(ratios)} times")


@_claim(
    "entropy grows",
    equation="Eqs. (3), (5)",
    reference="sum_j S_j before",
    tolerance=1e-12,
    claim="The total entropy of the reservoirs never falls along the evolution.",
)
def _entropy_grows(own: OwnSystem) -> Measurement:
    """Return the largest fall of the total entropy from one step to the next, of its size."""
    own.require_second_law()
    total = own.path.entropy.sum(axis=1)
    fall = largest(0.0, *(-np.diff(total)))
    return Measurement(fall / largest(*np.abs(total)), detail=f"{len(total)} times")


@_claim(
    "conservation",
    equation="Eqs. (4), (6)",
    reference="sum_j N_j, sum_j E_j at the start",
    tolerance=1e-9,
    claim="Particles and energy are kept along the evolution.",
)
def _conservation(own: OwnSystem) -> Measurement:
    return worst(zip(("N", "E"), own.path.conservation, strict=True))


@_claim(
    "equilibrium",
    equation="Eq. (6)",
    reference="thermo.equilibrium",
    tolerance=1e-5,
    claim="The evolution ends at the T, mu that the totals of N and E fix.",
)
def _equilibrium(own: OwnSystem) -> Measurement:
    path = own.path
    if path.outcome != "equilibrated":
        distinct = len(np.unique(own.law.frequencies))
        said = "one frequency" if distinct == 1 else f"{distinct} distinct frequencies"
        why = "stopped at t_final" if path.outcome == "t_final" else "stalled short of it"
        raise DoesNotApply(f"the evolution {why}; {said}")
    goal = thermo.equilibrium(own.with_gases, path.T[0], path.mu[0])
    has_mu, scale = own.has_mu, max(abs(np.nan_to_num(goal.mu)), goal.T)
    away = np.abs(path.mu[-1, has_mu] - goal.mu) / scale
    detail = f"T_eq = {goal.T:.6g}" + (f", mu_eq = {goal.mu:.6g}" if has_mu.any() else "")
    return Measurement(largest(*np.abs(path.T[-1] / goal.T - 1), *away), detail=detail)


@_claim(
    "two drivers",
    equation="Eqs. (4), (10)",
    reference="the evolution driven by Eq. (10)",
    tolerance=1e-8,
    claim="Density matrix and closed form drive the same evolution.",
)
def _drivers(own: OwnSystem) -> Measurement:
    exact_law = own.exact
    if own.states > _DENSE:
        raise DoesNotApply(f"more than {_DENSE} states")
    if own.links is not None:
        exact_law = own.links.around(exact_law, len(own.contacts))
    path, exact = own.path, own.evolved(exact_law)
    t = path.t[path.t <= exact.t[-1]]
    here, there = path.at(t), exact.at(t)
    scale = np.maximum(np.abs(there.mu), there.T)[:, own.has_mu]
    off = deviation(here.mu[:, own.has_mu], there.mu[:, own.has_mu], scale)
    return Measurement(largest(deviation(here.T, there.T, there.T), off))


@_claim(
    "weak coupling",
    equation="Eqs. (2), (9)",
    reference="oqs.audit",
    tolerance=LARGEST_DOUBTFUL,
    claim="No assumption of the generator is unreliable at the T, mu given.",
)
def _audit(own: OwnSystem) -> Measurement:
    return _largest_ratio(own.audit_at_start)


@_claim(
    "weak coupling along the evolution",
    equation="Eqs. (2), (5)",
    reference="thermo.audit",
    tolerance=LARGEST_DOUBTFUL,
    claim="None becomes so along the evolution, quasi-stationarity included.",
)
def _audit_along(own: OwnSystem) -> Measurement:
    """Return the largest ratio along the evolution, line tails aside, which the detail gives.

    These and the secular row are compared with the flow, and near the end nothing flows. How
    large reservoirs are is no assumption of the generator: T, mu at t/(A V) do not depend on it.
    """
    audit = thermo.audit(own.path, own.any_model)
    apart = ("line tails", "secular", "continuum", "fluctuations")
    others = tuple(a for a in audit.assumptions if a.name not in apart)
    along = _largest_ratio(dataclasses.replace(audit, assumptions=others))
    tails = audit["line tails"]
    detail = f"{along.detail}; line tails {tails.ratio:.2g}: {tails.measure}"
    return dataclasses.replace(along, detail=detail)


def _largest_ratio(audit: oqs.Audit) -> Measurement:
    worst_one = max(audit.assumptions, key=lambda a: (a.verdict, a.ratio))
    remedy = "" if worst_one.verdict is oqs.Verdict.SOUND else f"; {worst_one.remedy}"
    return Measurement(worst_one.ratio, detail=f"{worst_one.name}: {worst_one.measure}{remedy}")
