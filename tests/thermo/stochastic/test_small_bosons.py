"""Small reservoirs of bosons: jumps move energy alone; a system between both kinds."""

import math

import numpy as np
import pytest
import qutip

import oqs
import thermo
import thermo.stochastic.jumps.runs as runs_module
from thermo.stochastic.small.small_reservoir import CLOSED, NO_TEMPERATURE
from thermo.stochastic.small.start import small_reservoir

QUBIT = oqs.davies(
    oqs.OperatorSystem(0.5 * qutip.sigmaz()),
    [
        oqs.BosonicContact(oqs.ohmic(rate), qutip.sigmax(), name=name)
        for rate, name in ((0.01, "a"), (0.02, "b"))
    ],
)
T = [0.5, 1.0]


def boxes(capacity, alpha=3):
    return [thermo.Reservoir(thermo.BoseGas(alpha), capacity)] * 2


def jumps(model=QUBIT, reservoirs=None, mu=(0.0, 0.0), **options):
    options = {"trajectories": 50, "t_final": 5e2, "seed": 1, "times": [5e2], **options}
    return thermo.evolve_stochastic(model, reservoirs or boxes(20.0), T[: len(mu)], mu, **options)


@pytest.mark.parametrize("alpha", [1, 3])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e5], ids="scale={:g}".format)
def test_a_reservoir_of_bosons_is_its_gas(alpha, scale):
    gas = thermo.BoseGas(alpha)
    box = small_reservoir(thermo.Reservoir(gas, 7.0), "box", 0.8 * scale, 0.0, moves=0)
    energy = box.energy - float(7 * gas.energy(0.6 * scale))
    here = box.at(0, energy)
    assert pytest.approx(0.6 * scale, rel=1e-12) == here.T
    assert here.entropy == pytest.approx(7 * float(gas.entropy(0.6 * scale)), rel=1e-12)
    assert here.mu == 0
    assert box.at(0, box.energy).code == CLOSED


def test_detailed_balance_and_the_fluctuation_theorem():
    chain = thermo.master_equation(QUBIT, boxes(20.0), T)
    law = chain.stationary_distribution
    assert np.abs(chain.W @ law).max() < 1e-15
    for t in (10.0, 1e3, 1e5):
        assert chain.fluctuation_theorem(t) == pytest.approx(1, abs=1e-10)
    late = chain.at(1e3)
    np.testing.assert_array_equal(late.N_mean, 0)
    bose = thermo.master_equation(QUBIT, boxes(20.0), T, [0.0, 0.0], occupations="fermi")
    assert abs(bose.fluctuation_theorem(1e3) - 1) > 1e-4


def test_jumps_follow_the_master_equation_and_both_engines_agree(monkeypatch):
    M = 3000
    ensemble = jumps(trajectories=M)
    moments = thermo.master_equation(QUBIT, boxes(20.0), T, [0.0, 0.0]).at(5e2)
    off = np.abs(ensemble.T_mean[0] - moments.T_mean) * math.sqrt(M) / moments.T_std
    assert np.all(off < 4.5)
    fast = jumps(preparation="canonical")
    monkeypatch.setattr(runs_module, "compiled", lambda plan: False)
    slow = jumps(preparation="canonical")
    np.testing.assert_array_equal(fast.jumps, slow.jumps)
    np.testing.assert_allclose(fast.T, slow.T, rtol=1e-12)


def test_large_reservoirs_of_bosons_follow_the_mean_field():
    path = thermo.evolve(oqs.flow_law(QUBIT), boxes(2000.0), T, [0.0, 0.0], t_final=3e5)
    ensemble = jumps(reservoirs=boxes(2000.0), t_final=3e5, times=[3e5])
    error = ensemble.T_std[0] / math.sqrt(50)
    assert np.all(np.abs(ensemble.T_mean[0] - path.T[-1]) < 4.5 * error)


def test_electrons_and_phonons_together():
    dots = oqs.QuadraticSystem([[1.2, 0.2], [0.2, 1.4]])
    contacts = [
        oqs.Contact(oqs.flat(0.01), [1, 0], name="lead"),
        oqs.BosonicContact(oqs.ohmic(0.02), [1.0, -1.0], name="phonons"),
    ]
    reservoirs = [
        thermo.Reservoir(thermo.FermiDiracGas(1.0), 5.0),
        thermo.Reservoir(thermo.BoseGas(3), 5.0),
    ]
    model = oqs.davies(dots, contacts)
    chain = thermo.master_equation(model, reservoirs, T, [1.2, 0.0])
    assert np.abs(chain.W @ chain.stationary_distribution).max() < 1e-15
    assert chain.fluctuation_theorem(1e3) == pytest.approx(1, abs=1e-10)
    ensemble = jumps(model, reservoirs, (1.2, 0.0), trajectories=1000)
    moments = chain.at(5e2)
    off = np.abs(ensemble.E_mean[0] - moments.E_mean) * math.sqrt(1000) / moments.E_std
    assert np.all(off < 4.5)


SOLIDS = {
    "Debye": thermo.DebyeSolid(T_D=2.0),
    "Debye, cold": thermo.DebyeSolid(T_D=200.0, dimension=1),
    "table": thermo.TabulatedHeatCapacity(np.geomspace(0.01, 20.0, 30), np.linspace(0.1, 3.0, 30)),
}


@pytest.mark.parametrize("gas", SOLIDS)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3], ids="scale={:g}".format)
def test_any_medium_is_its_own_small_reservoir(gas, scale):
    """T(E) and S(E) at other temperatures, dS/dE = 1/T, whatever the unit of energy."""
    medium, capacity = SOLIDS[gas], 7.0 * scale
    box = small_reservoir(thermo.Reservoir(medium, capacity), "box", 0.8, 0.0, moves=0)
    T = np.array([0.02, 0.3, 0.79999, 0.8, 5.0, 19.0])
    released = box.energy - capacity * medium.energy(T)
    here = box.at(0, released)
    held = released < box.energy  # the rounding of a difference leaves of E at the lowest T
    rounding = 1e-15 * box.energy / (capacity * medium.jacobian(T)[:, 1, 0] * T)
    assert np.all(np.abs(here.T / T - 1)[held] < 1e-12 + rounding[held])
    off = np.abs(here.entropy - capacity * medium.entropy(T))
    assert np.all(
        off[held] < 1e-12 * capacity * medium.entropy(T)[held] + 1e-15 * box.energy / T[held]
    )
    small = 1e-4 * box.energy
    slope = (box.at(0, -small).entropy - box.at(0, small).entropy) / (2 * small)
    assert slope == pytest.approx(1 / 0.8, rel=1e-6)
    edge = NO_TEMPERATURE if gas == "table" else CLOSED
    assert box.at(0, 1.001 * box.energy).code == edge


def test_a_cold_lattice_is_a_gas_of_bosons():
    """For T << T_D the law of BoseGas(3): the same jumps."""
    lattice = thermo.Reservoir(thermo.DebyeSolid(T_D=100.0), 2e5)
    gas = thermo.BoseGas(3)
    equal = thermo.Reservoir(gas, float(lattice.energy(1.0, 0.0) / gas.energy(1.0)))
    one, other = jumps(reservoirs=[lattice] * 2), jumps(reservoirs=[equal] * 2)
    np.testing.assert_array_equal(one.jumps, other.jumps)
    np.testing.assert_allclose(one.T, other.T, rtol=1e-9)


@pytest.mark.parametrize("gas", ["Debye", "table"])
def test_the_theorem_and_the_jumps_between_solids(gas):
    # a table ends, and so must not be met at its end: a large capacity
    solids = [thermo.Reservoir(SOLIDS[gas], 12.0 if gas == "Debye" else 300.0)] * 2
    chain = thermo.master_equation(QUBIT, solids, T, [0.0, 0.0])
    assert np.abs(chain.W @ chain.stationary_distribution).max() < 1e-13
    for t in (10.0, 1e3):
        assert chain.fluctuation_theorem(t) == pytest.approx(1, abs=1e-10)
    M = 800
    moments = chain.at(2e2)
    ensemble = jumps(reservoirs=solids, trajectories=M, t_final=2e2, times=[2e2])
    off = np.abs(ensemble.T_mean[0] - moments.T_mean) * math.sqrt(M) / moments.T_std
    assert np.all(off < 4.5)


def test_a_trajectory_of_bosons_counts_no_particles():
    path = jumps(trajectories=2).trajectory(1)
    assert len(path.t) > 1
    np.testing.assert_array_equal(path.N, 0)


def test_bad_input():
    with pytest.raises(
        ValueError, match="gas of its kind for each contact, but contact 'a' is bosonic"
    ):
        jumps(reservoirs=[thermo.Reservoir(thermo.FermiDiracGas(1.0), 20.0)] * 2)
