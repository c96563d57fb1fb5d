"""Sweeps: the same numbers wherever they are computed, and nothing computed twice."""

import concurrent.futures
import contextlib
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pytest
import sweep_functions as functions

import thermo

GRID = {"a": [1, 2, 3], "b": [0.5, 1.5]}
TESTS = pathlib.Path(__file__).parents[1]


def test_labelled_grid():
    data = thermo.sweep(functions.product, GRID)
    assert data["sum"].dims == ("a", "b")
    assert data["pair"].dims == ("a", "b", "pair_0")
    assert float(data["sum"].sel(a=3, b=1.5)) == 4.5
    assert str(data["name"].sel(a=2, b=0.5).values) == "20.5"
    assert set(data["error"].values.ravel()) == {""}


def test_the_same_wherever_it_runs():
    here = thermo.sweep(functions.product, GRID)
    assert here.identical(thermo.sweep(functions.product, GRID, executor=2))
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        assert here.identical(thermo.sweep(functions.product, GRID, executor=threads))


def test_a_failing_point_is_recorded_and_can_be_tried_again(tmp_path):
    store = tmp_path / "sweep.db"
    data = thermo.sweep(functions.fails_at_two, {"a": [1, 2, 3]}, store=store)
    np.testing.assert_array_equal(data["value"], [10, np.nan, 30])
    assert data["error"].values.tolist() == ["", "ValueError: two is refused", ""]
    again = thermo.sweep(functions.fails_at_two, {"a": [1, 2, 3]}, store=store, retry=True)
    assert again.identical(data)


def test_killed_in_the_middle_it_resumes(tmp_path, monkeypatch):
    """kill -9, then the same call: what was finished is not computed again."""
    calls = tmp_path / "calls"
    calls.mkdir()
    monkeypatch.setenv("SWEEP_CALLS", str(calls))
    store = tmp_path / "sweep.db"
    program = (
        "import sweep_functions as f, thermo;"
        f"thermo.sweep(f.counted, {{'a': list(range(40))}}, store={str(store)!r})"
    )
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    process = subprocess.Popen([sys.executable, "-c", program], env=environment)
    deadline = time.monotonic() + 60
    while len(list(calls.iterdir())) < 10 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = len(list(calls.iterdir()))
    assert 10 <= before < 40
    data = thermo.sweep(functions.counted, {"a": list(range(40))}, store=store)
    np.testing.assert_array_equal(data["value"], np.arange(40.0) ** 2)
    # only the point that was under way when the process died is computed twice
    assert len(list(calls.iterdir())) <= 41
    thermo.sweep(functions.counted, {"a": list(range(40))}, store=store)
    assert len(list(calls.iterdir())) <= 41


def test_a_foreign_store_is_refused(tmp_path):
    store = tmp_path / "sweep.db"
    thermo.sweep(functions.product, GRID, store=store)
    with pytest.raises(ValueError, match=r"`store` must hold results of .*fails_at_two"):
        thermo.sweep(functions.fails_at_two, {"a": [1]}, store=store)
    other = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE mine (x)")
    before = other.read_bytes()
    with pytest.raises(ValueError, match="is a database of something else"):
        thermo.sweep(functions.product, GRID, store=other)
    assert other.read_bytes() == before
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but long enough to be read as one\n" * 40)
    with pytest.raises(ValueError, match=r"`store` must be a file written by thermo\.sweep"):
        thermo.sweep(functions.product, GRID, store=text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((functions.product, {}), "`grid` must be a mapping"),
        ((functions.product, {"a": [[1]]}), "`grid` must hold numbers or names of shape"),
        ((functions.product, {"a": [1, 1]}), "`grid` must hold each value of an axis once"),
        ((1.0, GRID), "`function` must be callable"),
        ((functions.uneven, {"a": [1, 2]}), "`function` must return the same names and shapes"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        thermo.sweep(*arguments)


@pytest.mark.parametrize("executor", [0, "cluster", True])
def test_bad_executor(executor):
    with pytest.raises((TypeError, ValueError), match="`executor` must be"):
        thermo.sweep(functions.product, GRID, executor=executor)
