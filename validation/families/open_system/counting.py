"""Full counting statistics: closed forms, dense matrices, the fluctuation theorem, uncertainty."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np

import oqs
from validation.framework.bounds import at_least
from validation.framework.check import Measurement, check
from validation.framework.deviation import deviation, largest, over, worst_of
from validation.references import literal, literal_counting
from validation.systems import random_systems
from validation.systems.settings import Setting

ROUNDING = 1e-12
_SYSTEMS = 300
_DENSE = 12  # of each kind: matrices of 4^N elements

_THEOREM = "Esposito, Harbola, Mukamel 2009"


@functools.cache
def _samples() -> tuple[tuple[Setting, oqs.JumpStatistics], ...]:
    """Return 300 random systems of 2 to 4 reservoirs, a third collective, a third interacting."""
    rng, n = np.random.default_rng(17), _SYSTEMS // 3
    settings = random_systems.mixed(rng, independent=n, collective=n, with_interactions=n)
    return tuple((s, _statistics(s)) for s in settings)


def _statistics(setting: Setting) -> oqs.JumpStatistics:
    return oqs.counting_statistics(setting.model, setting.T, setting.mu)


@check(
    "means from counting",
    equation="Eqs. (3), (10)",
    reference="the flow law",
    tolerance=ROUNDING,
    claim="The first cumulants are the flows P_j, J_j and Y_j of the stationary state.",
)
@worst_of
def means() -> Iterator[tuple[str, float]]:
    """Yield the largest deviation of each system's first cumulants, over the gross rates."""
    for setting, stats in _samples()[::10]:
        flows = oqs.flow_law(setting.model)(setting.T, setting.mu)
        parts = []
        for kind, quantity in enumerate(("particle", "energy")):
            counted = [stats.cumulants(j, 1, quantity)[0] for j in range(stats.reservoirs)]
            scale = np.max(stats.gross[kind])
            parts.append(deviation(counted, getattr(flows, quantity), scale=scale))
        yield setting.name, largest(*parts)


@check(
    "covariances from dense matrices",
    equation="Eq. (2), counted",
    reference="tr[(L_ab - L_a R L_b - L_b R L_a) rho] on all 4^N elements",
    # the reference inverts L on all elements by least squares: 1e-16 times the spread of its rates
    tolerance=1e-10,
    claim="Zero-frequency covariances of particles and energy are those of the tilted generator.",
)
@over(
    lambda rng: random_systems.mixed(
        rng, distinct=_DENSE, collective=_DENSE, with_interactions=_DENSE
    )
)
def covariances(setting: Setting) -> float:
    """Return the largest deviation of a covariance, over the largest of its kind."""
    measured = _statistics(setting).second_cumulants
    exact = literal_counting.covariance(setting)
    return largest(
        *(deviation(measured[a, :, b], exact[a, :, b]) for a in range(2) for b in range(2))
    )


def _level(mu: tuple[float, float], T: tuple[float, float]) -> oqs.JumpStatistics:
    contacts = [oqs.Contact(oqs.flat(rate)) for rate in (0.02, 0.05)]
    model = oqs.davies(oqs.QuadraticSystem.from_energies([0.3]), contacts)
    return oqs.counting_statistics(model, T, mu)


@check(
    "six cumulants of one level",
    equation="Eq. (9), counted",
    reference="closed-form generating function of one level, 50 digits",
    tolerance=ROUNDING,
    claim="Mean, noise, skewness and three more cumulants of one level are exact, cold or warm.",
)
@worst_of
def six_cumulants() -> Iterator[tuple[str, float]]:
    """Yield the largest relative deviation of a cumulant in each state."""
    states = (((0.6, -0.2), (0.2, 0.35)), ((0.31, 0.28), (1e-3, 2e-3)), ((0.5, 0.1), (3.0, 1.0)))
    for mu, T in states:
        n = tuple(literal.fermi(0.3, t, m) for t, m in zip(T, mu, strict=True))
        exact = literal_counting.level_cumulants((0.02, 0.05), (n[0], n[1]), 6)
        off = np.abs(_level(mu, T).cumulants(0, 6) / exact - 1)
        yield f"T = {T}, mu = {mu}", float(np.max(off))


@check(
    "noise of one level at large bias",
    equation="Eq. (9), counted",
    reference="S(Omega)/I = 1 - 2 g_L g_R/(G^2 + Omega^2)",
    tolerance=ROUNDING,
    claim="Fano factor and noise spectrum of one level at large bias are the textbook's.",
)
def large_bias() -> float:
    """Return the largest relative deviation of the spectrum, its limit Omega = 0 included."""
    stats = _level((5.0, -5.0), (0.01, 0.01))
    omega = np.array([0.0, 1e-6, 0.01, 0.07, 1.0])
    exact = 1 - 2 * 0.02 * 0.05 / (0.07**2 + omega**2)
    fano = stats.noise_spectrum(omega)[:, 1, 1].real / stats.flows.particle[0]
    return deviation(fano, exact)


@check(
    "noise of a blockaded dot",
    equation="Eq. (9), counted",
    reference="Fano factor (4 g_L^2 + g_R^2)/(2 g_L + g_R)^2",
    tolerance=ROUNDING,
    claim="A dot that holds one electron of either spin has the noise of two ways in, one out.",
)
def blockaded() -> float:
    """Return the relative deviation of the Fano factor at large bias below the charging energy."""
    left, right = 0.01, 0.03
    contacts = [oqs.Contact(oqs.flat(rate)) for rate in (left, right)]
    model = oqs.davies(oqs.anderson_dot(0.5, 100.0), contacts)
    stats = oqs.counting_statistics(model, [0.02, 0.02], [2.0, -2.0])
    return abs(stats.fano(0) / ((4 * left**2 + right**2) / (2 * left + right) ** 2) - 1)


@check(
    "cumulants of a polarised Anderson dot",
    equation="Eq. (9), counted",
    reference="an independent calculation, 13 digits",
    tolerance=ROUNDING,
    claim="Interaction, spin polarisation and a bias of T and mu together, to the fourth cumulant.",
)
def anderson() -> float:
    """Return the largest relative deviation of four cumulants of the left reservoir."""
    right = oqs.spin_channels([1.0], up=1.0, down=0.5)
    contacts = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02), right)]
    model = oqs.davies(oqs.anderson_dot(-0.4, 1.2), contacts)
    cumulants = oqs.counting_statistics(model, [0.2, 0.35], [0.3, -0.3]).cumulants(0, 4)
    exact = [2.170825333670e-3, 2.759253712578e-3, 1.814559153153e-3, 1.191580166498e-3]
    return float(np.max(np.abs(cumulants / exact - 1)))


@check(
    "fluctuation theorem",
    equation="Eq. (14), counted",
    reference=f"lambda(x) = lambda(-x - A), {_THEOREM}",
    tolerance=ROUNDING,
    claim="Detailed balance of every contact: the generating function is symmetric about -A/2.",
)
@worst_of
def fluctuation_theorem() -> Iterator[tuple[str, float]]:
    """Yield the differences, over the value or the gross rates."""
    for index, (setting, stats) in enumerate(_samples()):
        chi, xi = np.random.default_rng(index).normal(size=(2, len(setting.T)))
        xi = xi / setting.system.energy_scale
        there = stats.generating_function(chi, xi)
        back = stats.generating_function(-chi - setting.mu / setting.T, -xi + 1 / setting.T)
        size = max(abs(float(there)), float(np.max(stats.gross[0])))
        yield setting.name, abs(float(there - back)) / size


@check(
    "noise as the curvature of the generating function",
    equation="Eq. (2), counted",
    reference="second differences of lambda over a field",
    tolerance=1e-5,  # step^2/12 of the fourth cumulant, and rounding of lambda over step^2
    claim="The covariance is the second derivative of the generating function at zero field.",
)
@worst_of
def curvature() -> Iterator[tuple[str, float]]:
    """Yield the deviations of the first reservoir's noise, over its gross rate."""
    step = 1e-3
    for setting, stats in _samples()[::5]:
        field = np.zeros((2, stats.reservoirs))
        field[:, 0] = step, -step
        second = float(np.sum(stats.generating_function(field))) / step**2
        yield setting.name, abs(second - stats.covariance()[0, 0]) / float(stats.gross[0, 0])


@check(
    "counting without matrices",
    equation="PERLind, counted",
    reference="scattering (Levitov and Lesovik 1993), which a large bias leaves exact",
    # four cumulants one after the other, of iterated solutions, each to 1e-11
    tolerance=1e-8,
    claim="924 coherences are counted by products of blocks: covariances, four cumulants, and the "
    "generating function of a chain whose contacts are as strong as its hopping.",
)
@worst_of
def without_matrices() -> Iterator[tuple[str, float]]:
    """Yield the largest relative deviations of six sites between three reservoirs."""
    sites = np.eye(6)
    chain = np.diag([0.1, -0.2, 0.3, 0.0, 0.15, -0.1])
    chain += 0.5 * (np.eye(6, k=1) + np.eye(6, k=-1))
    system = oqs.QuadraticSystem(chain)
    pairs = ((0.5, sites[0]), (0.3, sites[-1]), (0.2, sites[2]))
    contacts = [oqs.Contact(oqs.flat(rate), place) for rate, place in pairs]
    T, mu = np.ones(3), np.array([60.0, -60.0, -60.0])  # all levels full, or empty, to e^-57
    blocks = oqs.counting_statistics(oqs.perlind(system, contacts), T, mu)
    exact = oqs.levitov(system, contacts, T, mu)
    fields = np.array([0.3, -0.2, 0.1]), np.zeros(3)
    yield "covariance", deviation(blocks.covariance(), exact.covariance())
    functions = (each.generating_function(*fields) for each in (blocks, exact))
    yield "generating function", deviation(*functions)
    for j in range(3):
        off = np.abs(blocks.cumulants(j, 4) / exact.cumulants(j, 4) - 1)
        yield f"cumulants of {j}", largest(*off)


@check(
    "thermodynamic uncertainty relation",
    equation="Eq. (3), counted",
    reference="Barato and Seifert 2015",
    tolerance=at_least(2 * (1 - 1e-9)),
    claim="sigma c_2/c_1^2 of every current is 2 or more where populations alone are counted.",
)
def uncertainty() -> Measurement:
    """Return the smallest product of entropy production and relative noise."""
    products = [
        (setting.name, stats.uncertainty(j, quantity))
        for setting, stats in _samples()
        if "collective" not in setting.name
        for j in range(stats.reservoirs)
        for quantity in ("particle", "heat")
    ]
    names, values = zip(*products, strict=True)
    least = int(np.argmin(values))
    return Measurement(values[least], detail=f"{len(values)} currents, least: {names[least]}")
