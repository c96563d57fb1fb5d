"""Response and exact fluctuations: derivatives, Onsager, fluctuation-dissipation, Levitov."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

import oqs
from oqs.arguments import FloatArray
from validation.framework.bounds import within
from validation.framework.check import Measurement, check
from validation.framework.deviation import deviation, largest, over, worst_of
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


@check(
    "derivatives of the flows of independent modes",
    equation="Eq. (10)",
    reference="d/dT_q and d/dmu_q of gamma_j (n_j - nbar), written out",
    tolerance=ROUNDING,
    claim="The perturbed density matrix gives the derivatives of Eq. (10) by every T and mu.",
)
@over(lambda rng: random_systems.independent_baths(rng, _EACH))
def derivatives(setting: Setting) -> float:
    """Return the largest deviation of a derivative, over the largest by the same T or mu."""
    jacobian = oqs.flow_law(setting.model).jacobian(setting.T, setting.mu)
    exact = _equal_ten(setting)
    return largest(
        deviation(jacobian.particle_T, exact[0]), deviation(jacobian.particle_mu, exact[1])
    )


@check(
    "Onsager symmetry",
    equation="linear response",
    reference="L = L^T (Onsager 1931)",
    tolerance=ROUNDING,
    claim="Particles by heat affinity are heat by particle affinity, for any jumps of Davies.",
)
@over(_every_kind)
def onsager(setting: Setting) -> float:
    """Return the largest |L - L^T| over the largest |L|."""
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


@check(
    "Onsager symmetry with a flux",
    equation="linear response, exact",
    reference="L(phi) = L(-phi)^T (Onsager 1931, Casimir 1945)",
    # the quadrature's own
    tolerance=1e-10,
    claim="A flux through a ring makes L asymmetric; reversed, it is the transpose.",
)
@worst_of
def flux() -> Iterator[tuple[str, float]]:
    """Yield the largest difference over the largest |L|; infinite where the flux does nothing."""
    for phi in (0.5, 1.0, 2.0):
        there, back = _ring(phi), _ring(-phi)
        off = deviation(back.onsager.transpose(1, 0, 3, 2), there.onsager)
        yield f"flux {phi}", off if float(there.asymmetry) > 1e-3 else np.inf


@check(
    "fluctuation-dissipation",
    equation="linear response",
    reference="equilibrium covariances = 2 L",
    tolerance=ROUNDING,
    claim="Noise of particles and heat in equilibrium is twice the response, mixed noise too.",
)
@over(_every_kind)
def fluctuation_dissipation(setting: Setting) -> float:
    """Return the largest deviation of a covariance from 2 L, over the largest of its kind."""
    n, model = len(setting.T), setting.model
    T, mu = np.full(n, setting.T[0]), np.full(n, setting.mu[0])
    noise, response = oqs.counting_statistics(model, T, mu), _response(setting)
    L, kinds = response.onsager, list(enumerate(("particle", "heat")))
    scale = [np.max(np.abs(L[a, a])) for a, _ in kinds]
    return largest(
        *(
            deviation(noise.covariance(p, q), 2 * L[a, b], 2 * np.sqrt(scale[a] * scale[b]))
            for a, p in kinds
            for b, q in kinds
        )
    )


@check(
    "response of an Anderson dot",
    equation="linear response",
    reference="L0, L1, L2 by the sum over transitions of g_LR (w - mu)^q p n(w)",
    tolerance=ROUNDING,
    claim="Proportional contacts have the closed form of Onsager's coefficients, interactions too.",
)
def anderson_dot() -> float:
    """Return the largest relative deviation of L0, L1, L2."""
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
    return float(np.max(np.abs(measured / exact - 1)))


@check(
    "thermopower of one level",
    equation="linear response",
    reference="S = (w - mu)/T, kappa = 0, ZT infinite",
    tolerance=ROUNDING,
    claim="Through one level heat is tied to particles, cold or warm.",
)
def one_level() -> float:
    """Return the largest relative deviation of S, infinite where kappa is not zero."""
    parts = []
    for T in (1.0, 0.05, 1e-3):
        model = oqs.davies(oqs.QuadraticSystem([[0.5]]), [oqs.Contact(oqs.flat(0.01))] * 2)
        response = oqs.linear_response(model, T, 0.5 - 2.5 * T)
        tied = response.thermal_conductance == 0 and np.isposinf(response.ZT)
        parts.append(abs(float(response.seebeck) / 2.5 - 1) if tied else np.inf)
    return largest(*parts)


@check(
    "plateau of a Coulomb diamond",
    equation="Eq. (9), counted",
    reference="I = 2 g_L g_R/(2 g_L + g_R), Fano (4 g_L^2 + g_R^2)/(2 g_L + g_R)^2",
    tolerance=ROUNDING,
    claim="The diagram of a blockaded dot has the plateau of single electrons in closed form.",
)
def plateau() -> float:
    """Return the largest relative deviation of current and Fano factor."""
    left, right = 0.01, 0.02
    contacts = [oqs.Contact(oqs.flat(left)), oqs.Contact(oqs.flat(right))]
    diagram = oqs.stability_diagram(
        lambda gate: oqs.davies(oqs.anderson_dot(-gate, U=50.0), contacts), [0.0, 0.2], [4.0], 0.01
    )
    current = 2 * left * right / (2 * left + right)
    fano = (4 * left**2 + right**2) / (2 * left + right) ** 2
    return largest(
        float(np.max(np.abs(diagram.current / current - 1))),
        float(np.max(np.abs(diagram.fano / fano - 1))),
        float(np.max(np.abs(diagram.conductance))),
    )


def _scattered(
    gamma: float, tunnelling: float, mu: FloatArray, T: FloatArray
) -> tuple[oqs.LevitovStatistics, oqs.JumpStatistics]:
    """Return exact statistics and those of jumps, of two dots in series."""
    dots = oqs.QuadraticSystem([[0.1, tunnelling], [tunnelling, 0.2]])
    contacts = [oqs.Contact(oqs.flat(gamma), [1, 0]), oqs.Contact(oqs.flat(2 * gamma), [0, 1])]
    return (
        oqs.levitov(dots, contacts, T, mu, accuracy=1e-10),
        oqs.counting_statistics(oqs.davies(dots, contacts), T, mu),
    )


@check(
    "exact cumulants at weak coupling",
    equation="Eq. (9), counted",
    reference="Levitov's determinant: half the rate, half the difference",
    tolerance=within(2.0, 0.1),
    claim="Cumulants c_1 to c_4 of particles and heat tend to the exact ones linearly in gamma.",
)
def weak_coupling() -> Measurement:
    """Return the ratio of differences at gamma and gamma/2 that is farthest from 2."""
    T, mu = np.array([0.2, 0.3]), np.array([0.4, -0.3])
    off = []
    for gamma in (0.002, 0.001):
        exact, jumps = _scattered(gamma, 0.4, mu, T)
        off.append(
            np.concatenate(
                [
                    jumps.cumulants(0, 4, quantity) / exact.cumulants(0, 4, quantity) - 1
                    for quantity in ("particle", "heat")
                ]
            )
        )
    ratios = off[0] / off[1]
    return Measurement(float(ratios[np.argmax(np.abs(ratios - 2))]), detail=f"{len(ratios)} cases")


@check(
    "exact fluctuation theorem",
    equation="exact, quadratic",
    reference="lambda(x) = lambda(-x - A), A = (mu_j/T_j, -1/T_j)",
    # the quadrature's own: 1e-10 of lambda
    tolerance=1e-8,
    claim="Strong coupling obeys the fluctuation theorem of particles and energy.",
)
@worst_of
def fluctuation_theorem(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Yield the relative differences of both sides."""
    for gamma in (0.01, 0.1, 1.0, 1.0, 3.0):
        T, mu = rng.uniform(0.2, 1.0, 2), rng.uniform(-0.5, 0.5, 2)
        exact, _ = _scattered(gamma, 0.3, mu, T)
        affinity = np.array([mu / T, -1 / T])
        x = 0.3 * -affinity + [rng.uniform(-0.5, 0.5, 2), [0.0, 0.0]]
        there, back = (float(exact.generating_function(*y)) for y in (x, -x - affinity))
        yield f"gamma = {gamma}", abs(back / there - 1)


@check(
    "uncertainty of two dots in series",
    equation="exact, quadratic",
    reference="sigma c_2/c_1^2 = 1.7645 at tunnelling 0.6 gamma and a bias of 5 T",
    tolerance=within(1.7645, 5e-5),
    claim="Coherent transport breaks the uncertainty relation of jumps, 2.",
)
def uncertainty() -> float:
    """Return sigma c_2/c_1^2."""
    gamma = 1e-3
    dots = oqs.QuadraticSystem([[0, 0.6 * gamma], [0.6 * gamma, 0]])
    contacts = [oqs.Contact(oqs.flat(gamma), [1, 0]), oqs.Contact(oqs.flat(gamma), [0, 1])]
    return oqs.levitov(dots, contacts, [1.0, 1.0], [2.5, -2.5]).uncertainty(0)
