"""Eqs. (3), (7) and (31)-(34): the second law of stationary flows, from the density matrix."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np

import oqs
from oqs.arguments import FloatArray
from validation.framework.bounds import within
from validation.framework.claim import claim
from validation.framework.deviation import deviation, largest
from validation.references import literal
from validation.systems import random_systems
from validation.systems.settings import Setting, published

# Relative to the gross exchange, sum_jk gamma_j |w_k - mu_j| / T_j, which cancels in the sums.
# Occupations inherit the rounding of (w - mu)/T, at most eps w/T = 215 eps = 5e-14 in Fig. 4; the
# solvers leave a few hundred eps of the gross rates.
ROUNDING = 1e-12

_BY_HAND = -19 / 420  # 1/10 - 5/20 + 20/60 - 16/70


def _every_kind(rng: np.random.Generator, part: int = 1) -> Iterator[Setting]:
    """Yield systems of each kind, fewer where they cost more, and the five figures: 1055 in all."""
    samples = random_systems.mixed(
        rng,
        independent=600 // part,
        distinct=300 // part,
        collective=50 // part,
        with_interactions=100 // part,
    )
    return itertools.chain(samples, published())


def _independent(rng: np.random.Generator) -> Iterator[Setting]:
    return itertools.chain(random_systems.independent_baths(rng, 60), published())


def _gross(setting: Setting, model: oqs.DaviesModel) -> float:
    """Return sum_jk gamma_j(w_k) |w_k - mu_j| / T_j."""
    x = (model.frequencies - setting.mu[:, None]) / setting.T[:, None]
    return float(np.sum(model.rates * np.abs(x)))


@claim("Eq. (3)", "sum_j Y_j/T_j <= 0 in every stationary state", ROUNDING, over=_every_kind)
def Clausius_inequality(setting: Setting) -> float:
    """Stationary flows obey the second law: any channels, with and without interactions.

    By the solver that is taken for the system, and by that of the zero-frequency block.
    """
    model = setting.model
    laws = [oqs.flow_law(model, method=method) for method in (None, oqs.ZeroFrequencyBlock())]
    sums = [float(oqs.clausius_sum(law(setting.T, setting.mu), setting.T)) for law in laws]
    return max(sums) / _gross(setting, model)


def equal_potential_sums(flows: oqs.Flows, T: FloatArray) -> tuple[float, float]:
    """Return both sums of Eq. (7), which take T_1 (lowest) and T_n (highest) out.

    sum_{j>=2} Y_j (1/T_j - 1/T_1) and sum_{j<n} Y_j (1/T_j - 1/T_n), for T ascending.
    """
    heat = flows.heat
    coldest = float(np.sum(heat[1:] * (1 / T[1:] - 1 / T[0])))
    hottest = float(np.sum(heat[:-1] * (1 / T[:-1] - 1 / T[-1])))
    return coldest, hottest


@claim(
    "Eq. (7)",
    "both sums of Eq. (7) <= 0, and equal to sum_j Y_j/T_j because sum_j Y_j = 0",
    ROUNDING,
    over=lambda rng: _every_kind(rng, 4),
)
def equal_chemical_potentials(given: Setting) -> float:
    """With equal mu the heat flows add up to zero and obey both forms of Eq. (7)."""
    # the same systems, their reservoirs sorted and set to one chemical potential
    setting = dataclasses.replace(given, T=np.sort(given.T), mu=np.full_like(given.mu, given.mu[0]))
    model = setting.model
    flows = oqs.flow_law(model)(setting.T, setting.mu)
    total = oqs.clausius_sum(flows, setting.T)
    sums = equal_potential_sums(flows, setting.T)
    # an energy balance off by 1 ulp of the gross energy enters times 1/T_1
    unit = np.sum(model.rates * np.abs(model.frequencies)) / setting.T[0]
    return largest(*sums, *(abs(s - float(total)) for s in sums)) / float(unit)


# tolerance: three additions of numbers below 2: 1e-15 is 5 eps
@claim(
    "Eq. (7)",
    "by hand: 1/10 - 5/20 + 20/60 - 16/70 = -19/420",
    within(_BY_HAND, 1e-15),
    name="the paper's example of heat leaving the coldest",
)
def published_example() -> Iterator[tuple[str, float]]:
    """Y = (1, -5, 20, -16) at T = (10, 20, 60, 70) is allowed, though the coldest one loses."""
    heat, T = np.array([1.0, -5.0, 20.0, -16.0]), np.array([10.0, 20.0, 60.0, 70.0])
    flows = oqs.Flows.of(np.zeros(4), heat, np.zeros(4))
    coldest, hottest = equal_potential_sums(flows, T)
    yield "without T_1", coldest
    yield "without T_n", hottest
    yield "all", float(oqs.clausius_sum(flows, T))


@claim(
    "Eq. (31)",
    "-(1/2) sum_q (gamma_q/sum gamma) sinh(nu_j - nu_q)/(cosh cosh) in 50 digits",
    ROUNDING,
    over=_independent,
)
def excess_occupation_as_hyperbolic_sines(setting: Setting) -> float:
    """The flow through each mode from the density matrix is gamma_j times Eq. (31).

    Measured both from the density matrix and from the closed form; degenerate modes share one flow.
    """
    w = setting.levels
    gamma = setting.rates(w)
    expected = np.array(
        [
            rates * literal.excess_occupations(frequency, rates, setting.T, setting.mu)
            for frequency, rates in zip(w.tolist(), gamma.T, strict=True)
        ]
    )
    closed = oqs.closed_form(setting.quadratic, setting.contacts)
    model = setting.model
    measured = oqs.flow_law(model).spectral(setting.T, setting.mu).particle
    level = np.argmin(np.abs(w[:, None] - model.frequencies), axis=1)
    by_level = np.zeros_like(measured)
    np.add.at(by_level, level, expected)
    return largest(
        deviation(measured, by_level, scale=np.sum(gamma)),
        deviation(closed.spectral(setting.T, setting.mu).particle, expected, scale=np.sum(gamma)),
    )


@claim(
    "Eqs. (32)-(34)",
    "-(1/2) sum Gamma_kjq (nu_j - nu_q) sinh(nu_j - nu_q)/(cosh cosh) in 50 digits",
    ROUNDING,
    over=_independent,
)
def Clausius_sum_as_a_sum_over_pairs(setting: Setting) -> float:
    """sum_j Y_j/T_j of the density matrix is the sum of Eq. (34), over modes and pairs.

    The closed form's own evaluation of Eq. (34) is held to its relative precision.
    """
    expected = float(np.sum(_pair_terms(setting)))
    model = setting.model
    flows = oqs.flow_law(model)(setting.T, setting.mu)
    closed = oqs.closed_form(setting.quadratic, setting.contacts)
    measured = closed.clausius_sum(setting.T, setting.mu)
    total = oqs.clausius_sum(flows, setting.T)
    return largest(
        abs(float(total) - expected) / _gross(setting, model),
        abs(float(measured) / expected - 1),
    )


# tolerance: each term is a product of factors of known sign: rounding cannot turn it
@claim("Eq. (34)", "x sinh x >= 0", 0.0, over=_independent)
def no_pair_of_reservoirs_adds_to_the_Clausius_sum(setting: Setting) -> float:
    """No term of Eq. (34) is positive, and the flows through each mode obey the law alone."""
    terms = _pair_terms(setting)
    pairs = terms[:, ~np.eye(len(setting.T), dtype=bool)]  # j = q adds exactly 0
    closed = oqs.closed_form(setting.quadratic, setting.contacts)
    by_mode = oqs.clausius_sum(closed.spectral(setting.T, setting.mu), setting.T)
    return largest(*pairs.ravel(), *by_mode) / float(np.max(np.abs(pairs)))


def _pair_terms(setting: Setting) -> FloatArray:
    """Return the terms (N, n, n) of Eq. (34)."""
    w = setting.levels
    modes = zip(w.tolist(), setting.rates(w).T, strict=True)
    return np.array([literal.clausius_terms(*mode, setting.T, setting.mu) for mode in modes])
