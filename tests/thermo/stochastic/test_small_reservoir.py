"""S, T, mu of one reservoir from what it lost, against `invert` and the gas itself."""

import math

import numpy as np
import pytest

import thermo
from thermo.stochastic.small.small_reservoir import CLOSED, NO_TEMPERATURE, THERE, FixedReservoir
from thermo.stochastic.small.start import small_reservoir

GASES = [
    *(thermo.FermiDiracGas(alpha) for alpha in (0.5, 1.0, 1.5, 3.0)),
    *(thermo.SommerfeldGas(alpha) for alpha in (1.0, 1.5, 2.0)),
]


def reservoir(gas, capacity, T, mu):
    return small_reservoir(thermo.Reservoir(gas, capacity), "box", T, mu)


@pytest.mark.parametrize("gas", GASES, ids=repr)
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e5], ids="scale={:g}".format)
@pytest.mark.parametrize("x", [-2.0, 1.0, 8.0, 34.0, 1e4], ids="x={:g}".format)
def test_the_start_is_the_state_of_the_gas(gas, scale, x):
    if isinstance(gas, thermo.SommerfeldGas) and x < gas.smallest_ratio:
        return
    T = 0.3 * scale
    state = gas.state(T, x * T)
    box = reservoir(gas, 50 / float(state.number), T, x * T)
    here = box.at(0, 0.0)
    assert here.code == THERE
    np.testing.assert_allclose(here.T, T, rtol=1e-10)
    np.testing.assert_allclose(here.mu, x * T, rtol=1e-10, atol=1e-11 * T)
    np.testing.assert_allclose(here.entropy, 50 * state.entropy / state.number, rtol=1e-12)
    np.testing.assert_allclose(box.energy, 50 * state.energy / state.number, rtol=1e-12)


@pytest.mark.parametrize("gas", GASES, ids=repr)
def test_losses_lead_where_inversion_leads(gas):
    capacity, T, mu = 200.0, 0.25, 1.5
    box = reservoir(gas, capacity, T, mu)
    lost = np.array([-7, -1, 0, 1, 5])
    released = 1.5 * lost + np.array([0.1, 0.2, -0.2, 0.0, 0.3])
    here = box.at(lost, released)
    found = thermo.invert(
        gas, (box.number - lost) / capacity, (box.energy - released) / capacity, guess=(T, mu)
    )
    np.testing.assert_allclose(here.T, found[0], rtol=2e-10)
    np.testing.assert_allclose(here.mu, found[1], rtol=2e-10)
    np.testing.assert_allclose(here.entropy, capacity * gas.entropy(*found), rtol=1e-11)


def test_a_cold_gas_keeps_its_digits_where_inversion_has_none():
    """At T = 1e-7 mu, T is a difference of E and E_0 in the tenth digit behind double precision."""
    gas = thermo.FermiDiracGas(1.5)
    box = reservoir(gas, 100.0, 1e-7, 1.0)
    # dT/T = -dw/(C T) of a small loss of heat at constant N
    C = 100 * (math.pi**2 / 3) * 1e-7
    loss = 1e-6 * C * 1e-7
    colder = float(box.at(0, loss).T)
    assert colder / 1e-7 - 1 == pytest.approx(-1e-6, rel=1e-4)


def test_any_gas_is_inverted():
    energies = np.linspace(0, 6, 121)
    gas = thermo.TabulatedGas(energies, energies**0.5)
    box = reservoir(gas, 30.0, 0.3, 1.0)
    exact = reservoir(thermo.FermiDiracGas(1.5), 30.0, 0.3, 1.0)
    lost, released = np.array([[0, 1], [2, -3]]), np.array([[0.0, 1.2], [2.0, -3.1]])
    np.testing.assert_allclose(box.at(lost, released).T, exact.at(lost, released).T, rtol=5e-3)
    assert box.at(100, 1.0).code == CLOSED
    assert box.at(0, box.energy).code == NO_TEMPERATURE


def test_where_a_reservoir_ends():
    gas = thermo.SommerfeldGas(1.5)
    box = reservoir(gas, 1.0, 0.1, 2.0)
    assert box.at(1, box.energy).code == CLOSED  # no energy
    assert box.at(math.ceil(box.number), 1.0).code == CLOSED  # no particle
    assert box.at(0, -10.0).code == NO_TEMPERATURE  # an expansion in T/mu
    assert np.isnan(box.at(0, -10.0).T)
    warm = reservoir(thermo.FermiDiracGas(1.5), 1.0, 0.1, 2.0)
    assert warm.at(0, -10.0).code == THERE


def test_a_reservoir_without_end():
    box = small_reservoir(thermo.Reservoir(thermo.FermiDiracGas(1.5), math.inf), "sea", 0.5, 2.0)
    assert box == FixedReservoir(0.5, 2.0)
    here = box.at([0, 1], [0.0, 3.0])
    np.testing.assert_allclose(here.entropy, [0.0, -(3.0 - 2.0) / 0.5])


def test_less_than_a_particle_is_refused_with_the_capacity_that_would_do():
    gas = thermo.FermiDiracGas(1.5)
    with pytest.raises(ValueError, match=r"'box'.* holds 0.0\d+: .*capacity of at least") as error:
        reservoir(gas, 1e-2, 0.3, 1.0)
    capacity = float(str(error.value).rsplit(" ", 1)[1].rstrip("."))
    assert 1 <= reservoir(gas, capacity, 0.3, 1.0).number < 1.01
    with pytest.raises(ValueError, match="no capacity would do"):
        reservoir(gas, 1.0, 1e-3, -1.0)
