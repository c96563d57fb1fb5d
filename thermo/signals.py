"""Signals that ask a run to stop: as Ctrl-C does, at a moment when it does no harm."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, Final

_ASKED: Final = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)


@contextlib.contextmanager
def stopping_as_ctrl_c() -> Iterator[None]:
    """Let `kill`, a closed terminal or a batch system raise KeyboardInterrupt in this block.

    A signal that is ignored stays so, as SIGHUP after `nohup`.
    """
    mine = [number for number in _ASKED if signal.getsignal(number) is signal.SIG_DFL]
    with _handled(mine, _interrupt):
        yield


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Do what takes a moment to its end: a second Ctrl-C would leave it half done."""
    with _handled((signal.SIGINT, *_ASKED), signal.SIG_IGN):
        yield


@contextlib.contextmanager
def ctrl_c_held() -> Iterator[None]:
    """Let Ctrl-C wait for the end of the block.

    h5py and h5netcdf work in callbacks of weak references and in `__del__`, where Python drops it.
    """
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):
        yield
        return
    came: list[Any] = []
    try:
        with _handled((signal.SIGINT,), lambda *signalled: came.append(signalled)):
            yield
    finally:
        if came:
            handler(*came[0])


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)


@contextlib.contextmanager
def _handled(
    numbers: list[Any] | tuple[Any, ...], handler: Callable[..., None] | signal.Handlers
) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # signals are not its own
        yield
        return
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
