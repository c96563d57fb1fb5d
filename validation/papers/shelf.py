"""All papers by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from validation.papers import counting, dots, engines, reservoirs, spins
from validation.papers.paper import Paper

PAPERS: Final[Mapping[str, Paper]] = {
    paper.name: paper
    for module in (reservoirs, engines, spins, counting, dots)
    for paper in vars(module).values()
    if isinstance(paper, Paper)
}
"""In the order in which they are listed: that of their functions in each file."""
