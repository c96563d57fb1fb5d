"""Reservoirs of energy alone, beside fermionic ones: bosons, lattices, links. Eqs. (4)-(7)."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import final

import numpy as np
import scipy.integrate
from numpy.typing import ArrayLike

import oqs
import thermo
from oqs.arguments import FloatArray
from validation.framework.check import Measurement
from validation.framework.claim import claim
from validation.framework.deviation import deviation, largest

_SAMPLES = 20
_PAIR = ("a", "b")
_BATHS = ("cold", "middle", "hot")
_STARTS = np.array([0.4, 0.6, 1.0])
# rates of an oscillator of frequency 1 with three photon gases, and their capacities
_COLDEST = ((1e-2, 2e-4, 1e-2), (0.3, 1.0, 1.0))
_HOTTEST = ((1e-2, 2e-4, 1e-2), (1.0, 1.0, 0.1))


# tolerance: of the quadrature
@claim(
    "E = A V Gamma(alpha+1) zeta(alpha+1) T^(alpha+1); Debye's integral",
    "integrals of eps g(eps) n_B(eps), and of n_B eps/T - ln(1 - e^(-eps/T))",
    1e-9,
)
def gases_without_particle_number_by_quadrature(
    rng: np.random.Generator,
) -> Iterator[tuple[str, float]]:
    """BoseGas and DebyeSolid hold E and S of free bosons with mu = 0."""
    for _ in range(_SAMPLES // 2):
        alpha, t = float(rng.uniform(0.6, 3.5)), float(10 ** rng.uniform(-2, 1))
        dimension, T_D = int(rng.integers(1, 4)), float(10 ** rng.uniform(-1, 1))
        for gas, power, density, edge in (
            (thermo.BoseGas(alpha), alpha, 1.0, math.inf),
            (thermo.DebyeSolid(T_D, dimension), dimension, dimension**2 / T_D**dimension, T_D),
        ):
            energy, entropy = _bose_integrals(power, t, edge)
            yield f"E of {gas} at T = {t:.3g}", abs(float(gas.energy(t)) / (density * energy) - 1)
            yield f"S of {gas} at T = {t:.3g}", abs(float(gas.entropy(t)) / (density * entropy) - 1)


def _bose_integrals(alpha: float, T: float, edge: float) -> tuple[float, float]:
    """Return E and S of bosons with density of states eps^(alpha-1) up to an edge."""

    def states(v: float) -> tuple[float, float]:
        x = v**4  # takes the power at the bottom of the band away
        n = 1 / math.expm1(x)
        weight = 4 * v**3 * x ** (alpha - 1)
        return weight * x * n, weight * (x * n - math.log(-math.expm1(-x)))

    end = min(edge / T, 200.0) ** 0.25
    parts = [
        scipy.integrate.quad(
            lambda v, k=k: states(v)[k], 0.0, end, epsabs=0.0, epsrel=1e-11, limit=400
        )[0]
        for k in (0, 1)
    ]
    return parts[0] * T ** (alpha + 1), parts[1] * T**alpha


@claim(
    "C = (12 pi^4/5)(T/T_D)^3 and C = 3 - (3/20)(T_D/T)^2",
    "both expansions, a hundredth and a hundred of T_D away",
    1e-8,
    name="Debye's limits",
)
def debye_limits() -> float:
    """A lattice follows T^3 when cold and Dulong and Petit when hot."""
    lattice = thermo.DebyeSolid(2.0)
    cold, hot = 2e-2, 2e2
    exact = {
        cold: 12 * math.pi**4 / 5 * (cold / 2) ** 3,
        hot: 3 - 3 / 20 * (2 / hot) ** 2,
    }
    return largest(*(abs(float(lattice.jacobian(t)[1, 0]) / c - 1) for t, c in exact.items()))


@claim(
    "Eq. (6)",
    "sum_j N_j and sum_j E_j of the start",
    1e-12,
    name="one T for all, one mu for those with particles",
)
def mixed_equilibrium(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Mixtures of fermionic, bosonic and lattice reservoirs have one equilibrium."""
    for case in range(_SAMPLES):
        reservoirs, T, mu = _mixture(rng)
        common = thermo.equilibrium(reservoirs, T, mu)
        totals = np.zeros((2, 2))
        for reservoir, t, m in zip(reservoirs, T, mu, strict=True):
            m_end = 0.0 if np.isnan(m) else common.mu
            totals[0] += [float(f(t, m)) for f in (reservoir.number, reservoir.energy)]
            totals[1] += [float(f(common.T, m_end)) for f in (reservoir.number, reservoir.energy)]
        yield f"mixture {case}", deviation(totals[1], totals[0], totals[0])


def _mixture(
    rng: np.random.Generator,
) -> tuple[list[thermo.Reservoir], FloatArray, FloatArray]:
    """Return two fermionic reservoirs and one or two others, with T and mu (n,)."""
    scale = 10 ** rng.uniform(-1, 1)
    gases: list[thermo.EquationOfState] = [thermo.FermiDiracGas(1.5)] * 2
    gases += [
        thermo.BoseGas(float(rng.uniform(1, 3))),
        thermo.DebyeSolid(float(scale * rng.uniform(0.5, 2))),
    ][: int(rng.integers(1, 3))]
    sizes = [scale ** -getattr(gas, "alpha", 0.0) * rng.uniform(0.3, 3) for gas in gases]
    reservoirs = [thermo.Reservoir(g, float(c)) for g, c in zip(gases, sizes, strict=True)]
    mu = np.full(len(gases), np.nan)
    mu[:2] = scale * rng.uniform(16, 21, 2)
    return reservoirs, scale * rng.uniform(0.4, 1.2, len(gases)), mu


@claim(
    "Eq. (4), dE/dt = -K (T^4 - T_0^4), E ~ T^4", "E(t) - E_0 decays as e^(-K t/(pi^4/15))", 1e-9
)
def a_photon_gas_cools_by_radiation() -> float:
    """dT/dt = -J/(dE/dT), with a link to a reservoir that keeps its T."""
    law = thermo.with_links(None, {_PAIR: thermo.HeatLink(1e-3, exponent=4)})
    gas = thermo.BoseGas(3)
    path = thermo.evolve(
        law, [thermo.Reservoir(gas), thermo.Reservoir(gas, math.inf)], T=[2.0, 0.5]
    )
    decay = np.exp(-1e-3 * path.t / (math.pi**4 / 15))
    exact = 0.5**4 + (2.0**4 - 0.5**4) * decay
    return float(np.max(np.abs(path.T[:, 0] ** 4 / exact - 1)))


@final
class _Oscillator:
    """J_j = w g_j (n_j - nbar), nbar = sum g n/sum g, with w = 1: the bosonic Eq. (10)."""

    batched = True
    names = _BATHS

    def __init__(self, rates: tuple[float, ...]) -> None:
        self.rates = np.array(rates)

    def __call__(self, T: ArrayLike, mu: ArrayLike) -> oqs.Flows:
        n = 1 / np.expm1(1 / np.asarray(T))
        mean = (n @ self.rates / self.rates.sum())[..., None]
        zero = np.zeros(n.shape)
        return oqs.Flows.of(zero, self.rates * (n - mean), zero)


@functools.cache
def _three_baths(rates: tuple[float, ...], capacities: tuple[float, ...]) -> thermo.Trajectory:
    photons = [thermo.Reservoir(thermo.BoseGas(3), c) for c in capacities]
    return thermo.evolve(_Oscillator(rates), photons, _STARTS)


@claim(
    "Eqs. (4), (5), (10) of bosons",
    "SciPy's DOP853 for E_j(t) of the same oscillator, rtol 1e-12",
    1e-9,
)
def three_bosonic_baths_against_another_integrator() -> Iterator[tuple[str, float]]:
    """T_j(t) of photon gases joined by an oscillator."""
    for rates, capacities in (_COLDEST, _HOTTEST):
        path = _three_baths(rates, capacities)
        sizes = np.array(capacities) * math.pi**4 / 15
        law = _Oscillator(rates)

        def change(
            _: float, E: FloatArray, sizes: FloatArray = sizes, law: _Oscillator = law
        ) -> FloatArray:
            return -law((E / sizes) ** 0.25, E).energy

        times = np.geomspace(1.0, 3e3, 20)
        solved = scipy.integrate.solve_ivp(
            change, (0, 3e3), sizes * _STARTS**4, "DOP853", times, rtol=1e-12, atol=1e-14
        )
        exact = (solved.y.T / sizes) ** 0.25
        yield f"capacities {capacities}", deviation(path.at(times).T, exact, exact)


@claim(
    "Eqs. (4), (10) of bosons; arXiv:2312.12212",
    "order of T_j right before and after the crossing, a turn of a T_j(t), one end",
    0.0,
    name="an intermediate bath becomes the coldest, or the hottest",
)
def order_changes() -> Measurement:
    """Temperatures of three bosonic baths change order, are not monotone, and end as one."""
    wrong, crossings = 0, []
    for case, place, first in ((_COLDEST, np.argmin, 0), (_HOTTEST, np.argmax, 2)):
        path = _three_baths(*case)
        crossing = next((e for e in path.crossings if set(e.reservoirs) == {first, 1}), None)
        if crossing is None:
            wrong += 4
            continue
        before, after = (path.at(crossing.time * factor).T for factor in (0.5, 2.0))
        wrong += int(place(before) != first) + int(place(after) != 1)
        turns = [e for e in path.extrema if e.reservoirs == (first,)]
        spread = float(np.ptp(path.at(path.t[-1]).T))
        wrong += int(not turns) + int(not spread <= 1e-5)
        crossings.append(f"{_BATHS[first]} and middle cross at t = {crossing.time:.4g}")
    return Measurement(float(wrong), detail="; ".join(crossings))


@claim("Eq. (7), sum_j Y_j/T_j <= 0", "0, of the sum of |Y_j|/T_j and |J_j|", 1e-12)
def links_keep_energy_and_obey_the_second_law(
    rng: np.random.Generator,
) -> Iterator[tuple[str, float]]:
    """Heat leaks, electron-phonon cooling and wires beside two dots."""
    for case in range(_SAMPLES):
        law = _with_random_links(rng)
        T = rng.uniform(0.3, 1.5, len(law.names))
        mu = np.zeros(len(T))
        mu[:3] = rng.uniform(18, 22, 3)
        flows = law(T, mu)
        entropies = flows.heat / T
        for kind, values in (("P", flows.particle), ("J", flows.energy)):
            yield f"{kind} of set {case}", abs(float(values.sum())) / float(np.abs(values).sum())
        yield f"Y/T of set {case}", float(entropies.sum()) / float(np.abs(entropies).sum())


def _with_random_links(rng: np.random.Generator) -> thermo.LinkedLaw:
    system = oqs.QuadraticSystem.from_energies(rng.uniform(20, 22, 2))
    contacts = [oqs.Contact(oqs.flat(10 ** rng.uniform(-5, -3)), name=name) for name in _PAIR]
    return thermo.with_links(
        oqs.closed_form(system, contacts),
        {
            ("a", "lead"): thermo.OhmicLink(10 ** rng.uniform(-5, -3)),
            ("a", "phonons"): thermo.HeatLink(10 ** rng.uniform(-6, -3), exponent=5),
            ("lead", "phonons"): 10 ** rng.uniform(-6, -3),
        },
    )


# tolerance: that of the runs
@claim("Eqs. (4)-(6)", "T_eq, mu_eq of Eq. (6)", 1.1e-6)
def mixtures_end_alike_by_every_route(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """evolve and evolve_ensemble take any mixture, with links, to one equilibrium."""
    for case in range(_SAMPLES // 4):
        law = _with_random_links(rng)
        gas = thermo.FermiDiracGas(1.5)
        reservoirs = [thermo.Reservoir(gas) for _ in range(3)]
        reservoirs.append(thermo.Reservoir(thermo.BoseGas(3), 0.3))
        T = rng.uniform(0.4, 1.2, 4)
        mu = np.append(rng.uniform(18, 21, 3), np.nan)
        goal = thermo.equilibrium(reservoirs, T, mu)
        path = thermo.evolve(law, reservoirs, T, mu, events=False)
        many = thermo.evolve_ensemble(law, reservoirs, T, mu)
        for route, T_end, mu_end in (
            ("evolve", path.T[-1], path.mu[-1]),
            ("evolve_ensemble", many.T[0], many.mu[0]),
        ):
            yield f"T by {route}, mixture {case}", float(np.max(np.abs(T_end / goal.T - 1)))
            off = np.abs(mu_end[:3] / goal.mu - 1)
            yield f"mu by {route}, mixture {case}", float(np.max(off))
