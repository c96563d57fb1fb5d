"""Large degenerate blocks: the iteration against the elimination, and the count of kernels."""

import numpy as np
import pytest

import oqs
from oqs.stationary import uniqueness
from oqs.stationary.coherent import linear, problem


def degenerate(sites, contacts=None, gamma=1e-3):
    """All levels at one energy, equal repulsion: every sector is one degenerate level."""
    rng = np.random.default_rng(sites)
    U = {(v, w): 0.5 for w in range(sites) for v in range(w)}
    couplings = (
        [rng.normal(size=(sites, sites)) for _ in range(2)] if contacts is None else contacts
    )
    system = oqs.InteractingSystem.from_terms(np.eye(sites), U=U)
    return oqs.davies(system, [oqs.Contact(oqs.flat(gamma), c) for c in couplings])


def block(model, T, mu):
    whole = model.zero_frequency_generator
    kept = whole.restricted(whole.reachable())
    return kept.matrix(model.weights(np.array(T), np.array(mu))), kept.diagonal


@pytest.mark.parametrize("gamma", [1e-9, 1e-3, 1e3])
@pytest.mark.parametrize(
    ("T", "mu"), [([0.5, 1.0], [1.2, 0.8]), ([0.05, 0.1], [1.2, 0.8]), ([0.02, 0.03], [1.2, 2.8])]
)
def test_the_iteration_agrees_with_the_elimination(gamma, T, mu):
    matrix, diagonal = block(degenerate(5, gamma=gamma), T, mu)
    x, residual, *_ = linear.iterated(matrix, diagonal)
    exact = linear.eliminated(matrix, diagonal).values
    assert residual <= 1e-13
    assert np.max(np.abs(x - exact)) <= 1e-11
    assert np.sum(x[diagonal]) == pytest.approx(1, abs=1e-14)


def test_flows_are_the_same_whichever_solves(monkeypatch):
    model = degenerate(6)
    direct = oqs.flow_law(model)([0.5, 1.0], [1.2, 0.8])
    calls = []
    original = linear.iterated
    monkeypatch.setattr(problem, "ITERATED", 100)
    monkeypatch.setattr(problem, "iterated", lambda *a: calls.append(1) or original(*a))
    iterated = oqs.flow_law(model)([0.5, 1.0], [1.2, 0.8])
    assert calls
    assert np.max(np.abs(iterated.heat - direct.heat)) <= 1e-11 * np.max(np.abs(direct.heat))


def test_coherences_that_turn_are_eliminated(monkeypatch):
    monkeypatch.setattr(problem, "ITERATED", 10)
    monkeypatch.setattr(problem, "iterated", lambda *_: pytest.fail("must not be iterated"))
    model = oqs.davies(oqs.QuadraticSystem.from_energies([1.0, 1.5]), [oqs.Contact(oqs.flat(0.01))])
    law = oqs.flow_law(model, method=oqs.FullLiouvillian())
    assert abs(law([0.5], [1.2]).particle[0]) < 1e-15


def test_what_does_not_converge_is_eliminated(monkeypatch):
    model = degenerate(5)
    exact = oqs.flow_law(model)([0.5, 1.0], [1.2, 0.8])
    monkeypatch.setattr(problem, "ITERATED", 100)
    monkeypatch.setattr(linear, "_STEPS", 3)
    matrix, diagonal = block(model, [0.5, 1.0], [1.2, 0.8])
    assert linear.iterated(matrix, diagonal) is None
    assert np.array_equal(oqs.flow_law(model)([0.5, 1.0], [1.2, 0.8]).heat, exact.heat)


def test_a_state_that_nothing_leaves_is_not_iterated():
    matrix, diagonal = block(degenerate(3), [0.5, 1.0], [1.2, 0.8])
    dead = matrix.tolil()
    dead[diagonal[0], diagonal[0]] = 0.0
    assert linear.iterated(dead.tocsc(), diagonal) is None


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("dark", [0, 1, 2])
def test_kernels_of_large_blocks_are_counted(monkeypatch, dark, seed):
    sites = 4
    rng = np.random.default_rng(seed)
    coupling = rng.normal(size=(sites, sites))
    coupling[:, :dark] = 0.0  # the contacts do not see these levels
    basis = np.linalg.qr(rng.normal(size=(sites, sites)))[0]  # nor which combinations they are
    couplings = [coupling @ basis, 2 * coupling @ basis]
    small = uniqueness.kernel(degenerate(sites, couplings))
    assert small.exact
    assert (small.dimension == 1) == (dark == 0)
    monkeypatch.setattr(uniqueness, "_DENSE", 10)
    large = uniqueness.kernel(degenerate(sites, couplings))  # a model's count is kept
    assert large.exact == (dark == 0)  # that there are several is enough
    assert min(small.dimension, 2) <= large.dimension <= small.dimension


def test_the_kernel_of_a_model_is_counted_once(monkeypatch):
    counts = []
    counted = uniqueness.commutant_dimension
    monkeypatch.setattr(
        uniqueness, "commutant_dimension", lambda levels: counts.append(levels) or counted(levels)
    )
    system = oqs.spinful_dots([0.0] * 3, 0.3, U=1.5)
    ends = [oqs.spin_channels([1.0, 0.0, 0.0]), oqs.spin_channels([0.0, 0.0, 1.0])]
    model = oqs.davies(system, [oqs.Contact(oqs.flat(0.01), t) for t in ends])
    oqs.audit(model, [1.0, 1.3], [0.5, -0.5])
    oqs.flow_law(model)([1.0, 1.3], [0.5, -0.5])
    assert sum(each is model.level_coherences for each in counts) == 1  # others are of PERLind


def test_an_iteration_that_stops_early_decides_nothing(monkeypatch):
    model = degenerate(4)
    generator = model.zero_frequency_generator
    hermitian = generator.matrix(np.tile(model.rates.ravel() / 2, 2))  # at infinite temperature
    population = np.zeros(generator.size)
    population[generator.diagonal] = 1.0
    threshold = 1e-12 * np.max(np.abs(hermitian.data))
    assert uniqueness._several_zeros(hermitian, population, threshold) is False
    monkeypatch.setattr(uniqueness, "_STEPS", 2)
    assert uniqueness._several_zeros(hermitian, population, threshold) is None


def test_many_states_without_degenerate_levels_have_a_block_too():
    # eleven sites, 2048 states: no level is degenerate, so there are no coherences beside them
    chain = oqs.spinless_dots(20 + np.random.default_rng(0).uniform(0, 1, 11), 0.3, U=0.7)
    ends = [
        oqs.Contact(oqs.flat(g), row)
        for g, row in zip((1e-4, 2e-4), np.eye(11)[[0, -1]], strict=True)
    ]
    model, T, mu = oqs.davies(chain, ends), [1.0, 0.6], [20.5, 20.0]
    found = oqs.flow_law(model, method=oqs.ZeroFrequencyBlock())(T, mu)
    exact = oqs.flow_law(model, method=oqs.Populations())(T, mu)
    np.testing.assert_allclose(found.heat, exact.heat, rtol=1e-9)
    slopes = oqs.flow_law(model, method=oqs.ZeroFrequencyBlock()).jacobian(T, mu)
    by_rates = oqs.flow_law(model, method=oqs.Populations()).jacobian(T, mu)
    np.testing.assert_allclose(slopes.particle_mu, by_rates.particle_mu, rtol=1e-7)
