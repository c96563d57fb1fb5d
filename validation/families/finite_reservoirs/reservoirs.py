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
from validation.framework.claim import claim
from validation.framework.deviation import deviation

_PI2 = math.pi**2
_SAMPLES = 40


def _states(rng: np.random.Generator, count: int) -> list[tuple[float, FloatArray, FloatArray]]:
    """Return `count` triples of alpha, T, mu where the truncated gas is meant: 8 < mu/T < 60."""
    T = 10 ** rng.uniform(-2, 2, count)
    return list(
        zip(rng.uniform(0.5, 3.0, count).tolist(), T, T * rng.uniform(8, 60, count), strict=True)
    )


@claim("Eqs. (19)-(21)", "N and E of the Sommerfeld expansion, term by term", 1e-13)
def truncated_gas_as_printed(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """SommerfeldGas holds the truncated N and E for any alpha."""
    for a, t, m in _states(rng, _SAMPLES):
        gas = thermo.SommerfeldGas(a)
        number = m**a / a + _PI2 / 6 * (a - 1) * m ** (a - 2) * t**2
        energy = m ** (a + 1) / (a + 1) + _PI2 / 6 * a * m ** (a - 1) * t**2
        yield f"N of {gas}", deviation(gas.number(t, m), number)
        yield f"E of {gas}", deviation(gas.energy(t, m), energy)


@claim(
    "Eqs. (19)-(21)",
    "the next term of the expansion: -1.7e-5 of N at alpha = 3/2, mu/T = 16",
    within(-1.7e-5, 0.1e-5),
)
def truncation_error() -> float:
    """The truncated gas falls short of the exact one by the first omitted term."""
    truncated, exact = (
        float(gas.number(1.0, 16.0))
        for gas in (thermo.SommerfeldGas(1.5), thermo.FermiDiracGas(1.5))
    )
    return truncated / exact - 1


# tolerance: of the quadrature
@claim(
    "Eq. (19)",
    "integrals of eps^(alpha-1) n(eps) and eps^alpha n(eps) by adaptive quadrature",
    1e-9,
)
def exact_gas_by_quadrature(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """FermiDiracGas holds N and E of the ideal gas, degenerate or dilute."""
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


# tolerance: of the central differences
@claim("Eqs. (5), (20), (21)", "T dS = dE - mu dN, by differences of N, E and S", 1e-7)
def thermodynamics_of_every_gas(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Entropy and Jacobian belong to N and E."""
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


# tolerance: cancellation in the determinant, (mu/T)^2 eps, and in J - mu P
@claim("Eq. (5)", "minus the inverse Jacobian of N and E times (P, J)", 1e-9)
def rates_of_T_and_mu(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """dT/dt and dmu/dt solve the two equations of Eq. (5) for any gas."""
    for a, t, m in _states(rng, _SAMPLES):
        p, y = rng.normal(size=2)
        for gas in (thermo.SommerfeldGas(a), thermo.FermiDiracGas(a)):
            jacobian = gas.jacobian(t, m)
            measured = thermo.reservoir_rates(jacobian, t, m, p, t * y)
            exact = np.linalg.solve(jacobian, [-p, -(t * y + m * p)])
            yield f"{gas}", deviation(measured, exact)


# tolerance: parts of relative size mu/T cancel in T P Q_a - J Q_(a-1)
@claim("Eqs. (11), (24), (25)", "Eq. (5) with the Jacobian of Eqs. (20), (21)", 1e-10)
def rates_of_the_truncated_gas(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """The closed forms of dT/dt and dx/dt are Eq. (5) of the truncated gas."""
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


# tolerance: the left side cancels to 1/x^2 of its terms
@claim("Eqs. (22), (23)", "Q_(a-1) Q_(a+1) - Q_a^2 = (pi^2/3) D", 1e-11)
def determinant_of_the_truncated_Jacobian(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Eqs. (24), (25) are the exact inverse of the truncated Jacobian."""
    x = rng.uniform(4, 60, _SAMPLES)
    for a in rng.uniform(0.5, 3.0, 10).tolist():
        left = sommerfeld_q(a - 1, x) * sommerfeld_q(a + 1, x) - sommerfeld_q(a, x) ** 2
        right = _PI2 / 3 * sommerfeld_d(a, x)
        yield f"alpha = {a:.3g}", deviation(left, right, np.abs(right))
