"""Reports say whose system they are of, and what changed since an older one."""

import json
import pathlib

import pytest

import oqs
import thermo.scenario
from oqs.units import Units
from thermo.scenario.commands import main as thermo_main
from validation.__main__ import main
from validation.own.own_system import OwnSystem, own_subject
from validation.report.comparison import changes, read_report

MINE = """
title = "Dots of <mine>"
note = "a remark"
[units]
reference_energy = 1.0
[system]
h = [[0.0, 0.3], [0.3, 0.8]]
[[contacts]]
name = "left"
rate = { law = "flat", value = 0.004 }
[[contacts]]
name = "right"
rate = { law = "flat", value = 0.003 }
[[reservoirs]]
gas = { law = "fermi_dirac", alpha = 1.5 }
capacity = 50.0
T_K = 4.0
mu = 0.2
[[reservoirs]]
gas = { law = "fermi_dirac", alpha = 1.0 }
capacity = inf
T = 0.5
mu = 0.4
[flows]
laws = ["closed_form"]
"""
ONLY = ("--only", "own_system/balance", "--quiet")


@pytest.fixture
def reported(tmp_path, capsys, monkeypatch):
    """Return the JSON, the page and what is printed of a report on a scenario's text."""
    monkeypatch.chdir(tmp_path)

    def of(text, *words, name="mine"):
        pathlib.Path(f"{name}.toml").write_text(text, encoding="utf-8")
        files = ("--json", f"{name}.json", "--html", f"{name}.html")
        assert main([f"{name}.toml", *ONLY, *files, *words]) == 0
        data = json.loads(pathlib.Path(f"{name}.json").read_text(encoding="utf-8"))
        page = pathlib.Path(f"{name}.html").read_text(encoding="utf-8")
        return data, page, capsys.readouterr().out

    return of


def test_a_report_says_whose_it_is(reported):
    data, page, _ = reported(MINE)
    subject, scenario = data["subject"], thermo.scenario.read("mine.toml")
    assert subject["title"] == "Dots of <mine>"
    assert subject["scenario"] == {
        "name": "mine.toml",
        "sha256": scenario.document.digest,
        "text": MINE,
    }
    left, right = subject["head"]["reservoirs"]
    assert (left["name"], right["name"]) == ("left", "right")
    assert left["T"] == float(Units.from_meV(1).kelvin(4.0))
    assert (left["T_K"], left["mu_meV"]) == (pytest.approx(4.0, rel=1e-14), 0.2)
    assert (left["capacity"], right["capacity"]) == ("50", "inf")
    assert left["contact"] == "rate: Flat(value=0.004); every site by itself"
    assert subject["head"]["generator"].startswith("davies")
    own = OwnSystem.of(scenario)
    assert subject["flows"]["heat"] == own.flows.heat.tolist()
    assert subject["audit"]["verdict"] == "sound"
    for told in (
        "<title>Dots of &lt;mine&gt; (",
        scenario.document.digest,
        "a remark",
        "FermiDiracGas(alpha=1.5)",
        "Quadratic system of 2 sites",
        "method: auto",
        "Audit: sound",
        "T (K)",
        "heat (fW)",
        f"{own.flows.heat[0]:.6g}",
        "oqs-thermo 0.",
        data["started"][:10],
        "[[contacts]]\nname = &quot;left&quot;",
    ):
        assert told in page, told


def test_a_run_has_the_same_head(reported):
    data, _, _ = reported(MINE)
    assert thermo_main(["run", "mine.toml", "--out", "out", "--quiet"]) == 0
    summary = json.loads(pathlib.Path("out/summary.json").read_text(encoding="utf-8"))
    for key in ("title", "note", "scenario", "head"):
        assert summary[key] == data["subject"][key]
    assert summary["versions"]["oqs-thermo"] == data["environment"]["oqs-thermo"]
    assert summary["remarks"] == []


def test_the_suite_of_the_paper_is_nobody_s(tmp_path):
    file = tmp_path / "suite.json"
    assert main(["--only", "exact gas by quadrature", "--quiet", "--json", str(file)]) == 0
    assert "subject" not in json.loads(file.read_text(encoding="utf-8"))
    assert main(["--only", "exact gas by quadrature", "--quiet", "--compare", str(file)]) == 0


def test_nothing_changes_by_itself(reported):
    reported(MINE)
    data, page, printed = reported(MINE, "--compare", "mine.json")
    assert data["compared"]["changes"] == data["compared"]["text"] == []
    assert "nothing changed" in printed
    assert "nothing changed" in page


def test_what_changed_is_told(reported):
    old, _, _ = reported(MINE)
    text = MINE.replace("T = 0.5", "T = 0.5000001").replace("value = 0.003", "value = 0.3")
    data, page, printed = reported(text, "--compare", "mine.json", name="other")
    found = {change["what"]: change for change in data["compared"]["changes"]}
    assert found["T of right"] == {"what": "T of right", "before": "0.5", "after": "0.5000001"}
    assert found["contact of right"]["after"].startswith("rate: Flat(value=0.3)")
    assert found["SHA-256"]["before"] == old["subject"]["scenario"]["sha256"]
    assert float(found["heat flow of left"]["before"]) == pytest.approx(
        old["subject"]["flows"]["heat"][0], rel=1e-9
    )
    assert "sound" in found["audit: Born-Markov"]["before"]
    assert "unreliable" in found["audit: Born-Markov"]["after"]
    assert "T of left" not in found
    assert not any("check" in what for what in found)
    assert data["compared"]["text"] == [
        '-rate = { law = "flat", value = 0.003 }',
        '+rate = { law = "flat", value = 0.3 }',
        "-T = 0.5",
        "+T = 0.5000001",
    ]
    assert "T of right: 0.5 -> 0.5000001" in printed
    assert "<td>0.5000001</td>" in page.replace(' class="whole"', "")


def test_checks_that_came_went_or_turned_are_told(reported):
    data, _, _ = reported(MINE)
    (check,) = data["checks"]
    turned = {**data, "checks": [{**check, "status": "failed"}]}
    (change,) = changes(data, turned)
    assert change.what == "check own_system/balance"
    assert (change.before[:6], change.after[:6]) == ("passed", "failed")
    other = {**data, "checks": [{**check, "name": "another"}]}
    assert [(c.what[17:], c.before == "-") for c in changes(data, other)] == [
        ("balance", False),
        ("another", True),
    ]
    (change,) = changes(data, {**data, "environment": {**data["environment"], "numpy": "0"}})
    assert (change.what, change.after) == ("numpy", "0")


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": "another/1"}', None])
def test_a_file_that_is_no_report_is_refused(text, tmp_path, capsys):
    file = tmp_path / "old.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ValueError, match="Argument `--compare` must be a report"):
        read_report(file)
    with pytest.raises(SystemExit) as caught:
        main(["--compare", str(file), "--only", "balance"])
    assert caught.value.code == 2
    assert "`--compare` must be a report" in capsys.readouterr().err


def test_flows_that_cannot_be_computed_are_said(tmp_path, monkeypatch):
    file = tmp_path / "mine.toml"
    file.write_text(MINE)
    scenario = thermo.scenario.read(file)
    own = OwnSystem.of(scenario)

    def lost(self, T, mu):
        raise oqs.StationaryStateNotFound("planted")

    monkeypatch.setattr(oqs.DensityMatrixLaw, "__call__", lost)
    data = own_subject(own, scenario)
    assert data["flows"] is data["audit"] is None
    assert data["remarks"] == ["StationaryStateNotFound: planted"]


def test_no_flow_is_zero_without_a_sign(reported):
    even = MINE.replace("T_K = 4.0", "T = 0.5").replace("mu = 0.2", "mu = 0.4")
    _, page, text = reported(even)
    assert "<td>-0</td>" not in page.replace(' class="whole"', "")
    assert " -0 " not in text
