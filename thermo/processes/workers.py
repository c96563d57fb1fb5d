"""Local worker processes: one task each at a time; none outlives its parent process."""

from __future__ import annotations

import atexit
import collections
import contextlib
import dataclasses
import math
import multiprocessing
import pickle
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Final, Self, final

from thermo.processes.serving import STOPS, serve

_BEGIN: Final = 300.0  # seconds to begin in: a process that starts afresh imports all anew
_LEAVE: Final = 5.0  # seconds granted to exit
_GLANCE: Final = 0.5  # seconds in which a signal to a whole job reaches this process as well

_Task = tuple[int, Any]  # its place, and what the call takes
_Done = tuple[_Task, Any, bool]  # and the answer, and whether the process died
_Tasks = collections.deque[_Task]


@final
class ProcessDied(RuntimeError):
    """The process that computed something ended before it had an answer; says how."""


@final
@dataclasses.dataclass(eq=False)
class _Worker:
    """A process, and what it is at: a task, nothing, or (not begun) its own start."""

    process: BaseProcess
    link: Connection
    deadline: float
    begun: bool = False
    task: _Task | None = None

    @property
    def idle(self) -> bool:
        return self.begun and self.task is None

    def give(self, task: _Task, timeout: float) -> None:
        self.task, self.deadline = task, time.monotonic() + timeout
        try:
            self.link.send_bytes(pickle.dumps(task[1]))
        except OSError:  # it has just died, which the link says next
            return

    def end(self) -> None:
        """Kill the process."""
        self.process.kill()
        self.process.join()
        self.link.close()

    def finish(self) -> None:
        """Let the process, which must be idle, leave as others do: what it printed is seen."""
        with contextlib.suppress(OSError):  # it has died: nothing is left to finish
            self.link.send_bytes(b"")
        self.process.join(_LEAVE)
        self.end()


@final
class Workers:
    """Processes that call one function, for the time of a `with` block.

    Parameters
    ----------
    call : function of a task. What it raises is raised by `answers`.
    processes : how many.

    When the block is left every process ends, and when this process dies, however it does. A
    process that may be asked to stop, by SIGINT, SIGTERM or SIGHUP, does so silently.
    """

    def __init__(self, call: Callable[[Any], Any], processes: int) -> None:
        self._call = call
        self._processes = processes
        self._workers: list[_Worker] = []
        self._starting = threading.Lock()
        self._over = False
        # a fork server would be their parent, and lives as long as any of them
        server = multiprocessing.get_start_method() == "forkserver"
        self._context: Any = multiprocessing.get_context("spawn" if server else None)

    def __enter__(self) -> Self:
        atexit.register(self._at_exit)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        atexit.unregister(self._at_exit)
        for worker in self._workers if kind is None else []:
            if worker.idle:
                worker.finish()
        self._end()

    def _end(self) -> None:
        for worker in self._workers:
            worker.end()
        self._workers = []

    def _at_exit(self) -> None:
        """End all where Python ends with a thread in the block: else it would wait for ever."""
        with self._starting:
            self._over = True
            for worker in self._workers:
                worker.process.kill()

    def answers(
        self, tasks: Iterable[Any], timeout: float = math.inf
    ) -> Generator[tuple[int, Any], None, None]:
        """Yield (place of the task, what the call returned) as they come.

        Where a process dies, its task is done once more when the others are finished, by a process
        that is alone: together they may have taken too much memory. If that dies too, ProcessDied
        is yielded as the answer.

        Parameters
        ----------
        timeout : seconds that a task may take; then its process is killed, and TimeoutError is the
            answer.

        Raises
        ------
        RuntimeError
            if processes cannot be started. And whatever the call raises.
        """
        todo: _Tasks = collections.deque(enumerate(tasks))
        again: _Tasks = collections.deque()
        for task, answer, died in self._through(todo, self._processes, timeout):
            if died:
                again.append(task)
            else:
                yield task[0], answer
        for task, answer, _ in self._through(again, 1, timeout):
            yield task[0], answer

    def _through(self, todo: _Tasks, processes: int, timeout: float) -> Iterator[_Done]:
        """Yield (task, answer, whether its process died) until all is done."""
        while todo or any(worker.task for worker in self._workers):
            self._employ(todo, processes, timeout)
            done = [*self._answered(), *self._overdue(timeout)]
            self._employ(todo, processes, timeout)  # before the caller takes its time
            yield from done

    def _employ(self, todo: _Tasks, processes: int, timeout: float) -> None:
        """Give the tasks to so many processes at most."""
        at_work = sum(worker.task is not None for worker in self._workers)
        while len(self._workers) < min(processes, at_work + len(todo)):
            self._start()
        free = [worker for worker in self._workers if worker.idle]
        for worker in free[: max(0, processes - at_work)]:
            if todo:
                worker.give(todo.popleft(), timeout)
                at_work += 1

    def _start(self) -> None:
        with self._starting:
            if self._over:
                raise SystemExit  # of this thread, silently
            self._workers.append(self._started())

    def _started(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        # daemon: a call may use processes itself
        process = self._context.Process(target=serve, args=(self._call, theirs), daemon=False)
        try:
            process.start()
        except OSError as error:
            raise RuntimeError(
                f"A worker process could not be started ({error}). Give fewer processes."
            ) from error
        theirs.close()  # or its end would not be seen
        return _Worker(process, ours, time.monotonic() + _BEGIN)

    def _answered(self) -> list[_Done]:
        """Wait for a sign of life or death, until the next deadline at most."""
        by_link: dict[Any, _Worker] = {worker.link: worker for worker in self._workers}
        left = min(w.deadline for w in self._workers if not w.idle) - time.monotonic()
        done: list[_Done] = []
        for link in wait(list(by_link), None if left == math.inf else max(0.0, left)):
            worker = by_link[link]
            try:
                message = worker.link.recv_bytes()
            except (EOFError, OSError):
                done += self._dead(worker)
                continue
            if not worker.begun:
                worker.begun = True
                continue
            good, answer = pickle.loads(message)
            if not good:
                raise answer
            if worker.task is not None:
                done.append((worker.task, answer, False))
            worker.task = None
        return done

    def _dead(self, worker: _Worker) -> list[_Done]:
        """Remove a process that has died; return the task that it was at."""
        self._workers.remove(worker)
        worker.process.join(_GLANCE)
        code = worker.process.exitcode
        worker.end()
        if code is not None and -code in STOPS:
            time.sleep(_GLANCE)  # sent to this process as well, it ends us here
        if not worker.begun:
            remedy = " In a script, put the call under `if __name__ == '__main__':`."
            raise RuntimeError(
                f"A worker process {_told(code)} before it began.{remedy if code == 1 else ''}"
            )
        if worker.task is None:
            return []
        reason = f"the process {_told(code)}, at the second try too, where it was alone"
        return [(worker.task, ProcessDied(reason), True)]

    def _overdue(self, timeout: float) -> list[_Done]:
        """Kill the processes that are over their time; return their tasks."""
        killed = []
        for worker in list(self._workers):
            if worker.idle or time.monotonic() < worker.deadline or worker.link.poll():
                continue
            self._workers.remove(worker)
            worker.end()
            if worker.task is None:
                raise RuntimeError(
                    f"A worker process did not begin within {_BEGIN:.0f} s. Give fewer processes, "
                    "or none."
                )
            killed.append((worker.task, TimeoutError(f"took longer than {timeout:g} s"), False))
        return killed


def _told(code: int | None) -> str:
    if code is None:
        return "no longer answered"
    if code >= 0:
        return f"ended with status {code}"
    known = -code in signal.Signals.__members__.values()
    name = signal.Signals(-code).name if known else f"signal {-code}"
    return f"was killed by {name}{' (for want of memory?)' if name == 'SIGKILL' else ''}"
