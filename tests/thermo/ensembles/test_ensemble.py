"""Ensembles against one-by-one evolution."""

import functools
import os
import signal

import numpy as np
import pytest

import oqs
import thermo
from thermo import progress
from thermo.ensembles import batch_processes
from thermo.ensembles.ensemble import evolve_ensemble

DOTS = oqs.QuadraticSystem.from_energies([21.1, 21.5])
LAW = oqs.closed_form(DOTS, [oqs.Contact(oqs.power_law(1e-4, 0.5))] * 2)
GASES = (thermo.SommerfeldGas(1.5), thermo.FermiDiracGas(1.5))


def reservoirs(gas):
    return [thermo.Reservoir(gas, 1.0, "cold"), thermo.Reservoir(gas, 1.7, "hot")]


def starts(count):
    rng = np.random.default_rng(3)
    T = np.stack([rng.uniform(0.4, 0.8, count), rng.uniform(0.8, 1.2, count)], axis=1)
    mu = np.stack([rng.uniform(19, 21, count), rng.uniform(15, 18, count)], axis=1)
    return T, mu


@pytest.mark.parametrize("gas", GASES, ids=repr)
def test_equal_to_one_by_one(gas):
    T, mu = starts(4)
    times = np.geomspace(1e3, 3e7, 8)
    together = evolve_ensemble(LAW, reservoirs(gas), T, mu, times=times, workers=2)
    assert set(together.outcome) == {"equilibrated"}
    for i in range(len(T)):
        path = thermo.evolve(LAW, reservoirs(gas), T[i], mu[i])
        state = path.at(times)
        np.testing.assert_allclose(together.T_at[i], state.T, rtol=1e-6)
        np.testing.assert_allclose(together.mu_at[i], state.mu, rtol=1e-6)
        for j in (0, 1):
            turns = [e for e in path.extrema if e.reservoirs == (j,)]
            low = [e for e in turns if e.kind == "T minimum"]
            lowest = min([*path.T[[0, -1], j], *(e.value for e in low)])
            assert together.lowest_T[i, j] == pytest.approx(lowest, rel=1e-6)
            if low and lowest == low[0].value:
                assert together.time_of_lowest_T[i, j] == pytest.approx(low[0].time, rel=1e-3)


@pytest.mark.parametrize("gas", GASES, ids=repr)
def test_density_matrices_of_interacting_dots(gas):
    dots = oqs.InteractingSystem.from_terms(np.diag([21.1, 21.5]), U={(0, 1): 0.5})
    model = oqs.davies(dots, [oqs.Contact(oqs.power_law(1e-4, 0.5))] * 2)
    law, (T, mu) = oqs.flow_law(model), starts(3)
    times = np.geomspace(1e3, 3e7, 8)
    together = evolve_ensemble(law, reservoirs(gas), T, mu, times=times)
    for i in range(len(T)):
        state = thermo.evolve(law, reservoirs(gas), T[i], mu[i], events=False).at(times)
        np.testing.assert_allclose(together.T_at[i], state.T, rtol=1e-6)
        np.testing.assert_allclose(together.mu_at[i], state.mu, rtol=1e-6)


def test_a_law_that_finds_no_state_on_the_way_is_told_with_its_trajectory():
    def law(T, mu):
        if np.any(T[..., 0] < 0.5):
            raise oqs.StationaryStateNotFound("too cold")
        return LAW(T, mu)

    warm, cools = [0.9, 1.0], [0.6, 1.0]  # down to 0.33
    mu = [[19.0, 16.0], [19.0, 16.0], [20.8, 16.0]]
    with pytest.raises(RuntimeError, match=r"Trajectory 2 took .* the law or a gas refuses"):
        evolve_ensemble(law, reservoirs(GASES[1]), [warm, warm, cools], mu)


def test_batches_come_back_in_order(monkeypatch):
    T, mu = starts(7)
    whole = evolve_ensemble(LAW, reservoirs(GASES[0]), T, mu, t_final=1e6, workers=1)
    monkeypatch.setattr(batch_processes, "_BATCH", 1)
    parts = evolve_ensemble(LAW, reservoirs(GASES[0]), T, mu, t_final=1e6, workers=2)
    np.testing.assert_array_equal(whole.T, parts.T)
    np.testing.assert_array_equal(whole.lowest_T, parts.lowest_T)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("t_final", [None, 1e6])
def test_a_bar_says_how_much_is_done(t_final, workers, monkeypatch, capsys):
    said = []
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    monkeypatch.setattr(batch_processes, "_BATCH", 5)
    update = progress.ProgressBar.update
    monkeypatch.setattr(
        progress.ProgressBar, "update", lambda bar, done: (said.append(done), update(bar, done))
    )
    T, mu = starts(20)
    group = reservoirs(GASES[0])
    bar = evolve_ensemble(LAW, group, T, mu, t_final=t_final, workers=workers, progress=True)
    assert "evolving 20 trajectories" in capsys.readouterr().err
    assert len(said) >= 2
    assert said == sorted(said)
    assert 0 <= said[0] < said[-1] <= 1
    none = evolve_ensemble(LAW, group, T, mu, t_final=t_final, workers=workers, progress=False)
    assert capsys.readouterr().err == ""
    np.testing.assert_array_equal(bar.T, none.T)


def test_t_final_stops_there_and_the_chunks_do_not_matter():
    T, mu = starts(5)
    runs = [
        evolve_ensemble(LAW, reservoirs(GASES[0]), T, mu, t_final=1e6, workers=w) for w in (1, 5)
    ]
    assert np.all(runs[0].t == 1e6)
    assert set(runs[0].outcome) == {"t_final"}
    np.testing.assert_array_equal(runs[0].T, runs[1].T)
    path = thermo.evolve(LAW, reservoirs(GASES[0]), T[2], mu[2], t_final=1e6)
    np.testing.assert_allclose(runs[0].T[2], path.T[-1], rtol=1e-6)


def test_t_final_is_reached_however_the_last_step_rounds():
    group = reservoirs(GASES[1])
    for t_final in np.linspace(1240.0, 1284.0, 80):  # a last step longer than all before
        run = evolve_ensemble(
            LAW, group, [[0.6, 1.0]], [[20.8, 16.0]], t_final=t_final, times=[t_final], rtol=1e-5
        )
        assert run.t[0] == t_final
        np.testing.assert_allclose(run.T_at[:, 0], run.T, rtol=1e-14)


def test_extremes_of_long_steps_were_visited():
    """Near equilibrium steps are longer than what decays in them; T hardly moves."""
    system = oqs.QuadraticSystem.from_energies([-1.451, -0.802, 0.628, 1.441])
    contacts = [oqs.Contact(oqs.lorentzian(4e-5, 0.5, 2.0)), oqs.Contact(oqs.flat(3e-4))]
    law = oqs.closed_form(system, contacts)
    gases = thermo.FermiDiracGas(0.5), thermo.FermiDiracGas(5.0)
    group = [thermo.Reservoir(gas, size) for gas, size in zip(gases, (8.5, 29.4), strict=True)]
    rng = np.random.default_rng(0)
    away = 10 ** rng.uniform(-7, -4, (100, 1))
    T = 0.777 * (1 + away * rng.normal(size=(100, 2)))
    mu = 1.6135 * (1 + away * rng.normal(size=(100, 2)))
    found = evolve_ensemble(law, group, T, mu, workers=1, rtol=1e-7)
    exact = evolve_ensemble(law, group, T, mu, workers=1, rtol=1e-10, tolerance=1e-9)
    np.testing.assert_allclose(found.lowest_T, exact.lowest_T, rtol=3e-6)
    np.testing.assert_allclose(found.highest_T, exact.highest_T, rtol=3e-6)


def local_law():
    here = os.getpid()

    def law(T, mu):
        assert os.getpid() == here
        return LAW(T, mu)

    return law


def local_gas():
    class Own:
        pass

    for name in ("number", "energy", "entropy", "jacobian", "check"):
        setattr(Own, name, staticmethod(getattr(GASES[0], name)))
    return Own()


CANNOT_BE_SENT = {
    "law": (local_law(), GASES[0], r"`law` must be importable by other processes, but is <func"),
    "part of a law": (
        functools.partial(lambda T, mu, law: law(T, mu), law=LAW),
        GASES[0],
        r"`law` must be importable by other processes, but `law\.func` is not",
    ),
    "gas": (LAW, local_gas(), r"but `reservoirs\[0\]\.gas` is not .*Own.*give workers=1"),
}


@pytest.mark.parametrize(("law", "gas", "text"), CANNOT_BE_SENT.values(), ids=CANNOT_BE_SENT)
def test_what_other_processes_cannot_have_is_told_and_runs_in_this_one(law, gas, text, monkeypatch):
    T, mu = starts(4)
    group = reservoirs(gas)
    with pytest.raises(TypeError, match=text):
        evolve_ensemble(law, group, T, mu, t_final=1e6, workers=2)
    mine = evolve_ensemble(law, group, T, mu, t_final=1e6, workers=1)
    other = evolve_ensemble(LAW, reservoirs(GASES[0]), T, mu, t_final=1e6, workers=1)
    np.testing.assert_allclose(mine.T, other.T, rtol=1e-8)  # `law` has no derivatives
    # not worth another process: nothing to tell
    evolve_ensemble(law, group, T, mu, t_final=1e6)
    monkeypatch.setattr(batch_processes, "_WORTH", 1)
    monkeypatch.setattr(batch_processes, "_cores", lambda: 2)
    with pytest.warns(UserWarning, match=f"All runs in this process: .*{text}"):
        mine = evolve_ensemble(law, group, T, mu, t_final=1e6)
    np.testing.assert_allclose(mine.T, other.T, rtol=1e-8)


def test_a_process_that_dies_is_told_with_its_trajectories(monkeypatch):
    T, mu = starts(4)
    here = os.getpid()
    law = functools.partial(dies_elsewhere, here=here)
    with pytest.raises(RuntimeError, match=r"Trajectories [02] to [13] were not .*SIGKILL"):
        evolve_ensemble(law, reservoirs(GASES[0]), T, mu, t_final=1e6, workers=2)


def dies_elsewhere(T, mu, here):
    if os.getpid() != here:
        os.kill(os.getpid(), signal.SIGKILL)
    return LAW(T, mu)


def test_what_fails_in_another_process_is_told():
    T, mu = starts(4)
    with pytest.raises(RuntimeError, match=r"Trajectory \d took 7 steps"):
        evolve_ensemble(LAW, reservoirs(GASES[0]), T, mu, max_steps=7, workers=2)


@pytest.mark.parametrize(
    ("T", "mu", "message"),
    [
        # valid at the start, mu/T > 4; the equilibrium has 3.7
        ([0.7, 1.0], [2.9, 4.05], r"Trajectory 2 ends at .* outside the validity of a gas"),
        # on the way to a temperature at which the expanded gas has no such energy
        ([0.05, 1.5], [0.3, 6.1], r"Trajectory 2 took .* the law or a gas refuses"),
    ],
)
def test_a_trajectory_that_leaves_its_gas_is_named(T, mu, message):
    law = oqs.closed_form(
        oqs.QuadraticSystem.from_energies([1.0, 2.0]), [oqs.Contact(oqs.flat(1e-2))] * 2
    )
    pair = [thermo.Reservoir(thermo.SommerfeldGas(2.0))] * 2
    fine = [0.2, 0.25], [2.0, 2.1]
    evolve_ensemble(law, pair, [fine[0]], [fine[1]])
    starts = [fine[0], fine[0], T], [fine[1], fine[1], mu]
    with pytest.raises(RuntimeError, match=message):
        evolve_ensemble(law, pair, *starts, t_final=1e9)
    with pytest.raises(ValueError, match=r"Trajectory 2: .* must lead to an equilibrium"):
        evolve_ensemble(law, pair, *starts)


def test_one_frequency_stalls():
    law = oqs.closed_form(
        oqs.QuadraticSystem.from_energies([21.1]), [oqs.Contact(oqs.flat(1e-4))] * 2
    )
    run = evolve_ensemble(law, reservoirs(GASES[0]), [[0.6, 1.0]], [[20.8, 16.0]])
    assert run.outcome[0] == "stalled"
    x = (21.1 - run.mu[0]) / run.T[0]
    assert x[0] == pytest.approx(x[1], abs=1e-4)


def test_labelled():
    T, mu = starts(3)
    run = evolve_ensemble(LAW, reservoirs(GASES[0]), T, mu, times=[1e3, 1e4])
    data = run.to_dataset()
    assert data["lowest_T"].dims == ("trajectory", "reservoir")
    assert data["T_at"].dims == ("trajectory", "time", "reservoir")
    assert data["T"].attrs["units"] == "E_0/k_B"
    assert list(data["reservoir"].values) == ["cold", "hot"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"T": [[0.6, 1.0, 2.0]]}, "`T` and `mu` must broadcast"),
        ({"T": np.empty((0, 2)), "mu": [20.8, 16.0]}, "`T` and `mu` must broadcast"),
        ({"T": [[0.6, -1.0]]}, "`T` must be positive"),
        ({"mu": [[0.6, np.nan]]}, "`mu` must be finite"),
        ({"times": [2.0, 1.0]}, "`times` must ascend"),
        ({"t_final": -1.0}, "`t_final` must be positive"),
        ({"law": lambda T, mu: LAW(T[0], mu[0])}, "`law` must return Flows of shape"),
        ({"mu": [[0.6, 16.0]]}, "FermiDiracGas"),
        ({"workers": 0}, "`workers` must be at least one"),
        ({"workers": 2.0}, "`workers` must be a number of processes"),
    ],
)
def test_bad_input_is_one_sentence(change, message):
    arguments = {"law": LAW, "T": [[0.6, 1.0]], "mu": [[20.8, 16.0]]} | change
    law, T, mu = arguments.pop("law"), arguments.pop("T"), arguments.pop("mu")
    with pytest.raises((ValueError, TypeError), match=message):
        evolve_ensemble(law, reservoirs(GASES[0]), T, mu, **arguments)
