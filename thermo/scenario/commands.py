"""The command line: examples, check, run, explore, and flows or relaxation alone."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import math
import os
import pathlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, final

from rich.console import Console
from rich.text import Text

from oqs.summary import counted
from thermo.scenario.examples import example, examples
from thermo.scenario.exit_status import EPILOG, NOT_VERIFIED, VERIFIED, exit_status
from thermo.scenario.job_array import asked_part, part_folder, part_stores
from thermo.scenario.reading import read
from thermo.scenario.results.folder import ResultFolder, result_folder
from thermo.scenario.results.naming import FolderError
from thermo.scenario.results.text import print_checks
from thermo.scenario.running import Run
from thermo.scenario.scenario import Scenario
from thermo.scenario.signals import stopping_as_ctrl_c, undisturbed
from thermo.scenario.tasks.flows import FlowsTask
from thermo.scenario.tasks.kinds import TASKS
from thermo.scenario.tasks.relaxation import RelaxationTask
from thermo.scenario.tasks.sweep import SweepTask
from thermo.sweeps.parts import Part, checked_part
from thermo.sweeps.store_file import StoreError

_WIDTH = 140
_ALONE: Final[Mapping[str, Callable[[], Any]]] = {
    "flows": FlowsTask,
    "relaxation": RelaxationTask,
}
"""Tasks that are commands too, which write nothing; with defaults where the file has none."""

_OF_EXPLORE: Final = ("bokeh", "tornado")
"""Packages of the extra `explore`."""


@final
class ExtraMissing(ValueError):
    """A command needs a package of an extra that is not installed."""


@final
class ResultsUnwritten(RuntimeError):
    """The disk is full, or the folder of results cannot be written to for another reason."""


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

    return exit_status(command, FolderError, ExtraMissing)


def _run(options: argparse.Namespace) -> int:
    scenario = _asking(options)
    si = _in_si(scenario, scenario.outputs.si or options.si)
    target = pathlib.Path(
        options.out or scenario.outputs.directory or pathlib.PurePath(scenario.document.name).stem
    )
    merged = part_stores(options.merge or [])
    part = None if merged else asked_part(options.part, os.environ)
    if part is not None:
        scenario, target = _only_sweep(scenario, part), part_folder(target, part)
    resume = scenario.document.digest if options.resume else None
    with (
        stopping_as_ctrl_c(),
        result_folder(target, overwrite=options.overwrite, resume=resume) as folder,
    ):
        progress = False if options.quiet else None
        run = Run(scenario, folder, si=si, progress=progress, part=part, merged=merged)
        try:
            _finish(run, folder)
        except (OSError, StoreError) as error:  # as where the disk is full
            raise ResultsUnwritten(
                f"The results of {str(target)!r} cannot be written ({error}). Make room, then give "
                "--resume: the points of a sweep that were finished are kept."
            ) from error
    if options.json:
        print(json.dumps(run.summary(), indent=2, allow_nan=False))
    elif not options.quiet:
        output = _console()
        _show(output, run.summary())
        output.print(f"results in {target}")
    return VERIFIED if run.verified else NOT_VERIFIED


def _only_sweep(scenario: Scenario, part: Part) -> Scenario:
    """Return the scenario with its sweep only, which alone has parts."""
    if "sweep" not in scenario.asked:
        raise scenario.document.place.at("sweep").error(
            "must be there for a part of it, but is not", "Add [sweep], or leave out --part."
        )
    task = scenario.asked["sweep"]
    if isinstance(task, SweepTask):
        try:
            checked_part(part, math.prod(map(len, task.axes.values())), "--part")
        except ValueError as error:
            raise FolderError(str(error)) from error
    return dataclasses.replace(scenario, asked={"sweep": task})


def _finish(run: Run, folder: ResultFolder) -> None:
    """Compute all; whatever ends the run early, what is finished is published."""
    with contextlib.ExitStack() as naming:
        try:
            for _ in run.steps():
                pass
            naming.enter_context(undisturbed())  # from here on no signal ends the run
        except BaseException as error:
            naming.enter_context(undisturbed())
            if run.results or folder.has_parts:
                folder.publish(run.summary(stopped=f"{type(error).__name__}: {error}".strip(": ")))
                with contextlib.suppress(OSError):  # the terminal may be closed
                    print(f"finished results are in {folder.target.name}", file=sys.stderr)
            raise
        folder.publish(run.summary())


def _alone(options: argparse.Namespace) -> int:
    """Compute one task only and print it."""
    scenario = read(options.scenario)
    asked = scenario.asked.get(options.task) or _ALONE[options.task]()
    scenario = dataclasses.replace(scenario, asked={options.task: asked})
    si = _in_si(scenario, options.si)
    run = Run(scenario, None, si=si, progress=False if options.quiet else None)
    for _ in run.steps():
        pass
    summary = run.summary()
    if options.json:
        kept = ("title", options.task, "versions", "scenario", "head")
        print(json.dumps({key: summary[key] for key in kept}, indent=2, allow_nan=False))
    else:
        _show(_console(), summary)
    return VERIFIED if run.verified else NOT_VERIFIED


def _show(output: Console, summary: Mapping[str, Any]) -> None:
    """Print what a run found: the end of each task, its checks, audits."""
    output.print(Text(summary["title"], style="bold"))
    for name, kind in TASKS.items():
        if name in summary:
            kind.show(output, summary[name])
            print_checks(output, summary[name]["checks"])
    for problem in summary["problems"]:
        output.print(Text(problem, style="red"))
    for remark in summary["remarks"]:
        output.print(Text(remark, style="yellow"))


def _console() -> Console:
    # a file or a pipe has no width of its own: rich would take 80
    width = None if sys.stdout.isatty() else _WIDTH
    return Console(highlight=False, markup=False, emoji=False, width=width)


def _in_si(scenario: Scenario, wanted: bool) -> bool:
    if wanted and scenario.units is None:
        remedy = "Add reference_temperature or reference_energy, or leave out --si."
        raise scenario.document.place.at("units").error(
            "must be there for --si, but is not", remedy
        )
    return wanted


def _asking(options: argparse.Namespace) -> Scenario:
    scenario = read(options.scenario)
    if not scenario.tasks:
        *others, last = (f"[{name}]" for name in TASKS)
        raise scenario.document.place.error(
            "asks for nothing", f"Add {', '.join(others)} or {last}."
        )
    return scenario


def _check(options: argparse.Namespace) -> int:
    scenario = _asking(options)
    tasks = ", ".join(scenario.asked)
    reservoirs = counted(len(scenario.contacts), "reservoir")
    size = f"{reservoirs}, {counted(scenario.system.sites, 'site')}"
    print(f"{scenario.title}: {size}; {tasks}", *scenario.remarks, sep="\n")
    return VERIFIED


def _explore(options: argparse.Namespace) -> int:
    scenario = read(options.scenario)
    si = _in_si(scenario, scenario.outputs.si or options.si)
    try:
        from thermo.scenario.explorer.server import serve
    except ModuleNotFoundError as error:
        if str(error.name).split(".")[0] not in _OF_EXPLORE:
            raise
        raise ExtraMissing(
            f"`explore` needs {error.name}, which is not installed. Install the extra with it: "
            'pip install "oqs-thermo[explore]", or pip install ".[explore]" in a clone.'
        ) from error
    serve(scenario, scenario.units if si else None)
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
    listed = _command(commands, "examples", _examples, "list the shipped scenarios, or print one")
    listed.add_argument("scenario", metavar="NAME", nargs="?", help="print this one")
    check = _command(commands, "check", _check, "read a scenario and say what it asks for")
    alone = [
        _command(commands, "flows", _alone, "print the stationary flows, checks and audit only"),
        _command(commands, "relaxation", _alone, "print rho_S(t) only: flows, entropy, Eq. (3)"),
    ]
    run = _command(commands, "run", _run, "compute a scenario into a folder of results")
    explore = _command(
        commands, "explore", _explore, "serve a page with sliders for T, mu, energies and rates"
    )
    for command in (check, *alone, run, explore):
        command.add_argument("scenario", metavar="FILE", help="TOML file, or an example's name")
    _add_places(run)
    explore.add_argument("--si", action="store_true", help="answers in SI; needs [units]")
    for command in (*alone, run):
        silent = "print nothing, show no progress" if command is run else "show no progress"
        command.add_argument("--si", action="store_true", help="results in SI too; needs [units]")
        command.add_argument("--json", action="store_true", help="print JSON with all numbers")
        command.add_argument("--quiet", action="store_true", help=silent)
    return parser


def _add_places(run: argparse.ArgumentParser) -> None:
    """Add what says where a run writes, and of which part."""
    run.add_argument("--out", metavar="DIR", help="folder of results (default: scenario's name)")
    run.add_argument("--overwrite", action="store_true", help="replace a former run's folder")
    run.add_argument(
        "--resume", action="store_true", help="complete an interrupted or killed sweep or ensemble"
    )
    run.add_argument(
        "--part",
        metavar="I/N",
        help="compute part I of N of the sweep only, I from 0, into DIR-part-I-of-N (default: the "
        "task of a SLURM job array, where there is one)",
    )
    run.add_argument(
        "--merge", metavar="PART", nargs="+", help="folders of all parts: make the sweep's table"
    )


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    call: object,
    text: str,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
    command.set_defaults(command=call, task=name)
    return command
