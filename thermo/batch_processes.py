"""Batches of trajectories, on local processes where they are worth it."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import pickle

from oqs.arguments import FloatArray
from thermo.batch_problem import BatchProblem
from thermo.batch_run import Columns, run_batch
from thermo.sweep_executors import check_importable
from thermo.trajectory import State

_BATCH = 8192  # trajectories that move on together at most: bounds memory, and a Ctrl-C's wait
_WORTH = 2000  # trajectories that repay a process of their own


def processes_for(problem: BatchProblem, trajectories: int, workers: int | None) -> int:
    """Return how many processes to use: 1 where no other could run this."""
    if workers is not None:
        if isinstance(workers, bool) or not isinstance(workers, int):
            raise TypeError(
                f"Argument `workers` must be a number of processes, but is {workers!r}. "
                "Give None for as many as are worth it."
            )
        if workers < 1:
            raise ValueError(
                f"Argument `workers` must be at least one process, but is {workers}. Give None for "
                "as many as are worth it."
            )
    # a daemon, such as a worker of Dask, may have no children
    if multiprocessing.current_process().daemon or not _importable(problem):
        return 1
    if workers is not None:
        return workers
    return max(1, min(_cores(), trajectories // _WORTH))


def _cores() -> int:
    """Return how many cores this process may use: fewer than there are, in a job of a cluster."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _importable(problem: BatchProblem) -> bool:
    """Return whether other processes can have the law and the gases."""
    try:
        check_importable(problem.dynamics.law)
        pickle.dumps(problem)  # the gases too
    except Exception:  # pickling runs the code of whatever they hold
        return False
    return True


def run_batches(
    problem: BatchProblem, T: FloatArray, mu: FloatArray, goal: State | None, processes: int
) -> list[Columns]:
    """Run all trajectories (M, n) in batches; return the columns of each, in order.

    Not in threads, which would wait for each other at every operation of numpy.
    """
    rounds = -(-len(T) // (processes * _BATCH))
    length = -(-len(T) // (processes * rounds))  # as many batches for each process
    begins = range(0, len(T), length)
    parts = [
        (T[part], mu[part], None if goal is None else State(*(g[part] for g in goal)), part.start)
        for part in (slice(begin, begin + length) for begin in begins)
    ]
    if processes == 1 or len(parts) == 1:
        return [run_batch(problem, *part) for part in parts]
    results: dict[int, Columns] = {}
    waiting = list(enumerate(parts))[::-1]
    flying: dict[concurrent.futures.Future[Columns], int] = {}
    with concurrent.futures.ProcessPoolExecutor(processes) as pool:
        while waiting or flying:
            while waiting and len(flying) < processes:  # no more: Ctrl-C leaves nothing to do
                place, part = waiting.pop()
                flying[pool.submit(run_batch, problem, *part)] = place
            done, _ = concurrent.futures.wait(
                flying, return_when=concurrent.futures.FIRST_COMPLETED
            )
            for future in done:
                results[flying.pop(future)] = future.result()
    return [results[place] for place in range(len(parts))]
