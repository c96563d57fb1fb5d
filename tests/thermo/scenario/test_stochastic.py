"""[stochastic] of a scenario: the trajectories of `thermo.evolve_stochastic`, written and drawn."""

import json

import numpy as np
import pytest

import oqs
import thermo
import thermo.stochastic.jumps.runs as runs
from thermo.scenario import ScenarioError, read
from thermo.scenario.commands import main
from thermo.scenario.scenario import Workspace

SCENARIO = """
[system]
energies = [1.3]
[[contacts]]
name = "cold"
rate = { law = "flat", value = 0.01 }
[[contacts]]
name = "hot"
rate = { law = "flat", value = 0.02 }
[[reservoirs]]
gas = { law = "fermi_dirac", alpha = 1.0 }
capacity = 20.0
T = 0.3
mu = 1.2
[[reservoirs]]
gas = { law = "fermi_dirac", alpha = 1.0 }
capacity = 20.0
T = 0.6
mu = 0.9
[stochastic]
trajectories = 200
t_final = 300.0
points = 4
seed = 7
preparation = "canonical"
"""


def written(tmp_path, text):
    file = tmp_path / "small.toml"
    file.write_text(text)
    return file


def test_a_run_writes_what_the_call_gives(tmp_path, capsys):
    file, out = written(tmp_path, SCENARIO), tmp_path / "out"
    assert main(["run", str(file), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "200 trajectories" in printed
    assert "seed 7" in printed
    level = oqs.QuadraticSystem.from_energies([1.3])
    model = oqs.davies(level, [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))])
    boxes = [thermo.Reservoir(thermo.FermiDiracGas(1.0), 20.0)] * 2
    ensemble = thermo.evolve_stochastic(
        model,
        boxes,
        [0.3, 0.6],
        [1.2, 0.9],
        trajectories=200,
        t_final=300.0,
        times=np.linspace(0, 300, 4),
        seed=7,
        preparation="canonical",
    )
    table = thermo.load_dataset(out / "stochastic.nc")
    np.testing.assert_array_equal(table["T"], ensemble.T)
    assert table.attrs["seed"] == "7"
    data = json.loads((out / "summary.json").read_text())["stochastic"]
    np.testing.assert_array_equal(data["T_mean"], ensemble.T_mean)
    assert data["jumps"] == ensemble.jumps.sum()
    assert [check["name"] for check in data["checks"]] == [
        "particles on every trajectory",
        "fluctuation theorem, errors off",
    ]
    assert all(check["passed"] for check in data["checks"])
    assert (out / "stochastic.png").stat().st_size > 10_000


def test_without_a_seed_the_drawn_one_is_recorded(tmp_path):
    file, out = written(tmp_path, SCENARIO.replace("seed = 7\n", "")), tmp_path / "out"
    assert main(["run", str(file), "--out", str(out), "--quiet"]) == 0
    data = json.loads((out / "summary.json").read_text())["stochastic"]
    assert int(data["seed"]) > 7


def test_ctrl_c_keeps_finished_trajectories(tmp_path, monkeypatch):
    original, calls = runs.JumpRuns.followed, []

    def followed(self, begin, count, recorded):
        calls.append(begin)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return original(self, begin, count, recorded)

    monkeypatch.setattr(runs, "_JUMPS", 1e2)
    monkeypatch.setattr(runs.JumpRuns, "followed", followed)
    file, out = written(tmp_path, SCENARIO), tmp_path / "out"
    assert main(["run", str(file), "--out", str(out), "--quiet"]) == 130
    table = thermo.load_dataset(out / "stochastic.nc")
    assert 0 < table.sizes["trajectory"] < 200
    assert not json.loads((out / "summary.json").read_text())["complete"]
    monkeypatch.undo()
    done = []
    original = runs.JumpRuns.__call__

    def counted(self, begin, count):
        done.append(count)
        return original(self, begin, count)

    monkeypatch.setattr(runs.JumpRuns, "__call__", counted)
    monkeypatch.setattr(runs, "_JUMPS", 100.0)
    assert main(["run", str(file), "--out", str(out), "--quiet", "--resume"]) == 0
    assert sum(done) == 200 - table.sizes["trajectory"]
    whole = thermo.load_dataset(out / "stochastic.nc")
    np.testing.assert_array_equal(whole["T"].sel(trajectory=table["trajectory"].values), table["T"])
    assert whole.sizes["trajectory"] == 200
    assert "stochastic.points" not in [path.name for path in out.iterdir()]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("trajectories = 200", "trajectories = 0", "stochastic.trajectories"),
        ("t_final = 300.0", "t_final = 0.0", "stochastic.t_final"),
        ("trajectories = 200\n", "", "stochastic.trajectories"),
        ("capacity = 20.0\nT = 0.3", "capacity = 0.001\nT = 0.3", "must hold a particle each"),
        (
            "[stochastic]",
            '[[links]]\nbetween = ["cold", "hot"]\nstrength = 1e-3\n[stochastic]',
            "links",
        ),
    ],
)
def test_bad_input(tmp_path, old, new, words):
    file = written(tmp_path, SCENARIO.replace(old, new, 1))

    def run():
        found = read(file)
        found.asked["stochastic"].run(found, Workspace(None, None, None, False, read))

    with pytest.raises(ScenarioError) as told:
        run()
    assert words in str(told.value)
