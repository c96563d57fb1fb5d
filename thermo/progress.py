"""A progress bar for runs that take more than a second."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_PATIENCE = 1.0  # seconds before a bar appears
_INTERVAL = 0.1  # seconds between two drawings


@final
class ProgressBar:
    """A bar on stderr that appears only if the work lasts more than a second.

    Parameters
    ----------
    label : what is being done.
    show : True draws it after a second wherever stderr goes, False never, None only on a terminal.

    Used as a context; `update` may be called at every step, it costs a microsecond.
    """

    def __init__(self, label: str, show: bool | None) -> None:
        self._label = label
        self._wanted = sys.stderr.isatty() if show is None else show
        self._next = time.monotonic() + _PATIENCE
        self._best = 0.0
        self._bar: tuple[Progress, TaskID] | None = None

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar[0].stop()

    def update(self, fraction: float) -> None:
        """Show the fraction done, between 0 and 1; a bar never runs back."""
        if not self._wanted or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _INTERVAL
        self._best = max(self._best, fraction)
        if self._bar is None:
            self._bar = self._open()
        bar, task = self._bar
        bar.update(task, completed=self._best)

    def _open(self) -> tuple[Progress, TaskID]:
        # imported here: rich takes longer to import than most runs take
        from rich.console import Console
        from rich.progress import Progress

        # off a terminal only the last state is printed, which a transient bar would erase
        bar = Progress(console=Console(stderr=True), transient=sys.stderr.isatty())
        task = bar.add_task(self._label, total=1.0)
        bar.start()
        return bar, task
