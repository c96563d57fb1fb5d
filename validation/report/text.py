"""What a person reads in a terminal or a log: a line per check as it ends, progress meanwhile."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import final

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from validation.framework.check import Check, CheckResult, Status
from validation.framework.suite import Suite
from validation.report.report import columns, counts, measured_text

_STYLE = {
    Status.PASSED: "green",
    Status.FAILED: "bold red",
    Status.ERROR: "bold magenta",
    Status.SKIPPED: "dim",
}
_CELL = 8
_VERDICT = max(len(status) for status in Status)
_MEASURED = 13
_SECONDS = 8
_INDENT = _VERDICT + 2


@final
class TextReport:
    """Prints results to a console, aligned over all checks that are to run.

    Parameters
    ----------
    console : where to; colours only if it is a terminal.
    checks : all that are to run: their texts set the widths.
    quiet : leave out the checks that passed or do not apply, and the table of families.

    A terminal too narrow for one line per check gets two; a pipe always gets one. Nothing is cut.
    """

    def __init__(self, console: Console, checks: Sequence[Check], *, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._name = max(cell_len(check.name) for check in checks)
        self._equation = max(cell_len(check.equation) for check in checks)
        bound = max(cell_len(str(check.bound)) for check in checks)
        numbers = self._equation + _SECONDS + len(" s") + _MEASURED + 1 + bound
        self._split = console.is_terminal and _INDENT + self._name + 2 + numbers > console.width
        self._family = ""

    def result(self, result: CheckResult) -> None:
        """Print one outcome, below its family's name where that changes."""
        if self._quiet and result.status in (Status.PASSED, Status.SKIPPED):
            return
        if result.family != self._family:
            self._family = result.family
            self._print(Text(result.family, style="bold"))
        head = Text.assemble((f"{result.status:<{_VERDICT}}", _STYLE[result.status]), "  ")
        if self._split:
            self._print(head + Text(result.name))
            self._print(Text(" " * _INDENT) + self._numbers(result))
        else:
            self._print(head + _padded(result.name, self._name + 2) + self._numbers(result))
        if result.status is not Status.PASSED:
            for words in filter(None, (result.reason, result.detail)):
                _print_indented(self._console, words, _INDENT)

    def summary(self, suite: Suite) -> None:
        """Print the counts of each family, and the verdict as the last line."""
        if not self._quiet:
            self._families(suite)
        sentence = counts(suite)
        if suite.interrupted:
            done = f"{len(suite.results)} of {suite.selected}"
            sentence = f"interrupted, {done} finished: {sentence}"
        blank = "" if self._quiet else "\n"
        self._print(Text(f"{blank}{sentence}", style="bold green" if suite.passed else "bold red"))

    def _families(self, suite: Suite) -> None:
        width = max((cell_len(name) for name in suite.families), default=0)
        width = max(width, len("family")) + 2
        counted = columns(suite)
        heads = "".join(f"{head:>{_CELL}}" for head in counted.values())
        self._print(Text(f"\n{'family':<{width}}{heads}{'time':>{_CELL + 2}}"))
        for name, results in suite.families.items():
            numbers = [sum(r.status is status for r in results) for status in counted]
            seconds = sum(result.seconds for result in results)
            cells = "".join(f"{n:>{_CELL}}" for n in numbers) + f"{seconds:>{_CELL}.2f} s"
            self._print(_padded(name, width) + Text(cells))

    def _numbers(self, result: CheckResult) -> Text:
        # the bound comes last: a check may find its own target, of any length, while it runs
        measured = f"{measured_text(result):>{_MEASURED}} {result.bound}"
        return _padded(result.equation, self._equation) + Text(
            f"{result.seconds:>{_SECONDS}.2f} s{measured}"
        )

    def _print(self, line: Text) -> None:
        # soft_wrap: a long line goes on in the next one instead of being cut or refolded
        self._console.print(line, soft_wrap=True)


def print_list(console: Console, checks: Sequence[Check]) -> None:
    """Print what each check is called, tests and claims, without running any."""
    width = max(cell_len(check.path) for check in checks) + 2
    for check in checks:
        bound = f"  {check.bound}"
        console.print(_padded(check.path, width) + Text(check.equation + bound), soft_wrap=True)
        _print_indented(console, check.claim, 4)


def _print_indented(console: Console, words: str, indent: int) -> None:
    """Print text below a line, folded between words on a terminal only: a pipe is for grep."""
    blanks = " " * indent
    width = console.width if console.is_terminal else indent + len(words) + 1
    for line in textwrap.wrap(words, width, initial_indent=blanks, subsequent_indent=blanks):
        console.print(Text(line), soft_wrap=True)


def _padded(text: str, width: int) -> Text:
    return Text(text + " " * max(0, width - cell_len(text)))


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
