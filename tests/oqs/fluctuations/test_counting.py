"""Full counting statistics: closed forms, a dense reference, laws on random systems."""

import counting_reference
import mpmath
import numpy as np
import pytest
import qutip
import reference
import systems

import oqs
from oqs.fluctuations.coherent import CoherentStatistics
from oqs.fluctuations.rates.populations import PopulationStatistics

KINDS = {
    "modes": PopulationStatistics,
    "interacting": PopulationStatistics,
    "collective": CoherentStatistics,
    "interacting, collective": CoherentStatistics,
}
QUANTITIES = ("particle", "energy", "heat")


def drawn(kind, scale, seed):
    """A random system between 2 to 4 reservoirs: h, U, rates, channels, T, mu."""
    rng = np.random.default_rng([seed, list(KINDS).index(kind)])
    n = int(rng.integers(2, 5))
    sites = int(rng.integers(1, 4)) if kind in ("modes", "interacting") else 2
    U = {(0, 1): float(rng.uniform(0.5, 2))} if kind.startswith("interacting") else {}
    sites = max(sites, 2) if U else sites
    h = np.eye(sites) * rng.normal() if "collective" in kind else systems.hermitian(rng, sites)
    gamma = 10 ** rng.uniform(-3, -1, n)
    channels = rng.normal(size=(n, 1, sites)) + 1j * rng.normal(size=(n, 1, sites))
    return (
        scale * h,
        {pair: scale * u for pair, u in U.items()},
        scale * gamma,
        channels,
        scale * rng.uniform(0.2, 2, n),
        scale * rng.uniform(-1.5, 1.5, n),
    )


def statistics(kind, scale=1.0, seed=0):
    h, U, gamma, channels, T, mu = drawn(kind, scale, seed)
    system = oqs.InteractingSystem.from_terms(h, U) if U else oqs.QuadraticSystem(h)
    contacts = [oqs.Contact(oqs.flat(g), t) for g, t in zip(gamma, channels, strict=True)]
    return oqs.counting_statistics(oqs.davies(system, contacts), T, mu)


def literal(kind, scale=1.0, seed=0):
    h, U, gamma, channels, T, mu = drawn(kind, scale, seed)
    baths = [
        reference.Bath(lambda w, g=g: g, t, a, b)
        for g, t, a, b in zip(gamma, channels, T, mu, strict=True)
    ]
    H, c = reference.hamiltonian(h, U), reference.annihilators(len(h))
    return counting_reference.Counting(H, c, baths)


def close(found, exact, tolerance=2e-10):
    """Relative to the largest entry."""
    np.testing.assert_allclose(found, exact, rtol=0, atol=tolerance * np.max(np.abs(exact)))


@pytest.mark.parametrize("scale", systems.SCALES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_number_is_that_of_the_dense_reference(kind, scale):
    stats, exact = statistics(kind, scale, 7), literal(kind, scale, 7)
    assert type(stats) is KINDS[kind]
    for a in QUANTITIES:
        for b in QUANTITIES:
            close(stats.covariance(a, b), exact.covariance(a, b))
        for j in range(stats.reservoirs):
            close(stats.cumulants(j, 4, a), exact.cumulants(j, 4, a))
    rng = np.random.default_rng(1)
    chi, xi = rng.normal(size=(2, stats.reservoirs)) / np.array([[1.0], [scale]])
    close(stats.generating_function(chi, xi), exact.generating_function(chi, xi), 1e-11)
    for w in (1e-3 * scale, 0.3 * scale):
        close(stats.noise_spectrum(w), exact.spectrum(w, "particle", "particle"))
        close(
            stats.noise_spectrum([w], "heat", "particle")[0], exact.spectrum(w, "heat", "particle")
        )
    t = np.array([0.0, 3.0, 50.0, 400.0]) / scale
    for first, then in (((0, "in"), (1, "out")), ((1, "out"), (1, "out"))):
        close(stats.waiting_time(first, then, t).density, exact.waiting(first, then, t))


@pytest.mark.parametrize("kind", KINDS)
def test_means_are_the_flows_of_the_law(kind):
    for seed in range(5):
        stats = statistics(kind, 1.0, seed)
        h, U, gamma, channels, T, mu = drawn(kind, 1.0, seed)
        system = oqs.InteractingSystem.from_terms(h, U) if U else oqs.QuadraticSystem(h)
        contacts = [oqs.Contact(oqs.flat(g), t) for g, t in zip(gamma, channels, strict=True)]
        flows = oqs.flow_law(oqs.davies(system, contacts))(T, mu)
        for quantity in QUANTITIES:
            close(getattr(stats.flows, quantity), getattr(flows, quantity), 1e-13)
            means = [stats.cumulants(j, 1, quantity)[0] for j in range(stats.reservoirs)]
            close(means, getattr(flows, quantity), 1e-12)


def single_level(gL=0.02, gR=0.05, T=(0.2, 0.35), mu=(0.6, -0.2)):
    contacts = [oqs.Contact(oqs.flat(gL), name="left"), oqs.Contact(oqs.flat(gR), name="right")]
    model = oqs.davies(oqs.QuadraticSystem([[0.3]]), contacts)
    return oqs.counting_statistics(model, T, mu)


def exact_level(x, gL=0.02, gR=0.05, T=(0.2, 0.35), mu=(0.6, -0.2)):
    gL, gR = mpmath.mpf(gL), mpmath.mpf(gR)
    fL, fR = (systems.fermi(mpmath.mpf(0.3), t, m) for t, m in zip(T, mu, strict=True))
    forth, back = gL * gR * fL * (1 - fR), gL * gR * fR * (1 - fL)
    root = (gL + gR) ** 2 / 4 + forth * (mpmath.exp(x) - 1) + back * (mpmath.exp(-x) - 1)
    return -(gL + gR) / 2 + mpmath.sqrt(root)


@pytest.mark.parametrize(
    ("T", "mu"),
    [((0.2, 0.35), (0.6, -0.2)), ((1e-3, 2e-3), (0.31, 0.28)), ((5.0, 5.0), (0.1, 0.1))],
)
def test_single_level(T, mu):
    stats = single_level(T=T, mu=mu)
    with mpmath.workdps(40):
        series = mpmath.taylor(lambda x: exact_level(x, T=T, mu=mu), 0, 6)
        exact = [float(c * mpmath.factorial(m)) for m, c in enumerate(series)][1:]
        fields = [0.4, -2.0, 35.0, -60.0]
        values = [float(exact_level(x, T=T, mu=mu)) for x in fields]
    for m, (found, truth) in enumerate(zip(stats.cumulants(0, 6), exact, strict=True)):
        # odd ones vanish between equal reservoirs
        assert abs(found - truth) <= 1e-12 * max(abs(truth), abs(exact[1])), m
    found = stats.generating_function(np.array([[x, 0.0] for x in fields]))
    np.testing.assert_allclose(found, values, rtol=1e-12, atol=1e-17)


def test_single_level_at_large_bias():
    gL, gR = 0.02, 0.05
    stats = single_level(T=(0.01, 0.01), mu=(5.0, -5.0))
    total, current = gL + gR, gL * gR / (gL + gR)
    np.testing.assert_allclose(stats.flows.particle, [current, -current], rtol=1e-13)
    np.testing.assert_allclose(stats.fano("left"), (gL**2 + gR**2) / total**2, rtol=1e-13)
    omega = np.array([0.0, 1e-9, 0.01, 0.07, 3.0, 1e6])
    exact = current * (1 - 2 * gL * gR / (total**2 + omega**2))
    spectrum = stats.noise_spectrum(omega)
    np.testing.assert_allclose(spectrum[:, 1, 1], exact, rtol=1e-12)
    np.testing.assert_allclose(spectrum, spectrum.conj().transpose(0, 2, 1), rtol=0, atol=1e-16)
    # an electron that came in from the left leaves to the right after an exponential time
    t = np.linspace(0, 100, 201)
    waiting = stats.waiting_time(("left", "in"), ("right", "out"), t)
    np.testing.assert_allclose(waiting, gR * np.exp(-gR * t), rtol=1e-12)
    np.testing.assert_allclose([waiting.mean, waiting.probability], [1 / gR, 1.0], rtol=1e-12)
    between = stats.waiting_time((1, "out"), (1, "out"), t)
    exact = gL * gR / (gR - gL) * (np.exp(-gL * t) - np.exp(-gR * t))
    np.testing.assert_allclose(between.density, exact, rtol=1e-12, atol=1e-17)
    np.testing.assert_allclose(between.mean, 1 / current, rtol=1e-12)
    never = stats.waiting_time(("left", "in"), ("right", "in"), [1.0])
    assert never.density[0] < 1e-200


def test_rate_function_of_one_way_transport_and_its_symmetry():
    # gL = gR: lambda = g (e^{x/2} - 1), so that I(i) = 2 i ln(2 i/g) - 2 i + g
    g = 0.02
    stats = single_level(g, g, T=(0.01, 0.01), mu=(5.0, -5.0))
    i = np.array([1e-4, 5e-3, 0.01, 0.02, 0.3])
    exact = 2 * i * np.log(2 * i / g) - 2 * i + g
    np.testing.assert_allclose(
        stats.large_deviation(0, "particle", i), exact, rtol=1e-11, atol=1e-16
    )
    none, back = stats.large_deviation("left", "particle", [0.0, -0.01])
    np.testing.assert_allclose(none, g, rtol=1e-12)
    assert back > 1.0  # against 500 T a jump
    # between heat flows of opposite sign the rates differ by the entropy they make
    warm = single_level()
    i = np.array([1e-3, 5e-3, 0.02])
    affinity = (0.3 - (-0.2)) / 0.35 - (0.3 - 0.6) / 0.2
    rates = [warm.large_deviation(0, "particle", s * i) for s in (1, -1)]
    np.testing.assert_allclose(rates[1] - rates[0], i * affinity, rtol=1e-11)


def blockaded(T, mu=(2.0, -2.0), U=100.0, gL=0.01, gR=0.03):
    dot = oqs.anderson_dot(0.5, U)
    model = oqs.davies(dot, [oqs.Contact(oqs.flat(gL)), oqs.Contact(oqs.flat(gR))])
    return oqs.counting_statistics(model, T, mu)


def test_blockaded_dot():
    gL, gR = 0.01, 0.03
    stats = blockaded([0.02, 0.02])
    total = 2 * gL + gR
    np.testing.assert_allclose(stats.flows.particle[0], 2 * gL * gR / total, rtol=1e-13)
    np.testing.assert_allclose(stats.fano(0), (4 * gL**2 + gR**2) / total**2, rtol=1e-13)


@pytest.mark.parametrize("T", [0.02, 1e-3])
def test_cold_blockaded_dot_keeps_its_relative_precision(T):
    """Levels a thousand T away: currents of e^-500, and their fluctuations to twelve digits."""
    gammas, mus, U, level = (0.01, 0.03), (0.2, -0.1), 1.0, -0.4
    model = oqs.davies(oqs.anderson_dot(level, U), [oqs.Contact(oqs.flat(g)) for g in gammas])
    stats = oqs.counting_statistics(model, [T, T], mus)
    with mpmath.workdps(700):
        jumps = []
        for low, high, w in ((0, 1, level), (0, 2, level), (1, 3, level + U), (2, 3, level + U)):
            for j, (g, mu) in enumerate(zip(gammas, mus, strict=True)):
                n = systems.fermi(mpmath.mpf(w), T, mu)
                jumps.append((high, low, mpmath.mpf(g) * n, 1 - j))
                jumps.append((low, high, mpmath.mpf(g) * (1 - n), j - 1))
        exact = [float(c) for c in counting_reference.exact_cumulants(jumps, 4, 4)]
    assert abs(exact[0]) < 1e-8 if T > 1e-2 else abs(exact[0]) < 1e-130
    np.testing.assert_allclose(stats.cumulants(0, 4), exact, rtol=1e-11)
    np.testing.assert_allclose(stats.covariance()[1, 1], exact[1], rtol=1e-11)
    np.testing.assert_allclose(stats.fano(0), exact[1] / abs(exact[0]), rtol=1e-11)


def test_noise_of_a_weak_contact_beside_a_strong_one():
    """A contact of 1e-12 of the other's rate: the strong one's noise is that of the weak one."""
    weak, strong, T, mus = 1e-14, 0.02, (0.5, 0.4), (0.1, -0.3)
    stats = single_level(weak, strong, T=T, mu=mus)
    with mpmath.workdps(60):
        series = mpmath.taylor(lambda x: exact_level(x, weak, strong, T, mus), 0, 4)
        exact = [float(c * mpmath.factorial(m)) for m, c in enumerate(series)][1:]
    np.testing.assert_allclose(stats.cumulants(0, 4), exact, rtol=1e-12)
    np.testing.assert_allclose(np.abs(stats.cumulants(1, 4)), np.abs(exact), rtol=1e-12)
    np.testing.assert_allclose(
        stats.covariance(), exact[1] * np.array([[1, -1], [-1, 1]]), rtol=1e-12
    )


def anderson(levels=(0.01, 0.02), T=(0.2, 0.35), mu=(0.3, -0.3)):
    right = oqs.spin_channels([1.0], up=1.0, down=0.5)
    contacts = [
        oqs.Contact(oqs.flat(levels[0]), name="left"),
        oqs.Contact(oqs.flat(levels[1]), right, name="right"),
    ]
    return oqs.counting_statistics(oqs.davies(oqs.anderson_dot(-0.4, 1.2), contacts), T, mu)


def test_anderson_dot_with_a_polarised_contact():
    exact = [2.170825333670e-3, 2.759253712578e-3, 1.814559153153e-3, 1.191580166498e-3]
    np.testing.assert_allclose(anderson().cumulants("left", 4), exact, rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_fluctuation_theorem_and_uncertainty_of_random_systems(kind):
    worst = 0.0
    for seed in range(75):
        scale = systems.SCALES[seed % 3]
        stats = statistics(kind, scale, seed)
        rng = np.random.default_rng(seed)
        chi, xi = rng.normal(size=(2, stats.reservoirs)) / np.array([[1.0], [scale]])
        there = stats.generating_function(chi, xi)
        back = stats.generating_function(-chi - stats.mu / stats.T, -xi + 1 / stats.T)
        worst = max(worst, abs(there - back) / max(abs(there), np.max(stats.gross[0])))
        # what all reservoirs lose together stays bounded
        for conserved in ("particle", "energy"):
            S = stats.covariance(conserved)
            assert np.abs(S.sum(axis=0)).max() <= 1e-12 * np.abs(S).max()
            assert np.linalg.eigvalsh((S + S.T) / 2)[0] >= -1e-12 * np.abs(S).max()
        if type(stats) is PopulationStatistics:
            for quantity in QUANTITIES:
                for j in range(stats.reservoirs):
                    assert stats.uncertainty(j, quantity) >= 2 * (1 - 1e-9)
    assert worst < 1e-12


@pytest.mark.parametrize("kind", KINDS)
def test_cumulants_are_derivatives_of_the_generating_function(kind):
    stats, step = statistics(kind, 1.0, 3), 1e-2
    points = np.arange(-3, 4)
    for j in range(stats.reservoirs):
        for quantity in ("particle", "heat"):
            along = np.zeros((7, stats.reservoirs))
            along[:, j] = points * step
            if quantity == "particle":
                values = stats.generating_function(along)
            else:
                values = stats.generating_function(-stats.mu * along, along)
            fitted = np.polynomial.Polynomial.fit(points * step, values, 6).convert().coef
            c = stats.cumulants(j, 3, quantity)
            size = np.max(np.abs(c))
            np.testing.assert_allclose(fitted[1:4] * [1, 2, 6], c, rtol=2e-6, atol=2e-7 * size)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_reservoirs_have_noise_and_no_means(kind):
    h, U, gamma, channels, _, _ = drawn(kind, 1.0, 2)
    system = oqs.InteractingSystem.from_terms(h, U) if U else oqs.QuadraticSystem(h)
    contacts = [oqs.Contact(oqs.flat(g), t) for g, t in zip(gamma, channels, strict=True)]
    n = len(gamma)
    stats = oqs.counting_statistics(oqs.davies(system, contacts), [0.5] * n, [0.2] * n)
    assert stats.covariance()[0, 0] > 0
    assert stats.fano(0) == np.inf
    assert np.isnan(stats.uncertainty(0))
    third = stats.cumulants(0, 3)[2]
    assert abs(third) < 1e-12 * stats.gross[0, 0]
    field = np.zeros(n)
    field[0] = 0.7
    forth, back = stats.generating_function(np.array([field, -field]))
    np.testing.assert_allclose(forth, back, rtol=1e-11)


def test_one_reservoir_and_one_that_does_nothing():
    alone = oqs.davies(oqs.QuadraticSystem([[0.3]]), [oqs.Contact(oqs.flat(0.02))])
    stats = oqs.counting_statistics(alone, [0.5], [0.1])
    np.testing.assert_array_equal(stats.covariance(), 0.0)
    assert np.isnan(stats.fano(0))
    assert stats.generating_function([3.0]) == pytest.approx(0.0, abs=1e-17)
    np.testing.assert_array_equal(stats.large_deviation(0, "particle", [0.0, 1.0]), [0.0, np.inf])
    assert stats.noise_spectrum(1e3)[0, 0].real > 0
    idle = oqs.Contact(oqs.flat(0.0))
    model = oqs.davies(oqs.QuadraticSystem([[0.3]]), [*alone.contacts, idle])
    stats = oqs.counting_statistics(model, [0.5, 0.1], [0.1, 3.0])
    np.testing.assert_array_equal(stats.covariance("heat"), 0.0)
    np.testing.assert_array_equal(stats.cumulants(1, 3), 0.0)


def test_levels_as_close_as_the_rates_have_the_exact_statistics_nearly():
    """PERLind beside Levitov where Davies is wrong by a tenth to a half."""
    dots = oqs.QuadraticSystem([[0.0, 0.02], [0.02, 0.0]])
    wires = [oqs.Contact(oqs.flat(0.02), [1, 0]), oqs.Contact(oqs.flat(0.02), [0, 1])]
    T, mu = [1.0, 1.5], [1.8, -0.8]
    near = oqs.counting_statistics(oqs.perlind(dots, wires), T, mu)
    exact = oqs.levitov(dots, wires, T, mu)
    far = oqs.counting_statistics(oqs.davies(dots, wires), T, mu)
    truth = exact.cumulants(0, 3)
    np.testing.assert_allclose(near.cumulants(0, 3), truth, rtol=2e-3, atol=1e-4 * truth[1])
    assert np.all(np.abs(far.cumulants(0, 3) - truth)[1:] > 0.05 * truth[1])
    flows = oqs.flow_law(oqs.perlind(dots, wires))(T, mu)
    np.testing.assert_allclose(near.cumulants(0, 1, "energy")[0], flows.energy[0], rtol=1e-12)


def test_heat_of_a_qubit_between_baths():
    """Jumps that move energy alone: two states, one quantum at a time."""
    g, T = np.array([0.01, 0.02]), np.array([0.5, 1.0])
    qubit = oqs.OperatorSystem(0.5 * qutip.sigmaz())
    baths = [oqs.BosonicContact(oqs.ohmic(rate), qutip.sigmax()) for rate in g]
    model = oqs.davies(qubit, baths)
    stats = oqs.counting_statistics(model, T)
    n = 1 / np.expm1(1 / T)
    up, down = g * n, g * (1 + n)
    total = np.sum(up + down)
    flow = (up[0] * down[1] - up[1] * down[0]) / total
    np.testing.assert_allclose(stats.flows.energy, [flow, -flow], rtol=1e-12)
    noise = (up[0] * down[1] + up[1] * down[0] - 2 * flow**2) / total
    np.testing.assert_allclose(stats.covariance("heat")[0, 0], noise, rtol=1e-12)
    np.testing.assert_allclose(oqs.noise(model, T).covariance("heat")[0, 0], noise, rtol=1e-12)
    np.testing.assert_array_equal(stats.covariance("particle"), 0.0)
    xi = np.array([0.4, -0.9])
    values = stats.generating_function(energy=np.array([xi, -xi + 1 / T]))
    np.testing.assert_allclose(*values, rtol=1e-12)
    waiting = stats.waiting_time((1, "in"), (0, "out"), [0.0])
    np.testing.assert_allclose(waiting.density, down[0], rtol=1e-12)


def test_the_result_says_where_the_fluctuation_theorem_is_exact():
    dots = oqs.QuadraticSystem([[0.0, 0.02], [0.02, 0.0]])
    wires = [oqs.Contact(oqs.flat(0.02), [1, 0]), oqs.Contact(oqs.flat(0.02), [0, 1])]
    T, mu = np.array([1.0, 1.5]), np.array([1.8, -0.8])
    models = {
        oqs.davies(dots, wires): True,
        oqs.davies(dots, wires, resolution=0.0404): False,
        oqs.perlind(dots, wires): False,
    }
    for model, exact in models.items():
        stats = oqs.counting_statistics(model, T, mu)
        assert stats.theorem_holds is exact
        assert ("up to the generator's price" in repr(stats)) is not exact
        fields = np.array([[0.3, -0.2], [-0.3, 0.2] - mu / T])
        there, back = stats.generating_function(fields, [[0.1, 0.4], [-0.1, -0.4] + 1 / T])
        assert abs(there / back - 1) < (1e-12 if exact else 1e-2)
    assert oqs.levitov(dots, wires, T, mu).theorem_holds


def test_many_modes_add_up():
    """Seven levels: each its own, and the same numbers as all states together."""
    rng = np.random.default_rng(3)
    h = np.diag(rng.uniform(-1, 1, 7)) + 0.2 * (np.eye(7, k=1) + np.eye(7, k=-1))
    contacts = [
        oqs.Contact(oqs.flat(0.01), np.eye(7)[0], name="left"),
        oqs.Contact(oqs.flat(0.03), np.eye(7)[-1], name="right"),
    ]
    T, mu = [0.3, 0.2], [0.4, -0.2]
    modes = oqs.davies(oqs.QuadraticSystem(h), contacts)
    stats = oqs.counting_statistics(modes, T, mu)
    same = oqs.InteractingSystem.from_terms(h, {(0, 1): 1e-14})  # all 128 states
    exact = oqs.counting_statistics(oqs.davies(same, contacts), T, mu)
    assert type(stats) is not type(exact)
    np.testing.assert_allclose(stats.covariance("heat"), exact.covariance("heat"), rtol=1e-10)
    np.testing.assert_allclose(stats.cumulants(1, 5), exact.cumulants(1, 5), rtol=1e-9)
    for fields in ([0.5, -0.3], [2.0, 1.0]):
        found, truth = (s.generating_function(fields, [0.2, 0.1]) for s in (stats, exact))
        np.testing.assert_allclose(found, truth, rtol=1e-10)
    currents = [0.5 * stats.flows.particle[0], -1e-4]
    found, truth = (s.large_deviation("left", "particle", currents) for s in (stats, exact))
    np.testing.assert_allclose(found, truth, rtol=1e-9)
    np.testing.assert_allclose(
        stats.noise_spectrum([0.01, 0.1], "energy"),
        exact.noise_spectrum([0.01, 0.1], "energy"),
        rtol=1e-9,
    )
    t = np.linspace(0, 50, 3)
    found, truth = (s.waiting_time((1, "out"), (1, "out"), t) for s in (stats, exact))
    np.testing.assert_allclose(found, truth, rtol=1e-9)
    np.testing.assert_allclose(oqs.noise(modes, T, mu).covariance(), exact.covariance(), rtol=1e-10)
    hundred = oqs.QuadraticSystem.from_energies(rng.uniform(-1, 1, 100))
    wide = oqs.davies(hundred, [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))])
    assert oqs.noise(wide, T, mu).fano()[0] > 0


@pytest.mark.slow
def test_trajectories_of_jumps_have_the_same_mean_and_noise():
    """QuTiP's mcsolve: electrons counted one by one, within the error bars of 400 trajectories."""
    g, T, mu, w, t = (0.2, 0.5), (0.3, 0.4), (0.4, -0.3), 0.2, 400.0
    c = qutip.destroy(2)
    n = [1 / (np.exp((w - m) / a) + 1) for m, a in zip(mu, T, strict=True)]
    jumps = [np.sqrt(g[0] * n[0]) * c.dag(), np.sqrt(g[0] * (1 - n[0])) * c]
    jumps += [np.sqrt(g[1] * n[1]) * c.dag(), np.sqrt(g[1] * (1 - n[1])) * c]
    done = qutip.mcsolve(
        w * c.dag() * c,
        qutip.basis(2, 0),
        np.linspace(0, t, 3),
        jumps,
        ntraj=400,
        seeds=1,
        options={"progress_bar": "", "keep_runs_results": True},
    )
    kinds = [np.asarray(which) for which in done.col_which]
    counts = np.array([np.sum(k == 0) - np.sum(k == 1) for k in kinds])
    contacts = [oqs.Contact(oqs.flat(rate)) for rate in g]
    model = oqs.davies(oqs.QuadraticSystem([[w]]), contacts)
    mean, noise = oqs.counting_statistics(model, T, mu).cumulants(0, 2)
    error = np.sqrt(noise * t / len(counts))
    assert abs(counts.mean() - mean * t) < 4 * error + 1  # the first electron: of order 1
    assert abs(counts.var() / (noise * t) - 1) < 4 * np.sqrt(2 / len(counts)) + 0.05


def test_results_are_labelled_and_read_only():
    stats = anderson()
    table = stats.to_dataset()
    left = table.sel(reservoir="left", quantity="heat")
    assert float(left["fano"]) == stats.fano("left", "heat")
    both = table["covariance"].sel(
        reservoir="left", quantity="heat", other_reservoir="right", other_quantity="particle"
    )
    assert float(both) == stats.covariance("heat", "particle")[0, 1]
    assert "left, right" in repr(stats)
    assert "Fano factor" in stats._repr_html_()
    for array in (stats.covariance(), stats.cumulants(0), stats.noise_spectrum([1.0])):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


def test_a_reservoir_that_is_not_there_is_named():
    with pytest.raises(KeyError, match="There are left, right"):
        anderson().fano("middle")


def test_counts_that_depend_on_the_initial_state_are_refused():
    contacts = [oqs.Contact(oqs.flat(0.01), [1.0, 0.0]), oqs.Contact(oqs.flat(0.02), [1.0, 0.0])]
    gated = oqs.InteractingSystem.from_terms(np.diag([0.3, 0.5]), U={(0, 1): 1.0})
    model = oqs.davies(gated, contacts)  # an electron on the other dot lifts the level, for ever
    with pytest.raises(oqs.NonUniqueStationaryState, match="not unique"):
        oqs.counting_statistics(model, [0.2, 0.3], [0.1, 0.0])
    alone = oqs.davies(oqs.QuadraticSystem([[0.3]]), [oqs.Contact(oqs.flat(0.0))] * 2)
    with pytest.raises(oqs.NonUniqueStationaryState, match="No contact touches"):
        oqs.counting_statistics(alone, [0.2, 0.3], [0.1, 0.0])


@pytest.mark.parametrize("make", [oqs.davies, oqs.perlind])
@pytest.mark.parametrize("U", [{}, {(0, 1): 0.7}])
def test_what_no_contact_touches_carries_nothing(make, U):
    h = np.array([[0.3, 0.1, 0.0], [0.1, 0.5, 0.0], [0.0, 0.0, 0.4]])
    found = []
    for sites in (3, 2):
        contacts = [
            oqs.Contact(oqs.flat(0.01), [1.0, 0.5, 0.0][:sites]),
            oqs.Contact(oqs.flat(0.02), [0.0, 1.0, 0.0][:sites]),
        ]
        own = h[:sites, :sites]
        system = oqs.InteractingSystem.from_terms(own, U) if U else oqs.QuadraticSystem(own)
        model = make(system, contacts)
        found.append(oqs.counting_statistics(model, [0.2, 0.3], [0.1, 0.0]))
        close(found[-1].flows.energy, oqs.flow_law(model)([0.2, 0.3], [0.1, 0.0]).energy, 1e-12)
        close(oqs.noise(model, [0.2, 0.3], [0.1, 0.0]).fano(), [found[-1].fano(j) for j in (0, 1)])
    close(found[0].second_cumulants, found[1].second_cumulants, 1e-12)


def test_bad_arguments_are_named():
    dark = oqs.davies(oqs.QuadraticSystem([[0.3]]), [oqs.Contact(oqs.flat(0.01))] * 2)
    with pytest.raises(TypeError, match="`model`"):
        oqs.counting_statistics("model", [0.2], [0.1])
    with pytest.raises(ValueError, match="`T`"):
        oqs.counting_statistics(dark, [0.2, -0.3], [0.1, 0.0])
