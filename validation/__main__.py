"""Command line of the validation suite: `python -m validation`."""

from __future__ import annotations

import argparse
import importlib
import pathlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console

import oqs
import thermo.scenario
from thermo.files import write_whole
from thermo.scenario.exit_status import discard_output
from validation import families
from validation.framework.check import Check
from validation.framework.suite import Suite, run_suite, select
from validation.own import own_checks
from validation.own.own_system import OwnSystem, own_subject
from validation.pictures.figures import FIGURES
from validation.report.comparison import comparison_data, comparison_lines, read_report
from validation.report.files import refuse_unwritable
from validation.report.html import Drawings, as_html, pictures
from validation.report.report import as_data, as_json, environment
from validation.report.text import TextReport, print_list, progress_line

COMMANDS: Mapping[str, str] = {
    "figures": "validation.pictures.figures",
    "paper": "validation.papers.command",
}
"""Sub-commands: first word on the command line -> module whose `main(arguments)` takes the rest."""

PASSED, NOT_PASSED, USAGE, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status.

    0: every selected check passed. 1: some did not. 2: the command line is wrong, nothing ran.
    130: interrupted; what finished is reported.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        if words and words[0] in COMMANDS:
            return importlib.import_module(COMMANDS[words[0]]).main(words[1:])
        return _suite(words)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # newer releases of rich exit by themselves
        discard_output()
        return NOT_PASSED


def _suite(words: Sequence[str]) -> int:
    parser = _parser()
    options = parser.parse_args(words)
    output = Console(highlight=False, markup=False, emoji=False)
    try:
        checks, drawings, subject = _suite_of(options.scenario)
        chosen = select(checks, options.only) if options.only is not None else checks
        if options.list:
            print_list(output, chosen)
            return PASSED
        _refuse_bad_files(options.json, options.html)
        old = None if options.compare is None else read_report(options.compare)
    except (ValueError, oqs.NonUniqueStationaryState) as error:
        parser.error(str(error))
    suite = _run(output, chosen, options.seed, quiet=options.quiet)
    if (options.json, options.html, old) != (None, None, None):
        _report(options, output, suite, drawings, subject(), old)
    if suite.interrupted:
        return INTERRUPTED
    return PASSED if suite.passed else NOT_PASSED


def _report(
    options: argparse.Namespace,
    output: Console,
    suite: Suite,
    drawings: Drawings,
    subject: dict[str, Any] | None,
    old: dict[str, Any] | None,
) -> None:
    """Write the files that are asked for, and say what changed since an older report."""
    versions = environment()
    data = as_data(suite, versions, subject)
    compared = None if old is None else comparison_data(old, data)
    if compared is not None:
        data["compared"] = compared
        output.print("\n".join(comparison_lines(compared)), soft_wrap=True)
    if options.json is not None:
        write_whole(options.json, as_json(data))
    if options.html is not None:
        shown = {} if suite.interrupted else _drawn(suite, drawings)
        page = as_html(suite, versions, shown, subject=subject, compared=compared)
        write_whole(options.html, page)


def _suite_of(
    scenario: str | None,
) -> tuple[Sequence[Check], Drawings, Callable[[], dict[str, Any] | None]]:
    """Return the checks to choose from, what draws their figures, what says whose they are."""
    if scenario is None:
        return families.load(), FIGURES, lambda: None
    if not pathlib.Path(scenario).exists() and scenario not in thermo.scenario.examples():
        names = ", ".join(thermo.scenario.examples())
        raise ValueError(
            f"Argument SCENARIO must be a TOML file, or the name of a shipped scenario ({names}), "
            f"but there is no {scenario!r}. Commands: {', '.join(COMMANDS)}."
        )
    read = thermo.scenario.read(scenario)
    own = OwnSystem.of(read)
    return own_checks.checks_of(own), {"evolution": own.draw}, lambda: own_subject(own, read)


def _drawn(suite: Suite, drawings: Drawings) -> dict[str, bytes]:
    with Console(stderr=True).status("drawing the figures of the report"):
        return pictures(suite.results, drawings)


def _run(output: Console, checks: Sequence[Check], seed: int, *, quiet: bool) -> Suite:
    report = TextReport(output, checks, quiet=quiet)
    if quiet:
        suite = run_suite(checks, seed, on_result=report.result)
        report.summary(suite)
        return suite
    with progress_line(output, Console(stderr=True), len(checks)) as on_start:
        suite = run_suite(checks, seed, on_start, report.result)
    report.summary(suite)
    return suite


def _refuse_bad_files(json: pathlib.Path | None, html: pathlib.Path | None) -> None:
    for argument, path in (("--json", json), ("--html", html)):
        if path is not None:
            refuse_unwritable(argument, path)
    if json is not None and html is not None and json.resolve() == html.resolve():
        raise ValueError(
            f"Arguments `--json` and `--html` must differ, but both are {str(json)!r}. "
            "Give two files."
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m validation",
        description="Run the validation suite, or the checks that apply to a system of your own: "
        "one line per check with what it tests, the measured number, what it must obey and the "
        "verdict.",
        epilog="Exit status: 0 every check passed, 1 some did not, 2 wrong arguments, "
        "130 interrupted."
        + (f" Other commands, each with --help: {', '.join(COMMANDS)}." if COMMANDS else ""),
        allow_abbrev=False,
    )
    parser.add_argument(
        "scenario",
        nargs="?",
        metavar="SCENARIO",
        help="TOML file with your system, or the name of a shipped one such as figure_1; "
        "without it, the suite of the paper",
    )
    parser.add_argument("--list", action="store_true", help="show the checks without running them")
    parser.add_argument(
        "--only",
        metavar="PATTERN",
        help="run the checks whose family/name or equation contains PATTERN (with * or ?: matches)",
    )
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path, help="write results as JSON")
    parser.add_argument("--html", metavar="FILE", type=pathlib.Path, help="write results as a page")
    parser.add_argument(
        "--compare",
        metavar="OLD",
        type=pathlib.Path,
        help="say what changed since this report, a file that --json wrote",
    )
    parser.add_argument(
        "--quiet", action="store_true", help="print what did not pass and the verdict only"
    )
    parser.add_argument(
        "--seed", metavar="N", type=_seed, default=0, help="of the random systems, >= 0 (default 0)"
    )
    return parser


def _seed(word: str) -> int:
    if not word.isascii() or not word.isdigit():
        raise argparse.ArgumentTypeError(f"must be an integer >= 0, but is {word!r}")
    return int(word)


if __name__ == "__main__":
    sys.exit(main())
