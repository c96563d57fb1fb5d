"""`python -m thermo flows` and `relaxation`: tables, JSON, SI, and the exit status."""

import json
import subprocess
import sys

import numpy as np
import pytest

import oqs
from oqs.units import Units
from thermo.scenario.commands import main
from thermo.scenario.exit_status import ExtraMissing, exit_status

SCENARIO = """
title = "two levels"
[units]
reference_temperature = 1000
[system]
energies = [21.1, 21.5]
[[contacts]]
name = "cold"
rate = { law = "power_law", prefactor = 1e-4, exponent = 0.5 }
[[contacts]]
name = "hot"
rate = { law = "power_law", prefactor = 1e-4, exponent = 0.5 }
[[reservoirs]]
gas = { law = "sommerfeld", alpha = 1.5 }
T = 0.6
mu = 20.8
[[reservoirs]]
T = 1.0
mu = 16.0
[flows]
laws = ["density_matrix", "closed_form", "gaussian"]
"""


@pytest.fixture
def scenario(tmp_path):
    def write(*replacements):
        text = SCENARIO
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "my.toml"
        path.write_text(text)
        return str(path)

    return write


def exact():
    contacts = [oqs.Contact(oqs.power_law(1e-4, 0.5))] * 2
    system = oqs.QuadraticSystem.from_energies([21.1, 21.5])
    return oqs.closed_form(system, contacts)([0.6, 1.0], [20.8, 16.0])


def test_flows_are_a_table(scenario, capsys):
    assert main(["flows", scenario()]) == 0
    text = capsys.readouterr().out
    flows = exact()
    for kind in ("particle", "energy", "heat"):
        for value in getattr(flows, kind):
            assert text.count(f" {value:.6e}") == 3
    assert "audit: sound" in text
    assert "FAILED" not in text
    assert text.count("passed") == 11


def test_flows_as_json_say_what_made_them(scenario, capsys):
    assert main(["flows", scenario(), "--json", "--si", "--quiet"]) == 0
    found = json.loads(capsys.readouterr().out)
    flows, units = exact(), Units.from_temperature(1000)
    for law in found["flows"]["laws"]:
        np.testing.assert_allclose(law["heat"], flows.heat, rtol=1e-12)
        np.testing.assert_allclose(law["heat_W"], units.power(flows.heat), rtol=1e-12)
        np.testing.assert_allclose(law["current_A"], units.current(flows.particle), rtol=1e-12)
    assert found["flows"]["reservoirs"][0]["T_K"] == pytest.approx(600)
    assert found["versions"]["oqs-thermo"]
    assert found["scenario"]["text"] == SCENARIO
    assert found["scenario"]["name"] == "my.toml"  # no folder of this machine


def test_a_level_that_no_contact_reaches_is_named(scenario, capsys):
    below = ("energies = [21.1, 21.5]", "energies = [-1.0, 21.1, 21.5]")
    assert main(["flows", scenario(below)]) == 0
    text = capsys.readouterr().out
    assert text.count("carries nothing: the mode at -1 (contact 'cold' has rate 0 at -1.0") == 3
    assert main(["flows", scenario(below), "--json"]) == 0
    (first, *_) = json.loads(capsys.readouterr().out)["flows"]["laws"]
    assert first["untouched"][0].startswith("the mode at -1 ")
    np.testing.assert_allclose(first["particle"], exact().particle, rtol=1e-12)


def test_flows_in_si_are_a_table(scenario, capsys):
    assert main(["flows", scenario(), "--si"]) == 0
    text = capsys.readouterr().out
    assert f"{1e15 * Units.from_temperature(1000).power(exact().heat[0]):.6e}" in text
    assert "current (pA)" in text


def test_relaxation_tends_to_the_stationary_flows(scenario, capsys):
    path = scenario(("[flows]", '[relaxation]\ninitial = "full"\nt_final = 3e4\n[flows]'))
    assert main(["relaxation", path, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["relaxation"]
    np.testing.assert_allclose(found["particle"][-1], exact().particle, rtol=1e-6)
    assert found["entropy_production"][0] is None  # infinite: a pure state begins to mix
    assert main(["relaxation", path]) == 0
    assert "entropy production" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "replacements", "status", "text"),
    [
        (["flows"], [("T = 0.6", "T = 0")], 2, "key `reservoirs.1.T` must be positive"),
        (["flows", "--si"], [("[units]\nreference_temperature = 1000", "")], 2, "key `units` must"),
        (["flows"], [("1e-4", "0.0")], 1, "is not unique"),
        (["flows"], [("density_matrix", "landauer")], 2, "band"),
        (
            ["flows"],
            [("energies = [21.1, 21.5]", f"energies = {[1.0 * i for i in range(30)]}")],
            2,
            "must have at most 24 sites",
        ),
    ],
)
def test_what_goes_wrong_is_one_line_and_a_status(
    scenario, capsys, words, replacements, status, text
):
    assert main([words[0], scenario(*replacements), *words[1:]]) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("error: ")
    assert text in captured.err


def test_help_and_wrong_words(capsys):
    for words in ([], ["nothing"], ["flows"], ["flows", "a", "--jso"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 2
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "130 interrupted" in capsys.readouterr().out


def test_how_a_command_line_ends(capsys):
    def raising(error):
        def call():
            raise error

        return call

    assert exit_status(lambda: 0) == 0
    assert exit_status(raising(KeyboardInterrupt())) == 130
    assert exit_status(raising(oqs.StationaryStateNotFound("no"))) == 1
    assert exit_status(raising(MemoryError("8 GiB"))) == 1
    assert exit_status(raising(ExtraMissing("mend me"))) == 2
    assert capsys.readouterr().err.splitlines() == [
        "interrupted",
        "error: StationaryStateNotFound: no",
        "error: MemoryError: 8 GiB",
        "error: mend me",
    ]
    with pytest.raises(AssertionError):  # a fault of the program stays visible
        exit_status(raising(AssertionError()))


def test_a_reader_that_has_gone_is_no_error(scenario):
    code = "import sys; from thermo.scenario.commands import main; sys.exit(main(sys.argv[1:]))"
    with subprocess.Popen(
        [sys.executable, "-c", code, "flows", scenario(), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 141
