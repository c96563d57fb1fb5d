"""When an evolution of finite reservoirs is over."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oqs.arguments import FloatArray, positive_number, whole_number
from thermo.evolution.dynamics import ReservoirDynamics
from thermo.evolution.rest import at_rest
from thermo.evolution.trajectory import Outcome
from thermo.reservoirs.state import State

GOES_ON, EQUILIBRATED, STALLED, T_FINAL, RESTING = range(5)
"""Verdicts; RESTING: nothing moves any more in the time left until t_final."""

OUTCOMES: Final[Mapping[int, Outcome]] = {
    EQUILIBRATED: "equilibrated",
    STALLED: "stalled",
    T_FINAL: "t_final",
    RESTING: "t_final",
}

# a step that moves less, or than rtol if that is more, triggers the test for rest
_QUIET = 1e-2  # of the tolerance
_NOWHERE = State(np.array(np.nan), np.array(np.nan))
_DRIFT = 1e-2  # of the way to equilibrium: less in 1e10 relaxation times is none
_NEVER = 1e25  # of the times in which contacts pass the particles that count
_LEAST = 0.5  # of the tolerance: what must still be to come for a run to go on


@final
class StoppingRule:
    """The one rule of `evolve`, `evolve_ensemble` and `coevolve`, for B runs.

    A run without t_final is over

    - "equilibrated" when every |T_j/T_eq - 1| and |mu_j - mu_eq|/max(|mu_eq|, T_eq) is at most
      `tolerance`, with the T_eq, mu_eq that Eq. (6) gives for its start;
    - "stalled" when it is at rest elsewhere: all that is still to come is less than half of that,
      however long one waits. What comes is that of Eq. (5) linearised
      (`thermo.evolution.rest.at_rest`); a drift that covers less than a hundredth of the way in
      1e10 relaxation times is none. It is so where one frequency couples T and mu tightly, between
      parts without contact, or in the stationary flow between fixed reservoirs that differ (which
      have no T_eq, mu_eq). And however it moves, a run is stalled when 1e25 times as
      long has passed as its fastest contact rate gamma takes to pass the particles within T of mu,
      T dN/dmu / gamma (without mu: the heat capacity, C / gamma): a system blockaded by 60 T or
      more changes nothing within any time that counts.

    A run with t_final is over "t_final", at that time. From where it is at rest, to rtol for the
    time left, it needs no further steps: T and mu stay.

    `coevolve` wants the open system at its equilibrium as well, or to exchange nothing more.

    Parameters
    ----------
    dynamics : Eq. (5).
    goal : T_eq, mu_eq (B,), or None where there is none, or `t_final` ends the runs.
    tolerance : as above.
    t_final : when the runs end, or infinity.
    """

    def __init__(
        self, dynamics: ReservoirDynamics, goal: State | None, tolerance: float, t_final: float
    ) -> None:
        self.dynamics = dynamics
        self.goal = goal
        self.tolerance = tolerance
        self.t_final = t_final
        self._last_test: FloatArray | float = 0.0
        self._never = math.inf

    def start(self, T: FloatArray, mu: FloatArray) -> None:
        """Find the time after which nothing counts, from a start T, mu (..., n), once."""
        group, fastest = self.dynamics.reservoirs, getattr(self.dynamics.law, "fastest_rate", None)
        if not fastest or not self._endless:
            return
        jacobian = group.jacobian(T, mu)
        particles = np.where(
            group.has_potential, np.abs(jacobian[..., 0, 1] * T), jacobian[..., 1, 0]
        )
        self._never = max(float(particles.max()), 1.0) * _NEVER / fastest

    @property
    def _endless(self) -> bool:
        return bool(np.isinf(self.t_final))

    def __call__(self, t: FloatArray, y: FloatArray, before: FloatArray) -> NDArray[np.intp]:
        """Return the verdicts (B,) on steps from `before` to y (B, 2n) at t (B,).

        The test for rest follows only a step that hardly moved, and at most once while t doubles:
        it takes 8n + 1 right-hand sides.
        """
        verdict = self.arrived(t, y)
        due = (verdict == GOES_ON) & self.doubtful(t, y, before) & (t >= 2 * self._last_test)
        if due.any():
            self._last_test = np.where(due, t, self._last_test)
            verdict = np.where(due, self._rest(t, y, due), verdict)
        return verdict

    def arrived(self, t: FloatArray, y: FloatArray) -> NDArray[np.intp]:
        """Return the verdicts (B,) on states, without the test for rest."""
        verdict = np.where(t >= self.t_final, T_FINAL, GOES_ON)
        if self.goal is not None:
            verdict[self.distance(y) <= self.tolerance] = EQUILIBRATED
        return verdict

    def rest(self, t: FloatArray, y: FloatArray) -> NDArray[np.intp]:
        """Return STALLED or RESTING for those of all runs (B,) that are at rest, else GOES_ON."""
        return self._rest(t, y, np.full(len(y), True))

    def _rest(self, t: FloatArray, y: FloatArray, asked: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Return the same, of the runs asked for; GOES_ON of the others."""
        endless = self._endless
        least = _LEAST * self.tolerance if endless else self.dynamics.rtol
        resting = asked & (t >= self._never)
        rows = np.flatnonzero(asked & ~resting)
        if len(rows):
            left = (min(self._never, self.t_final) - t)[rows]
            away = np.nan_to_num(np.broadcast_to(self.distance(y), len(y))[rows])
            resting[rows] = at_rest(self.dynamics, y[rows], left, least, _DRIFT * away)
        return np.where(resting, STALLED if endless else RESTING, GOES_ON)

    def doubtful(self, t: FloatArray, y: FloatArray, before: FloatArray) -> NDArray[np.bool_]:
        """Return which steps (...) trigger the test for rest."""
        moved = np.max(np.abs(y - before) / self.dynamics.scale(y), axis=-1)
        return self.is_quiet(moved) | (t >= self._never)

    def is_quiet(self, moved: ArrayLike) -> NDArray[np.bool_]:
        """Return which steps (...) moved little, by how much everything moved, relative."""
        most = self.dynamics.rtol
        if self._endless:
            most = max(most, _QUIET * self.tolerance)
        return np.asarray(np.asarray(moved) < most)

    def distance(self, y: FloatArray, goal: State | None = None) -> FloatArray:
        """Return max_j of |T_j/T - 1| and |mu_j - mu|/max(|mu|, T) for the goal T, mu; (...)."""
        T, mu = self.dynamics.unpack(y)
        goal = goal or self.goal or _NOWHERE
        return distance(T, mu, goal, self.dynamics.reservoirs.has_potential)

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Forget all runs but these (B,)."""
        if self.goal is not None:
            self.goal = State(self.goal.T[rows], self.goal.mu[rows])
        if isinstance(self._last_test, np.ndarray):
            self._last_test = self._last_test[rows]


def distance(
    T: FloatArray, mu: FloatArray, goal: State, has_potential: NDArray[np.bool_]
) -> FloatArray:
    """Return max_j of |T_j/T - 1| and |mu_j - mu|/max(|mu|, T) (...) for T_j, mu_j (..., n).

    The latter of reservoirs that have a mu; `has_potential` (n,) says which.
    """
    away = np.maximum.reduce(np.abs(T / goal.T[..., None] - 1), axis=-1)
    gaps = np.abs(mu - goal.mu[..., None])
    gap = np.maximum.reduce(gaps, axis=-1, where=has_potential, initial=0.0)
    scale = np.fmax(np.abs(goal.mu), goal.T)  # T where no reservoir has a mu
    return np.asarray(np.maximum(away, gap / scale))


_LEAST_RTOL = 1e-11
_ROOM = 1e3  # tolerance / rtol: the totals, and with them the equilibrium, drift by some rtol


def check_controls(
    rtol: float, tolerance: float, max_steps: int, *, why_least: str, default_steps: int
) -> None:
    """Raise ValueError unless the controls of an integration to equilibrium are usable.

    Parameters
    ----------
    rtol : of the integration. tolerance : of the equilibrium. max_steps : limit.
    why_least : sentence that says what fails below the least rtol.
    default_steps : named in the remedy.
    """
    if not positive_number("rtol", rtol, "The default is 1e-10.") >= _LEAST_RTOL:
        raise ValueError(
            f"Argument `rtol` must be at least {_LEAST_RTOL:g}, but is {rtol!r}. {why_least}"
        )
    ratio = positive_number("tolerance", tolerance, "The default is 1e-6.") / rtol
    if not ratio > _ROOM * (1 - 1e-9):  # 1e-6 is 1000 times 1e-9 only up to rounding
        raise ValueError(
            f"Argument `tolerance` must be at least {_ROOM:g} rtol = {_ROOM * rtol!r}, but is "
            f"{tolerance!r}. The equilibrium is known no better than N and E are conserved."
        )
    whole_number("max_steps", max_steps, 1, f"The default is {default_steps}.")
