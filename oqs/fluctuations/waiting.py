"""Waiting times between jumps: the evolution without those that are watched."""

from __future__ import annotations

import abc
import dataclasses
from typing import Any, final

import numpy as np
import scipy.linalg
import scipy.sparse as sp
import scipy.sparse.linalg
from numpy.typing import NDArray

from oqs.arguments import ComplexArray, FloatArray, read_only
from oqs.datasets import dataset
from oqs.deferred import xr
from oqs.exports import exported
from oqs.memory import announce
from oqs.summary import Summarised, Summary, counted, few_digits

_SHOWN = 12  # rows of a notebook's table
_DENSE = 300  # elements up to which exponentials are quick
# seconds: of a product for each entry; of an exponential for each entry and row
_PRODUCT, _EXPONENTIAL = 3e-9, 2e-9
_ULPS = 8 * float(np.finfo(np.float64).eps)


class Watched(abc.ABC):
    """The evolution between watched jumps, from the state after a first one."""

    @property
    @abc.abstractmethod
    def rate(self) -> float:
        """How often the first jump happens, tr[J_a rho], per unit time."""

    @abc.abstractmethod
    def densities(self, times: FloatArray) -> FloatArray:
        """Return tr[J_b e^{(L - J) t} J_a rho] (m,), J_a rho normalised."""

    @abc.abstractmethod
    def moments(self) -> tuple[float, float]:
        """Return the integrals of that density, and of t times it."""


@final
@dataclasses.dataclass(frozen=True, eq=False)
class WatchedMatrix(Watched):
    """By the exponential of a matrix."""

    between: FloatArray | ComplexArray  # (P, P) L - J
    start: FloatArray | ComplexArray  # (P,) state after a first jump, J_a rho, not normalised
    trace: FloatArray  # (P,) whose product with elements is the trace
    then: FloatArray | ComplexArray  # (P,) tr J_b, whose product with elements is its rate

    @property
    def rate(self) -> float:
        """tr[J_a rho]."""
        return float((self.trace @ self.start).real)

    def densities(self, times: FloatArray) -> FloatArray:
        """Return the density at times (m,)."""
        states = evolved(self.between, self.start / self.rate, times)
        return np.ascontiguousarray((states @ self.then).real)

    def moments(self) -> tuple[float, float]:
        """Return the expected times in each state, and those weighted with time, seen by J_b."""
        factors = scipy.linalg.lu_factor(self.between, check_finite=False)
        stay = -scipy.linalg.lu_solve(factors, self.start / self.rate, check_finite=False)
        again = -scipy.linalg.lu_solve(factors, stay, check_finite=False)
        return float((self.then @ stay).real), float((self.then @ again).real)


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class WaitingTimes(Summarised):
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
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> model = oqs.davies(oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]]), leads)
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
        if not watched.rate > 0:
            raise ValueError(
                "Argument `first` must be a jump that happens, but its rate in the stationary "
                "state is 0. Give another, or raise T."
            )
        density = watched.densities(times)
        probability, moment = watched.moments()
        return cls(
            read_only(times),
            read_only(density),
            probability,
            moment / probability if probability > 0 else float("nan"),
        )

    def to_dataset(self) -> xr.Dataset:
        """Return an xarray.Dataset of the density over `time`; mean and probability are numbers."""
        kind = "that the next watched jump is of this kind"
        tables = {
            "density": ("time", self.density, "E_0/hbar", "density of waiting times"),
            "mean": ((), self.mean, "hbar/E_0", "mean waiting time"),
            "probability": ((), self.probability, "1", kind),
        }
        return dataset(tables, {"time": ("time", self.times, "hbar/E_0")})

    def summary(self) -> Summary:
        """Return mean and probability, and a table of the first densities."""
        facts = [
            ("mean", few_digits(self.mean)),
            ("probability", few_digits(self.probability)),
            ("density", f"{counted(len(self.times), 'time')} to {self.times.max(initial=0.0):.4g}"),
        ]
        rows = [
            (few_digits(t), few_digits(w))
            for t, w in zip(self.times[:_SHOWN], self.density[:_SHOWN], strict=True)
        ]
        return Summary("Waiting times", facts, ("time", "density"), rows)

    def __len__(self) -> int:
        return len(self.density)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.density, dtype=dtype)


def evolved(
    generator: FloatArray | ComplexArray | sp.csr_array,
    start: FloatArray | ComplexArray,
    times: FloatArray,
) -> FloatArray | ComplexArray:
    """Return exp(A t) start (m, P): step by step on a regular grid, else each by itself.

    Large matrices are not exponentiated where fewer products with vectors take the state on.
    """
    fastest = float(np.max(abs(generator).sum(axis=0), initial=0.0))
    size, last = len(start), float(np.max(times, initial=0.0))
    if size > _DENSE and fastest * last < size:
        sparse = sp.csr_array(generator)
        announce("Waiting times", _PRODUCT * sparse.nnz * (fastest * last + 30 * len(times)))
        return _carried(sparse, start, times)
    step = _regular(times) if len(times) > 2 else 0.0
    announce("Waiting times", _EXPONENTIAL * float(size) ** 3 * (2 if step else len(times)))
    if isinstance(generator, sp.csr_array):
        generator = generator.toarray()
    if step:
        propagator = scipy.linalg.expm(generator * step)
        states = [scipy.linalg.expm(generator * times[0]) @ start]
        for _ in times[1:]:
            states.append(propagator @ states[-1])
        return np.array(states)
    return np.array([scipy.linalg.expm(generator * t) @ start for t in times.tolist()]).reshape(
        len(times), size
    )


def _carried(
    sparse: sp.csr_array, start: FloatArray | ComplexArray, times: FloatArray
) -> FloatArray | ComplexArray:
    """Return exp(A t) start (m, P), from each time to the next."""
    states = np.empty((len(times), len(start)), dtype=np.result_type(sparse, start))
    state, before = start, 0.0
    for index in np.argsort(times).tolist():
        state = scipy.sparse.linalg.expm_multiply(sparse * (times[index] - before), state)
        states[index], before = state, times[index]
    return states


def _regular(times: FloatArray) -> float:
    """Return the step of a grid of equal steps, 0 where they differ by more than rounding."""
    step = float(times[-1] - times[0]) / (len(times) - 1)
    grid = times[0] + step * np.arange(len(times))
    return step if step > 0 and np.all(np.abs(times - grid) <= _ULPS * times[-1]) else 0.0
