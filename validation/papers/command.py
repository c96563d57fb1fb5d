"""`python -m validation paper`: published results, computed again beside what the papers state."""

from __future__ import annotations

import argparse
import pathlib
from collections.abc import Sequence

from rich.console import Console

from thermo.files import write_whole
from validation.papers.page import as_page, picture, print_findings, tally
from validation.papers.paper import Findings, Paper
from validation.papers.shelf import PAPERS
from validation.report.files import refuse_unwritable
from validation.report.page_parts import rendered
from validation.report.report import environment

_ALL = "all"
_DPI = 130


def main(arguments: Sequence[str]) -> int:
    """List the papers, or compute one or all of them again; return the exit status.

    0: every number agrees, or differs for a reason that is stated. 1: one differs otherwise. 2: the
    command line is wrong, nothing was computed.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    output = Console(highlight=False, markup=False, emoji=False)
    if options.name is None:
        if options.html is not None or options.out is not None:
            parser.error(f"the list is not written: give a NAME, or {_ALL!r}")
        _list(output)
        return 0
    if options.name not in (*PAPERS, _ALL):
        parser.error(f"there is no paper {options.name!r}; without a name all are listed")
    papers = list(PAPERS.values()) if options.name == _ALL else [PAPERS[options.name]]
    try:
        files = _files(papers, options.out)
        if options.html is not None:
            refuse_unwritable("--html", options.html)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    return _run(output, papers, files, options.html)


def _run(
    output: Console,
    papers: Sequence[Paper],
    files: dict[str, pathlib.Path],
    page: pathlib.Path | None,
) -> int:
    results: list[tuple[Paper, Findings]] = []
    images: dict[str, bytes] = {}
    errors = Console(stderr=True)
    for number, paper in enumerate(papers, start=1):
        with errors.status(f"paper {number} of {len(papers)}: {paper.name}"):
            findings = paper.run()
            if files or page is not None:
                images[paper.name] = rendered(picture(paper, findings), _DPI)
        results.append((paper, findings))
        if number > 1:
            output.print()
        print_findings(output, paper, findings)
        if paper.name in files:
            write_whole(files[paper.name], images[paper.name])
            output.print(str(files[paper.name]), soft_wrap=True)
    if not files and page is None:
        output.print("\npictures: --out DIR, or --html FILE for one page")
    if page is not None:
        write_whole(page, as_page(results, images, environment()))
    compared = [comparison for _, findings in results for comparison in findings.comparisons]
    output.print(f"\n{tally(compared)}")
    return 1 if any(comparison.verdict == "differs" for comparison in compared) else 0


def _files(papers: Sequence[Paper], folder: pathlib.Path | None) -> dict[str, pathlib.Path]:
    """Return where each picture goes, the folder made and checked; none without a folder."""
    if folder is None:
        return {}
    folder.mkdir(parents=True, exist_ok=True)
    files = {paper.name: folder / f"{paper.name}.png" for paper in papers}
    for path in files.values():
        refuse_unwritable("--out", path)
    return files


def _list(output: Console) -> None:
    for paper in PAPERS.values():
        output.print(f"{paper.name:22s} {paper.title}. {paper.source}", soft_wrap=True)
    output.print(
        f"\npython -m validation paper NAME [--out DIR] [--html FILE]; NAME {_ALL!r} for all",
        soft_wrap=True,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m validation paper",
        description="Compute published results again: our number beside the paper's, the "
        "difference, its place, and a picture. Without a name, list the papers.",
        epilog="Exit status: 0 all numbers agree or differ for a known reason, 1 some differ, "
        "2 wrong arguments.",
        allow_abbrev=False,
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help=f"of a paper, or {_ALL!r}")
    parser.add_argument("--out", metavar="DIR", type=pathlib.Path, help="write pictures as PNG")
    parser.add_argument("--html", metavar="FILE", type=pathlib.Path, help="write one page")
    return parser
