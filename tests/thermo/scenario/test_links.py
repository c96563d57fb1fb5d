"""Reservoirs of heat alone and links between reservoirs, in a scenario."""

import json
import math
import pathlib

import numpy as np
import pytest

import oqs
import thermo
from thermo.scenario import ScenarioError, example, read
from thermo.scenario.commands import main
from thermo.scenario.reading import scenario
from thermo.scenario.schema.document import parse

TEXT = example("phonon_leak").read_text(encoding="utf-8")


def changed(*replacements, more=""):
    text = TEXT
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    return scenario(parse(text + more, "my.toml"))


def test_reservoirs_and_links_are_those_of_thermo():
    found = read("phonon_leak")
    assert found.names == ("cold", "hot", "phonons", "substrate")
    assert found.reservoirs[2:] == (
        thermo.Reservoir(thermo.BoseGas(3), 0.5, "phonons"),
        thermo.Reservoir(thermo.DebyeSolid(0.5), math.inf, "substrate"),
    )
    assert found.links == {
        ("cold", "phonons"): thermo.HeatLink(1e-5, 5),
        ("phonons", "substrate"): thermo.HeatLink(1e-6),
    }
    np.testing.assert_array_equal(found.mu, [20.8, 16.0, math.nan, math.nan])
    np.testing.assert_array_equal(found.contact_mu, [20.8, 16.0])
    wired = changed(
        ('between = ["phonons", "substrate"]', 'kind = "ohmic"\nbetween = ["hot", "cold"]'),
        ("strength = 1e-6", "conductance = 0.1"),
        ('name = "substrate"', 'name = "phonons2"'),
        ('between = ["cold", "phonons"]', 'between = ["phonons2", "phonons"]'),
    )
    assert wired.links["hot", "cold"] == thermo.OhmicLink(0.1)
    table = changed(
        (
            '{ law = "debye", T_D = 0.5 }',
            '{ law = "heat_capacity", temperatures = [0.1, 1], heat_capacity = [1, 2] }',
        ),
    )
    assert table.reservoirs[3].gas == thermo.TabulatedHeatCapacity([0.1, 1], [1, 2])


def test_a_run_is_that_of_evolve(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = TEXT.replace("[trajectory]", "[trajectory]\nt_final = 1e6\naudit = false").replace(
        "mark_events = true", "figures = []"
    )
    text += (
        '\n[relaxation]\ninitial = "empty"\n'
        '[sweep]\naxes = { "reservoirs.phonons.T" = [0.4, 0.6] }\n'
        'quantities = ["heat", "T_equilibrium", "relaxation_time"]\n'
    )
    pathlib.Path("my.toml").write_text(text, encoding="utf-8")
    assert main(["run", "my.toml", "--out", "out", "--quiet"]) == 0
    summary = json.loads(pathlib.Path("out/summary.json").read_text(encoding="utf-8"))
    links = {" - ".join(pair): repr(link) for pair, link in read("my.toml").links.items()}
    assert summary["head"]["links"] == links != {}
    assert summary["verified"]
    made = read("my.toml")
    law = thermo.with_links(oqs.closed_form(made.system, made.contacts), made.links)
    path = thermo.evolve(law, made.reservoirs, made.T, made.mu, t_final=1e6)
    kept = thermo.Trajectory.load("out/trajectory.nc")
    times = np.geomspace(1, 1e6, 9)
    np.testing.assert_allclose(kept.at(times).T, path.at(times).T, rtol=1e-8)
    end = summary["trajectory"]["end"]
    assert [row["name"] for row in end] == list(made.names)
    assert end[2]["mu"] is None
    assert end[2]["T"] == pytest.approx(path.T[-1, 2], rel=1e-8)
    table = thermo.load_dataset("out/sweep.nc")
    assert table["heat"].sel(reservoir="phonons").values == pytest.approx(
        [law([0.6, 1.0, T, 0.6], made.mu).heat[2] for T in (0.4, 0.6)]
    )
    np.testing.assert_array_equal(table["T_equilibrium"].values, [0.6, 0.6])
    assert [r["name"] for r in summary["relaxation"]["reservoirs"]] == ["cold", "hot"]


@pytest.mark.parametrize(
    ("replacements", "key", "text"),
    [
        ([("strength = 1e-6", "strength = -1")], "links[1].strength", "must be >= 0, but is -1"),
        ([("strength = 1e-6", "conductance = 1")], "links[1].conductance", "not known"),
        ([("exponent = 5", "exponent = 0")], "links[0].exponent", "must be positive"),
        (
            [('["phonons", "substrate"]', '["phonons", "phonons"]')],
            "links[1].between",
            "must name each once",
        ),
        (
            [('["phonons", "substrate"]', '["phonons", "cold"]')],
            "links[1].between",
            "is joined twice",
        ),
        (
            [('["phonons", "substrate"]', '["phonons", "lattice"]')],
            "reservoirs",
            "must be one per contact, 2, but are 4",
        ),
        (
            [('["cold", "phonons"]', '["cold", "photons"]')],
            "reservoirs",
            "none is called 'photons'",
        ),
        ([("mu = 16.0\n", "")], "reservoirs.hot.mu", "is missing"),
        ([("T = 0.6\n\n[[reservoirs]]\nname = \"substrate\"",
           "T = 0.6\nmu = 1\n\n[[reservoirs]]\nname = \"substrate\"")],
         "reservoirs.phonons.mu", "must be 0 or nan"),
        ([('law = "bose", alpha = 3', 'law = "bose", alpha = 0')],
         "reservoirs.phonons.gas.alpha", "must be positive"),
        ([("T_D = 0.5", "T_D = 0.5, dimension = 4")],
         "reservoirs.substrate.gas.dimension", "must be from 1 to 3"),
    ],
)  # fmt: skip
def test_a_mistake_is_answered_with_its_key(replacements, key, text):
    with pytest.raises(ScenarioError) as caught:
        changed(*replacements)
    assert caught.value.key == key
    assert text in str(caught.value)
