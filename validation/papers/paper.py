"""What a paper states beside what this project computes: data, and what draws it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import final

from matplotlib.axes import Axes

from validation.framework.bounds import Bound, Relation


@final
@dataclasses.dataclass(frozen=True)
class Comparison:
    """One number of a paper.

    Parameters
    ----------
    what : the quantity.
    ours : as computed here.
    theirs : the paper's number with what it may be off by, or the bound that it states.
    where : its place in the paper.
    known : why the two differ, where they do and it is understood; else "".
    """

    what: str
    ours: float
    theirs: Bound
    where: str
    known: str = ""

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
@dataclasses.dataclass(frozen=True)
class Findings:
    """What a paper's run gives.

    Parameters
    ----------
    comparisons : its numbers.
    draw : draws the picture into axes.
    """

    comparisons: tuple[Comparison, ...]
    draw: Callable[[Axes], None]


@final
@dataclasses.dataclass(frozen=True)
class Paper:
    """A paper whose results can be computed again.

    Parameters
    ----------
    name : what the command line calls it.
    title, authors, source : of the paper; source is journal, year, doi or arXiv number.
    parameters : where the numbers of the system come from.
    read : what of the paper was at hand, and what was not.
    run : computes everything.
    """

    name: str
    title: str
    authors: str
    source: str
    parameters: str
    read: str
    run: Callable[[], Findings]
