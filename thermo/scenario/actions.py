"""What the commands do: examples, check, run, explore, and flows or relaxation alone."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import math
import os
import pathlib
import sys
from collections.abc import Mapping
from typing import Any, Final, final

from rich.console import Console
from rich.text import Text

from oqs.summary import counted
from thermo.scenario.exit_status import NOT_VERIFIED, VERIFIED, ExtraMissing
from thermo.scenario.job_array import asked_part, part_folder, part_stores
from thermo.scenario.reading import example, read
from thermo.scenario.reading import examples as names
from thermo.scenario.results.folder import ResultFolder, result_folder
from thermo.scenario.results.naming import FolderError
from thermo.scenario.results.text import print_checks
from thermo.scenario.running import Run
from thermo.scenario.scenario import Scenario
from thermo.scenario.tasks.kinds import TASKS
from thermo.signals import stopping_as_ctrl_c, undisturbed
from thermo.sweeps.parts import Part, checked_part
from thermo.sweeps.store_file import StoreError

_WIDTH = 140
_OF_EXPLORE: Final = ("bokeh", "tornado")
"""Packages of the extra `explore`."""


@final
class ResultsUnwritten(RuntimeError):
    """The disk is full, or the folder of results cannot be written to for another reason."""


def run(options: argparse.Namespace) -> int:
    """Compute a scenario into a folder of results."""
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
    try:
        checked_part(part, math.prod(map(len, scenario.axes.values())), "--part")
    except ValueError as error:
        raise FolderError(str(error)) from error
    return dataclasses.replace(scenario, asked={"sweep": scenario.asked["sweep"]})


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


def alone(options: argparse.Namespace) -> int:
    """Compute one task only and print it; with defaults where the file does not ask for it."""
    scenario, name = read(options.scenario), options.task
    asked = scenario.asked.get(name) or TASKS[name].read({}, scenario.document.place.at(name))
    scenario = dataclasses.replace(scenario, asked={name: asked})
    si = _in_si(scenario, options.si)
    run = Run(scenario, None, si=si, progress=False if options.quiet else None)
    for _ in run.steps():
        pass
    summary = run.summary()
    if options.json:
        kept = ("title", name, "versions", "scenario", "head")
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


def check(options: argparse.Namespace) -> int:
    """Read a scenario and say what it asks for."""
    scenario = _asking(options)
    tasks = ", ".join(scenario.asked)
    reservoirs = counted(len(scenario.contacts), "reservoir")
    size = f"{reservoirs}, {counted(scenario.system.sites, 'site')}"
    print(f"{scenario.title}: {size}; {tasks}", *scenario.remarks, sep="\n")
    return VERIFIED


def explore(options: argparse.Namespace) -> int:
    """Serve a page with sliders until Ctrl-C."""
    scenario = read(options.scenario)
    si = _in_si(scenario, scenario.outputs.si or options.si)
    try:
        from thermo.scenario.explorer.page import serve
    except ModuleNotFoundError as error:
        if str(error.name).split(".")[0] not in _OF_EXPLORE:
            raise
        raise ExtraMissing(
            f"`explore` needs {error.name}, which is not installed. Install the extra with it: "
            'pip install "oqs-thermo[explore]", or pip install ".[explore]" in a clone.'
        ) from error
    serve(scenario, scenario.units if si else None)
    return VERIFIED


def examples(options: argparse.Namespace) -> int:
    """List the shipped scenarios, or print one."""
    if options.scenario is not None:
        print(example(options.scenario).read_text(encoding="utf-8"), end="")
        return VERIFIED
    width = max(map(len, names()))
    for name in names():
        print(f"{name.ljust(width)}  {read(example(name)).title}")
    return VERIFIED
