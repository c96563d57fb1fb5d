"""What a task leaves: data, and what its results were checked for."""

from __future__ import annotations

import dataclasses
from typing import Any, final


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
@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """What a task found.

    Parameters
    ----------
    data : as it is written to summary.json.
    checks : what the results must obey.
    problems : what went wrong although there is a result, one sentence each.
    """

    data: dict[str, Any]
    checks: tuple[Check, ...]
    problems: tuple[str, ...] = ()
