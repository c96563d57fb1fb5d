"""A check as the suite writes it: the name is the function's, the claim is its docstring."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from validation.framework.bounds import Bound, at_most
from validation.framework.check import Body, Check, check

Cases = Callable[[np.random.Generator], Iterable[Any]]


def claim(
    equation: str,
    reference: str,
    tolerance: float | Bound,
    *,
    name: str | None = None,
    over: Cases | None = None,
) -> Callable[[Body], Check]:
    """Turn a function that measures into a check; its docstring's first paragraph is the claim.

    Parameters
    ----------
    equation, reference, tolerance : as of `check`.
    name : of the check; None takes that of the function, a blank for each underscore.
    over : gives cases from the check's `rng`; the function then measures one of them, and shares
        the `rng` if it names it. The worst counts, by the cases' names.
    """
    bound = tolerance if isinstance(tolerance, Bound) else at_most(tolerance)

    def decorate(measure: Body) -> Check:
        words = (inspect.getdoc(measure) or "").partition("\n\n")[0].split()
        return check(
            measure.__name__.replace("_", " ") if name is None else name,
            equation=equation,
            reference=reference,
            tolerance=tolerance,
            claim=" ".join(words),
        )(measure if over is None else _of_all(over, measure, bound))

    return decorate


def _of_all(cases: Cases, measure: Body, bound: Bound) -> Body:
    """Return what yields the worst of each case, filed where the measure of one is."""
    random = "rng" in inspect.signature(measure).parameters

    def body(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
        for case in cases(rng):
            outcome: Any = measure(case, rng) if random else measure(case)
            values = list(outcome) if isinstance(outcome, Iterator) else [outcome]
            yield case.name, values[bound.worst(values)]

    body.__module__ = measure.__module__
    return body
