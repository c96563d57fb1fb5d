"""[fluctuations] of a scenario and the noise quantities of a sweep: the numbers of `oqs`."""

import io
import json

import numpy as np
import pytest
from rich.console import Console

import oqs
import thermo
from thermo.scenario.commands import main
from thermo.scenario.tasks.fluctuations import show

SCENARIO = """
[system]
builder = "anderson_dot"
arguments = { level = -0.4, U = 1.2 }
[[contacts]]
name = "left"
rate = { law = "flat", value = 0.01 }
[[contacts]]
name = "right"
rate = { law = "flat", value = 0.02 }
[[reservoirs]]
T = 0.2
mu = 0.3
[[reservoirs]]
T = 0.35
mu = -0.3
[fluctuations]
order = 3
frequencies = [0.0, 0.05]
[sweep]
quantities = ["noise", "fano", "heat_uncertainty"]
[sweep.axes]
"reservoirs.1.mu" = [0.1, 0.3]
"""


def statistics():
    contacts = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
    model = oqs.davies(oqs.anderson_dot(-0.4, 1.2), contacts)
    return oqs.counting_statistics(model, [0.2, 0.35], [0.3, -0.3])


def test_a_run_writes_cumulants_covariances_and_spectrum(tmp_path):
    file = tmp_path / "noise.toml"
    file.write_text(SCENARIO)
    assert main(["run", str(file), "--out", str(tmp_path / "out"), "--quiet"]) == 0
    stats = statistics()
    table = thermo.load_dataset(tmp_path / "out" / "fluctuations.nc")
    left = table.sel(reservoir="left")
    np.testing.assert_allclose(
        left["cumulants"].sel(quantity="heat"), stats.cumulants(0, 3, "heat"), rtol=1e-12
    )
    np.testing.assert_allclose(
        left["spectrum"], stats.noise_spectrum([0.0, 0.05])[:, 0, 0].real, rtol=1e-12
    )
    swept = thermo.load_dataset(tmp_path / "out" / "sweep.nc").sel(reservoir="left")
    np.testing.assert_allclose(swept["noise"][1], stats.covariance()[0, 0], rtol=1e-12)
    np.testing.assert_allclose(swept["fano"][1], stats.fano(0), rtol=1e-12)
    np.testing.assert_allclose(
        swept["heat_uncertainty"][1], stats.uncertainty(0, "heat"), rtol=1e-9
    )


def test_they_are_printed(tmp_path):
    file = tmp_path / "noise.toml"
    file.write_text(SCENARIO)
    assert main(["run", str(file), "--out", str(tmp_path / "out"), "--quiet"]) == 0
    data = json.loads((tmp_path / "out" / "summary.json").read_text())["fluctuations"]
    assert all(check["passed"] for check in data["checks"])
    output = Console(file=io.StringIO(), width=120)
    show(output, data)
    assert f"{statistics().fano(1, 'heat'):.6g}" in output.file.getvalue()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("order = 3", "order = 0", "fluctuations.order"),
        ("[0.0, 0.05]", "[0.0, -0.05]", "must not be negative, but holds -0.05"),
        ("order = 3", "orders = 3", "did you mean `order`?"),
    ],
)
def test_bad_input(tmp_path, old, new, message, capsys):
    file = tmp_path / "noise.toml"
    file.write_text(SCENARIO.replace(old, new))
    assert main(["check", str(file)]) != 0
    assert message in "".join(capsys.readouterr())
