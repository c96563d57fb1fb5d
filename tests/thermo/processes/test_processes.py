"""Local processes: a point that ends or hangs costs itself, and none outlives its sweep."""

import functools
import os
import signal
import sys

import distributed
import numpy as np
import pytest
import sweep_functions as functions
from ended import alive, start, wait_until

import thermo
from thermo.processes.workers import Workers

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="looks at Unix signals")
ENDS = ["returns", "sys.exit", "os._exit", "segfault", "sleeps", "spins in C", "raises"]
SAID = {
    "returns": "",
    "sys.exit": "SystemExit: 3",
    "os._exit": "ProcessDied: the process ended with status 7",
    "segfault": "ProcessDied: the process was killed by SIGSEGV",
    "sleeps": "TimeoutError: took longer than 1 s",
    "spins in C": "TimeoutError: took longer than 1 s",
    "raises": "ValueError: no",
}


def test_however_a_point_ends_it_costs_itself_only(tmp_path, capfd):
    store = tmp_path / "sweep.db"
    sweep = functools.partial(
        thermo.sweep, functions.ends, {"how": ENDS, "a": [1, 2]}, store=store, executor=2
    )
    data = sweep(timeout=1)
    for how in ENDS:
        for error in data["error"].sel(how=how).values:
            assert error.startswith(SAID[how])
            assert (error == "") == (how == "returns")
    np.testing.assert_array_equal(data["value"].sel(how="returns"), [1, 2])
    assert data.identical(sweep(timeout=1))  # from the store, at once
    assert "Traceback" not in capfd.readouterr().err


def test_sys_exit_is_a_point_s_error_in_this_process_too(tmp_path):
    store = tmp_path / "sweep.db"
    data = thermo.sweep(functions.ends, {"how": ["sys.exit", "returns"], "a": [1]}, store=store)
    assert data["error"].values.ravel().tolist() == ["SystemExit: 3", ""]


def test_ctrl_c_is_nobody_s_error():
    def function(a):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        thermo.sweep(function, {"a": [1]})


@pytest.mark.parametrize("timeout", [0, -1.0, np.inf, "1", True])
def test_bad_timeout(timeout):
    with pytest.raises((TypeError, ValueError), match="`timeout` must be"):
        thermo.sweep(functions.ends, {"how": ENDS, "a": [1]}, executor=2, timeout=timeout)


def test_who_cannot_end_a_point_refuses_a_timeout():
    with pytest.raises(ValueError, match=r"`timeout` must be None .* None, this process.*=1"):
        thermo.sweep(functions.ends, {"how": ["returns"], "a": [1]}, timeout=1)
    with (
        distributed.Client(processes=False, n_workers=1, dashboard_address=":0") as client,
        pytest.raises(ValueError, match=r"`timeout` must be None where `executor` is a Client"),
    ):
        thermo.sweep(functions.ends, {"how": ["returns"], "a": [1]}, timeout=1, executor=client)


PROGRAM = """
import multiprocessing, sys
import sweep_functions
if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1])
    sys.exit(getattr(sweep_functions, sys.argv[2])(sys.argv[3]))
"""


@pytest.fixture
def running(tmp_path):
    """Return a started program once both of its workers are at work, and its session."""
    (tmp_path / "program.py").write_text(PROGRAM)
    processes = []

    def run(method, what):
        process = start([str(tmp_path / "program.py"), method, what, str(tmp_path)])
        processes.append(process)
        wait_until(lambda: len(list(tmp_path.glob("begun_*"))) >= 2)
        return process

    yield run
    for process in processes:
        for left in alive(process.pid):
            os.kill(left, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize("what", ["sweep_for_ever", "ensemble_for_ever"])
def test_processes_end_with_the_one_they_work_for(end, what, running):
    """It alone gets the signal; they are in the middle of a call that never ends."""
    process = running("fork", what)
    assert len(alive(process.pid)) == 3
    process.send_signal(end)
    said = process.communicate(timeout=60)[1]
    assert ("KeyboardInterrupt" in said) == (end == signal.SIGINT)
    assert "In a worker process" not in said
    wait_until(lambda: not alive(process.pid), 10)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_they_end_however_they_were_started(method, running):
    process = running(method, "sweep_for_ever")
    process.kill()
    wait_until(lambda: not alive(process.pid), 10)


def test_they_end_with_the_main_thread(running):
    """A sweep in a thread that nobody waits for."""
    process = running("fork", "sweep_in_a_thread")
    assert process.wait(timeout=60) == 0
    wait_until(lambda: not alive(process.pid), 10)


def test_an_error_in_another_process_comes_with_its_traceback():
    # where Dask was imported, errors can be sent whatever arguments they take
    with (
        Workers(functions.raises_what_is_not_made_again, 2) as workers,
        pytest.raises((RuntimeError, functions.Odd), match="one and two") as raised,
    ):
        list(workers.answers([1, 2]))
    assert "Odd" in f"{type(raised.value).__name__}: {raised.value}"
    with (
        Workers(functions.fails_at_two, 2) as workers,
        pytest.raises(ValueError, match="two is refused") as raised,
    ):
        list(workers.answers([2]))
    assert "In a worker process:\nTraceback" in raised.value.__notes__[0]


def test_what_a_process_printed_is_seen(capfd):
    with Workers(print, 2) as workers:
        list(workers.answers(range(8)))
    assert sorted(capfd.readouterr().out.split()) == list("01234567")
