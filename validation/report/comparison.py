"""What changed between two reports: the system, its flows, the audit, versions, checks."""

from __future__ import annotations

import dataclasses
import difflib
import html
import json
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any, Final, final

from validation.report.page_parts import small_table
from validation.report.report import SCHEMA

Data = Mapping[str, Any]

_FLOWS: Final = 1e-9
"""Change of a flow, relative to the largest of its kind, from which on it is reported."""
_RATIO: Final = 1e-2
"""Relative change of an audit's ratio from which on it is reported."""


@final
@dataclasses.dataclass(frozen=True)
class Change:
    """One thing that is otherwise than in the older report."""

    what: str  # its name, such as "T of cold"
    before: str  # as text; "-" where there was none
    after: str  # the same

    def __str__(self) -> str:
        return f"{self.what}: {self.before} -> {self.after}"


def read_report(file: pathlib.Path) -> dict[str, Any]:
    """Return a report that `--json` wrote.

    Raises ValueError naming `--compare` if the file is none.
    """
    remedy = "Give a file that `python -m validation --json FILE` wrote."
    try:
        report = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(
            f"Argument `--compare` must be a report, but {str(file)!r} cannot be read ({error}). "
            f"{remedy}"
        ) from error
    if not isinstance(report, dict) or report.get("schema") != SCHEMA:
        raise ValueError(
            f"Argument `--compare` must be a report of layout {SCHEMA}, but {str(file)!r} is "
            f"none. {remedy}"
        )
    return report


def changes(old: Data, new: Data) -> tuple[Change, ...]:
    """Return what changed from one report to another, the system first.

    Flows count from 1e-9 of the largest of their kind, ratios of the audit from 1 %, what a check
    measured where it decides: a verdict, or a number that must be near another.
    """
    return tuple(
        change
        for change in (
            *_subject(old.get("subject"), new.get("subject")),
            *_named("", old["environment"], new["environment"]),
            *_named("", {"seed": old["seed"]}, {"seed": new["seed"]}),
            *_checks(old["checks"], new["checks"]),
        )
        if change.before != change.after
    )


def text_changes(old: Data, new: Data) -> tuple[str, ...]:
    """Return the lines of the scenario's text that went (-) and came (+)."""
    texts = [
        (report.get("subject") or {}).get("scenario", {}).get("text", "") for report in (old, new)
    ]
    before, after = (text.splitlines() for text in texts)
    lines = difflib.unified_diff(before, after, lineterm="", n=0)
    return tuple(line for line in list(lines)[2:] if not line.startswith("@@"))


def comparison_data(old: Data, new: Data) -> dict[str, Any]:
    """Return which report was compared with, and what changed."""
    return {
        "started": old["started"],
        "sha256": (old.get("subject") or {}).get("scenario", {}).get("sha256"),
        "changes": [dataclasses.asdict(change) for change in changes(old, new)],
        "text": list(text_changes(old, new)),
    }


def comparison_lines(data: Data) -> list[str]:
    """Return the comparison as lines of text."""
    of = "" if data["sha256"] is None else f", scenario {data['sha256'][:12]}"
    lines = [str(Change(**change)) for change in data["changes"]] + list(data["text"])
    head = f"since the report of {data['started']}{of}: "
    return [
        head + (f"{len(lines)} changes" if lines else "nothing changed"),
        *(f"  {t}" for t in lines),
    ]


def comparison_page(data: Data) -> str:
    """Return the comparison as HTML."""
    head, *_ = comparison_lines(data)
    rows = [(change["what"], change["before"], change["after"]) for change in data["changes"]]
    table = small_table("", ("What", "Before", "Now"), rows) if rows else ""
    text = html.escape("\n".join(data["text"]))
    return (
        f'<section class="compared"><h2>Changed</h2><p>{html.escape(head)}</p>'
        f"{table}{f'<pre>{text}</pre>' if text else ''}</section>"
    )


def _subject(old: Data | None, new: Data | None) -> Iterator[Change]:
    before, after = old or {}, new or {}
    yield from _named("", _facts(before), _facts(after))
    states = [
        {entry["name"]: entry for entry in subject.get("head", {}).get("reservoirs", ())}
        for subject in (before, after)
    ]
    for name in dict.fromkeys([*states[0], *states[1]]):
        pair = [state.get(name, {}) for state in states]
        keys = ("T", "mu", "contact", "gas", "capacity")
        yield from _named(f" of {name}", *({key: each.get(key) for key in keys} for each in pair))
    there = before.get("flows") and after.get("flows")
    if there and states[0].keys() == states[1].keys():
        yield from _flows(before["flows"], after["flows"], list(states[1]))
    yield from _audit(before.get("audit"), after.get("audit"))


def _facts(data: Data) -> dict[str, Any]:
    scenario, head = data.get("scenario", {}), data.get("head", {})
    return {
        "title": data.get("title"),
        "scenario": scenario.get("name"),
        "SHA-256": scenario.get("sha256"),
        "system": head.get("system"),
        "generator": head.get("generator"),
    }


def _named(of: str, old: Data, new: Data) -> Iterator[Change]:
    for name in dict.fromkeys([*old, *new]):
        yield Change(f"{name}{of}", _text(old.get(name)), _text(new.get(name)))


def _flows(old: Data, new: Data, names: list[str]) -> Iterator[Change]:
    for kind in ("particle", "energy", "heat"):
        largest = max(*map(abs, old[kind]), *map(abs, new[kind]))
        for name, before, after in zip(names, old[kind], new[kind], strict=False):
            if abs(after - before) > _FLOWS * largest:
                yield Change(f"{kind} flow of {name}", f"{before:.10g}", f"{after:.10g}")


def _audit(old: Data | None, new: Data | None) -> Iterator[Change]:
    rows = [{a["name"]: a for a in (audit or {}).get("assumptions", ())} for audit in (old, new)]
    for name in dict.fromkeys([*rows[0], *rows[1]]):
        before, after = (each.get(name) for each in rows)
        if before is None or after is None or _moved(before, after):
            yield Change(f"audit: {name}", _judged(before), _judged(after))


def _moved(before: Data, after: Data) -> bool:
    if before["verdict"] != after["verdict"] or None in (before["ratio"], after["ratio"]):
        return _judged(before) != _judged(after)
    size = max(abs(before["ratio"]), abs(after["ratio"]))
    return abs(after["ratio"] - before["ratio"]) > _RATIO * size


def _judged(assumption: Data | None) -> str:
    if assumption is None:
        return "-"
    ratio = "infinite" if assumption["ratio"] is None else f"{assumption['ratio']:.4g}"
    return f"{ratio}, {assumption['verdict']}"


def _checks(old: list[Data], new: list[Data]) -> Iterator[Change]:
    by_path = [{f"{c['family']}/{c['name']}": c for c in checks} for checks in (old, new)]
    for path in dict.fromkeys([*by_path[0], *by_path[1]]):
        before, after = (_outcome(each.get(path)) for each in by_path)
        yield Change(f"check {path}", before, after)


def _outcome(check: Data | None) -> str:
    if check is None:
        return "-"
    measured = check["measured"]
    near = "" if check["target"] is None or measured is None else f", {measured:.6g}"
    return f"{check['status']}{near} (must be {check['relation']} {_text(check['tolerance'])})"


def _text(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.12g}" if isinstance(value, float) else str(value)
