"""Eqs. (5), (11), (19)-(25): equations of state of a reservoir, and the rates they give."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import scipy.integrate
from scipy.special import expit

import thermo
from oqs.arguments import FloatArray
from thermo.gases import sommerfeld_d, sommerfeld_q
from validation.framework.bounds import within
from validation.framework.check import check
from validation.framework.deviation import deviation, worst_of

_PI2 = math.pi**2
_SAMPLES = 40


def _states(rng: np.random.Generator, count: int) -> list[tuple[float, FloatArray, FloatArray]]:
    """Return `count` triples of alpha, T, mu where the truncated gas is meant: 8 < mu/T < 60."""
    T = 10 ** rng.uniform(-2, 2, count)
    return list(
        zip(rng.uniform(0.5, 3.0, count).tolist(), T, T * rng.uniform(8, 60, count), strict=True)
    )


@check(
    "truncated gas as printed",
    equation="Eqs. (19)-(21)",
    reference="N and E of the Sommerfeld expansion, term by term",
    tolerance=1e-13,
    claim="SommerfeldGas holds the truncated N and E for any alpha.",
)
@worst_of
def truncated_gas(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Yield the relative deviations of N and E."""
    for a, t, m in _states(rng, _SAMPLES):
        gas = thermo.SommerfeldGas(a)
        number = m**a / a + _PI2 / 6 * (a - 1) * m ** (a - 2) * t**2
        energy = m ** (a + 1) / (a + 1) + _PI2 / 6 * a * m ** (a - 1) * t**2
        yield f"N of {gas}", deviation(gas.number(t, m), number)
        yield f"E of {gas}", deviation(gas.energy(t, m), energy)


@check(
    "truncation error",
    equation="Eqs. (19)-(21)",
    reference="the next term of the expansion: -1.7e-5 of N at alpha = 3/2, mu/T = 16",
    tolerance=within(-1.7e-5, 0.1e-5),
    claim="The truncated gas falls short of the exact one by the first omitted term.",
)
def truncation_error() -> float:
    """Return N of the truncated gas over N of the exact one, minus 1."""
    truncated, exact = (
        float(gas.number(1.0, 16.0))
        for gas in (thermo.SommerfeldGas(1.5), thermo.FermiDiracGas(1.5))
    )
    return truncated / exact - 1


@check(
    "exact gas by quadrature",
    equation="Eq. (19)",
    reference="integrals of eps^(alpha-1) n(eps) and eps^alpha n(eps) by adaptive quadrature",
    tolerance=1e-9,  # of the quadrature
    claim="FermiDiracGas holds N and E of the ideal gas, degenerate or dilute.",
)
@worst_of
def exact_gas(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Yield the relative deviations of N and E."""
    for _ in range(_SAMPLES // 4):
        a, x, t = rng.uniform(0.5, 3.0), rng.uniform(-20, 40), 10 ** rng.uniform(-1, 1)
        gas = thermo.FermiDiracGas(float(a))
        for power, value in ((a - 1, gas.number(t, x * t)), (a, gas.energy(t, x * t))):
            # e = u^2 takes the root at the bottom of the band away
            integral, _ = scipy.integrate.quad(
                lambda u, power=power, x=x: 2 * u ** (2 * power + 1) * expit(x - u * u),
                0.0,
                math.sqrt(max(x, 0.0) + 60.0),
                points=[math.sqrt(x)] if x > 0 else None,
                epsabs=0.0,
                epsrel=1e-11,
                limit=400,
            )
            yield f"{gas}, mu/T = {x:.3g}", abs(float(value) / (t ** (power + 1) * integral) - 1)


@check(
    "thermodynamics of every gas",
    equation="Eqs. (5), (20), (21)",
    reference="T dS = dE - mu dN, by differences of N, E and S",
    tolerance=1e-7,  # of the central differences
    claim="Entropy and Jacobian belong to N and E.",
)
@worst_of
def thermodynamics(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Yield the relative deviations of the Jacobian and of T dS - dE + mu dN."""
    for a, t, m in _states(rng, _SAMPLES // 4):
        for gas in (thermo.SommerfeldGas(a), thermo.FermiDiracGas(a)):
            h = 1e-5 * t
            steps = ((h, 0.0), (0.0, h))
            numbers, energies, entropies = (
                np.array([(f(t + u, m + v) - f(t - u, m - v)) / (2 * h) for u, v in steps])
                for f in (gas.number, gas.energy, gas.entropy)
            )
            jacobian = gas.jacobian(t, m)
            scale = np.abs(jacobian).max(axis=1)
            yield f"dN of {gas}", deviation(jacobian[0], numbers, scale[0])
            yield f"dE of {gas}", deviation(jacobian[1], energies, scale[1])
            yield f"T dS of {gas}", deviation(t * entropies, energies - m * numbers, scale[1])


@check(
    "rates of T and mu",
    equation="Eq. (5)",
    reference="minus the inverse Jacobian of N and E times (P, J)",
    tolerance=1e-9,  # cancellation in the determinant, (mu/T)^2 eps, and in J - mu P
    claim="dT/dt and dmu/dt solve the two equations of Eq. (5) for any gas.",
)
@worst_of
def rates_of_any_gas(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Yield the deviations, relative to the rate."""
    for a, t, m in _states(rng, _SAMPLES):
        p, y = rng.normal(size=2)
        for gas in (thermo.SommerfeldGas(a), thermo.FermiDiracGas(a)):
            jacobian = gas.jacobian(t, m)
            measured = thermo.reservoir_rates(jacobian, t, m, p, t * y)
            exact = np.linalg.solve(jacobian, [-p, -(t * y + m * p)])
            yield f"{gas}", deviation(measured, exact)


@check(
    "rates of the truncated gas",
    equation="Eqs. (11), (24), (25)",
    reference="Eq. (5) with the Jacobian of Eqs. (20), (21)",
    tolerance=1e-10,  # parts of relative size mu/T cancel in T P Q_a - J Q_(a-1)
    claim="The closed forms of dT/dt and dx/dt are Eq. (5) of the truncated gas.",
)
@worst_of
def rates_of_truncated_gas(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Yield the largest deviations of dT/dt, dmu/dt and dx/dt, relative to the largest term."""
    for a, t, m in _states(rng, _SAMPLES):
        p, y = rng.normal(size=2)
        energy = t * y + m * p
        closed = thermo.sommerfeld_rates(a, 1.0, t, m, p, energy)
        gas = thermo.SommerfeldGas(a)
        warming, rising = thermo.reservoir_rates(gas.jacobian(t, m), t, m, p, t * y)
        ratio = (rising - m / t * warming) / t
        size = (abs(warming), abs(rising) + abs(warming), (abs(rising) + abs(m / t * warming)) / t)
        measured = (closed.temperature, closed.potential, closed.ratio)
        yield f"{gas}", deviation(measured, (warming, rising, ratio), size)


@check(
    "determinant of the truncated Jacobian",
    equation="Eqs. (22), (23)",
    reference="Q_(a-1) Q_(a+1) - Q_a^2 = (pi^2/3) D",
    tolerance=1e-11,  # the left side cancels to 1/x^2 of its terms
    claim="Eqs. (24), (25) are the exact inverse of the truncated Jacobian.",
)
@worst_of
def determinant(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Yield the deviations, relative to D."""
    x = rng.uniform(4, 60, _SAMPLES)
    for a in rng.uniform(0.5, 3.0, 10).tolist():
        left = sommerfeld_q(a - 1, x) * sommerfeld_q(a + 1, x) - sommerfeld_q(a, x) ** 2
        right = _PI2 / 3 * sommerfeld_d(a, x)
        yield f"alpha = {a:.3g}", deviation(left, right, np.abs(right))
