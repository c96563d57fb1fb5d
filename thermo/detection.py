"""The search for events: candidates above a floor, confirmed by a tighter integration."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple, final

import numpy as np
from scipy.optimize import brentq

from oqs.arguments import FloatArray
from thermo.events import Event
from thermo.interpolation import PiecewisePolynomial
from thermo.signals import Crossing, Signal, Turn, WindowEdge, sign_changes, turns
from thermo.slow_flow import SlowFlow

_POINTS = 16  # looked at in each step of the solver, whose polynomial has degree 9
_FRACTIONS = np.arange(1, _POINTS + 1) / _POINTS
_FLOOR = 100.0  # rtol; a trajectory is off by a hundredth of rtol to 10 rtol


@final
class _Candidate(NamedTuple):
    """A place where an event seems to be: between places start and stop of a grid of times.

    It stands out of the noise from place `settled` on; `rising` is the sense of the change of sign.
    """

    signal: Signal
    start: int
    stop: int
    settled: int
    rising: bool


def find_events(
    slow: SlowFlow,
    solution: PiecewisePolynomial,
    rtol: float,
    window: tuple[float, float] | None,
    tighter: Callable[[float], tuple[PiecewisePolynomial, float]],
) -> tuple[Event, ...]:
    """Return the events along a solution, ascending in time.

    A candidate is a change of sign (of T_i - T_j, mu_i - mu_j, or, for omega-bar = w, of
    (w - mu_i)/T_i - (w - mu_j)/T_j) or a turn of a curve that stands out by 100 rtol, relative, on
    both sides. It counts only if a solution at a tighter tolerance shows it in the same place,
    and it is located on that one: a crossing on its polynomials, an extremum as a zero of the
    exact right-hand side.

    Parameters
    ----------
    slow : the dynamics.
    solution : y(t).
    rtol : tolerance it was made with.
    window : lowest and highest frequency of the law, or None. A window of no width has no events.
    tighter : t -> a solution on [0, t] at a tighter tolerance, and this tolerance.
    """
    times = solution.grid(_FRACTIONS)
    found = _candidates(slow, solution.at(times), rtol, window)
    if not found:
        return ()
    last = max(candidate.settled for candidate in found) + 2 * _POINTS
    exact, exact_rtol = tighter(float(times[min(last, len(times) - 1)]))
    exact_times = exact.grid(_FRACTIONS)
    events: list[Event] = []
    for candidate in _candidates(slow, exact.at(exact_times), exact_rtol, window):
        when = _locate(slow, exact, exact_times, candidate)
        match = None if when is None else _match(candidate, when, found, times)
        if when is not None and match is not None:
            found.remove(match)
            T, mu = slow.unpack(exact.at(when))
            events += candidate.signal.events(when, T, mu, candidate.rising, _FLOOR * rtol)
    return tuple(sorted(events, key=lambda event: event.time))


def _candidates(
    slow: SlowFlow, y: FloatArray, rtol: float, window: tuple[float, float] | None
) -> list[_Candidate]:
    T, mu = slow.unpack(y)  # (M, n)
    floor = _FLOOR * rtol
    found = []
    for pair in itertools.combinations(range(T.shape[1]), 2):
        signals: list[Signal] = [Crossing("T", pair), Crossing("mu", pair)]
        if window is not None and window[0] < window[1]:
            signals += [WindowEdge(False, pair, window), WindowEdge(True, pair, window)]
        for signal in signals:
            values = signal.values(T, mu)
            for start, stop in sign_changes(values, floor):
                found.append(_Candidate(signal, start, stop, stop, bool(values[stop] > 0)))
    for j in range(T.shape[1]):
        for turn in (Turn("T", j), Turn("mu", j)):
            for place, settled, minimum in turns(turn.values(T, mu), floor):
                found.append(_Candidate(turn, place - 1, place + 1, settled, minimum))
    return found


def _locate(
    slow: SlowFlow, solution: PiecewisePolynomial, times: FloatArray, candidate: _Candidate
) -> float | None:
    """Return when the candidate's signal is zero, or None if it does not change sign nearby."""
    signal = candidate.signal

    def value(t: float) -> float:
        y = solution.at(t)
        if isinstance(signal, Turn):
            n = len(y) // 2
            return float(slow(y)[signal.reservoir + (n if signal.quantity == "mu" else 0)])
        return float(signal.values(*slow.unpack(y)))

    # the exact zero of a flat turn may lie beside the neighbours of the grid's extreme point
    for more in (0, _POINTS):
        start = float(times[max(candidate.start - more, 0)])
        stop = float(times[min(candidate.stop + more, len(times) - 1)])
        before, after = value(start), value(stop)
        if before * after < 0 and (after > 0) == candidate.rising:
            return float(brentq(value, start, stop, xtol=1e-15 * stop, rtol=1e-14))
    return None


def _match(
    candidate: _Candidate, when: float, others: list[_Candidate], times: FloatArray
) -> _Candidate | None:
    """Return the candidate with the same signal and sense, on another grid, that holds `when`."""
    for other in others:
        start = times[max(other.start - _POINTS, 0)]
        stop = times[min(other.stop + _POINTS, len(times) - 1)]
        same = other.signal == candidate.signal and other.rising == candidate.rising
        if same and start <= when <= stop:
            return other
    return None
