"""Bounds of measured numbers, as data."""

from __future__ import annotations

import dataclasses
import enum
import math
from collections.abc import Sequence
from typing import final

import numpy as np

from oqs.arguments import real_number


@final
class Relation(enum.StrEnum):
    """How a measured number must stand to its bound.

    Examples
    --------
    >>> [relation.value for relation in validation.Relation]
    ['at most', 'at least', 'within']
    """

    AT_MOST = "at most"
    AT_LEAST = "at least"
    WITHIN = "within"


@final
@dataclasses.dataclass(frozen=True)
class Bound:
    """A bound on a measured number x, made by `at_most`, `at_least` or `within`.

    Parameters
    ----------
    relation : AT_MOST: x <= tolerance. AT_LEAST: x >= tolerance. WITHIN: |x - target| <= tolerance.
    tolerance : the limit, in units of x.
    target : the number that x should be, for WITHIN only.

    Raises
    ------
    TypeError, ValueError
        if a number is not finite, the target is missing or out of place, or the distance of WITHIN
        is negative.

    Examples
    --------
    >>> bound = validation.Bound(validation.Relation.WITHIN, tolerance=0.01, target=1.5)
    >>> bound.holds(1.506), bound.holds(1.52), bound.holds(np.nan)
    (True, False, False)
    """

    relation: Relation
    tolerance: float
    target: float | None = None

    def __post_init__(self) -> None:
        limit = real_number("tolerance", self.tolerance, "Give the limit of what passes.")
        object.__setattr__(self, "tolerance", limit)
        if (self.target is None) is (self.relation is Relation.WITHIN):
            raise ValueError(
                f"Argument `target` must be given for WITHIN only, but is {self.target!r} for "
                f"{self.relation.name}. Use at_most, at_least or within."
            )
        if self.target is not None:
            aim = real_number("target", self.target, "Give the number that is expected.")
            object.__setattr__(self, "target", aim)
            if limit < 0:
                raise ValueError(
                    f"Argument `tolerance` must be >= 0, but is {limit!r}. "
                    "It is the largest passing distance from `target`."
                )

    def holds(self, measured: float) -> bool:
        """Say whether `measured` obeys the bound; NaN and infinity never do."""
        if not math.isfinite(measured):
            return False
        if self.relation is Relation.AT_LEAST:
            return measured >= self.tolerance
        if self.target is not None:
            return abs(measured - self.target) <= self.tolerance
        return measured <= self.tolerance

    def worst(self, values: Sequence[float]) -> int:
        """Return the index of the value that is farthest on the wrong side, of NaN if there is one.

        Raises ValueError if there are no values: a check of nothing must not pass.
        """
        if self.target is not None:
            values = np.abs(np.asarray(values) - self.target).tolist()
        # numpy ranks NaN highest, and lowest
        extreme = np.argmin if self.relation is Relation.AT_LEAST else np.argmax
        return int(extreme(values))

    def __str__(self) -> str:
        if self.target is not None:
            return f"{self.target:.6g} +- {self.tolerance:.2g}"
        return f"{'<=' if self.relation is Relation.AT_MOST else '>='} {self.tolerance:.4g}"


def at_most(limit: float) -> Bound:
    """Return the bound x <= limit, the default of a check's `tolerance`.

    >>> print(validation.at_most(1e-9))
    <= 1e-09
    """
    return Bound(Relation.AT_MOST, limit)


def at_least(limit: float) -> Bound:
    """Return the bound x >= limit.

    >>> validation.at_least(2).holds(1.9)
    False
    """
    return Bound(Relation.AT_LEAST, limit)


def within(target: float, tolerance: float) -> Bound:
    """Return the bound |x - target| <= tolerance, with tolerance >= 0.

    >>> print(validation.within(2.3e-3, 1e-4))
    0.0023 +- 0.0001
    """
    return Bound(Relation.WITHIN, tolerance, target)
