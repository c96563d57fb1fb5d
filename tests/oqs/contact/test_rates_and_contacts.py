"""Laws of rates, bands of contacts, systems: the values that the rest is built from."""

import numpy as np
import pytest
import qutip
from systems import SCALES, hermitian

import oqs


def test_laws_of_rates():
    w = np.array([-1.0, 0.0, 0.25, 4.0])
    np.testing.assert_array_equal(oqs.flat(0.3)(w), np.full(4, 0.3))
    np.testing.assert_allclose(oqs.power_law(2.0, 0.5)(w), [0, 0, 1, 4], rtol=1e-15)
    np.testing.assert_allclose(oqs.power_law(2.0, 0.0)(w), [0, 2, 2, 2], rtol=1e-15)
    peak = oqs.lorentzian(0.4, 0.25, 0.5)
    np.testing.assert_allclose(peak(np.array([0.25, 0.75, -0.25])), [0.4, 0.2, 0.2], rtol=1e-15)
    assert repr(oqs.flat(0.3)) == "Flat(value=0.3)"
    assert oqs.flat(0) == oqs.flat(0.0)


def test_the_rate_is_zero_outside_the_band():
    contact = oqs.Contact(oqs.flat(0.2), band=(-1.0, 1.0))
    w = np.array([-1.5, -1.0, 0.0, 1.0, 1.0000001])
    np.testing.assert_array_equal(contact.gamma(w), [0, 0.2, 0.2, 0.2, 0])
    model = oqs.davies(oqs.QuadraticSystem.from_energies([0.5, 2.0]), [contact])
    with pytest.raises(oqs.NonUniqueStationaryState):  # the mode at 2 is out of reach
        oqs.stationary_state(model, [1.0], [0.0])


def test_a_rate_may_be_a_constant_or_a_vector_function():
    for rate in (lambda w: 0.1, lambda w: 0.1 + 0 * w, np.vectorize(lambda w: 0.1)):
        contact = oqs.Contact(rate)
        np.testing.assert_array_equal(contact.gamma(np.array([1.0, 2.0])), [0.1, 0.1])


def test_channels_of_a_contact():
    np.testing.assert_array_equal(oqs.Contact(oqs.flat(1)).channels(3), np.eye(3))
    np.testing.assert_array_equal(oqs.Contact(oqs.flat(1), [1, 2j]).channels(2), [[1, 2j]])
    assert oqs.Contact(oqs.flat(1), np.ones((3, 2))).channels(2).shape == (3, 2)


@pytest.mark.parametrize("scale", SCALES)
def test_modes_diagonalise_h(scale):
    h = scale * hermitian(np.random.default_rng(0), 4)
    system = oqs.QuadraticSystem(h)
    assert np.all(np.diff(system.energies) >= 0)
    rebuilt = system.modes @ np.diag(system.energies) @ system.modes.conj().T
    np.testing.assert_allclose(rebuilt, h, rtol=0, atol=1e-13 * scale)
    a = system.mode_annihilators
    modes = sum(float(w) * x.dag() * x for w, x in zip(system.energies, a, strict=True))
    assert (modes - system.hamiltonian).norm() < 1e-12 * scale
    for k, x in enumerate(a):
        for m, y in enumerate(a):
            anti = x * y.dag() + y.dag() * x - (k == m) * qutip.qeye_like(x)
            assert anti.norm() < 1e-13


@pytest.mark.parametrize("scale", SCALES)
def test_terms_of_an_interacting_system(scale):
    rng = np.random.default_rng(1)
    h = scale * hermitian(rng, 3)
    c = [qutip.fdestroy(3, v) for v in range(3)]
    n = [x.dag() * x for x in c]
    V = {(0, 1, 1, 2): scale * (0.3 + 0.2j), (2, 1, 1, 0): scale * (0.3 - 0.2j)}
    system = oqs.InteractingSystem.from_terms(h, {(0, 1): 0.7 * scale, (2, 0): -0.2 * scale}, V)
    expected = sum(complex(h[v, w]) * c[v].dag() * c[w] for v in range(3) for w in range(3))
    expected += 0.7 * scale * n[0] * n[1] - 0.2 * scale * n[2] * n[0]
    expected += sum(z * c[v].dag() * c[w].dag() * c[x] * c[y] for (v, w, x, y), z in V.items())
    assert (system.hamiltonian - expected).norm() < 1e-13 * scale
    energies = np.sort(system.spectrum.energies)
    np.testing.assert_allclose(energies, expected.eigenenergies(), atol=1e-12 * scale)


def test_from_energies_keeps_the_order_of_the_sites():
    system = oqs.QuadraticSystem.from_energies([2.0, 1.0])
    np.testing.assert_array_equal(system.h, np.diag([2.0, 1.0]))
    np.testing.assert_array_equal(system.energies, [1.0, 2.0])


def test_energies_of_zero():
    # every level at the same energy, which is the unit itself: nothing to be relative to
    contacts = [oqs.Contact(oqs.flat(0.1)), oqs.Contact(oqs.flat(0.3))]
    for system in (
        oqs.QuadraticSystem(np.zeros((2, 2))),
        oqs.InteractingSystem.from_terms(np.zeros((2, 2))),
    ):
        flows = oqs.flow_law(oqs.davies(system, contacts))([1.0, 2.0], [0.3, -0.3])
        n = 1 / (np.exp([-0.3, 0.15]) + 1)
        expected = 2 * 0.1 * 0.3 / 0.4 * (n[0] - n[1])
        np.testing.assert_allclose(flows.particle, [expected, -expected], rtol=1e-12)
        np.testing.assert_allclose(flows.energy, 0, atol=1e-16)
