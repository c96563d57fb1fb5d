"""[response] of a scenario and its quantities of a sweep: the numbers of `oqs`."""

import io
import json

import numpy as np
import pytest
from rich.console import Console

import oqs
import thermo
from thermo.scenario.commands import main
from thermo.scenario.tasks.response import show

SCENARIO = """
[system]
builder = "anderson_dot"
arguments = { level = -0.4, U = 1.2 }
[[contacts]]
name = "left"
rate = { law = "flat", value = 0.01 }
[[contacts]]
name = "right"
rate = { law = "flat", value = 0.03 }
[[reservoirs]]
T = 0.2
mu = 0.05
[[reservoirs]]
T = 0.2
mu = 0.05
[response]
[sweep]
quantities = ["conductance", "seebeck", "ZT"]
[sweep.axes]
"system.arguments.level" = [-0.4, 0.3]
"""


def response(level=-0.4):
    contacts = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.03))]
    return oqs.linear_response(oqs.davies(oqs.anderson_dot(level, 1.2), contacts), 0.2, 0.05)


def test_a_run_writes_the_matrix_and_the_coefficients(tmp_path):
    file = tmp_path / "response.toml"
    file.write_text(SCENARIO)
    assert main(["run", str(file), "--out", str(tmp_path / "out"), "--quiet"]) == 0
    table = thermo.load_dataset(tmp_path / "out" / "response.nc")
    np.testing.assert_allclose(table["onsager"], response().onsager, rtol=1e-12)
    assert float(table["ZT"]) == pytest.approx(0.208936275, rel=3e-9)
    swept = thermo.load_dataset(tmp_path / "out" / "sweep.nc")
    for k, level in enumerate((-0.4, 0.3)):
        for name in ("conductance", "seebeck", "ZT"):
            assert float(swept[name][k]) == pytest.approx(getattr(response(level), name), rel=1e-12)
    data = json.loads((tmp_path / "out" / "summary.json").read_text())["response"]
    assert all(check["passed"] for check in data["checks"])
    output = Console(file=io.StringIO(), width=120)
    show(output, data)
    assert f"{response().seebeck:.6g}" in output.file.getvalue()


def test_unequal_reservoirs_need_an_equilibrium_to_start_from(tmp_path):
    file = tmp_path / "response.toml"
    unequal = SCENARIO.replace("mu = 0.05\n[response]", "mu = 0.1\n[response]\nmu = 0.05")
    file.write_text(unequal)
    assert main(["run", str(file), "--out", str(tmp_path / "out"), "--quiet"]) == 0
    table = thermo.load_dataset(tmp_path / "out" / "response.nc")
    np.testing.assert_allclose(table["onsager"], response().onsager, rtol=1e-12)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[response]", "[response]\nT = -0.1", "must be positive, but is -0.1"),
        ("mu = 0.05\n[response]", "mu = 0.1\n[response]", "must be given where the reservoirs"),
        ("[response]", '[response]\nlaw = "landauer"', "must be density_matrix for a system with"),
        ("[response]", "[response]\nmus = 0.1", "did you mean `mu`?"),
    ],
)
def test_bad_input(tmp_path, old, new, message, capsys):
    file = tmp_path / "response.toml"
    file.write_text(SCENARIO.replace(old, new))
    assert main(["check", str(file)]) != 0
    assert message in "".join(capsys.readouterr())


def test_ratios_of_nothing_are_not_written_as_infinite():
    nothing = {"between": ["a", "b"], "conductance": 0.0, "thermal_conductance": 0.0}
    blocked = {"between": ["a", "b"], "conductance": 1e-3, "thermal_conductance": 0.0}
    for pair in (nothing, blocked):
        pair |= {"seebeck": None, "peltier": None, "ZT": None}
    text = io.StringIO()
    show(Console(file=text, width=200), {"T": 1.0, "mu": 0.0, "pairs": [nothing, blocked]})
    first, second = text.getvalue().splitlines()[-2:]
    assert "infinite" not in first
    assert second.count("infinite") == 3
