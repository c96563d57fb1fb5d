"""Command line of the open system: `python -m oqs flows my.toml`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from oqs.scenario.computing import Check, compute_flows, compute_relaxation
from oqs.scenario.data import flows_data, made_by, relaxation_checks, relaxation_data
from oqs.scenario.reading import OpenSystem, read_open_system
from oqs.scenario.shell import EPILOG, NOT_VERIFIED, VERIFIED, exit_status
from oqs.scenario.text import checks_text, flows_text, relaxation_text
from oqs.units import Units

Report = tuple[dict[str, Any], str, Sequence[Check]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status.

    0: computed, every check passed. 1: a check failed, or there is no unique state. 2: the scenario
    or the command line is wrong. 130: interrupted.
    """
    options = _parser().parse_args(arguments)
    return exit_status(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    found = read_open_system(options.scenario)
    if options.si and found.units is None:
        remedy = "Add reference_temperature or reference_energy, or leave out --si."
        raise found.document.place.at("units").error("must be there for --si, but is not", remedy)
    report: Callable[[OpenSystem, Units | None, bool | None], Report] = options.report
    data, text, checks = report(
        found, found.units if options.si else None, False if options.quiet else None
    )
    if options.json:
        content = {"title": found.title, **data, **made_by(found.document)}
        print(json.dumps(content, indent=2, allow_nan=False))
    else:
        print(text)
    return VERIFIED if all(check.passed for check in checks) else NOT_VERIFIED


def _flows(found: OpenSystem, units: Units | None, progress: bool | None) -> Report:
    result = compute_flows(found, progress=progress)
    return (
        {"flows": flows_data(found, result, units)},
        flows_text(found, result, units),
        result.checks,
    )


def _relaxation(found: OpenSystem, units: Units | None, progress: bool | None) -> Report:
    result = compute_relaxation(found, progress=progress)
    checks = relaxation_checks(result)
    return (
        {"relaxation": relaxation_data(found, result, units)},
        f"{relaxation_text(found, result, units)}\n\n{checks_text(checks)}",
        checks,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m oqs",
        description="Compute what a scenario asks of its open system, at fixed temperatures and "
        "chemical potentials. Reservoirs of finite size: python -m thermo.",
        epilog=EPILOG,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, report, text in (
        ("flows", _flows, "stationary flows by the laws of [flows], checks and audit"),
        ("relaxation", _relaxation, "rho_S(t) as [relaxation] says: flows, entropy, Eq. (3)"),
    ):
        command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        command.set_defaults(report=report)
        command.add_argument("scenario", metavar="FILE", help="scenario, a TOML file")
        command.add_argument("--si", action="store_true", help="print SI units; needs [units]")
        command.add_argument("--json", action="store_true", help="print JSON with all numbers")
        command.add_argument("--quiet", action="store_true", help="show no progress")
    return parser


if __name__ == "__main__":
    sys.exit(main())
