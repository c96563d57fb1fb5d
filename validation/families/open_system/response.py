"""Response and exact fluctuations: derivatives, Onsager, fluctuation-dissipation, Levitov."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

import oqs
from oqs.arguments import FloatArray
from validation.framework.bounds import within
from validation.framework.claim import claim
from validation.framework.deviation import deviation, largest
from validation.systems import random_systems
from validation.systems.settings import Setting

# Flows and their derivatives carry the rounding of (w - mu)/T and of the gross rates.
ROUNDING = 1e-12
_EACH = 100  # systems of each kind


def _every_kind(rng: np.random.Generator) -> Iterator[Setting]:
    return random_systems.mixed(rng, independent=_EACH, collective=_EACH, with_interactions=_EACH)


def _response(setting: Setting) -> oqs.LinearResponse:
    """Return the response around the T and mu of the first reservoir."""
    return oqs.linear_response(setting.model, float(setting.T[0]), float(setting.mu[0]))


def _equal_ten(setting: Setting) -> FloatArray:
    """Return dP_j/dT_q, then dP_j/dmu_q (2, n, n) of Eq. (10), written out."""
    w, rates = setting.levels, setting.rates(setting.levels)  # (N,), (n, N)
    derivatives = np.zeros((2, len(rates), len(rates)))
    for k, gamma in enumerate(rates.T):
        x = (w[k] - setting.mu) / setting.T
        slope = 1 / (4 * np.cosh(x / 2) ** 2 * setting.T)
        for j, q in itertools.product(range(len(gamma)), repeat=2):
            weight = gamma[j] * ((j == q) - gamma[q] / gamma.sum())
            derivatives[:, j, q] += weight * slope[q] * np.array([x[q], 1.0])
    return derivatives


@claim(
    "Eq. (10)",
    "d/dT_q and d/dmu_q of gamma_j (n_j - nbar), written out",
    ROUNDING,
    over=lambda rng: random_systems.independent_baths(rng, _EACH),
)
def derivatives_of_the_flows_of_independent_modes(setting: Setting) -> float:
    """The perturbed density matrix gives the derivatives of Eq. (10) by every T and mu."""
    jacobian = oqs.flow_law(setting.model).jacobian(setting.T, setting.mu)
    exact = _equal_ten(setting)
    return largest(
        deviation(jacobian.particle_T, exact[0]), deviation(jacobian.particle_mu, exact[1])
    )


@claim("linear response", "L = L^T (Onsager 1931)", ROUNDING, over=_every_kind)
def Onsager_symmetry(setting: Setting) -> float:
    """Particles by heat affinity are heat by particle affinity, for any jumps of Davies."""
    return float(_response(setting).asymmetry)


def _ring(flux: float) -> oqs.LinearResponse:
    """Return the exact response of three sites in a ring, one strong contact each."""
    h = np.diag([0.1, 0.2, 0.4]).astype(np.complex128)
    for v in range(3):
        hop = 0.3 * np.exp(1j * flux / 3)
        h[v, (v + 1) % 3] += hop
        h[(v + 1) % 3, v] += np.conj(hop)
    contacts = [oqs.Contact(oqs.flat(0.1 * (j + 1)), np.eye(3)[j]) for j in range(3)]
    law = oqs.landauer(oqs.QuadraticSystem(h), contacts, accuracy=1e-11)
    return oqs.linear_response(law, 0.4, 0.1)


# tolerance: the quadrature's own
@claim("linear response, exact", "L(phi) = L(-phi)^T (Onsager 1931, Casimir 1945)", 1e-10)
def Onsager_symmetry_with_a_flux() -> Iterator[tuple[str, float]]:
    """A flux through a ring makes L asymmetric; reversed, it is the transpose."""
    for phi in (0.5, 1.0, 2.0):
        there, back = _ring(phi), _ring(-phi)
        off = deviation(back.onsager.transpose(1, 0, 3, 2), there.onsager)
        yield f"flux {phi}", off if float(there.asymmetry) > 1e-3 else np.inf


@claim(
    "linear response",
    "equilibrium covariances = 2 L",
    ROUNDING,
    name="fluctuation-dissipation",
    over=_every_kind,
)
def fluctuation_dissipation(setting: Setting) -> Iterator[float]:
    """Noise of particles and heat in equilibrium is twice the response, mixed noise too."""
    n, model = len(setting.T), setting.model
    T, mu = np.full(n, setting.T[0]), np.full(n, setting.mu[0])
    noise, response = oqs.counting_statistics(model, T, mu), _response(setting)
    L, kinds = response.onsager, list(enumerate(("particle", "heat")))
    scale = [np.max(np.abs(L[a, a])) for a, _ in kinds]
    for (a, p), (b, q) in itertools.product(kinds, repeat=2):
        unit = 2 * np.sqrt(scale[a] * scale[b])
        yield deviation(noise.covariance(p, q), 2 * L[a, b], unit)


@claim(
    "linear response", "L0, L1, L2 by the sum over transitions of g_LR (w - mu)^q p n(w)", ROUNDING
)
def response_of_an_Anderson_dot() -> float:
    """Proportional contacts have the closed form of Onsager's coefficients, interactions too."""
    level, U, T, mu, rates = -0.4, 1.2, 0.2, 0.05, (0.01, 0.03)
    model = oqs.davies(oqs.anderson_dot(level, U=U), [oqs.Contact(oqs.flat(g)) for g in rates])
    onsager = oqs.linear_response(model, T, mu).onsager[:, :, 0, 0]
    weights = np.exp(-np.array([0.0, level - mu, 2 * level + U - 2 * mu]) / T)
    total = weights @ [1, 2, 1]
    through = rates[0] * rates[1] / sum(rates)
    exact = np.zeros(3)
    for above, lower in ((level - mu, weights[0]), (level + U - mu, weights[1])):
        flow = 2 * through * lower / total / (1 + np.exp(above / T))
        exact += flow * above ** np.arange(3)
    measured = np.array([onsager[0, 0], onsager[0, 1], onsager[1, 1]])
    return largest(np.abs(measured / exact - 1))


@claim("linear response", "S = (w - mu)/T, kappa = 0, ZT infinite", ROUNDING)
def thermopower_of_one_level() -> Iterator[tuple[str, float]]:
    """Through one level heat is tied to particles, cold or warm."""
    for T in (1.0, 0.05, 1e-3):
        model = oqs.davies(oqs.QuadraticSystem([[0.5]]), [oqs.Contact(oqs.flat(0.01))] * 2)
        response = oqs.linear_response(model, T, 0.5 - 2.5 * T)
        tied = response.thermal_conductance == 0 and np.isposinf(response.ZT)
        yield f"T = {T}", abs(float(response.seebeck) / 2.5 - 1) if tied else np.inf


@claim(
    "Eq. (9), counted",
    "I = 2 g_L g_R/(2 g_L + g_R), Fano (4 g_L^2 + g_R^2)/(2 g_L + g_R)^2",
    ROUNDING,
)
def plateau_of_a_Coulomb_diamond() -> Iterator[tuple[str, float]]:
    """The diagram of a blockaded dot has the plateau of single electrons in closed form."""
    left, right = 0.01, 0.02
    contacts = [oqs.Contact(oqs.flat(left)), oqs.Contact(oqs.flat(right))]
    diagram = oqs.stability_diagram(
        lambda gate: oqs.davies(oqs.anderson_dot(-gate, U=50.0), contacts), [0.0, 0.2], [4.0], 0.01
    )
    current = 2 * left * right / (2 * left + right)
    fano = (4 * left**2 + right**2) / (2 * left + right) ** 2
    yield "current", largest(np.abs(diagram.current / current - 1))
    yield "Fano factor", largest(np.abs(diagram.fano / fano - 1))
    yield "conductance", largest(np.abs(diagram.conductance))


def _scattered(
    gamma: float, tunnelling: float, mu: FloatArray, T: FloatArray
) -> tuple[oqs.LevitovStatistics, oqs.JumpStatistics]:
    """Return exact statistics and those of jumps, of two dots in series."""
    dots = oqs.QuadraticSystem([[0.1, tunnelling], [tunnelling, 0.2]])
    contacts = [oqs.Contact(oqs.flat(gamma), [1, 0]), oqs.Contact(oqs.flat(2 * gamma), [0, 1])]
    exact = oqs.levitov(dots, contacts, T, mu, accuracy=1e-10)
    return exact, oqs.counting_statistics(oqs.davies(dots, contacts), T, mu)


@claim(
    "Eq. (9), counted",
    "Levitov's determinant: half the rate, half the difference",
    within(2.0, 0.1),
)
def exact_cumulants_at_weak_coupling() -> Iterator[float]:
    """Cumulants c_1 to c_4 of particles and heat tend to the exact ones linearly in gamma."""
    T, mu = np.array([0.2, 0.3]), np.array([0.4, -0.3])
    pairs = [_scattered(gamma, 0.4, mu, T) for gamma in (0.002, 0.001)]
    for quantity in ("particle", "heat"):
        off, half = (
            jumps.cumulants(0, 4, quantity) / exact.cumulants(0, 4, quantity) - 1
            for exact, jumps in pairs
        )
        yield from (off / half).tolist()


# tolerance: the quadrature's own: 1e-10 of lambda
@claim("exact, quadratic", "lambda(x) = lambda(-x - A), A = (mu_j/T_j, -1/T_j)", 1e-8)
def exact_fluctuation_theorem(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Strong coupling obeys the fluctuation theorem of particles and energy."""
    for gamma in (0.01, 0.1, 1.0, 1.0, 3.0):
        T, mu = rng.uniform(0.2, 1.0, 2), rng.uniform(-0.5, 0.5, 2)
        exact, _ = _scattered(gamma, 0.3, mu, T)
        affinity = np.array([mu / T, -1 / T])
        x = 0.3 * -affinity + [rng.uniform(-0.5, 0.5, 2), [0.0, 0.0]]
        there, back = (float(exact.generating_function(*y)) for y in (x, -x - affinity))
        yield f"gamma = {gamma}", abs(back / there - 1)


@claim(
    "exact, quadratic",
    "sigma c_2/c_1^2 = 1.7645 at tunnelling 0.6 gamma and a bias of 5 T",
    within(1.7645, 5e-5),
)
def uncertainty_of_two_dots_in_series() -> float:
    """Coherent transport breaks the uncertainty relation of jumps, 2."""
    gamma = 1e-3
    dots = oqs.QuadraticSystem([[0, 0.6 * gamma], [0.6 * gamma, 0]])
    contacts = [oqs.Contact(oqs.flat(gamma), [1, 0]), oqs.Contact(oqs.flat(gamma), [0, 1])]
    return oqs.levitov(dots, contacts, [1.0, 1.0], [2.5, -2.5]).uncertainty(0)
