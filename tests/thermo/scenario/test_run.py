"""`python -m thermo`: what a run writes, what it refuses, and what an interruption leaves."""

import json
import os
import pathlib

import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot

import oqs
import thermo
from oqs.units import Units
from thermo.scenario import FlowsTask, SweepTask, example, examples, read
from thermo.scenario.commands import main
from thermo.scenario.results.folder import result_folder
from thermo.scenario.results.naming import FolderError, former
from thermo.scenario.results.symbols import axis_attributes

BASE = example("figure_1").read_text(encoding="utf-8")


@pytest.fixture
def scenario(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(*replacements, more="", text=BASE):
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        pathlib.Path("my.toml").write_text(text + more)
        return "my.toml"

    return write


FLOWS_ONLY = ("[trajectory]", "")
SWEEP = '\n[sweep]\naxes = { "reservoirs.1.T" = [0.5, 0.6] }\nquantities = ["heat", "outcome"]\n'


def summary(folder):
    return json.loads((pathlib.Path(folder) / "summary.json").read_text(encoding="utf-8"))


def test_how_a_run_ended_is_said_in_words(scenario, capsys):
    path = scenario(("energies = [21.1, 21.5]", "energies = [200.0]"))
    assert main(["run", path, "--out", "out"]) == 0
    assert "stalled (nothing moves within any time that counts, away" in capsys.readouterr().out


def test_figures_are_as_wide_as_asked(scenario):
    path = scenario(("mark_events = true", "width = 3.4"), more=SWEEP)
    assert main(["run", path, "--out", "out", "--quiet"]) == 0
    for name in ("trajectory", "sweep"):
        assert pyplot.imread(f"out/{name}.png").shape[1] == round(3.4 * 160)


def test_a_run_writes_what_evolve_returns_and_what_made_it(scenario, capsys):
    path = scenario(("mark_events = true", 'figures = ["png", "pdf", "svg"]\nheat = true'))
    assert main(["run", path, "--out", "out"]) == 0
    found, text = summary("out"), capsys.readouterr().out
    made = read(path)
    law = oqs.flow_law(oqs.davies(made.system, made.contacts))
    expected = thermo.evolve(law, made.reservoirs, made.T, made.mu)
    saved = thermo.Trajectory.load("out/trajectory.nc")
    np.testing.assert_array_equal(saved.T, expected.T)
    assert saved.events == expected.events
    assert saved.parameters["sha256"] == found["scenario"]["sha256"] == made.document.digest
    assert found["trajectory"]["outcome"] == "equilibrated"
    assert [r["T"] for r in found["trajectory"]["end"]] == expected.T[-1].tolist()
    assert len(found["trajectory"]["events"]) == len(expected.events)
    assert found["scenario"]["text"] == pathlib.Path("out/scenario.toml").read_text()
    assert "oqs-thermo" in found["versions"]
    digest = made.document.digest.encode()
    assert digest in pathlib.Path("out/trajectory.png").read_bytes()
    assert digest in pathlib.Path("out/trajectory.svg").read_bytes()
    assert pathlib.Path("out/trajectory.pdf").read_bytes().startswith(b"%PDF")
    for words in ("equilibrated at t =", "T minimum", "passed", "audit: ", "results in out"):
        assert words in text
    assert "FAILED" not in text


def test_results_in_si(scenario, capsys):
    path = scenario()
    assert main(["run", path, "--out", "out", "--si", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    units = Units.from_temperature(1000)
    path = thermo.Trajectory.load("out/trajectory.nc")  # natural units inside
    assert found["trajectory"]["t_end_s"] == pytest.approx(float(units.time(path.t[-1])))
    assert found["trajectory"]["end"][0]["T_K"] == pytest.approx(1000 * path.T[-1, 0])
    for event in found["trajectory"]["events"]:
        assert event["time_s"] == pytest.approx(float(units.time(event["time"])))


def test_a_sweep_over_two_axes_is_a_map_of_each_reservoir(scenario):
    axes = '{ "reservoirs.1.T" = [0.5, 0.6], "reservoirs.2.T" = [0.9, 1.0] }'
    sweep = f'\n[sweep]\naxes = {axes}\nquantities = ["heat", "clausius_sum"]\n'
    assert main(["run", scenario(FLOWS_ONLY, more=sweep), "--out", "out", "--quiet"]) == 0
    pictures = {name for name in os.listdir("out") if name.endswith(".png")}
    assert pictures == {"sweep_heat_1.png", "sweep_heat_2.png", "sweep_clausius_sum.png"}


@pytest.mark.parametrize(
    ("path", "label", "unit"),
    [
        ("reservoirs.left.T_K", "$T$ of left", "K"),
        ("reservoirs.1.T", "$T$ of reservoir 1", "E_0/k_B"),
        ("reservoirs.a_K.mu_ueV", r"$\mu$ of a_K", "ueV"),
        ("reservoirs.$.mu", r"$\mu$ of \$", "E_0"),
        ("contacts.2.rate.value", r"rate $\Gamma$ of contact 2", "E_0"),
        ("contacts.cold.spectrum.cutoff_meV", r"cutoff $\omega_c$ of cold", "meV"),
        ("system.energies.1", r"level $\epsilon_{1}$", "E_0"),
        ("system.h.0.1", "$h_{0,1}$", "E_0"),
        ("system.U.0.value_meV", "interaction $U_{0}$", "meV"),
        ("system.arguments.U_inter", r"interaction $U_\mathrm{inter}$", "E_0"),
        ("system.arguments.tunnelling_ueV", r"tunnelling $\Omega$", "ueV"),
        ("contacts.1.rate.prefactor", r"prefactor of $\gamma(\omega)$, contact 1", "E_0"),
        ("contacts.cold.rate.width_meV", "width $w$ of cold", "meV"),
        ("reservoirs.ions.gas.T_D_K", "$T_D$ of ions", "K"),
        ("contacts.2.temperature_scaling.T_0", "$T_0$ of contact 2", "E_0/k_B"),
    ],
)
def test_an_axis_is_called_by_its_symbol(path, label, unit):
    assert axis_attributes(path) == {"long_name": label, "units": unit}


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("reservoirs.left.capacity", "size $AV$ of left"),
        ("reservoirs.2.gas.alpha", r"$\alpha$ of reservoir 2"),
        ("contacts.1.rate.exponent", r"exponent of $\gamma(\omega)$, contact 1"),
        ("contacts.phonons.spectrum.strength", r"strength of $J(\omega)$, phonons"),
        ("contacts.1.coupling.0", "coupling of contact 1 to site 0"),
        ("links.0.conductance", "conductance $G$ of link 0"),
    ],
)
def test_an_axis_without_a_unit_has_its_symbol_too(path, label):
    assert axis_attributes(path) == {"long_name": label}


@pytest.mark.parametrize("path", ["contacts.1.rate.colour", "reservoirs.left.size", "T_K"])
def test_an_unknown_axis_has_its_key_only(path):
    assert axis_attributes(path) == {}


def test_a_sweep_is_a_labelled_array(scenario):
    assert main(["run", scenario(FLOWS_ONLY, more=SWEEP), "--out", "out", "--quiet"]) == 0
    with xr.open_dataset("out/sweep.nc", engine="h5netcdf") as table:
        assert table["heat"].dims == ("reservoirs.1.T", "reservoir")
        law = oqs.closed_form(read("figure_1").system, read("figure_1").contacts)
        np.testing.assert_allclose(
            table["heat"].sel({"reservoirs.1.T": 0.5}),
            law([0.5, 1.0], [20.8, 16.0]).heat,
            rtol=1e-9,
        )
        assert table["outcome"].values.tolist() == ["equilibrated", "equilibrated"]
        assert "[sweep]" in table["scenario"].item()
    assert "sweep.points" not in os.listdir("out")
    assert "sweep.png" in os.listdir("out")


def test_points_that_fail_are_said_and_the_status_is_1(scenario, capsys):
    bad = '\n[sweep]\naxes = { "reservoirs.1.T" = [0.5, -1, 0.6] }\nquantities = ["heat"]\n'
    assert main(["run", scenario(FLOWS_ONLY, more=bad), "--out", "out"]) == 1
    found = summary("out")
    assert found["complete"]
    assert not found["verified"]
    assert found["sweep"]["failed"] == 1
    assert "must be positive, but is -1" in found["sweep"]["first_error"]
    assert "1 failed; the first: ScenarioError" in capsys.readouterr().out


def test_an_evolution_that_fails_keeps_its_trajectory(scenario):
    path = scenario(("[trajectory]", "[trajectory]\nmax_steps = 3"))
    assert main(["run", path, "--out", "out", "--quiet"]) == 1
    found = summary("out")
    assert found["trajectory"]["outcome"] == "failed"
    assert "trajectory: " in found["problems"][0]
    assert thermo.Trajectory.load("out/trajectory.nc").outcome == "failed"


def test_folders_are_never_mixed_or_lost(scenario, tmp_path, capsys):
    path = scenario(FLOWS_ONLY)
    words = ["run", path, "--out", "out", "--quiet"]
    assert main(words) == 0
    assert main(words) == 2
    assert "Give --overwrite" in capsys.readouterr().err
    (tmp_path / "out" / "left").write_text("from a former run's folder")
    assert main([*words, "--overwrite"]) == 2  # somebody's file lies in it
    assert "holds other things" in capsys.readouterr().err
    (tmp_path / "out" / "left").unlink()
    assert main([*words, "--overwrite"]) == 0
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "thesis.tex").write_text("years of work")
    assert main(["run", path, "--out", "own", "--overwrite"]) == 2
    assert (tmp_path / "own" / "thesis.tex").exists()
    for out, text in (("my.toml", "is a file"), ("no/where", "Make it first")):
        assert main(["run", path, "--out", out]) == 2
        assert text in capsys.readouterr().err
    with result_folder(pathlib.Path("busy"), overwrite=False):
        assert main(["run", path, "--out", "busy"]) == 2
        assert "Another run is writing 'busy'" in capsys.readouterr().err
    assert former(tmp_path / "busy") is None
    assert not (tmp_path / "busy").exists()
    assert main([*words, "--resume"]) == 2
    assert "is complete, so it cannot be resumed" in capsys.readouterr().err


def test_a_name_taken_meanwhile_loses_nothing(tmp_path):
    with result_folder(tmp_path / "out", overwrite=False) as folder:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "other").touch()
        with pytest.raises(FolderError, match="they are in"):
            folder.publish({})
    assert (tmp_path / ".out.running" / "summary.json").exists()


def test_an_interruption_leaves_what_is_finished(scenario, monkeypatch, capsys):
    path = scenario(FLOWS_ONLY, more=SWEEP)

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    words = ["run", path, "--out", "out", "--quiet"]
    with monkeypatch.context() as patch:
        patch.setattr(SweepTask, "run", interrupted)
        assert main(words) == 130
        assert "finished results are in out" in capsys.readouterr().err
    found = summary("out")
    assert not found["complete"]
    assert found["stopped"] == "KeyboardInterrupt"
    assert found["flows"]["laws"]
    assert "sweep" not in found
    assert main(words) == 2
    assert main([*words, "--resume"]) == 0
    assert summary("out")["sweep"]["points"] == 2
    # before anything is finished nothing is left
    monkeypatch.setattr(FlowsTask, "run", interrupted)
    assert main(["run", path, "--out", "other"]) == 130
    assert sorted(os.listdir()) == ["my.toml", "out"]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["run", "nothing.toml"], "nothing.toml: the scenario is not there"),
        (["run", "my.toml", "--si"], "key `units` must be there for --si"),
        (["check", "my.toml"], "asks for nothing"),
        (["examples", "figure_6"], "did you mean `figure_5`"),
    ],
)
def test_what_is_wrong_is_one_line_and_status_2(scenario, capsys, words, text):
    units = "[units]\nreference_temperature = 1000  # K"
    nothing = ('[flows]\nlaws = ["density_matrix", "closed_form"]', "")
    scenario((units, ""), *([nothing, FLOWS_ONLY] if "check" in words else []))
    status = main(words)
    captured = capsys.readouterr()
    assert status == 2
    assert text in captured.err
    assert captured.err.count("\n") == 1
    assert sorted(os.listdir()) == ["my.toml"]


def test_examples_are_listed_and_printed(capsys):
    assert main(["examples"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(examples())
    assert main(["examples", "figure_1"]) == 0
    assert capsys.readouterr().out == BASE
    assert main(["check", "figure_5"]) == 0
    assert "5 reservoirs, 6 sites; flows, trajectory" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["run", "--help"])
    assert ended.value.code == 0
    assert "--overwrite" in capsys.readouterr().out
