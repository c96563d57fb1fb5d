"""Flows and states of the three solvers against the exact answer, in ordinary and hard places."""

import math
import os

import mpmath
import numpy as np
import pytest
from systems import (
    COUPLINGS,
    METHODS,
    SCALES,
    deviation,
    independent_modes,
    random_case,
)

import oqs
from oqs.memory import physical_memory

FULL, BLOCK, POPULATIONS = METHODS
method_ids = [type(m).__name__ for m in METHODS]
methods = pytest.mark.parametrize("method", METHODS, ids=method_ids)
scales = pytest.mark.parametrize("scale", SCALES)


@scales
@pytest.mark.parametrize("coupling", COUPLINGS)
@pytest.mark.parametrize("reservoirs", [2, 3, 4, 5])
@pytest.mark.parametrize("sites", [1, 2, 3, 4])
def test_flows_of_random_systems(sites, reservoirs, coupling, scale):
    case = random_case(0, sites, reservoirs, scale=scale, coupling=coupling)
    for method in METHODS if sites < 4 or scale == 1 else METHODS[1:]:
        law = oqs.flow_law(case.model, method=method)
        assert deviation(law(case.T, case.mu), case.exact) < 1e-12, method


@pytest.mark.slow
@pytest.mark.parametrize("coupling", COUPLINGS)
@pytest.mark.parametrize("sites", [5, 6])
def test_full_liouvillian_of_larger_systems(sites, coupling):
    case = random_case(0, sites, 3, coupling=coupling)
    law = oqs.flow_law(case.model, method=FULL)
    assert deviation(law(case.T, case.mu), case.exact) < 1e-12


@pytest.mark.parametrize("method", METHODS[1:], ids=method_ids[1:])
@pytest.mark.parametrize("sites", [6, 8])
def test_block_solvers_of_larger_systems(sites, method):
    for coupling in COUPLINGS[::2]:
        case = random_case(0, sites, 3, coupling=coupling)
        law = oqs.flow_law(case.model, method=method)
        assert deviation(law(case.T, case.mu), case.exact) < 1e-12


@methods
@scales
@pytest.mark.parametrize("coupling", COUPLINGS[::2])
def test_the_state_is_the_product_of_the_modes(coupling, scale, method):
    case = random_case(4, 3, 3, scale=scale, coupling=coupling)
    rho = oqs.stationary_state(case.model, case.T, case.mu, method=method)
    for a, n in zip(case.system.mode_annihilators, case.exact.occupations, strict=True):
        assert abs((a.dag() * a * rho).tr() - n) < 1e-13
    for k, a in enumerate(case.system.mode_annihilators):
        for b in case.system.mode_annihilators[:k]:
            assert abs((a.dag() * b * rho).tr()) < 1e-13
    entropy = -np.sum([p * np.log(p) for n in case.exact.occupations for p in (n, 1 - n)])
    p = np.linalg.eigvalsh(rho.full())
    assert -np.sum(p * np.log(p)) == pytest.approx(entropy, rel=1e-11)  # hence a product


@methods
@scales
@pytest.mark.parametrize("reservoirs", [1, 2, 5])
def test_equal_reservoirs_exchange_nothing(reservoirs, scale, method):
    # flows are differences of gross rates, so zero means: to rounding of those
    for coupling in COUPLINGS:
        case = random_case(5, 3, reservoirs, scale=scale, coupling=coupling)
        T, mu = np.full(reservoirs, 0.6 * scale), np.full(reservoirs, -0.2 * scale)
        flows = oqs.flow_law(case.model, method=method)(T, mu)
        gross = np.max(oqs.closed_form(case.system, case.contacts).rates)
        assert np.max(np.abs(flows.particle)) < 1e-14 * gross
        assert np.max(np.abs(flows.heat)) < 1e-13 * gross * scale
        rho = oqs.stationary_state(case.model, T, mu, method=method)
        assert (rho - oqs.gibbs_state(case.system, T[0], mu[0])).norm() < 1e-12


@methods
@scales
@pytest.mark.parametrize("nu", [-1000.0, -300.0, -30.0, 30.0, 300.0, 1000.0])
def test_levels_far_from_one_chemical_potential(nu, scale, method):
    # reservoir 0 at T = 1e-3 of the levels is all but empty (full); reservoir 1 is not
    system = oqs.QuadraticSystem(scale * np.array([[1.0, 0.3j], [-0.3j, 1.2]]))
    contacts = [oqs.Contact(oqs.flat(0.01 * scale)), oqs.Contact(oqs.flat(0.02 * scale), [1, 0.5])]
    T = scale * np.array([1e-3, 0.5])
    mu = scale * np.array([1.1 - nu * 1e-3, 0.9])
    exact = independent_modes(system.h, contacts, T, mu)
    flows = oqs.flow_law(oqs.davies(system, contacts), method=method)(T, mu)
    assert deviation(flows, exact) < 1e-12


@methods
@pytest.mark.parametrize("nu", [-1000.0, -600.0, 600.0, 1000.0])
def test_every_reservoir_far_from_the_levels(nu, method):
    # flows of e^{-600} and less against gross rates of 0.01: what is left is rounding of those
    system = oqs.QuadraticSystem.from_energies([1.0, 1.25])
    model = oqs.davies(system, [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))])
    T, mu = np.array([1e-3, 2e-3]), 1.125 - nu * np.array([1e-3, 2e-3])
    flows = oqs.flow_law(model, method=method)(T, mu)
    assert np.max(np.abs(flows.particle)) < 1e-16
    corner = [0, 0] if nu > 0 else [3, 3]
    rho = oqs.stationary_state(model, T, mu, method=method).full()
    assert rho[0 if nu > 0 else 3, corner[0]].real == pytest.approx(1.0, abs=1e-15)


@methods
@scales
def test_rates_over_eight_decades(scale, method):
    # each mode has its own pair of rates; its flow is of the order of the smaller one
    system = oqs.QuadraticSystem.from_energies(scale * np.array([0.5, 0.9, 1.4]))
    strengths = [1e-9, 1e-1, 1e-5], [1e-3, 1e-9, 1e-8]
    contacts = [oqs.Contact(oqs.flat(scale), np.diag(np.sqrt(strength))) for strength in strengths]
    T, mu = scale * np.array([0.3, 0.8]), scale * np.array([0.6, 0.2])
    exact = independent_modes(system.h, contacts, T, mu)
    flows = oqs.flow_law(oqs.davies(system, contacts), method=method)(T, mu)
    # a flow is the difference of gross rates of up to 0.1: this is their rounding, not the flow's
    assert np.max(np.abs(flows.particle - exact.particle)) < 1e-15 * scale * 0.1
    assert np.max(np.abs(flows.energy - exact.energy)) < 1e-15 * scale**2
    rho = oqs.stationary_state(oqs.davies(system, contacts), T, mu, method=method)
    filled = [(a.dag() * a * rho).tr().real for a in system.annihilators]
    # the slow mode's rate, 1e-8, stands beside 0.1: its occupation keeps 1e-16 * 1e7 at the least
    tolerance = 1e-13 if method == POPULATIONS else 1e-8
    np.testing.assert_allclose(filled, exact.occupations, rtol=tolerance)


def test_tiny_populations_keep_their_relative_precision():
    # Populations() never subtracts: the product of closed-form occupations holds for 1e-60 too
    energies, T, mu = [1.0, 1.3, 1.7, 2.2], np.array([0.04, 0.03]), np.array([-0.1, 0.05])
    system = oqs.QuadraticSystem.from_energies(energies)
    contacts = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.3))]
    model = oqs.davies(system, contacts)
    found = oqs.stationary_state(model, T, mu, method=POPULATIONS).full().diagonal().real
    with mpmath.workdps(40):
        filled = []
        for w in energies:
            x = [
                (mpmath.mpf(w) - mpmath.mpf(m)) / mpmath.mpf(t) for t, m in zip(T, mu, strict=True)
            ]
            n = [1 / (mpmath.exp(y) + 1) for y in x]
            g = [mpmath.mpf(0.01), mpmath.mpf(0.3)]
            filled.append(mpmath.fdot(g, n) / mpmath.fsum(g))
        for state, population in enumerate(found):
            bits = [(state >> (3 - k)) & 1 for k in range(4)]
            exact = mpmath.fprod(n if b else 1 - n for b, n in zip(bits, filled, strict=True))
            assert abs(population / exact - 1) < 3e-14  # (w - mu)/T ~ 70 is known to 1e-16 * 70
    assert min(found) < 1e-60


def test_tiny_populations_of_an_interacting_system():
    # equal reservoirs: the Gibbs state, population by population
    system = oqs.InteractingSystem.from_terms(
        np.diag([1.0, 1.1, 1.7]), {(0, 1): 0.9, (1, 2): -0.4, (0, 2): 0.25}
    )
    contacts = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(1e-7), [1, 2, 3])]
    model = oqs.davies(system, contacts)
    T, mu = np.full(2, 0.02), np.full(2, 0.1)
    found = oqs.stationary_state(model, T, mu, method=POPULATIONS).full().diagonal().real
    energies = system.hamiltonian.diag() - 0.1 * system.number.diag()
    exact = np.exp(-energies / 0.02)
    np.testing.assert_allclose(found, exact / exact.sum(), rtol=1e-12)
    assert min(found) < 1e-70


@methods
def test_a_stationary_state_knows_its_solver(method):
    case = random_case(6, 3, 2)
    rho = oqs.stationary_state(case.model, case.T, case.mu, method=method)
    assert rho.method == method
    assert 0 <= rho.residual < 1e-13
    assert rho.tr() == pytest.approx(1, abs=1e-14)
    assert rho.isherm
    residual = case.model.liouvillian(case.T, case.mu).full() @ rho.full().ravel(order="F")
    assert np.max(np.abs(residual)) < 1e-15


def test_the_default_is_the_cheapest_exact_solver():
    case = random_case(7, 2, 2, coupling="collective")
    assert oqs.flow_law(case.model).method == POPULATIONS
    degenerate = oqs.davies(oqs.QuadraticSystem(0.3 * np.eye(2)), case.contacts)
    assert oqs.flow_law(degenerate).method == oqs.GaussianState()
    split = oqs.QuadraticSystem.from_energies([0.3, 0.3 + 1e-6])
    together = oqs.davies(split, case.contacts, resolution=1e-4)
    assert oqs.flow_law(together).method == BLOCK
    repelling = oqs.InteractingSystem.from_terms(0.3 * np.eye(2), {(0, 1): 0.5})
    assert oqs.flow_law(oqs.davies(repelling, case.contacts)).method == BLOCK


def test_full_liouvillian_refuses_what_would_not_fit():
    system = oqs.QuadraticSystem.from_energies(np.arange(8.0))
    with pytest.raises(ValueError, match=r"FullLiouvillian\(\) must have at most 7 sites, but"):
        oqs.flow_law(oqs.davies(system, [oqs.Contact(oqs.flat(1.0))]), method=FULL)


def test_what_would_not_fit_is_refused_beforehand():
    """20 sites with tunnelling: the memory is named before anything is computed."""
    chain = oqs.spinless_dots(np.linspace(0, 1, 20), 0.1, U=0.5)
    with pytest.raises(MemoryError, match=r"20 sites with 1 contacts needs about \d+ GB"):
        oqs.davies(chain, [oqs.Contact(oqs.flat(0.1), np.eye(20)[0])])


def test_a_system_that_does_not_tell_its_memory_stops_nobody(monkeypatch):
    assert 1e8 < physical_memory() < 1e15
    monkeypatch.delattr(os, "sysconf")  # as on Windows
    assert physical_memory() == math.inf
    system = oqs.InteractingSystem.from_terms([[1, 0.1], [0.1, 2]], U={(0, 1): 1.0})
    flows = oqs.flow_law(oqs.davies(system, [oqs.Contact(oqs.flat(0.1))] * 2))([1, 2], [0, 0])
    assert np.isfinite(flows.heat).all()
