"""A check: one claim and the number that tests it. Its outcome is data, never an exception."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import math
import numbers
import time
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import final

import numpy as np

from validation.framework.bounds import Bound, at_most, within


@final
class Status(enum.StrEnum):
    """Verdict on a check: its bound held, did not hold, was never reached, or is not for this.

    Examples
    --------
    >>> [status.value for status in validation.Status]
    ['passed', 'failed', 'error', 'skipped']
    """

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


@final
class DoesNotApply(Exception):
    """Raised by a check of a user's system that makes no claim about this one; says why."""


@final
@dataclasses.dataclass(frozen=True)
class Measurement:
    """What a check measured, where a plain float does not say enough.

    Parameters
    ----------
    value : the measured number, compared with the check's tolerance.
    reference : the number that `value` should be, if only the check itself can know it (computed,
        or published beside its uncertainty): then |value - reference| <= tolerance is asked.
    detail : one line shown beside the number, e.g. "1200 systems, worst at N = 4".

    Examples
    --------
    >>> validation.Measurement(0.1253, reference=0.1250, detail="peak of 40 detunings")
    Measurement(value=0.1253, reference=0.125, detail='peak of 40 detunings')
    """

    value: float
    reference: float | None = None
    detail: str = ""


_LARGEST = at_most(0.0)  # by which the largest is the worst


def worst(measured: Iterable[tuple[str, float]], bound: Bound = _LARGEST) -> Measurement:
    """Return the worst of many named values by a bound; the detail says how many and which.

    Raises ValueError if there are none: a check of nothing must not pass.
    """
    names, values = zip(*measured, strict=True)
    index = bound.worst(values)
    return Measurement(values[index], detail=f"{len(values)} cases, worst: {names[index]}")


@final
@dataclasses.dataclass(frozen=True)
class CheckResult:
    """Outcome of one check.

    Parameters
    ----------
    name, family, equation, reference, claim : those of the check.
    status : passed, failed, error or skipped.
    measured : the measured number; None where there is none.
    bound : what it was compared with.
    detail : what the check said of its measurement; may be empty.
    reason : why it did not pass; empty if it did.
    seconds : wall time.

    Examples
    --------
    A check that did not pass says by how much:

    >>> @validation.check(
    ...     "sine", equation="none", reference="pi", tolerance=1e-16, claim="sin(pi) is 0"
    ... )
    ... def sine():
    ...     return abs(np.sin(np.pi))
    >>> result = sine.run()
    >>> print(result.status, "-", result.reason)
    failed - measured 1.2246467991473532e-16, but must be <= 1e-16
    """

    name: str
    family: str
    equation: str
    reference: str
    claim: str
    status: Status
    measured: float | None
    bound: Bound
    detail: str
    reason: str
    seconds: float

    @property
    def tolerance(self) -> float:
        """The number that the bound holds `measured` (or its distance from the target) against."""
        return self.bound.tolerance


Outcome = float | Measurement | Iterator[float] | Iterator[tuple[str, float]]
Body = Callable[..., Outcome]


@final
@dataclasses.dataclass(frozen=True)
class Check:
    """One claim of the suite, made by the decorator `check`; `run` tests it.

    Parameters
    ----------
    name : unique in the suite; one line.
    family : last part of the name of the module that defines it.
    equation : what of the paper it tests, e.g. "Eq. (10)", "Fig. 1", "Table I".
    reference : what the numbers are held against, and where that comes from.
    claim : the statement that the number tests, one sentence.
    bound : what the measured number must obey.
    fixed : whether the bound is complete, so that a Measurement must not bring a reference.
    body : the function that measures; it takes nothing, or `rng`.

    Examples
    --------
    >>> @validation.check(
    ...     "trace of h", equation="Eq. (8)", reference="sum of the diagonal",
    ...     tolerance=1e-14, claim="the trace of h is the sum of its energies",
    ... )
    ... def trace(rng):
    ...     h = rng.normal(size=(3, 3))
    ...     h = h + h.T
    ...     return abs(oqs.QuadraticSystem(h).energies.sum() - np.trace(h))
    >>> trace.path, trace.equation, trace.run(seed=1).status.value
    ('__main__/trace of h', 'Eq. (8)', 'passed')
    """

    name: str
    family: str
    equation: str
    reference: str
    claim: str
    bound: Bound
    fixed: bool
    body: Body

    @property
    def path(self) -> str:
        """family/name, by which `--only` finds it."""
        return f"{self.family}/{self.name}"

    def run(self, seed: int = 0) -> CheckResult:
        """Measure and judge; an Exception of the check becomes an `error` result.

        DoesNotApply becomes a `skipped` one, with its words as the reason.

        `rng` of the check is seeded with `seed` and the check's name, so that its numbers do not
        depend on what else runs. A RuntimeWarning (overflow, invalid value) is an error too.
        """
        start, bound = time.perf_counter(), self.bound
        measured, detail, reason = None, "", ""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", RuntimeWarning)
                measurement = _measurement(self._measure(seed), bound)
            bound = self._bound_for(measurement)
        except DoesNotApply as why:
            status, reason = Status.SKIPPED, str(why)
        except Exception as error:
            status = Status.ERROR
            reason = f"{type(error).__name__}: {error}{_origin(error.__traceback__)}"
        else:
            measured, detail = measurement.value, measurement.detail
            status = Status.PASSED if bound.holds(measured) else Status.FAILED
            reason = "" if status is Status.PASSED else _why(measured, bound)
        texts = self.name, self.family, self.equation, self.reference, self.claim
        seconds = time.perf_counter() - start
        return CheckResult(*texts, status, measured, bound, detail, reason, seconds)

    def _measure(self, seed: int) -> object:
        if not inspect.signature(self.body).parameters:
            return self.body()
        return self.body(np.random.default_rng([seed, zlib.crc32(self.name.encode())]))

    def _bound_for(self, measurement: Measurement) -> Bound:
        if measurement.reference is None:
            return self.bound
        if self.fixed:
            raise TypeError(
                "Argument `reference` of Measurement must be left out where `tolerance` is a "
                "bound, but both are given. Give `tolerance` as a number."
            )
        return within(measurement.reference, self.bound.tolerance)


def check(
    name: str, *, equation: str, reference: str, tolerance: float | Bound, claim: str
) -> Callable[[Body], Check]:
    """Turn a function that measures into a Check of its module's family.

    Parameters
    ----------
    name : unique in the suite; one line.
    equation : what of the paper it tests: "Eq. (10)", "Eqs. (15)-(18)", "Fig. 1", "Table I".
    reference : what the numbers are held against: "closed form, Eq. (10)", "mpmath", "the paper".
    tolerance : a number t, then measured <= t, or |value - reference| <= t if the function returns
        a Measurement with a reference; or a bound from `at_most`, `at_least`, `within`.
    claim : the statement that the number tests, one sentence.

    The function takes no argument, or one named `rng`, a numpy Generator; it returns a number or a
    Measurement, or yields numbers or pairs (name, number), of which the worst counts.

    Raises
    ------
    TypeError, ValueError
        if a text is empty or has several lines, or the tolerance is neither number nor bound.

    Examples
    --------
    A Measurement brings what only the function knows: its reference, and a detail for the report.

    >>> @validation.check(
    ...     "exponential", equation="none", reference="mpmath", tolerance=1e-15,
    ...     claim="exp has the digits of mpmath",
    ... )
    ... def digits():
    ...     return validation.Measurement(np.exp(-1), 0.36787944117144233, detail="at x = -1")
    >>> result = digits.run()
    >>> print(result.status, result.bound, result.detail)
    passed 0.367879 +- 1e-15 at x = -1
    """
    texts = {"name": name, "equation": equation, "reference": reference, "claim": claim}
    for argument, text in texts.items():
        _one_line(argument, text)
    fixed = isinstance(tolerance, Bound)
    bound = tolerance if isinstance(tolerance, Bound) else at_most(tolerance)

    def decorate(body: Body) -> Check:
        if list(inspect.signature(body).parameters) not in ([], ["rng"]):
            raise TypeError(
                f"A check must take no argument or one named `rng`, but {body.__name__} takes "
                f"{inspect.signature(body)}. Loop over cases inside it."
            )
        family = body.__module__.rpartition(".")[2]
        return Check(name, family, equation, reference, claim, bound, fixed, body)

    return decorate


def _one_line(argument: str, text: object) -> None:
    if not isinstance(text, str):
        raise TypeError(f"Argument `{argument}` must be text, but is {text!r}. Say it in words.")
    if not text.strip() or text != text.strip() or len(text.splitlines()) != 1:
        raise ValueError(
            f"Argument `{argument}` must be one line of text without blanks at its ends, "
            f"but is {text!r}. Reports show it in a table."
        )


def _measurement(outcome: object, bound: Bound) -> Measurement:
    """Return what a check gave as a Measurement of plain floats, the worst of what it yields."""
    if isinstance(outcome, Iterator):
        several = list(outcome)
        if isinstance(next(iter(several), None), tuple):
            outcome = worst(several, bound)
        else:
            detail = f"{len(several)} values from {min(several):.4g} to {max(several):.4g}"
            outcome = Measurement(several[bound.worst(several)], detail=detail)
    given = outcome if isinstance(outcome, Measurement) else Measurement(outcome)  # type: ignore[arg-type]
    return dataclasses.replace(
        given,
        value=_number(given.value),
        reference=None if given.reference is None else _number(given.reference),
    )


def _number(value: object) -> float:
    # a bool is no measured number: a check that says only "true" does not show how close it was
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(
            f"A check must return a real number or a Measurement of one, but gave {value!r} "
            f"({type(value).__name__}). Return what was measured."
        )
    return float(value)


def _why(value: float, bound: Bound) -> str:
    if math.isfinite(value):
        return f"measured {value!r}, but must be {bound}"
    return f"measured {value}, but must be finite and {bound}"


def _origin(traceback: TracebackType | None) -> str:
    """Say where an exception was raised: module and line, no path of this machine."""
    if traceback is None:
        return ""
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    module = traceback.tb_frame.f_globals.get("__name__", "unknown module")
    return f" (in {module}, line {traceback.tb_lineno})"
