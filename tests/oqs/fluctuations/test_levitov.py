"""Exact counting statistics: literal formulas, symmetries, the weak-coupling limit, refusals."""

import mpmath
import numpy as np
import pytest
from systems import SCALES, hermitian

import oqs

QUANTITIES = ("particle", "energy", "heat")
scales = pytest.mark.parametrize("scale", SCALES)


def random_system(seed, sites=2, reservoirs=2, scale=1.0, strength=0.2):
    rng = np.random.default_rng([seed, sites, reservoirs])
    contacts = [
        oqs.Contact(
            oqs.flat(scale * strength * rng.uniform(0.3, 2)),
            rng.normal(size=(1 + j % 2, sites)) + 1j * rng.normal(size=(1 + j % 2, sites)),
            name=f"r{j}",
        )
        for j in range(reservoirs)
    ]
    system = oqs.QuadraticSystem(scale * hermitian(rng, sites))
    T, mu = scale * rng.uniform(0.2, 1, reservoirs), scale * rng.normal(size=reservoirs)
    return system, contacts, T, mu


def literal(system, contacts, T, mu, chi, xi):
    """int dE/2pi ln det[1 + n (S^+ e^-x S e^x - 1)] by brute force on a fixed grid of energies."""
    h, g = system.h, [float(c.rate(np.zeros(1))[0]) for c in contacts]
    w = [np.sqrt(a) * c.channels(len(h)) for a, c in zip(g, contacts, strict=True)]
    owner = np.repeat(np.arange(len(w)), [len(rows) for rows in w])
    rows = np.concatenate(w)
    width = max(np.abs(h).max(), *T, *np.abs(mu))
    # E = width sinh(u): fine in the middle, far tails with few points
    u, du = np.linspace(-8, 8, 40001, retstep=True)
    total = 0.0
    for part in np.array_split(u, 100):
        E = width * np.sinh(part)
        green = np.linalg.inv(E[:, None, None] * np.eye(len(h)) - h + 0.5j * rows.conj().T @ rows)
        S = np.eye(len(rows)) - 1j * rows @ green @ rows.conj().T
        n = 0.5 * (1 - np.tanh((E[:, None] - mu[owner]) / (2 * T[owner])))
        x = chi[owner] + xi[owner] * E[:, None]
        inner = S.conj().swapaxes(1, 2) @ (np.exp(-x)[:, :, None] * S * np.exp(x)[:, None])
        matrix = np.eye(len(rows)) + n[:, :, None] * (inner - np.eye(len(rows)))
        _, logarithm = np.linalg.slogdet(matrix)
        total += np.sum(logarithm * width * np.cosh(part)) * du
    return total / (2 * np.pi)


@pytest.mark.parametrize(("sites", "reservoirs"), [(1, 2), (2, 2), (2, 3), (3, 4)])
def test_the_generating_function_is_the_literal_determinant(sites, reservoirs):
    system, contacts, T, mu = random_system(41, sites, reservoirs)
    stats, rng = oqs.levitov(system, contacts, T, mu), np.random.default_rng(42)
    for _ in range(3):
        chi = rng.uniform(-1, 1, reservoirs)
        found = stats.generating_function(particle=chi)
        exact = literal(system, contacts, T, mu, chi, np.zeros(reservoirs))
        assert abs(found - exact) < 1e-6 * abs(exact)


@pytest.mark.parametrize("reservoirs", [2, 3])
def test_cumulants_are_derivatives_of_the_generating_function(reservoirs):
    system, contacts, T, mu = random_system(43, 2, reservoirs)
    stats, h = oqs.levitov(system, contacts, T, mu, accuracy=1e-12), 0.02
    x = h * np.arange(-5, 6)
    for quantity in QUANTITIES:
        fields = np.zeros((len(x), reservoirs))
        fields[:, 1] = x
        particle, energy = {
            "particle": (fields, 0 * fields),
            "energy": (0 * fields, fields),
            "heat": (-mu * fields, fields),
        }[quantity]
        values = stats.generating_function(particle, energy)
        slopes = np.polynomial.polynomial.polyfit(x / h, values, 10)[1:5]
        exact = slopes * [1, 2, 6, 24] / h ** np.arange(1, 5)
        found = stats.cumulants("r1", 6, quantity)
        np.testing.assert_allclose(found[:4], exact, rtol=0, atol=1e-5 * np.abs(exact).max())
        assert found[0] == pytest.approx(getattr(stats.flows, quantity)[1], rel=1e-7)
        assert found[1] == pytest.approx(stats.covariance(quantity)[1, 1], rel=1e-7)


def test_one_level_has_the_cumulants_of_two_probabilities():
    """ln[1 + T (n_L (1 - n_R)(e^x - 1) + n_R (1 - n_L)(e^-x - 1))], integrated by mpmath."""
    gL, gR, w, T, mu = 0.1, 0.3, 0.2, (0.3, 0.2), (0.4, -0.2)
    contacts = [oqs.Contact(oqs.flat(g)) for g in (gL, gR)]
    stats = oqs.levitov(oqs.QuadraticSystem([[w]]), contacts, T, mu, accuracy=1e-12)
    with mpmath.workdps(30):

        def density(order):
            def at(E):
                n = [1 / (mpmath.exp((E - m) / t) + 1) for t, m in zip(T, mu, strict=True)]
                passing = gL * gR / ((E - w) ** 2 + mpmath.mpf(gL + gR) ** 2 / 4)
                p, q = passing * n[0] * (1 - n[1]), passing * n[1] * (1 - n[0])
                series = mpmath.taylor(
                    lambda x: mpmath.log(1 + p * mpmath.expm1(x) + q * mpmath.expm1(-x)), 0, order
                )
                return series[order] * mpmath.factorial(order) / (2 * mpmath.pi)

            return at

        points = [-30, -5, -1, -0.2, 0, 0.2, 0.4, 1, 2, 5, 30]
        exact = [float(mpmath.quad(density(order), points)) for order in (2, 3, 4)]
    np.testing.assert_allclose(stats.cumulants(0, 4)[1:], exact, rtol=1e-10)


@scales
@pytest.mark.parametrize("reservoirs", [2, 3])
def test_flows_are_those_of_landauer_and_counts_are_conserved(reservoirs, scale):
    system, contacts, T, mu = random_system(44, 3, reservoirs, scale)
    stats = oqs.levitov(system, contacts, T, mu)
    assert max(oqs.deviation(stats.flows, oqs.landauer(system, contacts)(T, mu))) == 0.0
    assert stats.flows.names == tuple(f"r{j}" for j in range(reservoirs))
    for quantity in ("particle", "energy"):
        noise = stats.covariance(quantity)
        np.testing.assert_allclose(noise.sum(axis=0), 0, atol=1e-7 * np.abs(noise).max())
        assert np.linalg.eigvalsh(noise)[0] > -1e-7 * np.abs(noise).max()
    mixed = stats.covariance("particle", "heat")
    np.testing.assert_allclose(mixed, stats.covariance("heat", "particle").T, rtol=1e-12)


@scales
@pytest.mark.parametrize("reservoirs", [2, 3])
def test_the_fluctuation_theorem_holds(reservoirs, scale):
    """lambda(x) = lambda(-x - A) in the opposite magnetic field, for two reservoirs in any."""
    system, contacts, T, mu = random_system(45, 2, reservoirs, scale)
    stats, rng = oqs.levitov(system, contacts, T, mu), np.random.default_rng(46)
    turned = oqs.levitov(
        oqs.QuadraticSystem(system.h.conj()),
        [oqs.Contact(c.rate, np.conj(c.coupling)) for c in contacts],
        T,
        mu,
    )
    if reservoirs == 2:
        turned = stats
    affinity = np.array([mu / T, -1 / T])
    for _ in range(3):
        x = rng.uniform(0, 1) * -affinity + [rng.uniform(-1, 1, reservoirs), np.zeros(reservoirs)]
        there = stats.generating_function(*x)
        back = turned.generating_function(*(-x - affinity))
        assert abs(there - back) < 1e-7 * abs(there)
    assert abs(stats.generating_function(*-affinity)) < 1e-10 * stats.gross[0].max()


def test_equilibrium_noise_is_twice_the_response():
    system, contacts, _, _ = random_system(47, 2, 3)
    stats = oqs.levitov(system, contacts, [0.3] * 3, [0.1] * 3)
    response = oqs.linear_response(oqs.landauer(system, contacts), 0.3, 0.1)
    twice = 2 * response.onsager[0, 0]
    both = twice + twice.T  # a magnetic phase: the noise knows the symmetric part
    np.testing.assert_allclose(stats.covariance("particle"), both / 2, atol=1e-7 * twice.max())
    heat = response.onsager[1, 1] + response.onsager[1, 1].T
    np.testing.assert_allclose(stats.covariance("heat"), heat, atol=1e-7 * heat.max())


def test_weak_coupling_tends_to_davies_linearly():
    off = []
    for gamma in (0.004, 0.002, 0.001):
        dots = oqs.QuadraticSystem([[0.1, 0.4], [0.4, 0.2]])
        contacts = [oqs.Contact(oqs.flat(gamma), [1, 0]), oqs.Contact(oqs.flat(2 * gamma), [0, 1])]
        T, mu = [0.2, 0.3], [0.4, -0.3]
        exact = oqs.levitov(dots, contacts, T, mu, accuracy=1e-10)
        jumps = oqs.counting_statistics(oqs.davies(dots, contacts), T, mu)
        pairs = [(exact.cumulants(0, 4, q), jumps.cumulants(0, 4, q)) for q in ("particle", "heat")]
        off.append(np.array([weak / strong - 1 for strong, weak in pairs]))
    assert np.all(np.abs(off[2]) < 0.02)
    np.testing.assert_allclose(off[0] / off[1], 2, rtol=0.1)
    np.testing.assert_allclose(off[1] / off[2], 2, rtol=0.1)


def test_a_serial_double_dot_breaks_the_uncertainty_relation_of_jumps():
    """sigma c_2/c_1^2 = 1.7645 at tunnelling 0.6 gamma and a bias of 5 T: below 2."""
    gamma = 1e-3
    dots = oqs.QuadraticSystem([[0, 0.6 * gamma], [0.6 * gamma, 0]])
    contacts = [oqs.Contact(oqs.flat(gamma), [1, 0]), oqs.Contact(oqs.flat(gamma), [0, 1])]
    stats = oqs.levitov(dots, contacts, [1.0, 1.0], [2.5, -2.5])
    assert abs(stats.uncertainty(0) - 1.7645) < 5e-5


@pytest.mark.parametrize("cold", [1e-3, 1e-2])
def test_a_cold_dot_between_far_potentials_has_the_noise_of_its_asymmetry(cold):
    contacts = [oqs.Contact(oqs.flat(g)) for g in (1e-3, 3e-3)]
    stats = oqs.levitov(oqs.QuadraticSystem([[0.0]]), contacts, [cold] * 2, [1.0, -1.0])
    assert stats.fano(0) == pytest.approx((1 + 9) / 16, abs=2e-3)


def test_full_and_empty_reservoirs_give_nothing():
    contacts = [oqs.Contact(oqs.flat(0.1))] * 2
    for mu in ([50.0, 50.0], [-50.0, -50.0]):
        stats = oqs.levitov(oqs.QuadraticSystem([[0.0]]), contacts, [0.1, 0.1], mu)
        assert stats.flows.particle.tolist() == [0.0, 0.0]
        noise = stats.covariance("particle")[0, 0]
        assert 0 < noise < 1e-5  # a tail of the level at the potentials, in equilibrium
        assert np.isposinf(stats.fano(0))
    alone = oqs.levitov(oqs.QuadraticSystem([[0.0]]), contacts[:1], [0.1], [0.0])
    assert alone.covariance("particle").tolist() == [[0.0]]


def test_the_rate_function_is_the_legendre_transform():
    system, contacts, T, mu = random_system(48, 1, 2)
    stats = oqs.levitov(system, contacts, T, mu)
    mean = stats.flows.particle[0]
    currents = mean + np.array([-0.003, 0.0, 0.01])
    found = stats.large_deviation(0, "particle", currents)
    grid = np.linspace(-3, 3, 121)
    fields = np.stack([grid, 0 * grid], axis=1)
    values = stats.generating_function(particle=fields)
    exact = np.max(grid * currents[:, None] - values, axis=1)
    assert found[1] < 1e-12
    np.testing.assert_allclose(found, exact, atol=1e-4 * exact.max())


@pytest.mark.parametrize("omega", [0.0, 0.5, 2.0])
def test_noise_at_a_frequency_tends_to_that_of_jumps(omega):
    off = []
    for gamma in (0.01, 0.005):
        dot = oqs.QuadraticSystem([[0.1]])
        contacts = [oqs.Contact(oqs.flat(gamma)), oqs.Contact(oqs.flat(2 * gamma))]
        T, mu = [0.2, 0.3], [0.3, -0.3]
        jumps = oqs.counting_statistics(oqs.davies(dot, contacts), T, mu)
        exact = oqs.levitov(dot, contacts, T, mu).noise_spectrum(omega * gamma)
        weak = jumps.noise_spectrum(omega * gamma)
        off.append(np.max(np.abs(exact - weak)) / np.max(np.abs(weak)))
    assert off[1] < 0.03
    assert off[0] / off[1] == pytest.approx(2, rel=0.1)


def test_noise_at_zero_frequency_is_the_covariance_and_spectra_are_hermitian():
    system, contacts, T, mu = random_system(49, 2, 3)
    stats = oqs.levitov(system, contacts, T, mu)
    found = stats.noise_spectrum([0.0, 0.3, 1.0])
    covariance = stats.covariance("particle")
    np.testing.assert_allclose(found[0], covariance, atol=1e-7 * np.abs(covariance).max())
    atol = 1e-7 * np.abs(found).max()
    np.testing.assert_allclose(found, found.conj().swapaxes(1, 2), rtol=0, atol=atol)


def test_what_is_not_defined_is_refused_in_one_sentence():
    system, contacts, T, mu = random_system(50)
    stats = oqs.levitov(system, contacts, T, mu)
    with pytest.raises(TypeError, match=r"Argument `system` must be a QuadraticSystem"):
        oqs.levitov(oqs.anderson_dot(0.0, U=1.0), contacts, T, mu)
    with pytest.raises(ValueError, match=r"Argument `T` must be positive"):
        oqs.levitov(system, contacts, [0.0, 1.0], mu)
    with pytest.raises(ValueError, match=r"must leave the mean of e\^x finite"):
        stats.generating_function(energy=[1.01 / T[0], 0.0])
    with pytest.raises(ValueError, match=r"must leave e\^x a number"):
        stats.generating_function(particle=[800.0, 0.0])
    with pytest.raises(ValueError, match=r"must be made by fields whose e\^x are numbers"):
        stats.large_deviation(0, "heat", 1e6)
    with pytest.raises(ValueError, match=r"Argument `quantity` must be 'particle' at finite"):
        stats.noise_spectrum(0.1, "heat")
    with pytest.raises(ValueError, match=r"Argument `frequencies` must not be negative"):
        stats.noise_spectrum(-0.1)
    filtered = [oqs.Contact(oqs.lorentzian(0.1, 0.0, 1.0)), oqs.Contact(oqs.flat(0.1))]
    with pytest.raises(ValueError, match=r"must have flat rates without band"):
        oqs.levitov(system, filtered, T, mu).noise_spectrum(0.1)
    with pytest.raises(ValueError, match=r"Argument `order` must"):
        stats.cumulants(0, 0)
    with pytest.raises(KeyError, match="nobody"):
        stats.fano("nobody")


def test_bands_end_the_energies_and_lift_the_bound_on_fields():
    contacts = [oqs.Contact(oqs.flat(0.1), band=(-2.0, 3.0)), oqs.Contact(oqs.flat(0.2))]
    stats = oqs.levitov(oqs.QuadraticSystem([[0.1]]), contacts, [0.2, 0.3], [0.2, -0.1])
    affinity = np.array([[1.0, -1 / 3], [-5.0, -1 / 0.3]])
    x = np.array([[0.1, 0.0], [6.0, 0.0]])  # beyond 1/T
    there, back = stats.generating_function(*x), stats.generating_function(*(-x - affinity))
    assert abs(there - back) < 1e-7 * abs(there)


def test_interactions_are_referred_to_counting_statistics():
    contacts = [oqs.Contact(oqs.flat(0.01))] * 2
    with pytest.raises(TypeError, match=r"is InteractingSystem.*oqs\.counting_statistics\(model"):
        oqs.levitov(oqs.anderson_dot(-0.4, 1.2), contacts, [1.0, 1.0], [0.0, 0.0])
