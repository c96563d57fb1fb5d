"""Entropies against QuTiP's, and where QuTiP's own would be lost in rounding."""

import itertools

import numpy as np
import pytest
import qutip
import scipy.sparse as sp
from systems import SCALES, random_case, random_interacting, random_state

import oqs
from oqs.state.entropy import von_neumann_entropy

scales = pytest.mark.parametrize("scale", SCALES)


def some_state(model, seed):
    rng = np.random.default_rng(seed)
    rho = random_state(rng, model.system.spectrum.dimension)
    return qutip.Qobj(rho, dims=model.system.dims)


@scales
@pytest.mark.parametrize("sites", [1, 2, 3])
def test_relative_entropy_is_that_of_qutip(sites, scale):
    model, T, mu = random_interacting(1, sites, 3, scale=scale)
    rho = some_state(model, 1)
    found = oqs.relative_entropy_to_gibbs(model, rho, T, mu)
    for j in range(3):
        local = oqs.gibbs_state(model.system, T[j], mu[j])
        assert found[j] == pytest.approx(qutip.entropy_relative(rho, local), rel=1e-10)
        own = oqs.relative_entropy_to_gibbs(model, local, T, mu)[j]
        assert own == pytest.approx(0, abs=1e-13)
    assert von_neumann_entropy(sp.csr_array(rho.full())) == pytest.approx(
        qutip.entropy_vn(rho), rel=1e-13
    )


def test_relative_entropy_where_the_gibbs_state_underflows():
    # S(1/D || rho_j) at T = 1e-3: mean energy over T, although e^{-1000} is no double
    system = oqs.QuadraticSystem.from_energies([1.0, 2.0])
    model = oqs.davies(system, [oqs.Contact(oqs.flat(0.1))])
    mixed = qutip.qeye_like(system.hamiltonian) / 4
    found = oqs.relative_entropy_to_gibbs(model, mixed, [1e-3], [0.0])
    assert found[0] == pytest.approx(-np.log(4) + 1.5 / 1e-3, rel=1e-14)


@scales
def test_gibbs_state(scale):
    model, T, mu = random_interacting(2, 3, 1, scale=scale)
    rho = oqs.gibbs_state(model.system, T[0], mu[0])
    direct = ((mu[0] * model.system.number - model.system.hamiltonian) / T[0]).expm()
    assert (rho - direct / direct.tr()).norm() < 1e-12
    cold = oqs.gibbs_state(model.system, 1e-4 * scale, mu[0])
    assert cold.tr() == pytest.approx(1, abs=1e-14)
    assert cold.purity() == pytest.approx(1, abs=1e-12)


@scales
@pytest.mark.parametrize("sites", [1, 2, 3])
def test_reservoirs_share_the_entropy_production(sites, scale):
    model, T, mu = random_interacting(3, sites, 3, scale=scale)
    rho = some_state(model, 3)
    parts = oqs.entropy_production_by_reservoir(model, rho, T, mu)
    assert parts.shape == (3,)
    whole = oqs.entropy_production(model, rho, T, mu)
    assert whole == pytest.approx(parts.sum(), rel=1e-11)
    # the definition, with dense logarithms
    logarithm = rho.logm()
    for j in range(3):
        change = qutip.vector_to_operator(
            model.dissipator(j, T, mu) * qutip.operator_to_vector(rho)
        )
        local = (mu[j] * model.system.number - model.system.hamiltonian) / T[j]
        expected = -(change * (logarithm - local)).tr().real
        assert parts[j] == pytest.approx(expected, rel=1e-9, abs=1e-12 * np.max(model.rates))


@scales
def test_momentary_flows_are_traces(scale):
    model, T, mu = random_interacting(4, 2, 3, scale=scale)
    rho = some_state(model, 4)
    flows = oqs.momentary_flows(model, rho, T, mu)
    for j in range(3):
        change = qutip.vector_to_operator(
            model.dissipator(j, T, mu) * qutip.operator_to_vector(rho)
        )
        assert flows.particle[j] == pytest.approx((change * model.system.number).tr().real)
        assert flows.energy[j] == pytest.approx((change * model.system.hamiltonian).tr().real)
    np.testing.assert_array_equal(flows.heat, flows.energy - mu * flows.particle)


@scales
@pytest.mark.parametrize("x", [1.0, 50.0, 500.0])
def test_entropy_production_of_a_stationary_state(x, scale):
    # minus the Clausius sum; populations of e^{-50} and e^{-500} are no empty states being filled
    case = random_case(5, 3, 2, scale=scale, coupling="collective")
    highest = case.system.energies[-1]
    mu = np.full(2, highest - 2 * scale)
    T = np.array([1.0, 1.5]) * 2 * scale / x
    rho = oqs.stationary_state(case.model, T, mu)
    fastest = np.max(case.model.rates) * 10
    clausius = oqs.clausius_sum(oqs.flow_law(case.model)(T, mu), T)
    found = oqs.entropy_production(case.model, rho, T, mu)
    # eigenvalues of rho carry 1e-16, their logarithms up to x, and Y/T up to x as well
    assert found == pytest.approx(-clausius, abs=1e-14 * fastest * max(x, 20.0))
    if x == 1.0:
        assert found == pytest.approx(-clausius, rel=1e-9)
    parts = oqs.entropy_production_by_reservoir(case.model, rho, T, mu)
    assert np.all(np.isfinite(parts))


def test_entropy_production_of_a_state_with_an_empty_level_is_infinite():
    model = oqs.davies(oqs.QuadraticSystem([[1.0]]), [oqs.Contact(oqs.flat(0.1))])
    empty = qutip.fock_dm(2, 0)
    empty.dims = model.system.dims
    assert oqs.entropy_production(model, empty, [1.0], [1.0]) == np.inf
    assert oqs.entropy_production_by_reservoir(model, empty, [1.0], [1.0])[0] == np.inf


def test_clausius_sum_of_a_batch():
    case = random_case(6, 2, 3)
    law = oqs.closed_form(case.system, case.contacts)
    T = np.array([case.T, 2 * case.T])
    flows = law(T, case.mu)
    found = oqs.clausius_sum(flows, T)
    assert found.shape == (2,)
    np.testing.assert_allclose(found, (flows.heat / T).sum(axis=1), rtol=1e-15)
    np.testing.assert_allclose(found, law.clausius_sum(T, case.mu), rtol=1e-12)


def turned_states(rng):
    """A system whose eigenstates are superpositions, and states of several block structures."""
    system = oqs.spinful_dots([0.3, 0.5], 0.2, U=1.0)
    size = system.spectrum.dimension
    amplitudes = rng.normal(size=(3, size, 2)) @ [1, 1j]
    pure = np.zeros(size, dtype=complex)
    pure[[4, 8]] = amplitudes[0, :2]  # fewer elements than states, none of them outside one sector
    mixed = amplitudes[1:].T @ amplitudes[1:].conj()
    thermal = oqs.gibbs_state(system, 0.4, 0.2).full()
    for matrix in (np.outer(pure, pure.conj()), mixed, thermal, 0.5 * thermal + 1e-3 * mixed):
        yield system, qutip.Qobj(matrix / np.trace(matrix), dims=system.dims)


@pytest.mark.parametrize("small", [64, 0], ids=["dense", "sparse"])
def test_states_are_turned_to_the_energy_basis_and_back(monkeypatch, small):
    for module in ("oqs.system.spectrum", "oqs.numerics.blocks"):
        monkeypatch.setattr(f"{module}.SMALL", small)
    for system, rho in turned_states(np.random.default_rng(0)):
        spectrum = system.spectrum
        sparse = sp.csr_array(rho.full())
        dense = spectrum.vectors.conj().T @ rho.full() @ spectrum.vectors
        turned = spectrum.eigenvectors.to_energy_basis(sparse)
        np.testing.assert_allclose(sp.csr_array(turned).toarray(), dense, atol=1e-14)
        back = spectrum.eigenvectors.to_operator_basis(turned)
        np.testing.assert_allclose(sp.csr_array(back).toarray(), rho.full(), atol=1e-14)


def states_of_levels(model, rng):
    """Mixtures of Gibbs states, some turned within degenerate levels."""
    levels, spectrum = model.decomposition.levels, model.system.spectrum
    vectors = spectrum.vectors.copy()
    for level in np.unique(levels):
        members = np.flatnonzero(levels == level)
        turn = np.linalg.qr(rng.normal(size=(len(members),) * 2))[0]
        vectors[:, members] = vectors[:, members] @ turn
    for v in (spectrum.vectors, vectors):
        p = rng.dirichlet(np.ones(spectrum.dimension))
        yield qutip.Qobj((v * p) @ v.conj().T, dims=model.system.dims)


@pytest.mark.parametrize("orbitals", [(1, 1, 1.5, 1.5), (1, 1, 1, 2), (1, 1.2, 1.5, 2)])
def test_transitions_between_levels_are_the_dissipators(monkeypatch, orbitals):
    rng = np.random.default_rng(1)
    rows = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    pairs = dict.fromkeys(itertools.combinations(range(4), 2), 0.7)  # degeneracies stay
    system = oqs.InteractingSystem.from_terms(rows @ np.diag(orbitals) @ rows.T, pairs)
    leads = [oqs.Contact(oqs.flat(0.1), rng.normal(size=(2, 4))), oqs.Contact(oqs.flat(0.2))]
    model = oqs.davies(system, leads)
    assert bool(model.level_coherences.levels) == (len(set(orbitals)) < 4)
    T, mu = [0.4, 0.7], [0.9, 1.2]
    calls = (oqs.momentary_flows, oqs.entropy_production, oqs.entropy_production_by_reservoir)
    for rho in states_of_levels(model, rng):
        by_elements = [call(model, rho, T, mu) for call in calls]
        with monkeypatch.context() as patch:
            patch.setattr("oqs.state.dissipation._FEW", 0)
            by_levels = [call(model, rho, T, mu) for call in calls]
        np.testing.assert_allclose(by_levels[0].particle, by_elements[0].particle, rtol=1e-12)
        np.testing.assert_allclose(by_levels[0].energy, by_elements[0].energy, rtol=1e-12)
        for found, expected in zip(by_levels[1:], by_elements[1:], strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-11)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_a_gibbs_state_is_sparse_and_that_of_all_eigenvectors(scale):
    rotated = oqs.QuadraticSystem(
        scale * np.array([[1.0, 0.3, 0.1], [0.3, 1.4, 0.2], [0.1, 0.2, 0.7]])
    )
    chain = oqs.spinful_dots(scale * np.array([-2.0] * 3), scale, U=4.0 * scale)
    for system in (rotated, chain, oqs.anderson_dot(-scale, 2 * scale)):
        rho = oqs.gibbs_state(system, 0.7 * scale, 0.2 * scale)
        spectrum = system.spectrum
        weights = np.exp((0.2 * scale * spectrum.particles - spectrum.energies) / (0.7 * scale))
        exact = (spectrum.vectors * weights) @ spectrum.vectors.conj().T / weights.sum()
        np.testing.assert_allclose(rho.full(), exact, atol=1e-14)
        np.testing.assert_array_equal(spectrum.sparse_vectors.toarray(), spectrum.vectors)
    many = oqs.spinful_dots(scale * np.array([-2.0] * 4), scale, U=4.0 * scale)
    sparse = oqs.gibbs_state(many, 0.7 * scale, 0.2 * scale).data_as("csr_matrix")
    assert sparse.nnz <= 70**2  # squares of the numbers of states with so many spins up and down
