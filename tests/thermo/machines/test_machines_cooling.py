"""Transient cooling along a trajectory: against its events, and on trajectories made by hand."""

import dataclasses

import numpy as np
import pytest
import scipy.integrate

import oqs
import thermo

CONTACTS = [oqs.Contact(oqs.power_law(1e-4, 0.5)) for _ in range(2)]


def evolved(T, mu, energies=(21.1, 21.5), gas=None, **options):
    law = oqs.closed_form(oqs.QuadraticSystem.from_energies(list(energies)), CONTACTS)
    gas = gas or thermo.FermiDiracGas(1.5)
    group = [thermo.Reservoir(gas, c, name=n) for c, n in ((1.0, "cold"), (2.0, "hot"))]
    return thermo.evolve(law, group, T, mu, **options)


@pytest.fixture(scope="module")
def path():
    return evolved([0.6, 1.0], [20.8, 16.0])


def test_the_minimum_is_the_event(path):
    (event,) = [e for e in path.extrema if (e.kind, e.reservoirs) == ("T minimum", (0,))]
    cold, hot = thermo.cooling(path)
    assert (cold.name, hot.name) == ("cold", "hot")
    assert cold.lowest == pytest.approx(event.value, rel=1e-9)
    assert cold.depth == pytest.approx(event.value / 0.6, rel=1e-9)
    assert cold.time == pytest.approx(event.time, rel=1e-6)
    assert cold.lowest <= path.T[:, 0].min()


def test_the_duration_ends_where_it_is_as_warm_as_before(path):
    cold, _ = thermo.cooling(path)
    assert cold.warmed_up
    assert path.at(cold.duration).T[0] == pytest.approx(0.6, rel=1e-9)
    times = np.linspace(0, cold.duration, 2001)[1:-1]
    assert np.all(path.at(times).T[:, 0] < 0.6)


def test_the_entropy_is_what_the_flows_produced(path):
    cold, hot = thermo.cooling(path)

    def production(t):
        state = path.at(t)
        return -float(oqs.clausius_sum(path.law(*state), state.T))

    total, _ = scipy.integrate.quad(production, 0, cold.time, epsrel=1e-10, limit=200)
    assert cold.entropy_cost == pytest.approx(total, rel=1e-8)
    assert cold.entropy_in_all == hot.entropy_in_all
    assert cold.entropy_in_all == pytest.approx(np.sum(path.entropy[-1] - path.entropy[0]))
    assert cold.entropy_in_all > cold.entropy_cost > 0


def test_what_never_cools(path):
    hot = thermo.cooling(path)[1]
    assert (hot.depth, hot.lowest, hot.time, hot.duration) == (1.0, 1.0, 0.0, 0.0)
    assert hot.warmed_up
    assert hot.entropy_cost == 0.0


def test_a_run_that_ends_while_it_cools():
    path = evolved([0.6, 1.0], [20.8, 16.0], t_final=1e4, events=False)
    cold, _ = thermo.cooling(path)
    assert cold.time == cold.duration == path.t[-1]
    assert not cold.warmed_up
    assert cold.lowest == pytest.approx(path.T[-1, 0], rel=1e-15)


def test_one_that_ends_cooler_than_it_began():
    path = evolved([0.8, 1.2], [19.0, 19.0], events=False)
    cold, hot = thermo.cooling(path)
    assert cold.depth == 1.0
    assert not hot.warmed_up
    assert hot.depth == pytest.approx(path.T[-1, 1] / 1.2, rel=1e-6)


def test_nothing_flows():
    path = evolved([0.8, 0.8], [19.0, 19.0], events=False, t_final=1e5)
    for found in thermo.cooling(path):
        assert (found.depth, found.time, found.duration) == (1.0, 0.0, 0.0)
        assert found.warmed_up
        assert abs(found.entropy_in_all) < 1e-11


def test_one_that_warms_first_and_cools_below_its_start_later():
    """T_1 rises, falls below its start, and rises again: a law that is given as a table of T."""
    path = evolved([0.6, 1.0], [20.8, 16.0], events=False)
    # the same solution with 3 polynomials put in for ln T_1: s (1-s), then down, then up
    pieces = path.solution.steps(4)
    t = np.array([0.0, 1.0, 3.0, 5.0])
    coefficients = np.zeros((4, 3, 4))
    coefficients[1, :, 0] = [0, 0.1, -0.1]  # 0.1 s (1 - s) on [0, 1]
    coefficients[2, :, 0] = [0, -0.2, 0]  # down to -0.2 at t = 3
    coefficients[3, :, 0] = [-0.2, 0.4, 0]  # through 0 at t = 4
    coefficients[:, 0, 2:] = path.mu[0]
    made = dataclasses.replace(
        pieces,
        t=t,
        center=np.array([0.0, 0.0, 1.0, 3.0]),
        width=np.array([1.0, 1.0, 2.0, 2.0]),
        coefficients=coefficients,
    )
    T = (
        path.T[:4]
        * np.exp(np.array([[0, 0], [0, 0], [-0.2, 0], [0.2, 0]]))
        * path.T[0]
        / path.T[:4]
    )
    cold, _ = thermo.cooling(dataclasses.replace(path, t=t, T=T, solution=made))
    assert cold.depth == pytest.approx(np.exp(-0.2), rel=1e-14)
    assert cold.time == 3.0
    assert cold.duration == pytest.approx(3.0, rel=1e-12)  # from t = 1 to t = 4
    assert cold.warmed_up


def test_a_file_gives_the_same(path, tmp_path):
    path.save(tmp_path / "run.nc")
    assert thermo.cooling(thermo.Trajectory.load(tmp_path / "run.nc")) == thermo.cooling(path)


def test_bad_arguments(path):
    with pytest.raises(TypeError, match="`path` must be a Trajectory, but is list"):
        thermo.cooling([1.0])
    described = dataclasses.replace(path, gases=("a user's gas", path.gases[1]))
    with pytest.raises(ValueError, match="`path` must know its gases for the entropy"):
        thermo.cooling(described)
