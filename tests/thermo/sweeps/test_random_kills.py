"""Sweeps ended at random moments: nothing is wrong, nobody is left, one second is lost at most."""

import contextlib
import functools
import os
import random
import signal
import sqlite3
import sys
import time

import numpy as np
import pytest
import sweep_functions as functions
from ended import alive, start, wait_until

import thermo

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="sends Unix signals"),
]
PROGRAM = """
import sys, functools, distributed, sweep_functions as f, thermo
if __name__ == "__main__":
    g = functools.partial(f.counted, folder=sys.argv[2])
    thermo.sweep(g, {"a": list(range(40))}, store=sys.argv[1], executor=eval(sys.argv[3]))
"""
SECONDS = 0.1  # a point takes
ALL = list(range(40))
EXACT = np.arange(40.0) ** 2
DASK = (
    "distributed.Client(distributed.LocalCluster("
    "n_workers=2, threads_per_worker=1, dashboard_address=':0'))"
)
ENDS = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP)


def kept(store):
    """Return how many points a store holds."""
    if not store.exists():
        return 0
    with contextlib.closing(sqlite3.connect(store)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if not connection.execute("SELECT * FROM sqlite_master").fetchall():
            return 0
        return connection.execute("SELECT COUNT(*) FROM outcomes").fetchone()[0]


@pytest.mark.parametrize("seed", range(35))
def test_killed_at_a_random_moment(seed, tmp_path):
    """Sent to the parent alone or, as by a terminal or a batch system, to all of the sweep."""
    rng = random.Random(seed)
    executor = DASK if seed >= 25 else rng.choice(["None", "2", "3"])
    calls, store, program = tmp_path / "calls", tmp_path / "sweep.db", tmp_path / "program.py"
    calls.mkdir()
    program.write_text(PROGRAM)
    end, to_all = rng.choice(ENDS), rng.random() < 0.5
    words = [str(program), str(store), str(calls), executor]
    process = start(words, environment={"SECONDS_A_POINT": str(SECONDS)})
    begun = rng.randrange(0, 30)
    wait_until(lambda: len(list(calls.iterdir())) >= begun or process.poll() is not None, 120)
    time.sleep(rng.uniform(0, 0.2))
    (os.killpg if to_all else os.kill)(process.pid, end)
    said = process.communicate(timeout=60)[1]
    # workers of Dask log with tracebacks of its own that their client has gone
    assert "Traceback" not in said or executor == DASK, said
    assert "oqs" not in said
    assert "thermo" not in said
    wait_until(lambda: not alive(process.pid), 20)
    begun = len(list(calls.iterdir()))
    finished = kept(store)
    # computed on Dask's workers, not yet here: up to as many as are handed out at once
    under_way = {"None": 1, "2": 4, "3": 6}.get(executor, 40)
    # ended by a signal that Python does not see, a sweep has not written its last second
    under_way += int(1 / SECONDS) * {"None": 1, "2": 2, "3": 3}.get(executor, 2)
    assert begun - under_way <= finished <= begun
    function = functools.partial(functions.counted, folder=str(calls))
    data = thermo.sweep(function, {"a": ALL}, store=store)
    np.testing.assert_array_equal(data["value"], EXACT)
    assert set(data["error"].values) == {""}
    assert len(list(calls.iterdir())) == begun + 40 - finished
