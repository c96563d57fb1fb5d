"""Waiting times between jumps: the evolution without those that are watched."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple, final

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from oqs.arguments import ComplexArray, FloatArray, read_only
from oqs.exports import exported

_ULPS = 8 * float(np.finfo(np.float64).eps)


@final
class Watched(NamedTuple):
    """The evolution between watched jumps.

    Parameters
    ----------
    between : (P, P) L - J.
    start : (P,) state after a first jump, J_a rho, not normalised.
    trace : (P,) whose product with elements is the trace.
    then : (P, P) J_b.
    """

    between: FloatArray | ComplexArray
    start: FloatArray | ComplexArray
    trace: FloatArray
    then: FloatArray | ComplexArray


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False)
class WaitingTimes:
    """Times between a jump and the next watched one, if that is of a certain kind.

    Parameters
    ----------
    times : (m,) units of 1/energy.
    density : (m,) w(t), units of energy.
    probability : the integral of w: that the next watched jump is of this kind.
    mean : int t w dt / int w dt, the mean time if it is; NaN where it never is.

    As an array it is its density.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]])
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> model = oqs.davies(dots, leads)
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> stats = oqs.counting_statistics(model, T, mu)
    >>> waiting = stats.waiting_time((0, "in"), (0, "in"), np.linspace(0, 900, 10))
    >>> waiting.density.shape
    (10,)
    """

    times: FloatArray
    density: FloatArray
    probability: float
    mean: float

    @classmethod
    def of(cls, watched: Watched, times: FloatArray) -> WaitingTimes:
        """Follow the evolution without watched jumps."""
        total = float((watched.trace @ watched.start).real)
        if not total > 0:
            raise ValueError(
                "Argument `first` must be a jump that happens, but its rate in the stationary "
                "state is 0. Give another, or raise T."
            )
        row = watched.trace @ watched.then
        start = watched.start / total
        states = _evolved(watched.between, start, times)
        stay = -np.linalg.solve(watched.between, start)  # expected time in each state
        probability = float((row @ stay).real)
        moment = float((row @ -np.linalg.solve(watched.between, stay)).real)
        return cls(
            read_only(times),
            read_only(np.ascontiguousarray((states @ row).real)),
            probability,
            moment / probability if probability > 0 else float("nan"),
        )

    def __len__(self) -> int:
        return len(self.density)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.density, dtype=dtype)


def _evolved(
    generator: FloatArray | ComplexArray, start: FloatArray | ComplexArray, times: FloatArray
) -> FloatArray | ComplexArray:
    """Return exp(A t) start (m, P): step by step on a regular grid, else each by itself."""
    if len(times) > 2 and (step := _regular(times)):
        propagator = scipy.linalg.expm(generator * step)
        states = [scipy.linalg.expm(generator * times[0]) @ start]
        for _ in times[1:]:
            states.append(propagator @ states[-1])
        return np.array(states)
    return np.array([scipy.linalg.expm(generator * t) @ start for t in times.tolist()]).reshape(
        len(times), len(start)
    )


def _regular(times: FloatArray) -> float:
    """Return the step of a grid of equal steps, 0 where they differ by more than rounding."""
    step = float(times[-1] - times[0]) / (len(times) - 1)
    grid = times[0] + step * np.arange(len(times))
    return step if step > 0 and np.all(np.abs(times - grid) <= _ULPS * times[-1]) else 0.0
