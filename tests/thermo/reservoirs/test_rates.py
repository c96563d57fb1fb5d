"""Eq. (5) in its heat form against the printed inverse, its closed form, and its definition."""

import numpy as np
import pytest

import thermo
from thermo.reservoirs.rates import reservoir_rates, sommerfeld_rates

ALPHAS = [0.5, 1.0, 1.5, 2.0, 3.0]


def states(alpha, scale=1.0, size=50):
    rng = np.random.default_rng(7)
    gas = thermo.SommerfeldGas(alpha)
    T = scale * rng.uniform(0.2, 2.0, size)
    mu = T * rng.uniform(1.05 * gas.smallest_ratio, 60.0, size)
    flows = scale**2 * rng.normal(size=(2, size))
    return gas, T, mu, flows[0] / scale, flows[1]


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_heat_form_solves_the_printed_system(alpha, scale):
    gas, T, mu, P, J = states(alpha, scale)
    capacity = 2.5
    jacobian = capacity * gas.jacobian(T, mu)
    dT, dmu = reservoir_rates(jacobian, T, mu, P, J - mu * P)
    solved = -np.linalg.solve(jacobian, np.stack([P, J], axis=-1)[..., None])[..., 0]
    # the printed inverse cancels parts of relative size x^2 = 3600
    np.testing.assert_allclose(dT, solved[:, 0], rtol=1e-10)
    np.testing.assert_allclose(dmu, solved[:, 1], rtol=1e-10)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_closed_form_of_the_sommerfeld_gas(alpha, scale):
    gas, T, mu, P, J = states(alpha, scale)
    capacity = 0.4
    dT, dmu = reservoir_rates(capacity * gas.jacobian(T, mu), T, mu, P, J - mu * P)
    closed = sommerfeld_rates(alpha, capacity, T, mu, P, J)
    np.testing.assert_allclose(closed.temperature, dT, rtol=1e-10)
    np.testing.assert_allclose(closed.potential, dmu, rtol=1e-10)
    np.testing.assert_allclose(closed.ratio, dmu / T - mu * dT / T**2, rtol=1e-9, atol=1e-12)


def test_signs_for_a_flat_density_of_states():
    # alpha = 1: N = mu and E = mu^2/2 + pi^2 T^2/6, so dmu/dt = -P and T dT/dt = -(3/pi^2) Y
    T, mu, P, Y = (np.array([v]) for v in (0.5, 9.0, 0.3, -0.2))
    dT, dmu = reservoir_rates(thermo.SommerfeldGas(1.0).jacobian(T, mu), T, mu, P, Y)
    assert dmu[0] == pytest.approx(-0.3, rel=1e-14)
    assert dT[0] == pytest.approx(3 / np.pi**2 * 0.2 / 0.5, rel=1e-14)
