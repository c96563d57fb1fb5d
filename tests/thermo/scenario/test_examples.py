"""Every scenario that comes with the package runs, and every check of it passes."""

import json
import os
import pathlib
import re

import pytest

from thermo.scenario import example, examples
from thermo.scenario.commands import main
from thermo.scenario.reading import scenario
from thermo.scenario.schema.document import parse

NO_FIGURE = ("mark_events = true", "figures = []")
SOON = ("[trajectory]", "[trajectory]\nt_final = 1e4\nevents = false\naudit = false")
SHORTER = {  # what would take seconds: an audit along six levels, second figures of the same kind
    "figure_2": [NO_FIGURE],
    "figure_3": [NO_FIGURE],
    "figure_4": [SOON],
    "figure_5": [NO_FIGURE, SOON],
    "coulomb_cooling": [SOON, ("[-2.0, -0.5, 2.0]", "[-2.0, 2.0]")],
    "coulomb_dot": [SOON],
    "double_dot": [SOON],
    "absorption_refrigerator": [NO_FIGURE, SOON],
    "heat_valve": [("num = 19", "num = 3"), ("num = 19", "num = 2")],
    "phonon_thermoelectric": [SOON, ("num = 20", "num = 3")],
}


DOCUMENTS = sorted((pathlib.Path(__file__).parents[3] / "docs").glob("**/*.md"))
BLOCK = re.compile(r"^```toml\n(.*?)^```", re.M | re.S)
SCENARIOS = [
    pytest.param(text, id=f"{document.stem}-{index}")
    for document in DOCUMENTS
    for index, text in enumerate(BLOCK.findall(document.read_text(encoding="utf-8")))
    if "[system]" in text
]


@pytest.mark.parametrize("name", examples())
def test_a_shipped_scenario_runs_and_is_verified(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = example(name).read_text(encoding="utf-8")
    for old, new in SHORTER.get(name, []):
        assert old in text
        text = text.replace(old, new, 1)
    pathlib.Path("my.toml").write_text(text, encoding="utf-8")
    assert main(["run", "my.toml", "--out", "out", "--quiet"]) == 0
    found = json.loads(pathlib.Path("out/summary.json").read_text(encoding="utf-8"))
    assert found["complete"]
    assert found["verified"]
    assert sorted(os.listdir("out")) == sorted([*found["files"], "summary.json"])
    assert sorted(os.listdir()) == ["my.toml", "out"]


@pytest.mark.slow
@pytest.mark.parametrize("name", examples())
def test_a_shipped_scenario_runs_as_it_is(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["run", name, "--quiet"]) == 0
    assert sorted(os.listdir()) == [name]


def test_there_are_scenarios_in_the_documents():
    assert len(SCENARIOS) >= 2


@pytest.mark.parametrize("text", SCENARIOS)
def test_a_scenario_in_the_documents_can_be_read(text):
    assert scenario(parse(text, "my.toml")).asked
