"""Where the points of a sweep are computed: in this process, on local processes, on a cluster."""

from __future__ import annotations

import collections
import concurrent.futures
import functools
import math
import pickle
import sys
import time
from collections.abc import Callable, Generator, Mapping
from typing import Any, NamedTuple, Protocol, final, runtime_checkable

import numpy as np

from thermo.processes.sendable import check_processes, check_sendable
from thermo.processes.workers import ProcessDied, Workers
from thermo.sweeps.outcome import Outcome

_IN_FLIGHT = 256  # points handed to an executor and not yet back: bounds memory and loss
_GLANCE = 1.0  # seconds: `wait` does not wake up for futures that shutdown() cancels
_PATIENCE = 60.0  # seconds without workers: a process that is started again takes a few
_ASKING = 5.0  # seconds from one question to the scheduler to the next
_EXPECTED = "None, a number of processes, an Executor or a dask.distributed.Client"

Points = list[dict[str, Any]]


@runtime_checkable
class Cluster(Protocol):
    """What gives an executor: dask.distributed.Client."""

    def get_executor(self, *, pure: bool) -> concurrent.futures.Executor:
        """Return an executor of the concurrent.futures kind."""


@final
class Lost(NamedTuple):
    """What an executor left undone."""

    begun: list[int]  # indices of the points that it had taken when it stopped
    waiting: list[int]  # and of those that it had not
    reason: BaseException | None  # what stopped it; None if nothing did
    # indices of points of which the executor, not the function, says that they failed (a worker
    # died with them), and what it says
    failed: dict[int, Outcome]


def check_executor(
    executor: int | concurrent.futures.Executor | Cluster | None,
    function: Callable[..., object],
    timeout: float | None,
) -> None:
    """Raise TypeError or ValueError unless the executor is one that the function can be sent to."""
    if executor is not None and (
        isinstance(executor, bool)
        or not isinstance(executor, (int, concurrent.futures.Executor, Cluster))
    ):
        raise TypeError(f"Argument `executor` must be {_EXPECTED}, but is {executor!r}.")
    if isinstance(executor, int):
        check_processes("executor", executor, "Give None to compute in this process.")
    elif timeout is not None:
        raise ValueError(
            f"Argument `timeout` must be None where `executor` is {_kind(executor)}, which cannot "
            f"stop a point that has begun, but is {timeout!r}. Give a number of processes, "
            "executor=1 for example."
        )
    if isinstance(executor, (int, concurrent.futures.ProcessPoolExecutor)):
        remedy = "Define it at the top of a module, or use a Dask client, which sends the code."
        check_sendable("function", function, remedy)


def _kind(executor: concurrent.futures.Executor | Cluster | None) -> str:
    return "None, this process" if executor is None else f"a {type(executor).__name__}"


def evaluate(function: Callable[..., object], point: Mapping[str, Any]) -> Outcome:
    """Return the outcome of one point: on a cluster this runs on the workers."""
    try:
        returned = function(**point)
        named = returned if isinstance(returned, Mapping) else {"value": returned}
        values = {str(name): np.asarray(value) for name, value in named.items()}
        for name, value in values.items():
            if value.dtype.kind not in "biufcU":
                raise TypeError(f"{name!r} is {type(named[name]).__name__}, not numbers or text")
    except KeyboardInterrupt:  # the user's wish to stop
        raise
    except BaseException as error:  # also sys.exit: the point failed, the sweep goes on and says so
        return Outcome(None, f"{type(error).__name__}: {error}")
    return Outcome(values, "")


def evaluated(
    function: Callable[..., object],
    points: Points,
    wanted: list[int],
    executor: int | concurrent.futures.Executor | Cluster | None,
    timeout: float | None,
) -> Generator[tuple[int, Outcome], None, None]:
    """Yield (index, outcome) of the wanted points as they come.

    Raises TypeError or ValueError before anything is computed if the executor cannot take the
    function, or any; RuntimeError once all that was finished has been yielded, if the executor
    stopped on the way.
    """
    if executor is None:
        for index in wanted:
            yield index, evaluate(function, points[index])
    elif isinstance(executor, int):
        limit = math.inf if timeout is None else timeout
        yield from _on_processes(function, points, wanted, executor, limit)
    else:
        # pure: Dask answers a call that it knows from memory, also one that failed
        pool = executor.get_executor(pure=False) if isinstance(executor, Cluster) else executor
        yield from _on_executor(pool, LocalCluster(executor), function, points, wanted)


def _on_executor(
    pool: concurrent.futures.Executor,
    cluster: LocalCluster,
    function: Callable[..., object],
    points: Points,
    wanted: list[int],
) -> Generator[tuple[int, Outcome], None, None]:
    """Yield outcomes; a point that failed beside others is tried again, alone.

    A point that kills its worker takes along those that wait on it. Alone it fails again, and they
    do not.
    """
    lost = yield from _through(pool, cluster, function, points, wanted, _IN_FLIGHT)
    reason, left = lost.reason, [*lost.begun, *lost.waiting, *lost.failed]
    while left and reason is None:
        again = yield from _through(pool, cluster, function, points, left[:1], 1)
        yield from again.failed.items()
        reason = again.reason
        left = left if reason is not None else left[1:]
    if reason is not None:
        raise RuntimeError(
            f"Argument `executor` must go on to the end, but stopped with {_told(reason)} "
            f"when {len(left)} of {len(wanted)} points were left. "
            "With a `store`, the same call computes only those."
        ) from reason


def _on_processes(
    function: Callable[..., object],
    points: Points,
    wanted: list[int],
    processes: int,
    timeout: float,
) -> Generator[tuple[int, Outcome], None, None]:
    """Yield outcomes; a point that takes too long, or its process with it, costs itself only."""
    with Workers(functools.partial(evaluate, function), processes) as workers:
        for place, answer in workers.answers([points[index] for index in wanted], timeout):
            lost = isinstance(answer, (ProcessDied, TimeoutError))
            yield wanted[place], Outcome(None, _told(answer)) if lost else answer


def _through(
    pool: concurrent.futures.Executor,
    cluster: LocalCluster,
    function: Callable[..., object],
    points: Points,
    wanted: list[int],
    limit: int,
) -> Generator[tuple[int, Outcome], None, Lost]:
    """Yield outcomes as they come; return what the executor did not do, if it stops."""
    waiting = collections.deque(wanted)
    flying: dict[concurrent.futures.Future[Outcome], int] = {}
    begun: list[int] = []
    failed: dict[int, Outcome] = {}
    reason: BaseException | None = None
    try:
        while True:
            while waiting and reason is None and len(flying) < limit:
                try:
                    future = pool.submit(evaluate, function, points[waiting[0]])
                except Exception as error:  # an executor may raise any exception
                    _refused(error, function, first=len(waiting) == len(wanted))
                    reason = error
                else:
                    flying[future] = waiting.popleft()
            if not flying:
                return Lost(begun, list(waiting), reason, failed)
            concurrent.futures.wait(flying, _GLANCE, concurrent.futures.FIRST_COMPLETED)
            for future in [future for future in flying if future.done()]:
                index = flying.pop(future)
                stopped = _stopped(future)
                if stopped is not None:
                    begun.append(index)
                    reason = stopped
                    continue
                said = future.exception()
                if said is None:
                    yield index, future.result()
                else:
                    failed[index] = Outcome(None, _told(said))
            gone = cluster.lost() if flying else None
            if gone is not None:
                return Lost([*begun, *flying.values()], list(waiting), gone, failed)
    finally:  # Ctrl-C, or an error: what has not begun is not begun
        for future in flying:
            future.cancel()


def _refused(error: Exception, function: Callable[..., object], first: bool) -> None:
    """Raise, where not even the first point was taken, an error that says what to mend."""
    if first and isinstance(error, (TypeError, AttributeError, pickle.PicklingError)):
        raise TypeError(
            f"Argument `function` must be something that `executor` can send to its workers, but "
            f"{function!r} is not ({_told(error)}). Let it hold no locks, files or connections."
        ) from error
    if first and not isinstance(error, concurrent.futures.BrokenExecutor):
        raise ValueError(
            f"Argument `executor` must be ready to compute, but refused the first point "
            f"({_told(error)}). Give one that is not closed."
        ) from error


def _stopped(future: concurrent.futures.Future[Outcome]) -> BaseException | None:
    """Return why a future says nothing of its point: the executor ended, not the function."""
    if future.cancelled():
        return concurrent.futures.CancelledError("the point was cancelled")
    error = future.exception()
    ended = isinstance(error, concurrent.futures.BrokenExecutor) or not isinstance(error, Exception)
    return error if ended else None


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


@final
class NoWorkers(RuntimeError):
    """A local cluster has lost all its workers, and none came back."""


@final
class LocalCluster:
    """The workers of a `distributed.LocalCluster`: asked for when nothing comes back.

    Its processes are started again when they die, but not always: one that dies while it starts
    is given up, and a cluster whose workers are all gone says nothing. Any other cluster is trusted
    to bring workers, be it after hours in the queue of a batch system.

    Parameters
    ----------
    executor : what was given to the sweep.
    """

    def __init__(self, executor: object) -> None:
        cluster = getattr(executor, "cluster", None)
        distributed = sys.modules.get("distributed")  # there, if a client of it is
        local = distributed is not None and isinstance(cluster, distributed.LocalCluster)
        self._client: Any = executor if local else None
        self._seen = self._asked = time.monotonic()

    def lost(self) -> NoWorkers | None:
        """Return the error to stop with, once there was no worker for a minute."""
        now = time.monotonic()
        if self._client is None or now < self._asked + _ASKING:
            return None
        self._asked = now
        if self._client.scheduler_info()["workers"]:
            self._seen = now
        if now < self._seen + _PATIENCE:
            return None
        return NoWorkers(f"the local cluster has had no worker for {_PATIENCE:g} s")
