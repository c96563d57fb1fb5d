"""A task of the benchmark, and the clock: CPU seconds of the whole process, the best of a few."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Timing:
    """Seconds of ours and, where there is one, of a peer doing the same in the same process.

    `recorded` says that the peer's time was measured elsewhere, and where.
    """

    ours: float
    peer: float | None = None
    recorded: str = ""


@dataclasses.dataclass(frozen=True)
class Task:
    """What is timed, over which sizes; `quick` of them in a quick run."""

    title: str
    sizes: tuple[int, ...]
    measure: Callable[[int], Timing]
    peer: str = ""
    quick: int = 2
    all_threads: bool = False
    long: tuple[int, ...] = ()  # sizes that take minutes each: run by --only alone


def best(
    function: Callable[[], object],
    seconds: float = 0.5,
    clock: Callable[[], float] = time.process_time,
) -> float:
    """Return the least time of a call, after a first one, over about this many seconds."""
    function()
    times: list[float] = []
    while sum(times) < seconds or len(times) < 2:
        start = clock()
        function()
        times.append(clock() - start)
        if times[-1] > seconds:
            break
    return min(times)
