"""Choosing and running checks: one after the other, each outcome kept, Ctrl-C included."""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import fnmatch
import time
from collections.abc import Callable, Sequence
from typing import final

from validation.framework.check import Check, CheckResult, Status


@final
@dataclasses.dataclass(frozen=True)
class Suite:
    """Outcome of a run of checks.

    Parameters
    ----------
    results : of the checks that finished, in order.
    selected : number of checks that were to run.
    seed : seed of the random checks.
    started : when, UTC.
    seconds : wall time of the whole run.

    Examples
    --------
    >>> import validation.families
    >>> checks = validation.select(validation.families.load(["system"]), "Eq. (8)")
    >>> suite = validation.run_suite(checks)
    >>> suite.passed, list(suite.families)
    (True, ['system'])
    """

    results: tuple[CheckResult, ...]
    selected: int
    seed: int
    started: datetime.datetime
    seconds: float

    @property
    def interrupted(self) -> bool:
        """Whether some selected check did not finish."""
        return len(self.results) < self.selected

    @property
    def passed(self) -> bool:
        """Whether every selected check that applies, one at least, finished and passed."""
        good = self.count(Status.PASSED)
        return bool(good) and good + self.count(Status.SKIPPED) == self.selected

    @property
    def families(self) -> dict[str, tuple[CheckResult, ...]]:
        """Results by family, in the order of their first check."""
        names = dict.fromkeys(result.family for result in self.results)
        return {name: tuple(r for r in self.results if r.family == name) for name in names}

    def count(self, status: Status) -> int:
        """Return how many checks ended with this status."""
        return sum(result.status is status for result in self.results)


def _ignore(_: object) -> None:
    """Do nothing: no observer."""


def run_suite(
    checks: Sequence[Check],
    seed: int = 0,
    on_start: Callable[[Check], None] = _ignore,
    on_result: Callable[[CheckResult], None] = _ignore,
) -> Suite:
    """Run the checks in order and return what finished; Ctrl-C ends the run, not the report.

    Parameters
    ----------
    checks : at least one.
    seed : >= 0, goes into every check's `rng`.
    on_start, on_result : called before and after each check.

    Raises
    ------
    ValueError
        if there is no check, or the seed is negative: nothing is run then.

    Examples
    --------
    >>> @validation.check(
    ...     "trace", equation="Eq. (2)", reference="1", tolerance=1e-14, claim="tr rho = 1"
    ... )
    ... def trace():
    ...     model = oqs.davies(oqs.QuadraticSystem([[1.0]]), [oqs.Contact(rate=oqs.flat(0.1))])
    ...     return abs(oqs.stationary_state(model, [0.5], [0.2]).tr() - 1)
    >>> suite = validation.run_suite([trace], on_result=lambda result: print(result.status))
    passed
    >>> suite.count(validation.Status.PASSED), suite.interrupted
    (1, False)
    """
    if not checks:
        raise ValueError("Argument `checks` must hold at least one check, but is empty. Give some.")
    if seed < 0:
        raise ValueError(f"Argument `seed` must be >= 0, but is {seed}. Give e.g. 0.")
    started, start = datetime.datetime.now(datetime.UTC), time.perf_counter()
    results: list[CheckResult] = []
    try:
        for check in checks:
            on_start(check)
            results.append(check.run(seed))
            on_result(results[-1])
    except KeyboardInterrupt:
        pass  # Suite.interrupted says it, unless the last check had already finished
    return Suite(tuple(results), len(checks), seed, started, time.perf_counter() - start)


def select(checks: Sequence[Check], pattern: str) -> tuple[Check, ...]:
    """Return the checks whose "family/name" or equation holds `pattern`, ignoring case.

    A pattern with * or ? must match the whole of either, as a shell's does; any other one a part.

    Raises
    ------
    ValueError
        if there is none, naming those that come close, or the pattern is empty.

    Examples
    --------
    >>> import validation.families
    >>> checks = validation.families.load(["reservoirs", "equilibrium"])
    >>> [check.path for check in validation.select(checks, "eq. (19)")]
    ['reservoirs/exact gas by quadrature']
    """
    if not pattern:
        raise ValueError("Argument `--only` must match a check, but is empty. Give part of a name.")
    wanted = pattern.casefold()
    is_glob = "*" in wanted or "?" in wanted
    glob = wanted if is_glob else f"*{wanted.replace('[', '[[]')}*"
    chosen = tuple(
        check
        for check in checks
        if any(
            fnmatch.fnmatchcase(text.casefold(), glob)
            for text in (check.path, check.name, check.equation)
        )
    )
    if not chosen:
        raise ValueError(
            f"Argument `--only` must match a check, but nothing matches {pattern!r}. "
            f"{_suggestion(checks, wanted)}"
        )
    return chosen


def _suggestion(checks: Sequence[Check], wanted: str) -> str:
    names = {
        key.casefold(): key for check in checks for key in (check.path, check.name, check.family)
    }
    close = difflib.get_close_matches(wanted, names, n=3, cutoff=0.5)
    if not close:
        return "See --list for all of them."
    return f"Close: {', '.join(repr(names[key]) for key in close)}; see --list for all of them."
