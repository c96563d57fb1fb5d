"""When a run is over: at equilibrium, or at rest without it."""

from __future__ import annotations

import math
from typing import final

import numpy as np
from scipy.optimize import brentq

from oqs.arguments import FloatArray
from thermo.interpolation import PiecewisePolynomial
from thermo.progress import ProgressBar
from thermo.slow_flow import SlowFlow
from thermo.stall import is_stalled
from thermo.trajectory import Outcome, State

_QUIET = 1e-2  # of the tolerance: a step that moves less calls for a look whether all is at rest


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
        self._goal = goal
        self.tolerance = tolerance
        self._t_final = t_final
        self._bar = bar
        self._first = math.nan
        self._looked = 0.0

    def forget(self) -> None:
        """Start over with another integration from t = 0."""
        self._looked = 0.0

    def begin(self, y: FloatArray) -> Outcome | None:
        """Return the verdict on the start y (2n,)."""
        if self._goal is None:
            return None
        self._first = self.distance(y, self._goal)
        if self._first <= self.tolerance:
            return "equilibrated"
        return "stalled" if is_stalled(self._slow, y, self._first) else None

    def __call__(self, t: float, y: FloatArray, before: FloatArray) -> Outcome | None:
        """Return "equilibrated", "stalled" or None for a step from `before` to y (2n,) at t."""
        if self._goal is None:
            self._bar.update(t / self._t_final)
            return None
        away = self.distance(y, self._goal)
        if away <= self.tolerance:
            return "equilibrated"
        self._bar.update(math.log(self._first / away) / math.log(self._first / self.tolerance))
        # at most one look while t doubles: each costs 4n + 1 right-hand sides
        if t >= 2 * self._looked:
            moved = np.max(np.abs(y - before) / self._slow.scale(y))
            if moved < _QUIET * self.tolerance:
                self._looked = t
                return "stalled" if is_stalled(self._slow, y, away) else None
        return None

    def distance(self, y: FloatArray, goal: State) -> float:
        """Return max_j of |T_j/T - 1| and |mu_j - mu|/max(|mu|, T) for the goal T, mu."""
        T, mu = self._slow.unpack(y)
        scale = max(abs(float(goal.mu)), float(goal.T))
        return float(max(np.abs(T / goal.T - 1).max(), np.abs(mu - goal.mu).max() / scale))

    def arrival(self, solution: PiecewisePolynomial) -> float:
        """Return when, within its last step, the solution came within the tolerance."""
        goal = self._goal
        if goal is None or len(solution.t) == 1:
            return float(solution.t[-1])

        def excess(t: float) -> float:
            return self.distance(solution.at(t), goal) - self.tolerance

        start, stop = float(solution.t[-2]), float(solution.t[-1])
        if excess(stop) >= 0:
            return stop
        return float(brentq(excess, start, stop, xtol=1e-15 * stop, rtol=1e-14))


def never(t: float, y: FloatArray, before: FloatArray) -> Outcome | None:
    """Give no verdict: the watch of an integration that only `t_final` ends."""
    return None
