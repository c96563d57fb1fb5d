"""A state that is not unique is an error, with its kernel's dimension; a flow may be unique yet."""

import pickle
import re

import numpy as np
import pytest
import reference
from systems import METHODS, SCALES, hermitian

import oqs
from oqs.errors import Kernel
from oqs.stationary.populations import coherences_reached

FLAT = oqs.flat(0.02)


def rotation(seed, sites):
    """A random unitary."""
    return np.linalg.qr(hermitian(np.random.default_rng(seed), sites))[0]


def isolated(energies, touched):
    """Modes at these energies of which the contacts, site by site, touch some."""
    channels = np.eye(len(energies))[list(touched)]
    return np.diag(energies), [channels, channels]


def dark(energies, *channels):
    """Degenerate or other modes with collective channels."""
    return np.diag(energies), [np.array(t, dtype=complex) for t in channels]


# name -> (h, couplings), kernel of the zero-frequency block, whether Eq. (10) is defined there
SYSTEMS = {
    "one isolated mode": (isolated([1.0, 2.0], [1]), 2),
    "two isolated modes": (isolated([1.0, 2.0, 3.5], [1]), 4),
    "three isolated modes": (isolated([1.0, 2.0, 3.5, 5.0], [0]), 8),
    "isolated degenerate pair": (isolated([1.0, 2.0, 2.0], [0]), 6),
    "isolated mode at energy 0": (isolated([0.0, 1.0], [1]), 2),
    "dark mode of two levels": (dark([1.0, 1.0], [1, 1], [1, 1]), 2),
    "dark mode, amplitudes unequal": (dark([1.0, 1.0], [0.6, 0.8j], [3, 4j]), 2),
    "three levels, one channel": (dark([1.0, 1.0, 1.0], [1, 1, 1]), 6),
    "three levels, two channels": (dark([1.0, 1.0, 1.0], [1, 1, 1], [1, -1, 0]), 2),
    "dark mode beside a far level": (dark([1.0, 1.0, 3.0], [1, 1, 1], [1, 1, -2]), 2),
}
systems = pytest.mark.parametrize(
    ("spec", "kernel"), SYSTEMS.values(), ids=[name.replace(" ", "_") for name in SYSTEMS]
)


def raised(call):
    with pytest.raises(oqs.NonUniqueStationaryState, match="is not unique: the kernel") as caught:
        call()
    return caught.value.kernel_dimension


@systems
def test_the_dense_generator_has_this_kernel(spec, kernel):
    h, couplings = spec
    c, H = reference.annihilators(len(h)), reference.hamiltonian(h)
    baths = [reference.Bath(lambda w: 0.02, t, 0.7 + j, 0.4) for j, t in enumerate(couplings)]
    assert reference.kernel_dimension(reference.liouvillian(H, c, baths), c) == kernel


def stationary_states(L, seeds=(0, 1)):
    """What random states end in: the part of each along the kernel of the dense generator."""
    size = round(np.sqrt(len(L)))
    left, sizes, right = np.linalg.svd(L)
    small = sizes < 1e-11 * sizes[0]
    kernel, dual = right[small].conj().T, left[:, small]
    states = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        a = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
        rho = a @ a.conj().T
        end = kernel @ np.linalg.solve(dual.conj().T @ kernel, dual.conj().T @ rho.ravel())
        states.append(end.reshape(size, size) / np.trace(rho))
    return states


def dense_flows(h, couplings, T, mu, U=None, gamma=lambda w: 0.02):
    """Flows (2, 2 n), P and J of two random initial states, by the dense generator."""
    c, H = reference.annihilators(len(h)), reference.hamiltonian(h, U or {})
    baths = reference.baths_at(couplings, T, mu, gamma)
    states = stationary_states(reference.liouvillian(H, c, baths))
    return np.array([np.concatenate(reference.flows(H, c, baths, rho)) for rho in states])


def agree(flows, expected, scale=1.0):
    found = np.concatenate([flows.particle / scale, flows.energy / scale**2])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


@systems
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("rotated", [False, True], ids=["modes", "sites"])
def test_every_solver_refuses_the_state(spec, kernel, scale, rotated):
    h, couplings = spec
    u = rotation(0, len(h)) if rotated else np.eye(len(h))
    system = oqs.QuadraticSystem(scale * (u @ h @ u.conj().T))
    contacts = [oqs.Contact(oqs.flat(0.02 * scale), t @ u.conj().T) for t in couplings]
    T, mu = scale * np.linspace(0.5, 1.0, len(contacts)), scale * np.full(len(contacts), 0.4)
    model = oqs.davies(system, contacts)
    for method in METHODS:
        if method == oqs.Populations() and coherences_reached(model):
            with pytest.raises(ValueError, match="coherences"):
                oqs.stationary_state(model, T, mu, method=method)
            continue
        assert raised(lambda m=method: oqs.stationary_state(model, T, mu, method=m)) == kernel
    assert raised(lambda: oqs.stationary_state(model, T, mu)) == kernel
    assert raised(lambda: oqs.relaxation_time(model, T, mu)) == kernel


@systems
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("rotated", [False, True], ids=["modes", "sites"])
def test_the_flows_are_unique(spec, kernel, scale, rotated):
    # a second reservoir, so that something flows, through the same channels at another rate
    h, couplings = spec
    couplings = [*couplings, 1.5 * couplings[0]]
    T = np.array([0.5, 0.8, 1.1])[: len(couplings)]
    mu = np.array([0.4, 0.9, 0.1])[: len(couplings)]
    expected = dense_flows(h, couplings, T, mu)
    np.testing.assert_allclose(*expected, rtol=0, atol=1e-13)  # whatever the initial state
    assert np.max(np.abs(expected)) > 1e-4
    u = rotation(0, len(h)) if rotated else np.eye(len(h))
    turned = scale * (u @ h @ u.conj().T)
    contacts = [oqs.Contact(oqs.flat(0.02 * scale), t @ u.conj().T) for t in couplings]
    at = scale * T, scale * mu
    system = oqs.QuadraticSystem(turned)
    laws = [oqs.gaussian_law(system, contacts)]
    laws += [oqs.flow_law(oqs.davies(s, contacts)) for s in (system, interacting(turned))]
    for law in laws:
        agree(law(*at), expected[0], scale)
        assert len(law.untouched) == {2: 1, 4: 2, 6: 2, 8: 3}[kernel]
    model = oqs.davies(system, contacts)
    for method in (oqs.FullLiouvillian(), oqs.ZeroFrequencyBlock()):
        law = oqs.flow_law(model, method=method)
        assert law.method == method
        assert law.model is model
        agree(law(*at), expected[0], scale)


def interacting(h):
    return oqs.InteractingSystem.from_terms(h)


@pytest.mark.parametrize("case", [name for name in SYSTEMS if "levels" not in name])
def test_equation_10_leaves_out_what_nothing_touches(case):
    h, couplings = SYSTEMS[case][0]
    contacts = [oqs.Contact(oqs.flat(0.02), t) for t in [*couplings, 1.5 * couplings[0]]]
    T, mu = np.array([0.5, 0.8, 1.1])[: len(contacts)], np.array([0.4, 0.9, 0.1])[: len(contacts)]
    law = oqs.closed_form(oqs.QuadraticSystem(h), contacts)
    expected = dense_flows(h, [c.coupling for c in contacts], T, mu)
    agree(law(T, mu), expected[0])
    assert law.occupations(T, mu).shape == law.frequencies.shape
    assert len(law.frequencies) + len(law.untouched) == len(h)
    assert law.clausius_sum(T, mu) == pytest.approx(oqs.clausius_sum(law(T, mu), T), rel=1e-12)


@systems
def test_an_interacting_system_raises(spec, kernel):
    h, couplings = spec
    model = oqs.davies(
        oqs.InteractingSystem.from_terms(h), [oqs.Contact(FLAT, t) for t in couplings]
    )
    T, mu = np.linspace(0.5, 1.0, len(couplings)), np.full(len(couplings), 0.4)
    for method in (oqs.FullLiouvillian(), oqs.ZeroFrequencyBlock()):
        assert raised(lambda m=method: oqs.stationary_state(model, T, mu, method=m)) == kernel


def test_interactions_can_leave_a_state_alone():
    # spin up is touched, spin down is not: two sets of states, U or not
    system = oqs.anderson_dot(-0.4, 1.2)
    model = oqs.davies(system, [oqs.Contact(FLAT, [1, 0])])
    for method in METHODS:
        assert raised(lambda m=method: oqs.stationary_state(model, [1.0], [0.0], method=m)) == 2


ZERO_RATES = {
    "power law": (
        [oqs.Contact(oqs.power_law(0.1, 0.5), name="a")],
        "0 at -1.0, power_law is 0 below",
    ),
    "flat": ([oqs.Contact(oqs.flat(0.0))], r"contact 0 has rate 0 at -1.0, flat\(0.0\) is 0 every"),
    "band": ([oqs.Contact(FLAT, band=(-0.5, 3.0))], "0 at -1.0, its band begins at -0.5"),
    "its own": ([oqs.Contact(lambda w: 0.1 * (w > 0))], "0 at -1.0, its `rate` returns 0 there"),
    "amplitude": ([oqs.Contact(FLAT, [0, 1])], "contact 0 has no amplitude on it"),
}


@pytest.mark.parametrize(("contacts", "why"), ZERO_RATES.values(), ids=ZERO_RATES)
def test_a_rate_that_vanishes_isolates_the_mode(contacts, why):
    system = oqs.QuadraticSystem.from_energies([-1.0, 1.0])
    model = oqs.davies(system, contacts)
    kernel = 4 if contacts[0].rate == oqs.flat(0.0) else 2
    for method in METHODS:
        assert (
            raised(lambda m=method: oqs.stationary_state(model, [1.0], [0.0], method=m)) == kernel
        )
    with pytest.raises(oqs.NonUniqueStationaryState, match=why):
        oqs.stationary_state(model, [1.0], [0.0])
    # a second contact to the mode at 1 makes a flow, and the law says what it leaves out
    more = [*contacts, oqs.Contact(FLAT, [0, 1], name="b")]
    for law in (
        oqs.closed_form(system, more),
        oqs.gaussian_law(system, more),
        oqs.flow_law(oqs.davies(system, more)),
    ):
        assert [part.energy for part in law.untouched] == [-1.0]
        assert re.search(why, str(law.untouched[0]))
        assert bool(law([1.0, 2.0], [0.0, 0.5]).particle[0]) == (kernel == 2)


def test_a_nearly_dark_mode_is_not_dark():
    # phi = 1e-4 leaves the antisymmetric mode a rate of 1e-9: unique, and found
    phi = 1e-4
    system = oqs.QuadraticSystem(np.eye(2))
    contacts = [oqs.Contact(FLAT, [1, np.exp(1j * phi)]), oqs.Contact(FLAT, [1, 1])]
    model = oqs.davies(system, contacts)
    rho = oqs.stationary_state(model, [1.0, 2.0], [0.4, 0.4])
    assert rho.residual < 1e-13


def test_relaxation_time_refuses_what_never_relaxes():
    model = oqs.davies(oqs.QuadraticSystem(np.eye(2)), [oqs.Contact(FLAT, [1, 1])])
    assert raised(lambda: oqs.relaxation_time(model, [1.0], [0.0])) == 2


def test_contacts_that_touch_nothing_are_refused():
    system = oqs.QuadraticSystem.from_energies([-1.0, -0.5])
    contacts = [oqs.Contact(oqs.power_law(0.1, 0.5), name="cold"), oqs.Contact(oqs.flat(0.0))]
    why = (
        r"touches any part .* mode at -1 \(contact 'cold' has rate 0 at -1.0, power_law is 0 below"
    )
    for call in (
        lambda: oqs.closed_form(system, contacts),
        lambda: oqs.gaussian_law(system, contacts),
        lambda: oqs.flow_law(oqs.davies(system, contacts)),
        lambda: oqs.flow_law(oqs.davies(oqs.coupled_dots([-1.0, -0.5], 0.1), contacts[1:])),
    ):
        assert raised(call) == 4
    with pytest.raises(oqs.NonUniqueStationaryState, match=why):
        oqs.closed_form(system, contacts)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([1.0, 2.0, 3.0, 4.0], 18),  # 1 + 4 = 2 + 3: two coherences beside 16 populations
        ([0.0, 0.0, 1.0, 1.0], 36),  # C(4, 2) for each pair
        ([-1.0, 1.0, 0.0, 0.0], 26),  # 1 + 6 + 12 + 6 + 1 by particle number
    ],
)
def test_sums_of_dark_energies_that_agree_are_counted(levels, expected):
    h = np.diag([*levels, 0.37])
    for system in (oqs.QuadraticSystem(h), interacting(h)):
        model = oqs.davies(system, [oqs.Contact(FLAT, [0, 0, 0, 0, 1.0])])
        assert raised(lambda m=model: oqs.stationary_state(m, [0.7], [0.4])) == expected


def test_dark_modes_of_a_large_level_are_counted_by_a_formula():
    energies = np.array([1.0] * 9 + [1.5, 1.9, 2.4])
    contacts = [oqs.Contact(FLAT, np.ones(12)), oqs.Contact(oqs.flat(0.03), np.ones(12))]
    T, mu = [1.0, 0.5], [1.0, 1.2]
    # the bright mode of the nine has nine times the rate
    bright = oqs.QuadraticSystem.from_energies([1.0, 1.5, 1.9, 2.4])
    own = [oqs.Contact(c.rate, [3, 1, 1, 1]) for c in contacts]
    expected = oqs.closed_form(bright, own)(T, mu)
    for system in (oqs.QuadraticSystem(np.diag(energies)), interacting(np.diag(energies))):
        model = oqs.davies(system, contacts)
        assert raised(lambda m=model: oqs.stationary_state(m, T, mu)) == 12870  # C(16, 8)
        law = oqs.flow_law(model)
        assert len(law.untouched) == 8
        np.testing.assert_allclose(law(T, mu).heat, expected.heat, rtol=1e-12)


def localised(sites):
    """A disordered chain whose inner modes do not reach its ends, and contacts there."""
    rough = np.diag(0.3 * np.cos(np.arange(sites) ** 2.0))
    hopping = 0.5 * np.eye(sites, k=1)
    ends = np.eye(sites)[[0, -1]]
    contacts = [oqs.Contact(oqs.flat(g), t) for g, t in zip((1e-6, 2e-6), ends, strict=True)]
    return oqs.QuadraticSystem(rough + hopping + hopping.T), contacts


@pytest.mark.parametrize("sites", [150, 200, 300])
def test_localised_modes_carry_nothing(sites):
    system, contacts = localised(sites)
    T, mu = np.array([1.0, 1.0]), np.array([1.0, -1.0])
    weak, strong = (g * system.modes[end].real ** 2 for g, end in ((1e-6, 0), (2e-6, -1)))
    n = 1 / (1 + np.exp((system.energies[:, None] - mu) / T))
    with np.errstate(invalid="ignore"):
        exact = np.nansum(weak * strong / (weak + strong) * (n[:, 0] - n[:, 1]))
    for law in (oqs.closed_form(system, contacts), oqs.gaussian_law(system, contacts)):
        np.testing.assert_allclose(law(T, mu).particle, [exact, -exact], rtol=1e-12)
    assert law.untouched or sites < 200


@pytest.mark.parametrize("scale", SCALES)
def test_an_untouched_site_beside_an_interacting_pair(scale):
    # site 2 is linked to nothing, sites 3 and 4 only to each other
    h = np.diag([0.3, 0.6, -0.2, 0.5, 0.1]) + 0j
    h[0, 1] = h[1, 0] = 0.2
    h[3, 4], h[4, 3] = 0.1j, -0.1j
    U = {(0, 1): 0.7, (3, 4): 0.4}
    couplings = [np.eye(5)[[0]], np.eye(5)[[1]]]
    T, mu = np.array([0.5, 0.9]), np.array([0.6, 0.1])
    own = dense_flows(h[:2, :2], [t[:, :2] for t in couplings], T, mu, {(0, 1): 0.7})
    assert np.max(np.abs(own)) > 1e-4
    system = oqs.InteractingSystem.from_terms(scale * h, {k: scale * u for k, u in U.items()})
    model = oqs.davies(system, [oqs.Contact(oqs.flat(0.02 * scale), t) for t in couplings])
    law = oqs.flow_law(model)
    agree(law(scale * T, scale * mu), own[0], scale)
    assert {part.sites for part in law.untouched} == {(), (3, 4)}
    assert raised(lambda: oqs.stationary_state(model, scale * T, scale * mu)) == 8
    assert oqs.audit(model, scale * T, scale * mu)["unique flows"].ratio == 0


def test_a_rate_that_vanishes_isolates_an_interacting_pair():
    # both electrons of the second dot sit below the band of the contact that has them
    h, U = np.diag([0.3, 0.5, -3.0, -2.0]), {(0, 1): 0.4, (2, 3): 0.5}
    contacts = [oqs.Contact(oqs.power_law(0.02, 0.5)), oqs.Contact(FLAT, [1, 1, 0, 0])]
    law = oqs.flow_law(oqs.davies(oqs.InteractingSystem.from_terms(h, U), contacts))
    alone = oqs.InteractingSystem.from_terms(h[:2, :2], {(0, 1): 0.4})
    own = [oqs.Contact(contacts[0].rate), oqs.Contact(FLAT, [1, 1])]
    T, mu = [0.5, 0.9], [0.6, 0.1]
    expected = oqs.flow_law(oqs.davies(alone, own))(T, mu)
    np.testing.assert_allclose(law(T, mu).heat, expected.heat, rtol=1e-12)
    assert [part.sites for part in law.untouched] == [(2, 3)]
    assert "contact 0 has rate 0 at all of their transitions" in law.untouched[0].reason


CONSERVED = {
    # a spin that no contact touches decides where the level of the other one is
    "polarised": (np.diag([0.3, 0.5]), {(0, 1): 0.7}, [[1, 0], [1, 0]], 2),
    # two degenerate orbitals, repelling each other: the dark combination shifts the bright one
    "dark orbital": (np.eye(2) * 0.3, {(0, 1): 0.7}, [[1, 1], [1, 1]], 2),
    "dark orbitals": (np.eye(3) * 0.3, {(0, 1): 0.7, (0, 2): 0.7, (1, 2): 0.7}, [[1, 1, 1]] * 2, 6),
}


@pytest.mark.parametrize(("h", "U", "couplings", "kernel"), CONSERVED.values(), ids=CONSERVED)
def test_flows_that_depend_on_the_initial_state_are_refused(h, U, couplings, kernel):
    T, mu = np.array([0.5, 0.9]), np.array([0.6, 0.1])
    first, second = dense_flows(h, [np.array(t, dtype=float) for t in couplings], T, mu, U)
    assert np.max(np.abs(first - second)) > 1e-5
    model = oqs.davies(
        oqs.InteractingSystem.from_terms(h, U), [oqs.Contact(FLAT, t) for t in couplings]
    )
    assert raised(lambda: oqs.flow_law(model)) == kernel
    assert raised(lambda: oqs.stationary_state(model, T, mu)) == kernel
    with pytest.raises(oqs.NonUniqueStationaryState, match="conserved by H and by every contact"):
        oqs.flow_law(model)
    assert oqs.audit(model, T, mu)["unique flows"].verdict is oqs.Verdict.UNRELIABLE


def test_a_large_kernel_is_refused_without_counting_it():
    sites = 7
    U = {(v, w): 0.5 for w in range(sites) for v in range(w)}
    system = oqs.InteractingSystem.from_terms(np.eye(sites), U)
    model = oqs.davies(system, [oqs.Contact(FLAT, np.ones(sites))] * 2)
    with pytest.raises(oqs.NonUniqueStationaryState, match="dimension at least 2") as caught:
        oqs.flow_law(model)
    assert not caught.value.exact


def test_a_frequency_shift_can_reach_a_dark_mode():
    # the second contact has no rate at the level, but shifts it: modes mix, and none stays dark
    system = oqs.QuadraticSystem(np.eye(2))
    contacts = [
        oqs.Contact(oqs.flat(0.1), [1, 0.0], band=(-4.0, 5.0)),
        oqs.Contact(oqs.flat(0.2), [1, 0.0], band=(-4.0, 7.0)),
        oqs.Contact(oqs.flat(0.5), [1, 0.7], band=(2.0, 5.0)),
    ]
    dark = oqs.gaussian_law(system, contacts)
    assert len(dark.untouched) == 1
    bright = oqs.gaussian_law(system, contacts, lamb_shift=True)
    assert not bright.untouched
    law = oqs.flow_law(oqs.davies(system, contacts, lamb_shift=True), method=oqs.FullLiouvillian())
    T, mu = [1.0, 0.8, 1.0], [1.2, 0.5, 0.9]
    np.testing.assert_allclose(bright(T, mu).particle, law(T, mu).particle, rtol=0, atol=1e-12)
    # one that shifts only the bright mode leaves the dark one dark
    still = [*contacts[:2], oqs.Contact(oqs.flat(0.5), [1, 0], band=(2.0, 5.0))]
    law = oqs.gaussian_law(system, still, lamb_shift=True)
    assert len(law.untouched) == 1
    expected = oqs.gaussian_law(
        oqs.QuadraticSystem([[1.0]]), [oqs.Contact(oqs.flat(g)) for g in (0.1, 0.2)]
    )
    np.testing.assert_allclose(
        law(T, mu).particle[:2], expected(T[:2], mu[:2]).particle, rtol=1e-12
    )


def test_the_error_travels_between_processes():
    error = oqs.NonUniqueStationaryState(Kernel(3, exact=False), "Because.")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert (again.kernel_dimension, again.exact) == (3, False)


@pytest.mark.parametrize("coupling", [[0.0, 0.0], None], ids=["no amplitude", "no rate"])
@pytest.mark.parametrize("U", [0.0, 0.5])
@pytest.mark.parametrize("given", ["terms", "operators"])
def test_contacts_that_touch_nothing_of_a_dimer_are_refused(coupling, U, given):
    system = oqs.InteractingSystem.from_terms([[0.3, 0.2], [0.2, -0.1]], {(0, 1): U} if U else {})
    if given == "operators":
        system = oqs.InteractingSystem(system.hamiltonian, system.annihilators)
    model = oqs.davies(system, [oqs.Contact(oqs.flat(0.0 if coupling is None else 0.1), coupling)])
    assert raised(lambda: oqs.stationary_state(model, [1.0], [0.0])) == 4  # its four populations
    assert raised(lambda: oqs.flow_law(model)) == 4
