"""Bosonic contacts and systems of any kind, against the textbook's matrices and closed forms."""

import pickle

import bosons
import mpmath
import numpy as np
import pytest
import qutip
import reference
from bosons import BoseBath, on_site
from systems import SCALES, hermitian

import oqs

bosonic = oqs.BosonicContact
METHODS = (oqs.FullLiouvillian(), oqs.ZeroFrequencyBlock(), oqs.Populations())
COHERENT = METHODS[:2]


def matrices(contact, T, slope):
    """The reference's baths of a contact with one operator."""
    S = contact.operator[0].full()
    return BoseBath(lambda w: float(contact.spectrum(np.array([w]))[0]), slope, S, T)


def random_operator(rng, size):
    return qutip.Qobj(hermitian(rng, size))


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("size", [2, 3, 5])
def test_generator_and_state_of_random_systems(scale, size):
    rng = np.random.default_rng(size)
    system = oqs.OperatorSystem(scale * random_operator(rng, size))
    contacts = [
        bosonic(oqs.ohmic(g, cutoff=5 * scale), random_operator(rng, size)) for g in (0.02, 0.05)
    ]
    T = scale * np.array([0.7, 1.6])
    model = oqs.davies(system, contacts)
    H = system.hamiltonian.full()
    baths = [matrices(c, t, c.spectrum.strength) for c, t in zip(contacts, T, strict=True)]
    expected = bosons.liouvillian(H, baths)
    found = qutip.Qobj(model.liouvillian(T)).full()  # QuTiP stacks columns
    swap = np.arange(size**2).reshape(size, size).T.ravel()
    np.testing.assert_allclose(found[np.ix_(swap, swap)], expected, rtol=0, atol=1e-12 * scale)
    rho = reference.stationary_state(expected)
    flows = bosons.flows(H, baths, rho)
    for method in METHODS:
        state = oqs.stationary_state(model, T, method=method)
        np.testing.assert_allclose(state.full(), rho, rtol=0, atol=1e-12)
        law = oqs.flow_law(model, method=method)(T)
        np.testing.assert_allclose(law.energy, flows, rtol=0, atol=1e-13 * scale**2)
        np.testing.assert_array_equal(law.particle, 0)


@pytest.mark.parametrize("method", COHERENT, ids=str)
@pytest.mark.parametrize("scale", SCALES)
def test_degenerate_levels_keep_their_coherences(scale, method):
    """Two equal qubits that one bath sees together, and one alone: coherences in the middle."""
    sites = [on_site(qutip.sigmax(), k, 2) for k in range(2)]
    z = [on_site(qutip.sigmaz(), k, 2) for k in range(2)]
    H = scale * 0.5 * (z[0] + z[1])
    contacts = [
        bosonic(oqs.ohmic(0.02), sites[0] + sites[1] + 0.4 * z[0]),
        bosonic(oqs.ohmic(0.03), sites[0]),
    ]
    T = scale * np.array([1.2, 0.5])
    model = oqs.davies(oqs.OperatorSystem(H), contacts)
    baths = [matrices(c, t, c.spectrum.strength) for c, t in zip(contacts, T, strict=True)]
    rho = reference.stationary_state(bosons.liouvillian(H.full(), baths))
    np.testing.assert_allclose(
        oqs.stationary_state(model, T, method=method).full(), rho, rtol=0, atol=1e-12
    )
    flows = oqs.flow_law(model, method=method)(T)
    expected = bosons.flows(H.full(), baths, rho)
    np.testing.assert_allclose(flows.energy, expected, rtol=0, atol=1e-13 * scale**2)
    assert oqs.flow_law(model).method == oqs.ZeroFrequencyBlock()


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("T", [(1.0, 0.4), (3.0, 3.0), (2e-3, 1e-3), (1e3, 1.0)], ids=str)
def test_a_qubit_between_two_baths(scale, T):
    """J_1 = w g_1 g_2 (n_1 - n_2) / (g_1 (1 + 2 n_1) + g_2 (1 + 2 n_2))."""
    w, g = scale, scale * np.array([0.01, 0.003])
    system = oqs.OperatorSystem(w / 2 * qutip.sigmaz())
    contacts = [bosonic(oqs.flat(x), qutip.sigmax()) for x in g]
    temperatures = scale * np.array(T)
    flows = oqs.flow_law(oqs.davies(system, contacts))(temperatures)
    n = np.exp(-w / temperatures) / -np.expm1(-w / temperatures)
    gross = w * g[0] * (1 + 2 * n[0])
    expected = w * g[0] * g[1] * (n[0] - n[1]) / (g @ (1 + 2 * n))
    assert abs(flows.energy[0] - expected) <= 1e-12 * abs(expected) + 1e-15 * gross
    assert flows.energy.sum() == pytest.approx(0, abs=1e-15 * gross)


def test_pure_dephasing():
    """A qubit under S = sigma_z / 2 of an Ohmic bath: the coherence decays at T J'(0) / 2."""
    slope, T = 0.03, 0.7
    system = oqs.OperatorSystem(0.5 * qutip.sigmaz())
    bath = bosonic(oqs.ohmic(slope), 0.5 * qutip.sigmaz())
    model = oqs.davies(system, [bath])
    plus = (qutip.basis(2, 0) + qutip.basis(2, 1)).unit()
    t = np.array([0.0, 10.0])
    path = oqs.relax(model, plus, [T], None, t)
    decay = np.abs([state[0, 1] for state in path.states]) * 2
    np.testing.assert_allclose(decay, np.exp(-T * slope / 2 * t), rtol=1e-13)
    np.testing.assert_allclose(path.flows.energy, 0, atol=1e-17)
    with pytest.raises(oqs.NonUniqueStationaryState):
        oqs.stationary_state(model, [T])


@pytest.mark.parametrize(
    "spectrum",
    [oqs.flat(0.1), oqs.lorentzian(0.1, 1, 1), oqs.ohmic(0.1, 0.5), lambda w: 0.1 * np.sqrt(w)],
)
def test_a_spectrum_that_diverges_at_zero_is_refused(spectrum):
    system = oqs.OperatorSystem(0.5 * qutip.sigmaz())
    with pytest.raises(ValueError, match="'hot' must begin at least as steeply as w"):
        oqs.davies(system, [bosonic(spectrum, qutip.sigmaz(), name="hot")])
    oqs.davies(system, [bosonic(spectrum, qutip.sigmax() + 3)])  # 3 does nothing


@pytest.mark.parametrize(
    ("spectrum", "slope"),
    [
        (lambda w: 0.1 * w / (1 + w), 0.1),
        (lambda w: 0.1 * w**3, 0.0),
        (lambda w: np.sin(w) ** 2, 0.0),
        (oqs.drude_lorentz(0.2, 3.0), 0.2),
        (oqs.underdamped(0.2, 3.0, 0.5), 0.2 * 0.5 / 3),
        (oqs.power_law(0.3, 1.0), 0.3),
        (oqs.ohmic(0.3, 2.0), 0.0),
        (oqs.flat(0.0), 0.0),
    ],
)
def test_the_beginning_of_a_spectrum(spectrum, slope):
    contact = bosonic(spectrum, qutip.sigmaz())
    values = contact.gamma(np.array([0.0, 0.5]))
    assert values[0] == pytest.approx(slope, rel=1e-8)
    assert values[1] == pytest.approx(float(np.asarray(spectrum(np.array([0.5])))[0]), rel=1e-15)


def test_a_dot_with_phonons_beside_its_leads():
    """Two levels, a hopping that phonons shake, two leads: against dense matrices of both kinds."""
    h = np.array([[0.3, 0.2], [0.2, 1.1]])
    T, mu = np.array([0.4, 0.6, 1.5]), np.array([0.5, -0.2, np.nan])
    x = np.array([[0.2, 0.7], [0.7, -0.3]])
    leads = [oqs.Contact(oqs.flat(0.02), t) for t in ([1, 0.3], [0.2, 1])]
    phonons = bosonic(oqs.ohmic(0.05, cutoff=4.0), x, name="phonons")
    c = reference.annihilators(2)
    S = sum(x[v, w] * c[v].conj().T @ c[w] for v in range(2) for w in range(2))
    H = reference.hamiltonian(h)
    bath = BoseBath(lambda w: float(phonons.spectrum(w)), 0.05, S, T[2])
    electrons = reference.baths_of(leads, T[:2], mu[:2], 2)
    L = reference.liouvillian(H, c, electrons) + bosons.dissipator(H, bath)
    keep = np.rint(sum(np.diag(a.conj().T @ a).real for a in c))
    inside = (keep[:, None] == keep[None, :]).ravel()
    rho = np.zeros(16, dtype=complex)
    _, _, right = np.linalg.svd(L[np.ix_(inside, inside)])
    rho[inside] = right[-1].conj()
    rho = rho.reshape(4, 4) / rho.reshape(4, 4).trace()
    particle, energy = reference.flows(H, c, electrons, rho)
    expected = np.array([*energy, bosons.flows(H, [bath], rho)[0]])
    for system in (oqs.QuadraticSystem(h), oqs.InteractingSystem.from_terms(h)):
        model = oqs.davies(system, [*leads, phonons])
        for method in METHODS:
            flows = oqs.flow_law(model, method=method)(T, mu)
            np.testing.assert_allclose(flows.energy, expected, rtol=0, atol=1e-14)
            np.testing.assert_allclose(flows.particle[:2], particle, rtol=0, atol=1e-14)
            assert flows.particle[2] == 0
        state = oqs.stationary_state(model, T, mu)
        momentary = oqs.momentary_flows(model, state, T, mu)
        np.testing.assert_allclose(momentary.energy, expected, rtol=0, atol=1e-14)
        assert flows.names == (None, None, "phonons")
    weights = bosonic(oqs.ohmic(0.05), [1.0, -1.0])
    n = [a.conj().T @ a for a in c]
    as_operator = bosonic(oqs.ohmic(0.05), qutip.Qobj(n[0] - n[1], dims=[[2, 2], [2, 2]]))
    both = [
        oqs.flow_law(oqs.davies(oqs.QuadraticSystem(h), [*leads, p]))
        for p in (weights, as_operator)
    ]
    np.testing.assert_allclose(both[0](T, mu).energy, both[1](T, mu).energy, rtol=1e-12)


def test_rates_that_depend_on_temperature_and_potential():
    def rate(w, T, mu):
        return 0.02 * (1 + T * np.abs(w - mu))

    h = [[0.3, 0.2], [0.2, 1.1]]
    T, mu = np.array([0.4, 0.6]), np.array([0.5, -0.2])
    leads = [oqs.Contact(rate, t) for t in ([1, 0.3], [0.2, 1])]
    found = oqs.flow_law(oqs.davies(oqs.QuadraticSystem(h), leads))
    frozen = [lead.at(t, m) for lead, t, m in zip(leads, T, mu, strict=True)]
    expected = oqs.closed_form(oqs.QuadraticSystem(h), frozen)(T, mu)
    np.testing.assert_allclose(found(T, mu).particle, expected.particle, rtol=1e-11)
    np.testing.assert_allclose(found(T, mu).heat, expected.heat, rtol=1e-11)
    assert found.fastest_rate is None
    with pytest.raises(ValueError, match="must be a function of the frequency alone here"):
        oqs.closed_form(oqs.QuadraticSystem(h), leads)
    bath = bosonic(lambda w, T, mu: 0.01 * w / T, qutip.sigmax())
    system = oqs.OperatorSystem(qutip.sigmaz())
    flows = oqs.flow_law(oqs.davies(system, [bath, bath]))([1.0, 2.0])
    fixed = oqs.davies(system, [bath.at(1.0, 0.0), bath.at(2.0, 0.0)])
    np.testing.assert_allclose(flows.energy, oqs.flow_law(fixed)([1.0, 2.0]).energy, rtol=1e-13)


def test_potentials_of_bosonic_reservoirs():
    model = oqs.davies(
        oqs.OperatorSystem(qutip.sigmaz()),
        [bosonic(oqs.flat(0.01), qutip.sigmax(), name=n) for n in ("cold", "hot")],
    )
    law = oqs.flow_law(model)
    reference_flows = law([1.0, 2.0]).energy
    for mu in ([0.0, 0.0], [np.nan, 0], np.zeros(2)):
        np.testing.assert_array_equal(law([1.0, 2.0], mu).energy, reference_flows)
    with pytest.raises(ValueError, match=r"`mu` must be 0 or NaN for the bosonic contact 'hot'"):
        law([1.0, 2.0], [0.0, 0.3])
    batch = law(np.array([[1.0, 2.0], [2.0, 1.0]]))
    np.testing.assert_allclose(batch.energy[0], reference_flows, rtol=1e-14)
    leads = [oqs.Contact(oqs.flat(0.1))]
    with pytest.raises(TypeError, match="Argument `mu` must be given"):
        oqs.flow_law(oqs.davies(oqs.QuadraticSystem([[1.0]]), leads))([1.0])


def test_a_number_sorts_the_states_and_is_conserved():
    a = qutip.destroy(3)
    hop = qutip.tensor(a, a.dag())
    H = qutip.tensor(a.dag() * a, qutip.qeye(3)) + 0.3 * (hop + hop.dag())
    number = qutip.tensor(qutip.num(3), qutip.qeye(3)) + qutip.tensor(qutip.qeye(3), qutip.num(3))
    system = oqs.OperatorSystem(H, number=number)
    assert sorted(system.spectrum.particles.tolist()) == [0, 1, 1, 2, 2, 2, 3, 3, 4]
    state = oqs.gibbs_state(system, 0.5, -0.2)
    expected = (-(H - (-0.2) * number) / 0.5).expm()
    assert (state - expected / expected.tr()).norm() < 1e-13
    with pytest.raises(ValueError, match="must conserve the particle number"):
        oqs.davies(system, [bosonic(oqs.ohmic(0.1), qutip.tensor(a + a.dag(), qutip.qeye(3)))])


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_derivatives_of_the_flows(method):
    """Against Richardson's differences, for spins and for a dot with phonons."""
    rng = np.random.default_rng(3)
    spins = oqs.OperatorSystem(random_operator(rng, 3))
    baths = [bosonic(oqs.ohmic(g, cutoff=5.0), random_operator(rng, 3)) for g in (0.02, 0.05)]
    leads = [oqs.Contact(oqs.flat(0.02), t) for t in ([1, 0.3], [0.2, 1])]
    dots = oqs.QuadraticSystem([[0.3, 0.2], [0.2, 1.1]])
    for model, T, mu in (
        (oqs.davies(spins, baths), np.array([0.7, 1.6]), np.zeros(2)),
        (
            oqs.davies(dots, [*leads, bosonic(oqs.ohmic(0.05), [1.0, -0.5])]),
            np.array([0.4, 0.6, 1.5]),
            np.array([0.5, -0.2, 0.0]),
        ),
    ):
        law = oqs.flow_law(model, method=method)
        found = law.jacobian(T, mu)
        for q in range(len(T)):
            for kind in ("particle", "energy", "heat"):
                expected = richardson(law, T, mu, q, kind)
                slope = getattr(found, f"{kind}_T")[:, q]
                np.testing.assert_allclose(slope, expected, rtol=0, atol=1e-11)
        np.testing.assert_allclose(found.energy_T.sum(axis=0), 0, atol=1e-16)


def richardson(law, T, mu, q, kind):
    """Return d flow / d T_q from differences of two steps."""
    step = 1e-3 * np.eye(len(T))[q]
    near, far = (
        (getattr(law(T + k * step, mu), kind) - getattr(law(T - k * step, mu), kind)) / (2e-3 * k)
        for k in (1, 2)
    )
    return (4 * near - far) / 3


@pytest.mark.parametrize("w0", [0.3, 1.7])
def test_the_frequency_shift_of_a_qubit(w0):
    """s(w) = P int_0^inf dv/(2 pi) J(v) {(1 + n)/(w - v) + n/(w + v)}, by mpmath."""
    T, cutoff = 0.6, 1.5

    def rate(v):
        n = 1 / mpmath.expm1(abs(v) / T)
        return 0.02 * abs(v) * mpmath.exp(-abs(v) / cutoff) * (1 + n if v > 0 else n)

    def shift_at(w):
        edges = sorted({0, abs(w), *(abs(w) * k for k in (0.5, 2, 4)), 5, 20, 90})
        folded = mpmath.quad(lambda x: (rate(w - x) - rate(w + x)) / x, edges)
        return float(folded / (2 * mpmath.pi))

    system = oqs.OperatorSystem(w0 / 2 * qutip.sigmaz())
    contact = bosonic(oqs.ohmic(0.02, cutoff=cutoff), qutip.sigmax())
    (shift,) = oqs.lamb_shift(oqs.davies(system, [contact]), [T])
    expected = np.diag([shift_at(w0), shift_at(-w0)])
    np.testing.assert_allclose(shift.full(), expected, rtol=0, atol=1e-11)
    with pytest.raises(ValueError, match="must be given for its frequency shift"):
        oqs.lamb_shift(oqs.davies(system, [bosonic(oqs.ohmic(0.02), qutip.sigmax())]), [T])
    for shifted in (False, True):
        model = oqs.davies(system, [contact, contact], lamb_shift=shifted)
        for method in METHODS:
            flows = oqs.flow_law(model, method=method)([T, 1.1])
            np.testing.assert_allclose(flows.energy[0], shift_flow(w0, cutoff, T, 1.1), rtol=1e-12)


@pytest.mark.parametrize("w0", [0.3, 1.7])
@pytest.mark.parametrize("T", [0.05, 0.6, 5.0])
@pytest.mark.parametrize(
    ("spectrum", "density"),
    [
        (oqs.drude_lorentz(0.02, cutoff=1.5), lambda v: 0.02 * v * 2.25 / (v**2 + 2.25)),
        (
            oqs.underdamped(0.02, center=1.2, width=0.3),
            lambda v: 0.02 * v * 0.3 * 1.728 / ((v**2 - 1.44) ** 2 + (0.3 * v) ** 2),
        ),
    ],
    ids=["Drude-Lorentz", "underdamped"],
)
def test_the_frequency_shift_of_an_algebraic_cutoff(spectrum, density, T, w0):
    def rate(v):
        x = abs(v) / T
        n = 1 / mpmath.expm1(x) if x < 600 else mpmath.mpf(0)
        return density(abs(v)) * (1 + n if v > 0 else n)

    def shift_at(w):
        near = (0.01, 0.1, 0.3, 0.6, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 20.0, 100.0)
        edges = sorted({0, abs(w), *(abs(w) * k for k in (0.5, 2, 4)), *near})
        folded = mpmath.quad(lambda x: (rate(w - x) - rate(w + x)) / x, [*edges, mpmath.inf])
        return float(folded / (2 * mpmath.pi))

    system = oqs.OperatorSystem(w0 / 2 * qutip.sigmaz())
    model = oqs.davies(system, [bosonic(spectrum, qutip.sigmax())], lamb_shift=True)
    (shift,) = oqs.lamb_shift(model, [T])
    expected = np.diag([shift_at(w0), shift_at(-w0)])
    np.testing.assert_allclose(shift.full(), expected, rtol=0, atol=1e-10)


def shift_flow(w, cutoff, first, second):
    """Return the flow of a qubit between two equal baths: a shift commutes with H."""
    g = 0.02 * w * np.exp(-w / cutoff)
    n = 1 / np.expm1(w / np.array([first, second]))
    return w * g * (n[0] - n[1]) / (2 + 2 * n.sum())


def test_pickled():
    bath = bosonic(oqs.ohmic(0.01), qutip.sigmax())
    model = oqs.davies(oqs.OperatorSystem(qutip.sigmaz()), [bath, bath])
    law = pickle.loads(pickle.dumps(oqs.flow_law(model)))
    np.testing.assert_array_equal(law([1, 2]).energy, oqs.flow_law(model)([1, 2]).energy)


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (
            lambda: bosonic(0.1, qutip.sigmax()),
            TypeError,
            "`spectrum` must be a callable",
        ),
        (
            lambda: bosonic(oqs.flat(1), qutip.destroy(2)),
            ValueError,
            "must be Hermitian",
        ),
        (lambda: bosonic(oqs.flat(1), np.zeros((2, 3))), ValueError, r"shape \(N,\) or"),
        (lambda: bosonic(oqs.flat(1), qutip.basis(2, 0)), TypeError, "operator Qobj"),
        (
            lambda: bosonic(oqs.flat(1), qutip.sigmax(), band=(-1, 1)),
            ValueError,
            "ascend",
        ),
        (lambda: oqs.OperatorSystem(qutip.destroy(2)), ValueError, "must be Hermitian"),
        (lambda: oqs.OperatorSystem(np.eye(2)), TypeError, "must be an operator Qobj"),
        (lambda: oqs.OperatorSystem(qutip.sigmaz(), qutip.sigmax()), ValueError, "must commute"),
        (lambda: oqs.OperatorSystem(qutip.sigmaz(), 0.5 * qutip.sigmaz()), ValueError, "whole"),
        (lambda: oqs.ohmic(-1), ValueError, "`strength` must be >= 0"),
        (lambda: oqs.ohmic(1, 0), ValueError, "`exponent` must be positive"),
        (
            lambda: qubit(bosonic(oqs.flat(1), qutip.num(3))),
            ValueError,
            "dimensions of the",
        ),
        (
            lambda: qubit(bosonic(oqs.flat(1), [1.0, 2.0])),
            TypeError,
            "must be a Qobj for",
        ),
        (lambda: qubit(oqs.Contact(oqs.flat(1))), TypeError, "exchanges fermions"),
        (
            lambda: qubit(bosonic(lambda w: -w, qutip.sigmax())),
            ValueError,
            ">= 0, but is",
        ),
        (
            lambda: level(bosonic(oqs.flat(1), [1.0, 2.0])),
            ValueError,
            "1 entries, one per",
        ),
        (
            lambda: level(bosonic(oqs.flat(1), qutip.sigmax())),
            ValueError,
            "must conserve the particle number",
        ),
        (
            lambda: oqs.closed_form(oqs.QuadraticSystem([[1.0]]), [bosonic(oqs.ohmic(1), [1.0])]),
            TypeError,
            "must hold fermionic contacts only here",
        ),
    ],
)
def test_bad_input(build, error, message):
    with pytest.raises(error, match=message):
        build()


def qubit(contact):
    return oqs.davies(oqs.OperatorSystem(qutip.sigmaz()), [contact])


def level(contact):
    return oqs.davies(oqs.QuadraticSystem([[1.0]]), [contact])
