"""How much memory this machine has."""

from __future__ import annotations

import math
import os


def physical_memory() -> float:
    """Return the machine's memory in bytes; infinity where the system does not tell (Windows)."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):  # no such function, or no such name
        return math.inf
