"""A line on a terminal for work that takes over a second and cannot say how far it is."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator

_INTERVAL = 1.0  # seconds, before the line appears and between its changes


@contextlib.contextmanager
def waiting(label: str, show: bool | None = None) -> Iterator[None]:
    """Say on stderr what is being done and for how long, once that is over a second.

    Parameters
    ----------
    label : what is being done.
    show : True does so wherever stderr goes, False never, None on a terminal only.
    """
    if not (sys.stderr.isatty() if show is None else show):
        yield
        return
    done = threading.Event()
    thread = threading.Thread(target=_tell, args=(label, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _tell(label: str, done: threading.Event) -> None:
    started, longest = time.monotonic(), 0
    while not done.wait(_INTERVAL):
        line = f"{label}: {time.monotonic() - started:.0f} s"
        longest = max(longest, len(line))
        print(f"\r{line}", end="", file=sys.stderr, flush=True)
    if longest:
        print("\r" + " " * longest + "\r", end="", file=sys.stderr, flush=True)
