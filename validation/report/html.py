"""The run of the suite as one self-contained page: readable on a phone, in print, without network.

Everything is shown without JavaScript; with it the table can be filtered.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from matplotlib.figure import Figure

from validation.framework.check import CheckResult, Status
from validation.framework.suite import Suite
from validation.report.comparison import comparison_page
from validation.report.page_parts import (
    SCRIPT,
    document,
    image_of,
    rendered,
    small_table,
    with_signs,
)
from validation.report.report import columns, counts, measured_text, verdict
from validation.report.subject import subject_page

Drawings = Mapping[str, Callable[[], Figure]]
"""Name of a figure -> what computes and draws it."""

_BY_FAMILY = {
    "flows": "flows",
    "table_one": "table_1",
    "trust": "weak_coupling",
    "close_levels": "close_levels",
    "paper_figures": "figure_1",  # those that speak of all five
}
_NUMBERED = re.compile(r"\bFig(?:ure|\.) (\d)\b")
_DPI = 110

_HEADLINE = {
    "passed": "Every check passed",
    "failed": "Not every check passed",
    "interrupted": "Interrupted before the end",
}


def as_html(
    suite: Suite,
    versions: Mapping[str, str],
    pictures: Mapping[str, bytes] | None = None,
    *,
    subject: Mapping[str, Any] | None = None,
    compared: Mapping[str, Any] | None = None,
) -> str:
    """Return the page: whose system, verdict, changes, checks, figures, families, versions.

    Parameters
    ----------
    suite : what ran.
    versions : of `report.environment`.
    pictures : name of a figure -> PNG, as from `pictures`.
    subject : whose system it is, as from `subject.subject_data`.
    compared : with an older report, as from `comparison.comparison_data`.
    """
    shown = {} if pictures is None else pictures
    run = {"started": _when(suite), "seed": str(suite.seed), **versions}
    body = "\n".join(
        (
            _header(suite, _whose(subject)),
            "" if compared is None else comparison_page(compared),
            "" if subject is None else subject_page(subject, _run(suite, versions)),
            _filters(suite.results),
            _table(suite.results, shown),
            _figures(shown),
            _families(suite),
            small_table("Run and versions", (), run.items()),
        )
    )
    return document(f"{_whose(subject)}: {verdict(suite)}", body, SCRIPT)


def _whose(subject: Mapping[str, Any] | None) -> str:
    """Return what the page is about: the suite, or the title and digest of a user's system."""
    if subject is None:
        return "Validation of oqs-thermo"
    return f"{subject['title']} ({subject['scenario']['sha256'][:8]})"


def _run(suite: Suite, versions: Mapping[str, str]) -> dict[str, str]:
    """Return when it was computed, and with what, in two lines."""
    made = ", ".join(f"{name} {version}" for name, version in versions.items())
    return {"computed": _when(suite), "with": made}


def _when(suite: Suite) -> str:
    return f"{suite.started:%Y-%m-%d %H:%M:%S} UTC"


def _header(suite: Suite, title: str) -> str:
    outcome = verdict(suite)
    sentence, headline = counts(suite), _HEADLINE[outcome]
    if outcome == "passed" and suite.count(Status.SKIPPED):
        headline = "Every check that applies passed"
    if suite.interrupted:
        sentence = f"{len(suite.results)} of {suite.selected} checks finished: {sentence}"
    fine = (Status.PASSED, Status.SKIPPED)
    bad = [(n, r) for n, r in enumerate(suite.results) if r.status not in fine]
    links = "".join(f'<li><a href="#check-{n}">{html.escape(r.name)}</a></li>' for n, r in bad)
    problems = f"<ul>{links}</ul>" if bad else ""
    return (
        f"<h1>{html.escape(title)}</h1>\n"
        f'<section class="verdict {outcome}"><strong>{headline}</strong>'
        f"<p>{sentence}.</p>{problems}</section>"
    )


def _filters(results: Iterable[CheckResult]) -> str:
    shown = list(results)
    selects = "".join(
        _select(label, field, dict.fromkeys(str(getattr(r, field)) for r in shown))
        for label, field in (("Family", "family"), ("Equation", "equation"), ("Verdict", "status"))
    )
    search = '<label>Search<input id="search" type="search" placeholder="any word"></label>'
    return f'<form class="filters" hidden>{selects}{search}<output id="shown"></output></form>'


def _select(label: str, field: str, values: Iterable[str]) -> str:
    options = "".join(f"<option>{html.escape(value)}</option>" for value in values)
    return (
        f'<label>{label}<select data-field="{field}"><option value="">all</option>{options}'
        "</select></label>"
    )


def _table(results: Iterable[CheckResult], pictures: Mapping[str, bytes]) -> str:
    heads = ("Verdict", "Equation", "Claim", "Measured", "Must be", "Held against", "Time")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    rows = "\n".join(_row(n, result, pictures) for n, result in enumerate(results))
    return (
        '<table class="checks">\n<caption>Checks</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
    )


def _row(number: int, result: CheckResult, pictures: Mapping[str, bytes]) -> str:
    notes = [
        f'<p class="{kind} {result.status}">{html.escape(words)}</p>'
        for kind, words in (("reason", result.reason), ("detail", result.detail))
        if words
    ]
    picture = None if result.measured is None else picture_of(result, pictures)
    if picture is not None:
        notes.append(f'<p><a class="see" href="#{picture}">see {_title(picture)}</a></p>')
    claim = (
        f'<p class="name"><span class="family">{html.escape(result.family)}</span> '
        f"{html.escape(result.name)}</p><p>{html.escape(result.claim)}</p>{''.join(notes)}"
    )
    cells = (
        ("Verdict", "status", f'<span class="badge {result.status}">{result.status}</span>'),
        ("Equation", "equation", html.escape(result.equation)),
        ("Claim", "claim", f"<div>{claim}</div>"),
        ("Measured", "number", html.escape(measured_text(result))),
        ("Must be", "number", with_signs(str(result.bound))),
        ("Held against", "against", html.escape(result.reference)),
        ("Time", "number", f"{result.seconds:.2f} s"),
    )
    inner = "".join(f'<td class="{kind}" data-label="{label}">{c}</td>' for label, kind, c in cells)
    data = "".join(
        f' data-{field}="{html.escape(str(getattr(result, field)))}"'
        for field in ("family", "equation", "status")
    )
    return f'<tr id="check-{number}"{data}>{inner}</tr>'


def _figures(pictures: Mapping[str, bytes]) -> str:
    """Return the figures, folded: a check's link opens its own."""
    parts = "".join(
        f'<details class="figure" id="{name}"><summary>{_title(name).capitalize()}</summary>'
        f"{image_of(png, _title(name))}</details>"
        for name, png in pictures.items()
    )
    return f"<section><h2>Figures</h2>{parts}</section>" if parts else ""


def _title(picture: str) -> str:
    return html.escape(picture.replace("_", " "))


def _families(suite: Suite) -> str:
    counted = columns(suite)
    heads = ("Family", *(head.capitalize() for head in counted.values()), "Time")
    rows = [
        (
            family,
            *(f"{sum(r.status is status for r in results)}" for status in counted),
            f"{sum(r.seconds for r in results):.2f} s",
        )
        for family, results in suite.families.items()
    ]
    return small_table("Families", heads, rows)


def picture_of(result: CheckResult, drawings: Iterable[str]) -> str | None:
    """Return the name of the figure in which a check's number can be seen, None without one."""
    numbered = _NUMBERED.search(f"{result.equation} {result.name}")
    name = f"figure_{numbered[1]}" if numbered else _BY_FAMILY.get(result.family)
    if result.family == "own_system" and "evolution" in result.claim:
        name = "evolution"
    return name if name in set(drawings) else None


def pictures(results: Iterable[CheckResult], drawings: Drawings) -> dict[str, bytes]:
    """Return the figures (PNG) of these results, each computed once."""
    wanted = dict.fromkeys(picture_of(r, drawings) for r in results if r.measured is not None)
    return {name: rendered(drawings[name](), _DPI) for name in wanted if name is not None}
