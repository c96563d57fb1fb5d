"""Oscillators between bosonic reservoirs: the exact law against mpmath and truncated states."""

import mpmath
import numpy as np
import pytest
import qutip
from systems import SCALES, hermitian

import oqs


def positive(rng, sites):
    h = hermitian(rng, sites)
    return h + (1 - np.linalg.eigvalsh(h)[0]) * np.eye(sites)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("T", [(1.0, 0.4, 2.0), (2e-3, 1e-3, 3e-3), (1e3, 1.0, 7.0)], ids=str)
def test_closed_form_in_forty_digits(scale, T):
    """J_j = sum_k w_k g_jk (n_jk - nbar_k)."""
    rng = np.random.default_rng(5)
    h = scale * positive(rng, 4)
    x = rng.normal(size=(3, 4))
    g = 0.01, 0.03, 0.002
    system = oqs.QuadraticBosons(h)
    contacts = [oqs.BosonicContact(oqs.ohmic(a), row) for a, row in zip(g, x, strict=True)]
    temperatures = scale * np.array(T)
    found = oqs.closed_form(system, contacts)(temperatures)
    with mpmath.workdps(60):
        energies, modes = mpmath.eighe(mpmath.matrix(h.tolist()))
        expected = [mpmath.mpf(0)] * 3
        for k in range(4):
            amplitudes = [abs(sum(float(t) * modes[v, k] for v, t in enumerate(row))) for row in x]
            gamma = [mpmath.mpf(a) * energies[k] * t**2 for a, t in zip(g, amplitudes, strict=True)]
            n = [1 / mpmath.expm1(energies[k] / mpmath.mpf(float(t))) for t in temperatures]
            mean = mpmath.fdot(gamma, n) / mpmath.fsum(gamma)
            for j in range(3):
                expected[j] += energies[k] * gamma[j] * (n[j] - mean)
    largest = max(abs(float(e)) for e in expected)
    # the coldest: a relative error of w/T, in the exponent, is one of the flow
    tolerance = 1e-13 * (10 + float(np.max(system.energies) / np.min(temperatures)))
    np.testing.assert_allclose(
        found.energy, [float(e) for e in expected], rtol=tolerance, atol=tolerance * largest
    )
    assert found.energy.sum() == pytest.approx(0, abs=1e-15 * largest)


def test_equal_reservoirs_exchange_exactly_nothing():
    system = oqs.QuadraticBosons([[1.0, 0.2], [0.2, 1.5]])
    contacts = [oqs.BosonicContact(oqs.ohmic(0.1), x) for x in ([1, 0], [0, 1])]
    law = oqs.closed_form(system, contacts)
    np.testing.assert_array_equal(law([0.7, 0.7]).energy, 0)
    near = law([0.7, 0.7 * (1 + 1e-12)]).energy
    slope = law.jacobian([0.7, 0.7]).energy_T[0, 1]
    assert near[0] == pytest.approx(slope * (0.7 * (1 + 1e-12) - 0.7), rel=1e-9)


def test_degenerate_modes_keep_coherences():
    """A dark combination, and collective contacts: against truncated states."""
    system = oqs.QuadraticBosons(np.eye(2))
    both = [[1.0, 0.4], [0.3, 1.0]]
    spectra = oqs.ohmic(0.02), oqs.ohmic(0.05)
    contacts = [oqs.BosonicContact(s, x) for s, x in zip(spectra, both, strict=True)]
    with pytest.raises(ValueError, match="act mode by mode"):
        oqs.closed_form(system, contacts)
    T = [0.15, 0.1]
    exact = oqs.gaussian_law(system, contacts)(T)
    levels = 5
    truncated = [
        oqs.BosonicContact(s, system.displacement(x, levels))
        for s, x in zip(spectra, both, strict=True)
    ]
    law = oqs.flow_law(oqs.davies(system.truncated(levels), truncated))
    assert law.method == oqs.ZeroFrequencyBlock()
    np.testing.assert_allclose(law(T).energy, exact.energy, rtol=1e-8)
    same = [oqs.BosonicContact(s, [1.0, 1.0]) for s in spectra]  # one mode is dark
    dark = oqs.gaussian_law(system, same)([1.0, 0.5])
    alone = oqs.closed_form(
        oqs.QuadraticBosons([[1.0]]), [oqs.BosonicContact(s, [np.sqrt(2)]) for s in spectra]
    )([1.0, 0.5])
    np.testing.assert_allclose(dark.energy, alone.energy, rtol=1e-13)


@pytest.mark.parametrize("levels", [4, 8, 16])
def test_the_truncation_error_falls_as_said(levels):
    system = oqs.QuadraticBosons([[1.0]])
    spectra = oqs.ohmic(0.02), oqs.ohmic(0.05)
    T = [0.8, 0.5]
    exact = oqs.closed_form(system, [oqs.BosonicContact(s, [1.0]) for s in spectra])(T)
    x = system.displacement([1.0], levels)
    model = oqs.davies(system.truncated(levels), [oqs.BosonicContact(s, x) for s in spectra])
    error = abs(oqs.flow_law(model)(T).energy[0] / exact.energy[0] - 1)
    row = oqs.audit(model, T)["truncation"]
    assert error < 3 * row.ratio
    assert row.ratio < levels * np.exp(-(levels - 1) / 0.8)


def test_hundreds_of_oscillators():
    sites = 300
    h = np.diag(np.full(sites, 2.0)) + 0.3 * (np.eye(sites, k=1) + np.eye(sites, k=-1))
    contacts = [oqs.BosonicContact(oqs.ohmic(0.01), np.eye(sites)[k]) for k in (0, -1)]
    law = oqs.closed_form(oqs.QuadraticBosons(h), contacts)
    flows = law([2.0, 1.0])
    assert flows.energy[0] > 0
    assert flows.energy.sum() == pytest.approx(0, abs=1e-15)
    np.testing.assert_allclose(law.spectral([2.0, 1.0]).energy.sum(axis=0), flows.energy)
    assert np.all(law.gross([2.0, 1.0]).energy > np.abs(flows.energy))


def test_batches_and_derivatives():
    system = oqs.QuadraticBosons([[1.0, 0.2], [0.2, 1.5]])
    contacts = [
        oqs.BosonicContact(oqs.ohmic(0.1), x, name=n) for x, n in (([1, 0], "a"), ([0, 1], "b"))
    ]
    law = oqs.closed_form(system, contacts)
    T = np.array([[1.0, 2.0], [0.3, 0.4]])
    batch, jacobian = law(T), law.jacobian(T)
    assert batch.names == jacobian.names == ("a", "b")
    for k in range(2):
        np.testing.assert_array_equal(batch.energy[k], law(T[k]).energy)
        np.testing.assert_array_equal(jacobian.energy_T[k], law.jacobian(T[k]).energy_T)
        step = 1e-5 * T[k, 0]
        up, down = law(T[k] + [step, 0]).energy, law(T[k] - [step, 0]).energy
        np.testing.assert_allclose(jacobian.energy_T[k][:, 0], (up - down) / (2 * step), rtol=1e-8)


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (
            lambda: oqs.QuadraticBosons([[1.0, 2.0], [2.0, 1.0]]),
            ValueError,
            "positive mode",
        ),
        (lambda: law(oqs.Contact(oqs.flat(1))), TypeError, "exchanges fermions"),
        (lambda: law(oqs.BosonicContact(oqs.flat(1), qutip.sigmax())), ValueError, "2 oscillators"),
        (lambda: law(oqs.BosonicContact(oqs.flat(1), -np.eye(2))), ValueError, "positive matrix"),
        (
            lambda: law(oqs.BosonicContact(oqs.flat(1), [0.0, 0.0])),
            ValueError,
            "No contact",
        ),
        (
            lambda: oqs.davies(pair(), [oqs.BosonicContact(oqs.flat(1), [1.0, 1.0])]),
            TypeError,
            "QuadraticBosons go to",
        ),
        (lambda: pair().truncated(1), ValueError, "`levels`"),
        (lambda: pair().displacement([1.0], 3), ValueError, "shape"),
    ],
)
def test_bad_input(build, error, message):
    with pytest.raises(error, match=message):
        build()


def pair():
    return oqs.QuadraticBosons(np.eye(2))


def law(contact):
    return oqs.closed_form(pair(), [contact])


def test_flows_of_a_mode_far_below_the_temperatures():
    # n(w) = 1e200 each: the product of two is no double, the difference is
    law = oqs.closed_form(
        oqs.QuadraticBosons([[1e-200]]),
        [oqs.BosonicContact(oqs.flat(rate), [1.0]) for rate in (1e-210, 2e-210)],
    )
    flows = law([1.0, 3.0])
    classical = 1e-200 * (1e-210 * 2e-210 / 3e-210) * (1.0 - 3.0) / 1e-200
    assert flows.energy == pytest.approx([classical, -classical], rel=1e-12)
