"""Jumps of small reservoirs: two engines, the master equation, seeds, theorems, interruptions."""

import functools
import math
import os

import numpy as np
import pytest

import oqs
import thermo
import thermo.stochastic.jumps.runs as runs_module
from thermo.stochastic.jumps.random_numbers import keys, uniforms

CONTACTS = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
LEVEL = oqs.davies(oqs.QuadraticSystem.from_energies([1.3]), CONTACTS)
PAIR = oqs.davies(oqs.QuadraticSystem.from_energies([1.1, 1.4]), CONTACTS)
DOT = oqs.davies(oqs.anderson_dot(1.0, 0.4), CONTACTS)
FERMI = thermo.FermiDiracGas(1.0)
START = ([0.3, 0.6], [1.2, 0.9])


def boxes(capacity, gas=FERMI, count=2):
    return [thermo.Reservoir(gas, capacity)] * count


def jumps(model=LEVEL, reservoirs=None, start=START, **options):
    options = {"trajectories": 40, "t_final": 2e3, "seed": 5, "times": [0.0, 50.0, 2e3], **options}
    return thermo.evolve_stochastic(model, reservoirs or boxes(20.0), *start, **options)


def columns(ensemble):
    return {
        name: getattr(ensemble, name)
        for name in ensemble.__dataclass_fields__
        if isinstance(getattr(ensemble, name), np.ndarray)
    }


def assert_equal(one, other, rtol=0.0):
    for name, values in columns(one).items():
        np.testing.assert_allclose(values, getattr(other, name), rtol=rtol, atol=rtol, err_msg=name)


@functools.cache
def three():
    model = oqs.davies(
        oqs.QuadraticSystem.from_energies([1.1, 1.4]),
        [oqs.Contact(oqs.flat(rate)) for rate in (0.01, 0.02, 0.03)],
    )
    reservoirs = [
        thermo.Reservoir(FERMI, 4.0, "a"),
        thermo.Reservoir(thermo.FermiDiracGas(1.5), 9.0, "b"),
        thermo.Reservoir(FERMI, math.inf, "c"),
    ]
    return {"model": model, "reservoirs": reservoirs, "start": ([0.3, 0.6, 0.4], [1.2, 0.9, 1.0])}


CASES = {
    "one level": {},
    "fermi": {"occupations": "fermi"},
    "canonical": {"preparation": "canonical"},
    "two levels, at the edge": {"model": PAIR, "reservoirs": boxes(2.0)},
    "interacting": {"model": DOT, "reservoirs": boxes(6.0)},
    "first passages": {"below": [0.29, 0.59]},
    "cold": {"start": ([1e-3, 2e-3], [1.3, 1.2999]), "reservoirs": boxes(1e6)},
    "one reservoir": {
        "model": oqs.davies(oqs.QuadraticSystem.from_energies([1.3]), CONTACTS[:1]),
        "reservoirs": boxes(5.0, count=1),
        "start": ([0.3], [1.2]),
    },
}


@pytest.mark.parametrize("case", [*CASES, "three reservoirs"])
def test_both_engines_make_the_same_jumps(case, monkeypatch):
    pytest.importorskip("numba")
    options = three() if case == "three reservoirs" else CASES[case]
    fast = jumps(**options)
    monkeypatch.setattr(runs_module, "compiled", lambda plan: False)
    slow = jumps(**options)
    assert fast.jumps.sum() > 0
    np.testing.assert_array_equal(fast.jumps, slow.jumps)
    np.testing.assert_array_equal(fast.state, slow.state)
    np.testing.assert_array_equal(fast.closed, slow.closed)
    assert_equal(fast, slow, rtol=1e-8)


def test_any_gas_is_followed_in_step():
    energies = np.linspace(0, 8, 161)
    gas = thermo.TabulatedGas(energies, np.ones_like(energies))
    table = jumps(reservoirs=boxes(20.0, gas), trajectories=3, t_final=300.0, times=[300.0])
    exact = jumps(trajectories=3, t_final=300.0, times=[300.0])
    np.testing.assert_array_equal(table.jumps, exact.jumps)
    np.testing.assert_allclose(table.T, exact.T, rtol=1e-3)


@pytest.mark.parametrize("occupations", ["entropic", "fermi"])
def test_means_and_deviations_are_those_of_the_master_equation(occupations):
    chain = thermo.master_equation(LEVEL, boxes(20.0), *START, occupations=occupations)
    M, t = 4000, 3e3
    ensemble = jumps(trajectories=M, t_final=t, times=[30.0, t], occupations=occupations)
    for place, moment in enumerate([chain.at(30.0), chain.at(t)]):
        for name in ("T", "mu", "N", "E"):
            mean, spread = getattr(moment, f"{name}_mean"), getattr(moment, f"{name}_std")
            found = getattr(ensemble, f"{name}_mean")[place]
            assert np.all(np.abs(found - mean) < 4.5 * spread / math.sqrt(M)), name
            ratio = getattr(ensemble, f"{name}_std")[place] / spread
            assert np.all(np.abs(ratio - 1) < 6 / math.sqrt(M)), name


def test_an_interacting_dot_follows_the_master_equation_at_the_edge():
    chain = thermo.master_equation(DOT, boxes(3.0), *START)
    M = 3000
    ensemble = jumps(model=DOT, reservoirs=boxes(3.0), trajectories=M)
    moment = chain.at(2e3)
    off = np.abs(ensemble.T_mean[-1] - moment.T_mean) * math.sqrt(M) / moment.T_std
    assert np.all(off < 4.5)


def test_large_reservoirs_follow_the_mean_field():
    gas = thermo.SommerfeldGas(1.5)
    model = oqs.davies(
        oqs.QuadraticSystem.from_energies([21.1, 21.5]), [oqs.Contact(oqs.power_law(1e-4, 0.5))] * 2
    )
    T, mu = [0.6, 1.0], [20.8, 16.0]
    path = thermo.evolve(oqs.flow_law(model), boxes(1.0, gas), T, mu, t_final=8.6e4)
    ensemble = jumps(model, boxes(100.0, gas), (T, mu), t_final=8.6e6, times=[8.6e6])
    error = ensemble.T_std[0] / math.sqrt(40)
    assert np.all(np.abs(ensemble.T_mean[0] - path.T[-1]) < 4 * error + 0.003)
    assert 0.01 < ensemble.T_std[0, 0] / 0.6 < 0.04


def test_a_trajectory_is_the_same_whatever_is_computed_with_it(monkeypatch):
    alone = jumps(trajectories=7)
    more = jumps(trajectories=40, executor=2)
    np.testing.assert_array_equal(alone.T, more.T[:7])
    np.testing.assert_array_equal(alone.first_flip_mu, more.first_flip_mu[:7])
    monkeypatch.setattr(runs_module, "_JUMPS", 1e2)
    assert_equal(jumps(trajectories=40), more)
    assert not np.array_equal(jumps(trajectories=7, seed=6).jumps, alone.jumps)


def test_random_numbers_are_uniform_and_different():
    found = uniforms(keys(3, 0, 50)[:, None], np.arange(2000))
    assert len(np.unique(found)) == found.size
    assert abs(found.mean() - 0.5) < 5 / math.sqrt(12 * found.size)
    counts = np.histogram(found, 100, (0, 1))[0]
    assert np.sum((counts - 1000) ** 2 / 1000) < 99 + 5 * math.sqrt(2 * 99)
    neighbours = np.corrcoef(found[:, :-1].ravel(), found[:, 1:].ravel())[0, 1]
    assert abs(neighbours) < 5 / math.sqrt(found.size)
    # SplitMix64's own first number of the seed 0 comes out of one round: a known answer
    zero = np.zeros(2, dtype=np.uint64)
    with np.errstate(over="ignore"):
        mixed = thermo.stochastic.jumps.random_numbers.mixed(zero + np.uint64(0x9E3779B97F4A7C15))
    assert mixed[0] == 0xE220A8397B1DCDAF
    np.testing.assert_array_equal(keys(3, 10, 5), keys(3, 0, 15)[10:])


def test_the_fluctuation_theorems():
    ensemble = jumps(preparation="canonical", trajectories=4000, times=[2e3])
    estimate = ensemble.fluctuation_theorem()
    assert estimate.deviation(1.0) < 4.5
    assert estimate.error < 0.05
    for R, ratio, error in ensemble.detailed_fluctuation_theorem(6):
        assert abs(R - ratio) < 4.5 * error + 1e-12
    with pytest.raises(ValueError, match="preparation='canonical'"):
        jumps().fluctuation_theorem()
    with pytest.raises(ValueError, match="preparation='canonical'"):
        jumps().detailed_fluctuation_theorem()


def test_a_canonical_preparation_has_its_own_fluctuations():
    """Var N = T dN/dmu, Var E = T^2 dE/dT + mu T dE/dmu of a grand-canonical reservoir."""
    M = 4000
    ensemble = jumps(
        PAIR, boxes(100.0), preparation="canonical", trajectories=M, t_final=1.0, times=[0.0]
    )
    T, mu = map(np.array, START)
    jacobian = boxes(100.0)[0].jacobian(T, mu)
    np.testing.assert_allclose(ensemble.N_std[0] ** 2, T * jacobian[:, 0, 1], rtol=0.1)
    exact = T**2 * jacobian[:, 1, 0] + mu * T * jacobian[:, 1, 1]
    np.testing.assert_allclose(ensemble.E_std[0] ** 2, exact, rtol=0.1)


def test_entropy_production_is_that_of_the_ends():
    """In small reservoirs it may fall on average: it leaves out that the ends are many."""
    for capacity, sign in ((20.0, -1), (1000.0, 1)):
        reservoir = boxes(capacity)[0]
        ensemble = jumps(reservoirs=boxes(capacity), trajectories=200, t_final=1e4, times=[1e4])
        assert sign * ensemble.entropy_production.mean() > 0
        gain = sum(
            reservoir.entropy(ensemble.T[:, -1, j], ensemble.mu[:, -1, j])
            - reservoir.entropy(START[0][j], START[1][j])
            for j in range(2)
        )
        np.testing.assert_allclose(ensemble.entropy_production, gain, atol=1e-9)


def test_a_whole_trajectory_is_what_the_columns_say():
    ensemble = jumps(PAIR, boxes(4.0), below=[0.27, 0.5])
    for i in range(5):
        path = ensemble.trajectory(i)
        assert len(path.t) == ensemble.jumps[i] + 1
        place = np.searchsorted(path.t, ensemble.times, side="right") - 1
        np.testing.assert_allclose(path.T[place], ensemble.T[i], rtol=1e-12)
        np.testing.assert_allclose(path.N[place], ensemble.N[i], rtol=1e-12)
        np.testing.assert_array_equal(path.state[place], ensemble.state[i])
        np.testing.assert_allclose(path.T.min(axis=0), ensemble.lowest_T[i], rtol=1e-10)
        for j, level in enumerate([0.27, 0.5]):
            below = np.flatnonzero(path.T[:, j] < level)
            first = path.t[below[0]] if len(below) else np.inf
            assert ensemble.passage_time[i, j] == pytest.approx(first, rel=1e-10)
        order = np.sign(path.mu[:, 0] - path.mu[:, 1])
        order = order[order != 0]
        assert ensemble.flips_mu[i, 0] == np.count_nonzero(np.diff(order))
        held = np.diff(path.N.sum(axis=1)) + np.diff(np.bitwise_count(path.state).astype(float))
        np.testing.assert_allclose(held, 0, atol=1e-10)
    assert ensemble.closed.sum() > 0
    assert "A trajectory of" in repr(path)


def test_no_seed_draws_one_and_says_so():
    first = jumps(seed=None)
    assert_equal(first, jumps(seed=first.seed))
    assert first.seed != jumps(seed=None).seed


def test_quantiles_dataset_and_file(tmp_path):
    ensemble = jumps()
    low, middle, high = ensemble.quantiles("T", [0.1, 0.5, 0.9])
    assert np.all(low <= middle)
    assert np.all(middle <= high)
    with pytest.raises(ValueError, match="one of"):
        ensemble.quantiles("S", [0.5])
    with pytest.raises(ValueError, match="within"):
        ensemble.quantiles("T", [1.5])
    table = ensemble.to_dataset()
    thermo.save_dataset(table, tmp_path / "jumps.nc")
    again = thermo.load_dataset(tmp_path / "jumps.nc")
    assert again.identical(table)
    assert again.attrs["seed"] == "5"
    with pytest.raises(ValueError, match="read-only"):
        ensemble.T[0] = 1


def test_a_store_goes_on_and_knows_its_run(tmp_path, monkeypatch):
    monkeypatch.setattr(runs_module, "_JUMPS", 1e2)
    store = tmp_path / "jumps.db"
    whole = jumps(trajectories=12)
    jumps(trajectories=12, store=store)
    called = []
    original = runs_module.JumpRuns.followed
    monkeypatch.setattr(
        runs_module.JumpRuns,
        "followed",
        lambda self, *args: called.append(args) or original(self, *args),
    )
    assert_equal(jumps(trajectories=12, store=store), whole)
    assert not called
    with pytest.raises(ValueError, match="must hold results of"):
        jumps(trajectories=12, store=store, seed=6)


def test_ctrl_c_keeps_what_is_finished(monkeypatch):
    monkeypatch.setattr(runs_module, "_JUMPS", 1e2)
    original, stops = runs_module.JumpRuns.followed, [0, 0, 0, 1]

    def followed(self, *args):
        if stops.pop(0):
            raise KeyboardInterrupt
        return original(self, *args)

    monkeypatch.setattr(runs_module.JumpRuns, "followed", followed)
    with pytest.raises(thermo.StochasticInterrupted, match="3 of 50 trajectories") as stopped:
        jumps(trajectories=50)
    monkeypatch.undo()
    np.testing.assert_array_equal(stopped.value.ensemble.T, jumps(trajectories=3).T)
    monkeypatch.setattr(runs_module.JumpRuns, "followed", followed)
    stops[:] = [1]
    with pytest.raises(KeyboardInterrupt) as early:
        jumps(trajectories=50)
    assert early.type is KeyboardInterrupt


def test_bad_input():
    with pytest.raises(ValueError, match="`trajectories` must be a whole number >= 1, but is 0"):
        jumps(trajectories=0)
    with pytest.raises(ValueError, match=r"must be a whole number >= 1, but is 2[.]5"):
        jumps(trajectories=2.5)
    with pytest.raises(ValueError, match="`seed` must be a whole number >= 0, but is -1"):
        jumps(seed=-1)
    with pytest.raises(ValueError, match="`t_final` must be positive"):
        jumps(t_final=0.0)
    with pytest.raises(ValueError, match="must lie between 0 and t_final = 2000, but goes"):
        jumps(times=[0.0, 3e3])
    with pytest.raises(ValueError, match="`times` must ascend"):
        jumps(times=[2.0, 1.0])
    with pytest.raises(ValueError, match=r"`below` must have shape \(2,\)"):
        jumps(below=[0.1])
    with pytest.raises(ValueError, match="'definite' or 'canonical', but is 'thermal'"):
        jumps(preparation="thermal")
    with pytest.raises(ValueError, match="'entropic' or 'fermi'"):
        jumps(occupations="exact")
    with pytest.raises(TypeError, match="`executor` must be"):
        jumps(executor="two")


def test_a_gas_that_ends_on_the_way_is_refused():
    gas = thermo.SommerfeldGas(1.5)
    with pytest.raises(ValueError, match=r"gas of '1' has none at a state .*4 times the capacity"):
        jumps(reservoirs=boxes(9.0, gas), start=([0.28, 0.2], [1.2, 0.9]))


def test_results_show_themselves():
    assert repr(jumps()).startswith("40 trajectories of 2 reservoirs: jumps: ")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a client of Dask is slow to spawn")
def test_on_dask():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        assert_equal(jumps(executor=client), jumps())
