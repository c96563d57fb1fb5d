"""`python -m validation figures --out DIR`: the figures of the validation as PNG and PDF."""

from __future__ import annotations

import argparse
import pathlib
from collections.abc import Callable, Mapping, Sequence

from matplotlib.figure import Figure

from validation import flow_scan, paper_drawings, weak_coupling


def flows() -> Figure:
    """Draw the flows from the density matrix over Eq. (10)."""
    return flow_scan.draw(flow_scan.compute())


def weak() -> Figure:
    """Draw the deviation of Davies from exact flows over gamma/T and splitting/gamma."""
    return weak_coupling.draw(weak_coupling.compute())


FIGURES: Mapping[str, Callable[[], Figure]] = {
    **paper_drawings.FIGURES,
    "table_1": paper_drawings.table_one,
    "flows": flows,
    "weak_coupling": weak,
}
"""File name, without suffix -> what computes and draws it."""


def main(arguments: Sequence[str]) -> int:
    """Write every figure into the directory of `--out`, made if need be; return 0."""
    parser = argparse.ArgumentParser(
        prog="python -m validation figures", description="Draw the figures of the validation."
    )
    parser.add_argument(
        "--out", type=pathlib.Path, required=True, metavar="DIR", help="where PNG and PDF go"
    )
    directory: pathlib.Path = parser.parse_args(arguments).out
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"argument --out: cannot make the directory {directory}: {error.strerror}")
    for name, drawn in FIGURES.items():
        figure = drawn()
        for suffix in ("png", "pdf"):
            path = directory / f"{name}.{suffix}"
            figure.savefig(path, dpi=160)
            print(path)
    return 0
