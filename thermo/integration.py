"""One integration of the slow dynamics, step by step, until a verdict."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import NamedTuple, final

import numpy as np
from scipy.integrate import LSODA

from oqs.arguments import FloatArray
from thermo.interpolation import PiecewisePolynomial
from thermo.slow_flow import SlowFlow
from thermo.trajectory import Outcome

_RTOL_OF_LOGARITHM = 100 * float(np.finfo(np.float64).eps)  # SciPy's least: ln T has its atol

Watch = Callable[[float, FloatArray, FloatArray], Outcome | None]


@final
class Integration(NamedTuple):
    """What an integration gave.

    Parameters
    ----------
    solution : y(t) up to where it ended.
    outcome : the watch's verdict, "t_final", or "failed".
    reason : why it failed; empty otherwise.
    cause : the exception behind a failure, if there is one.
    """

    solution: PiecewisePolynomial
    outcome: Outcome
    reason: str = ""
    cause: Exception | None = None


def integrate(
    slow: SlowFlow, y: FloatArray, t_final: float, rtol: float, max_steps: int, watch: Watch
) -> Integration:
    """Integrate dy/dt = slow(y) from t = 0 by LSODA (Adams, or BDF where stiff).

    Parameters
    ----------
    slow : the dynamics.
    y : (2n,) start.
    t_final : where to stop, may be infinite; units of time (hbar = 1).
    rtol : tolerance of one step on ln T, on mu relative to |mu|, and near mu = 0 to T at the start.
    max_steps : the most steps to take.
    watch : called as watch(t, y, y_before) after every step; its text ends the integration.
    """
    n = len(y) // 2
    relative = np.repeat([_RTOL_OF_LOGARITHM, rtol], n)
    absolute = rtol * np.concatenate([np.ones(n), slow.unpack(y)[0]])
    solver = LSODA(lambda _, y: slow(y), 0.0, y, t_final, rtol=relative, atol=absolute)
    steps = _Steps(y)
    with warnings.catch_warnings():
        # LSODA says why it failed only in a warning
        warnings.filterwarnings("error", message="lsoda:", category=UserWarning)
        for _ in range(max_steps):
            try:
                message = solver.step()
            except Exception as error:
                reason = f"{type(error).__name__} after t = {solver.t:.9g}: {error}"
                return Integration(steps.solution(), "failed", reason, error)
            if solver.status == "failed":
                return Integration(steps.solution(), "failed", f"LSODA: {message}")
            if not solver.t > solver.t_old:
                reason = f"LSODA cannot leave t = {solver.t:.9g}: the solution is singular there."
                return Integration(steps.solution(), "failed", reason)
            before = steps.last
            steps.append(solver)
            verdict = watch(solver.t, solver.y, before)
            if verdict is not None:
                return Integration(steps.solution(), verdict)
            if solver.status == "finished":
                return Integration(steps.solution(), "t_final")
    reason = f"{max_steps} steps (`max_steps`) reached only t = {solver.t:.9g}."
    return Integration(steps.solution(), "failed", reason)


@final
class _Steps:
    """The accepted steps, gathered."""

    def __init__(self, y: FloatArray) -> None:
        self.last = y
        self._times, self._widths = [0.0], [1.0]
        self._nordsieck = [y[:, None]]

    def append(self, solver: LSODA) -> None:
        dense = solver.dense_output()
        self.last = solver.y
        self._times.append(solver.t)
        self._widths.append(dense.h)
        self._nordsieck.append(dense.yh)

    def solution(self) -> PiecewisePolynomial:
        order = max(array.shape[1] for array in self._nordsieck)
        coefficients = np.zeros((len(self._times), order, len(self.last)))
        for piece, array in zip(coefficients, self._nordsieck, strict=True):
            piece[: array.shape[1]] = array.T
        times = np.array(self._times)
        return PiecewisePolynomial(times, times, np.array(self._widths), coefficients)
