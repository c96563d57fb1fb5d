"""`python -m validation figures --out DIR`: the figures of the validation as PNG and PDF."""

from __future__ import annotations

import argparse
import pathlib
from collections.abc import Callable, Mapping, Sequence

from matplotlib.figure import Figure
from rich.console import Console

import thermo
from thermo.files import write_whole
from validation.pictures import (
    close_levels,
    engines,
    flow_scan,
    paper_drawings,
    weak_coupling,
    what_is_a_reservoir,
)
from validation.report.files import refuse_unwritable
from validation.report.page_parts import rendered

FIGURES: Mapping[str, Callable[[], Figure]] = {
    **paper_drawings.FIGURES,
    "table_1": paper_drawings.table_one,
    "flows": lambda: flow_scan.draw(flow_scan.compute()),
    "weak_coupling": lambda: weak_coupling.draw(weak_coupling.compute()),
    "close_levels": lambda: close_levels.draw(close_levels.compute()),
    "what_is_a_reservoir": lambda: what_is_a_reservoir.draw(what_is_a_reservoir.compute()),
    "engines": lambda: thermo.plot_efficiency_noise(engines.compute()),
}
"""File name, without suffix -> what computes and draws it."""


_SUFFIXES = ("png", "pdf")
_DPI = 160


def main(arguments: Sequence[str]) -> int:
    """Write every figure into the directory of `--out`, made if need be; return 0.

    Each file appears under its name only when complete, and is then listed; on a terminal a line
    says which figure is being computed. Exit status 2, before anything is computed, where a file
    cannot be written.
    """
    parser = argparse.ArgumentParser(
        prog="python -m validation figures",
        description=f"Draw the figures of the validation, as PNG and PDF: {', '.join(FIGURES)}.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--out", type=pathlib.Path, required=True, metavar="DIR", help="where PNG and PDF go"
    )
    directory: pathlib.Path = parser.parse_args(arguments).out
    files = {name: [directory / f"{name}.{suffix}" for suffix in _SUFFIXES] for name in FIGURES}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for path in (path for paths in files.values() for path in paths):
            refuse_unwritable("--out", path)
    except OSError as error:
        parser.error(f"argument --out: cannot make the directory {directory}: {error.strerror}")
    except ValueError as error:
        parser.error(str(error))
    errors = Console(stderr=True)
    for number, (name, paths) in enumerate(files.items(), start=1):
        # a console that is no terminal shows nothing of it
        with errors.status(f"figure {number} of {len(files)}: {name}"):
            figure = FIGURES[name]()
            for path in paths:
                write_whole(path, rendered(figure, _DPI, path.suffix[1:]))
        for path in paths:
            print(path, flush=True)
    return 0
