"""Estimates of a call's time and memory before it begins; MemoryError where it would not fit."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")

_LONG = 1.0  # seconds of expected work from which on it is announced


def physical_memory() -> float:
    """Return the bytes of this machine's memory; infinity where the platform does not tell."""
    if not hasattr(os, "sysconf"):
        return float("inf")
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def require_memory(needed: float, what: str, remedy: str) -> None:
    """Raise MemoryError where `what` needs more bytes than this machine has."""
    available = physical_memory()
    if needed > available:
        raise MemoryError(
            f"{what} needs about {needed / 1e9:.0f} GB, but this machine has "
            f"{available / 1e9:.0f} GB. {remedy}"
        )


def worth_saying(seconds: float) -> bool:
    """Return whether a call takes long, and a terminal or notebook waits for it."""
    return seconds > _LONG and (sys.stderr.isatty() or "ipykernel" in sys.modules)


def announce(call: str, seconds: float) -> None:
    """Say how long a call takes, if that is worth saying."""
    if worth_saying(seconds):
        print(f"{call}: about {seconds:.0f} s", file=sys.stderr)


def rest_announced(call: str, items: Sequence[Item]) -> Iterator[Item]:
    """Yield the items, and say after the first one how long those that are left take."""
    begun = time.perf_counter()
    for k, item in enumerate(items):
        if k == 1:
            announce(call, (len(items) - 1) * (time.perf_counter() - begun))
        yield item
