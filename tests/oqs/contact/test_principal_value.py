"""Level shifts P int de/(2 pi) g(e)/(w - e): logarithms, digamma functions, folded integrals."""

import mpmath
import numpy as np
import pytest
from scipy.special import expit
from systems import SCALES

import oqs
from oqs import memory
from oqs.contact import principal_value, shifts
from oqs.contact.principal_value import ACCURACY, occupied_shift, shift_function

scales = pytest.mark.parametrize("scale", SCALES)
TWO_PI = 2 * np.pi


def folded(g, w, lowest, highest, *features):
    """30 digits of P int g(e)/(w - e) de/(2 pi): the pole folded onto itself, nothing subtracted.

    P int over |e - w| < d is int_0^d [g(w - u) - g(w + u)]/u du.
    """
    with mpmath.workdps(30):
        w, lowest, highest = (mpmath.mpf(float(x)) for x in (w, lowest, highest))
        outer = [mpmath.mpf(float(f)) for f in features]
        total = mpmath.mpf(0)
        near = mpmath.mpf(0)
        if lowest < w < highest:
            near = min(w - lowest, highest - w)
            marks = sorted({abs(f - w) for f in outer if 0 < abs(f - w) < near})
            total += mpmath.quad(lambda u: (g(w - u) - g(w + u)) / u, [0, *marks, near])
        for a, b in ((lowest, min(w - near, highest)), (max(w + near, lowest), highest)):
            if a < b:
                inside = sorted(f for f in outer if a < f < b)
                total += mpmath.quad(lambda e: g(e) / (w - e), [a, *inside, b])
        return float(total / (2 * mpmath.pi))


@scales
@pytest.mark.parametrize("w", [-5.0, -1.001, -0.999, -0.2, 0.3, 1.4999, 1.6, 40.0])
def test_flat_band(w, scale):
    # g/(2 pi) ln|(w - a)/(w - b)|, outside the band too
    contact = oqs.Contact(oqs.flat(0.7 * scale), band=(-scale, 1.5 * scale))
    expected = 0.7 * scale / TWO_PI * np.log(abs((w + 1) / (w - 1.5)))
    found = shift_function(contact)(np.array([w * scale]))
    np.testing.assert_allclose(found, expected, rtol=0, atol=ACCURACY * 0.7 * scale)


@scales
@pytest.mark.parametrize("w", [-3.0, -1e-6, 1e-6, 0.1, 0.7, 1.9999, 2.5])
def test_square_root_band(w, scale):
    # above the bottom -2 b^1/2 + w^1/2 ln|(b^1/2 + w^1/2)/(b^1/2 - w^1/2)|, arctan below it
    prefactor, b = 0.3, 2.0
    contact = oqs.Contact(oqs.power_law(prefactor * np.sqrt(scale), 0.5), band=(0.0, b * scale))
    root = np.sqrt(abs(w))
    bend = (
        root * np.log(abs((np.sqrt(b) + root) / (np.sqrt(b) - root)))
        if w > 0
        else 2 * root * np.arctan(np.sqrt(b) / root)
    )
    expected = prefactor * scale / TWO_PI * (bend - 2 * np.sqrt(b))
    found = shift_function(contact)(np.array([w * scale]))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * prefactor * scale)


@scales
@pytest.mark.parametrize("w", [-7.0, 0.1, 0.4, 1.3])
def test_lorentzian_without_band(w, scale):
    contact = oqs.Contact(oqs.lorentzian(0.6 * scale, 0.4 * scale, 0.25 * scale))
    with mpmath.workdps(30):
        z = mpmath.mpf(w) - mpmath.mpf("0.4")
        # the Hilbert transform of W^2/(x^2 + W^2) is W x/(x^2 + W^2)
        exact = mpmath.mpf("0.6") / 2 * mpmath.mpf("0.25") * z / (z**2 + mpmath.mpf("0.0625"))
    found = shift_function(contact)(np.array([w * scale]))
    np.testing.assert_allclose(found, scale * float(exact), rtol=1e-13, atol=1e-16 * scale)
    features = (-100, -10, 0.15, 0.4, 0.65, 10, 100)
    again = folded(lambda e: 0.6 / (1 + ((e - 0.4) / 0.25) ** 2), w, -1e4, 1e4, *features)
    assert again == pytest.approx(float(exact), abs=1e-6)


@scales
def test_lorentzian_in_a_band(scale):
    s, c, W, a, b = 0.6, 0.4, 0.05, -1.0, 1.2
    contact = oqs.Contact(
        oqs.lorentzian(s * scale, c * scale, W * scale), band=(a * scale, b * scale)
    )
    frequencies = np.array([-2.0, -0.9, 0.1, 0.39, 0.45, 1.1, 3.0])
    expected = [
        folded(lambda e: s / (1 + ((e - c) / W) ** 2), w, a, b, c - W, c, c + W)
        for w in frequencies
    ]
    found = shift_function(contact)(frequencies * scale)
    np.testing.assert_allclose(found, scale * np.array(expected), rtol=0, atol=1e-10 * s * scale)


@scales
@pytest.mark.parametrize("T", [1e-4, 0.01, 0.3])
@pytest.mark.parametrize("w", [-3.0, 0.199, 0.2, 0.7, 4.0])
def test_occupied_states_of_a_flat_band(w, T, scale):
    # band far wider than T about mu: ln((w - a)/(2 pi T)) - Re psi(1/2 + i (w - mu)/(2 pi T))
    g, mu, a = 0.5, 0.2, -20.0
    contact = oqs.Contact(oqs.flat(g * scale), band=(a * scale, 20 * scale))
    with mpmath.workdps(30):
        z = mpmath.mpc(0.5, (mpmath.mpf(w) - mpmath.mpf(mu)) / (2 * mpmath.pi * mpmath.mpf(T)))
        inside = mpmath.log((mpmath.mpf(w) - a) / (2 * mpmath.pi * mpmath.mpf(T)))
        expected = float(g / (2 * mpmath.pi) * (inside - mpmath.digamma(z).real))
    found = occupied_shift(contact, np.array([w * scale]), T * scale, mu * scale)
    np.testing.assert_allclose(found, expected * scale, rtol=0, atol=3e-10 * g * scale)


@scales
def test_occupied_states_of_a_square_root_band(scale):
    T, mu, b = 0.15, 0.6, 3.0
    contact = oqs.Contact(oqs.power_law(0.3 * np.sqrt(scale), 0.5), band=(0.0, b * scale))

    def filled(e):
        return mpmath.mpf("0.3") * mpmath.sqrt(e) / (mpmath.exp((e - mu) / T) + 1)

    frequencies = np.array([-0.5, 0.05, 0.6, 1.7, 3.5])
    expected = [folded(filled, w, 0.0, b, 0.3, 0.6, 0.9, 1.5) for w in frequencies]
    found = occupied_shift(contact, frequencies * scale, T * scale, mu * scale)
    np.testing.assert_allclose(found, scale * np.array(expected), rtol=0, atol=1e-10 * scale)


def test_nothing_is_shifted_by_a_flat_rate_without_edges():
    shift = shift_function(oqs.Contact(oqs.flat(0.3)))
    np.testing.assert_array_equal(shift(np.array([-1.0, 0.0, 1e6])), 0.0)


def test_a_level_on_an_edge_where_the_rate_steps_is_refused():
    stepping = oqs.Contact(oqs.flat(0.3), name="lead", band=(-1.0, 1.0))
    with pytest.raises(
        ValueError, match=r"frequency 1.0 stands on the band edge of contact 'lead'"
    ):
        shift_function(stepping)(np.array([0.2, 1.0]))
    # a root starts from zero: its shift at the edge is finite, -2 b^1/2 of the prefactor
    rooted = oqs.Contact(oqs.power_law(0.3, 0.5), band=(0.0, 1.0))
    found = shift_function(rooted)(np.array([0.0]))
    np.testing.assert_allclose(found, -2 * 0.3 / TWO_PI, rtol=1e-8)


def test_a_rate_that_steps_inside_the_band_is_refused():
    contact = oqs.Contact(lambda w: np.where(w > 0.12345, 0.3, 0.1), name="lead", band=(-1, 1))
    with pytest.raises(ValueError, match=r"band of contact 'lead' did not converge"):
        shift_function(contact)(np.array([0.5]))


@pytest.mark.parametrize("rate", [oqs.power_law(0.1, 0.5), oqs.flat(0.1)])
def test_an_unbounded_band_is_refused(rate):
    with pytest.raises(ValueError, match=r"`band` of a contact must be given for its frequency"):
        occupied_shift(oqs.Contact(rate), np.array([0.5]), 1.0, 0.0)


def test_some_frequencies_at_a_time_are_all_of_them(monkeypatch):
    contact = oqs.Contact(oqs.lorentzian(0.3, 0.1, 0.5), band=(-2.0, 3.0))
    w = np.linspace(-2.5, 3.5, 41)
    together = occupied_shift(contact, w, 0.2, 0.1)
    monkeypatch.setattr(principal_value, "_AT_ONCE", 1)
    np.testing.assert_allclose(occupied_shift(contact, w, 0.2, 0.1), together, rtol=0, atol=1e-14)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize(
    "contact",
    [
        lambda s: oqs.Contact(oqs.lorentzian(0.4 * s, 0.3 * s, 2.0 * s)),
        lambda s: oqs.Contact(oqs.lorentzian(0.4 * s, -3.0 * s, 0.05 * s)),
        lambda s: oqs.Contact(oqs.flat(0.4 * s), band=(-25.0 * s, 21.0 * s)),
        lambda s: oqs.Contact(oqs.flat(0.4 * s), band=(-700.0 * s, 90.0 * s)),
    ],
    ids=["wide", "narrow", "band", "wide band"],
)
def test_closed_forms_are_the_integrals(contact, scale):
    """Inside and outside the band, far from mu and at it."""
    w, made, mu = np.array([-60.0, -3.0, 0.0, 0.2, 0.31, 2.0, 40.0]) * scale, contact(scale), 0.2
    for T in (0.02, 0.4):
        closed = occupied_shift(made, w, T * scale, mu * scale)
        integral = principal_value._thermal_shift(
            made, w, T * scale, mu * scale, lambda e, T=T: expit((mu - e / scale) / T)
        )
        np.testing.assert_allclose(closed, integral, rtol=0, atol=2 * ACCURACY * 0.4 * scale)


def test_many_shifts_say_what_they_take(monkeypatch, capsys):
    monkeypatch.setattr(memory, "worth_saying", lambda seconds: True)
    monkeypatch.setattr(shifts, "_AT_ONCE", 4)
    contact = oqs.Contact(oqs.power_law(0.1, 0.5), band=(0.0, 9.0))
    w = np.linspace(0.1, 5.0, 9)
    several = shifts.shifts_at(contact, w, 1.0, 0.3)
    assert "More frequency shifts: about" in capsys.readouterr().err
    together = shifts.frequency_shifts(contact, w, 1.0, 0.3)
    np.testing.assert_allclose(several, together, rtol=0, atol=2e-11)
