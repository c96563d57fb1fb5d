"""The PERLind generator against QuTiP's dissipators, other routes, its limits, QmeQ's numbers."""

import pickle

import numpy as np
import pytest
import qutip
import scipy.linalg
from systems import COUPLINGS, SCALES, hermitian, random_contacts, random_state

import oqs
from oqs.stationary import conserved_blocks
from oqs.stationary.conserved import problem as conserved_problem
from oqs.stationary.conserved.block_generator import BlockGenerator
from oqs.stationary.conserved.layout import Layout
from oqs.stationary.conserved.secular_rates import SecularRates
from oqs.stationary.conserved.solvers import dense_matrix

KINDS = ("particle", "energy", "heat")


@pytest.fixture(autouse=True, params=[120, 0], ids=["products", "blocks"])
def few(request, monkeypatch):
    """Matrix elements up to which a matrix of products is solved; 0 for blocks everywhere."""
    monkeypatch.setattr(conserved_blocks, "_FEW", request.param)


def random_system(seed, sites, scale, *, interacting=True, real=False, coupling="collective"):
    """A PERLind model between three contacts, T and mu."""
    rng = np.random.default_rng([seed, sites, interacting, real])
    h = hermitian(rng, sites)
    contacts = random_contacts(rng, sites, 3, scale, coupling)
    if real:
        h = h.real
        contacts = [
            oqs.Contact(c.rate, None if c.coupling is None else c.coupling.real) for c in contacts
        ]
    system = oqs.QuadraticSystem(scale * h)
    if interacting:
        pairs = {(v, w): scale * rng.uniform(-1, 2) for v in range(sites) for w in range(v)}
        system = oqs.InteractingSystem.from_terms(scale * h, pairs)
    T, mu = scale * rng.uniform(0.2, 2.0, 3), scale * rng.uniform(-1.5, 1.5, 3)
    return oqs.perlind(system, contacts), T, mu


def two_ends(rate):
    """Contacts at the two ends of a double dot."""
    return [oqs.Contact(oqs.flat(rate), row) for row in np.eye(2)]


def jump_operators(model, j, T, mu):
    """The jump operators of contact j in the system's operator basis, from dense eigenvectors."""
    contact, system = model.contacts[j], model.system
    energies, v = np.linalg.eigh(system.hamiltonian.full())
    w = energies - energies[:, None]  # of <a|S|b>: E_b - E_a
    gamma = contact.gamma(w.ravel()).reshape(w.shape)
    n = 1 / (np.exp((w - mu[j]) / T[j]) + 1)
    found = []
    for row in contact.channels(system.sites):
        channel = sum(complex(t) * c.full() for t, c in zip(row, system.annihilators, strict=True))
        s = v.conj().T @ channel @ v
        for jump in (np.sqrt(gamma * (1 - n)) * s, (np.sqrt(gamma * n) * s).conj().T):
            found.append(qutip.Qobj(v @ jump @ v.conj().T, dims=system.dims))
    return found


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("coupling", COUPLINGS)
@pytest.mark.parametrize("interacting", [True, False])
def test_dissipators_are_those_of_the_jump_operators(interacting, coupling, scale):
    model, T, mu = random_system(1, 3, scale, interacting=interacting, coupling=coupling)
    h = model.system.hamiltonian
    whole = -1j * (qutip.spre(h) - qutip.spost(h))
    for j in range(3):
        expected = sum(qutip.lindblad_dissipator(jump) for jump in jump_operators(model, j, T, mu))
        whole = whole + expected
        assert (model.dissipator(j, T, mu) - expected).norm() < 1e-13 * expected.norm()
    assert (model.liouvillian(T, mu) - whole).norm() < 1e-13 * whole.norm()


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("real", [True, False])
@pytest.mark.parametrize("coupling", COUPLINGS)
@pytest.mark.parametrize("interacting", [True, False])
def test_stationary_state_and_flows(interacting, coupling, real, scale):
    model, T, mu = random_system(2, 3, scale, interacting=interacting, real=real, coupling=coupling)
    rho = oqs.stationary_state(model, T, mu)
    liouvillian = model.liouvillian(T, mu)
    assert (liouvillian * qutip.operator_to_vector(rho)).norm() < 1e-13 * liouvillian.norm()
    law = oqs.flow_law(model)
    flows = law(T, mu)
    for j in range(3):
        change = qutip.vector_to_operator(
            model.dissipator(j, T, mu) * qutip.operator_to_vector(rho)
        )
        particle, energy = (
            (change * operator).tr().real
            for operator in (model.system.number, model.system.hamiltonian)
        )
        assert abs(particle - flows.particle[j]) < 1e-14 * scale
        assert abs(energy - flows.energy[j]) < 1e-13 * scale**2
    assert abs(flows.particle.sum()) < 1e-16 * scale
    assert abs(flows.energy.sum()) < 1e-15 * scale**2
    momentary = oqs.momentary_flows(model, rho, T, mu)
    resolved = law.spectral(T, mu)
    for kind in KINDS:
        size = 1e-12 * np.abs(getattr(flows, kind)).max()
        assert np.abs(getattr(momentary, kind) - getattr(flows, kind)).max() < size
        assert np.abs(getattr(resolved, kind).sum(axis=0) - getattr(flows, kind)).max() < size


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("real", [True, False])
def test_modes_and_blocks_are_one_generator(real, scale):
    model, T, mu = random_system(3, 4, scale, interacting=False, real=real)
    same = oqs.perlind(oqs.InteractingSystem.from_terms(model.system.h), model.contacts)
    by_modes, by_blocks = oqs.flow_law(model), oqs.flow_law(same)
    assert by_modes.method == oqs.GaussianState()
    assert by_blocks.method == oqs.ConservedBlocks()
    for kind in KINDS:
        expected = getattr(by_blocks(T, mu), kind)
        assert np.allclose(getattr(by_modes(T, mu), kind), expected, rtol=1e-11, atol=0)
    states = [oqs.stationary_state(m, T, mu) for m in (model, same)]
    assert (states[0] - states[1]).norm() < 1e-13


def test_many_modes_by_sylvester():
    """More modes than are solved as one matrix, against the same in two halves."""
    rng = np.random.default_rng(4)
    h = np.zeros((8, 8), dtype=complex)
    h[:4, :4], h[4:, 4:] = hermitian(rng, 4), hermitian(rng, 4)
    t = [rng.normal(size=8) for _ in range(4)]
    contacts = [
        oqs.Contact(oqs.flat(0.1), np.where(np.arange(8) // 4 == k % 2, t[k], 0)) for k in range(4)
    ]
    T, mu = [0.5, 0.8, 1.0, 0.3], [0.2, -0.4, 0.1, 0.6]
    whole = oqs.flow_law(oqs.perlind(oqs.QuadraticSystem(h), contacts))(T, mu)
    for k in range(2):
        here = slice(4 * k, 4 * k + 4)
        part = [oqs.Contact(oqs.flat(0.1), t[j][here]) for j in (k, k + 2)]
        half = oqs.flow_law(oqs.perlind(oqs.QuadraticSystem(h[here, here]), part))
        found = half([T[k], T[k + 2]], [mu[k], mu[k + 2]])
        assert np.allclose(whole.energy[[k, k + 2]], found.energy, rtol=1e-11, atol=0)


@pytest.mark.parametrize("real", [True, False])
def test_dense_matrix_is_the_application(real):
    model, T, mu = random_system(5, 3, 1.0, real=real, coupling="channels")
    layout = Layout(model.blocks)
    generator = BlockGenerator(layout, T, mu)
    matrix = dense_matrix(generator)
    x = np.random.default_rng(0).normal(size=layout.size).astype(layout.storage.dtype)
    assert np.allclose(matrix @ x, generator.apply(x), rtol=1e-13, atol=1e-14)
    whole = model.coherent_elements.at(T, mu).matrix() - 1j * np.diag(
        model.precession(model.coherent_elements)
    )
    rho = random_state(np.random.default_rng(1), 8)
    a, b = model.coherent_elements.row_state, model.coherent_elements.column_state
    kept = np.concatenate(
        [layout.storage.kept(rho[np.ix_(s.states, s.states)]).ravel() for s in model.blocks.sectors]
    )
    change = layout.matrix(generator.apply(kept)).toarray()
    assert np.allclose(change[a, b], whole @ rho[a, b], rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("real", [True, False])
def test_iteration_is_the_factorisation(real, scale, monkeypatch):
    model, T, mu = random_system(6, 4, scale, real=real)
    expected = oqs.flow_law(model)(T, mu)
    monkeypatch.setattr(conserved_problem, "DENSE", 0)
    monkeypatch.setattr(conserved_blocks, "_FEW", 0)
    law = oqs.flow_law(model)
    for kind in KINDS:
        found = getattr(law(T, mu), kind)
        assert np.allclose(found, getattr(expected, kind), rtol=1e-10, atol=0)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("real", [True, False])
@pytest.mark.parametrize("shifted", [True, False])
@pytest.mark.parametrize("interacting", [True, False])
def test_jacobian_is_the_difference_of_flows(interacting, shifted, real, scale, monkeypatch):
    model, T, mu = random_system(13, 3, scale, interacting=interacting, real=real)
    if shifted:
        rates = [oqs.lorentzian(0.1 * scale, b * scale, 2 * scale) for b in (0.3, -0.5, 0.0)]
        contacts = [oqs.Contact(r, c.coupling) for r, c in zip(rates, model.contacts, strict=True)]
        model = oqs.perlind(model.system, contacts, lamb_shift=True)
    law = oqs.flow_law(model)
    found = law.jacobian(T, mu)
    h = 1e-4 * scale
    for q in range(3):
        step = h * np.eye(3)[q]
        for theta, (a, b) in enumerate([(step, 0 * step), (0 * step, step)]):
            flows = [law(T + k * a, mu + k * b) for k in (-2, -1, 1, 2)]
            for kind in KINDS:
                f = [getattr(flow, kind) for flow in flows]
                expected = (8 * (f[2] - f[1]) - (f[3] - f[0])) / (12 * h)
                derivative = getattr(found, kind + ("_T", "_mu")[theta])[:, q]
                unit = scale if kind == "particle" else scale**2
                assert np.allclose(derivative, expected, rtol=1e-7, atol=1e-9 * unit / scale)
    if interacting:
        monkeypatch.setattr(conserved_problem, "DENSE", 0)
        again = law.jacobian(T, mu)
        assert np.allclose(again.heat_T, found.heat_T, rtol=1e-9, atol=1e-12 * scale)


@pytest.mark.parametrize("shifted", [True, False])
def test_counting_has_the_flows_as_means(shifted):
    model, T, mu = random_system(14, 2, 1.0)
    rates = [oqs.lorentzian(0.1, b, 2.0) for b in (0.3, -0.5, 0.0)]
    contacts = [oqs.Contact(r, c.coupling) for r, c in zip(rates, model.contacts, strict=True)]
    model = oqs.perlind(model.system, contacts, lamb_shift=shifted)
    stats = oqs.counting_statistics(model, T, mu)
    flows = oqs.flow_law(model)(T, mu)
    for j in range(3):
        assert stats.cumulants(j, 1, "particle")[0] == pytest.approx(flows.particle[j], rel=1e-11)
        assert stats.cumulants(j, 1, "energy")[0] == pytest.approx(flows.energy[j], rel=1e-11)
        h, field = 1e-5, np.eye(3)[j]
        values = stats.generating_function(energy=np.array([-h, h])[:, None] * field)
        assert (values[1] - values[0]) / (2 * h) == pytest.approx(flows.energy[j], rel=1e-7)
    noise = stats.covariance("particle")
    assert np.abs(noise.sum(axis=0)).max() < 1e-12


def test_batch_continues_from_the_state_before(monkeypatch):
    model, T, mu = random_system(7, 4, 1.0)
    law = oqs.flow_law(model)
    many = mu + np.linspace(0, 1, 5)[:, None] * [1.0, 0.0, -1.0]
    expected = [law(T, m) for m in many]
    monkeypatch.setattr(conserved_problem, "DENSE", 0)
    found = law(T, many)
    assert np.allclose(found.energy, [f.energy for f in expected], rtol=1e-10, atol=0)


@pytest.mark.parametrize("last", [0, 1, 2, 3])
def test_secular_rates_are_the_rate_equation(last):
    model, T, mu = random_system(8, 3, 1.0)
    generator = BlockGenerator(Layout(model.blocks), T, mu)
    rates = SecularRates(generator, last)
    expected = oqs.stationary_state(model.secular, T, mu, method=oqs.Populations())
    populations = np.diag(
        model.system.spectrum.vectors.conj().T @ expected.full() @ model.system.spectrum.vectors
    ).real
    states = np.concatenate([s.states for s in model.blocks.sectors])
    assert np.allclose(rates.stationary, populations[states], rtol=1e-11, atol=0)
    right = np.random.default_rng(0).normal(size=8)
    right -= right.mean()
    z = rates.solve(right)
    x = generator.apply(generator.layout.of_populations(z))
    assert np.allclose(generator.layout.populations(x), right, rtol=0, atol=1e-12)
    assert abs(z.sum()) < 1e-12 * np.abs(z).max()


@pytest.mark.parametrize("interacting", [True, False])
def test_far_levels_tend_to_davies_linearly(interacting):
    """Rates -> 0 at fixed splittings: the difference, relative to the flows, falls with them."""
    model, T, mu = random_system(9, 3, 1.0, interacting=interacting, coupling="channels")
    errors = []
    for factor in (1e-2, 1e-3, 1e-4):
        contacts = [oqs.Contact(c.rate, np.sqrt(factor) * c.coupling) for c in model.contacts]
        found = oqs.flow_law(oqs.perlind(model.system, contacts))(T, mu)
        limit = oqs.flow_law(oqs.davies(model.system, contacts))(T, mu)
        errors.append(np.abs(found.heat - limit.heat).max() / np.abs(limit.heat).max())
    assert errors[0] > 5 * errors[1] > 25 * errors[2] > 0
    assert 8 < errors[1] / errors[2] < 12


@pytest.mark.parametrize(
    ("tunnelling", "secular"), [(0.001, 100.0), (0.01, 1.0), (0.05, 0.04), (0.2, 7e-4)]
)
def test_serial_double_dot_against_landauer(tunnelling, secular):
    """Of order (gamma/T)^2 at any splitting, where Davies is (gamma/splitting)^2 too large."""
    dots = oqs.QuadraticSystem([[0.0, tunnelling], [tunnelling, 0.0]])
    contacts = [oqs.Contact(oqs.flat(0.02), [1, 0]), oqs.Contact(oqs.flat(0.02), [0, 1])]
    T, mu = [0.25, 0.25], [0.25, -0.25]
    exact = oqs.landauer(dots, contacts)(T, mu).particle[0]
    errors = [
        abs(oqs.flow_law(make(dots, contacts))(T, mu).particle[0] / exact - 1)
        for make in (oqs.perlind, oqs.davies)
    ]
    assert errors[0] < (0.02 / 0.25) ** 2
    assert errors[1] == pytest.approx(secular, rel=0.1)


def test_ten_orbitals():
    """Pair scattering between five spinful orbitals: Davies gives 40 times as much."""
    expected = {19.0: 3.417078288e-4, 25.0: 4.724774269e-5}
    for e3, particle in expected.items():
        system, contacts, T, mu = ten_orbitals(e3)
        flows = oqs.flow_law(oqs.perlind(system, contacts))(T, mu)
        assert abs(flows.particle[0] / particle - 1) < 1e-9
        assert np.allclose(flows.particle, particle * np.array([1, -1, 1, -1]), rtol=1e-8)


@pytest.mark.parametrize(("e3", "particle"), [(19.0, 2.93e-4), (25.0, 2.478e-5)])
def test_ten_orbitals_without_the_states_above_150(e3, particle):
    """QmeQ 1.1, kerntype 'Lindblad', states of energy above 150 removed: a fifth of the weight."""
    system, contacts, T, mu = ten_orbitals(e3)
    window = oqs.Window(150.0, weight=1.0)
    flows = oqs.flow_law(oqs.perlind(system, contacts, window=window))(T, mu)
    assert flows.particle[0] == pytest.approx(particle, rel=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize(("e3", "particle"), [(19.0, 4.27e-4), (25.0, 4.73e-5)])
def test_ten_orbitals_with_close_levels_counted_as_one(e3, particle):
    """Recorded to three digits, at a resolution of 1e-4 of the largest energy."""
    system, contacts, T, mu = ten_orbitals(e3)
    model = oqs.davies(system, contacts, resolution=1e-4 * system.largest_energy)
    assert oqs.flow_law(model)(T, mu).particle[0] == pytest.approx(particle, rel=1.2e-3)


def ten_orbitals(e3):
    u = -0.2
    pairs = [(0, 2, 3, 1), (0, 3, 2, 1), (0, 7, 8, 1), (0, 8, 7, 1), (1, 2, 3, 0), (1, 3, 2, 0)]
    pairs += [(1, 7, 8, 0), (1, 8, 7, 0), (2, 5, 6, 3), (2, 6, 5, 3), (3, 5, 6, 2), (3, 6, 5, 2)]
    pairs += [(5, 7, 8, 6), (5, 8, 7, 6), (6, 7, 8, 5), (6, 8, 7, 5)]
    h = [
        [60, 0, 0.2, 0.1, 0],
        [0, 40, 0.1, -0.05, 0],
        [0.2, 0.1, 38, 0, 0.2],
        [0.1, -0.05, 0, e3, 0.1],
        [0, 0, 0.2, 0.1, 20],
    ]
    rows = np.zeros((4, 10))
    rows[0, :2], rows[1, 4], rows[2, 5:7], rows[3, 9] = 1, -1, 1, -1
    system = oqs.InteractingSystem.from_terms(np.kron(np.eye(2), h), V=dict.fromkeys(pairs, u))
    contacts = [oqs.Contact(oqs.flat(0.1), row) for row in rows]
    return system, contacts, np.ones(4), np.array([50.0, 10.0, 50.0, 10.0])


@pytest.mark.parametrize("scale", SCALES)
def test_one_level_is_davies(scale):
    system = oqs.QuadraticSystem([[0.3 * scale]])
    contacts = [oqs.Contact(oqs.flat(g * scale)) for g in (0.1, 0.02)]
    T, mu = np.array([0.1, 0.2]) * scale, np.array([0.5, 0.1]) * scale
    expected = oqs.closed_form(system, contacts)(T, mu)
    for own in (system, oqs.InteractingSystem.from_terms(system.h)):
        found = oqs.flow_law(oqs.perlind(own, contacts))(T, mu)
        assert np.allclose(found.heat, expected.heat, rtol=1e-12, atol=0)


def test_states_without_coherences_are_davies():
    """No tunnelling, every channel on one site: the rate equation is all there is."""
    dots = oqs.coupled_dots([0.1, 0.3, -0.2], 0.7)
    contacts = [oqs.Contact(oqs.flat(0.1), row) for row in np.eye(3)]
    T, mu = [0.3, 0.5, 0.4], [0.1, 0.2, -0.3]
    model = oqs.perlind(dots, contacts)
    law = oqs.flow_law(model)
    assert law.method == oqs.Populations()
    expected = oqs.flow_law(oqs.davies(dots, contacts))(T, mu)
    assert np.array_equal(law(T, mu).heat, expected.heat)
    full = oqs.stationary_state(model, T, mu, method=oqs.Populations())
    liouvillian = model.liouvillian(T, mu)
    assert (liouvillian * qutip.operator_to_vector(full)).norm() < 1e-15


def test_degenerate_levels_are_one_collective_level():
    """Equal levels, one channel each: PERLind and Davies are one generator."""
    dots = oqs.spinless_dots([0.2, 0.2], 0.0, U=0.5)
    contacts = [oqs.Contact(oqs.flat(0.01), [1, 0.3]), oqs.Contact(oqs.flat(0.02), [0.2, 1])]
    T, mu = [0.1, 0.3], [0.3, 0.0]
    found, expected = (
        oqs.flow_law(make(dots, contacts))(T, mu) for make in (oqs.perlind, oqs.davies)
    )
    assert np.allclose(found.energy, expected.energy, rtol=1e-12, atol=0)


def test_cold_contacts():
    """T = 1e-3 of the gaps: rates underflow, the state is that of the blockade."""
    dots = oqs.spinless_dots([-1.0, 1.0], 0.5, U=3.0)
    contacts = [oqs.Contact(oqs.flat(0.01), [1, 0]), oqs.Contact(oqs.flat(0.01), [0, 1])]
    flows = oqs.flow_law(oqs.perlind(dots, contacts))([1e-3, 1e-3], [0.01, -0.01])
    assert np.abs(flows.particle).max() < 1e-4 * 0.01
    ground = oqs.stationary_state(oqs.perlind(dots, contacts), [1e-3, 1e-3], [0.0, 0.0])
    assert abs(ground.tr() - 1) < 1e-12


def test_dark_modes_are_left_out():
    h = np.diag([0.3, 0.3, 0.7])
    contacts = [oqs.Contact(oqs.flat(0.01), [1, 1, 1]), oqs.Contact(oqs.flat(0.02), [1, 1, 0.5])]
    model = oqs.perlind(oqs.QuadraticSystem(h), contacts)
    T, mu = [0.2, 0.4], [0.5, 0.3]
    law = oqs.flow_law(model)
    assert [part.energy for part in law.untouched] == [pytest.approx(0.3)]
    two = [oqs.Contact(oqs.flat(g), [np.sqrt(2), t]) for g, t in ((0.01, 1), (0.02, 0.5))]
    rest = oqs.flow_law(oqs.perlind(oqs.QuadraticSystem(np.diag([0.3, 0.7])), two))
    assert np.allclose(law(T, mu).heat, rest(T, mu).heat, rtol=1e-11, atol=0)
    with pytest.raises(oqs.NonUniqueStationaryState, match="No contact touches the mode"):
        oqs.stationary_state(model, T, mu)


@pytest.mark.parametrize("interacting", [True, False])
def test_relaxation(interacting):
    model, T, mu = random_system(10, 2, 1.0, interacting=interacting)
    liouvillian = model.liouvillian(T, mu)
    start = qutip.fock_dm([2, 2], [1, 0])
    times = [0.0, 0.7, 3.0, 3.7]
    found = oqs.relax(model, start, T, mu, times)
    for t, state in zip(times, found.states, strict=True):
        propagator = scipy.linalg.expm(liouvillian.full() * t)
        expected = propagator @ qutip.operator_to_vector(start).full()
        assert np.abs(qutip.operator_to_vector(state).full() - expected).max() < 1e-12
    tau = oqs.relaxation_time(model, T, mu)
    decay = -np.linalg.eigvals(liouvillian.full()).real
    even = np.sort(decay[decay > 1e-12])
    assert np.min(np.abs(even - 1 / tau)) < 1e-12 * even.max()
    late = oqs.relax(model, start, T, mu, [60 * tau]).states[0]
    assert (late - oqs.stationary_state(model, T, mu)).norm() < 1e-10


def test_models_are_pickled_and_told():
    model = oqs.perlind(oqs.spinless_dots([0.1, 0.3], 0.2, U=1.0), two_ends(0.1))
    T, mu = np.array([0.5, 0.7]), np.array([0.3, -0.1])
    law = oqs.flow_law(model)
    law(T, mu)
    again = pickle.loads(pickle.dumps(law))
    assert np.array_equal(again(T, mu).heat, law(T, mu).heat)
    assert repr(model).startswith("PERLind model")


def test_methods_that_do_not_apply():
    model, _, _ = random_system(12, 2, 1.0)
    for method in (oqs.ZeroFrequencyBlock(), oqs.Populations()):
        with pytest.raises(ValueError, match=r"must have a Davies model, .* PerlindModel"):
            oqs.flow_law(model, method=method)
    with pytest.raises(ValueError, match=r"ConservedBlocks\(\) must have the PERLind model"):
        oqs.flow_law(model.secular, method=oqs.ConservedBlocks())
    with pytest.raises(TypeError, match="`system` must be"):
        oqs.perlind(3, model.contacts)
    with pytest.raises(ValueError, match="`coupling` of contact 'r0' must have 3 entries"):
        oqs.perlind(oqs.QuadraticSystem(np.eye(3)), model.contacts)
    negative = oqs.Contact(lambda w: -np.ones_like(w), name="hot")
    for system in (model.system, oqs.QuadraticSystem(np.diag([1.0, 2.0]))):
        with pytest.raises(ValueError, match="`rate` of contact 'hot' must be finite and >= 0"):
            oqs.perlind(system, [negative])


def filtered(tunnelling):
    """A double dot between Lorentzian contacts whose shifts detune the dots."""
    dots = oqs.QuadraticSystem([[0.3, tunnelling], [tunnelling, 0.3]])
    rates = oqs.lorentzian(0.04, 1.5, 1.5), oqs.lorentzian(0.04, -1.2, 1.5)
    contacts = [oqs.Contact(r, end) for r, end in zip(rates, np.eye(2), strict=True)]
    return dots, contacts, [1.0, 1.4], [0.5, -0.5]


@pytest.mark.parametrize("tunnelling", [0.002, 0.01, 0.05])
def test_frequency_shifts_detune_close_levels(tunnelling):
    """Without them P is off by up to 76 %; with the secular ones, diagonal, just as much."""
    dots, contacts, T, mu = filtered(tunnelling)
    exact = oqs.landauer(dots, contacts)(T, mu)
    errors = [
        np.abs(
            oqs.flow_law(oqs.perlind(dots, contacts, lamb_shift=shifted))(T, mu).energy
            / exact.energy
            - 1
        ).max()
        for shifted in (True, False)
    ]
    assert errors[0] < 0.02
    assert errors[1] > 1.5 * errors[0]


@pytest.mark.parametrize("interacting", [True, False])
def test_lamb_shift_is_hermitian_and_its_diagonal_is_that_of_davies(interacting):
    dots, contacts, T, mu = filtered(0.05)
    system = oqs.InteractingSystem.from_terms(dots.h, {(0, 1): 0.7}) if interacting else dots
    model = oqs.perlind(system, contacts, lamb_shift=True)
    v = system.spectrum.vectors
    davies = oqs.lamb_shift(oqs.davies(system, contacts), T, mu)
    for found, secular in zip(oqs.lamb_shift(model, T, mu), davies, strict=True):
        matrix = v.conj().T @ found.full() @ v
        assert np.abs(matrix - matrix.conj().T).max() < 1e-15
        assert np.allclose(np.diag(matrix), np.diag(v.conj().T @ secular.full() @ v), atol=1e-12)
        assert np.abs(matrix - np.diag(np.diag(matrix))).max() > 1e-4
    liouvillian, rho = model.liouvillian(T, mu), oqs.stationary_state(model, T, mu)
    assert (liouvillian * qutip.operator_to_vector(rho)).norm() < 1e-13
    flows = oqs.flow_law(model)(T, mu)
    assert abs(flows.energy.sum()) < 1e-15  # what the shifts take is in J_j


def test_what_does_not_fit_is_refused_with_its_size(monkeypatch):
    model, _, _ = random_system(15, 4, 1.0)
    monkeypatch.setattr("oqs.memory.physical_memory", lambda: 3e4)
    fresh = oqs.InteractingSystem.from_terms(model.system.terms.h, {(0, 1): 1.0})
    with pytest.raises(
        MemoryError, match=r"density matrix of 4 sites, 70 elements, .* fewer sites"
    ):
        oqs.perlind(fresh, model.contacts)
    monkeypatch.setattr(conserved_blocks, "_FEW", 0)
    message = r"stationary state of 70 matrix elements by iteration needs .* Keep fewer states"
    with pytest.raises(MemoryError, match=message):
        oqs.flow_law(model)


@pytest.mark.parametrize("rate", [1e-4, 1e-7])
def test_many_modes_far_above_their_rates(rate):
    h = np.random.default_rng(0).normal(size=(30, 30))
    system = oqs.QuadraticSystem(20 * np.eye(30) + h + h.T)
    ends = [oqs.Contact(oqs.flat(rate * (1 + j)), np.eye(30)[-j]) for j in range(2)]
    T, mu = [1.0, 0.6], [20.5, 20.0]
    found = oqs.flow_law(oqs.perlind(system, ends))(T, mu)
    davies = oqs.closed_form(system, ends)(T, mu)
    assert np.allclose(found.particle, davies.particle, rtol=100 * rate + 1e-7)
