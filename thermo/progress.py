"""A bar for work that takes more than a second, in a terminal and in a notebook."""

from __future__ import annotations

import contextvars
import importlib
import sys
import threading
import time
from types import TracebackType
from typing import Any, Final, Protocol, final

from oqs.arguments import true_or_false

_PATIENCE: Final = 1.0  # seconds before a bar appears
_EVERY: Final = 0.2  # seconds between two states of a notebook's bar
_WIDTH: Final = 30  # characters of a notebook's bar


@final
class ProgressBar:
    """A bar with the time left that appears only if the work lasts more than a second.

    In a terminal it stands on stderr, in a notebook below the cell, where it needs nothing beside
    IPython. Without a fraction done it says what is being done.

    Parameters
    ----------
    label : what is being done.
    show : True draws it after a second wherever stderr goes, False never, None only in a terminal
        or a notebook.

    Used as a context; `update` may be called at every step, it costs some microseconds.
    """

    def __init__(self, label: str, show: bool | None) -> None:
        if show is not None:
            true_or_false("progress", show, "None shows a bar on a terminal only.")
        self._label = label
        self._best = 0.0
        self._began = time.monotonic()
        self._bar: _Bar | None = None
        wanted = sys.stderr.isatty() or _in_notebook() if show is None else show
        # a notebook knows by its context which cell the bar belongs to
        opened = contextvars.copy_context()
        self._timer = threading.Timer(_PATIENCE, opened.run, (self._open,)) if wanted else None

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
            self._bar.close()

    @property
    def shown(self) -> bool:
        """Whether the bar has appeared."""
        return self._bar is not None

    def update(self, fraction: float) -> None:
        """Show the fraction done, between 0 and 1; a bar never runs back."""
        self._best = max(self._best, fraction)
        if self._bar is not None:
            self._bar.show(self._best, self._message())

    def _message(self) -> str:
        """Return the fraction done and the time left, as "40 %, 3 s left"."""
        if not self._best > 0:
            return ""
        left = (time.monotonic() - self._began) * (1 - self._best) / self._best
        return f"{self._best:.0%}, {_duration(left)} left"

    def _open(self) -> None:
        bar: _Bar = _NotebookBar(self._label) if _in_notebook() else _TerminalBar(self._label)
        if self._best > 0:
            bar.show(self._best, self._message())
        self._bar = bar


class _Bar(Protocol):
    """What is drawn."""

    def show(self, fraction: float, message: str) -> None: ...

    def close(self) -> None: ...


@final
class _TerminalBar:
    """A bar of rich on stderr."""

    def __init__(self, label: str) -> None:
        # imported here: rich takes longer to import than most runs take
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        # without a terminal only the last state is printed: a transient bar would erase it
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[message]}"),
            TimeElapsedColumn(),
            console=Console(stderr=True, force_jupyter=False),
            transient=sys.stderr.isatty(),
        )
        self._task = self._progress.add_task(label, total=None, message="")
        self._progress.start()

    def show(self, fraction: float, message: str) -> None:
        self._progress.update(self._task, total=1.0, completed=fraction, message=message)

    def close(self) -> None:
        self._progress.stop()


@final
class _NotebookBar:
    """A line below the cell that is written anew, and goes at the end.

    rich would draw by ipywidgets, and without them print a warning instead.
    """

    def __init__(self, label: str) -> None:
        display: Any = importlib.import_module("IPython.display")
        self._text = display.Pretty
        self._label = label
        self._last = 0.0
        self._handle = display.display(self._text(f"{label} ..."), display_id=True)

    def show(self, fraction: float, message: str) -> None:
        if (now := time.monotonic()) - self._last < _EVERY:
            return
        self._last = now
        full = round(_WIDTH * min(fraction, 1.0))
        bar = "\u2588" * full + "\u2591" * (_WIDTH - full)
        self._handle.update(self._text(f"{self._label} {bar} {message}"))

    def close(self) -> None:
        self._handle.update(self._text(""))


def _in_notebook() -> bool:
    """Return whether this runs in the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return hasattr(shell, "kernel")


def _duration(seconds: float) -> str:
    """Return a time as a reader says it: 8 s, 3 min, 2.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
