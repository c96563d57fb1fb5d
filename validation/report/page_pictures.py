"""The figures that the HTML report shows beside its checks."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Mapping

from matplotlib.figure import Figure

from validation.framework.check import CheckResult

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


def rendered(figure: Figure, dpi: int, suffix: str = "png") -> bytes:
    """Return a figure as the contents of a file of this format."""
    stream = io.BytesIO()
    figure.savefig(stream, format=suffix, dpi=dpi)
    return stream.getvalue()
