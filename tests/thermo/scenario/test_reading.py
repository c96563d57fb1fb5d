"""Whole scenarios: the shipped ones are what they say, and all mistakes are told at once."""

import json
import pathlib
import pickle
import re

import numpy as np
import pytest

import oqs
import thermo
from thermo.scenario import (
    FlowsTask,
    Outputs,
    ScenarioError,
    example,
    examples,
    read,
)
from thermo.scenario.reading import SCENARIO, scenario
from thermo.scenario.schema.bosonic import OPERATORS, SPECTRA
from thermo.scenario.schema.contacts import CONTACTS, RATES, SPIN
from thermo.scenario.schema.document import parse
from thermo.scenario.schema.generator import METHODS, generators
from thermo.scenario.schema.links import LINKS
from thermo.scenario.schema.outputs import OUTPUT
from thermo.scenario.schema.place import Place
from thermo.scenario.schema.reservoirs import GASES, RESERVOIR
from thermo.scenario.schema.system import BUILDERS, SYSTEM
from thermo.scenario.schema.units import UNITS
from thermo.scenario.tasks.flows import FLOWS
from thermo.scenario.tasks.laws import LAWS
from thermo.scenario.tasks.relaxation import RELAXATION
from thermo.scenario.tasks.sweep import SWEEP
from thermo.scenario.tasks.sweep_point import QUANTITIES
from thermo.scenario.tasks.trajectory import TRAJECTORY
from thermo.scenario.tasks.trajectory import read as read_trajectory
from validation.systems.cases import CASES

ROOT = pathlib.Path(__file__).parents[3]
BASE = example("figure_1").read_text(encoding="utf-8")


def changed(*replacements, more=""):
    text = BASE
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    return scenario(parse(text + more, "my.toml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_papers_figures_ship_as_they_are_validated(case):
    found = read(case.name.replace(" ", "_"))
    np.testing.assert_array_equal(found.system.h, case.system().h)
    np.testing.assert_array_equal(found.T, case.T)
    np.testing.assert_array_equal(found.mu, case.mu)
    assert found.reservoirs == case.reservoirs()
    assert [c.name for c in found.contacts] == list(case.names)
    assert [c.rate for c in found.contacts] == [c.rate for c in case.contacts()]
    assert all(c.coupling is None for c in found.contacts)
    assert found.tasks == (
        FlowsTask(("density_matrix", "closed_form")),
        read_trajectory({}, Place("")),
    )
    assert found.units == oqs.units.Units.from_temperature(1000)
    assert case.reference in found.note


@pytest.mark.parametrize("name", examples())
def test_a_shipped_scenario_asks_for_something_and_says_what_it_is(name):
    found = read(name)
    assert found.tasks
    assert found.title != found.document.file
    assert found.outputs.directory is None
    documented = (ROOT / "docs/scenarios.md").read_text(encoding="utf-8")
    assert f"`{name}`" in documented or name in {f"figure_{n}" for n in range(2, 5)}


def test_a_file_comes_before_an_example_and_a_folder_does_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("figure_1").mkdir()
    assert read("figure_1").title.startswith("Figure 1")
    pathlib.Path("figure_2").write_text(BASE.replace('title = "Figure 1', 'title = "My own'))
    assert read("figure_2").title.startswith("My own")
    with pytest.raises(ScenarioError, match="did you mean `figure_1`"):
        example("figure1")


def test_reservoirs_are_those_of_thermo():
    table = "{ law = 'tabulated', energies = [0, 10, 40], density_of_states = [0, 1, 2] }"
    found = changed(
        ('{ law = "sommerfeld", alpha = 1.5 }', table),
        ('{ law = "sommerfeld", alpha = 1.5 }', '{ law = "fermi_dirac", alpha = 1 }'),
        ("capacity = 1.0", "capacity = 7"),
        ("T = 0.6", "T = 21.0"),
    ).reservoirs
    expected = (
        thermo.Reservoir(thermo.TabulatedGas([0, 10, 40], [0, 1, 2]), 7.0, "1"),
        thermo.Reservoir(thermo.FermiDiracGas(1.0), 1.0, "2"),
    )
    assert found == expected


def test_tasks_and_outputs_are_read_with_their_defaults():
    sweep = (
        '\n[sweep]\naxes = { "reservoirs.1.T" = { start = 0.4, stop = 0.8, num = 3 },'
        ' "contacts.2.rate.prefactor" = { start = 1e-5, stop = 1e-3, num = 3,'
        ' spacing = "geometric" }, "system.energies.0" = [20, 21] }\nquantities = ["heat"]\n'
    )
    found = changed(("mark_events = true", ""), more=sweep)
    assert found.outputs == Outputs()
    assert found.asked["sweep"].quantities == ("heat",)
    axes = {name: values.tolist() for name, values in found.asked["sweep"].axes.items()}
    assert axes == {
        "reservoirs.1.T": [0.4, 0.6000000000000001, 0.8],
        "contacts.2.rate.prefactor": [1e-5, 1e-4, 1e-3],
        "system.energies.0": [20.0, 21.0],
    }
    assert found.tasks[-1] is found.asked["sweep"]


SWEEP_OF_T = '\n[sweep]\naxes = {{ "{}" = {} }}\nquantities = ["heat"]\n'
MISTAKES = [
    ((("gas = ", "gass = "),), "", "reservoirs.1.gass", "did you mean `gas`?"),
    ((('"sommerfeld"', '"summerfeld"'),), "", "reservoirs.1.gas.law", "did you mean `sommerfeld`?"),
    ((("alpha = 1.5", "alpha = 0"),), "", "reservoirs.1.gas.alpha", "must be positive"),
    ((("alpha = 1.5", "beta = 1.5"),), "", "reservoirs.1.gas.beta", "There are `alpha`"),
    ((("capacity = 1.0", "capacity = nan"),), "", "reservoirs.1.capacity", "must be finite"),
    ((("T = 0.6", "T = 19.0"),), "", "reservoirs.1.mu", "mu/T"),
    (
        (("[trajectory]", "[trajectory]\nrtoll = 1"),),
        "",
        "trajectory.rtoll",
        "did you mean `rtol`?",
    ),
    ((("[trajectory]", "[trajectory]\nt_final = -1"),), "", "trajectory.t_final", "positive"),
    ((("[trajectory]", "[trajectory]\nlaw = 1"),), "", "trajectory.law", "must be one of"),
    ((("[trajectory]", "[trajectory]\nrtol = 1e-15"),), "", "trajectory.rtol", "at least 1e-11"),
    ((("[trajectory]", "[trajectory]\nrtol = 1e-4"),), "", "trajectory.tolerance", "1000 rtol"),
    ((("[trajectory]", '[trajectory]\nlaw = "landauer"'),), "", "trajectory.law", "must be one of"),
    (
        (),
        SWEEP_OF_T.format("reservoirs.1.T", "[1, 2]").replace("heat", "T_end")
        + 'law = "landauer"\n',
        "sweep.law",
        "with quantities of an evolution, but is landauer",
    ),
    ((("[output]", '[output]\nfigures = ["bmp"]'),), "", "output.figures[0]", "must be one of"),
    (
        (("[output]", "[output]\nsi = true"), ("reference_temperature", "#"), ("[units]", "")),
        "",
        "output.si",
        "must be false without units",
    ),
    (
        (
            (
                "energies = [21.1, 21.5]",
                "energies = [21.1, 21.5]\nU = [{sites = [0, 1], value = 1}]",
            ),
            (', "closed_form"', ""),
            ("[trajectory]", '[trajectory]\nlaw = "closed_form"'),
        ),
        "",
        "trajectory.law",
        "must be density_matrix for a system with interactions",
    ),
    ((), SWEEP_OF_T.format("reservoirs.3.T", "[1, 2]"), "sweep.axes.reservoirs.3.T", "not known"),
    ((), SWEEP_OF_T.format("reservoirs.1.T", "[0, 2]"), "sweep.axes.reservoirs.1.T", "positive"),
    ((), SWEEP_OF_T.format("reservoirs.1.T", "[1, 1]"), "sweep.axes.reservoirs.1.T", "each value"),
    (
        (),
        SWEEP_OF_T.format("reservoirs.1.T", "{ start = 1, stop = 2, num = 1000000 }"),
        "sweep.axes.reservoirs.1.T.num",
        "must be from 2 to 100000",
    ),
    (
        (),
        SWEEP_OF_T.format("reservoirs.1.T", "[1, 2]").replace("heat", "heet"),
        "sweep.quantities[0]",
        "did you mean `heat`?",
    ),
    (
        (),
        SWEEP_OF_T.format(
            "reservoirs.1.mu", "{ start = -1, stop = 1, num = 3, spacing = 'geometric' }"
        ),
        "sweep.axes.reservoirs.1.mu.spacing",
        "must be linear unless",
    ),
]


@pytest.mark.parametrize(("replacements", "more", "key", "text"), MISTAKES)
def test_a_mistake_is_answered_with_file_key_and_remedy(replacements, more, key, text):
    with pytest.raises(ScenarioError) as caught:
        changed(*replacements, more=more)
    assert caught.value.key == key
    assert str(caught.value).startswith(f"my.toml: key `{key}` ")
    assert text in str(caught.value)


def test_all_mistakes_are_told_at_once():
    more = '\n[sweep]\naxes = { "reservoirs.3.T" = [1, 2] }\nquantities = ["heet", "lowest_T"]\n'
    with pytest.raises(ScenarioError) as caught:
        changed(
            ("energies = [21.1", 'energies = ["a", true'),
            ('law = "power_law"', 'law = "powerlaw"'),
            ("T = 0.6", "T0 = 0.6"),
            ("capacity = 1.0", "capacity = -1"),
            ("[trajectory]", "[trajectory]\nrtol = 1e-15"),
            more=more,
        )
    assert [problem.key for problem in caught.value.problems] == [
        "system.energies[0]",
        "system.energies[1]",
        "contacts.1.rate.law",
        "reservoirs.1.T0",  # and not that T is missing
        "reservoirs.1.capacity",
        "trajectory.rtol",
        "sweep.quantities[0]",
    ]
    lines = str(caught.value).split("\n")
    assert len(lines) == 7
    assert all(line.startswith("my.toml: key `") and line[-1] == "." for line in lines)
    assert isinstance(pickle.loads(pickle.dumps(caught.value)), ScenarioError)


def test_keys_that_do_not_go_together_are_told_at_once():
    more = SWEEP_OF_T.format("reservoirs.1.T", "[-1, 2]") + 'law = "closed_form"\n'
    interacting = "energies = [21.1, 21.5]\nU = [{sites = [0, 1], value = 1}]"
    with pytest.raises(ScenarioError) as caught:
        changed(("energies = [21.1, 21.5]", interacting), ("alpha = 1.5", "alpha = 1"), more=more)
    assert [problem.key for problem in caught.value.problems] == [
        "flows.laws",
        "sweep.law",
        "sweep.axes.reservoirs.1.T",
    ]


def test_many_mistakes_are_counted():
    with pytest.raises(ScenarioError) as caught:
        changed(("energies = [21.1, 21.5]", f"energies = {['a'] * 30}"))
    assert len(caught.value.problems) == 30
    assert str(caught.value).split("\n")[-1] == "my.toml: 10 more problems"


def test_the_documentation_names_every_key_and_every_word():
    text = (ROOT / "docs/scenarios.md").read_text(encoding="utf-8")
    tables = [SCENARIO, UNITS, SYSTEM, SPIN, RESERVOIR, FLOWS, RELAXATION]
    tables += [TRAJECTORY, SWEEP, OUTPUT, *(kind.keys for kind in CONTACTS.values())]
    variants = (RATES, GASES, generators(), SPECTRA)
    tables += [keys for variant in (*variants, LINKS) for keys, _ in variant.variants.values()]
    words = {key for table in tables for key in table.keys}
    words |= {*OPERATORS, *BUILDERS, *LAWS, *METHODS, *QUANTITIES, *CONTACTS, "kind"}
    words |= {word for variant in variants for word in variant.variants}
    assert [word for word in sorted(words) if not re.search(rf"\b{word}\b", text)] == []


def documented_defaults():
    """Yield (table, key, default) of the page's tables, of defaults that are plain values."""
    table = ""
    for line in (ROOT / "docs/scenarios.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("| ") or len(cells) < 4:
            continue
        table = cells[0].strip("`[]") or table
        names = re.findall(r"`(\w+)`", cells[1])
        words = [cells[2]] if len(names) == 1 else cells[2].split(", ")
        for name, word in zip(names, [*words, *words[-1:] * len(names)], strict=False):
            try:
                yield table, name, json.loads(word.strip("`"))
            except ValueError:
                continue  # in words


def test_the_documented_defaults_are_those_of_the_code():
    tables = {"flows": FLOWS, "relaxation": RELAXATION, "trajectory": TRAJECTORY, "sweep": SWEEP}
    tables |= {"output": OUTPUT, "reservoirs": RESERVOIR}
    compared = 0
    for table, name, default in documented_defaults():
        if table in tables and name in tables[table].keys:
            own = tables[table].keys[name].default
            if own is None:
                continue  # that of the call it is handed on to, where it is given
            assert json.loads(json.dumps(own)) == default, (table, name)
            compared += 1
    assert compared > 12
