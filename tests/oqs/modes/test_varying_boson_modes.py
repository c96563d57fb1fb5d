"""Oscillators whose baths have spectra of T: against laws of the spectra frozen at each state."""

import pickle

import numpy as np
import pytest
from systems import hermitian

import oqs

rng = np.random.default_rng(11)
h = hermitian(rng, 4)
CHAIN = oqs.QuadraticBosons(h + (1 - np.linalg.eigvalsh(h)[0]) * np.eye(4))
DISPLACEMENTS = rng.normal(size=(3, 4))


def spectrum(w, T, mu):
    assert mu == 0
    return 0.02 * w * np.exp(-w * T) + 0.003 * T**2


def contacts(displacements=DISPLACEMENTS):
    spectra = spectrum, oqs.ohmic(0.03), oqs.temperature_scaled(oqs.flat(0.01), 1.5, 0.7)
    names = "cold", "middle", "hot"
    return [
        oqs.BosonicContact(s, x, name=n)
        for s, x, n in zip(spectra, displacements, names, strict=True)
    ]


def frozen(baths, T):
    return [bath.at(t, 0.0) for bath, t in zip(baths, T, strict=True)]


@pytest.mark.parametrize("make", [oqs.closed_form, oqs.gaussian_law])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_as_the_law_of_the_spectra_there(make, scale):
    T = scale * np.array([[0.4, 0.6, 1.0], [1.0, 0.4, 0.6], [0.4, 0.4, 2.0]])
    law = make(CHAIN, contacts())
    assert law.varies
    assert law.fastest_rate is None
    together = law(T)
    assert law(T[:, None]).energy.shape == (3, 1, 3)
    for t, row in zip(T, together.energy, strict=True):
        there = make(CHAIN, frozen(contacts(), t))
        expected = there(t).energy
        exact = {"rtol": 1e-15, "atol": 1e-15 * np.max(np.abs(expected))}
        np.testing.assert_allclose(row, expected, **exact)
        np.testing.assert_allclose(law(t).energy, expected, **exact)
        np.testing.assert_allclose(law.at(t)(t).energy, expected, **exact)
        for part in ("spectral", "gross"):
            found, wanted = (getattr(one, part)(t).energy for one in (law, there))
            np.testing.assert_allclose(found, wanted, rtol=1e-14)
    assert law.names == ("cold", "middle", "hot")
    assert "spectra of T" in str(law.summary())


def test_degenerate_modes_keep_coherences():
    system = oqs.QuadraticBosons(np.diag([1.0, 1.0, 2.0]))
    baths = contacts([[1.0, 0.4, 0.2], [0.3, 1.0, 0.0], [0.5, -0.2, 1.0]])
    with pytest.raises(ValueError, match="act mode by mode"):
        oqs.closed_form(system, baths)
    law = oqs.gaussian_law(system, baths)
    T = np.array([[0.3, 0.5, 0.9], [0.9, 0.5, 0.3]])
    for t, row in zip(T, law(T).energy, strict=True):
        expected = oqs.gaussian_law(system, frozen(baths, t))(t).energy
        np.testing.assert_allclose(row, expected, rtol=1e-15, atol=1e-18)


def test_one_oscillator_by_hand():
    """J_1 = w g_1 g_2 (n_1 - n_2)/(g_1 + g_2), g_1 = g T_1/T_0."""
    scaled = oqs.temperature_scaled(oqs.flat(0.01), exponent=1, T_0=0.5)
    baths = [oqs.BosonicContact(rate, [1.0]) for rate in (scaled, oqs.flat(0.02))]
    law = oqs.closed_form(oqs.QuadraticBosons([[1.5]]), baths)
    T = np.array([[0.5, 1.0], [1.0, 0.5], [2.0, 0.1], [5e-3, 1e-2]])
    n = 1 / np.expm1(1.5 / T)
    g = 0.01 * T[:, 0] / 0.5
    expected = 1.5 * g * 0.02 / (g + 0.02) * (n[:, 0] - n[:, 1])
    np.testing.assert_allclose(law(T).energy[:, 0], expected, rtol=1e-13 * 300)
    np.testing.assert_array_equal(law(T).energy.sum(axis=1), 0)
    np.testing.assert_array_equal(law([0.7, 0.7]).energy, 0)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(law))(T).energy, law(T).energy)


def test_response_is_that_of_the_spectra_at_equilibrium():
    law = oqs.closed_form(CHAIN, contacts())
    found = oqs.linear_response(law, T=[[0.3], [0.8]])
    for T, onsager in zip((0.3, 0.8), found.onsager, strict=True):
        there = oqs.closed_form(CHAIN, frozen(contacts(), [T] * 3))
        expected = oqs.linear_response(there, T).onsager
        np.testing.assert_allclose(onsager, expected, rtol=1e-13, atol=0)
        step = 1e-4 * T * np.eye(3)  # the spectra move in these
        slope = (law(T + step).energy - law(T - step).energy).T / (2e-4 * T)
        np.testing.assert_allclose(onsager[1, 1] / T**2, slope, rtol=1e-6)


def test_a_spectrum_that_vanishes():
    gone = oqs.BosonicContact(lambda w, T, mu: 0.01 * w * max(T - 0.5, 0.0), [1.0])
    both = [gone, oqs.BosonicContact(lambda w, T, mu: 0.02 * w * max(T - 0.5, 0.0), [1.0])]
    single = oqs.QuadraticBosons([[1.0]])
    np.testing.assert_array_equal(oqs.closed_form(single, both)([0.4, 1.0]).energy, 0)
    with pytest.raises(oqs.NonUniqueStationaryState, match=r"at T = 0.4, 0.5, where all spectra"):
        oqs.closed_form(single, both)([[0.7, 1.0], [0.4, 0.5]])
    negative = oqs.BosonicContact(lambda w, T, mu: 0.01 * w * (T - 0.5), [1.0], name="wrong")
    with pytest.raises(ValueError, match="`spectrum` of contact 'wrong' must"):
        oqs.closed_form(single, [negative, both[0]])([0.4, 1.0])
    with pytest.raises(ValueError, match="`T`"):
        oqs.closed_form(single, both)([0.4, -1.0])
    with pytest.raises(ValueError, match="`mu` must be 0 or NaN"):
        oqs.closed_form(single, both)([0.6, 1.0], [0.0, 0.3])
