"""A bar for work that takes more than a second."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_PATIENCE = 1.0  # seconds before a bar appears


@final
class ProgressBar:
    """A bar on stderr that appears only if the work lasts more than a second.

    Without a fraction done it says for how long the work has been going on.

    Parameters
    ----------
    label : what is being done.
    show : True draws it after a second wherever stderr goes, False never, None only on a terminal.

    Used as a context; `update` may be called at every step, it costs some microseconds.
    """

    def __init__(self, label: str, show: bool | None) -> None:
        self._label = label
        self._best = 0.0
        self._bar: tuple[Progress, TaskID] | None = None
        wanted = sys.stderr.isatty() if show is None else show
        self._timer = threading.Timer(_PATIENCE, self._open) if wanted else None

    def __enter__(self) -> ProgressBar:
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()  # it may be opening the bar just now
        if self._bar is not None:
            self._bar[0].stop()

    @property
    def shown(self) -> bool:
        """Whether the bar has appeared."""
        return self._bar is not None

    def update(self, fraction: float) -> None:
        """Show the fraction done, between 0 and 1; a bar never runs back."""
        self._best = max(self._best, fraction)
        if self._bar is not None:
            bar, task = self._bar
            bar.update(task, total=1.0, completed=self._best, done=f"{self._best:.0%}")

    def _open(self) -> None:
        # imported here: rich takes longer to import than most runs take
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        # without a terminal only the last state is printed: a transient bar would erase it
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[done]}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=sys.stderr.isatty(),
        )
        task = bar.add_task(self._label, total=None, done="")
        bar.start()
        self._bar = bar, task
