"""How far one array is from another, and the largest of many: NaN is never lost on the way."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

import oqs
from oqs.arguments import FloatArray
from oqs.flows import KINDS
from validation.framework.check import Measurement


def deviation(measured: ArrayLike, expected: ArrayLike, scale: ArrayLike | None = None) -> float:
    """Return max |measured - expected| / scale; scale None is max |expected|.

    Raises ValueError if the shapes differ: a broadcast would compare what does not belong together.
    """
    a, b = np.asarray(measured), np.asarray(expected)
    if a.shape != b.shape:
        raise ValueError(f"cannot compare shape {a.shape} with the expected shape {b.shape}")
    unit = np.max(np.abs(b)) if scale is None else scale
    return float(np.max(np.abs(a - b) / unit))


def deviations(found: oqs.Flows, exact: oqs.Flows, T: FloatArray) -> FloatArray:
    """Return the deviations (3,) of P, J and Y, each relative to the largest of its kind.

    Energies have no zero of their own: theirs is relative to max(T) per particle at least.
    """
    scales = [float(np.max(np.abs(getattr(exact, kind)))) for kind in KINDS]
    scales[1] = max(scales[1], float(np.max(T)) * scales[0])
    return np.array(
        [
            deviation(getattr(found, kind), getattr(exact, kind), scale)
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
