"""The iteration over occupations without a matrix: against dense matrices and elimination."""

import numpy as np
import pytest
from systems import SCALES, deviation

import oqs
from oqs.stationary.rates.krylov import KrylovProblem, _Exchange
from oqs.stationary.rates.sectors import SectorProblem

POPULATIONS = oqs.Populations()
scales = pytest.mark.parametrize("scale", SCALES)


def coupled(sites, scale, U=0.6, seed=0):
    """Dots that feel each other's charge, between two reservoirs with one bath per site each."""
    rng = np.random.default_rng([seed, sites])
    pairs = {(v, w): scale * U * rng.uniform(0.3, 1) for v in range(sites) for w in range(v)}
    levels = scale * rng.uniform(-1, 1, sites)
    contacts = [
        oqs.Contact(oqs.flat(0.01 * scale), np.diag(rng.uniform(0.5, 2, sites))),
        oqs.Contact(
            oqs.lorentzian(0.02 * scale, 0.3 * scale, scale), np.diag(rng.normal(size=sites))
        ),
    ]
    model = oqs.davies(oqs.InteractingSystem.from_terms(np.diag(levels), pairs), contacts)
    return model, scale * np.array([0.7, 1.1]), scale * np.array([0.4, -0.1])


def dense(flips, T, mu):
    """The rate matrix, state by state: state |n_0 n_1 ...> is the binary number n_0 n_1 ..."""
    size = 2**flips.modes
    W = np.zeros((size, size))
    for state in range(size):
        bits = [(state >> (flips.modes - 1 - k)) & 1 for k in range(flips.modes)]
        for k in (k for k in range(flips.modes) if not bits[k]):
            rest = int("0" + "".join(str(b) for m, b in enumerate(bits) if m != k), 2)
            rest = min(rest, len(flips.frequency[k]) - 1)
            filled = state | 1 << (flips.modes - 1 - k)
            for j, (t, m) in enumerate(zip(T, mu, strict=True)):
                n = 1 / (np.exp((flips.frequency[k][rest] - m) / t) + 1)
                W[filled, state] += flips.rate[k][j, rest] * n
                W[state, filled] += flips.rate[k][j, rest] * (1 - n)
    return W - np.diag(W.sum(axis=0))


@scales
@pytest.mark.parametrize("sites", [1, 2, 5])
def test_the_generator_without_a_matrix(sites, scale):
    model, T, mu = coupled(sites, scale)
    flips = model.transitions
    rates, W = _Exchange.at(flips, T, mu), dense(flips, T, mu)
    found = np.array([rates.apply(column) for column in np.eye(2**sites)]).T
    np.testing.assert_allclose(found, W, rtol=0, atol=1e-15 * np.max(np.abs(W)))
    states = np.random.default_rng(1).uniform(size=2**sites)
    off = W - np.diag(np.diag(W))
    fluxes = (off * states)[off > 0]
    assert rates.gross(states) == pytest.approx(np.max(fluxes), rel=1e-13)


@scales
def test_the_preconditioner_is_a_pseudo_inverse(scale):
    # without interactions the average over the other occupations is the generator itself
    model, T, mu = coupled(4, scale, U=0.0)
    rates, W = _Exchange.at(model.transitions, T, mu), dense(model.transitions, T, mu)
    inverse = np.array([rates.mean_inverse(column) for column in np.eye(16)]).T
    np.testing.assert_allclose(W @ inverse @ W, W, rtol=0, atol=1e-14 * np.max(np.abs(W)))
    size = np.max(np.abs(inverse))
    np.testing.assert_allclose(inverse @ W @ inverse, inverse, rtol=0, atol=1e-13 * size)


@scales
@pytest.mark.parametrize("sites", [1, 2, 4, 6])
def test_small_systems_against_the_null_vector(sites, scale):
    model, T, mu = coupled(sites, scale)
    problem = KrylovProblem(model, POPULATIONS, model.transitions)
    solution = problem.solve(T, mu)
    W = dense(model.transitions, T, mu)
    _, _, right = np.linalg.svd(W)
    np.testing.assert_allclose(solution.values, right[-1] / right[-1].sum(), rtol=0, atol=1e-12)
    assert solution.residual < 1e-12
    assert abs(solution.particle.sum()) < 1e-15 * np.max(model.rates)
    expected = oqs.flow_law(model)(T, mu)
    size = np.max(np.abs(expected.particle))
    # tr(N_S D_j[rho]) is what the system gains, the flow what the reservoir loses: the same
    np.testing.assert_allclose(solution.particle, expected.particle, rtol=0, atol=1e-11 * size)


@pytest.mark.parametrize("sites", [11, 12])
def test_large_systems_against_elimination(sites):
    model, T, mu = coupled(sites, 1.0)
    problem = POPULATIONS.prepare(model)
    assert isinstance(problem, KrylovProblem)
    solution = problem.solve(T, mu)
    exact = SectorProblem.of(model, POPULATIONS, model.transitions.blocks()).solve(T, mu)
    np.testing.assert_allclose(solution.values, exact.values, rtol=0, atol=1e-12)
    for kind in ("particle", "energy"):
        size = np.max(np.abs(getattr(exact, kind)))
        np.testing.assert_allclose(
            getattr(solution, kind), getattr(exact, kind), rtol=0, atol=1e-10 * size
        )


@scales
def test_independent_modes_against_the_closed_form(scale):
    sites = 13
    rng = np.random.default_rng(2)
    h = rng.normal(size=(sites, sites))
    system = oqs.QuadraticSystem(scale * (h + h.T))
    contacts = [oqs.Contact(oqs.flat(g * scale), rng.normal(size=sites)) for g in (0.01, 0.03)]
    T, mu = scale * np.array([0.5, 2.0]), scale * np.array([0.3, -0.4])
    law, exact = oqs.flow_law(oqs.davies(system, contacts)), oqs.closed_form(system, contacts)
    assert deviation(law(T, mu), exact(T, mu)) < 1e-11
    resolved, per_mode = law.spectral(T, mu), exact.spectral(T, mu)
    np.testing.assert_allclose(
        resolved.particle, per_mode.particle, rtol=0, atol=1e-11 * np.max(np.abs(per_mode.particle))
    )


def test_equal_reservoirs_leave_the_gibbs_state():
    model, _, _ = coupled(11, 1.0)
    T, mu = np.full(2, 0.8), np.full(2, 0.2)
    found = POPULATIONS.prepare(model).solve(T, mu)
    terms = model.system.terms
    n = (np.arange(2**11)[:, None] >> np.arange(10, -1, -1)) & 1  # (states, sites)
    energies = n @ (terms.h.diagonal().real - 0.2) + np.einsum("sv,vw,sw->s", n, terms.U, n)
    gibbs = np.exp(-(energies - energies.min()) / 0.8)
    np.testing.assert_allclose(found.values, gibbs / gibbs.sum(), rtol=0, atol=1e-13)
    gross = sum(rate.max() for rate in model.transitions.rate)
    assert np.max(np.abs(found.particle)) < 1e-14 * gross


def test_interactions_far_above_the_temperature():
    model, _, _ = coupled(11, 1.0, U=8.0)
    T, mu = np.array([0.02, 0.03]), np.array([0.5, 0.3])
    with pytest.raises(oqs.StationaryStateNotFound):
        POPULATIONS.prepare(model).solve(T, mu)


def test_a_site_that_no_contact_touches_is_refused():
    # its electron shifts the others' levels: the flows depend on whether it is there
    t = np.diag([1.0] * 10 + [0.0])
    model = oqs.davies(
        oqs.coupled_dots(np.linspace(0, 1, 11), 0.3), [oqs.Contact(oqs.flat(0.1), t)]
    )
    with pytest.raises(oqs.NonUniqueStationaryState, match="conserved by H and by") as caught:
        oqs.flow_law(model)
    assert caught.value.kernel_dimension == 2
