"""The generator itself: a map of density matrices, thermodynamically consistent, made of its parts.

Against the textbook's dense generator of tests/reference.py, which shares no code with oqs.
"""

import numpy as np
import pytest
import qutip
import reference
from systems import COUPLINGS, SCALES, hermitian, random_case, random_contacts, random_interacting

import oqs

scales = pytest.mark.parametrize("scale", SCALES)


def quadratic(seed, sites, reservoirs, *, scale=1.0, coupling="collective"):
    case = random_case(seed, sites, reservoirs, scale=scale, coupling=coupling)
    return case.model, case.T, case.mu


makers = pytest.mark.parametrize("make", [quadratic, random_interacting])


def baths(model, T, mu):
    return reference.baths_of(model.contacts, T, mu, model.system.sites)


def row_major(superoperator):
    """QuTiP stacks columns; numpy's ravel stacks rows."""
    dimension = round(np.sqrt(superoperator.shape[0]))
    order = np.arange(dimension**2).reshape(dimension, dimension).T.ravel()
    return superoperator.full()[np.ix_(order, order)]


def largest(array):
    return float(np.max(np.abs(array)))


@makers
@scales
@pytest.mark.parametrize("coupling", COUPLINGS)
@pytest.mark.parametrize("sites", [1, 2, 3])
def test_liouvillian_of_the_textbook(make, sites, coupling, scale):
    model, T, mu = make(1, sites, 2, scale=scale, coupling=coupling)
    H, c = model.system.hamiltonian.full(), reference.annihilators(sites)
    for ours, theirs in zip(model.system.annihilators, c, strict=True):
        assert largest(ours.full() - theirs) == 0
    for j, bath in enumerate(baths(model, T, mu)):
        slow = reference.dissipator(H, c, bath)
        found = row_major(model.dissipator(j, T, mu))
        assert largest(found - slow) < 1e-13 * largest(slow)
    slow = reference.liouvillian(H, c, baths(model, T, mu))
    assert largest(row_major(model.liouvillian(T, mu)) - slow) < 1e-14 * largest(slow)


@makers
@scales
def test_full_generator_is_the_liouvillian_in_the_energy_basis(make, scale):
    model, T, mu = make(2, 3, 3, scale=scale)
    generator, v = model.full_generator, model.system.spectrum.vectors
    dissipators = sum(model.dissipator(j, T, mu) for j in range(3))
    rotation = np.kron(v.conj().T, v.T)
    expected = rotation @ row_major(dissipators) @ rotation.conj().T
    place = generator.row_state * len(v) + generator.column_state
    found = np.zeros_like(expected)
    found[np.ix_(place, place)] = generator.matrix(model.weights(T, mu)).toarray()
    assert largest(found - expected) < 1e-13 * largest(expected)


@makers
@scales
@pytest.mark.parametrize("coupling", COUPLINGS)
def test_preserves_trace_hermiticity_and_positivity(make, coupling, scale):
    model, T, mu = make(3, 2, 3, scale=scale, coupling=coupling)
    L = row_major(model.liouvillian(T, mu))
    dimension = model.system.spectrum.dimension
    trace = np.eye(dimension).ravel()
    assert largest(trace @ L) < 1e-15 * largest(L) * dimension
    rng = np.random.default_rng(0)
    rho = hermitian(rng, dimension)
    change = (L @ rho.ravel()).reshape(dimension, dimension)
    assert largest(change - change.conj().T) < 1e-14 * largest(change)
    rate = largest(model.rates)
    for j in range(3):
        for time in (0.01, 1.0, 100.0):
            channel = (model.dissipator(j, T, mu) * (time / rate)).expm()
            choi = qutip.to_choi(channel).full()
            assert np.linalg.eigvalsh(choi)[0] > -1e-12 * dimension
    # a generator with a negative rate is not completely positive, and the same check sees it
    backwards = qutip.to_choi((model.dissipator(0, T, mu) * (-0.1 / rate)).expm()).full()
    assert np.linalg.eigvalsh(backwards)[0] < -1e-3


@makers
@scales
@pytest.mark.parametrize("coupling", COUPLINGS)
def test_local_gibbs_state_is_stationary_under_its_own_reservoir(make, coupling, scale):
    # Eq. (14)
    model, T, mu = make(4, 3, 3, scale=scale, coupling=coupling)
    for j in range(3):
        rho = oqs.gibbs_state(model.system, T[j], mu[j])
        D = model.dissipator(j, T, mu)
        gross = largest(np.abs(D.full()) @ np.abs(rho.full().ravel(order="F")))
        assert largest(D.full() @ rho.full().ravel(order="F")) < 1e-14 * gross
        other = oqs.gibbs_state(model.system, 1.5 * T[j], mu[j])
        assert largest(D.full() @ other.full().ravel(order="F")) > 1e-3 * gross


@scales
def test_upward_and_downward_rates_obey_kms(scale):
    model, T, mu = random_interacting(5, 3, 3, scale=scale)
    down, up = model.weights(T, mu).reshape(2, *model.rates.shape)
    nu = (model.frequencies - mu[:, None]) / T[:, None]
    np.testing.assert_allclose(up, down * np.exp(-nu), rtol=1e-13)
    np.testing.assert_allclose(up + down, model.rates, rtol=1e-15)


def test_kms_where_an_occupation_underflows():
    model = oqs.davies(oqs.QuadraticSystem([[1.0]]), [oqs.Contact(oqs.flat(1.0))])
    down, up = model.weights(np.array([1e-3]), np.array([0.5]))  # x = 500
    assert up / down == pytest.approx(np.exp(-500.0), rel=1e-13)
    down, up = model.weights(np.array([1e-3]), np.array([1.5]))
    assert down / up == pytest.approx(np.exp(-500.0), rel=1e-13)


@makers
@scales
def test_partial_dissipators_sum_to_the_dissipator(make, scale):
    model, T, mu = make(6, 2, 2, scale=scale)
    for j in range(2):
        whole = model.dissipator(j, T, mu)
        parts = [model.partial_dissipator(k, j, T, mu) for k in range(len(model.frequencies))]
        assert (sum(parts) - whole).norm() < 1e-14 * whole.norm()
        down, up = model.weights(T, mu).reshape(2, *model.rates.shape)[:, j]
        for part, lost, gained, operators in zip(
            parts, down, up, model.eigenoperators(j), strict=True
        ):
            own = 0 * part + sum(
                lost * qutip.lindblad_dissipator(s) + gained * qutip.lindblad_dissipator(s.dag())
                for s in operators
            )
            assert (part - own).norm() < 1e-14 * whole.norm()
        assert model.dissipator(j - 2, T, mu) == whole
    L = qutip.liouvillian(model.system.hamiltonian)
    L = L + model.dissipator(0, T, mu) + model.dissipator(1, T, mu)
    assert (L - model.liouvillian(T, mu)).norm() < 1e-14 * L.norm()


@makers
@scales
@pytest.mark.parametrize("coupling", COUPLINGS)
def test_eigenoperators(make, coupling, scale):
    # [H, S(w)] = -w S(w), [N, S(w)] = -S(w), and they sum to the channels
    model, _, _ = make(7, 3, 2, scale=scale, coupling=coupling)
    H, N, c = model.system.hamiltonian, model.system.number, model.system.annihilators
    for j, contact in enumerate(model.contacts):
        total = 0
        gram = 0
        for w, operators in zip(model.frequencies, model.eigenoperators(j), strict=True):
            for S in operators:
                assert (H * S - S * H + w * S).norm() < 1e-13 * scale * S.norm() * 10
                assert (N * S - S * N + S).norm() < 1e-13 * S.norm()
                total += S
                gram += S.dag() * S
        channels = [
            sum(complex(t) * op for t, op in zip(row, c, strict=True))
            for row in contact.channels(3)
        ]
        if len(channels) == 1:  # several channels may be mixed among each other within one w
            assert (total - channels[0]).norm() < 1e-13 * channels[0].norm()
        energies, vectors = H.eigenstates()
        pinched = 0
        for S in channels:  # sum_w S(w)^+ S(w) is S^+ S without its coherences between energies
            product = (S.dag() * S).transform(vectors).full()
            pinched += np.where(
                np.abs(np.subtract.outer(energies, energies)) < 1e-9 * scale, product, 0
            )
        assert largest(gram.transform(vectors).full() - pinched) < 1e-12 * largest(pinched)


@scales
@pytest.mark.parametrize("coupling", COUPLINGS)
def test_one_hamiltonian_in_two_descriptions(coupling, scale):
    rng = np.random.default_rng(8)
    h = scale * hermitian(rng, 3)
    contacts = random_contacts(rng, 3, 2, scale, coupling)
    quadratic = oqs.QuadraticSystem(h)
    general = oqs.InteractingSystem(quadratic.hamiltonian, quadratic.annihilators)
    T, mu = scale * np.array([0.4, 1.0]), scale * np.array([0.3, -0.5])
    first, second = (oqs.davies(s, contacts).liouvillian(T, mu) for s in (quadratic, general))
    assert (first - second).norm() < 1e-12 * first.norm()
    rates = oqs.davies(quadratic, contacts).dissipator(0, T, mu)
    again = oqs.davies(general, contacts).dissipator(0, T, mu)
    assert (rates - again).norm() < 1e-12 * rates.norm()


def test_annihilators_in_another_basis():
    # rotate the whole Fock space: dissipators rotate with it, flows do not change
    model, T, mu = random_interacting(9, 2, 2)
    u = qutip.Qobj(np.linalg.qr(hermitian(np.random.default_rng(0), 4))[0], dims=model.system.dims)
    H = u * model.system.hamiltonian * u.dag()
    H = (H + H.dag()) / 2
    rotated = oqs.davies(
        oqs.InteractingSystem(H, [u * c * u.dag() for c in model.system.annihilators]),
        model.contacts,
    )
    expected = qutip.to_super(u) * model.liouvillian(T, mu) * qutip.to_super(u).dag()
    assert (rotated.liouvillian(T, mu) - expected).norm() < 1e-12 * expected.norm()
    flows, again = oqs.flow_law(model)(T, mu), oqs.flow_law(rotated)(T, mu)
    np.testing.assert_allclose(again.energy, flows.energy, rtol=1e-11)


@pytest.mark.parametrize("unit", [1e-12, 1e-20])
def test_energies_in_any_unit(unit):
    # QuTiP drops elements below 1e-14, whatever their unit; joules are 1e-20
    h = np.array([[1.0, 0.2], [0.2, 1.5]])
    found = []
    for scale in (1.0, unit):
        system = oqs.QuadraticSystem(scale * h)
        assert largest(system.hamiltonian.full()) == pytest.approx(2.5 * scale, rel=1e-12)
        model = oqs.davies(
            system, [oqs.Contact(oqs.flat(0.01 * scale)), oqs.Contact(oqs.flat(0.02 * scale))]
        )
        L = model.liouvillian(scale * np.array([0.5, 1.0]), scale * np.array([0.1, 0.2]))
        found.append(L.full() / scale)
    assert largest(found[1] - found[0]) < 1e-14


def test_a_partial_dissipator_that_does_not_fit_is_refused(monkeypatch):
    dots = oqs.spinful_dots([0.3, 0.5], 0.2, U=1.0)
    model = oqs.davies(dots, [oqs.Contact(oqs.flat(0.01))])
    whole = model.partial_dissipator(0, 0, [0.5], [0.1])
    entries = whole.data_as("csr_matrix").nnz
    monkeypatch.setattr("oqs.memory.physical_memory", lambda: 16.0 * entries)
    with pytest.raises(MemoryError, match=r"superoperator of 4 sites needs"):
        model.partial_dissipator(0, 0, [0.5], [0.1])


def test_the_fastest_rate_is_that_of_all_frequencies():
    rate = oqs.lorentzian(0.02, 0.3, 0.7)
    ends = [oqs.Contact(rate, oqs.spin_channels(row)) for row in np.eye(3)[[0, -1]]]
    model = oqs.davies(oqs.spinful_dots([0.3, 0.5, 0.1], 0.2, U=1.0), ends)
    assert "decomposition" not in vars(model)
    found = model.fastest_rate
    assert "decomposition" not in vars(model)
    assert found == pytest.approx(float(np.max(model.rates)), rel=1e-12)
