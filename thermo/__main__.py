"""Command line of the finite reservoirs: `python -m thermo run my.toml --out DIR`."""

from __future__ import annotations

import argparse
import contextlib
import json
import pathlib
import sys
from collections.abc import Sequence
from typing import final

from rich.console import Console

from oqs.scenario.shell import EPILOG, NOT_VERIFIED, VERIFIED, exit_status
from thermo.scenario.examples import example, examples
from thermo.scenario.folder import ResultFolder, result_folder
from thermo.scenario.naming import FolderError
from thermo.scenario.reading import Scenario, read
from thermo.scenario.running import Run
from thermo.scenario.stopping import stopping_as_ctrl_c, undisturbed
from thermo.scenario.text import print_summary
from thermo.sweeps.store import StoreError

_WIDTH = 140


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status.

    0: computed, every check passed. 1: a check failed, or a computation did. 2: the scenario, the
    folder or the command line is wrong. 130: interrupted, by Ctrl-C, SIGTERM or SIGHUP; what is
    finished is in the folder.
    """
    options = _parser().parse_args(arguments)

    def command() -> int:
        status: int = options.command(options)
        return status

    return exit_status(command, FolderError)


def _run(options: argparse.Namespace) -> int:
    made = _read(options)
    si = made.outputs.si or options.si
    if si and made.units is None:
        remedy = "Add reference_temperature or reference_energy, or leave out --si."
        raise made.document.place.at("units").error("must be there for --si, but is not", remedy)
    target = pathlib.Path(
        options.out or made.outputs.directory or pathlib.PurePath(made.document.name).stem
    )
    resume = made.document.digest if options.resume else None
    with (
        stopping_as_ctrl_c(),
        result_folder(target, overwrite=options.overwrite, resume=resume) as folder,
    ):
        run = Run(made, folder, si=si, progress=False if options.quiet else None)
        try:
            _finish(run, folder)
        except (OSError, StoreError) as error:  # as where the disk is full
            raise ResultsUnwritten(
                f"The results of {str(target)!r} cannot be written ({error}). Make room, then give "
                "--resume: the points of a sweep that were finished are kept."
            ) from error
    _report(run, target, options)
    return VERIFIED if run.verified else NOT_VERIFIED


@final
class ResultsUnwritten(RuntimeError):
    """The disk is full, or the folder of results cannot be written to for another reason."""


def _finish(run: Run, folder: ResultFolder) -> None:
    """Compute all; whatever ends the run early, what is finished is published."""
    try:
        for _ in run.steps():
            pass
    except BaseException as error:
        with undisturbed():
            if run.results or folder.points.exists():
                folder.publish(run.summary(stopped=f"{type(error).__name__}: {error}".strip(": ")))
                with contextlib.suppress(OSError):  # the terminal may be closed
                    print(f"finished results are in {folder.target.name}", file=sys.stderr)
        raise
    with undisturbed():
        folder.publish(run.summary())


def _report(run: Run, target: pathlib.Path, options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps(run.summary(), indent=2, allow_nan=False))
    elif not options.quiet:
        # a file or a pipe has no width of its own: rich would take 80
        width = None if sys.stdout.isatty() else _WIDTH
        output = Console(highlight=False, markup=False, emoji=False, width=width)
        print_summary(output, run.summary())
        output.print(f"results in {target}")


def _read(options: argparse.Namespace) -> Scenario:
    made = read(options.scenario)
    if not made.tasks:
        raise made.document.place.error(
            "asks for nothing", "Add [flows], [relaxation], [trajectory] or [sweep]."
        )
    return made


def _check(options: argparse.Namespace) -> int:
    made = _read(options)
    tasks = ", ".join(type(task).__name__.removesuffix("Task").lower() for task in made.tasks)
    print(f"{made.title}: {len(made.reservoirs)} reservoirs, {made.system.sites} sites; {tasks}")
    return VERIFIED


def _examples(options: argparse.Namespace) -> int:
    if options.scenario is not None:
        print(example(options.scenario).read_text(encoding="utf-8"), end="")
        return VERIFIED
    width = max(map(len, examples()))
    for name in examples():
        print(f"{name.ljust(width)}  {read(example(name)).title}")
    return VERIFIED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m thermo",
        description="Compute what a scenario says: flows, relaxation, evolution of finite "
        "reservoirs, sweeps.",
        epilog=EPILOG,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    run = _command(commands, "run", _run, "compute a scenario into a folder of results")
    run.add_argument("scenario", metavar="FILE", help="scenario, a TOML file, or an example's name")
    run.add_argument("--out", metavar="DIR", help="folder of results (default: scenario's name)")
    run.add_argument("--overwrite", action="store_true", help="replace a former run's folder")
    run.add_argument(
        "--resume", action="store_true", help="complete an interrupted or killed sweep"
    )
    run.add_argument("--si", action="store_true", help="results in SI too; needs [units]")
    run.add_argument("--json", action="store_true", help="print the summary as JSON")
    run.add_argument("--quiet", action="store_true", help="print nothing, show no progress")
    check = _command(commands, "check", _check, "read a scenario and say what it asks for")
    check.add_argument("scenario", metavar="FILE", help="scenario, or an example's name")
    listed = _command(commands, "examples", _examples, "list the shipped scenarios, or print one")
    listed.add_argument("scenario", metavar="NAME", nargs="?", help="print this one")
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    call: object,
    text: str,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
    command.set_defaults(command=call)
    return command


if __name__ == "__main__":
    sys.exit(main())
