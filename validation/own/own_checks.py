"""The checks that apply to a user's own system: what `python -m validation my.toml` runs."""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Callable, Iterator

import numpy as np

import oqs
import thermo
from oqs.flows import KINDS
from oqs.validity.verdict import LARGEST_DOUBTFUL
from validation.families.open_system.degenerate import exact_methods
from validation.framework.check import Body, Check, DoesNotApply, Measurement, Outcome
from validation.framework.claim import claim
from validation.framework.deviation import deviation, largest
from validation.own.own_system import ROUTES, OwnSystem

_SECOND_LAW = 1e-12  # of the gross entropy flow: rounding about a reversible point
_DYING = 1e-6  # the same where flows die out, differences of much larger rates
_SAMPLES = 60
_SUPEROPERATORS = 2**5  # states up to which D_j is built as a superoperator
_EVERY_ELEMENT = 2**6  # states up to which all matrix elements are solved for
_DENSE = 2**10  # states up to which the trajectory is run a second time

_CHECKS: list[Callable[[OwnSystem], Check]] = []


def checks_of(own: OwnSystem) -> tuple[Check, ...]:
    """Return the checks of a user's system; one that does not apply says why when it runs."""
    return tuple(made(own) for made in _CHECKS)


def _claim(equation: str, reference: str, tolerance: float) -> Callable[[Body], Body]:
    """List a check of the family `own_system`, as `claim`, by what measures it on a system."""

    def decorate(measure: Body) -> Body:
        random = "rng" in inspect.signature(measure).parameters

        def made(own: OwnSystem) -> Check:
            def body(rng: np.random.Generator) -> Outcome:
                return measure(own, rng) if random else measure(own)

            body.__name__, body.__doc__ = measure.__name__, measure.__doc__
            body.__module__ = OwnSystem.__module__
            return claim(equation, reference, tolerance)(body)

        _CHECKS.append(made)
        return measure

    return decorate


@_claim("Eq. (10)", "oqs.closed_form", ROUTES)
def closed_form(own: OwnSystem) -> Iterator[tuple[str, float]]:
    """Flows P, J, Y from the density matrix are those of the closed form."""
    return _compared(own, {"": own.exact(own.contact_T, own.contact_mu)})


def _compared(own: OwnSystem, others: dict[str, oqs.Flows]) -> Iterator[tuple[str, float]]:
    """Yield the deviations of P, J, Y of other flows, by name, from the system's own."""
    for name, flows in others.items():
        for kind, scale in own.scales().items():
            off = deviation(getattr(flows, kind), getattr(own.flows, kind), scale)
            yield f"{name}{kind}", off


@_claim("Eq. (2)", "oqs.gaussian_law", ROUTES)
def covariance_matrix(own: OwnSystem) -> Iterator[tuple[str, float]]:
    """They are those of the stationary covariance matrix."""
    system = own.system
    if not isinstance(system, oqs.QuadraticBosons):
        if not isinstance(system, oqs.QuadraticSystem) or own.not_quadratic:
            raise DoesNotApply(f"no covariance matrix: the system has {own.not_quadratic}")
        _ = own.model
    law = oqs.gaussian_law(system, own.contacts)
    return _compared(own, {"": law(own.contact_T, own.contact_mu)})


@_claim("Eq. (2)", "oqs.ZeroFrequencyBlock, oqs.FullLiouvillian", ROUTES)
def other_solvers(own: OwnSystem) -> Iterator[tuple[str, float]]:
    """Every solver that is exact for the system gives the same flows."""
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


@_claim("Eq. (4)", "sum_j P_j = sum_j J_j = 0", ROUTES)
def balance(own: OwnSystem) -> Iterator[tuple[str, float]]:
    """What one reservoir loses the others gain."""
    for kind in ("particle", "energy"):
        yield kind, abs(math.fsum(getattr(own.flows, kind))) / own.scales()[kind]


@_claim("Eq. (9)", "Kubo-Martin-Schwinger condition", 1e-12)
def detailed_balance(own: OwnSystem) -> Measurement:
    """Rates up and down differ by exp(-(w - mu_j)/T_j)."""
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


@_claim("Eq. (14)", "D_j[rho_j] = 0", 1e-12)
def local_Gibbs_states(own: OwnSystem) -> Iterator[tuple[str, float]]:
    """Each reservoir alone leaves its own Gibbs state unchanged."""
    own.require_second_law()
    model, T, mu = own.model, own.contact_T, own.contact_mu
    if own.states > _SUPEROPERATORS:
        raise DoesNotApply(f"D_j would be a matrix of {own.states}^2 rows")
    for j, contact in enumerate(own.contacts):
        gibbs = oqs.gibbs_state(model.system, T[j], mu[j]).full().ravel("F")
        dissipator = model.dissipator(j, T, mu).data_as("csr_matrix")
        gross = float(np.max(abs(dissipator) @ np.abs(gibbs)))
        change = float(np.max(np.abs(dissipator @ gibbs)))
        # 0: a contact of rate 0 at every level
        yield contact.label(j), change / gross if gross else 0.0


@_claim("Eq. (3)", "sum_j Y_j/T_j <= 0", _SECOND_LAW)
def Clausius(own: OwnSystem) -> Measurement:
    """The second law holds at the T, mu given."""
    own.require_second_law()
    flows = own.whole_law(own.T, own.mu)
    return Measurement(own.clausius_ratio(flows, own.T, own.mu, _SECOND_LAW))


@_claim("Eq. (3)", "sum_j Y_j/T_j <= 0", _SECOND_LAW)
def Clausius_around(own: OwnSystem, rng: np.random.Generator) -> Measurement:
    """It holds at random T, mu around them."""
    own.require_second_law()

    def measure() -> float:
        T = own.T * np.exp(rng.uniform(-1, 1, len(own.T)))
        width = np.ptp(own.mu) + np.max(own.T)
        mu = own.mu + width * rng.uniform(-1, 1, len(own.T)) * own.has_mu
        return own.clausius_ratio(own.whole_law(T, mu), T, mu, _SECOND_LAW)

    ratios = [measure() for _ in range(_SAMPLES)]
    return Measurement(largest(ratios), detail=f"{_SAMPLES} random T, mu")


@_claim("Eq. (3)", "sum_j Y_j/T_j <= 0", _DYING)
def Clausius_along_the_evolution(own: OwnSystem) -> Measurement:
    """It holds all along the evolution of the reservoirs."""
    own.require_second_law()
    path = own.path
    kinds = [getattr(path.flows, kind) for kind in KINDS]
    ratios = [
        own.clausius_ratio(oqs.Flows(*flows), T, mu, _DYING)
        for *flows, T, mu in zip(*kinds, path.T, np.nan_to_num(path.mu), strict=True)
    ]
    return Measurement(largest(ratios), detail=f"{len(ratios)} times")


@_claim("Eqs. (3), (5)", "sum_j S_j before", 1e-12)
def entropy_grows(own: OwnSystem) -> Measurement:
    """The total entropy of the reservoirs never falls along the evolution."""
    own.require_second_law()
    total = own.path.entropy.sum(axis=1)
    fall = largest(0.0, *-np.diff(total))
    return Measurement(fall / largest(np.abs(total)), detail=f"{len(total)} times")


@_claim("Eqs. (4), (6)", "sum_j N_j, sum_j E_j at the start", 1e-9)
def conservation(own: OwnSystem) -> Iterator[tuple[str, float]]:
    """Particles and energy are kept along the evolution."""
    yield from zip(("N", "E"), own.path.conservation, strict=True)


@_claim("Eq. (6)", "thermo.equilibrium", 1e-5)
def equilibrium(own: OwnSystem) -> Measurement:
    """The evolution ends at the T, mu that the totals of N and E fix."""
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
    return Measurement(largest(np.abs(path.T[-1] / goal.T - 1), *away), detail=detail)


@_claim("Eqs. (4), (10)", "the evolution driven by Eq. (10)", 1e-8)
def two_drivers(own: OwnSystem) -> Measurement:
    """Density matrix and closed form drive the same evolution."""
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


@_claim("Eqs. (2), (9)", "oqs.audit", LARGEST_DOUBTFUL)
def weak_coupling(own: OwnSystem) -> Measurement:
    """No assumption of the generator is unreliable at the T, mu given."""
    return _largest_ratio(own.audit_at_start)


@_claim("Eqs. (2), (5)", "thermo.audit", LARGEST_DOUBTFUL)
def weak_coupling_along_the_evolution(own: OwnSystem) -> Measurement:
    """None becomes so along the evolution, quasi-stationarity included.

    Line tails, which the detail gives, and the secular row are compared with the flow, and near the
    end nothing flows. How large reservoirs are is no assumption of the generator: T, mu at t/(A V)
    do not depend on it.
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
