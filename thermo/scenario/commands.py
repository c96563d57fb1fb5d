"""The command line: its words and options; what a command does is imported when it is asked for."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence

from thermo.scenario.exit_status import EPILOG, exit_status

_ACTIONS = "thermo.scenario.actions"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status.

    0: computed, every check passed. 1: a check failed, or a computation did. 2: the scenario, the
    folder or the command line is wrong. 130: interrupted, by Ctrl-C, SIGTERM or SIGHUP; what is
    finished is in the folder.
    """
    options = _parser().parse_args(arguments)

    def command() -> int:
        return getattr(importlib.import_module(_ACTIONS), options.action)(options)

    return exit_status(command)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m thermo",
        description="Compute what a scenario says: flows, relaxation, evolution of finite "
        "reservoirs, sweeps.",
        epilog=EPILOG,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listed = _command(commands, "examples", "list the shipped scenarios, or print one")
    listed.add_argument("scenario", metavar="NAME", nargs="?", help="print this one")
    check = _command(commands, "check", "read a scenario and say what it asks for")
    alone = [
        _command(commands, "flows", "print the stationary flows, checks and audit only", "alone"),
        _command(commands, "relaxation", "print rho_S(t) only: flows, entropy, Eq. (3)", "alone"),
    ]
    run = _command(commands, "run", "compute a scenario into a folder of results")
    explore = _command(
        commands, "explore", "serve a page with sliders for T, mu, energies and rates"
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
    text: str,
    action: str | None = None,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
    command.set_defaults(action=action or name, task=name)
    return command
