"""An engine over a grid: the numbers of the single calls, and the bound on its noise."""

import numpy as np
import pytest

import oqs
import thermo

T = [1.0, 2.0]
CONTACTS = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]


def dot(level):
    return oqs.davies(oqs.anderson_dot(level, U=1.5), CONTACTS)


def test_every_point_is_that_of_the_single_call():
    levels, bias = [1.0, 3.0], [0.2, 1.0, 4.0]
    table = thermo.device_map(dot, levels, bias, T, name="level")
    assert table.power.dims == ("level", "bias")
    for i, level in enumerate(levels):
        for k, V in enumerate(bias):
            mu = [V / 2, -V / 2]
            found = thermo.device_fluctuations(oqs.counting_statistics(dot(level), T, mu))
            for name in ("power_noise", "constancy", "uncertainty", "multidimensional"):
                exact = getattr(found, name)
                assert float(table[name][i, k]) == pytest.approx(exact, rel=1e-9)
            assert float(table.power[i, k]) == pytest.approx(found.device.power, rel=1e-10)
            engine = found.device.mode is thermo.Regime.ENGINE
            assert np.isfinite(table.over_carnot[i, k]) == engine
            if engine:
                exact = found.device.over_carnot
                assert float(table.over_carnot[i, k]) == pytest.approx(exact, rel=1e-9)


def test_no_engine_of_jumps_is_steadier_than_the_bound():
    table = thermo.device_map(dot, np.linspace(1, 6, 11), np.linspace(0.05, 1.9, 12), T)
    x = table.over_carnot.values
    engine = np.isfinite(x)
    assert engine.sum() > 50
    noise = (table.power_noise / (T[0] * table.power)).values
    assert np.all(noise[engine] >= 2 * x[engine] / (1 - x[engine]) * (1 - 1e-9))
    assert float(table.multidimensional.max()) <= 1 + 1e-9


def test_a_tightly_coupled_engine_lies_near_the_bound():
    def level(w):
        return oqs.davies(oqs.QuadraticSystem([[w]]), CONTACTS)

    table = thermo.device_map(level, [3.0], [0.2, 1.0, 1.4], T)
    x = table.over_carnot.values[0]
    np.testing.assert_allclose(x, np.array([0.2, 1.0, 1.4]) / (3 + np.array([0.1, 0.5, 0.7])) * 2)
    noise = (table.power_noise / (T[0] * table.power)).values[0]
    np.testing.assert_allclose(noise / (2 * x / (1 - x)), table.uncertainty.values[0] / 2)


def test_without_power_there_is_no_uncertainty():
    table = thermo.device_map(dot, [1.0], [0.0], T)
    assert np.isnan(table.uncertainty).all()
    assert np.isnan(table.efficiency).all()
    assert table.constancy.item() == 0.0


def test_between_three_temperatures():
    contacts = [*CONTACTS, oqs.Contact(oqs.flat(0.01), name="warm")]

    def three(level):
        return oqs.davies(oqs.spinless_dots([level, level + 1.0], 0.2, U=1.0), contacts)

    table = thermo.device_map(
        three, [1.0, 3.0], [0.2, 1.0, 3.0], [1.0, 2.0, 1.5], shares=[0.5, -0.5, 0.0]
    )
    assert np.isfinite(table.over_carnot).any()
    assert float(table.over_carnot.max()) < 1
    assert float(table.multidimensional.max()) <= 1 + 1e-9


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"build": 3.0}, TypeError, "`build` must be a function"),
        ({"build": lambda w: w}, TypeError, "`build` must return a model"),
        ({"bias": []}, ValueError, "`bias` must have shape"),
        ({"parameter": [[1.0]]}, ValueError, "`parameter` must have shape"),
        ({"T": [1.0]}, ValueError, "`T` must have shape"),
        ({"T": [1.0, -2.0]}, ValueError, "`T`"),
    ],
)
def test_bad_arguments_are_named(change, error, message):
    given = {"build": dot, "parameter": [1.0], "bias": [0.1], "T": T} | change
    with pytest.raises(error, match=message):
        thermo.device_map(**given)
