"""Bars of progress: by rich in a terminal, in a notebook without ipywidgets and its warning."""

import io
import os
import pathlib
import re
import sys
import time

import nbclient
import nbformat
import numpy as np
import pytest

import oqs
import thermo
from thermo import progress

ROOT = pathlib.Path(__file__).parents[2]

CELLS = (
    """
import sys, time
sys.modules["ipywidgets"] = None  # as where it is not installed
from thermo import progress
progress._PATIENCE, progress._EVERY = 0.05, 0.0
assert progress._in_notebook()
""",
    """
open_bar = progress.ProgressBar("evolving", None)
open_bar.__enter__()
time.sleep(0.5)
open_bar.update(0.4)
""",
    """
with progress.ProgressBar("evolving", None) as bar:
    time.sleep(0.5)
    bar.update(0.4)
print(bar.shown)
""",
    """
with progress.ProgressBar("evolving", False) as bar:
    time.sleep(0.2)
print(bar.shown)
""",
)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook")
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
        patch.setenv("IPYTHONDIR", str(folder))
        nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    return [cell.outputs for cell in notebook.cells]


def test_a_notebook_s_bar_tells_what_is_left_without_ipywidgets(outputs):
    (bar,) = outputs[1]
    text = bar["data"]["text/plain"]
    assert text.startswith("evolving \u2588")
    assert "40%, 1 s left" in text
    assert text.count("\u2588") == 12
    assert text.count("\u2591") == 18


def test_it_goes_when_the_work_is_done(outputs):
    bar, printed = outputs[2]
    assert bar["data"]["text/plain"] == ""
    assert printed["text"] == "True\n"


def test_there_is_none_where_it_is_not_wanted(outputs):
    (printed,) = outputs[3]
    assert printed["text"] == "False\n"


def test_no_cell_warns(outputs):
    told = [output for cell in outputs for output in cell]
    assert [output for output in told if output.get("name") == "stderr"] == []


def test_a_terminal_s_bar_tells_what_is_left(monkeypatch, capsys):
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    with progress.ProgressBar("evolving", True) as bar:
        bar._timer.join()
        bar._began -= 300.0
        bar.update(0.5)
        bar.update(0.25)  # a bar never runs back
    told = capsys.readouterr().err
    assert "evolving" in told
    assert "50%, 5 min left" in told


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (89.0, "89 s"), (90.0, "2 min"), (5400.0, "1.5 h")]
)
def test_times_are_said_as_a_reader_says_them(seconds, text):
    assert progress._duration(seconds) == text


class _Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("shown", [None, False])
def test_an_evolution_under_a_slow_law_says_before_what_it_takes(shown, monkeypatch):
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    def slow(T, mu):
        time.sleep(0.012)
        flow = 1e-3 * (T[0] - T[1]) * np.array([1.0, -1.0])
        return oqs.Flows.of(flow, flow, mu)

    box = thermo.Reservoir(thermo.FermiDiracGas(alpha=1.0), capacity=20.0)
    start = {"T": [0.5, 0.4], "mu": [1.0, 1.0], "t_final": 1e-3, "events": False}
    thermo.evolve(slow, [box, box], **start, progress=shown)
    told = re.search(r"thermo.evolve, some 2500 flows: about (\d+) s", terminal.getvalue())
    assert (told is None) == (shown is False)
    assert told is None or 30 <= int(told[1]) <= 300
