"""When a run is over: at equilibrium, or at rest without it."""

from __future__ import annotations

import math
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from oqs.arguments import FloatArray
from thermo.interpolation import PiecewisePolynomial
from thermo.progress import ProgressBar
from thermo.slow_flow import SlowFlow
from thermo.stall import is_stalled
from thermo.trajectory import Outcome, State

_QUIET = 1e-2  # of the tolerance: a step that moves less calls for a look whether all is at rest
_LEAST = 1e-300  # stands in for a distance of exactly 0


@final
class Watch:
    """Gives the verdict on each step, and tells the progress bar.

    Parameters
    ----------
    slow : the dynamics.
    goal : T_eq, mu_eq of Eq. (6), or None if only `t_final` ends the run.
    tolerance : relative distance from the goal that counts as equilibrium.
    t_final : when the run ends, or infinity.
    bar : shows t / t_final, or how many of the decades between the first distance and the
        tolerance are gone.
    """

    def __init__(
        self,
        slow: SlowFlow,
        goal: State | None,
        tolerance: float,
        t_final: float,
        bar: ProgressBar,
    ) -> None:
        self._slow = slow
        self.goal = goal
        self.tolerance = tolerance
        self._t_final = t_final
        self.bar = bar
        self._first = math.nan
        self._looked = 0.0

    def begin(self, y: FloatArray) -> Outcome | None:
        """Return whether the start y (2n,) is "equilibrated"."""
        if self.goal is None:
            return None
        self._first = float(self.distance(y, self.goal))
        return "equilibrated" if self._first <= self.tolerance else None

    def at_rest(self, y: FloatArray) -> Outcome | None:
        """Return whether the start y (2n,) is "stalled"."""
        if self.goal is None:
            return None
        return "stalled" if is_stalled(self._slow, y, self._first) else None

    def arrived(self, ends: FloatArray, starts: FloatArray) -> int | None:
        """Return the first of the steps (m, 2n) that ends in equilibrium, if it is the verdict.

        None if none does, or one before moved so little that it calls for a look.
        """
        if self.goal is None:
            return None
        there = self.distance(ends, self.goal) <= self.tolerance
        step = int(np.argmax(there))
        if not there[step] or self._quiet(ends[:step], starts[:step]).any():
            return None
        return step

    def __call__(self, t: float, y: FloatArray, before: FloatArray) -> Outcome | None:
        """Return "equilibrated", "stalled" or None for a step from `before` to y (2n,) at t."""
        if self.goal is None:
            self.bar.update(t / self._t_final)
            return None
        away = float(self.distance(y, self.goal))
        if away <= self.tolerance:
            return "equilibrated"
        self.bar.update(math.log(self._first / away) / math.log(self._first / self.tolerance))
        # at most one look while t doubles: each costs 4n + 1 right-hand sides
        if t >= 2 * self._looked and self._quiet(y, before):
            self._looked = t
            return "stalled" if is_stalled(self._slow, y, away) else None
        return None

    def distance(self, y: FloatArray, goal: State) -> FloatArray:
        """Return max_j of |T_j/T - 1| and |mu_j - mu|/max(|mu|, T) for the goal T, mu; (...)."""
        T, mu = self._slow.unpack(y)
        scale = np.maximum(np.abs(goal.mu), goal.T)
        parts = np.concatenate([T / goal.T - 1, (mu - goal.mu) / scale], axis=-1)
        return np.asarray(np.max(np.abs(parts), axis=-1))

    def _quiet(self, y: FloatArray, before: FloatArray) -> NDArray[np.bool_]:
        moved = np.max(np.abs(y - before) / self._slow.scale(y), axis=-1)
        return np.asarray(moved < _QUIET * self.tolerance)

    def arrival(self, solution: PiecewisePolynomial) -> float:
        """Return when, within its last step, the solution came within the tolerance."""
        goal = self.goal
        if goal is None or len(solution.t) == 1:
            return float(solution.t[-1])

        start, stop = (float(t) for t in solution.t[-2:])
        coefficients, center, width = (
            part[-1] for part in (solution.coefficients, solution.center, solution.width)
        )
        powers = np.arange(len(coefficients))

        def excess(t: float) -> float:
            y = ((t - center) / width) ** powers @ coefficients
            # what decays exponentially is linear here, and found in a few turns
            return math.log(max(float(self.distance(y, goal)), _LEAST) / self.tolerance)

        if excess(stop) >= 0:
            return stop
        return float(brentq(excess, start, stop, xtol=1e-15 * stop, rtol=1e-14))


def never(t: float, y: FloatArray, before: FloatArray) -> Outcome | None:
    """Give no verdict: the watch of an integration that only `t_final` ends."""
    return None
