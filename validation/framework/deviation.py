"""How far one array is from another, and the largest of many: NaN is never lost on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

import oqs
from oqs.arguments import FloatArray
from oqs.flows import KINDS


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


def exponents(x: Sequence[float], values: ArrayLike) -> Iterator[float]:
    """Yield d ln(values)/d ln(x) of each column of values (len(x), k), by a fit of a line."""
    yield from np.polyfit(np.log(x), np.log(np.asarray(values)), 1)[0].tolist()


def largest(*values: ArrayLike | Iterator[float]) -> float:
    """Return the largest number of all that are given, NaN if one is NaN (max may lose it)."""
    return float(np.max([np.max(list(v) if isinstance(v, Iterator) else v) for v in values]))
