"""A batch of evolutions on its way, each with a step of its own."""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import FloatArray
from thermo.batch_flow import BatchFlow
from thermo.batch_turning import turning_points
from thermo.rosenbrock import ORDER, BatchStep, take_steps

_QUIET = 1e-3  # of the distance from equilibrium, in 100 times the time so far: stalled
OUTCOMES = ("equilibrated", "stalled", "t_final")

Columns = tuple[NDArray[np.generic], ...]


def run_batch(problem: BatchFlow, T: FloatArray, mu: FloatArray, offset: int) -> Columns:
    """Evolve a batch (B, n) that starts at trajectory `offset`; return the columns of Ensemble.

    The outcome is an index into OUTCOMES.
    """
    with np.errstate(all="ignore"):  # a trial step may go anywhere: it is judged by its value
        return _Run(problem, T, mu, offset).finish()


@final
class _Run:
    """The state of a chunk on its way; finished trajectories are dropped from the arrays."""

    def __init__(self, problem: BatchFlow, T: FloatArray, mu: FloatArray, offset: int) -> None:
        batch, n = T.shape
        self.problem = problem
        self.offset = offset
        self.index = np.arange(batch)
        self.y = np.concatenate([np.log(T), mu], axis=1)
        self.here = problem.evaluate(self.y)
        self.t = np.zeros(batch)
        fastest = np.max(np.abs(self.here.rates) / problem.scale(self.y), axis=1)
        self.h = np.minimum(1e-3 / np.where(fastest > 0, fastest, 1e-300), problem.end)
        self.steps = np.zeros(batch, dtype=np.intp)
        self.end_t = np.zeros(batch)
        self.end_y = self.y.copy()
        self.outcome = np.zeros(batch, dtype=np.intp)
        self.low, self.high = np.log(T), np.log(T)
        self.low_t, self.high_t = np.zeros((batch, n)), np.zeros((batch, n))
        count = 0 if problem.times is None else len(problem.times)
        self.reported = np.repeat(self.y[:, None, :], count, axis=1)
        self._drop(np.full(batch, True))

    def finish(self) -> Columns:
        """Step until every trajectory is over."""
        while len(self.index):
            self._step()
        n = self.low.shape[1]
        return (
            self.end_t,
            np.exp(self.end_y[:, :n]),
            self.end_y[:, n:],
            self.outcome,
            np.exp(self.low),
            self.low_t,
            np.exp(self.high),
            self.high_t,
            np.exp(self.reported[..., :n]),
            self.reported[..., n:],
        )

    def _step(self) -> None:
        problem = self.problem
        scale = problem.scale(self.y)
        y, here = self.y, self.here
        jacobian = problem.jacobian(y, scale, here)
        step = take_steps(
            lambda trial: problem.evaluate_or_nan(trial, y).rates, y, here.rates, jacobian, self.h
        )
        error = _largest(step.error / scale) / problem.rtol
        there = problem.evaluate_or_nan(step.end, y)
        good = (error <= 1) & np.isfinite(there.rates).all(axis=1)
        # a sum rounded to less than the end would call for a step too short to be one
        after = np.where(self.h == problem.end - self.t, problem.end, self.t + self.h)
        self._record(step, after, good)
        self.y = np.where(good[:, None], step.end, self.y)
        self.here = there.where(good, here)
        self.t = np.where(good, after, self.t)
        self.steps += 1
        factor = np.clip(0.9 * np.maximum(error, 1e-10) ** (-1 / ORDER), 0.2, 6.0)
        self.h = self.h * np.where(np.isfinite(error), factor, 0.1)
        self.h = np.minimum(self.h, problem.end - self.t)
        self._refuse()
        self._drop(good)

    def _record(self, step: BatchStep, after: FloatArray, good: NDArray[np.bool_]) -> None:
        """Keep the extremes of T in each accepted step, up to `after` (B,), and the asked values.

        Extremes are those of the step's own curve. The rates at its ends say nothing of them where
        the step is many times as long as what decays in it.
        """
        n = self.low.shape[1]
        powers = step.powers()[..., :n]
        last = np.tensordot(np.arange(5), powers, 1)  # slope at the end
        rows, columns = np.nonzero(good[:, None] & (powers[1] * last < 0))
        if len(rows):
            s, value = turning_points(powers[:, rows, columns])
            self._note(rows, columns, value, self.t[rows] + s * self.h[rows])
        rows = np.flatnonzero(good)
        for column in range(n):
            self._note(rows, column, step.end[rows, column], after[rows])
        times = self.problem.times
        if times is not None:
            passed = np.searchsorted(times, self.t, side="right")
            now = np.searchsorted(times, after, side="right")
            count = np.where(good, now - passed, 0)
            rows = np.repeat(np.arange(len(count)), count)
            place = np.arange(len(rows)) + np.repeat(passed + count - np.cumsum(count), count)
            fraction = (times[place] - self.t[rows]) / self.h[rows]
            self.reported[self.index[rows], place] = step.rows(rows).at(fraction[:, None])

    def _note(
        self,
        rows: NDArray[np.intp],
        columns: NDArray[np.intp] | int,
        value: FloatArray,
        when: FloatArray,
    ) -> None:
        """Keep values (k,) of ln T at these places of the batch where they are new extremes."""
        at = (self.index[rows], columns)
        for best, time, sign in ((self.low, self.low_t, 1), (self.high, self.high_t, -1)):
            better = sign * value < sign * best[at]
            best[at] = np.where(better, value, best[at])
            time[at] = np.where(better, when, time[at])

    def _refuse(self) -> None:
        stuck = (self.steps >= self.problem.max_steps) | (self.h <= 1e-14 * self.t)
        stuck &= self.t < self.problem.end
        if np.any(stuck):
            which = int(np.argmax(stuck))
            T, mu = self.problem.unpack(self.y[which : which + 1])
            raise RuntimeError(
                f"Trajectory {self.offset + int(self.index[which])} took {self.steps[which]} steps "
                f"and stands at t = {self.t[which]:.6g}, T = {T[0].tolist()}, mu = "
                f"{mu[0].tolist()}: beyond, rates are not finite or the law or a gas refuses, or "
                "`max_steps` is too small."
            )

    def _drop(self, moved: NDArray[np.bool_]) -> None:
        """Give the verdict on trajectories that moved, and take those that are over out."""
        problem = self.problem
        T, mu = (part.T.copy() for part in problem.unpack(self.y))  # (n, B): along long rows
        mean_T = T.mean(axis=0)
        spread = np.abs(T / mean_T - 1).max(axis=0)
        gap = mu.max(axis=0) - mu.min(axis=0)
        away = np.maximum(spread, gap / np.maximum(np.abs(mu.mean(axis=0)), mean_T))
        moving = _largest(self.here.rates / problem.scale(self.y))
        equilibrated = problem.to_equilibrium & moved & (away <= problem.tolerance)
        stalled = problem.to_equilibrium & moved & ~equilibrated
        stalled &= moving * 100 * self.t <= _QUIET * away
        stalled &= (self.t > 0) | (moving == 0)
        over = self.t >= problem.end
        for code, which in ((0, equilibrated), (1, stalled), (2, over)):
            self.outcome[self.index[which]] = code
        done = equilibrated | stalled | over
        at = self.index[done]
        self.end_t[at], self.end_y[at] = self.t[done], self.y[done]
        if problem.times is not None:
            rows, place = np.nonzero(problem.times > self.t[done, None])
            self.reported[at[rows], place] = self.end_y[at[rows]]
        keep = ~done
        self.index, self.y, self.here = self.index[keep], self.y[keep], self.here.kept(keep)
        self.t, self.h, self.steps = self.t[keep], self.h[keep], self.steps[keep]


def _largest(values: FloatArray) -> FloatArray:
    """Return the largest absolute value (B,) of each row (B, d)."""
    largest: FloatArray = np.abs(values.T.copy()).max(axis=0)  # along long rows
    return largest
