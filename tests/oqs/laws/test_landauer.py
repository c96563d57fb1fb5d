"""Exact flows at any coupling: digamma functions, literal Green's functions, filters as sites."""

import mpmath
import numpy as np
import pytest
from systems import COUPLINGS, SCALES, deviation, hermitian, random_contacts

import oqs
from oqs import memory
from oqs.laws.green import by_all_modes
from oqs.laws.gross import gross_of_modes

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


def two_contacts(left, right, rates=(0.01, 0.01), **options):
    return [
        oqs.Contact(oqs.flat(g), t, **options) for g, t in zip(rates, (left, right), strict=True)
    ]


RING = np.array([[0, 1, np.exp(-1j)], [1, 0, 1], [np.exp(1j), 1, 0]])
VANISHING = {  # h, contacts, whether both T and mu agree; energies of order one
    "even and odd": ([[1, 0.3], [0.3, 1]], two_contacts([0.1, 0.1], [0.1, -0.1]), False),
    "orthogonal, degenerate": (
        np.diag([0.25, 0.25]),
        two_contacts([0.14, 0.1], [0.1, -0.14]),
        False,
    ),
    "even and odd in a band": (
        [[1, 0.3], [0.3, 1]],
        two_contacts([0.1, 0.1], [0.1, -0.1], band=(-5, 5)),
        False,
    ),
    "even and odd, four sites": (
        np.diag([1.0] * 4) + 0.4 * (np.eye(4, k=1) + np.eye(4, k=-1)),
        two_contacts([1, 0, 0, 1], [0, 1, -1, 0]),
        False,
    ),
    "one rate 0": ([[0.3, 0.1], [0.1, 0.5]], two_contacts([1, 0], [0, 1], (0.01, 0.0)), False),
    "no rate at all": ([[0.3, 0.1], [0.1, 0.5]], two_contacts([1, 0], [0, 1], (0, 0)), False),
    "two separate dots": (np.diag([0.3, 0.5]), two_contacts([1, 0], [0, 1]), False),
    "ring of equal reservoirs": (RING, two_contacts([1, 0, 0], [0, 1, 0.5j]), True),
}


@scales
@pytest.mark.parametrize("name", VANISHING)
def test_flows_that_vanish_are_zero(name, scale):
    h, contacts, equal = VANISHING[name]
    scaled = [
        oqs.Contact(
            oqs.flat(c.rate.value * scale),
            c.coupling,
            band=None if c.band is None else tuple(scale * np.array(c.band)),
        )
        for c in contacts
    ]
    T, mu = scale * np.array([0.2, 0.3]), scale * np.array([0.3, -0.3])
    if equal:
        T, mu = T[[0, 0]], mu[[0, 0]]
    system = oqs.QuadraticSystem(scale * np.array(h))
    flows = oqs.landauer(system, scaled)(T, mu)
    gross = gross_of_modes(system, scaled, T, mu)
    for kind in ("particle", "energy", "heat"):
        assert np.max(np.abs(getattr(flows, kind))) <= 1e-16 * np.max(getattr(gross, kind))


@scales
def test_a_particle_flow_that_cancels_between_energies(scale):
    # levels +-0.3 at mu = 0: electrons and holes carry the same, energy flows on its own
    law = oqs.landauer(
        oqs.QuadraticSystem(scale * np.diag([-0.3, 0.3])), [oqs.Contact(oqs.flat(0.01 * scale))] * 2
    )
    flows = law(scale * np.array([0.2, 0.3]), [0.0, 0.0])
    assert abs(flows.particle[0]) < 1e-15 * 0.01 * scale
    assert flows.energy[1] > 1e-5 * scale**2


@scales
@pytest.mark.parametrize("width", [1e-9, 1e-12, 1e-20, 1e-100])
def test_levels_as_narrow_as_may_be(width, scale):
    # of Davies' limit they are off by width/T
    system = oqs.QuadraticSystem(scale * np.array([[0.3, 0.1j], [-0.1j, 0.5]]))
    contacts = two_contacts([1, 0.2], [0.3, 1], scale * width * np.array([1.0, 2.0]))
    T, mu = scale * np.array([0.2, 0.3]), scale * np.array([0.3, -0.3])
    exact = oqs.closed_form(system, contacts)(T, mu)
    assert deviation(oqs.landauer(system, contacts)(T, mu), exact) < 1e-9 + 30 * width


def test_a_level_above_all_that_is_filled():
    # e^-50: far below what co-tunnelling carries at usual rates, far above it at these
    system = oqs.QuadraticSystem([[2.0]])
    contacts = [oqs.Contact(oqs.flat(g)) for g in (1e-40, 2e-40)]
    T, mu = [0.04, 0.04], [0.02, -0.02]
    exact = oqs.closed_form(system, contacts)(T, mu)
    assert deviation(oqs.landauer(system, contacts)(T, mu), exact) < 1e-9


@pytest.mark.parametrize("far", [1e6, -1e9, 1e12])
@pytest.mark.parametrize("rate", [1e-2, 1e-6])
def test_a_level_far_away(far, rate):
    # the second dot is reached by tunnelling t alone: amplitude t/far on the near level
    system = oqs.QuadraticSystem([[0.5, 0.3], [0.3, far]])
    near = oqs.QuadraticSystem([[0.5 - 0.09 / far]])
    T, mu = [0.2, 0.3], [0.3, -0.3]
    contacts = two_contacts([1, 0], [0, 1], (rate, rate))
    through = [oqs.Contact(oqs.flat(rate)), oqs.Contact(oqs.flat(rate * (0.3 / far) ** 2))]
    exact = oqs.landauer(near, through)(T, mu)
    assert deviation(oqs.landauer(system, contacts)(T, mu), exact) < 1e-5
    # two contacts on the near level: nothing changes by the far one
    alone = oqs.landauer(near, [oqs.Contact(oqs.flat(rate))] * 2)(T, mu)
    both = oqs.landauer(system, two_contacts([1, 0], [1, 0], (rate, rate)))(T, mu)
    assert deviation(both, alone) < 1e-5


@scales
def test_a_weak_link_keeps_its_relative_precision(scale):
    # P ~ t^2 at tunnelling t far below the rates
    def flow(t):
        system = oqs.QuadraticSystem(scale * np.array([[0.1, t], [t, 0.1]]))
        law = oqs.landauer(system, two_contacts([1, 0], [0, 1], scale * np.array([0.1, 0.2])))
        return law(scale * np.array([0.2, 0.3]), scale * np.array([0.3, -0.3])).particle[0]

    assert flow(1e-6) / flow(1e-5) == pytest.approx(1e-2, rel=1e-6)


def test_gross_rates_of_levels_that_are_cold():
    # what is exchanged at 20 T above both Fermi edges is e^-20 of the rate
    system = oqs.QuadraticSystem([[2.0]])
    gross = gross_of_modes(system, [oqs.Contact(oqs.flat(0.01))] * 2, np.full(2, 0.1), np.zeros(2))
    np.testing.assert_allclose(gross.particle, 0.02 * np.exp(-20.0), rtol=1e-6)
    np.testing.assert_allclose(gross.energy, 2 * gross.particle)


def test_a_dark_mode_at_its_own_energy_transmits_nothing_more():
    law = oqs.landauer(
        oqs.QuadraticSystem.from_energies([0.3, 0.7]), two_contacts([1, 0], [1, 0], (0.1, 0.2))
    )
    alone = oqs.landauer(
        oqs.QuadraticSystem([[0.3]]), [oqs.Contact(oqs.flat(0.1)), oqs.Contact(oqs.flat(0.2))]
    )
    np.testing.assert_allclose(law.transmission([0.7]), alone.transmission([0.7]), rtol=1e-13)


@pytest.mark.parametrize("sites", [2, 12])
@scales
def test_a_dark_combination_of_equal_levels_transmits_nothing_more(sites, scale):
    # two equal levels seen through one amplitude: their difference is reached by no channel
    h = np.diag([1.0, 1.0, *np.linspace(3, 4, sites - 2)]) * scale
    together = np.array([0.1, 0.1, *np.full(sites - 2, 0.05)])
    law = oqs.landauer(
        oqs.QuadraticSystem(h), [oqs.Contact(oqs.flat(g * scale), together) for g in (0.1, 0.3)]
    )
    alone = oqs.landauer(
        oqs.QuadraticSystem(h[1:, 1:]),
        [oqs.Contact(oqs.flat(g * scale), [0.1 * 2**0.5, *together[2:]]) for g in (0.1, 0.3)],
    )
    w = scale * np.array([1.0, 1.0 + 1e-4, 2.0])
    np.testing.assert_allclose(law.transmission(w), alone.transmission(w), rtol=1e-10)


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


@pytest.mark.parametrize("half", [1e-12, 1e-4, 9.4644e-4, 0.01])
@pytest.mark.parametrize("rates", [(0.02, 0.03), (0.03, 0.02), (0.03, 0.03)])
def test_two_levels_whose_poles_meet_half_way(half, rates):
    # tunnelling below the rates: both poles lie at the same frequency, as near to either level
    system = oqs.QuadraticSystem([[0, half], [half, 0]])
    ends = [[1, 0], [0, 1]]
    contacts = [oqs.Contact(oqs.flat(g), t) for g, t in zip(rates, ends, strict=True)]
    left, right = rates
    found = oqs.landauer(system, contacts)([1.0, 1.0], [2000.0, -2000.0]).particle
    # all levels are filled from the left and emptied to the right: rate equation with coherence
    total = left + right
    exact = 4 * half**2 * left * right / (total * (left * right + 4 * half**2))
    np.testing.assert_allclose(found, [exact, -exact], rtol=1e-6)


SHAPES = {
    "random": hermitian,
    "ring, degenerate": lambda rng, n: 0.3 * (np.roll(np.eye(n), 1, 0) + np.roll(np.eye(n), -1, 0)),
    "chain, disordered": lambda rng, n: (
        np.diag(rng.normal(size=n)) + 0.3 * (np.eye(n, k=1) + np.eye(n, k=-1))
    ),
    # both on three lines: one combination of each has no width
    "levels of three": lambda rng, n: np.diag(np.repeat(rng.normal(size=n // 3), 3)),
    # -i g/2 on the first of two sites of hopping g/4: two poles meet, the matrix is defective
    "exceptional points": lambda rng, n: (
        np.kron(np.diag(rng.normal(size=n // 2)), np.eye(2))
        + 0.025 * np.kron(np.eye(n // 2), [[0, 1], [1, 0]])
    ),
}


@scales
@pytest.mark.parametrize("strength", [1e-8, 0.1, 3.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_few_channels_of_many_modes(shape, strength, scale):
    """The channels' own equation against matrices of all modes, near resonances and far away."""
    rng = np.random.default_rng(list(SHAPES).index(shape))
    system = oqs.QuadraticSystem(scale * SHAPES[shape](rng, 24))
    rates = oqs.flat(scale * strength), oqs.lorentzian(scale * strength, 0.2 * scale, scale)
    mixed = rng.normal(size=(2, 24)) + 1j * rng.normal(size=(2, 24))
    couplings = np.eye(24)[0], mixed / 5
    leads = [oqs.Contact(rate, t) for rate, t in zip(rates, couplings, strict=True)]
    scatterer = oqs.landauer(system, leads).scatterer
    origin = rng.choice(system.energies, 300)
    offset = scale * rng.choice([-1, 1], 300) * 10.0 ** rng.uniform(-10, 1, 300)
    across = scatterer._across(origin, offset)[1]
    away = np.subtract.outer(origin, system.energies) + offset[:, None]
    strengths = scatterer.strengths(origin + offset)[1]
    whole = by_all_modes(away, strengths, scatterer.amplitudes)
    largest = np.abs(whole).max(axis=(1, 2), keepdims=True)
    assert np.max(np.abs(across - whole) / largest) < 1e-9
    S = scatterer.scattering(origin, offset)
    assert np.max(np.abs(S.conj().swapaxes(1, 2) @ S - np.eye(3))) < 1e-9


def test_a_long_chain_says_what_it_takes_and_takes_little(monkeypatch, capsys):
    """Every site its own channels: all modes are solved at each energy, which is said before."""
    monkeypatch.setattr(memory, "worth_saying", lambda seconds: seconds > 1)
    h = 0.3 * (np.eye(60, k=1) + np.eye(60, k=-1))
    ends = [oqs.Contact(oqs.flat(0.01), np.eye(60)[k]) for k in (0, -1)]
    every = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
    system = oqs.QuadraticSystem(h)
    for leads in (ends, every):
        oqs.landauer(system, leads).scatterer.panels(np.array([0.4, 0.6]), np.array([0.1, -0.1]))
    assert capsys.readouterr().err.count("An integral over the transmission: about ") == 1
