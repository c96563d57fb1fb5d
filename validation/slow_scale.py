"""Eqs. (4)-(6), (11), (19)-(29): equations of state, the slow equations, the equilibrium."""

from __future__ import annotations

import functools
import math

import numpy as np
import scipy.integrate
from scipy.special import expit

import oqs
import thermo
from oqs.arguments import FloatArray
from thermo.gases import sommerfeld_d, sommerfeld_q
from validation.bounds import at_least, within
from validation.cases import FIGURE_1, FIGURE_2, Case
from validation.check import Measurement, check

_PI2 = math.pi**2
_SAMPLES = 40
_CAPACITIES = (10.0, 100.0, 1000.0)


def _states(rng: np.random.Generator, count: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return alpha, T, mu (count,) where the truncated gas is meant: 8 < mu/T < 60."""
    T = 10 ** rng.uniform(-2, 2, count)
    return rng.uniform(0.5, 3.0, count), T, T * rng.uniform(8, 60, count)


@check(
    "truncated gas as printed",
    equation="Eqs. (19)-(21)",
    reference="N and E of the Sommerfeld expansion, term by term",
    tolerance=1e-13,
    claim="SommerfeldGas holds the truncated N and E for any alpha.",
)
def truncated_gas(rng: np.random.Generator) -> float:
    """Return the largest relative deviation of N or E."""
    worst = 0.0
    for a, t, m in zip(*_states(rng, _SAMPLES), strict=True):
        gas = thermo.SommerfeldGas(float(a))
        number = m**a / a + _PI2 / 6 * (a - 1) * m ** (a - 2) * t**2
        energy = m ** (a + 1) / (a + 1) + _PI2 / 6 * a * m ** (a - 1) * t**2
        worst = max(worst, abs(float(gas.number(t, m)) / number - 1))
        worst = max(worst, abs(float(gas.energy(t, m)) / energy - 1))
    return worst


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
def exact_gas(rng: np.random.Generator) -> float:
    """Return the largest relative deviation of N or E."""
    worst = 0.0
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
            worst = max(worst, abs(float(value) / (t ** (power + 1) * integral) - 1))
    return worst


@check(
    "thermodynamics of every gas",
    equation="Eqs. (5), (20), (21)",
    reference="T dS = dE - mu dN, by differences of N, E and S",
    tolerance=1e-7,  # of the central differences
    claim="Entropy and Jacobian belong to N and E.",
)
def thermodynamics(rng: np.random.Generator) -> float:
    """Return the largest relative deviation of the Jacobian or of T dS - dE + mu dN."""
    worst = 0.0
    for a, t, m in zip(*_states(rng, _SAMPLES // 4), strict=True):
        for gas in (thermo.SommerfeldGas(float(a)), thermo.FermiDiracGas(float(a))):
            h = 1e-5 * t
            steps = ((h, 0.0), (0.0, h))
            numbers, energies, entropies = (
                np.array([(f(t + u, m + v) - f(t - u, m - v)) / (2 * h) for u, v in steps])
                for f in (gas.number, gas.energy, gas.entropy)
            )
            jacobian = gas.jacobian(t, m)
            scale = np.abs(jacobian).max(axis=1)
            worst = max(worst, float(np.max(np.abs(jacobian[0] - numbers)) / scale[0]))
            worst = max(worst, float(np.max(np.abs(jacobian[1] - energies)) / scale[1]))
            first_law = t * entropies - energies + m * numbers
            worst = max(worst, float(np.max(np.abs(first_law)) / scale[1]))
    return worst


@check(
    "what a reservoir loses",
    equation="Eq. (4)",
    reference="dN_j/dt = -P_j and dE_j/dt = -J_j at the momentary flows",
    tolerance=1e-6,  # of the central differences of the trajectory
    claim="Along an evolution N_j and E_j change by the flows.",
)
def balance_along_a_run() -> float:
    """Return the largest deviation of dN/dt or dE/dt, relative to the largest flow then."""
    system, contacts = FIGURE_1.system(), FIGURE_1.contacts()
    law = oqs.closed_form(system, contacts)
    group = thermo.Reservoirs(FIGURE_1.reservoirs())
    run = thermo.evolve(law, group, FIGURE_1.T, FIGURE_1.mu, events=False, progress=False)
    worst = 0.0
    for t in np.geomspace(1e3, 1e7, 12):
        before, now, after = (run.at(t * (1 + s)) for s in (-1e-4, 0.0, 1e-4))
        flows = law(now.T, now.mu)
        for f, flow in ((group.number, flows.particle), (group.energy, flows.energy)):
            slope = (f(after.T, after.mu) - f(before.T, before.mu)) / (2e-4 * t)
            worst = max(worst, float(np.max(np.abs(slope + flow)) / np.max(np.abs(flow))))
    return worst


@check(
    "rates of T and mu",
    equation="Eq. (5)",
    reference="minus the inverse Jacobian of N and E times (P, J)",
    tolerance=1e-9,  # cancellation in the determinant, (mu/T)^2 eps, and in J - mu P
    claim="dT/dt and dmu/dt solve the two equations of Eq. (5) for any gas.",
)
def rates_of_any_gas(rng: np.random.Generator) -> float:
    """Return the largest deviation, relative to the rate."""
    worst = 0.0
    for a, t, m in zip(*_states(rng, _SAMPLES), strict=True):
        p, y = rng.normal(size=2)
        for gas in (thermo.SommerfeldGas(float(a)), thermo.FermiDiracGas(float(a))):
            jacobian = gas.jacobian(t, m)
            found = thermo.reservoir_rates(jacobian, t, m, p, t * y)
            exact = np.linalg.solve(jacobian, [-p, -(t * y + m * p)])
            worst = max(worst, float(np.max(np.abs(np.array(found) - exact) / np.abs(exact).max())))
    return worst


@check(
    "rates of the truncated gas",
    equation="Eqs. (11), (24), (25)",
    reference="Eq. (5) with the Jacobian of Eqs. (20), (21)",
    tolerance=1e-10,  # parts of relative size mu/T cancel in T P Q_a - J Q_(a-1)
    claim="The closed forms of dT/dt and dx/dt are Eq. (5) of the truncated gas.",
)
def rates_of_truncated_gas(rng: np.random.Generator) -> float:
    """Return the largest deviation of dT/dt, dmu/dt or dx/dt, relative to the largest term."""
    worst = 0.0
    for a, t, m in zip(*_states(rng, _SAMPLES), strict=True):
        p, y = rng.normal(size=2)
        energy = t * y + m * p
        closed = thermo.sommerfeld_rates(float(a), 1.0, t, m, p, energy)
        gas = thermo.SommerfeldGas(float(a))
        warming, rising = thermo.reservoir_rates(gas.jacobian(t, m), t, m, p, t * y)
        ratio = (rising - m / t * warming) / t
        size = (abs(warming), abs(rising) + abs(warming), (abs(rising) + abs(m / t * warming)) / t)
        exact = (warming, rising, ratio)
        found = (closed.temperature, closed.potential, closed.ratio)
        terms = zip(found, exact, size, strict=True)
        worst = max(worst, *(abs(float(f - e)) / float(s) for f, e, s in terms))
    return worst


@check(
    "determinant of the truncated Jacobian",
    equation="Eqs. (22), (23)",
    reference="Q_(a-1) Q_(a+1) - Q_a^2 = (pi^2/3) D",
    tolerance=1e-11,  # the left side cancels to 1/x^2 of its terms
    claim="Eqs. (24), (25) are the exact inverse of the truncated Jacobian.",
)
def determinant(rng: np.random.Generator) -> float:
    """Return the largest deviation, relative to D."""
    x = rng.uniform(4, 60, _SAMPLES)
    worst = 0.0
    for a in rng.uniform(0.5, 3.0, 10).tolist():
        left = sommerfeld_q(a - 1, x) * sommerfeld_q(a + 1, x) - sommerfeld_q(a, x) ** 2
        worst = max(worst, float(np.max(np.abs(left / (_PI2 / 3 * sommerfeld_d(a, x)) - 1))))
    return worst


@check(
    "equilibrium keeps the totals",
    equation="Eq. (6)",
    reference="sum_j N_j and sum_j E_j before and at equilibrium",
    tolerance=1e-11,
    claim="One T and mu hold all particles and energy, for any mix of gases and capacities.",
)
def equilibrium_totals(rng: np.random.Generator) -> float:
    """Return the largest relative difference of a total."""
    worst = 0.0
    for _ in range(_SAMPLES // 4):
        n = int(rng.integers(1, 6))
        group = thermo.Reservoirs(
            thermo.Reservoir(
                thermo.FermiDiracGas(float(rng.uniform(0.5, 3.0))), float(10 ** rng.uniform(-2, 2))
            )
            for _ in range(n)
        )
        T, mu = rng.uniform(0.2, 2.0, n), rng.uniform(-3.0, 20.0, n)
        found = thermo.equilibrium(group, T, mu)
        at = np.full(n, found.T), np.full(n, found.mu)
        for f in (group.number, group.energy):
            worst = max(worst, abs(float(f(*at).sum() / f(T, mu).sum()) - 1))
    return worst


@check(
    "equilibrium of a constant density of states",
    equation="Eqs. (26)-(29)",
    reference="mu_eq = <mu>, T_eq^2 = <T^2> + 3 (<mu^2> - <mu>^2)/pi^2, written out",
    tolerance=1e-12,
    claim="At alpha = 1 the solver and the closed form agree.",
)
def constant_density(rng: np.random.Generator) -> float:
    """Return the largest relative difference of T_eq or mu_eq, solver and closed form."""
    worst = 0.0
    for _ in range(_SAMPLES // 4):
        sizes = 10 ** rng.uniform(-1, 1, 4)
        T, mu = rng.uniform(0.3, 1.0, 4), rng.uniform(12.0, 20.0, 4)
        weight = sizes / sizes.sum()
        mean = weight @ mu
        exact = math.sqrt(weight @ T**2 + 3 * (weight @ mu**2 - mean**2) / _PI2), mean
        gas = thermo.SommerfeldGas(1.0)
        group = [thermo.Reservoir(gas, float(size)) for size in sizes]
        solved = thermo.equilibrium(group, T, mu)
        closed = thermo.constant_density_equilibrium(sizes, T, mu)
        for found in ((solved.T, solved.mu), closed):
            worst = max(worst, *(abs(float(f) / e - 1) for f, e in zip(found, exact, strict=True)))
    return worst


@check(
    "one equilibrium for all starts",
    equation="supplement D",
    reference="two distinct frequencies make the equilibrium unique",
    tolerance=4e-6,  # both runs stop within 1e-6 of it
    claim="Starts that share N and E end in the same T and mu.",
)
def unique_equilibrium() -> float:
    """Return the largest relative difference of the ends of three runs."""
    law = oqs.closed_form(FIGURE_2.system(), FIGURE_2.contacts())
    group = thermo.Reservoirs(FIGURE_2.reservoirs(thermo.FermiDiracGas(1.5)))
    number, energy = group.number(FIGURE_2.T, FIGURE_2.mu), group.energy(FIGURE_2.T, FIGURE_2.mu)
    ends = []
    for moved in (0.0, 0.02, -0.01):
        particles = moved * number[0] * np.array([1.0, -1.0])
        T, mu = thermo.invert(
            group[0].gas, number + particles, energy + particles * FIGURE_2.mu.mean()
        )
        run = thermo.evolve(law, group, T, mu, events=False, progress=False)
        ends.append(np.concatenate([run.T[-1], run.mu[-1]]))
    return float(np.max(np.abs(np.array(ends[1:]) / ends[0] - 1)))


@check(
    "one frequency stalls",
    equation="supplement D",
    reference="tight coupling: all (w - mu_j)/T_j agree, out of equilibrium",
    tolerance=at_least(0.01),
    claim="With a single frequency the evolution stops before equilibrium, and says so.",
)
def one_frequency() -> Measurement:
    """Return how far T ends from T_eq; 0 unless the run stalled with all (w - mu)/T equal."""
    system = oqs.QuadraticSystem.from_energies(FIGURE_2.energies[:1])
    law = oqs.closed_form(system, FIGURE_2.contacts())
    group = FIGURE_2.reservoirs()
    run = thermo.evolve(law, group, FIGURE_2.T, FIGURE_2.mu, events=False, progress=False)
    x = (FIGURE_2.energies[0] - run.mu[-1]) / run.T[-1]
    tight = run.outcome == "stalled" and abs(x[0] / x[1] - 1) < 1e-6
    goal = thermo.equilibrium(group, FIGURE_2.T, FIGURE_2.mu)
    away = float(np.max(np.abs(run.T[-1] / goal.T - 1)))
    return Measurement(away * tight, detail=f"outcome {run.outcome}, (w - mu)/T = {x[0]:.4f}")


@functools.cache
def together(case: Case, capacity: float) -> tuple[float, float]:
    """Return the deviation of coevolve from evolve and the least entropy production, scaled.

    Deviation of T at t = 3e4 A V, the middle of the fast part; production over the largest.
    """
    system, contacts = case.system(), case.contacts()
    model, law = oqs.davies(system, contacts), oqs.closed_form(system, contacts)
    group = [thermo.Reservoir(thermo.SommerfeldGas(case.alpha), capacity) for _ in case.T]
    end = 3e4 * capacity
    start = oqs.stationary_state(model, case.T, case.mu)
    joint = thermo.coevolve(model, group, start, case.T, case.mu, t_final=end, progress=False)
    slow = thermo.evolve(law, group, case.T, case.mu, t_final=end, events=False, progress=False)
    production = joint.entropy_production
    return float(np.max(np.abs(joint.T[-1] - slow.T[-1]))), float(production.min())


@check(
    "deviation from the quasi-stationary picture",
    equation="Eq. (4)",
    reference="tau_S/tau_eq goes as 1/(A V)",
    tolerance=within(-1.0, 0.02),
    claim="System and reservoirs evolved together tend to the slow evolution as 1/(A V).",
)
def quasi_stationary() -> Measurement:
    """Return the exponent of the deviation of T against the capacity."""
    deviations = [together(FIGURE_2, capacity)[0] for capacity in _CAPACITIES]
    slope = float(np.polyfit(np.log(_CAPACITIES), np.log(deviations), 1)[0])
    shown = ", ".join(f"{d:.3g}" for d in deviations)
    return Measurement(slope, detail=f"deviations {shown} at A V = 10, 100, 1000")


@check(
    "second law of system and reservoirs together",
    equation="Eq. (3)",
    reference="dS_S/dt + sum_j (mu_j P_j - J_j)/T_j >= 0 with the momentary T, mu",
    tolerance=at_least(0.0),
    claim="Without the quasi-stationary assumption the entropy production stays positive.",
)
def joint_second_law() -> float:
    """Return the least entropy production along the runs of the check before."""
    return min(together(FIGURE_2, capacity)[1] for capacity in _CAPACITIES)
