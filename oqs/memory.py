"""Refuse what would not fit into memory before anything is computed."""

from __future__ import annotations

import os


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
