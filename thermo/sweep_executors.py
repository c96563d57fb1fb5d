"""Where the points of a sweep are computed: in this process, on local processes, on a cluster."""

from __future__ import annotations

import collections
import concurrent.futures
import multiprocessing
import pickle
import sys
from collections.abc import Callable, Generator, Mapping
from typing import Any, NamedTuple, Protocol, final, runtime_checkable

import numpy as np

from thermo.sweep_store import Outcome

_IN_FLIGHT = 256  # points handed to an executor and not yet back: bounds memory and loss
_PER_PROCESS = 4  # the same for each local process: what is computed again if one dies
_GLANCE = 1.0  # seconds: `wait` does not wake up for futures that shutdown() cancels
_EXPECTED = "None, a number of processes, an Executor or a dask.distributed.Client"

Points = list[dict[str, Any]]


@runtime_checkable
class Cluster(Protocol):
    """What gives an executor: dask.distributed.Client."""

    def get_executor(self, *, pure: bool) -> concurrent.futures.Executor:
        """Return an executor of the concurrent.futures kind."""
        ...


@final
class Lost(NamedTuple):
    """What an executor left undone.

    Parameters
    ----------
    begun, waiting : indices of points it had taken, or not, when it stopped.
    reason : what stopped it; None if nothing did.
    failed : indices of points of which the executor, not the function, says that they failed (a
        worker died with them), and what it says.
    """

    begun: list[int]
    waiting: list[int]
    reason: BaseException | None
    failed: dict[int, Outcome]


def check_executor(
    executor: int | concurrent.futures.Executor | Cluster | None, function: Callable[..., object]
) -> None:
    """Raise TypeError or ValueError unless the executor is one that the function can be sent to."""
    if executor is None:
        return
    if isinstance(executor, bool) or not isinstance(
        executor, (int, concurrent.futures.Executor, Cluster)
    ):
        raise TypeError(f"Argument `executor` must be {_EXPECTED}, but is {executor!r}.")
    if isinstance(executor, int) and executor < 1:
        raise ValueError(
            f"Argument `executor` must be at least one process, but is {executor}. "
            "Give None to compute in this process."
        )
    if isinstance(executor, (int, concurrent.futures.ProcessPoolExecutor)):
        check_importable(function)


def check_importable(function: Callable[..., object]) -> None:
    """Raise TypeError where another process could not find the function under its name."""
    remedy = "Define it at the top of a module, or use a Dask client, which sends the code itself."
    try:
        pickle.dumps(function)
    except Exception as error:  # pickling runs the code of whatever the function holds
        raise TypeError(
            "Argument `function` must be importable by other processes, but is "
            f"{function!r} ({error}). {remedy}"
        ) from error
    # a process that does not begin as a copy of this one runs the main file again, if there is one
    interactive = getattr(sys.modules["__main__"], "__file__", None) is None
    copied = multiprocessing.get_start_method() == "fork"
    if getattr(function, "__module__", None) == "__main__" and interactive and not copied:
        raise TypeError(
            "Argument `function` must be importable by other processes, but is "
            f"{function!r}, defined in an interactive session. {remedy}"
        )


def evaluate(function: Callable[..., object], point: Mapping[str, Any]) -> Outcome:
    """Return what became of one point: on a cluster this runs on the workers."""
    try:
        returned = function(**point)
        named = returned if isinstance(returned, Mapping) else {"value": returned}
        values = {str(name): np.asarray(value) for name, value in named.items()}
        for name, value in values.items():
            if value.dtype.kind not in "biufcU":
                raise TypeError(f"{name!r} is {type(named[name]).__name__}, not numbers or text")
    except Exception as error:  # the point failed; the sweep goes on and says so
        return Outcome(None, f"{type(error).__name__}: {error}")
    return Outcome(values, "")


def evaluated(
    function: Callable[..., object],
    points: Points,
    wanted: list[int],
    executor: int | concurrent.futures.Executor | Cluster | None,
) -> Generator[tuple[int, Outcome], None, None]:
    """Yield (index, outcome) of the wanted points as they come.

    Raises
    ------
    TypeError, ValueError
        before anything is computed, if the executor cannot take the function, or any.
    RuntimeError
        once all that was finished has been yielded, if the executor stopped on the way.
    """
    if executor is None:
        for index in wanted:
            yield index, evaluate(function, points[index])
    elif isinstance(executor, int):
        yield from _on_processes(function, points, wanted, executor)
    else:
        # pure: Dask answers a call that it knows from memory, also one that failed
        pool = executor.get_executor(pure=False) if isinstance(executor, Cluster) else executor
        yield from _on_executor(pool, function, points, wanted)


def _on_executor(
    pool: concurrent.futures.Executor,
    function: Callable[..., object],
    points: Points,
    wanted: list[int],
) -> Generator[tuple[int, Outcome], None, None]:
    """Yield outcomes; a point that failed beside others is tried again, alone.

    A point that kills its worker takes along those that wait on it. Alone it fails again, and they
    do not.
    """
    lost = yield from _through(pool, function, points, wanted, _IN_FLIGHT)
    reason, left = lost.reason, [*lost.begun, *lost.waiting, *lost.failed]
    while left and reason is None:
        again = yield from _through(pool, function, points, left[:1], 1)
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
    function: Callable[..., object], points: Points, wanted: list[int], processes: int
) -> Generator[tuple[int, Outcome], None, None]:
    """Yield outcomes; where a process dies, find out which point killed it, and go on."""
    left = wanted
    while left:
        with concurrent.futures.ProcessPoolExecutor(processes) as pool:
            lost = yield from _through(pool, function, points, left, _PER_PROCESS * processes)
        yield from lost.failed.items()  # a result that cannot be sent back
        _interrupt(lost.reason)
        for index in lost.begun:  # any of these may be the culprit: each alone in a process
            with concurrent.futures.ProcessPoolExecutor(1) as pool:
                again = yield from _through(pool, function, points, [index], 1)
            yield from again.failed.items()
            _interrupt(again.reason)
            if again.reason is not None:
                yield index, Outcome(None, f"{_told(again.reason)} This point alone was in it.")
        left = lost.waiting


def _interrupt(reason: BaseException | None) -> None:
    """Raise what is no failure of a process but the user's wish to stop, such as Ctrl-C."""
    if reason is not None and not isinstance(reason, concurrent.futures.BrokenExecutor):
        raise reason


def _through(
    pool: concurrent.futures.Executor,
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
                except Exception as error:  # executors raise what they like
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
