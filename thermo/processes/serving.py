"""The loop of a worker process: it answers tasks until its parent process ends."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import pickle
import platform
import signal
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Final

STOPS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""The signals that ask a process to stop: Ctrl-C, `kill`, a terminal that is closed."""

_PARENT_DEATH: Final = 1  # PR_SET_PDEATHSIG


def serve(call: Callable[[Any], Any], link: Connection) -> None:
    """Answer tasks until an empty one comes: what a worker process runs."""
    for stop in STOPS:
        if callable(signal.getsignal(stop)):  # the handlers of the process it was copied from
            signal.signal(stop, signal.SIG_DFL)
    _end_with_parent()
    try:
        link.send_bytes(b"begun")
        while message := link.recv_bytes():
            link.send_bytes(_answer(call, pickle.loads(message)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the parent process has ended


def _end_with_parent() -> None:
    """End this process when the one that started it does, also in the middle of a call."""
    if platform.system() == "Linux":  # also while a call in C keeps Python's threads waiting
        ctypes.CDLL(None).prctl(_PARENT_DEATH, signal.SIGKILL)
        return
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _answer(call: Callable[[Any], Any], task: Any) -> bytes:
    """Return (True, what the call returns) or (False, what it raises), pickled."""
    try:
        return pickle.dumps((True, call(task)))
    except Exception as error:
        error.add_note(f"In a worker process:\n{traceback.format_exc()}")
        try:
            raised = pickle.dumps((False, error))
            pickle.loads(raised)  # one that takes other arguments than it keeps is not made again
        except Exception:  # of whatever the error holds
            described = RuntimeError(f"{type(error).__name__}: {error}")
            return pickle.dumps((False, described))
        return raised
