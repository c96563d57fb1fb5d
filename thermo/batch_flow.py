"""The right-hand side of Eqs. (4), (5) for a batch of states, and its Jacobian."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple, Protocol, final, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from oqs import Flows, StationaryStateNotFound
from oqs.arguments import FloatArray
from thermo.rates import reservoir_rates
from thermo.reservoir import Reservoirs

_WILD = 200.0  # |ln T| of a trial state that no step should reach
_NUDGE = 1e-7  # relative step of difference quotients


@runtime_checkable
class BatchLaw(Protocol):
    """A flow law that takes T, mu of shape (B, n) at once, such as Eq. (10)."""

    def __call__(self, T: FloatArray, mu: FloatArray, /) -> Flows:
        """Return the flows (B, n)."""
        ...


@final
class Evaluation(NamedTuple):
    """The right-hand side at B states, with the parts that its Jacobian needs again.

    Parameters
    ----------
    rates : (B, 2n) dy/dt. particle, heat : (B, n) flows. gas : (B, n, 2, 2) Jacobians.
    """

    rates: FloatArray
    particle: FloatArray
    heat: FloatArray
    gas: FloatArray

    def where(self, rows: NDArray[np.bool_], other: Evaluation) -> Evaluation:
        """Return these rows (B,) of this one, the others of `other`."""
        return Evaluation(
            *(
                np.where(rows.reshape(-1, *[1] * (mine.ndim - 1)), mine, theirs)
                for mine, theirs in zip(self, other, strict=True)
            )
        )

    def kept(self, rows: NDArray[np.bool_]) -> Evaluation:
        """Return these rows only."""
        return Evaluation(*(part[rows] for part in self))


@final
@dataclasses.dataclass(frozen=True, eq=False)
class BatchFlow:
    """The equations in y = (ln T_1.., mu_1..), and when a trajectory is over."""

    law: BatchLaw
    group: Reservoirs
    end: float
    times: FloatArray | None
    rtol: float
    tolerance: float
    max_steps: int
    to_equilibrium: bool

    def check(self, T: FloatArray, mu: FloatArray) -> None:
        """Raise unless the law gives finite flows (b, n) for a batch."""
        flows = self.law(T, mu)
        if not isinstance(flows, Flows) or flows.particle.shape != T.shape:
            given = flows.particle.shape if isinstance(flows, Flows) else type(flows).__name__
            raise ValueError(
                f"Argument `law` must return Flows of shape {T.shape} for T of that shape, but "
                f"returned {given}. Give a law of batches, such as oqs.closed_form(...)."
            )
        if not (np.isfinite(flows.particle).all() and np.isfinite(flows.heat).all()):
            raise ValueError(
                f"Argument `law` must return finite flows, but at T = {T.tolist()}, mu = "
                f"{mu.tolist()} it did not. Mend the law there."
            )

    def evaluate(self, y: FloatArray) -> Evaluation:
        """Return dy/dt (B, 2n) and its parts."""
        T, mu = self.unpack(y)
        flows = self.law(T, mu)
        gas = self.group.jacobian(T, mu)
        rates = _change(gas, T, mu, flows.particle, flows.heat)
        return Evaluation(rates, flows.particle, flows.heat, gas)

    def evaluate_or_nan(self, y: FloatArray, good: FloatArray) -> Evaluation:
        """Return the same, with NaN rates where numbers, a gas or the law cannot follow a trial y.

        Those rows are evaluated at `good` instead, which is then thrown away.
        """
        lowest, highest = np.minimum.reduce(y, axis=None), np.maximum.reduce(y, axis=None)
        if lowest >= -_WILD and highest <= _WILD:  # the common case, at a glance
            return self._evaluate_by_halves(y, good)
        n = len(self.group)
        tame = np.isfinite(y) & (np.abs(y) <= np.where(np.arange(2 * n) < n, _WILD, np.inf))
        wild: NDArray[np.bool_] = np.logical_not(np.logical_and.reduce(tame, axis=1))
        found = self._evaluate_by_halves(np.where(wild[:, None], good, y), good)
        found.rates[wild] = np.nan
        return found

    def _evaluate_by_halves(self, y: FloatArray, good: FloatArray) -> Evaluation:
        """Find the rows that a gas or the law refuses by halving the batch."""
        try:
            return self.evaluate(y)
        except (ValueError, StationaryStateNotFound):
            if len(y) == 1:
                found = self.evaluate(good)
                found.rates[:] = np.nan
                return found
        half = len(y) // 2
        parts = (
            self._evaluate_by_halves(y[:half], good[:half]),
            self._evaluate_by_halves(y[half:], good[half:]),
        )
        return Evaluation(*(np.concatenate(pair) for pair in zip(*parts, strict=True)))

    def unpack(self, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return T, mu (B, n)."""
        n = len(self.group)
        return np.exp(y[:, :n]), y[:, n:]

    def scale(self, y: FloatArray) -> FloatArray:
        """Return what counts as a change of 100 % (B, 2n): 1 for ln T, max(|mu|, T) for mu."""
        T, mu = self.unpack(y)
        return np.concatenate([np.ones_like(T), np.maximum(np.abs(mu), T)], axis=1)

    def jacobian(self, y: FloatArray, scale: FloatArray, here: Evaluation) -> FloatArray:
        """Return d(dy/dt)/dy (B, 2n, 2n) at y, where the right-hand side is `here`.

        A gas depends on its own T and mu only, so two shifts serve all gases; the flows, on which
        dy/dt depends linearly, take 2n.
        """
        batch, size = y.shape
        n = size // 2
        steps = _NUDGE * scale  # (B, 2n)
        shifted = np.repeat(y[None], size, axis=0)
        for m in range(size):
            shifted[m, :, m] += steps[:, m]
        T, mu = self.unpack(shifted.reshape(-1, size))
        flows = self.law(T, mu)
        particle = flows.particle.reshape(size, batch, n)
        heat = flows.heat.reshape(size, batch, n)
        # the flows' part: the gas stays, and its Jacobian broadcasts over the 2n shifts
        T, mu = self.unpack(y)
        slopes = _change(here.gas, T, mu, particle - here.particle, heat - here.heat)
        jacobian = np.ascontiguousarray(np.moveaxis(slopes / steps.T[:, :, None], 0, 2))
        # the gas's part: the flows stay
        places = np.arange(n)
        for first, shift in ((0, steps[:, :n]), (n, steps[:, n:])):
            hot, up = (T * np.exp(shift), mu) if first == 0 else (T, mu + shift)
            gas = self.group.jacobian(hot, up)
            moved = _change(gas, hot, up, here.particle, here.heat)
            own = (moved - here.rates).reshape(batch, 2, n) / shift[:, None, :]
            for row in (0, n):
                jacobian[:, row + places, first + places] += own[:, row // n]
        return jacobian


def _change(
    gas: FloatArray, T: FloatArray, mu: FloatArray, particle: FloatArray, heat: FloatArray
) -> FloatArray:
    """Return dy/dt (..., 2n) for the reservoirs' Jacobians `gas` (..., n, 2, 2) and given flows."""
    warming, rising = reservoir_rates(gas, T, mu, particle, heat)
    return np.concatenate([warming / T, rising], axis=-1)
