"""Exact flows at any coupling: digamma functions, literal Green's functions, filters as sites."""

import mpmath
import numpy as np
import pytest
from systems import COUPLINGS, SCALES, deviation, hermitian, random_contacts

import oqs

scales = pytest.mark.parametrize("scale", SCALES)


def one_level(level, gammas, T, mu):
    """Flows through one level between two flat contacts, 30 digits.

    With G = sum of the rates and z_j = 1/2 + (G/2 + i (level - mu_j)) / (2 pi T_j):
    P_1 = g_1 g_2/G (m_1 - m_2), m_j = 1/2 - Im psi(z_j)/pi, and
    J_1 = level P_1 + g_1 g_2/(2 pi) [Re psi(z_1) + ln T_1 - Re psi(z_2) - ln T_2].
    """
    with mpmath.workdps(30):
        g1, g2 = (mpmath.mpf(float(g)) for g in gammas)
        G, e = g1 + g2, mpmath.mpf(float(level))
        psi = [
            mpmath.digamma(
                mpmath.mpf(1) / 2
                + mpmath.mpc(G / 2, e - mpmath.mpf(float(m))) / (2 * mpmath.pi * float(t))
            )
            for t, m in zip(T, mu, strict=True)
        ]
        P = g1 * g2 / G * (psi[1].imag - psi[0].imag) / mpmath.pi
        logs = mpmath.log(float(T[0])) - mpmath.log(float(T[1]))
        J = e * P + g1 * g2 / (2 * mpmath.pi) * (psi[0].real - psi[1].real + logs)
        return oqs.Flows.of([float(P), -float(P)], [float(J), -float(J)], mu)


@scales
@pytest.mark.parametrize(
    ("level", "gammas", "T", "mu"),
    [
        (0.3, (0.5, 0.8), (1.0, 0.4), (0.2, -0.6)),
        (0.3, (1e-4, 3e-4), (1.0, 0.4), (0.2, -0.6)),
        (0.3, (20.0, 30.0), (1.0, 0.4), (0.2, -0.6)),
        (4.0, (0.01, 0.02), (0.05, 0.1), (0.2, -0.6)),
        (21.1, (1e-2, 1e-2), (0.6, 1.0), (20.8, 16.0)),
    ],
    ids=["comparable", "weak", "strong", "far from resonance", "figure 1"],
)
def test_one_level(level, gammas, T, mu, scale):
    level, T, mu = scale * level, scale * np.array(T), scale * np.array(mu)
    gammas = scale * np.array(gammas)
    system = oqs.QuadraticSystem([[level]])
    law = oqs.landauer(system, [oqs.Contact(oqs.flat(g)) for g in gammas])
    assert deviation(law(T, mu), one_level(level, gammas, T, mu)) < 1e-8


def literal_transmission(h, gammas, channels, sigma, w):
    """tr[Gamma_j G Gamma_q G^+] as written."""
    broadenings = [g * t.conj().T @ t for g, t in zip(gammas, channels, strict=True)]
    green = np.linalg.inv(w * np.eye(len(h)) - h - sigma)
    return np.array(
        [
            [
                np.trace(a @ green @ b @ green.conj().T).real if a is not b else 0
                for b in broadenings
            ]
            for a in broadenings
        ]
    )


@scales
@pytest.mark.parametrize("coupling", COUPLINGS)
def test_transmission_of_random_systems(coupling, scale):
    rng = np.random.default_rng([1, COUPLINGS.index(coupling)])
    h = scale * hermitian(rng, 3)
    gammas = scale * rng.uniform(0.1, 2.0, 3)
    contacts = [
        oqs.Contact(oqs.flat(g), c.coupling)
        for g, c in zip(gammas, random_contacts(rng, 3, 3, scale, coupling), strict=True)
    ]
    channels = [c.channels(3) for c in contacts]
    sigma = sum(-0.5j * g * t.conj().T @ t for g, t in zip(gammas, channels, strict=True))
    found = oqs.landauer(oqs.QuadraticSystem(h), contacts)
    for w in scale * rng.normal(size=6):
        expected = literal_transmission(h, gammas, channels, sigma, w)
        np.testing.assert_allclose(found.transmission([w])[0], expected, rtol=1e-11, atol=1e-15)
        # what enters leaves, whatever the phases
        np.testing.assert_allclose(expected.sum(axis=0), expected.sum(axis=1), rtol=1e-11)


@scales
def test_two_dots_in_series(scale):
    # T = g_1 g_2 t^2 / |(w - e_1 + i g_1/2)(w - e_2 + i g_2/2) - t^2|^2
    (e1, e2, t, g1, g2), w = scale * np.array([0.2, -0.3, 0.4, 0.5, 0.1]), scale * 0.37
    contacts = [oqs.Contact(oqs.flat(g1), [1, 0]), oqs.Contact(oqs.flat(g2), [0, 1])]
    law = oqs.landauer(oqs.QuadraticSystem([[e1, t], [t, e2]]), contacts)
    expected = g1 * g2 * t**2 / abs((w - e1 + 0.5j * g1) * (w - e2 + 0.5j * g2) - t**2) ** 2
    np.testing.assert_allclose(
        law.transmission(w)[0], [[0, expected], [expected, 0]], rtol=1e-13, atol=0
    )


@scales
def test_a_filter_is_one_site_more(scale):
    # a Lorentzian rate of peak s and half-width W is a flat rate 2 W through a site at its centre,
    # reached by tunnelling sqrt(s W / 2): exact, level shift included
    level, peaks, centers, widths = 0.2, (0.6, 0.4), (0.5, -0.3), (0.3, 0.7)
    filtered = oqs.landauer(
        oqs.QuadraticSystem([[scale * level]]),
        [
            oqs.Contact(oqs.lorentzian(scale * s, scale * c, scale * W))
            for s, c, W in zip(peaks, centers, widths, strict=True)
        ],
    )
    t = np.sqrt(np.array(peaks) * widths / 2)
    h = scale * np.array([[centers[0], t[0], 0], [t[0], level, t[1]], [0, t[1], centers[1]]])
    sites = oqs.landauer(
        oqs.QuadraticSystem(h),
        [
            oqs.Contact(oqs.flat(2 * scale * widths[0]), [1, 0, 0]),
            oqs.Contact(oqs.flat(2 * scale * widths[1]), [0, 0, 1]),
        ],
    )
    w = scale * np.linspace(-2, 2, 9)
    np.testing.assert_allclose(filtered.transmission(w), sites.transmission(w), rtol=1e-11)
    T, mu = scale * np.array([0.3, 0.9]), scale * np.array([0.4, -0.2])
    assert deviation(filtered(T, mu), sites(T, mu)) < 1e-7


@scales
@pytest.mark.parametrize("coupling", COUPLINGS)
def test_equal_reservoirs_exchange_nothing_at_all(coupling, scale):
    rng = np.random.default_rng(3)
    contacts = random_contacts(rng, 2, 2, scale, coupling)  # flat and Lorentzian: no band needed
    law = oqs.landauer(oqs.QuadraticSystem(scale * hermitian(rng, 2)), contacts)
    flows = law(np.full(2, 0.5 * scale), np.full(2, 0.1 * scale))
    assert not np.any(flows.particle)
    assert not np.any(flows.energy)


@scales
def test_conservation_and_the_second_law(scale):
    rng = np.random.default_rng(4)
    for _ in range(3):
        contacts = [
            oqs.Contact(oqs.flat(scale * rng.uniform(0.1, 1)), rng.normal(size=2) + 1j)
            for _ in range(3)
        ]
        law = oqs.landauer(oqs.QuadraticSystem(scale * hermitian(rng, 2)), contacts)
        T, mu = scale * rng.uniform(0.2, 2, 3), scale * rng.normal(size=3)
        flows = law(T, mu)
        assert abs(flows.particle.sum()) < 1e-8 * np.max(np.abs(flows.particle))
        assert abs(flows.energy.sum()) < 1e-8 * max(
            np.max(np.abs(flows.energy)), scale * np.max(np.abs(flows.particle))
        )
        assert oqs.clausius_sum(flows, T) < 0


def test_small_differences_obey_onsager():
    # from (mu/T, -1/T) to (P, J): symmetric, and the fluctuations' matrix is positive
    law = oqs.landauer(
        oqs.QuadraticSystem([[0.2, 0.3j], [-0.3j, -0.1]]),
        [oqs.Contact(oqs.flat(0.5), [1, 0.2j]), oqs.Contact(oqs.flat(0.8), [0.3, 1])],
        accuracy=1e-11,
    )
    T0, mu0, step = 0.9, 0.2, 1e-4
    columns = []
    for dx, db in ((step, 0.0), (0.0, step)):
        response = np.zeros(2)
        for sign in (1, -1):
            beta, x = 1 / T0 - sign * db, mu0 / T0 + sign * dx
            flows = law([1 / beta, T0], [x / beta, mu0])
            response += sign * np.array([flows.particle[0], flows.energy[0]]) / (2 * step)
        columns.append(response)
    assert columns[0][1] == pytest.approx(columns[1][0], rel=1e-6)
    assert np.linalg.eigvalsh(columns)[0] > 0


@scales
def test_a_band_cuts_the_transmission(scale):
    contacts = [
        oqs.Contact(oqs.flat(0.4 * scale), band=(-scale, 1.5 * scale)),
        oqs.Contact(oqs.flat(0.2 * scale), band=(-2 * scale, scale)),
    ]
    law = oqs.landauer(oqs.QuadraticSystem([[0.3 * scale]]), contacts)
    outside = law.transmission(scale * np.array([-1.5, -1.01, 1.01, 1.6]))
    assert not np.any(outside)
    assert np.all(law.transmission([0.0])[0][[0, 1], [1, 0]] > 0)
    # Sigma = sum_j g_j/(2 pi) ln|(w - a_j)/(b_j - w)| - i g_j/2, then Breit and Wigner
    w = 0.45
    shift = sum(
        g / (2 * np.pi) * np.log(abs((w - a) / (b - w)))
        for g, a, b in ((0.4, -1, 1.5), (0.2, -2, 1))
    )
    expected = 0.4 * 0.2 / ((w - 0.3 - shift) ** 2 + (0.6 / 2) ** 2)
    assert law.transmission([w * scale])[0, 0, 1] == pytest.approx(expected, rel=1e-9)


def test_what_is_refused():
    flat = [oqs.Contact(oqs.flat(0.1))] * 2
    with pytest.raises(TypeError, match="`system` must be a QuadraticSystem, but is Interacting"):
        oqs.landauer(oqs.anderson_dot(0.0, 1.0), flat)
    with pytest.raises(ValueError, match="`band` of contact 'left' must be given"):
        oqs.landauer(
            oqs.QuadraticSystem([[1.0]]), [oqs.Contact(oqs.power_law(0.1, 0.5), name="left")]
        )
    with pytest.raises(ValueError, match="`accuracy` must be positive, but is 0"):
        oqs.landauer(oqs.QuadraticSystem([[1.0]]), flat, accuracy=0.0)


def test_an_accuracy_out_of_reach_is_an_error():
    law = oqs.landauer(
        oqs.QuadraticSystem([[0.3]]), [oqs.Contact(oqs.flat(0.1))] * 2, accuracy=1e-30
    )
    with pytest.raises(RuntimeError, match=r"did not reach 1e-30 .* Ask for less"):
        law([1.0, 2.0], [0.3, -0.3])
