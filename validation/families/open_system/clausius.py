"""Eqs. (3), (7) and (31)-(34): the second law of stationary flows, from the density matrix."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np

import oqs
from oqs.arguments import FloatArray
from validation.framework.bounds import within
from validation.framework.check import Measurement, check
from validation.framework.deviation import deviation, largest, over
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


@check(
    "Clausius inequality",
    equation="Eq. (3)",
    reference="sum_j Y_j/T_j <= 0 in every stationary state",
    tolerance=ROUNDING,
    claim="Stationary flows obey the second law: any channels, with and without interactions.",
)
@over(_every_kind)
def clausius(setting: Setting) -> float:
    """Return the largest sum_j Y_j/T_j over the gross exchange; negative where all obey.

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


@check(
    "equal chemical potentials",
    equation="Eq. (7)",
    reference="both sums of Eq. (7) <= 0, and equal to sum_j Y_j/T_j because sum_j Y_j = 0",
    tolerance=ROUNDING,
    claim="With equal mu the heat flows add up to zero and obey both forms of Eq. (7).",
)
@over(lambda rng: _every_kind(rng, 4))
def equal_potentials(given: Setting) -> float:
    """Return the largest sum of Eq. (7) and its distance from sum_j Y_j/T_j, over the gross."""
    # the same systems, their reservoirs sorted and set to one chemical potential
    setting = dataclasses.replace(given, T=np.sort(given.T), mu=np.full_like(given.mu, given.mu[0]))
    model = setting.model
    flows = oqs.flow_law(model)(setting.T, setting.mu)
    total = oqs.clausius_sum(flows, setting.T)
    sums = equal_potential_sums(flows, setting.T)
    # an energy balance off by 1 ulp of the gross energy enters times 1/T_1
    unit = np.sum(model.rates * np.abs(model.frequencies)) / setting.T[0]
    return largest(*sums, *(abs(s - float(total)) for s in sums)) / float(unit)


@check(
    "the paper's example of heat leaving the coldest",
    equation="Eq. (7)",
    reference="by hand: 1/10 - 5/20 + 20/60 - 16/70 = -19/420",
    # three additions of numbers below 2: 1e-15 is 5 eps
    tolerance=within(_BY_HAND, 1e-15),
    claim="Y = (1, -5, 20, -16) at T = (10, 20, 60, 70) is allowed, though the coldest one loses.",
)
def published_example() -> Measurement:
    """Return that of both sums of Eq. (7) and sum_j Y_j/T_j which is farthest from -19/420."""
    heat, T = np.array([1.0, -5.0, 20.0, -16.0]), np.array([10.0, 20.0, 60.0, 70.0])
    flows = oqs.Flows.of(np.zeros(4), heat, np.zeros(4))
    sums = np.array([*equal_potential_sums(flows, T), oqs.clausius_sum(flows, T)])
    farthest = sums[np.argmax(np.abs(sums - _BY_HAND))]
    return Measurement(farthest, detail=f"Y_1 = {flows.heat[0]:g} > 0, allowed with all mu equal")


@check(
    "excess occupation as hyperbolic sines",
    equation="Eq. (31)",
    reference="-(1/2) sum_q (gamma_q/sum gamma) sinh(nu_j - nu_q)/(cosh cosh) in 50 digits",
    tolerance=ROUNDING,
    claim="The flow through each mode from the density matrix is gamma_j times Eq. (31).",
)
@over(_independent)
def excess_occupations(setting: Setting) -> float:
    """Return the largest deviation of P_kj from gamma_j times Eq. (31), over sum_j gamma_j.

    Both from the density matrix and from the closed form; degenerate modes share one flow.
    """
    w = setting.levels
    gamma = setting.rates(w)
    expected = np.array(
        [
            gamma[:, k]
            * literal.excess_occupations(float(w[k]), gamma[:, k], setting.T, setting.mu)
            for k in range(len(w))
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


@check(
    "Clausius sum as a sum over pairs",
    equation="Eqs. (32)-(34)",
    reference="-(1/2) sum Gamma_kjq (nu_j - nu_q) sinh(nu_j - nu_q)/(cosh cosh) in 50 digits",
    tolerance=ROUNDING,
    claim="sum_j Y_j/T_j of the density matrix is the sum of Eq. (34), over modes and pairs.",
)
@over(_independent)
def pair_sum(setting: Setting) -> float:
    """Return the largest deviation of sum_j Y_j/T_j from Eq. (34), over the gross exchange.

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


@check(
    "no pair of reservoirs adds to the Clausius sum",
    equation="Eq. (34)",
    reference="x sinh x >= 0",
    tolerance=0.0,  # each term is a product of factors of known sign: rounding cannot turn it
    claim="No term of Eq. (34) is positive, and the flows through each mode obey the law alone.",
)
@over(_independent)
def every_pair(setting: Setting) -> float:
    """Return the largest term of Eq. (34) and of sum_j Y_kj/T_j of each mode, over the largest."""
    terms = _pair_terms(setting)
    pairs = terms[:, ~np.eye(len(setting.T), dtype=bool)]  # j = q adds exactly 0
    closed = oqs.closed_form(setting.quadratic, setting.contacts)
    by_mode = oqs.clausius_sum(closed.spectral(setting.T, setting.mu), setting.T)
    return largest(*pairs.ravel(), *by_mode) / float(np.max(np.abs(pairs)))


def _pair_terms(setting: Setting) -> FloatArray:
    """Return the terms (N, n, n) of Eq. (34)."""
    w = setting.levels
    gamma = setting.rates(w)
    return np.array(
        [
            literal.clausius_terms(float(w[k]), gamma[:, k], setting.T, setting.mu)
            for k in range(len(w))
        ]
    )
