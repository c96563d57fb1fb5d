"""Eq. (10) and (31)-(34) against 40 digits, in the corners too."""

import numpy as np
import pytest
from systems import COUPLINGS, SCALES, deviation, independent_modes, random_case

import oqs


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("coupling", COUPLINGS)
@pytest.mark.parametrize("sites", [1, 2, 5])
def test_random_systems(sites, coupling, scale):
    case = random_case(1, sites, 3, scale=scale, coupling=coupling)
    law = oqs.closed_form(case.system, case.contacts)
    assert deviation(law(case.T, case.mu), case.exact) < 1e-13
    np.testing.assert_allclose(law.occupations(case.T, case.mu), case.exact.occupations, rtol=1e-13)


def test_nearly_equal_reservoirs_keep_their_relative_precision():
    # n_j - nbar cancels to 1e-10 of n_j; differences of Fermi functions do not
    system = oqs.QuadraticSystem.from_energies([0.3, 1.1])
    contacts = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.03))]
    T, mu = np.array([1.0, 1.0 + 2.0**-33]), np.array([0.2, 0.2])
    exact = independent_modes(system.h, contacts, T, mu)
    # x_j - x_q, 1e-10 of x, is itself known to 1e-6: the rounding of (w - mu)/T
    assert deviation(oqs.closed_form(system, contacts)(T, mu), exact) < 1e-5


def test_equal_reservoirs_have_no_flows_at_all():
    case = random_case(2, 4, 5)
    flows = oqs.closed_form(case.system, case.contacts)(np.full(5, 0.7), np.full(5, 0.1))
    assert not np.any(flows.particle)
    assert not np.any(flows.heat)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("apart", [1e-12, 1e-9, 1e-6, 1e-3])
@pytest.mark.parametrize("law", [oqs.closed_form, oqs.gaussian_law])
def test_nearly_equal_reservoirs(law, apart, scale):
    # relative precision of every flow, as the inputs have it: mu and T differ by `apart`
    system = oqs.QuadraticSystem(scale * np.array([[1.3, 0.2], [0.2, 0.7]]))
    contacts = [oqs.Contact(oqs.flat(g * scale), t) for g, t in ((0.01, [1, 0.3]), (0.03, [0, 1]))]
    for T, mu in (
        ([0.3, 0.3 * (1 + apart)], [0.4, 0.4]),
        ([0.3, 0.3], [0.4, 0.4 * (1 + apart)]),
        ([0.3, 0.3 * (1 - apart)], [0.4, 0.4 * (1 + 3 * apart)]),
        ([1e-3, 0.3], [0.7, 0.4]),
    ):
        T, mu = scale * np.array(T), scale * np.array(mu)
        exact = independent_modes(system.h, contacts, T, mu)
        assert deviation(law(system, contacts)(T, mu), exact) < 2e-13
    form = oqs.closed_form(system, contacts)
    T, mu = scale * np.array([0.3, 0.3 * (1 + apart)]), scale * np.full(2, 0.4)
    carnot = form(T, mu).heat[0] * (T[1] - T[0]) / T[0] / T[1]  # Y_1 = -Y_0 at equal mu
    assert form.clausius_sum(T, mu) == pytest.approx(carnot, rel=1e-12)


@pytest.mark.parametrize("nu", [-1000.0, -700.0, -40.0, 40.0, 700.0, 1000.0])
def test_far_from_the_levels(nu):
    # (w - mu)/T = nu at one reservoir: occupations of e^{-|nu|} or of 1 - e^{-|nu|}
    system = oqs.QuadraticSystem.from_energies([1.0])
    contacts = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
    T = np.array([2.0**-10, 0.5])
    mu = np.array([1.0 - nu * T[0], 0.75])
    exact = independent_modes(system.h, contacts, T, mu)
    assert deviation(oqs.closed_form(system, contacts)(T, mu), exact) < 1e-14


def test_batch_equals_loop():
    case = random_case(3, 4, 3)
    law = oqs.closed_form(case.system, case.contacts)
    rng = np.random.default_rng(0)
    T, mu = rng.uniform(0.1, 2, (5, 4, 3)), rng.normal(size=(4, 3))
    batch, resolved = law(T, mu), law.spectral(T, mu)
    entropy, filled = law.clausius_sum(T, mu), law.occupations(T, mu)
    assert batch.heat.shape == (5, 4, 3)
    assert resolved.heat.shape == (5, 4, 4, 3)
    for i, k in np.ndindex(5, 4):
        one = law(T[i, k], mu[k])
        for kind in ("particle", "energy", "heat"):
            np.testing.assert_allclose(
                getattr(batch, kind)[i, k], getattr(one, kind), rtol=0, atol=1e-17
            )
        assert entropy[i, k] == pytest.approx(law.clausius_sum(T[i, k], mu[k]), rel=1e-14)
        np.testing.assert_allclose(filled[i, k], law.occupations(T[i, k], mu[k]), rtol=1e-15)


@pytest.mark.parametrize("scale", SCALES)
def test_clausius_sum_is_the_form_of_equation_34(scale):
    for seed in range(30):
        case = random_case(seed, 3, 4, scale=scale, coupling="collective")
        law = oqs.closed_form(case.system, case.contacts)
        flows = law(case.T, case.mu)
        direct = oqs.clausius_sum(flows, case.T)
        assert law.clausius_sum(case.T, case.mu) <= 0
        gross = np.sum(np.abs(flows.heat) / case.T)
        assert law.clausius_sum(case.T, case.mu) == pytest.approx(direct, abs=1e-13 * gross)


def test_degenerate_levels_with_commuting_contacts():
    # one contact on the sum, another on the difference: one choice of modes suits both, and the
    # modes are then independent with one contact each, so nothing flows
    h = 0.4 * np.eye(2)
    contacts = [oqs.Contact(oqs.flat(0.1), [1, 1]), oqs.Contact(oqs.flat(0.2), [1, -1])]
    law = oqs.closed_form(oqs.QuadraticSystem(h), contacts)
    np.testing.assert_allclose(np.sort(law.rates, axis=1), [[0, 0.2], [0, 0.4]], atol=1e-15)
    assert np.max(np.abs(law([1.0, 2.0], [0.0, 0.3]).particle)) < 1e-16


def test_collective_contacts_on_degenerate_levels_are_refused():
    contacts = [oqs.Contact(oqs.flat(0.1), [1, 1]), oqs.Contact(oqs.flat(0.2), [1, 0.5])]
    with pytest.raises(ValueError, match=r"must act mode by mode .* but .* collectively"):
        oqs.closed_form(oqs.QuadraticSystem(0.4 * np.eye(2)), contacts)


@pytest.mark.parametrize("make", [oqs.closed_form, oqs.gaussian_law])
def test_a_long_chain_whose_modes_are_localised(make):
    """Some of its modes reach no end within double precision: they carry nothing."""
    n = 200
    h = np.diag(0.3 * np.cos(np.arange(n) ** 2)) + 0.5 * (np.eye(n, k=1) + np.eye(n, k=-1))
    ends = [np.eye(n)[0], np.eye(n)[-1]]
    contacts = [oqs.Contact(oqs.flat(g), t) for g, t in zip((1e-6, 2e-6), ends, strict=True)]
    T, mu = np.array([0.5, 1.0]), np.array([1.2, 0.8])
    w, vectors = np.linalg.eigh(h)
    left, right = 1e-6 * vectors[0] ** 2, 2e-6 * vectors[-1] ** 2
    filled = 1 / (1 + np.exp((w - mu[:, None]) / T[:, None]))
    through = left * right / (left + right) * (filled[0] - filled[1])
    law = make(oqs.QuadraticSystem(h), contacts)
    flows = law(T, mu)
    np.testing.assert_allclose(flows.particle, through.sum() * np.array([1, -1]), rtol=1e-9)
    np.testing.assert_allclose(flows.energy, (w * through).sum() * np.array([1, -1]), rtol=1e-9)
    assert len(law.untouched) == 1
