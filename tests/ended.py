"""Other processes in tests: how they are started, what is alive of them, what they say."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parents[1]
PROCESSES = pathlib.Path("/proc")
STOPS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


@contextlib.contextmanager
def attentive():
    """Let what is started in this block be asked to stop, as what a terminal starts.

    A shell starts jobs in the background with SIGINT ignored, and so are all that they start: what
    is handled here, Python handles there; what is ignored here is ignored there.
    """
    before = {stop: signal.signal(stop, _handled) for stop in STOPS}
    try:
        yield
    finally:
        for stop, handler in before.items():
            signal.signal(stop, handler)


def _handled(number, frame):
    raise KeyboardInterrupt


def start(words, **options):
    """Start Python in a session of its own."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))}
    with attentive():
        return subprocess.Popen(
            [sys.executable, *words],
            env=environment | options.pop("environment", {}),
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **options,
        )


def alive(session):
    """Return the processes of a session that are neither gone nor zombies."""
    found = []
    for stat in PROCESSES.glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue  # it has just ended
        state, _, _, its_session = text.rpartition(")")[2].split()[:4]
        if int(its_session) == session and state not in "ZX":
            found.append(int(stat.parent.name))
    return found


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)
