"""Ctrl-C in the middle of each long public call: it ends at once, alone, as KeyboardInterrupt."""

import os
import pathlib
import random
import signal
import sys
import time

import pytest
from ended import alive, start, wait_until
from interrupted_calls import CALLS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="sends Unix signals"),
]
PROGRAM = str(pathlib.Path(__file__).with_name("interrupted_calls.py"))


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", CALLS)
def test_ctrl_c_ends_it_at_once(name, seed, tmp_path):
    """Sent as a terminal does, to all its processes, at a moment of the first calls."""
    mark = tmp_path / "begun"
    process = start([PROGRAM, name, str(mark)])
    wait_until(lambda: mark.exists() or process.poll() is not None, 120)
    time.sleep(random.Random(f"{name} {seed}").uniform(0, 4))
    assert process.poll() is None, process.communicate()[1]
    os.killpg(process.pid, signal.SIGINT)
    begun = time.monotonic()
    said = process.communicate(timeout=60)[1]
    assert time.monotonic() - begun < 30
    last = said.splitlines()[-1]
    # Python ends by the signal for KeyboardInterrupt itself alone, with 1 for what derives from it
    some_are_finished = last.startswith("thermo.StochasticInterrupted")
    assert some_are_finished or last.startswith("KeyboardInterrupt"), said
    assert process.returncode == (1 if some_are_finished else -signal.SIGINT)
    assert said.count("Traceback") == 1, said
    wait_until(lambda: not alive(process.pid), 10)
