"""How far one array is from another, and the largest of many: NaN is never lost on the way."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import oqs
from oqs.arguments import FloatArray
from oqs.flows import KINDS
from validation.framework.check import Measurement

_OfAll = Callable[[np.random.Generator], Measurement]


def deviation(measured: ArrayLike, expected: ArrayLike, scale: ArrayLike | None = None) -> float:
    """Return max |measured - expected| / scale; scale None is max |expected|.

    Raises ValueError if the shapes differ: a broadcast would compare what does not belong together.
    """
    a, b = np.asarray(measured), np.asarray(expected)
    if a.shape != b.shape:
        raise ValueError(f"cannot compare shape {a.shape} with the expected shape {b.shape}")
    unit = np.max(np.abs(b)) if scale is None else scale
    return float(np.max(np.abs(a - b) / unit))


def deviations(measured: oqs.Flows, exact: oqs.Flows, T: FloatArray) -> FloatArray:
    """Return the deviations (3,) of P, J and Y, each relative to the largest of its kind.

    Energies have no zero of their own: theirs is relative to max(T) per particle at least.
    """
    scales = [float(np.max(np.abs(getattr(exact, kind)))) for kind in KINDS]
    scales[1] = max(scales[1], float(np.max(T)) * scales[0])
    return np.array(
        [
            deviation(getattr(measured, kind), getattr(exact, kind), scale)
            for kind, scale in zip(KINDS, scales, strict=True)
        ]
    )


def largest(*values: float) -> float:
    """Return the largest value, NaN if one is NaN (Python's max may lose it)."""
    return float(np.max(values))


def worst(measured: Iterable[tuple[str, float]]) -> Measurement:
    """Return the largest of many named values, NaN first; the detail says how many and which.

    Raises ValueError if there are none: a check of nothing must not pass.
    """
    names, values = zip(*measured, strict=True)
    index = int(np.argmax(values))  # numpy ranks NaN highest
    return Measurement(values[index], detail=f"{len(values)} cases, worst: {names[index]}")


def over(
    cases: Callable[[np.random.Generator], Iterable[Any]],
) -> Callable[[Callable[..., float]], _OfAll]:
    """Turn what measures one case into what measures all of them: the `worst`, by the cases' names.

    Cases and measure (where it names it) share the check's `rng`.
    """

    def decorate(measure: Callable[..., float]) -> _OfAll:
        random = "rng" in inspect.signature(measure).parameters

        def of_all(rng: np.random.Generator) -> Measurement:
            shared = {"rng": rng} if random else {}
            return worst((case.name, measure(case, **shared)) for case in cases(rng))

        return _named(of_all, measure)

    return decorate


def worst_of(
    named: Callable[..., Iterable[tuple[str, float]]],
) -> _OfAll:
    """Turn what yields names and values, with or without the check's `rng`, into their `worst`."""
    random = bool(inspect.signature(named).parameters)

    def of_all(rng: np.random.Generator) -> Measurement:
        return worst(named(rng) if random else named())

    return _named(of_all, named)


def _named(body: _OfAll, measure: Callable[..., Any]) -> _OfAll:
    """Return the body under the name, module and docstring of what it calls."""
    for name in ("__name__", "__module__", "__doc__"):
        setattr(body, name, getattr(measure, name))
    return body
