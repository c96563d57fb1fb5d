"""Reservoirs of infinite capacity: their T and mu stay, in equilibrium, evolution and results."""

import math

import numpy as np
import pytest

import oqs
import thermo

GAS = thermo.FermiDiracGas(1.5)
DOTS = oqs.QuadraticSystem.from_energies([21.1, 21.5])
T, MU = [0.6, 1.0], [20.8, 16.0]


def law(n=2):
    return oqs.closed_form(DOTS, [oqs.Contact(oqs.power_law(1e-4, 0.5)) for _ in range(n)])


def group(*capacities, gas=GAS):
    return [thermo.Reservoir(gas, capacity) for capacity in capacities]


def test_it_conserves_nothing():
    assert thermo.Reservoir(GAS, math.inf).conserves == ()
    assert thermo.Reservoir(GAS, 3.0).conserves == ("N", "E")


@pytest.mark.parametrize("gas", [GAS, thermo.SommerfeldGas(1.5)], ids=repr)
@pytest.mark.parametrize("place", [0, 1])
def test_the_equilibrium_is_its_own(place, gas):
    sizes = [1.0, 1.0]
    sizes[place] = math.inf
    found = thermo.equilibrium(group(*sizes, gas=gas), T, MU)
    assert (found.T, found.mu) == (T[place], MU[place])
    path = thermo.evolve(law(), group(*sizes, gas=gas), T, MU)
    assert path.outcome == "equilibrated"
    np.testing.assert_array_equal(path.T[:, place], T[place])
    np.testing.assert_array_equal(path.mu[:, place], MU[place])
    np.testing.assert_allclose(path.T[-1], T[place], rtol=1.1e-6)


@pytest.mark.parametrize("size", [1e7, 1e9])
def test_the_limit_of_a_large_one(size):
    fixed, large = (thermo.evolve(law(), group(c, 1.0), T, MU) for c in (math.inf, size))
    times = np.geomspace(1e2, min(fixed.t[-1], large.t[-1]), 50)
    np.testing.assert_allclose(fixed.at(times).T, large.at(times).T, rtol=300 / size)
    assert [e.kind for e in fixed.extrema if e.reservoirs == (1,)] == [
        e.kind for e in large.extrema if e.reservoirs == (1,)
    ]


def test_what_it_has_gained():
    path = thermo.evolve(law(), group(math.inf, 1.0), T, MU)
    assert np.all(path.N[0, 0] == path.E[0, 0] == path.entropy[0, 0] == 0)
    assert max(path.conservation) < 1e-11
    assert np.min(np.diff(path.entropy.sum(axis=1))) > -1e-12
    # at its constant T and mu, T dS = dE - mu dN
    gained = (path.E[-1, 0] - MU[0] * path.N[-1, 0]) / T[0]
    assert path.entropy[-1, 0] == pytest.approx(gained, rel=1e-9)
    (_, hot) = thermo.cooling(path)
    assert hot.entropy_in_all == pytest.approx(path.entropy[-1].sum() - path.entropy[0].sum())


@pytest.mark.parametrize("sizes", [(math.inf, 1.0, math.inf), (math.inf, 1e-3, math.inf)])
def test_a_stationary_flow_between_two_that_differ_is_rest(sizes):
    start = [0.6, 1.0, 0.8], [20.8, 16.0, 19.0]
    path = thermo.evolve(law(3), group(*sizes), *start)
    many = thermo.evolve_ensemble(law(3), group(*sizes), [start[0]], [start[1]], workers=1)
    assert path.outcome == many.outcome[0] == "stalled"
    assert path.equilibrium is None
    np.testing.assert_allclose(many.T[0], path.T[-1], rtol=2e-6)
    particle, heat = path.flows.particle[-1], path.flows.heat[-1]
    assert abs(particle[1]) < 1e-5 * abs(particle[0])
    assert abs(heat[1]) < 1e-4 * abs(heat[0])
    assert thermo.plot_trajectory(path, entropy=True)


def test_nothing_but_fixed_ones():
    assert thermo.evolve(law(), group(math.inf, math.inf), T, MU).t.tolist() == [0.0]
    path = thermo.evolve(law(), group(math.inf, math.inf), T, MU, t_final=1e5)
    assert path.outcome == "t_final"
    np.testing.assert_allclose(path.N[-1], -1e5 * law()(T, MU).particle, rtol=1e-12)
    assert path.conservation.number < 1e-14
    with pytest.raises(ValueError, match="equal at all reservoirs of infinite capacity"):
        thermo.equilibrium(group(math.inf, math.inf), T, MU)


def test_beside_the_open_system():
    model = oqs.davies(DOTS, [oqs.Contact(oqs.power_law(1e-4, 0.5)) for _ in range(2)])
    rho = oqs.stationary_state(model, T, MU)
    path = thermo.coevolve(model, group(1.0, math.inf), rho, T, MU)
    assert path.outcome == "equilibrated"
    np.testing.assert_allclose(path.T[-1], T[1], rtol=1.1e-6)
    assert max(path.conservation) < 1e-8
    still = thermo.coevolve(model, group(math.inf, math.inf), rho, T, MU)
    assert still.outcome == "stalled"


def test_it_is_read_back_from_a_file(tmp_path):
    path = thermo.evolve(law(), group(math.inf, 1.0), T, MU, t_final=1e5)
    path.save(tmp_path / "path.nc")
    again = thermo.Trajectory.load(tmp_path / "path.nc")
    np.testing.assert_array_equal(again.capacities, [math.inf, 1.0])
    np.testing.assert_array_equal(again.N, path.N)
