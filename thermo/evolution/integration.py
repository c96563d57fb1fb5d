"""One integration of the slow dynamics, step by step, until a verdict."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, final

import numpy as np

from oqs.arguments import FloatArray
from thermo.evolution.dynamics import ReservoirDynamics
from thermo.evolution.noise import sentence_on_noise
from thermo.evolution.stopping_monitor import Verdict
from thermo.evolution.trajectory import Outcome
from thermo.numerics.collocation import Step, radau, take_step
from thermo.numerics.interpolation import PiecewisePolynomial, single_point

STAGES = 9  # fewest evaluations at tolerances from 1e-8 to 1e-12, of 5, 7, 9, 11
_FIRST = 1e-3  # relative change in the first step
_LEAST = 1e-12  # of the time so far, and of the first step: shorter steps lead nowhere
_GROWTH = 2.0  # of a step over the one before
_SAFETY = 0.9
_TRUSTED = 0.5  # relative change up to which the last polynomial may be extrapolated
_RETRY = 0.25  # of a step that failed
_SLOWEST = 1e-300  # stands in for a rate or an error of exactly 0

Monitor = Callable[[float, FloatArray, FloatArray], Verdict]


@final
class Integration(NamedTuple):
    """What an integration gave."""

    solution: PiecewisePolynomial  # y(t) up to where it ended
    outcome: Outcome  # the monitor's verdict, "t_final", or "failed"
    reason: str = ""  # why it failed; empty otherwise
    cause: Exception | None = None  # the exception behind a failure, if there is one


def integrate(
    dynamics: ReservoirDynamics,
    y: FloatArray,
    t_final: float,
    rtol: float,
    max_steps: int,
    monitor: Monitor,
) -> Integration:
    """Integrate dy/dt = dynamics(y) from t = 0 by Radau IIA collocation of 9 stages, order 17.

    A step is as long as the polynomial of degree 9 follows y(t) within rtol, all along it. That
    is why T and mu are as good between the steps as at their ends, while the ends, of order 17,
    keep the totals of N and E far better than rtol.

    Parameters
    ----------
    dynamics : the dynamics.
    y : (2n,) start.
    t_final : where to stop, may be infinite; units of time (hbar = 1).
    rtol : tolerance on ln T, and on mu relative to max(|mu|, T).
    max_steps : the most steps to try.
    monitor : called as monitor(t, y, y_before) after every step; its verdict ends the integration,
        "resting" with one step to t_final along which y stays.
    """
    integrator = _Integrator(dynamics, y, t_final, rtol, max_steps)
    while True:
        before = integrator.y
        try:
            integrator.advance()
        except _Stuck as stuck:
            return Integration(integrator.solution(), "failed", str(stuck), stuck.cause)
        verdict = monitor(integrator.t, integrator.y, before)
        if verdict == "resting" and integrator.t < t_final:
            integrator.rest()
        if verdict == "resting" or (verdict is None and integrator.t == t_final):
            verdict = "t_final"
        if verdict is not None:
            return Integration(integrator.solution(), verdict)


@final
class _Stuck(Exception):
    """No further step succeeds; `cause` is the law's or a gas's exception, if that is why."""

    def __init__(self, reason: str, cause: Exception | None = None) -> None:
        super().__init__(reason)
        self.cause = cause


@final
class _Integrator:
    """The state of an integration: where it is, its next step, and the steps behind it."""

    def __init__(
        self,
        dynamics: ReservoirDynamics,
        y: FloatArray,
        t_final: float,
        rtol: float,
        max_steps: int,
    ) -> None:
        self._dynamics, self._t_final, self._rtol = dynamics, t_final, rtol
        self._left = self._most = max_steps
        self._method = radau(STAGES)
        self._h = self._first = math.nan
        self._times = [0.0]
        self._values: list[FloatArray] = []
        self.y = y

    @property
    def t(self) -> float:
        """The time reached."""
        return self._times[-1]

    def advance(self) -> None:
        """Take one step, as long as the tolerance allows, or raise _Stuck."""
        self._count()
        scale = self._dynamics.scale(self.y)
        try:
            rates, jacobians = self._dynamics.linearised(self.y[None])
        except Exception as error:
            raise _Stuck(self._because(error), error) from error
        if len(self._times) == 1:
            self._h = self._first = _FIRST / max(float(np.max(np.abs(rates) / scale)), _SLOWEST)
        while True:
            h = min(self._h, self._t_final - self.t)
            guess = self._guess(h, scale)
            step, cause = self._attempt(jacobians[0], h, guess, scale)
            if step is None and cause is None:
                step, cause = self._attempt(None, h, guess, scale)
            self._left -= 1
            factor = _RETRY if step is None else self._factor(step)
            if step is not None and step.error <= self._rtol:
                break
            self._h = h * max(_RETRY, factor)
            self._go_on(cause)
        last = h == self._t_final - self.t
        self._times.append(self._t_final if last else self.t + h)
        self._values.append(step.values)
        self.y = step.values[-1]
        self._h = h * min(_GROWTH, factor)

    def rest(self) -> None:
        """Go on to t_final in one step along which y stays."""
        self._times.append(self._t_final)
        self._values.append(np.tile(self.y, (STAGES + 1, 1)))

    def solution(self) -> PiecewisePolynomial:
        """Return y(t) so far."""
        if not self._values:
            return single_point(self.y)
        return self._method.solution(np.array(self._times), np.array(self._values))

    def _guess(self, h: float, scale: FloatArray) -> FloatArray:
        """Return values (s, 2n) at the stages: the last polynomial extrapolated, if near."""
        if len(self._times) > 1:
            ratio = h / (self._times[-1] - self._times[-2])
            x = 1 + 2 * ratio * self._method.nodes
            powers = np.vander(x, STAGES + 1, increasing=True)
            guess = powers @ self._method.monomial @ self._values[-1]
            if np.max(np.abs(guess - self.y) / scale) < _TRUSTED:
                return guess
        return np.tile(self.y, (STAGES, 1))

    def _attempt(
        self, jacobian: FloatArray | None, h: float, guess: FloatArray, scale: FloatArray
    ) -> tuple[Step | None, Exception | None]:
        """Try a step; law or gas may refuse a trial state that a shorter step does not meet."""
        try:
            step = take_step(
                self._method,
                self._dynamics,
                self._dynamics.linearised,
                jacobian,
                h,
                self.y,
                guess,
                scale,
                self._rtol,
            )
        except Exception as error:
            return None, error
        return step, None

    def _factor(self, step: Step) -> float:
        """Return by how much a step may grow; its error goes as h^s."""
        return _SAFETY * float((self._rtol / max(step.error, _SLOWEST)) ** (1 / STAGES))

    def _go_on(self, cause: Exception | None) -> None:
        """Raise _Stuck if no shorter step, or no step more, is to be tried."""
        self._count()
        if self.t + self._h <= self.t * (1 + _LEAST) or self._h <= _LEAST * self._first:
            raise _Stuck(self._because(cause), cause)

    def _count(self) -> None:
        if self._left <= 0:
            reason = f"{self._most} steps (`max_steps`) reached only t = {self.t:.9g}."
            raise _Stuck(reason + sentence_on_noise(self._dynamics, self.y))

    def _because(self, cause: Exception | None) -> str:
        if cause is not None:
            return f"{type(cause).__name__} after t = {self.t:.9g}: {cause}"
        return (
            f"No step, however short, leads on from t = {self.t:.9g}: the flows jump there, are "
            "too rough for `rtol`, or the solution ends."
            + sentence_on_noise(self._dynamics, self.y)
        )
