"""The leading eigenvalue of a tilted block generator and its eigenvector, by Newton's method.

The generator maps positive operators to positive ones, and has one eigenvector that is positive
(Evans and Hoegh-Krohn 1978, doi:10.1112/jlms/s2-17.2.345): that of the largest real part. Newton's
method may end at another, so positivity is checked; where it fails, fields grow in smaller steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, final

import numpy as np

from oqs.errors import StationaryStateNotFound
from oqs.fluctuations.blocks.equations import Bordered, hermitian
from oqs.stationary.conserved.block_generator import BlockGenerator
from oqs.stationary.conserved.storage import Block

_STEPS = 12
_ROUGHLY = 1e-2  # of the right side: what a step of Newton's method may leave
_CONVERGED = 1e-13  # of the gross rates
_SETTLED = 1e-11  # the same, where rounding keeps Newton's method from more
_NEGATIVE = 1e-9  # eigenvalue of a positive vector, of its largest, that is rounding
_LEAST = 2.0**-10  # smallest step of the fields


@final
class Leading(NamedTuple):
    """Eigenvalue and right vector (P,) of trace 1 of a tilted generator."""

    generator: BlockGenerator
    value: float
    vector: Block

    def slope(self, source: Block) -> float:
        """Return d lambda by a field, of which `source` is the derivative of L on the vector."""
        return Bordered(self.generator, self.value, self.vector).solved(-source)[1]


def leading(tilted: Callable[[float], BlockGenerator], rho: Block) -> Leading:
    """Return the leading eigenvalue at share 1 of the fields, rho (P,) its vector at 0.

    Raises StationaryStateNotFound if it cannot be followed from no fields to these.
    """
    at, step = 0.0, 1.0
    known = Leading(tilted(0.0), 0.0, rho)
    while at < 1.0:
        step = min(step, 1.0 - at)
        further = _newton(tilted(at + step), known)
        if further is not None:
            known, at, step = further, at + step, 2 * step
        elif step > _LEAST:
            step /= 4
        else:
            raise StationaryStateNotFound(
                "The generating function could not be followed to these fields: give smaller ones."
            )
    return known


def _newton(generator: BlockGenerator, start: Leading) -> Leading | None:
    """Return the eigenvalue near the start; None where none is reached, or not the leading one."""
    layout = generator.layout
    value, x = start.value, start.vector
    before = np.inf
    for _ in range(_STEPS):
        image = generator.apply(x)
        value = float(layout.populations(image).sum())  # of trace 1
        missed = float(np.max(np.abs(image - value * x)))
        gross = float(np.max(generator.leaving) * np.max(np.abs(x))) + float(np.max(np.abs(image)))
        settled = missed <= _SETTLED * gross and 2 * missed > before
        if missed <= _CONVERGED * gross or settled:
            dominant = Leading(generator, value, x)
            return dominant if _positive(dominant) else None
        before = missed
        try:
            change, _ = Bordered(generator, value, x).solved(value * x - image, _ROUGHLY)
        except StationaryStateNotFound:
            return None
        x = hermitian(layout, x + change)
    return None


def _positive(candidate: Leading) -> bool:
    layout = candidate.generator.layout
    lowest, highest = 0.0, 0.0
    for block in layout.split(candidate.vector):
        values = np.linalg.eigvalsh(layout.storage.matrix(block))
        lowest, highest = min(lowest, float(values[0])), max(highest, float(values[-1]))
    return lowest >= -_NEGATIVE * highest
