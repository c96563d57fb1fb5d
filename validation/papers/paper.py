"""What a paper states beside what this project computes: data, and what draws it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import NamedTuple, final

from matplotlib.axes import Axes

from validation.framework.bounds import Bound, Relation


@final
@dataclasses.dataclass(frozen=True)
class Comparison:
    """One number of a paper."""

    what: str  # the quantity
    ours: float  # as computed here
    theirs: Bound  # the paper's number with what it may be off by, or the bound that it states
    where: str  # its place in the paper
    known: str = ""  # why the two differ, where they do and it is understood; else ""

    @property
    def agrees(self) -> bool:
        """Whether our number is the paper's, to what it may be off by."""
        return self.theirs.holds(self.ours)

    @property
    def difference(self) -> float | None:
        """Our number minus the paper's; None where that is a bound."""
        if self.theirs.relation is not Relation.WITHIN or self.theirs.target is None:
            return None
        return self.ours - self.theirs.target

    @property
    def verdict(self) -> str:
        """One word, or two."""
        if self.agrees:
            return "agrees"
        return "differs, known" if self.known else "differs"


@final
class Findings:
    """What a paper's run gives: its numbers, and what draws the picture into axes."""

    def __init__(self, draw: Callable[[Axes], None], *comparisons: Comparison) -> None:
        self.draw, self.comparisons = draw, comparisons


@final
class Paper(NamedTuple):
    """A paper whose results can be computed again."""

    name: str  # what the command line calls it
    title: str
    authors: str
    source: str  # journal, year, doi or arXiv number
    parameters: str  # where the numbers of the system come from
    read: str  # what of the paper was at hand, and what was not
    run: Callable[[], Findings]  # computes everything


def paper(
    authors: str, source: str, *, parameters: str, read: str
) -> Callable[[Callable[[], Findings]], Paper]:
    """Turn a function that computes results again into the paper of its name; it tells the title.

    The title is the function's docstring, without the full stop.
    """

    def decorate(run: Callable[[], Findings]) -> Paper:
        title = " ".join((run.__doc__ or "").split()).removesuffix(".")
        return Paper(run.__name__, title, authors, source, parameters, read, run)

    return decorate
