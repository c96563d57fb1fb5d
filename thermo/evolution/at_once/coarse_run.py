"""A first, coarse solution of a whole relaxation: SciPy's LSODA in Python scalars.

A relaxation is smooth in log t: its steps are the doublings of time.
"""

from __future__ import annotations

import contextlib
import math
import threading
import warnings
from collections.abc import Iterator

import numpy as np
import scipy

from oqs.arguments import FloatArray
from thermo.evolution.at_once.refusal import NotAtOnce, trial_states
from thermo.evolution.at_once.scalar_rates import ScalarRates
from thermo.evolution.dynamics import ReservoirDynamics
from thermo.evolution.integration import STAGES
from thermo.evolution.stopping_monitor import StoppingMonitor
from thermo.numerics.collocation import radau
from thermo.numerics.interpolation import grid

_FIRST = 0.33  # relative change in the first step, or this part of the whole way
_PORTIONS = np.array([20, 30, 40, 50, 60])  # doublings of time, until all is settled
_SETTLED = 10.0  # tolerances from equilibrium, from where on only a decay is left
_REST = 1e-3  # of the tolerance: a change in one doubling of time that is none
_MOST = 200  # steps of LSODA from one point asked for to the next
_LEAST = 1e-300  # stands in for a distance of exactly 0
_ONE = threading.Lock()  # LSODA before SciPy 1.15 kept its state where threads share it
_PATIENCE = 1.0  # seconds for another thread's LSODA, which may wait for this one
_inside = threading.local()


def coarse(
    dynamics: ReservoirDynamics,
    rates: ScalarRates,
    y: FloatArray,
    t_final: float,
    monitor: StoppingMonitor | None,
    tolerance: float,
    growth: float,
) -> tuple[FloatArray, FloatArray]:
    """Return edges (m + 1,) of steps and y (m, s + 1, 2n) at their starts and nodes.

    Parameters
    ----------
    dynamics, rates, y : the dynamics, in scalars as well, and its start (2n,).
    t_final : where to stop, may be infinite if the monitor has a goal.
    monitor : knows the equilibrium where the last step is to end; without one, on to t_final.
    tolerance : of LSODA's steps; near equilibrium less, in proportion to the way left.
    growth : of a step's end over that of the one before.

    Raises
    ------
    NotAtOnce
        where nothing moves, law or gas refuse a trial state, LSODA gives up or is not free (as
        inside of another such run, of a law that evolves reservoirs itself), the end is not reached
        within 60 doublings of time, or the run comes to rest elsewhere than in equilibrium: totals
        of N and E that are only kept to the tolerance mean another equilibrium, and of cold gases a
        distant one.
    """
    with _lsoda_is_free() as free:
        if not free:
            raise NotAtOnce("another evolution holds LSODA")
        goal = None if monitor is None else monitor.rule.goal
        way = 1.0 if monitor is None or goal is None else min(float(monitor.rule.distance(y)), 1.0)
        tolerance *= min(10 * way, 1.0)
        with trial_states():
            change = rates(y, 0.0)
        fastest = float(np.max(np.abs(change) / dynamics.scale(y)))
        if not 0 < fastest < math.inf:
            raise NotAtOnce("nothing moves at the start")
        portions = np.ceil(_PORTIONS / math.log2(growth)).astype(int).tolist()
        edges = _edges(_FIRST * way / fastest * growth ** np.arange(portions[-1]), t_final)
        values = y[None]
        for portion in portions:
            done = (len(values) - 1) // STAGES
            steps = edges[done : portion + 1]
            values = np.concatenate([values, _lsoda(dynamics, rates, values[-1], steps, tolerance)])
            ends = values[::STAGES]
            if monitor is not None and goal is not None:
                away = np.maximum(monitor.rule.distance(ends), _LEAST)
                unsettled = np.flatnonzero(away > _SETTLED * tolerance)
                if unsettled[-1] < len(away) - 1:
                    there = dynamics.at_common(goal)
                    last = int(unsettled[-1]) + 1
                    return _to_the_goal(edges, values, last, there, away, monitor.rule.tolerance)
                if np.max(np.abs(ends[-1] - ends[-2]) / dynamics.scale(y)) < _REST * tolerance:
                    raise NotAtOnce("the coarse run rests away from equilibrium")
            elif len(ends) == len(edges):
                return edges, _steps(values)
        raise NotAtOnce("the coarse run does not come to its end")


@contextlib.contextmanager
def _lsoda_is_free() -> Iterator[bool]:
    """Hold LSODA for this thread; or say that it is not free: a law may wait for another run."""
    if getattr(_inside, "lsoda", False) or not _ONE.acquire(timeout=_PATIENCE):
        yield False
        return
    _inside.lsoda = True
    try:
        yield True
    finally:
        _inside.lsoda = False
        _ONE.release()


def _edges(ends: FloatArray, t_final: float) -> FloatArray:
    """Return 0 and the ends of steps; up to t_final if that is finite."""
    edges = np.append(0.0, ends)
    return np.append(edges[edges < t_final], t_final) if math.isfinite(t_final) else edges


def _lsoda(
    dynamics: ReservoirDynamics,
    rates: ScalarRates,
    y: FloatArray,
    edges: FloatArray,
    tolerance: float,
) -> FloatArray:
    """Return y at the nodes of steps between edges, the start left out; raise where it fails."""
    times, absolute = grid(edges, radau(STAGES).nodes), tolerance * dynamics.scale(y)
    with warnings.catch_warnings(), trial_states():
        warnings.simplefilter("error", scipy.integrate.ODEintWarning)
        values = scipy.integrate.odeint(
            rates, y, times, rtol=tolerance, atol=absolute, mxstep=_MOST
        )
    return np.asarray(values[1:])


def _to_the_goal(
    edges: FloatArray,
    values: FloatArray,
    settled: int,
    goal: FloatArray,
    away: FloatArray,
    tolerance: float,
) -> tuple[FloatArray, FloatArray]:
    """Return the steps until all is settled, and as many more, at the goal, as the decay takes.

    The goal itself is nearer than LSODA would come, whose totals of N and E are coarse as well.
    """
    pace = math.log(away[settled - 1] / away[settled]) / (edges[settled] - edges[settled - 1])
    end = edges[settled] + max(math.log(away[settled] / tolerance), 0.0) / pace
    last = max(int(np.searchsorted(edges, end)), settled + 1)
    if last >= len(edges):
        raise NotAtOnce("the coarse run does not come to its end")
    steps = _steps(values[: settled * STAGES + 1])
    at_goal = np.broadcast_to(goal, (last - settled, *steps.shape[1:])).copy()
    at_goal[0, 0] = steps[-1, -1]
    return edges[: last + 1], np.concatenate([steps, at_goal])


def _steps(values: FloatArray) -> FloatArray:
    """Return y (m, s + 1, 2n) at starts and nodes of steps, of y (m s + 1, 2n) one by one."""
    return np.concatenate(
        [values[:-1:STAGES, None], values[1:].reshape(-1, STAGES, values.shape[1])], axis=1
    )
