"""From nothing to a first answer: processes of their own, beside `import qutip`."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Sequence

from timing import Task, Timing

COMMANDS: tuple[Sequence[str], ...] = (
    ("-c", "import oqs, thermo"),
    ("-m", "thermo", "--help"),
    ("-m", "thermo", "check", "figure_1"),
    ("-c", "from oqs import *"),
    ("-c", "from thermo import *"),
)
"""By number, from 1."""


def start(number: int) -> Timing:
    """Return the CPU seconds of a command, user and system, and of `import qutip`."""
    return Timing(_least(COMMANDS[number - 1]), _least(("-c", "import qutip")))


def _least(words: Sequence[str]) -> float:
    times = []
    for _ in range(4):  # the first may read files from the disk
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times[1:])


TASKS = {
    "start": Task("start, by command", tuple(range(1, len(COMMANDS) + 1)), start, "import qutip")
}
