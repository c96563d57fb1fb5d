"""The outcome of a task: data, and the checks of its results."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple, final


@final
@dataclasses.dataclass(frozen=True)
class Check:
    """One property that a result must have.

    Parameters
    ----------
    name : what was checked.
    value : how far it is off, relative.
    tolerance : the largest value that passes.
    """

    name: str
    value: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether the value is within the tolerance; NaN is not."""
        return self.value <= self.tolerance


@final
class Outcome(NamedTuple):
    """What a task found."""

    data: dict[str, Any]  # as it is written to summary.json
    checks: tuple[Check, ...]  # what the results must obey
    problems: tuple[str, ...] = ()  # what went wrong although there is a result, one sentence each
