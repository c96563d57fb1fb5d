"""Full counting statistics: closed forms, dense matrices, the fluctuation theorem, uncertainty."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator

import numpy as np

import oqs
from validation.framework.bounds import at_least
from validation.framework.claim import claim
from validation.framework.deviation import deviation, largest
from validation.references import literal, literal_counting
from validation.systems import random_systems
from validation.systems.settings import Setting

ROUNDING = 1e-12
_SYSTEMS = 300
_DENSE = 12  # of each kind: matrices of 4^N elements


@functools.cache
def _samples() -> tuple[tuple[Setting, oqs.JumpStatistics], ...]:
    """Return 300 random systems of 2 to 4 reservoirs, a third collective, a third interacting."""
    rng, n = np.random.default_rng(17), _SYSTEMS // 3
    settings = random_systems.mixed(rng, independent=n, collective=n, with_interactions=n)
    return tuple((s, _statistics(s)) for s in settings)


def _statistics(setting: Setting) -> oqs.JumpStatistics:
    return oqs.counting_statistics(setting.model, setting.T, setting.mu)


@claim("Eqs. (3), (10)", "the flow law", ROUNDING)
def means_from_counting() -> Iterator[tuple[str, float]]:
    """The first cumulants are the flows P_j, J_j and Y_j of the stationary state."""
    for setting, stats in _samples()[::10]:
        flows = oqs.flow_law(setting.model)(setting.T, setting.mu)
        for quantity, gross in zip(("particle", "energy"), stats.gross, strict=True):
            counted = [stats.cumulants(j, 1, quantity)[0] for j in range(stats.reservoirs)]
            off = deviation(counted, getattr(flows, quantity), scale=np.max(gross))
            yield f"{setting.name}, {quantity}", off


# tolerance: the reference inverts L on all elements by least squares: 1e-16 times the spread of
# its rates
@claim(
    "Eq. (2), counted",
    "tr[(L_ab - L_a R L_b - L_b R L_a) rho] on all 4^N elements",
    1e-10,
    over=lambda rng: random_systems.mixed(
        rng, distinct=_DENSE, collective=_DENSE, with_interactions=_DENSE
    ),
)
def covariances_from_dense_matrices(setting: Setting) -> float:
    """Zero-frequency covariances of particles and energy are those of the tilted generator."""
    measured = _statistics(setting).second_cumulants
    exact = literal_counting.covariance(setting)
    kinds = itertools.product(range(2), repeat=2)
    return largest(deviation(measured[a, :, b], exact[a, :, b]) for a, b in kinds)


def _level(mu: tuple[float, float], T: tuple[float, float]) -> oqs.JumpStatistics:
    contacts = [oqs.Contact(oqs.flat(rate)) for rate in (0.02, 0.05)]
    model = oqs.davies(oqs.QuadraticSystem.from_energies([0.3]), contacts)
    return oqs.counting_statistics(model, T, mu)


@claim("Eq. (9), counted", "closed-form generating function of one level, 50 digits", ROUNDING)
def six_cumulants_of_one_level() -> Iterator[tuple[str, float]]:
    """Mean, noise, skewness and three more cumulants of one level are exact, cold or warm."""
    states = (((0.6, -0.2), (0.2, 0.35)), ((0.31, 0.28), (1e-3, 2e-3)), ((0.5, 0.1), (3.0, 1.0)))
    for mu, T in states:
        n = tuple(literal.fermi(0.3, t, m) for t, m in zip(T, mu, strict=True))
        exact = literal_counting.level_cumulants((0.02, 0.05), (n[0], n[1]), 6)
        off = np.abs(_level(mu, T).cumulants(0, 6) / exact - 1)
        yield f"T = {T}, mu = {mu}", largest(off)


@claim("Eq. (9), counted", "S(Omega)/I = 1 - 2 g_L g_R/(G^2 + Omega^2)", ROUNDING)
def noise_of_one_level_at_large_bias() -> float:
    """Fano factor and noise spectrum of one level at large bias are the textbook's."""
    stats = _level((5.0, -5.0), (0.01, 0.01))
    omega = np.array([0.0, 1e-6, 0.01, 0.07, 1.0])
    exact = 1 - 2 * 0.02 * 0.05 / (0.07**2 + omega**2)
    fano = stats.noise_spectrum(omega)[:, 1, 1].real / stats.flows.particle[0]
    return deviation(fano, exact)


@claim("Eq. (9), counted", "Fano factor (4 g_L^2 + g_R^2)/(2 g_L + g_R)^2", ROUNDING)
def noise_of_a_blockaded_dot() -> float:
    """A dot that holds one electron of either spin has the noise of two ways in, one out."""
    left, right = 0.01, 0.03
    contacts = [oqs.Contact(oqs.flat(rate)) for rate in (left, right)]
    model = oqs.davies(oqs.anderson_dot(0.5, 100.0), contacts)
    stats = oqs.counting_statistics(model, [0.02, 0.02], [2.0, -2.0])
    return abs(stats.fano(0) / ((4 * left**2 + right**2) / (2 * left + right) ** 2) - 1)


@claim("Eq. (9), counted", "an independent calculation, 13 digits", ROUNDING)
def cumulants_of_a_polarised_Anderson_dot() -> float:
    """Interaction, spin polarisation and a bias of T and mu together, to the fourth cumulant."""
    right = oqs.spin_channels([1.0], up=1.0, down=0.5)
    contacts = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02), right)]
    model = oqs.davies(oqs.anderson_dot(-0.4, 1.2), contacts)
    cumulants = oqs.counting_statistics(model, [0.2, 0.35], [0.3, -0.3]).cumulants(0, 4)
    exact = [2.170825333670e-3, 2.759253712578e-3, 1.814559153153e-3, 1.191580166498e-3]
    return largest(np.abs(cumulants / exact - 1))


@claim("Eq. (14), counted", "lambda(x) = lambda(-x - A), Esposito, Harbola, Mukamel 2009", ROUNDING)
def fluctuation_theorem() -> Iterator[tuple[str, float]]:
    """Detailed balance of every contact: the generating function is symmetric about -A/2."""
    for index, (setting, stats) in enumerate(_samples()):
        chi, xi = np.random.default_rng(index).normal(size=(2, len(setting.T)))
        xi = xi / setting.system.energy_scale
        there = stats.generating_function(chi, xi)
        back = stats.generating_function(-chi - setting.mu / setting.T, -xi + 1 / setting.T)
        size = max(abs(float(there)), float(np.max(stats.gross[0])))
        yield setting.name, abs(float(there - back)) / size


# tolerance: step^2/12 of the fourth cumulant, and rounding of lambda over step^2
@claim("Eq. (2), counted", "second differences of lambda over a field", 1e-5)
def noise_as_the_curvature_of_the_generating_function() -> Iterator[tuple[str, float]]:
    """The covariance is the second derivative of the generating function at zero field."""
    step = 1e-3
    for setting, stats in _samples()[::5]:
        field = np.zeros((2, stats.reservoirs))
        field[:, 0] = step, -step
        second = float(np.sum(stats.generating_function(field))) / step**2
        yield setting.name, abs(second - stats.covariance()[0, 0]) / float(stats.gross[0, 0])


# tolerance: four cumulants one after the other, of iterated solutions, each to 1e-11
@claim(
    "PERLind, counted",
    "scattering (Levitov and Lesovik 1993), which a large bias leaves exact",
    1e-8,
)
def counting_without_matrices() -> Iterator[tuple[str, float]]:
    """924 coherences are counted by products of blocks: covariances, four cumulants, and the
    generating function of a chain whose contacts are as strong as its hopping.
    """
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
        yield f"cumulants of {j}", largest(off)


@claim("Eq. (3), counted", "Barato and Seifert 2015", at_least(2 * (1 - 1e-9)))
def thermodynamic_uncertainty_relation() -> Iterator[tuple[str, float]]:
    """sigma c_2/c_1^2 of every current is 2 or more where populations alone are counted."""
    for setting, stats in _samples():
        if "collective" not in setting.name:
            for j, quantity in itertools.product(range(stats.reservoirs), ("particle", "heat")):
                yield f"{quantity} of {j}, {setting.name}", stats.uncertainty(j, quantity)
