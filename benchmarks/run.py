"""What everything costs, beside a peer in the same run: time, ratio, memory, scaling.

    python benchmarks/run.py [--quick] [--only NAME]

What takes minutes a row, as PERLind of seven spinful sites, is run by --only alone.

Every row is a process of its own with OMP_NUM_THREADS=1, but for the one which shows that the
number of BLAS threads does not matter. Times are CPU seconds, the best of a few, unless the task
says wall time. `scaling` is the exponent p of time ~ size^p from the row before; for sites of an
interacting system the factor a site.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is imported

import bosons
import fluctuations
import generators
import jumps
import numpy as np
import response
import start
import stationary
import sweeps
import trajectories
from timing import Task

TASKS: dict[str, Task] = (
    start.TASKS
    | stationary.TASKS
    | generators.TASKS
    | bosons.TASKS
    | fluctuations.TASKS
    | response.TASKS
    | trajectories.TASKS
    | jumps.TASKS
    | sweeps.TASKS
)
EXPONENTIAL = (
    "whole",
    "spins",
    "spins beside qthermo",
    "spins again",
    "spinful",
    "readings",
    "momentary",
    "produced",
    "relaxing",
    "spinful audit",
    "spinful field",
    "spinful rate",
    "spinful wait",
    "worst audit",
    "close levels",
    "relaxation",
    "state",
    "audit",
    "again",
    "naive",
    "full",
    "densities",
    "threads",
    "noise",
    "blocks",
    "countstat",
    "cumulants",
    "spectrum",
    "jacobian",
    "hierarchy",
)


def row(name: str, size: int) -> dict[str, float | str | None]:
    """Run one row in a process of its own."""
    environment = dict(os.environ)
    if TASKS[name].all_threads:
        environment["OMP_NUM_THREADS"] = str(os.cpu_count())
    command = [sys.executable, __file__, "--row", name, str(size)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    found: dict[str, float | str | None] = json.loads(done.stdout)
    return found


def measure(name: str, size: int) -> str:
    timing = TASKS[name].measure(size)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return json.dumps(vars(timing) | {"megabytes": memory})


def scaling(name: str, size: int, ours: float, before: tuple[int, float] | None) -> str:
    if before is None:
        return ""
    if name == "start":
        return ""  # sizes are commands
    if name in EXPONENTIAL:
        return f"x{(ours / before[1]) ** (1 / (size - before[0])):.2f}"
    return f"^{np.log(ours / before[1]) / np.log(size / before[0]):.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the smaller sizes of each task")
    parser.add_argument("--only", metavar="NAME", choices=TASKS, help=f"one of {', '.join(TASKS)}")
    parser.add_argument("--row", nargs=2, metavar=("NAME", "SIZE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.row:
        print(measure(options.row[0], int(options.row[1])))
        return
    print(
        f"{'task':<37}{'size':>6} {'ours/s':>9} {'peer/s':>9} {'ratio':>7} {'MB':>6} scaling  peer"
    )
    for name, task in TASKS.items():
        if options.only not in (None, name):
            continue
        before = None
        sizes = task.sizes + (task.long if options.only else ())
        for size in task.sizes[: task.quick] if options.quick else sizes:
            found = row(name, size)
            ours, peer = found["ours"], found["peer"]
            beside = f"{peer:9.3g} {peer / ours:7.3g}" if peer else " " * 17
            said = (found["recorded"] or task.peer) if peer else ""
            print(
                f"{task.title:<37}{size:>6} {ours:9.3g} {beside} {found['megabytes']:6.0f} "
                f"{scaling(name, size, ours, before):<8} {said}",
                flush=True,
            )
            before = (size, ours)


if __name__ == "__main__":
    main()
