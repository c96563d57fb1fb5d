"""Flows from the covariance matrix: against many-body states, and hundreds of sites."""

import numpy as np
import pytest
import reference
from systems import COUPLINGS, SCALES, deviation, hermitian, random_case, random_contacts

import oqs

scales = pytest.mark.parametrize("scale", SCALES)


def unitary(seed, sites):
    return np.linalg.qr(hermitian(np.random.default_rng(seed), sites))[0]


def degenerate(levels, seed, scale):
    """Levels with random modes, between three reservoirs with two random channels each."""
    sites, rng = len(levels), np.random.default_rng([seed, len(levels)])
    u = unitary(seed, sites)
    system = oqs.QuadraticSystem(scale * (u * levels) @ u.conj().T)
    contacts = random_contacts(rng, sites, 3, scale, "channels")
    return system, contacts, scale * rng.uniform(0.2, 2, 3), scale * rng.normal(size=3)


@scales
@pytest.mark.parametrize("coupling", COUPLINGS)
def test_against_40_digits(coupling, scale):
    for sites in (1, 2, 4):
        case = random_case(11, sites, 3, scale=scale, coupling=coupling)
        law = oqs.gaussian_law(case.system, case.contacts)
        assert deviation(law(case.T, case.mu), case.exact) < 1e-12


@scales
@pytest.mark.parametrize(
    "levels", [(0.3, 0.3), (0.3, 0.3, 0.3), (0.3, 0.3, 1.1), (0.3, 0.3, 1.1, 1.1)], ids=str
)
def test_degenerate_levels_against_the_density_matrix(levels, scale):
    system, contacts, T, mu = degenerate(np.array(levels), 3, scale)
    expected = oqs.flow_law(oqs.davies(system, contacts), method=oqs.ZeroFrequencyBlock())(T, mu)
    assert deviation(oqs.gaussian_law(system, contacts)(T, mu), expected) < 1e-12


def test_degenerate_levels_against_the_dense_generator():
    system, contacts, T, mu = degenerate(np.array([0.3, 0.3, 1.1]), 4, 1.0)
    c = reference.annihilators(3)
    H = reference.hamiltonian(system.h)
    baths = reference.baths_of(contacts, T, mu, 3)
    rho = reference.stationary_state(reference.liouvillian(H, c, baths))
    P, J = reference.flows(H, c, baths, rho)
    law = oqs.gaussian_law(system, contacts)
    assert deviation(law(T, mu), oqs.Flows.of(P, J, mu)) < 1e-11


@scales
def test_frequency_shifts_of_degenerate_levels(scale):
    # the shifts of two contacts on different combinations turn one into the other
    contacts = [
        oqs.Contact(oqs.lorentzian(0.1 * scale, 1.5 * scale, 0.7 * scale), [1, 1j]),
        oqs.Contact(oqs.lorentzian(0.2 * scale, -0.5 * scale, 1.1 * scale), [1, 0.3]),
    ]
    system = oqs.QuadraticSystem(0.3 * scale * np.eye(2))
    T, mu = scale * np.array([0.5, 1.2]), scale * np.array([0.4, -0.1])
    model = oqs.davies(system, contacts, lamb_shift=True)
    found = oqs.gaussian_law(system, contacts, lamb_shift=True)(T, mu)
    # the shifts' integrals are known to 1e-10 of the largest rate
    assert deviation(found, oqs.flow_law(model)(T, mu)) < 1e-8
    without = oqs.gaussian_law(system, contacts)(T, mu)
    assert deviation(found, without) > 0.01


def test_hundreds_of_sites():
    # a disordered chain between collective contacts at its ends, against Eq. (10)
    sites = 300
    rng = np.random.default_rng(5)
    hopping = np.diag(np.full(sites - 1, 0.5), 1)
    system = oqs.QuadraticSystem(np.diag(rng.normal(size=sites)) + hopping + hopping.T)
    contacts = [
        oqs.Contact(oqs.flat(0.01), rng.normal(size=sites)),
        oqs.Contact(oqs.flat(0.02), rng.normal(size=sites)),
    ]
    T, mu = np.array([0.3, 1.0]), np.array([0.5, 0.0])
    law, exact = oqs.gaussian_law(system, contacts), oqs.closed_form(system, contacts)
    assert deviation(law(T, mu), exact(T, mu)) < 1e-13
    resolved, per_mode = law.spectral(T, mu), exact.spectral(T, mu)
    assert law.frequencies.shape == (sites,)
    np.testing.assert_allclose(resolved.heat, per_mode.heat, rtol=1e-9)


def test_a_batch_is_its_points():
    system, contacts, _, _ = degenerate(np.array([0.3, 0.3, 1.1]), 6, 1.0)
    law = oqs.gaussian_law(system, contacts)
    rng = np.random.default_rng(0)
    T, mu = rng.uniform(0.1, 2, (4, 2, 3)), rng.normal(size=(4, 2, 3))
    batch, resolved = law(T, mu), law.spectral(T, mu)
    assert resolved.heat.shape == (4, 2, 2, 3)
    for i, k in np.ndindex(4, 2):
        one = law(T[i, k], mu[i, k])
        np.testing.assert_allclose(batch.heat[i, k], one.heat, rtol=0, atol=1e-16)
        np.testing.assert_allclose(resolved.heat[i, k].sum(axis=0), one.heat, atol=1e-15)


def test_equal_reservoirs_exchange_nothing_at_all():
    system, contacts, _, _ = degenerate(np.array([0.3, 0.3, 1.1, 2.0]), 7, 1.0)
    flows = oqs.gaussian_law(system, contacts)(np.full(3, 0.4), np.full(3, 0.1))
    assert not np.any(flows.particle)
    assert not np.any(flows.energy)


@pytest.mark.parametrize(
    ("levels", "channels", "dark"),
    [
        ([1.0, 2.0], [[0, 1]], [1.0]),
        ([1.0, 1.0], [[1, 1]], [1.0]),
        ([1.0, 1.0, 1.0], [[1, 1, 1]], [1.0, 1.0]),
        ([1.0, 1.0, 2.0, 2.0], [[1, 1, 1, 1]], [1.0, 2.0]),
    ],
    ids=["isolated", "dark", "two dark", "a dark mode in each of two levels"],
)
def test_dark_modes_are_left_out(levels, channels, dark):
    contacts = [oqs.Contact(oqs.flat(g), channels) for g in (0.1, 0.3)]
    law = oqs.gaussian_law(oqs.QuadraticSystem.from_energies(levels), contacts)
    assert [part.energy for part in law.untouched] == dark
    # each bright mode passes at 0.1 * 0.3 / 0.4 times its squared amplitude
    T, mu = [0.5, 1.0], [1.2, 0.9]
    expected = 0.0
    for w in set(levels):
        squares = sum(x * x for x, e in zip(channels[0], levels, strict=True) if e == w)
        n = [1 / (1 + np.exp((w - m) / t)) for t, m in zip(T, mu, strict=True)]
        expected += 0.075 * squares * (n[0] - n[1])
    assert law(T, mu).particle[0] == pytest.approx(expected, rel=1e-13)


def test_levels_counted_as_one():
    # split by 1e-6: apart by default, one level at a resolution of 1e-4, as davies counts them
    contacts = [oqs.Contact(oqs.flat(0.1), [1, 1]), oqs.Contact(oqs.flat(0.2), [1, 0.5])]
    system = oqs.QuadraticSystem.from_energies([1.0, 1.0 + 1e-6])
    T, mu = [0.5, 1.0], [1.2, 0.9]
    apart = oqs.gaussian_law(system, contacts)
    assert len(apart.frequencies) == 2
    assert deviation(apart(T, mu), oqs.closed_form(system, contacts)(T, mu)) < 1e-13
    together = oqs.gaussian_law(system, contacts, resolution=1e-4)
    assert len(together.frequencies) == 1
    model = oqs.davies(system, contacts, resolution=1e-4)
    # davies keeps the split as a turning of 1e-6, the covariance matrix has none
    assert deviation(together(T, mu), oqs.flow_law(model)(T, mu)) < 1e-4


def test_interacting_systems_are_refused():
    with pytest.raises(TypeError, match=r"`system` must be a QuadraticSystem, but is Interacting"):
        oqs.gaussian_law(oqs.anderson_dot(0.0, 1.0), [oqs.Contact(oqs.flat(0.1))])
