"""How steady a machine is: bounds on random machines, a closed form, one engine by hand."""

import numpy as np
import pytest

import oqs
import thermo
from thermo import Regime


def random_statistics(seed):
    rng = np.random.default_rng(seed)
    system = oqs.InteractingSystem.from_terms(
        np.diag(rng.uniform(0, 2, 2)) + 0.3 * np.ones((2, 2)), U={(0, 1): rng.uniform(0, 2)}
    )
    n = int(rng.integers(2, 4))
    contacts = [
        oqs.Contact(oqs.flat(10 ** rng.uniform(-3, -1)), rng.normal(size=(1, 2))) for _ in range(n)
    ]
    T, mu = rng.uniform(0.3, 2, n), rng.uniform(-0.5, 1.5, n)
    return oqs.counting_statistics(oqs.davies(system, contacts), T, mu)


def test_uncertainty_relations_of_random_machines():
    for seed in range(100):
        stats = random_statistics(seed)
        found = thermo.device_fluctuations(stats)
        assert found.uncertainty >= 2 * (1 - 1e-9)
        best = found.multidimensional
        assert best <= 1 + 1e-9
        singles = [
            2 / stats.uncertainty(j, kind)
            for j in range(stats.reservoirs)
            for kind in ("particle", "energy", "heat")
        ]
        assert best >= max(*singles, 2 / found.uncertainty) * (1 - 1e-9)


def engine():
    """One level between a hot and a cold reservoir: every electron lifted by 1."""
    contacts = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
    model = oqs.davies(oqs.QuadraticSystem.from_energies([3.0]), contacts)
    return oqs.counting_statistics(model, [1.0, 2.0], [1.0, 0.0])


def test_an_engine_of_one_level():
    stats = engine()
    found = thermo.device_fluctuations(stats)
    machine = found.device
    assert machine.mode is Regime.ENGINE
    noise = stats.covariance("particle")[0, 0]
    np.testing.assert_allclose(found.power_noise, noise, rtol=1e-12)  # each lifted by mu = 1
    np.testing.assert_allclose(found.constancy, machine.power**2 / noise, rtol=1e-12)
    np.testing.assert_allclose(found.uncertainty, stats.uncertainty(0), rtol=1e-10)
    # tight coupling: no combination of currents is better than one of them
    np.testing.assert_allclose(found.multidimensional, 2 / found.uncertainty, rtol=1e-9)
    carnot, eta = machine.carnot, machine.efficiency
    least = 2 * 1.0 * machine.power * eta / (carnot - eta)  # Pietzonka and Seifert
    assert found.power_noise >= least
    np.testing.assert_allclose(found.power_noise / least, found.uncertainty / 2, rtol=1e-10)
    assert "constancy" in repr(found)


def test_without_power_and_without_statistics():
    contacts = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
    model = oqs.davies(oqs.anderson_dot(0.5, 1.0), contacts)
    found = thermo.device_fluctuations(oqs.counting_statistics(model, [1.0, 2.0], [0.0, 0.0]))
    assert found.constancy == 0
    assert 0 < found.multidimensional <= 1
    with pytest.raises(ValueError, match="power beyond its floor"):
        _ = found.uncertainty
    still = thermo.device_fluctuations(oqs.counting_statistics(model, [1.0, 1.0], [0.2, 0.2]))
    assert still.multidimensional == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(TypeError, match="`statistics` must be counting statistics, but is Flows"):
        thermo.device_fluctuations(engine().flows)
