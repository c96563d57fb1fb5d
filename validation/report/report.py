"""A run of the suite as plain data, and as JSON; with the versions that it ran on."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping
from typing import Any

from oqs.version import versions
from validation.framework.check import CheckResult, Status
from validation.framework.suite import Suite

SCHEMA = "oqs-thermo.validation/1"
"""Name and version of the JSON layout; the number grows when a field changes or goes."""


def environment() -> dict[str, str]:
    """Return the versions of Python, of what the numbers depend on, and the platform."""
    return {
        **versions(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
    }


def as_data(
    suite: Suite,
    versions: Mapping[str, str],
    subject: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the run as nested dicts, lists, text and numbers, the content of the JSON file.

    A measured number that is NaN or infinite, which JSON lacks, is None; `reason` says it.

    Parameters
    ----------
    versions : of `environment`.
    subject : whose system it is, as of `subject.subject_data`; None for the suite of the paper.
    """
    return {
        "schema": SCHEMA,
        "verdict": verdict(suite),
        **({} if subject is None else {"subject": subject}),
        "started": suite.started.isoformat(timespec="seconds"),
        "seconds": round(suite.seconds, 3),
        "seed": suite.seed,
        "selected": suite.selected,
        "finished": len(suite.results),
        "passed": suite.count(Status.PASSED),
        "failed": suite.count(Status.FAILED),
        "errors": suite.count(Status.ERROR),
        "skipped": suite.count(Status.SKIPPED),
        "environment": versions,
        "checks": [_check_data(result) for result in suite.results],
    }


def as_json(data: Mapping[str, Any]) -> str:
    """Return a run, as data, as strict JSON text."""
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def verdict(suite: Suite) -> str:
    """Return "passed", "failed" or "interrupted"."""
    if suite.interrupted:
        return "interrupted"
    return "passed" if suite.passed else "failed"


def counts(suite: Suite) -> str:
    """Return the sentence "N checks passed, M failed, K errors in S s", and skipped, if any."""
    passed, errors, skipped = map(suite.count, (Status.PASSED, Status.ERROR, Status.SKIPPED))
    return (
        f"{passed} check{'' if passed == 1 else 's'} passed, {suite.count(Status.FAILED)} failed, "
        f"{errors} error{'' if errors == 1 else 's'}"
        f"{f', {skipped} skipped' if skipped else ''} in {suite.seconds:.1f} s"
    )


def columns(suite: Suite) -> dict[Status, str]:
    """Return the outcomes that a table of families counts, with their headings.

    The suite itself skips nothing, so that skipped ones are counted where there are some.
    """
    heads = {Status.PASSED: "passed", Status.FAILED: "failed", Status.ERROR: "errors"}
    return heads | ({Status.SKIPPED: "skipped"} if suite.count(Status.SKIPPED) else {})


def measured_text(result: CheckResult) -> str:
    """Return the measured number, with the digits that its bound calls for."""
    if result.measured is None:
        return "-"
    return f"{result.measured:.3g}" if result.bound.target is None else f"{result.measured:.6g}"


def _check_data(result: CheckResult) -> dict[str, Any]:
    measured = result.measured
    return {
        "name": result.name,
        "family": result.family,
        "equation": result.equation,
        "reference": result.reference,
        "claim": result.claim,
        "status": str(result.status),
        "measured": measured if measured is not None and math.isfinite(measured) else None,
        "relation": str(result.bound.relation),
        "tolerance": result.bound.tolerance,
        "target": result.bound.target,
        "detail": result.detail,
        "reason": result.reason,
        "seconds": round(result.seconds, 4),
    }
