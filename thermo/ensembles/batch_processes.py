"""Batches of trajectories, on local processes where they are worth it."""

from __future__ import annotations

import functools
import multiprocessing
import os
import warnings
from collections.abc import Callable

from oqs.arguments import FloatArray
from thermo.ensembles.batch_problem import BatchProblem
from thermo.ensembles.batch_run import Batch, Columns, run_batch
from thermo.processes.sendable import check_processes, check_sendable
from thermo.processes.workers import ProcessDied, Workers
from thermo.reservoirs.state import State

_BATCH = 8192  # trajectories that move on together at most: bounds memory
_WORTH = 2000  # trajectories that repay a process of their own


def processes_for(problem: BatchProblem, trajectories: int, workers: int | None) -> int:
    """Return how many processes to use.

    Raises TypeError or ValueError if the law or the gases cannot be sent to as many as are asked
    for; without `workers` one process is used, with a UserWarning that gives the reason.
    """
    if workers is None:
        return _worth(problem, trajectories)
    if isinstance(workers, bool) or not isinstance(workers, int):
        raise TypeError(
            f"Argument `workers` must be a number of processes, but is {workers!r}. "
            "Give None for as many as are worth it."
        )
    if workers == 1:
        return 1
    check_processes("workers", workers, "Give 1, or None for as many as are worth it.")
    _check_sendable(problem)
    return workers


def _worth(problem: BatchProblem, trajectories: int) -> int:
    if multiprocessing.current_process().daemon:  # as a worker of Dask: it may have no others
        return 1
    processes = max(1, min(_cores(), trajectories // _WORTH))
    if processes > 1:
        try:
            _check_sendable(problem)
        except TypeError as error:
            warnings.warn(f"All runs in this process: {error}", stacklevel=4)
            return 1
    return processes


def _check_sendable(problem: BatchProblem) -> None:
    remedy = "Define it at the top of a module, or give workers=1 to evolve all in this process."
    check_sendable("law", problem.dynamics.law, remedy)
    check_sendable("reservoirs", list(problem.dynamics.reservoirs), remedy)


def _cores() -> int:
    """Return how many cores this process may use: fewer than there are, in a job of a cluster."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_batches(
    problem: BatchProblem,
    T: FloatArray,
    mu: FloatArray,
    goal: State | None,
    processes: int,
    tell: Callable[[float], None],
) -> list[Columns]:
    """Run all trajectories (M, n) in batches; return the columns of each, in order.

    Not in threads, which would wait for each other at every operation of numpy. `tell` is called
    now and then with the fraction done.

    Raises RuntimeError if a process dies, and whatever a batch raises.
    """
    rounds = -(-len(T) // (processes * _BATCH))
    length = -(-len(T) // (processes * rounds))  # as many batches for each process
    begins = range(0, len(T), length)
    parts = [
        Batch(T[p], mu[p], None if goal is None else State(*(g[p] for g in goal)), p.start)
        for p in (slice(begin, begin + length) for begin in begins)
    ]
    if processes == 1 or len(parts) == 1:
        return [
            run_batch(problem, part, functools.partial(_tell, tell, len(T), part.begin))
            for part in parts
        ]
    results: dict[int, Columns] = {}
    with Workers(functools.partial(_run_part, problem), processes) as workers:
        for place, answer in workers.answers(parts):
            if isinstance(answer, ProcessDied):
                begin = parts[place].begin
                raise RuntimeError(
                    f"Trajectories {begin} to {begin + len(parts[place].T) - 1} were not "
                    f"finished: {answer}. Give fewer trajectories at once, or workers=1."
                ) from answer
            results[place] = answer
            tell(len(results) / len(parts))
    return [results[place] for place in range(len(parts))]


def _tell(tell: Callable[[float], None], total: int, begin: int, over: float) -> None:
    """Say what fraction is done: all trajectories before `begin`, and so many of its batch."""
    tell((begin + over) / total)


def _run_part(problem: BatchProblem, batch: Batch) -> Columns:
    return run_batch(problem, batch, lambda _: None)
