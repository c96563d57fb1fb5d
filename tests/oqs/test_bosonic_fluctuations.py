"""Counting statistics and response where jumps move energy only."""

import numpy as np
import pytest
import qutip

import oqs


def valve():
    pair = oqs.exchange_qubits([1.0, 1.6], 0.1)
    ends = [oqs.on_factor(pair, k, qutip.sigmax()) for k in range(2)]
    spectra = oqs.ohmic(0.02), oqs.ohmic(0.005)
    return oqs.davies(pair, [oqs.BosonicContact(s, x) for s, x in zip(spectra, ends, strict=True)])


def test_counted_energy_is_the_flow_and_obeys_the_fluctuation_theorem():
    model, T = valve(), np.array([1.0, 0.4])
    statistics = oqs.counting_statistics(model, T)
    flows = oqs.flow_law(model)(T)
    np.testing.assert_allclose(statistics.flows.energy, flows.energy, rtol=1e-11)
    np.testing.assert_array_equal(statistics.flows.particle, 0)
    mean, noise, *_ = statistics.cumulants(0, 3, "energy")
    assert mean == pytest.approx(flows.energy[0], rel=1e-10)
    assert noise == pytest.approx(statistics.covariance("energy")[0, 0], rel=1e-9)
    assert statistics.uncertainty(0, "energy") >= 2
    x = np.array([0.3, -0.2])
    left = statistics.generating_function(energy=x)
    right = statistics.generating_function(energy=-x + 1 / T)  # -x - A, A = -1/T
    assert left == pytest.approx(right, rel=1e-8)


def test_two_level_noise():
    """Lambda of a two-state process, by hand."""
    w, T = 1.0, np.array([0.8, 0.5])
    qubit = oqs.OperatorSystem(w / 2 * qutip.sigmaz())
    g = np.array([0.01, 0.03])
    model = oqs.davies(qubit, [oqs.BosonicContact(oqs.flat(x), qutip.sigmax()) for x in g])
    n = 1 / np.expm1(w / T)
    up, down = g * n, g * (1 + n)

    def exact(x):
        rise, fall = up.sum(), down.sum()
        tilted = (up[0] * np.exp(x * w) + up[1]) * (down[0] * np.exp(-x * w) + down[1])
        return -(rise + fall) / 2 + np.sqrt((rise - fall) ** 2 / 4 + tilted)

    statistics = oqs.counting_statistics(model, T)
    for x in (-0.7, 0.2, 1.1):
        found = statistics.generating_function(energy=[x, 0.0])
        assert found == pytest.approx(exact(x), rel=1e-9, abs=1e-14)


def test_heat_response_around_equilibrium():
    """kappa = J/dT of a qubit; fluctuation-dissipation: covariance = 2 L."""
    w, T, g = 1.0, 0.7, np.array([0.01, 0.03])
    qubit = oqs.OperatorSystem(w / 2 * qutip.sigmaz())
    model = oqs.davies(qubit, [oqs.BosonicContact(oqs.flat(x), qutip.sigmax()) for x in g])
    response = oqs.linear_response(model, T)
    n = 1 / np.expm1(w / T)
    slope = n * (1 + n) * w / T**2
    expected = T**2 * w * g[0] * g[1] * slope / (g.sum() * (1 + 2 * n))
    assert response.onsager[1, 1, 0, 0] == pytest.approx(expected, rel=1e-12)
    noise = oqs.counting_statistics(model, [T, T]).covariance("energy")
    np.testing.assert_allclose(noise, 2 * response.onsager[1, 1], rtol=1e-9)


def test_phonons_beside_leads_are_counted():
    dots = oqs.QuadraticSystem([[0.0, 0.1], [0.1, 1.0]])
    contacts = [
        oqs.Contact(oqs.flat(0.01), [1, 0]),
        oqs.Contact(oqs.flat(0.01), [0, 1]),
        oqs.BosonicContact(oqs.ohmic(0.02, cutoff=5.0), [1.0, -1.0]),
    ]
    model = oqs.davies(dots, contacts)
    T, mu = [0.2, 0.3, 1.0], [0.5, 0.4, np.nan]
    statistics, flows = oqs.counting_statistics(model, T, mu), oqs.flow_law(model)(T, mu)
    np.testing.assert_allclose(statistics.flows.energy, flows.energy, rtol=1e-10)
    np.testing.assert_allclose(statistics.flows.particle, flows.particle, rtol=1e-10, atol=1e-18)
    assert statistics.uncertainty(0) >= 2
    response = oqs.linear_response(model, 0.3, mu=0.4)
    np.testing.assert_allclose(response.asymmetry, 0, atol=1e-9)


@pytest.mark.parametrize("rate", [1e-2, 1e-4])
def test_perlind_of_spins_is_counted_too(rate):
    """Means are the flow law's, covariances the curvature; both tend to Davies."""
    fridge, T, step = oqs.absorption_refrigerator(1.0, 3.0, 0.05), [1.0, 6.0, 1.5], 1e-4
    baths = [
        oqs.BosonicContact(oqs.flat(rate), oqs.on_factor(fridge, k, qutip.sigmax()))
        for k in range(3)
    ]
    model = oqs.perlind(fridge, baths)
    stats, davies = (oqs.counting_statistics(m, T) for m in (model, oqs.davies(fridge, baths)))
    energy = oqs.flow_law(model)(T).energy
    np.testing.assert_allclose(stats.flows.energy, energy, rtol=1e-10)
    scgf = [stats.generating_function(energy=[xi, 0.0, 0.0]) for xi in (-step, 0.0, step)]
    assert (scgf[2] - scgf[0]) / (2 * step) == pytest.approx(energy[0], rel=1e-5)
    curvature = (scgf[2] - 2 * scgf[1] + scgf[0]) / step**2
    assert curvature == pytest.approx(stats.covariance("energy")[0, 0], rel=1e-3)
    noise = oqs.noise(model, T).covariance("energy")
    np.testing.assert_allclose(noise, stats.covariance("energy"), rtol=1e-9)
    off = np.max(np.abs(noise / davies.covariance("energy") - 1))
    assert off < 10 * (rate / 0.1)  # rates over the splitting of 0.1
    if rate < 1e-3:
        assert off < 1e-4
