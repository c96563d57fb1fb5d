"""The stopping rule applied to one run, step by step, and the run's progress."""

from __future__ import annotations

import math
from typing import Literal, final

import numpy as np
import scipy

from oqs.arguments import FloatArray
from thermo.evolution.dynamics import ReservoirDynamics
from thermo.evolution.stopping import EQUILIBRATED, GOES_ON, OUTCOMES, RESTING, StoppingRule
from thermo.evolution.trajectory import Outcome
from thermo.numerics.interpolation import PiecewisePolynomial
from thermo.progress import ProgressBar
from thermo.reservoirs.state import State

_LEAST = 1e-300  # stands in for a distance of exactly 0

Verdict = Outcome | Literal["resting"] | None
"""How a run ended; "resting": T and mu stay as they are until t_final; None: it goes on."""


@final
class StoppingMonitor:
    """Gives the verdict of the `StoppingRule` on each step of a run, and tells the progress bar.

    Parameters
    ----------
    dynamics : Eq. (5).
    goal : T_eq, mu_eq of Eq. (6), or None if there is none.
    tolerance : relative distance from the goal that counts as equilibrium.
    t_final : when the run ends, or infinity.
    bar : shows t / t_final, or how many of the decades between the first distance and the
        tolerance are gone.
    """

    def __init__(
        self,
        dynamics: ReservoirDynamics,
        goal: State | None,
        tolerance: float,
        t_final: float,
        bar: ProgressBar,
    ) -> None:
        self.rule = StoppingRule(dynamics, goal, tolerance, t_final)
        self.bar = bar
        self._first = math.nan

    def begin(self, y: FloatArray) -> Verdict:
        """Return whether the start y (2n,) is "equilibrated"."""
        self.rule.start(*self.rule.dynamics.unpack(y))
        self._first = float(self.rule.distance(y))
        return _verdict(int(self.rule.arrived(np.zeros(1), y[None])[0]))

    def at_rest(self, y: FloatArray) -> Verdict:
        """Return whether the start y (2n,) is "stalled", or "resting" until t_final."""
        return _verdict(int(self.rule.rest(np.zeros(1), y[None])[0]))

    def arrived(self, edges: FloatArray, ends: FloatArray, starts: FloatArray) -> int | None:
        """Return the first of the steps (m, 2n) that ends in equilibrium, if it is the verdict.

        None if none does, or one before triggers the test for rest. `edges` (m + 1,) of the steps.
        """
        there = self.rule.arrived(edges[1:], ends) == EQUILIBRATED
        step = int(np.argmax(there))
        before = edges[1 : step + 1], ends[:step], starts[:step]
        return step if there[step] and not self.rule.doubtful(*before).any() else None

    def __call__(self, t: float, y: FloatArray, before: FloatArray) -> Verdict:
        """Return the verdict, or None, for a step from `before` to y (2n,) at t."""
        verdict = int(self.rule(np.array([t]), y[None], before[None])[0])
        if math.isfinite(self.rule.t_final):
            self.bar.update(t / self.rule.t_final)
        elif verdict == GOES_ON and self.rule.goal is not None:
            away = float(self.rule.distance(y))
            whole = math.log(self._first / self.rule.tolerance)
            self.bar.update(math.log(self._first / away) / whole)
        return _verdict(verdict)

    def arrival(self, solution: PiecewisePolynomial) -> float:
        """Return when, within its last step, the solution came within the tolerance."""
        if len(solution.t) == 1:
            return float(solution.t[-1])

        start, stop = (float(t) for t in solution.t[-2:])
        coefficients, center, width = (
            part[-1] for part in (solution.coefficients, solution.center, solution.width)
        )
        powers = np.arange(len(coefficients))

        def excess(t: float) -> float:
            y = ((t - center) / width) ** powers @ coefficients
            # what decays exponentially is linear here, and found in a few iterations
            return math.log(max(float(self.rule.distance(y)), _LEAST) / self.rule.tolerance)

        if excess(stop) >= 0:
            return stop
        return float(scipy.optimize.brentq(excess, start, stop, xtol=1e-15 * stop, rtol=1e-14))


def _verdict(code: int) -> Verdict:
    if code == RESTING:
        return "resting"
    return None if code == GOES_ON else OUTCOMES[code]
