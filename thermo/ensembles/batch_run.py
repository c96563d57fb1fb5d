"""The integration of a batch of evolutions, each with a step size of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import FloatArray
from thermo.ensembles.batch_problem import BatchProblem
from thermo.ensembles.kept_totals import KeptTotals
from thermo.evolution.noise import sentence_on_noise
from thermo.evolution.stopping import GOES_ON, RESTING, StoppingRule
from thermo.numerics.rosenbrock import ORDER, BatchStep, take_steps
from thermo.reservoirs.state import State

_HALVINGS = 30  # of the step: the value depends on the place in second order only


def extrema_within(powers: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return where in 0 < s < 1 polynomials of degree 4 have an extremum (k,), and its value.

    Parameters
    ----------
    powers : (5, k) coefficients of 1, s, .. s^4; their slopes at s = 0 and 1 have unlike signs.
    """
    start, first, second, third, fourth = powers
    s, width = np.zeros_like(start), 1.0
    for _ in range(_HALVINGS):
        width /= 2
        there = s + width
        slope = first + there * (2 * second + there * (3 * third + there * 4 * fourth))
        s = np.where(slope * first > 0, there, s)
    return s, start + s * (first + s * (second + s * (third + s * fourth)))


_RESTORED = 10  # steps from one correction of the totals to the next
_LONG = 250  # steps, after which a run is so stiff that errors of its Jacobian hold it up

Columns = tuple[NDArray[np.generic], ...]


@final
class Batch(NamedTuple):
    """Trajectories that are evolved together."""

    T: FloatArray  # (B, n) at the start
    mu: FloatArray  # (B, n)
    goal: State | None  # T_eq, mu_eq (B,), or None if there is none
    begin: int  # which trajectory is the first


def run_batch(problem: BatchProblem, batch: Batch, tell: Callable[[float], None]) -> Columns:
    """Evolve a batch; return the columns of Ensemble.

    The outcome is a key of `thermo.evolution.stopping.OUTCOMES`.
    `tell` is called now and then with how many trajectories are over, parts of them included.
    """
    with np.errstate(all="ignore"):  # a trial step may go anywhere: it is judged by its value
        return _Run(problem, batch, tell).finish()


@final
class _Run:
    """The state of a chunk; finished trajectories are dropped from the arrays."""

    def __init__(self, problem: BatchProblem, batch: Batch, tell: Callable[[float], None]) -> None:
        T, mu, goal, self.offset = batch
        self.batch, n = T.shape
        self.tell = tell
        self.problem, self.dynamics = problem, problem.dynamics
        self.rule = StoppingRule(self.dynamics, goal, problem.tolerance, problem.t_final)
        self.index = np.arange(self.batch)
        self.y = np.concatenate([np.log(T), mu], axis=1)
        self.here = self.dynamics.evaluate(self.y)
        self.t = np.zeros(self.batch)
        fastest = np.max(np.abs(self.here.rates) / self.dynamics.scale(self.y), axis=1)
        self.h = np.minimum(1e-3 / np.where(fastest > 0, fastest, 1e-300), problem.t_final)
        self.steps, self.turn = np.zeros(self.batch, dtype=np.intp), 0
        self.end_t = np.zeros(self.batch)
        self.end_y = self.y.copy()
        self.outcome = np.zeros(self.batch, dtype=np.intp)
        self.low, self.high = np.log(T), np.log(T)
        self.low_t, self.high_t = np.zeros((self.batch, n)), np.zeros((self.batch, n))
        count = 0 if problem.times is None else len(problem.times)
        self.reported = np.repeat(self.y[:, None, :], count, axis=1)
        self.totals = KeptTotals(self.dynamics, self.y)
        self.rule.start(T, mu)
        self.first = None if goal is None else self.rule.distance(self.y)
        verdict = self.rule.arrived(self.t, self.y)
        self._drop(np.where(verdict == GOES_ON, self.rule.rest(self.t, self.y), verdict))

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
        problem, end_of_all = self.problem, self.problem.t_final
        scale = self.dynamics.scale(self.y)
        y, here = self.y, self.here
        jacobian = self.dynamics.jacobian(y, here)
        long = self.steps >= _LONG
        if long.any() and not self.dynamics.differentiable:
            jacobian[long] = self.dynamics.jacobian(y[long], here.kept(long), sharp=True)
        step = take_steps(
            lambda trial: problem.evaluate_or_nan(trial, y).rates, y, here.rates, jacobian, self.h
        )
        error = _largest(step.error / scale) / self.dynamics.rtol
        there = problem.evaluate_or_nan(step.end, y)
        good = (error <= 1) & np.isfinite(there.rates).all(axis=1)
        # a sum rounded to less than the end would call for a step too short to be one
        after = np.where(self.h == end_of_all - self.t, end_of_all, self.t + self.h)
        self._record(step, after, good)
        self.y = np.where(good[:, None], step.end, self.y)
        self.here = there.where(good, here)
        self.t = np.where(good, after, self.t)
        self.steps += 1
        self._restore_totals()
        factor = np.clip(0.9 * np.maximum(error, 1e-10) ** (-1 / ORDER), 0.2, 6.0)
        self.h = self.h * np.where(np.isfinite(error), factor, 0.1)
        self.h = np.minimum(self.h, end_of_all - self.t)
        self._refuse()
        # a step that was refused has moved nothing, which is no rest
        verdict = self.rule(self.t, self.y, np.where(good[:, None], y, np.inf))
        self._drop(np.where(good, verdict, GOES_ON))
        if self.turn == 0:
            self._tell()

    def _restore_totals(self) -> None:
        """Bring every few steps the totals of N and E back to those of the start."""
        self.turn = (self.turn + 1) % _RESTORED
        if self.turn == 0:
            restored = self.totals.restored(self.y, self.here)
            there = self.problem.evaluate_or_nan(restored, self.y)
            fine = np.asarray(np.isfinite(there.rates).all(axis=1))
            self.y = np.where(fine[:, None], restored, self.y)
            self.here = there.where(fine, self.here)

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
            s, value = extrema_within(powers[:, rows, columns])
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
        stuck &= self.t < self.problem.t_final
        if np.any(stuck):
            which = int(np.argmax(stuck))
            T, mu = self.dynamics.unpack(self.y[which : which + 1])
            raise RuntimeError(
                f"Trajectory {self.offset + int(self.index[which])} took {self.steps[which]} steps "
                f"and stands at t = {self.t[which]:.6g}, T = {T[0].tolist()}, mu = "
                f"{mu[0].tolist()}: beyond, rates are not finite or the law or a gas refuses, or "
                "`max_steps` is too small." + sentence_on_noise(self.dynamics, self.y[which])
            )

    def _drop(self, verdict: NDArray[np.intp]) -> None:
        """Take the trajectories that are over (B,) out."""
        done = verdict != GOES_ON
        at = self.index[done]
        self.outcome[at] = verdict[done]
        ends = np.where(verdict == RESTING, self.problem.t_final, self.t)
        self.end_t[at], self.end_y[at] = ends[done], self.y[done]
        if self.problem.times is not None:
            rows, place = np.nonzero(self.problem.times > self.t[done, None])
            self.reported[at[rows], place] = self.end_y[at[rows]]
        keep = ~done
        self.rule.keep(keep)
        self.totals.keep(keep)
        self.index, self.y, self.here = self.index[keep], self.y[keep], self.here.kept(keep)
        self.t, self.h, self.steps = self.t[keep], self.h[keep], self.steps[keep]
        self.first = None if self.first is None else self.first[keep]

    def _tell(self) -> None:
        """Say how much is done: of each t / t_final, or of the decades down to the tolerance."""
        if self.first is None:
            going = self.t / self.problem.t_final
        else:
            gone = np.log(self.first / self.rule.distance(self.y))
            going = np.clip(gone / np.log(self.first / self.problem.tolerance), 0.0, 1.0)
        self.tell(self.batch - len(self.index) + float(np.sum(going)))


def _largest(values: FloatArray) -> FloatArray:
    """Return the largest absolute value (B,) of each row (B, d)."""
    return np.abs(values.T.copy()).max(axis=0)  # along long rows
