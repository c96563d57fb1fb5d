"""Degenerate levels: nothing depends on the eigenbasis that a diagonaliser happens to return."""

import numpy as np
import pytest
import qutip
import reference
from systems import SCALES, deviation, hermitian, independent_modes, random_contacts

import oqs
from oqs.stationary.coherent.problem import GeneratorProblem

FULL, BLOCK, POPULATIONS = oqs.FullLiouvillian(), oqs.ZeroFrequencyBlock(), oqs.Populations()
T, MU = np.array([0.6, 0.9]), np.array([0.4, -0.2])
scales = pytest.mark.parametrize("scale", SCALES)


def unitary(seed, sites):
    return np.linalg.qr(hermitian(np.random.default_rng(seed), sites))[0]


def dense_flows(h, U, couplings, T, mu, rate=1.0):
    c, H = reference.annihilators(len(h)), reference.hamiltonian(h, U)
    baths = reference.baths_at(couplings, T, mu, lambda w: rate)
    rho = reference.stationary_state(reference.liouvillian(H, c, baths))
    return reference.flows(H, c, baths, rho)


def agrees(found, particle, energy, tolerance=1e-10):
    np.testing.assert_allclose(
        found.particle, particle, rtol=0, atol=tolerance * np.max(np.abs(particle))
    )
    np.testing.assert_allclose(
        found.energy, energy, rtol=0, atol=tolerance * np.max(np.abs(energy))
    )


@scales
@pytest.mark.parametrize("phi", [0.1, 0.5 * np.pi, 2.0, 3.0])
def test_interference_of_two_levels(phi, scale):
    # the left couples to c_0 + c_1, the right to c_0 + e^{i phi} c_1: the phase decides
    h, couplings = 0.3 * np.eye(2), [np.array([0.1, 0.1]), 0.1 * np.array([1, np.exp(1j * phi)])]
    particle, energy = dense_flows(h, {}, couplings, T, MU)
    contacts = [oqs.Contact(oqs.flat(scale), t) for t in couplings]
    model = oqs.davies(oqs.QuadraticSystem(scale * h), contacts)
    for method in (FULL, BLOCK):
        flows = oqs.flow_law(model, method=method)(scale * T, scale * MU)
        agrees(flows, scale * particle, scale**2 * energy, 1e-12)


def test_interference_follows_cos_squared():
    # both reservoirs see two levels; the bright modes overlap by cos(phi/2). In that plane the
    # linear equation of the covariance gives P = gamma cos^2(phi/2) (n_1 - n_2) exactly:
    # C = <c^+ c>, dC/dt = -{G_1 + G_2, C}/2 + n_1 G_1 + n_2 G_2, G_j = gamma |t_j><t_j|
    gamma, w = 0.02, 0.3
    n = 1 / (np.exp((w - MU) / T) + 1)
    found = []
    phases = np.array([0.3, 1.0, 2.0, 2.8])
    for phi in phases:
        t = np.array([[1, 1], [1, np.exp(1j * phi)]]) / np.sqrt(2)
        model = oqs.davies(
            oqs.QuadraticSystem(w * np.eye(2)), [oqs.Contact(oqs.flat(gamma), row) for row in t]
        )
        flows = oqs.flow_law(model)(T, MU)
        rates = [gamma * np.outer(row, row.conj()) for row in t]
        total, one = sum(rates), np.eye(2)
        left = (np.kron(total, one) + np.kron(one, total.T)) / 2
        source = n[0] * rates[0] + n[1] * rates[1]
        C = np.linalg.solve(left, source.ravel()).reshape(2, 2)
        expected = [np.trace(n[j] * rates[j] - rates[j] @ C).real for j in range(2)]
        np.testing.assert_allclose(flows.particle, expected, rtol=1e-12)
        found.append(flows.particle[0] / (gamma * (n[0] - n[1])))
    np.testing.assert_allclose(found, np.cos(phases / 2) ** 2 / 2, rtol=1e-12)


@scales
@pytest.mark.parametrize("interacting", [False, True])
def test_rotating_the_degenerate_sites_changes_nothing(interacting, scale):
    # h commutes with the rotation; the couplings turn with it, the physics does not
    rng = np.random.default_rng(1)
    h = scale * np.diag([0.4, 0.4, 0.4, 1.1])
    couplings = [rng.normal(size=4) + 1j * rng.normal(size=4), rng.normal(size=(2, 4))]
    u = np.eye(4, dtype=complex)
    u[:3, :3] = unitary(2, 3)
    build = oqs.InteractingSystem.from_terms if interacting else oqs.QuadraticSystem
    laws = []
    for turn in (np.eye(4), u):
        contacts = [oqs.Contact(oqs.flat(0.02 * scale), t @ turn.conj().T) for t in couplings]
        laws.append(oqs.flow_law(oqs.davies(build(turn @ h @ turn.conj().T), contacts)))
    first, second = (law(scale * T, scale * MU) for law in laws)
    assert deviation(second, first) < 1e-11


@pytest.mark.parametrize("seed", range(3))
def test_another_eigenbasis_changes_nothing(seed):
    # a perturbation of 1e-13 leaves the levels and makes the diagonaliser return another basis
    system = oqs.spinful_dots([0.2, 0.5], 0.3, U=1.0)  # spin degeneracy
    rng = np.random.default_rng(seed)
    contacts = [
        oqs.Contact(oqs.flat(0.02), rng.normal(size=(2, 4))),
        oqs.Contact(oqs.flat(0.03), rng.normal(size=4) + 1j * rng.normal(size=4)),
    ]
    nudge = oqs.InteractingSystem.from_terms(1e-13 * hermitian(rng, 4))
    other = oqs.InteractingSystem(system.hamiltonian + nudge.hamiltonian, system.annihilators)
    overlap = np.abs(system.spectrum.vectors.conj().T @ other.spectrum.vectors)
    assert np.max(np.minimum(overlap, np.abs(1 - overlap))) > 0.1  # not the same states
    model, turned = oqs.davies(system, contacts), oqs.davies(other, contacts)
    L = model.liouvillian(T, MU)
    assert (turned.liouvillian(T, MU) - L).norm() < 1e-12 * L.norm()
    for method in (FULL, BLOCK):
        first, second = (oqs.flow_law(m, method=method)(T, MU) for m in (model, turned))
        assert deviation(second, first) < 1e-11
        states = [oqs.stationary_state(m, T, MU, method=method) for m in (model, turned)]
        assert (states[0] - states[1]).norm() < 1e-12


@scales
def test_block_is_the_full_liouvillian(scale):
    rng = np.random.default_rng(3)
    for energies in ([1, 1], [1, 1, 2], [1, 1, 1], [0, 0, 1], [-1, -1, 1, 1]):
        contacts = random_contacts(rng, len(energies), 3, scale, "collective")
        model = oqs.davies(oqs.QuadraticSystem.from_energies(scale * np.array(energies)), contacts)
        at = scale * rng.uniform(0.3, 1.5, 3), scale * rng.uniform(-1, 1, 3)
        full, block = (oqs.stationary_state(model, *at, method=m) for m in (FULL, BLOCK))
        assert (full - block).norm() < 1e-11
        flows = [oqs.flow_law(model, method=m)(*at) for m in (FULL, BLOCK)]
        assert deviation(*flows) < 1e-11
        coherences = full.full() - np.diag(full.diag())
        assert np.max(np.abs(coherences)) > 1e-4  # the state does hold them


@pytest.mark.parametrize("U", [0.0, 0.7])
def test_collective_contacts_against_the_dense_generator(U):
    rng = np.random.default_rng(4)
    h = np.diag([0.3, 0.3, 0.9])
    couplings = [rng.normal(size=3) + 1j * rng.normal(size=3) for _ in range(2)]
    terms = {(0, 1): U, (0, 2): U, (1, 2): U} if U else {}
    particle, energy = dense_flows(h, terms, couplings, T, MU, rate=0.05)
    system = oqs.InteractingSystem.from_terms(h, terms)
    model = oqs.davies(system, [oqs.Contact(oqs.flat(0.05), t) for t in couplings])
    for method in (FULL, BLOCK):
        agrees(oqs.flow_law(model, method=method)(T, MU), particle, energy, 1e-11)
    with pytest.raises(ValueError, match="coherences"):
        oqs.flow_law(model, method=POPULATIONS)


def test_populations_refuses_and_names_the_others():
    contacts = [oqs.Contact(oqs.flat(0.1), [1, 1]), oqs.Contact(oqs.flat(0.1), [1, -0.5])]
    model = oqs.davies(oqs.QuadraticSystem(0.3 * np.eye(2)), contacts)
    sentence = r"must have no coherences .* but 2 .*ZeroFrequencyBlock\(\) or FullLiouvillian\(\)"
    with pytest.raises(ValueError, match=sentence):
        oqs.stationary_state(model, T, MU, method=POPULATIONS)


@scales
def test_accidental_many_body_degeneracy_is_harmless(scale):
    # modes 1, 2, 3, 4: 1 + 4 = 2 + 3, but no single jump links those states coherently
    system = oqs.QuadraticSystem.from_energies(scale * np.arange(1.0, 5.0))
    rng = np.random.default_rng(5)
    contacts = random_contacts(rng, 4, 2, scale, "collective")
    at = scale * np.array([1.0, 2.0]), scale * np.array([2.0, 1.0])
    exact = independent_modes(system.h, contacts, *at)
    model = oqs.davies(system, contacts)
    levels = model.decomposition.levels
    assert len(np.unique(levels)) < len(levels)
    assert oqs.flow_law(model).method == POPULATIONS
    for method in (POPULATIONS, BLOCK, FULL):
        assert deviation(oqs.flow_law(model, method=method)(*at), exact) < 1e-12


@scales
@pytest.mark.parametrize("rotated", [False, True])
def test_sites_with_their_own_baths_are_equation_10(rotated, scale):
    # degenerate or not, in any basis of the level: t = identity acts mode by mode
    u = unitary(6, 4) if rotated else np.eye(4)
    h = scale * (u @ np.diag([0.5, 0.5, 0.5, 1.2]) @ u.conj().T)
    h = (h + h.conj().T) / 2
    contacts = [oqs.Contact(oqs.flat(0.1 * scale)), oqs.Contact(oqs.lorentzian(scale, 0, scale))]
    exact = independent_modes(h, contacts, scale * T, scale * MU)
    system = oqs.QuadraticSystem(h)
    assert deviation(oqs.closed_form(system, contacts)(scale * T, scale * MU), exact) < 1e-12
    model = oqs.davies(system, contacts)
    for method in (FULL, BLOCK, POPULATIONS):
        flows = oqs.flow_law(model, method=method)(scale * T, scale * MU)
        assert deviation(flows, exact) < 1e-12


def test_levels_closer_than_the_resolution_are_one_level():
    contacts = [oqs.Contact(oqs.flat(0.01), [1, 1]), oqs.Contact(oqs.flat(0.02), [1, 0.3])]
    flows = []
    for split in (0.0, 1e-13, 1e-12):
        model = oqs.davies(oqs.QuadraticSystem.from_energies([1.0, 1.0 + split]), contacts)
        assert len(model.frequencies) == 1
        flows.append(oqs.flow_law(model)(T, MU))
    assert deviation(flows[1], flows[0]) < 1e-11
    assert deviation(flows[2], flows[0]) < 1e-10
    apart = oqs.davies(oqs.QuadraticSystem.from_energies([1.0, 1.0 + 1e-8]), contacts)
    assert len(apart.frequencies) == 2
    assert deviation(oqs.flow_law(apart)(T, MU), flows[0]) > 1e-2  # coherences are gone


def test_qutip_finds_the_same_state():
    contacts = [oqs.Contact(oqs.flat(0.1), [1, 1]), oqs.Contact(oqs.flat(0.2), [1, -0.5j])]
    model = oqs.davies(oqs.QuadraticSystem(0.3 * np.eye(2)), contacts)
    theirs = qutip.steadystate(model.liouvillian(T, MU), method="direct")
    assert (oqs.stationary_state(model, T, MU) - theirs).norm() < 1e-11


@scales
def test_a_weak_contact_keeps_its_precision_beside_a_strong_one(scale):
    rng = np.random.default_rng(5)
    couplings = [rng.normal(size=(channels, 2)) for channels in (1, 2)]
    contacts = [
        oqs.Contact(oqs.flat(scale * rate), t) for rate, t in zip((1e-7, 1), couplings, strict=True)
    ]
    system = oqs.QuadraticSystem(scale * 0.3 * np.eye(2))
    expected = oqs.gaussian_law(system, contacts)(scale * T, scale * MU)
    model = oqs.davies(system, contacts)
    for method in (FULL, BLOCK):
        found = oqs.flow_law(model, method=method)(scale * T, scale * MU)
        # a difference of rates that are 1e7 times as large would be good to 1e-9
        np.testing.assert_allclose(found.particle, expected.particle, rtol=1e-13)
        np.testing.assert_allclose(found.energy, expected.energy, rtol=1e-13)


def test_flows_that_do_not_add_up_are_refused(monkeypatch):
    contacts = [oqs.Contact(oqs.flat(1.0), [[1.0, 0.5]]), oqs.Contact(oqs.flat(1.0))]
    law = oqs.flow_law(oqs.davies(oqs.QuadraticSystem(0.3 * np.eye(2)), contacts), method=BLOCK)
    exchange = GeneratorProblem._exchange

    def one_term_off(self, *arguments):
        particle, energy = exchange(self, *arguments)
        particle[0, 0] *= 1 + 1e-9
        return particle, energy

    monkeypatch.setattr(GeneratorProblem, "_exchange", one_term_off)
    with pytest.raises(oqs.StationaryStateNotFound, match="left a residual of"):
        law(T, MU)


@scales
@pytest.mark.parametrize("rotated", [False, True], ids=["diagonal", "rotated"])
@pytest.mark.parametrize("split", [1e-6, 6e-10, 1e-10])
def test_both_kinds_of_system_resolve_the_same_splittings(split, rotated, scale):
    h = np.diag([3.0, 3.0 + split, 3.5, 4.0])
    couplings = [np.array([0.1, 0.2, -0.1, 0.15]), np.array([0.3, -0.1, 0.2, 0.1])]
    u = unitary(7, 4) if rotated else np.eye(4)
    h = scale * (u @ h @ u.conj().T)
    contacts = [oqs.Contact(oqs.flat(0.01 * scale), t @ u.conj().T) for t in couplings]
    at = scale * np.array([1.0, 1.4]), scale * np.array([3.2, 2.9])
    systems = oqs.QuadraticSystem(h), oqs.InteractingSystem.from_terms(h)
    assert systems[0].resolution == pytest.approx(systems[1].resolution, rel=1e-12)
    assert systems[0].resolution == pytest.approx(13.5e-12 * scale, rel=1e-9)
    for resolution, levels in ((None, 4), (3 * split * scale, 3)):
        models = [oqs.davies(system, contacts, resolution=resolution) for system in systems]
        # eigenvectors of levels so close are known to rounding over their distance
        if not rotated:
            assert [len(model.frequencies) for model in models] == [levels, levels]
        first, second = (oqs.flow_law(model)(*at) for model in models)
        assert deviation(second, first) < (1e-14 / split if rotated else 1e-12)
    apart = oqs.gaussian_law(systems[0], contacts)(*at)
    assert deviation(apart, oqs.closed_form(systems[0], contacts)(*at)) < 1e-12


@pytest.mark.parametrize("offset", [-40.0, 0.0, 25.0])
def test_the_default_resolution_does_not_depend_on_the_kind(offset):
    h = hermitian(np.random.default_rng(8), 5) + offset * np.eye(5)
    one, other = oqs.QuadraticSystem(h), oqs.InteractingSystem.from_terms(h)
    assert one.resolution == pytest.approx(other.resolution, rel=1e-12)


@pytest.mark.parametrize("sites", [4, 8, 12])
def test_rounding_of_many_body_energies_is_far_below_the_resolution(sites):
    # a ring: its momenta come in pairs; and levels of high degeneracy in a random basis
    h = np.roll(np.eye(sites), 1, axis=0)
    ring = {tuple(sorted((v, (v + 1) % sites))): 2.0 for v in range(sites)}
    u = np.linalg.qr(np.random.default_rng(9).normal(size=(sites, sites)))[0]
    level = u @ np.diag(np.resize([0.3, 1.1, -2.0, 0.7], sites)) @ u.T
    for system in (
        oqs.InteractingSystem.from_terms(h + h.T, ring),
        oqs.InteractingSystem.from_terms((level + level.T) / 2),
    ):
        spectrum = system.spectrum
        for n in range(sites + 1):
            gaps = np.diff(np.sort(spectrum.energies[spectrum.particles == n]))
            rounding = gaps < 0.03 * system.resolution
            assert np.all(rounding | (gaps > 1e3 * system.resolution))


@pytest.mark.parametrize("interacting", [False, True], ids=["modes", "states"])
@scales
def test_a_resolution_above_the_spectrum_is_refused(interacting, scale):
    """The sentence names the width, and at that width all levels are one."""
    h = scale * np.array([[0.01, 0.01], [0.01, -0.01]])
    system = oqs.InteractingSystem.from_terms(h) if interacting else oqs.QuadraticSystem(h)
    contacts = [oqs.Contact(oqs.flat(g * scale), t) for g, t in ((0.02, [1, 0]), (0.005, [0, 1]))]
    for call in (oqs.davies, oqs.gaussian_law)[: 1 if interacting else 2]:
        with pytest.raises(ValueError, match="highest energy from its lowest") as refused:
            call(system, contacts, resolution=0.03 * scale)
    width = float(str(refused.value).split("at most ")[1].split(",")[0])
    assert width == pytest.approx(0.0286 * scale)
    T, mu = scale * np.array([0.5, 1.0]), scale * np.array([0.1485, 0.3])
    by_energy = {}
    for energy in ("hamiltonian", "level"):
        model = oqs.davies(system, contacts, resolution=width, energy=energy)
        assert len(model.frequencies) == 1
        by_energy[energy] = oqs.clausius_sum(oqs.flow_law(model)(T, mu), T) / scale
    assert by_energy["hamiltonian"] == pytest.approx(4.66e-9, rel=2e-3)
    assert by_energy["level"] < 0


def test_a_resolution_below_rounding_is_refused():
    system = oqs.QuadraticSystem.from_energies([2.0, 3.0])
    contacts = [oqs.Contact(oqs.flat(0.1), [1, 1])]
    for call in (oqs.davies, oqs.gaussian_law):
        with pytest.raises(ValueError, match=r"at least 5e-14, the rounding .* but is 1e-15\. It"):
            call(system, contacts, resolution=1e-15)
        call(system, contacts, resolution=1e-13)


NEAR = np.array([0.3, 0.5, 0.5])
FAR_LEADS = ([0.1, 0.2, 0.15, 0.1], [0.3, -0.1, 0.2, 0.2])


def near_alone(make, leads, at):
    contacts = [oqs.Contact(oqs.flat(0.01), t[:3]) for t in leads]
    return oqs.flow_law(oqs.davies(make(np.diag(NEAR)), contacts))(*at)


@scales
@pytest.mark.parametrize("far", [1e6, 1e12, 1e15, -1e9])
@pytest.mark.parametrize(
    "make", [oqs.QuadraticSystem, oqs.InteractingSystem.from_terms], ids=["quadratic", "many-body"]
)
def test_a_far_level_leaves_near_ones_apart(make, far, scale):
    # in the sites' basis and in one that tunnelling mixes among the near ones
    at = scale * np.array([0.2, 0.3]), scale * np.array([0.45, 0.35])
    for u in (np.eye(3), unitary(3, 3)):
        whole = np.eye(4, dtype=complex)
        whole[:3, :3] = u
        h = scale * (whole @ np.diag([*NEAR, far]) @ whole.conj().T)
        leads = [t @ whole.conj().T for t in FAR_LEADS]
        model = oqs.davies(make(h), [oqs.Contact(oqs.flat(0.01 * scale), t) for t in leads])
        flows = oqs.flow_law(model)(*at)
        alone = near_alone(make, np.array(FAR_LEADS), [part / scale for part in at])
        rounding = 1e-12 if make is oqs.QuadraticSystem or far > 0 else 1e-4  # of 1e9
        assert np.allclose(flows.particle, scale * alone.particle, rtol=rounding)


@pytest.mark.parametrize("far", [1e12, -1e9])
def test_a_far_level_and_repulsion_leave_near_ones_apart(far):
    at = np.array([0.2, 0.3]), np.array([0.45, 0.35])
    pairs = {(0, 1): 0.4, (0, 2): 0.4, (1, 2): 0.4}
    turned = unitary(3, 3)  # equal repulsion is the same in every basis

    def flows(u, energies):
        h = u @ np.diag(energies) @ u.conj().T
        leads = [t[: len(u)] @ u.conj().T for t in np.array(FAR_LEADS)]
        system = oqs.InteractingSystem.from_terms(h, pairs)
        contacts = [oqs.Contact(oqs.flat(0.01), t) for t in leads]
        return oqs.flow_law(oqs.davies(system, contacts))(*at).particle

    alone = flows(np.eye(3), NEAR)
    for u in (np.eye(3), turned):
        whole = np.eye(4, dtype=complex)
        whole[:3, :3] = u
        found = flows(whole, [*NEAR, far])
        np.testing.assert_allclose(found, alone, rtol=1e-12 if far > 0 else 1e-4)


@pytest.mark.parametrize("make", [oqs.QuadraticSystem, oqs.InteractingSystem.from_terms])
def test_near_levels_can_be_joined_beside_a_far_one(make):
    contacts = [oqs.Contact(oqs.flat(0.01), [1, 1, 1]), oqs.Contact(oqs.flat(0.02), [1, 0.3, 1])]
    system = make(np.diag([0.5, 0.5 + 1e-6, 1e12]))
    at = [0.2, 0.3], [0.45, 0.35]
    joined = oqs.flow_law(oqs.davies(system, contacts, resolution=1e-4))(*at)
    same = oqs.flow_law(oqs.davies(make(np.diag([0.5, 0.5, 1e12])), contacts))(*at)
    np.testing.assert_allclose(joined.particle, same.particle, rtol=1e-3)


@pytest.mark.parametrize("make", [oqs.QuadraticSystem, oqs.InteractingSystem.from_terms])
@pytest.mark.parametrize("far", [1e5, 1e9, 1e12, -1e12, 1e15])
def test_a_far_level_that_tunnels_leaves_near_ones_as_second_order_has_them(make, far):
    near, t = np.diag([0.3, 0.5, 0.9]), np.array([0.2, 0.1, 0.0])
    leads = np.array([[1.0, 0.5, 0.3], [0.3, -0.2, 1.0]])

    def flows(h):
        contacts = [
            oqs.Contact(oqs.flat(0.01 * (j + 1)), np.pad(own, (0, len(h) - 3)))
            for j, own in enumerate(leads)
        ]
        return oqs.flow_law(oqs.davies(make(h), contacts))([0.2, 0.3], [0.45, 0.35]).particle

    whole = np.pad(near, (0, 1))
    whole[3, 3], whole[:3, 3], whole[3, :3] = far, t, t
    expected = flows(near - np.outer(t, t) / far)
    # |t/far|^2 is left out, and 1e-16 of far where the far level is occupied: that is, if far < 0
    np.testing.assert_allclose(
        flows(whole), expected, rtol=max(1e-11, 1 / far**2) if far > 0 else 1e-3
    )


@pytest.mark.parametrize("far", [1e9, 1e12])
def test_a_far_level_of_an_operator_leaves_near_ones_apart(far):
    def flows(h):
        x = qutip.Qobj(np.pad([[0.0, 1.0, 0.4], [1.0, 0.0, 0.0], [0.4, 0.0, 0.0]], (0, len(h) - 3)))
        y = qutip.Qobj(np.pad([[0.0, 0.3, 1.0], [0.3, 0.0, 0.2], [1.0, 0.2, 0.0]], (0, len(h) - 3)))
        baths = [oqs.BosonicContact(oqs.flat(0.01), op) for op in (x, y)]
        return oqs.flow_law(oqs.davies(oqs.OperatorSystem(qutip.Qobj(h)), baths))([0.5, 1.0]).energy

    near = np.diag([0.0, 0.4, 0.9])
    whole = np.pad(near, (0, 1))
    whole[3, 3], whole[1, 3], whole[3, 1] = far, 0.2, 0.2
    np.testing.assert_allclose(flows(whole), flows(near), rtol=1e-8)
