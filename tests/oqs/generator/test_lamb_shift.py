"""The frequency shifts of Eq. (2): against second-order perturbation theory, and their symmetry."""

import mpmath
import numpy as np
import pytest
import qutip
import reference
from systems import SCALES, hermitian

import oqs
from oqs.contact.principal_value import occupied_shift, shift_function

scales = pytest.mark.parametrize("scale", SCALES)


def filtered(scale, sites, rng):
    """Two contacts of Lorentzian rate with two random channels each."""
    return [
        oqs.Contact(
            oqs.lorentzian(0.1 * scale, center * scale, width * scale),
            rng.normal(size=(2, sites)) + 1j * rng.normal(size=(2, sites)),
        )
        for center, width in ((0.5, 1.0), (-0.4, 0.6))
    ]


def literal(model, T, mu):
    """H_LS,j = sum_w e_j(w) S(w)^+ S(w) + f_j(w) S(w) S(w)^+, operators of `reference`."""
    H, c = model.system.hamiltonian.full(), reference.annihilators(model.system.sites)
    found = []
    for contact, t, m in zip(model.contacts, T, mu, strict=True):
        total = np.zeros_like(H)
        for row in contact.channels(model.system.sites):
            S = sum(a * x for a, x in zip(row, c, strict=True))
            for w, operator in reference.eigenoperators(H, S):
                at = np.array([w])
                filled = occupied_shift(contact, at, t, m)[0]
                whole = shift_function(contact)(at)[0]
                dagger = operator.conj().T
                total += (whole - filled) * dagger @ operator - filled * operator @ dagger
        found.append(total)
    return found


def some_models(scale, **options):
    rng = np.random.default_rng(1)
    pairs = {(0, 1): 0.8 * scale, (1, 2): -0.3 * scale}
    u = np.linalg.qr(hermitian(rng, 3))[0]
    levels = (u * [0.4, 0.4, 1.3]) @ u.conj().T
    for system in (
        oqs.InteractingSystem.from_terms(scale * hermitian(rng, 3), pairs),
        oqs.QuadraticSystem(scale * hermitian(rng, 3)),
        oqs.QuadraticSystem(scale * levels),
        oqs.anderson_dot(-0.3 * scale, 1.1 * scale),
    ):
        yield oqs.davies(system, filtered(scale, system.sites, rng), **options)


@scales
def test_against_literal_eigenoperators(scale):
    T, mu = scale * np.array([0.4, 1.1]), scale * np.array([0.3, -0.2])
    for model in some_models(scale):
        for found, expected in zip(
            oqs.lamb_shift(model, T, mu), literal(model, T, mu), strict=True
        ):
            np.testing.assert_allclose(found.full(), expected, rtol=0, atol=1e-9 * scale)


@scales
def test_hermitian_and_commuting_with_energy_and_number(scale):
    T, mu = scale * np.array([0.4, 1.1]), scale * np.array([0.3, -0.2])
    for model in some_models(scale):
        for shift in oqs.lamb_shift(model, T, mu):
            size = shift.norm()
            assert size > 1e-3 * scale
            assert (shift - shift.dag()).norm() < 1e-13 * size
            assert qutip.commutator(shift, model.system.number).norm() < 1e-12 * size
            assert (
                qutip.commutator(shift, model.system.hamiltonian).norm() < 1e-8 * size * scale
            )  # eigenvectors of a level are known to its resolution


@scales
def test_one_level_moves_by_its_self_energy(scale):
    # e - f = P int gamma/(w - e) de/2 pi whatever T and mu: the digamma functions drop out
    level, s, c, W = 0.3, 0.1, 0.5, 0.8
    contact = oqs.Contact(oqs.lorentzian(s * scale, c * scale, W * scale))
    model = oqs.davies(oqs.QuadraticSystem([[level * scale]]), [contact])
    expected = 0.5 * s * W * (level - c) / ((level - c) ** 2 + W**2) * scale
    for T, mu in ((0.01, 0.2), (0.5, 0.3), (3.0, -1.0)):
        (shift,) = oqs.lamb_shift(model, [T * scale], [mu * scale])
        empty, filled = shift.diag().real
        assert filled - empty == pytest.approx(expected, abs=3e-9 * s * scale)


def test_one_level_of_a_wide_band_in_digamma_functions():
    # an empty level is lowered by f = -P int gamma n/(w - e) de/2 pi, a filled one by e
    g, level, T, mu, a, b = 0.2, 0.5, 0.1, 0.3, -30.0, 30.0
    contact = oqs.Contact(oqs.flat(g), band=(a, b))
    (shift,) = oqs.lamb_shift(oqs.davies(oqs.QuadraticSystem([[level]]), [contact]), [T], [mu])
    psi = float(mpmath.digamma(mpmath.mpc(0.5, (level - mu) / (2 * np.pi * T))).real)
    filled = g / (2 * np.pi) * (np.log((level - a) / (2 * np.pi * T)) - psi)
    whole = g / (2 * np.pi) * np.log((level - a) / (b - level))
    np.testing.assert_allclose(shift.diag().real, [-filled, whole - filled], rtol=1e-8)


@scales
def test_the_shift_is_part_of_the_generator(scale):
    T, mu = scale * np.array([0.4, 1.1]), scale * np.array([0.3, -0.2])
    *_, plain = some_models(scale)
    *_, shifted = some_models(scale, lamb_shift=True)
    turning = sum(oqs.lamb_shift(plain, T, mu), start=0 * plain.system.hamiltonian)
    expected = plain.liouvillian(T, mu) + qutip.liouvillian(turning)
    difference = (shifted.liouvillian(T, mu) - expected).full()
    assert np.max(np.abs(difference)) < 1e-12 * scale


def test_a_shift_without_degeneracy_changes_no_flow():
    # it commutes with H_S and turns no coherence that the stationary state has
    T, mu = np.array([0.4, 1.1]), np.array([0.3, -0.2])
    for plain, shifted in zip(some_models(1.0), some_models(1.0, lamb_shift=True), strict=True):
        before, after = (oqs.flow_law(m)(T, mu).heat for m in (plain, shifted))
        same = np.max(np.abs(after - before)) < 1e-12 * np.max(np.abs(before))
        levels = np.sort(plain.system.spectrum.energies)
        assert same == bool(np.min(np.diff(levels)) > 1e-6)


def test_a_contact_without_band_is_refused():
    model = oqs.davies(oqs.QuadraticSystem([[1.0]]), [oqs.Contact(oqs.flat(0.1), name="left")])
    with pytest.raises(ValueError, match="`band` of contact 'left' must be given"):
        oqs.lamb_shift(model, [1.0], [0.0])
