"""All papers by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from validation.papers.counting import COUNTING
from validation.papers.dots import DOTS
from validation.papers.engines import ENGINES
from validation.papers.paper import Paper
from validation.papers.reservoirs import RESERVOIRS
from validation.papers.spins import SPINS

PAPERS: Final[Mapping[str, Paper]] = {
    paper.name: paper for paper in (*RESERVOIRS, *ENGINES, *SPINS, *COUNTING, *DOTS)
}
"""In the order in which they are listed: a new one is an entry of its file's tuple."""
