"""Equations of state of heat alone: bosons without particle number, lattices, tables."""

import math

import mpmath
import numpy as np
import pytest

import thermo
from thermo.gases import CombinedGas
from thermo.gases.debye import debye_function

TABLE_T = np.geomspace(1e-4, 30.0, 61)
TABLE = thermo.TabulatedHeatCapacity(TABLE_T, TABLE_T**3 / (1 + TABLE_T**2))
GASES = [
    *(pytest.param(thermo.BoseGas(a), id=f"bose-{a}") for a in (0.4, 1, 1.5, 3)),
    *(pytest.param(thermo.DebyeSolid(0.7, dimension=d), id=f"debye-{d}") for d in (1, 2, 3)),
    pytest.param(TABLE, id="table"),
    pytest.param(CombinedGas(((thermo.BoseGas(3), 2.0), (TABLE, 0.5))), id="combined"),
]
T = np.array([2e-3, 0.04, 0.3, 1.0, 7.0])


@pytest.mark.parametrize("gas", GASES)
def test_heat_capacity_and_entropy_are_those_of_the_energy(gas):
    h = 1e-3 * T
    weights = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))
    zero = np.zeros_like(T)

    def slope(function):
        return sum(
            w * (function(T + k * h, zero) - function(T - k * h, zero)) / h for k, w in weights
        )

    state = gas.state(T, zero)
    capacity = state.jacobian[:, 1, 0]
    np.testing.assert_allclose(slope(gas.energy), capacity, rtol=2e-9)
    np.testing.assert_allclose(slope(gas.entropy), capacity / T, rtol=2e-9)
    assert np.all(capacity > 0)
    assert not state.number.any()
    assert not state.jacobian[:, 0].any()
    assert not state.jacobian[:, :, 1].any()
    assert gas.conserves == ("E",)


@pytest.mark.parametrize("alpha", [0.4, 1, 1.5, 3, 12])
def test_bose_gas_is_the_integral_over_its_levels(alpha):
    gas = thermo.BoseGas(alpha)
    for t in (1e-3, 1.0, 20.0):
        with mpmath.workdps(30):
            u = mpmath.quad(lambda x: x**alpha / mpmath.expm1(x), [0, 1, 10, 60, 300])
            energy = float(u * mpmath.mpf(t) ** (alpha + 1))
        assert float(gas.energy(t)) == pytest.approx(energy, rel=1e-13)
        assert float(gas.entropy(t)) == pytest.approx((alpha + 1) / alpha * energy / t, rel=1e-13)


def test_photons():
    gas = thermo.BoseGas(3)
    assert float(gas.energy(2.0)) == pytest.approx(math.pi**4 / 15 * 16, rel=1e-15)
    assert float(gas.entropy(2.0)) == pytest.approx(4 * math.pi**4 / 45 * 8, rel=1e-15)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("x", [1e-6, 0.1, 1.0, 1.99, 2.0, 2.01, 5.0, 30.0, 1e3, 1e6])
def test_debye_function(n, x):
    with mpmath.workdps(30):
        parts = [0, min(x, 1), min(x, 10), min(x, 100), min(x, 400)]
        exact = n / mpmath.mpf(x) ** n * mpmath.quad(lambda t: t**n / mpmath.expm1(t), parts)
    assert float(debye_function(n, np.array(x))) == pytest.approx(float(exact), rel=2e-15)


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_debye_solid_is_a_bose_gas_when_cold_and_dulong_and_petit_when_hot(dimension):
    solid, T_D = thermo.DebyeSolid(1.3, dimension=dimension), 1.3
    bosons = thermo.BoseGas(dimension)
    density = dimension**2 / T_D**dimension  # D modes an atom, spread as eps^(D-1) up to T_D
    cold = np.array([1e-6, 1e-3, 0.03])
    for name in ("energy", "entropy"):
        np.testing.assert_allclose(
            getattr(solid, name)(cold), density * getattr(bosons, name)(cold), rtol=1e-12
        )
    if dimension == 3:
        capacity = solid.jacobian(cold)[:, 1, 0]
        np.testing.assert_allclose(capacity, 12 * math.pi**4 / 5 * (cold / T_D) ** 3, rtol=1e-12)
    hot = np.array([20.0, 1e3, 1e8])
    capacity = solid.jacobian(hot)[:, 1, 0]
    leading = 1 - dimension * (T_D / hot) ** 2 / (12 * (dimension + 2))
    np.testing.assert_allclose(capacity / dimension, leading, rtol=1e-7)


def test_a_table_of_a_power_law_is_the_power_law():
    t = np.geomspace(0.01, 10, 9)
    for power in (-1.0, 0.0, 1.0, 3.0):
        gas = thermo.TabulatedHeatCapacity(t, 2 * t**power)
        at = np.array([0.01, 0.0123, 0.5, 9.9, 10.0])

        def grown(p, at=at):
            return np.log(at / 0.01) if p == 0 else (at**p - 0.01**p) / p

        np.testing.assert_allclose(gas.energy(at), 2 * grown(power + 1), rtol=1e-13, atol=1e-300)
        np.testing.assert_allclose(gas.entropy(at), 2 * grown(power), rtol=1e-13, atol=1e-20)
        np.testing.assert_allclose(gas.jacobian(at)[:, 1, 0], 2 * at**power, rtol=1e-13)
        beyond = np.array([0.005, 20.0])  # a trial state, that `check` refuses
        np.testing.assert_allclose(gas.jacobian(beyond)[:, 1, 0], 2 * beyond**power, rtol=1e-13)
        gas.check(at)
        with pytest.raises(ValueError, match="within the table"):
            gas.check(beyond)


def test_a_table_of_a_debye_solid_is_nearly_one():
    solid = thermo.DebyeSolid(1.0)
    t = np.geomspace(1e-3, 10, 200)
    table = thermo.TabulatedHeatCapacity(t, solid.jacobian(t)[:, 1, 0])
    at = np.array([0.011, 0.17, 0.9, 6.3])
    for name in ("energy", "entropy"):
        exact = getattr(solid, name)(at) - getattr(solid, name)(1e-3)
        np.testing.assert_allclose(getattr(table, name)(at), exact, rtol=2e-5)


def test_equal_gases_are_equal():
    again = thermo.TabulatedHeatCapacity(TABLE_T, TABLE_T**3 / (1 + TABLE_T**2))
    assert again == TABLE
    assert hash(again) == hash(TABLE)
    assert again != thermo.BoseGas(3)
    assert "61 T from 0.0001 to 30" in repr(TABLE)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: thermo.BoseGas(0), "`alpha` must be positive"),
        (lambda: thermo.BoseGas(101), "between 0.001 and 100"),
        (lambda: thermo.DebyeSolid(-1), "`T_D` must be positive"),
        (lambda: thermo.DebyeSolid(1, dimension=4), "must be 1, 2 or 3, but is 4"),
        (lambda: thermo.TabulatedHeatCapacity([1.0, 1.0], [1.0, 1.0]), "ascending"),
        (lambda: thermo.TabulatedHeatCapacity([0.0, 1.0], [1.0, 1.0]), "must be positive"),
        (lambda: thermo.TabulatedHeatCapacity([1.0, 2.0], [1.0, 0.0]), "must be positive"),
        (lambda: thermo.TabulatedHeatCapacity([1.0, 2.0], [1.0]), "must have shape"),
        (lambda: thermo.TabulatedHeatCapacity([1.0, 20.0], [1.0, 1.0]), "factors of at most 10"),
        (lambda: thermo.BoseGas(3).energy(0.0), "`T` must be positive and finite"),
        (lambda: thermo.BoseGas(3).energy(1.0, 0.2), "must be 0 or nan for BoseGas"),
        (lambda: thermo.BoseGas(3).energy(1e90), "overflows"),
    ],
)
def test_bad_input(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


def test_mu_of_a_thermal_gas_is_zero_or_nan():
    gas = thermo.BoseGas(3)
    assert gas.energy(1.0, math.nan) == gas.energy(1.0, 0.0) == gas.energy(1.0)
    assert gas.energy([1.0, 2.0], [0.0, math.nan]).shape == (2,)
