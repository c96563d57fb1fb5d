"""Full counting statistics: closed forms, dense matrices, the fluctuation theorem, uncertainty."""

from __future__ import annotations

import functools

import numpy as np

import oqs
from oqs.arguments import FloatArray
from validation.framework.bounds import at_least
from validation.framework.check import Measurement, check
from validation.framework.deviation import deviation, largest, over, worst
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
    model = setting.model
    return oqs.counting_statistics(model, setting.T, setting.mu)


def _fields(setting: Setting, index: int) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(index)
    chi, xi = rng.normal(size=(2, len(setting.T)))
    return chi, xi / setting.system.energy_scale


@check(
    "means from counting",
    equation="Eqs. (3), (10)",
    reference="the flow law",
    tolerance=ROUNDING,
    claim="The first cumulants are the flows P_j, J_j and Y_j of the stationary state.",
)
def means() -> Measurement:
    """Return the largest deviation of the first cumulants, over the gross rates."""

    def measure(setting: Setting, stats: oqs.JumpStatistics) -> float:
        law = oqs.flow_law(setting.model)
        flows = law(setting.T, setting.mu)
        parts = []
        for kind, quantity in enumerate(("particle", "energy")):
            counted = [stats.cumulants(j, 1, quantity)[0] for j in range(stats.reservoirs)]
            scale = np.max(stats.gross[kind])
            parts.append(deviation(counted, getattr(flows, quantity), scale=scale))
        return largest(*parts)

    return worst((s.name, measure(s, stats)) for s, stats in _samples()[::10])


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
def six_cumulants() -> Measurement:
    """Return the largest relative deviation of a cumulant."""

    def measure(mu: tuple[float, float], T: tuple[float, float]) -> float:
        n = tuple(literal.fermi(0.3, t, m) for t, m in zip(T, mu, strict=True))
        exact = literal_counting.level_cumulants((0.02, 0.05), (n[0], n[1]), 6)
        return float(np.max(np.abs(_level(mu, T).cumulants(0, 6) / exact - 1)))

    states = (((0.6, -0.2), (0.2, 0.35)), ((0.31, 0.28), (1e-3, 2e-3)), ((0.5, 0.1), (3.0, 1.0)))
    return worst((f"T = {T}, mu = {mu}", measure(mu, T)) for mu, T in states)


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
def fluctuation_theorem() -> Measurement:
    """Return the largest difference, over the value or the gross rates."""

    def measure(index: int, setting: Setting, stats: oqs.JumpStatistics) -> float:
        chi, xi = _fields(setting, index)
        there = stats.generating_function(chi, xi)
        back = stats.generating_function(-chi - setting.mu / setting.T, -xi + 1 / setting.T)
        return abs(float(there - back)) / max(abs(float(there)), float(np.max(stats.gross[0])))

    cases = enumerate(_samples())
    return worst((s.name, measure(index, s, stats)) for index, (s, stats) in cases)


@check(
    "noise as the curvature of the generating function",
    equation="Eq. (2), counted",
    reference="second differences of lambda over a field",
    tolerance=1e-5,  # step^2/12 of the fourth cumulant, and rounding of lambda over step^2
    claim="The covariance is the second derivative of the generating function at zero field.",
)
def curvature() -> Measurement:
    """Return the largest deviation of the first reservoir's noise, over it and its gross rate."""

    def measure(stats: oqs.JumpStatistics) -> float:
        step = 1e-3
        field = np.zeros((2, stats.reservoirs))
        field[:, 0] = step, -step
        second = float(np.sum(stats.generating_function(field))) / step**2
        return abs(second - stats.covariance()[0, 0]) / float(stats.gross[0, 0])

    return worst((s.name, measure(stats)) for s, stats in _samples()[::5])


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
