"""Papers and their comparisons as text, as pictures, and as one self-contained page."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from rich.console import Console

from oqs.summary import counted
from validation.papers.paper import Comparison, Findings, Paper
from validation.report.page_parts import STYLE

_DPI = 130
_SIZE = (5.2, 3.4)  # inches
_BADGES = {"agrees": "passed", "differs": "failed", "differs, known": "error"}
_HEADS = ("quantity", "ours", "the paper's", "difference", "verdict", "where")


def picture(paper: Paper, findings: Findings) -> Figure:
    """Return the picture of a paper."""
    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.subplots()
    findings.draw(axes)
    axes.set_title(paper.name.replace("_", " "), fontsize=10)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8)
    return figure


def png(figure: Figure) -> bytes:
    """Return a figure as a file."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=_DPI)
    return stream.getvalue()


def cells(comparison: Comparison) -> tuple[str, str, str, str, str, str]:
    """Return quantity, ours, the paper's, difference, verdict and place."""
    away = comparison.difference
    return (
        comparison.what,
        f"{comparison.ours:.6g}",
        str(comparison.theirs),
        "" if away is None else f"{away:+.2g}",
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
    results : papers with what was found. pictures : PNG by the name of the paper.
    versions : of packages.
    """
    compared = [comparison for _, found in results for comparison in found.comparisons]
    state = "failed" if any(c.verdict == "differs" for c in compared) else "passed"
    body = "\n".join(_section(paper, found, pictures[paper.name]) for paper, found in results)
    rows = "".join(
        f'<tr><th scope="row">{html.escape(key)}</th><td>{html.escape(value)}</td></tr>'
        for key, value in versions.items()
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Papers computed again</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        "<h1>Papers computed again by oqs-thermo</h1>\n"
        f'<section class="verdict {state}"><strong>{counted(len(results), "paper")}</strong>'
        f"<p>{tally(compared)}.</p></section>\n{body}\n"
        f'<table class="small"><caption>Versions</caption><tbody>{rows}</tbody></table>\n'
        "</main>\n</body>\n</html>\n"
    )


def _section(paper: Paper, findings: Findings, image: bytes) -> str:
    name = html.escape(paper.name)
    head = "".join(f'<th scope="col">{text.capitalize()}</th>' for text in _HEADS)
    rows = "".join(_row(comparison) for comparison in findings.comparisons)
    encoded = base64.b64encode(image).decode("ascii")
    return (
        f'<section id="{name}"><h2>{html.escape(paper.title)}</h2>'
        f"<p>{html.escape(paper.authors)}. {html.escape(paper.source)}</p>"
        f'<table class="checks"><caption>{name}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"<p>Parameters: {html.escape(paper.parameters)}</p>"
        f"<p>Read: {html.escape(paper.read)}</p>"
        f'<div class="figure"><img alt="{name}" src="data:image/png;base64,{encoded}"></div>'
        "</section>"
    )


def _row(comparison: Comparison) -> str:
    what, *others = cells(comparison)
    known = html.escape(comparison.known) if comparison.verdict == "differs, known" else ""
    note = f'<p class="detail">{known}</p>' if known else ""
    signs = [
        html.escape(text.replace("+-", "\u00b1").replace("<=", "\u2264").replace(">=", "\u2265"))
        for text in others
    ]
    texts = [f"<div>{html.escape(what)}{note}</div>", *signs]
    texts[4] = f'<span class="badge {_BADGES[comparison.verdict]}">{comparison.verdict}</span>'
    kinds = ("claim", "number", "number", "number", "status", "against")
    inner = "".join(
        f'<td class="{kind}" data-label="{label.capitalize()}">{text}</td>'
        for kind, label, text in zip(kinds, _HEADS, texts, strict=True)
    )
    return f"<tr>{inner}</tr>"
