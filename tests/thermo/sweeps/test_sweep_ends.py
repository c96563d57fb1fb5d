"""However a sweep ends, nothing finished is lost, and the same call goes on."""

import concurrent.futures
import contextlib
import functools
import os
import pathlib
import signal
import sqlite3

import numpy as np
import pytest
import sweep_functions as functions
from ended import start, wait_until

import thermo

ALL = list(range(40))
EXACT = np.arange(40.0) ** 2


@pytest.fixture
def calls(tmp_path):
    folder = tmp_path / "calls"
    folder.mkdir()
    return folder


DASK = (
    "distributed.Client(distributed.LocalCluster("
    "n_workers=2, threads_per_worker=1, dashboard_address=':0'))"
)


def started(store, calls, executor=None, seconds=0.05):
    """Start another process that runs the sweep of `counted`."""
    program = (
        "import distributed, functools, sweep_functions as f, thermo;"
        f"g = functools.partial(f.counted, folder={str(calls)!r});"
        f"thermo.sweep(g, {{'a': list(range(40))}}, store={str(store)!r}, executor={executor})"
    )
    return start(["-c", program], environment={"SECONDS_A_POINT": str(seconds)})


def kept(store):
    with contextlib.closing(sqlite3.connect(store)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return connection.execute("SELECT COUNT(*) FROM outcomes").fetchone()[0]


@pytest.mark.parametrize(
    ("end", "executor"),
    [
        (signal.SIGKILL, None),
        (signal.SIGINT, 2),
        pytest.param(signal.SIGINT, DASK, marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, None, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, 2, marks=pytest.mark.slow),
    ],
)
def test_ended_in_the_middle_it_resumes(end, executor, tmp_path, calls):
    """kill -9, kill, Ctrl-C, then the same call: what was finished is not computed again."""
    store = tmp_path / "sweep.db"
    process = started(store, calls, executor, seconds=0.2)
    wait_until(lambda: len(list(calls.iterdir())) >= 10)
    os.killpg(process.pid, end)  # as a terminal does: to all processes of the sweep
    error = process.communicate(timeout=60)[1]
    assert process.returncode != 0, error
    assert ("KeyboardInterrupt" in error) == (end == signal.SIGINT)
    begun, finished = len(list(calls.iterdir())), kept(store)
    # under way when the process ended: the points being computed or on their way back, and, of a
    # killed process, what it finished in its last second
    under_way = (2 if executor is None else 10) + 5 * (end == signal.SIGKILL)
    assert max(1, begun - under_way) <= finished < 40
    function = functools.partial(functions.counted, folder=str(calls))
    data = thermo.sweep(function, {"a": ALL}, store=store)
    np.testing.assert_array_equal(data["value"], EXACT)
    assert set(data["error"].values) == {""}
    assert len(list(calls.iterdir())) == begun + 40 - finished
    thermo.sweep(function, {"a": ALL}, store=store)
    assert len(list(calls.iterdir())) == begun + 40 - finished


def test_two_processes_on_one_store(tmp_path, calls):
    store = tmp_path / "sweep.db"
    both = [started(store, calls), started(store, calls)]
    for process in both:
        assert process.communicate(timeout=60)[1] == ""
        assert process.returncode == 0
    assert kept(store) == 40
    before = len(list(calls.iterdir()))
    assert 40 < before <= 80  # both were at work
    function = functools.partial(functions.counted, folder=str(calls))
    data = thermo.sweep(function, {"a": ALL}, store=store)
    np.testing.assert_array_equal(data["value"], EXACT)
    assert len(list(calls.iterdir())) == before


def test_a_result_is_not_replaced_by_an_error(tmp_path, calls):
    """Of two sweeps on one store the one that fails does not undo the other's work."""
    store = tmp_path / "sweep.db"
    grid = {"a": [1, 2]}
    function = functools.partial(interrupted, store=str(store), folder=str(calls))
    data = thermo.sweep(function, grid, store=store, label="both")
    assert data["error"].values[0].startswith("OSError")  # what this sweep saw
    again = thermo.sweep(function, grid, store=store, label="both")
    np.testing.assert_array_equal(again["value"], [1, 2])
    assert set(again["error"].values) == {""}


def interrupted(a, store, folder):
    mark = pathlib.Path(folder) / "inner"
    if not mark.exists():
        mark.touch()
        inner = functools.partial(interrupted, store=store, folder=folder)
        thermo.sweep(inner, {"a": [1, 2]}, store=store, label="both")
        raise OSError("the disk was full here, but not there")
    return a


def test_a_dead_process_costs_the_point_that_killed_it(tmp_path, calls):
    function = functools.partial(functions.kills_its_process, folder=str(calls), victim=5)
    store = tmp_path / "sweep.db"
    data = thermo.sweep(function, {"a": ALL}, store=store, executor=2)
    errors = data["error"].values
    assert errors[5].startswith("ProcessDied: the process was killed by SIGKILL")
    assert errors[5].endswith("at the second try too, where it was alone")
    assert set(np.delete(errors, 5)) == {""}
    np.testing.assert_array_equal(np.delete(data["value"].values, 5), np.delete(EXACT, 5))


def test_a_process_killed_from_outside_costs_nothing(calls):
    function = functools.partial(functions.kills_its_process, folder=str(calls), victim=5, times=1)
    data = thermo.sweep(function, {"a": ALL}, executor=2)
    np.testing.assert_array_equal(data["value"], EXACT)


def test_an_executor_that_breaks_leaves_what_was_finished(tmp_path, calls):
    """The user's own pool is not made again: an error says how to go on."""
    function = functools.partial(functions.kills_its_process, folder=str(calls), victim=9, times=1)
    store = tmp_path / "sweep.db"
    with (
        concurrent.futures.ProcessPoolExecutor(2) as pool,
        pytest.raises(RuntimeError, match=r"`executor` must go on to the end.*With a `store`"),
    ):
        thermo.sweep(function, {"a": ALL}, store=store, executor=pool)
    assert kept(store) >= 8
    data = thermo.sweep(function, {"a": ALL}, store=store)
    np.testing.assert_array_equal(data["value"], EXACT)


def test_cancelled_points_are_no_errors_of_the_function(tmp_path):
    store = tmp_path / "sweep.db"
    pool = concurrent.futures.ThreadPoolExecutor(1)

    def function(a):
        if a == 2:
            pool.shutdown(wait=False, cancel_futures=True)
        return a**2

    with pytest.raises(RuntimeError, match=r"stopped with CancelledError: .* 37 of 40 points"):
        thermo.sweep(function, {"a": ALL}, store=store, label="squares", executor=pool)
    assert kept(store) == 3
    data = thermo.sweep(function, {"a": ALL}, store=store, label="squares")
    np.testing.assert_array_equal(data["value"], EXACT)


def test_a_closed_executor_is_refused(calls):
    pool = concurrent.futures.ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(ValueError, match="`executor` must be ready to compute"):
        thermo.sweep(functions.fails_at_two, {"a": [1]}, executor=pool)
