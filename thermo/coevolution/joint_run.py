"""One integration of system and reservoirs together, step by step, until a verdict."""

from __future__ import annotations

import math
import warnings
from typing import final

import numpy as np
import scipy
import scipy.sparse as sp

from oqs.arguments import FloatArray
from oqs.laws.density_matrix import flow_law
from oqs.state.entropy import log_gibbs
from thermo.coevolution.joint_entropy import NEGLIGIBLE
from thermo.coevolution.joint_flow import JointFlow
from thermo.evolution.dynamics import ReservoirDynamics
from thermo.evolution.integration import Integration
from thermo.evolution.stopping import GOES_ON, StoppingRule
from thermo.evolution.trajectory import Outcome
from thermo.numerics.interpolation import PiecewisePolynomial
from thermo.progress import ProgressBar
from thermo.reservoirs.state import State

_RTOL_OF_LOGARITHM = 100 * float(np.finfo(np.float64).eps)  # SciPy's least: ln T has its atol
_STILL = 1e-13  # of the fastest rate: a change of rho_S that is rounding
_COHERENCE = 1e-4  # of rtol: rounding in a change of basis makes coherences of 1e-17 from nothing


@final
class JointStoppingMonitor:
    """Gives the verdict on each step by the `StoppingRule`, and tells the progress bar.

    The open system must be in equilibrium too, or exchange what it would if it were stationary.

    Parameters
    ----------
    joint : the dynamics.
    goal : the common T_eq, mu_eq, or None if there is none.
    tolerance : distance from the goal that counts as equilibrium.
    t_final : when the run ends, or infinity.
    bar : shows t / t_final, or how many decades of the distance are gone.
    """

    def __init__(
        self,
        joint: JointFlow,
        goal: State | None,
        tolerance: float,
        t_final: float,
        bar: ProgressBar,
    ) -> None:
        self._joint, self._goal, self._tolerance = joint, goal, tolerance
        self._t_final, self._bar = t_final, bar
        self._farthest = 0.0
        self._last_test = 0.0
        if math.isfinite(t_final):
            return
        own = flow_law(joint.model)
        law = own if joint.links is None else joint.links.around(own, joint.model.reservoirs)
        slow = ReservoirDynamics(law, joint.reservoirs, joint.start_T, batched=True)
        self._rule = StoppingRule(slow, goal, tolerance, t_final)
        if goal is not None:
            # a system whose particles no reservoir exchanges has none: any mu does
            mu = float(np.nan_to_num(goal.mu))
            gibbs = np.exp(log_gibbs(joint.model.system, float(goal.T), mu))
            self._settled = joint.pack_state(
                sp.csr_array(sp.diags_array(gibbs.astype(np.complex128)))
            )

    def begin(self, y: FloatArray) -> Outcome | None:
        """Return the verdict on the start y (d,): "stalled" only if rho_S is stationary."""
        verdict = self(0.0, y, y + np.inf)  # as if it had moved
        if verdict is not None or math.isfinite(self._t_final):
            return verdict
        self._rule.start(*self._joint.reservoir_part(y))
        change = self._joint(y)[: -2 * len(self._joint.reservoirs)]
        if np.max(np.abs(change)) > _STILL * self._joint.fastest_rate(y):
            return None
        return self._test_for_rest(0.0, y)

    def __call__(self, t: float, y: FloatArray, before: FloatArray) -> Outcome | None:
        """Return "equilibrated", "stalled" or None for a step from `before` to y (d,) at t."""
        if math.isfinite(self._t_final):
            self._bar.update(t / self._t_final)
            return None
        if self._goal is not None:
            away = self._distance(y)
            if away <= self._tolerance:
                return "equilibrated"
            self._farthest = max(self._farthest, away)
            whole = math.log(self._farthest / self._tolerance)
            self._bar.update(1 - math.log(away / self._tolerance) / whole)
        moved = np.max(np.abs(y - before) / self._joint.scale(y))
        return (
            self._test_for_rest(t, y)
            if t >= 2 * self._last_test and self._rule.is_quiet(moved)
            else None
        )

    def _slow(self, y: FloatArray) -> FloatArray:
        return y[-2 * len(self._joint.reservoirs) :]

    def _test_for_rest(self, t: float, y: FloatArray) -> Outcome | None:
        """Return "stalled" if the system is stationary and its reservoirs are at rest."""
        slow = self._slow(y)
        settled = self._rule.dynamics.flows(*self._joint.reservoir_part(y))
        now, spectrum = self._joint.flows(y), self._joint.model.system.spectrum
        fastest = self._joint.fastest_rate(y)
        # bosons exchange energy alone, in one jump no more than what the levels span
        for kind, unit in (("particle", 1.0), ("energy", np.ptp(spectrum.energies))):
            exchanged = np.abs(getattr(now, kind) - getattr(settled, kind))
            if np.max(exchanged) > self._tolerance * fastest * unit:
                return None
        self._last_test = t
        resting = self._rule.rest(np.array([t]), slow[None])[0] != GOES_ON
        return "stalled" if resting else None

    def _distance(self, y: FloatArray) -> float:
        """Return the largest departure from the goal, of rho_S and of T, mu."""
        system = np.max(np.abs(y[: -2 * len(self._joint.reservoirs)] - self._settled))
        return float(max(system, self._rule.distance(self._slow(y))))


def integrate_jointly(
    joint: JointFlow,
    y: FloatArray,
    t_final: float,
    rtol: float,
    max_steps: int,
    monitor: JointStoppingMonitor,
) -> Integration:
    """Integrate dy/dt = joint(y) from t = 0 by LSODA (Adams, or BDF where stiff).

    Parameters
    ----------
    joint : the dynamics, with its Jacobian.
    y : (d,) start.
    t_final : where to stop, may be infinite.
    rtol : tolerance of one step on ln T, on mu relative to |mu|, on populations relative down to
        1e-30 / rtol, and with coherences on all matrix elements relative down to 1e-4.
    max_steps : the most steps to take.
    monitor : called as monitor(t, y, y_before) after every step; its text ends the integration.
    """
    n = len(joint.reservoirs)
    elements = len(y) - 2 * n
    smallest = NEGLIGIBLE if joint.diagonal else _COHERENCE * rtol
    relative = np.repeat([rtol, _RTOL_OF_LOGARITHM, rtol], [elements, n, n])
    absolute = np.concatenate(
        [np.full(elements, smallest), np.full(n, rtol), rtol * joint.reservoir_part(y)[0]]
    )
    solver = scipy.integrate.LSODA(
        lambda _, y: joint(y),
        0.0,
        y,
        t_final,
        rtol=relative,
        atol=absolute,
        jac=lambda _, y: joint.jacobian(y),
    )
    steps = [(0.0, 1.0, y[:, None])]
    with warnings.catch_warnings():
        # LSODA says why it failed only in a warning
        warnings.filterwarnings("error", message="lsoda:", category=UserWarning)
        for _ in range(max_steps):
            before = solver.y
            try:
                message = solver.step()
                joint.reservoirs.check(*joint.reservoir_part(solver.y))
            except Exception as error:
                reason = f"{type(error).__name__} after t = {solver.t:.9g}: {error}"
                return Integration(_solution(steps), "failed", reason, error)
            if solver.status == "failed":
                return Integration(_solution(steps), "failed", f"LSODA: {message}")
            dense = solver.dense_output()
            steps.append((solver.t, dense.h, dense.yh))
            verdict = monitor(solver.t, solver.y, before)
            if verdict is not None:
                return Integration(_solution(steps), verdict)
            if solver.status == "finished":
                return Integration(_solution(steps), "t_final")
    reason = f"{max_steps} steps (`max_steps`) reached only t = {solver.t:.9g}."
    return Integration(_solution(steps), "failed", reason)


def _solution(steps: list[tuple[float, float, FloatArray]]) -> PiecewisePolynomial:
    """Return y(t) of the accepted steps: of each its end, width and Nordsieck array."""
    ends, widths, arrays = zip(*steps, strict=True)
    order = max(array.shape[1] for array in arrays)
    coefficients = np.zeros((len(steps), order, len(arrays[0])))
    for piece, array in zip(coefficients, arrays, strict=True):
        piece[: array.shape[1]] = array.T
    times = np.array(ends)
    return PiecewisePolynomial(times, times, np.array(widths), coefficients)
