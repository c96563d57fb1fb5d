"""A progress line while checks run, on a terminal only."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from validation.framework.check import Check


@contextlib.contextmanager
def progress_line(
    output: Console, errors: Console, total: int
) -> Iterator[Callable[[Check], None]]:
    """Show a line with the running check's name; yield what is to be called before each.

    It goes to `output` if that is a terminal, else to `errors` if that is one, else nowhere, and
    is gone at the end.
    """
    console = next((c for c in (output, errors) if c.is_terminal), None)
    if console is None:
        yield lambda _: None
        return
    columns = (BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn())
    label = TextColumn("{task.description}", markup=False)
    # results printed to a pipe must not be caught and drawn on the terminal
    ours = console is output
    bar = Progress(
        *columns, label, console=console, transient=True, redirect_stdout=ours, redirect_stderr=ours
    )
    with bar:
        task = bar.add_task("", total=total)
        started = iter(range(total))

        def started_one(check: Check) -> None:
            bar.update(task, completed=next(started), description=check.path)

        yield started_one
