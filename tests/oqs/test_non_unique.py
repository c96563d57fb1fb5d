"""A stationary state that is not unique is an error, with the right dimension of the kernel."""

import numpy as np
import pytest
import reference
from systems import METHODS, SCALES, hermitian

import oqs
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


@systems
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("rotated", [False, True], ids=["modes", "sites"])
def test_every_solver_raises(spec, kernel, scale, rotated):
    h, couplings = spec
    u = rotation(0, len(h)) if rotated else np.eye(len(h))
    system = oqs.QuadraticSystem(scale * (u @ h @ u.conj().T))
    contacts = [oqs.Contact(oqs.flat(0.02 * scale), t @ u.conj().T) for t in couplings]
    T, mu = scale * np.linspace(0.5, 1.0, len(contacts)), scale * np.full(len(contacts), 0.4)
    model = oqs.davies(system, contacts)
    for method in METHODS:
        if method == oqs.Populations() and coherences_reached(model):
            with pytest.raises(ValueError, match="coherences"):
                oqs.flow_law(model, method=method)
            continue
        assert raised(lambda m=method: oqs.flow_law(model, method=m)(T, mu)) == kernel, method
    assert raised(lambda: oqs.stationary_state(model, T, mu)) == kernel
    assert raised(lambda: oqs.closed_form(system, contacts)) == kernel


@systems
def test_an_interacting_system_raises(spec, kernel):
    h, couplings = spec
    model = oqs.davies(
        oqs.InteractingSystem.from_terms(h), [oqs.Contact(FLAT, t) for t in couplings]
    )
    T, mu = np.linspace(0.5, 1.0, len(couplings)), np.full(len(couplings), 0.4)
    for method in (oqs.FullLiouvillian(), oqs.ZeroFrequencyBlock()):
        assert raised(lambda m=method: oqs.flow_law(model, method=m)(T, mu)) == kernel


def test_interactions_can_leave_a_state_alone():
    # spin up is touched, spin down is not: two sets of states, U or not
    system = oqs.anderson_dot(-0.4, 1.2)
    model = oqs.davies(system, [oqs.Contact(FLAT, [1, 0])])
    for method in METHODS:
        assert raised(lambda m=method: oqs.stationary_state(model, [1.0], [0.0], method=m)) == 2


def test_a_rate_that_vanishes_isolates_the_mode():
    # below the bottom of the band, gamma = 0
    system = oqs.QuadraticSystem.from_energies([-1.0, 1.0])
    contacts = [oqs.Contact(oqs.power_law(0.1, 0.5))]
    model = oqs.davies(system, contacts)
    for method in METHODS:
        assert raised(lambda m=method: oqs.stationary_state(model, [1.0], [0.0], method=m)) == 2
    assert raised(lambda: oqs.closed_form(system, contacts)) == 2


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
