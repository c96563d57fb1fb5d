"""Papers and their comparisons as text, as pictures, and as one self-contained page."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from rich.console import Console

from oqs.summary import counted
from thermo.plotting.style import legend_below, panels, paper_style, titled
from validation.papers.paper import Comparison, Findings, Paper
from validation.report.page_parts import document, image_of, small_table, with_signs

_SIZE = (5.2, 3.4)  # inches
_BADGES = {"agrees": "passed", "differs": "failed", "differs, known": "error"}
_HEADS = ("quantity", "ours", "the paper's", "difference", "verdict", "where")


def picture(paper: Paper, findings: Findings) -> Figure:
    """Return the picture of a paper."""
    with paper_style():
        figure, (axes,) = panels(1, *_SIZE, None)
        findings.draw(axes)
        legend_below(figure, [axes])
        titled(figure, f"{paper.title}\n{paper.source}")
    return figure


def cells(comparison: Comparison) -> tuple[str, str, str, str, str, str]:
    """Return quantity, ours, the paper's, difference, verdict and place."""
    away = comparison.difference
    return (
        comparison.what,
        f"{comparison.ours:.6g}",
        str(comparison.theirs),
        "" if away is None else f"{away:+.2g}" if away else "0",
        comparison.verdict,
        comparison.where,
    )


def tally(comparisons: Sequence[Comparison]) -> str:
    """Return how many agree, and how many do not."""
    verdicts = [comparison.verdict for comparison in comparisons]
    parts = [f"{verdicts.count('agrees')} of {counted(len(verdicts), 'number')} agree"]
    for verdict, words in (("differs, known", " for a known reason"), ("differs", "")):
        count = verdicts.count(verdict)
        if count:
            parts.append(f"{count} {'differs' if count == 1 else 'differ'}{words}")
    return ", ".join(parts)


def print_findings(console: Console, paper: Paper, findings: Findings) -> None:
    """Print one paper: source, numbers, what was not at hand."""
    console.print(f"{paper.title}\n{paper.authors}\n{paper.source}", soft_wrap=True)
    for comparison in findings.comparisons:
        what, ours, theirs, away, verdict, where = cells(comparison)
        shift = f" ({away})" if away else ""
        console.print(f"{verdict:8s} {what}", soft_wrap=True)
        console.print(f"         {ours}{shift}, the paper's {theirs}: {where}", soft_wrap=True)
        if verdict == "differs, known":
            console.print(f"         {comparison.known}", soft_wrap=True)
    console.print(f"parameters: {paper.parameters}\nread: {paper.read}", soft_wrap=True)


def as_page(
    results: Sequence[tuple[Paper, Findings]],
    pictures: Mapping[str, bytes],
    versions: dict[str, str],
) -> str:
    """Return the page.

    Parameters
    ----------
    results : papers with their findings. pictures : PNG by the name of the paper.
    versions : of packages.
    """
    compared = [comparison for _, findings in results for comparison in findings.comparisons]
    state = "failed" if any(c.verdict == "differs" for c in compared) else "passed"
    body = "\n".join(_section(paper, findings, pictures[paper.name]) for paper, findings in results)
    table = small_table("Versions", (), versions.items())
    return document(
        "Papers computed again",
        "<h1>Papers computed again by oqs-thermo</h1>\n"
        f'<section class="verdict {state}"><strong>{counted(len(results), "paper")}</strong>'
        f"<p>{tally(compared)}.</p></section>\n{body}\n{table}",
    )


def _section(paper: Paper, findings: Findings, image: bytes) -> str:
    name = html.escape(paper.name)
    head = "".join(f'<th scope="col">{text.capitalize()}</th>' for text in _HEADS)
    rows = "".join(_row(comparison) for comparison in findings.comparisons)
    return (
        f'<section id="{name}"><h2>{html.escape(paper.title)}</h2>'
        f"<p>{html.escape(paper.authors)}. {html.escape(paper.source)}</p>"
        f'<table class="checks"><caption>{name}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"<p>Parameters: {html.escape(paper.parameters)}</p>"
        f"<p>Read: {html.escape(paper.read)}</p>"
        f'<div class="figure">{image_of(image, name)}</div>'
        "</section>"
    )


def _row(comparison: Comparison) -> str:
    what, *others = cells(comparison)
    known = html.escape(comparison.known) if comparison.verdict == "differs, known" else ""
    note = f'<p class="detail">{known}</p>' if known else ""
    texts = [f"<div>{html.escape(what)}{note}</div>", *map(with_signs, others)]
    texts[4] = f'<span class="badge {_BADGES[comparison.verdict]}">{comparison.verdict}</span>'
    kinds = ("claim", "number", "number", "number", "status", "against")
    inner = "".join(
        f'<td class="{kind}" data-label="{label.capitalize()}">{text}</td>'
        for kind, label, text in zip(kinds, _HEADS, texts, strict=True)
    )
    return f"<tr>{inner}</tr>"
