"""The search for events: candidates above a floor, confirmed by a tighter integration."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple, final

import numpy as np
import scipy

from oqs.arguments import FloatArray
from thermo.evolution.dynamics import ReservoirDynamics
from thermo.evolution.events.events import Event
from thermo.evolution.events.extremes import extremum_times, fractions
from thermo.evolution.events.signals import (
    Crossing,
    Extremum,
    Signal,
    WindowEdge,
    extrema_of,
    sign_changes,
)
from thermo.numerics.interpolation import PiecewisePolynomial
from thermo.reservoirs.reservoir import Reservoirs

_FLOOR = 100.0  # rtol; a trajectory is off by a hundredth of rtol to 10 rtol
_LEAST = 1e-3  # of the floor: what need not be known of a curve


@final
class _Candidate(NamedTuple):
    """A place where an event seems to be: between times start and stop.

    It stands out of the noise from `settled` on, and up to `since`; `rising` is the sense of the
    change of sign. `time` is that of an extremum of the polynomials.
    """

    signal: Signal
    start: float
    stop: float
    since: float
    settled: float
    rising: bool
    time: float | None = None


def find_events(
    dynamics: ReservoirDynamics,
    solution: PiecewisePolynomial,
    rtol: float,
    window: tuple[float, float] | None,
    tighter: Callable[[float], tuple[PiecewisePolynomial, float]],
) -> tuple[Event, ...]:
    """Return the events along a solution, ascending in time.

    A candidate is a change of sign (of T_i - T_j, mu_i - mu_j, or, for omega-bar = w, of
    (w - mu_i)/T_i - (w - mu_j)/T_j) or an extremum of a curve that stands out by 100 rtol,
    relative, on both sides. It counts only if a solution at a tighter tolerance shows it in the
    same place, and it is located on that one: a crossing on its polynomials, an extremum as a zero
    of the exact right-hand side.

    Parameters
    ----------
    dynamics : the dynamics.
    solution : y(t).
    rtol : tolerance it was made with.
    window : lowest and highest frequency of the law, or None. A window of no width has no events.
    tighter : t -> a solution on [0, t] at a tighter tolerance, and this tolerance.
    """
    candidates = _candidates(dynamics, solution, rtol, window)
    if not candidates:
        return ()
    last = _beyond(solution, max(candidate.settled for candidate in candidates))
    exact, exact_rtol = tighter(last)
    events: list[Event] = []
    for candidate in _candidates(dynamics, exact, exact_rtol, window):
        when = _locate(dynamics, exact, candidate)
        match = None if when is None else _match(candidate, when, candidates, solution)
        if when is not None and match is not None:
            candidates.remove(match)
            T, mu = dynamics.unpack(exact.at(when))
            events += candidate.signal.events(when, T, mu, candidate.rising, _FLOOR * rtol)
    return tuple(sorted(events, key=lambda event: event.time))


def _beyond(solution: PiecewisePolynomial, t: float, steps: int = 2) -> float:
    """Return the end of a step after that which holds t; with -1 steps the start of one before."""
    place = int(np.searchsorted(solution.t, t)) + steps
    return float(solution.t[min(max(place, 0), len(solution.t) - 1)])


def _signals(
    group: Reservoirs, window: tuple[float, float] | None
) -> tuple[list[Crossing | WindowEdge], list[Extremum]]:
    """Return whose change of sign, and whose extremum, is an event; of mu where there is one."""
    with_mu = set(np.flatnonzero(group.has_potential).tolist())
    signs: list[Crossing | WindowEdge] = []
    both = []
    for pair in itertools.combinations(range(len(group)), 2):
        signs.append(Crossing("T", pair, with_mu.issuperset(pair)))
        if with_mu.issuperset(pair):
            both.append(pair)
            signs.append(Crossing("mu", pair))
    if window is not None and window[0] < window[1]:
        signs += [WindowEdge(upper, pair, window) for pair in both for upper in (False, True)]
    watched = [Extremum("T", j) for j in range(len(group))] + [
        Extremum("mu", j) for j in sorted(with_mu)
    ]
    return signs, watched


def _candidates(
    dynamics: ReservoirDynamics,
    solution: PiecewisePolynomial,
    rtol: float,
    window: tuple[float, float] | None,
) -> list[_Candidate]:
    """Return all changes of sign and extrema; those between grid points are found too.

    The grid has every time at which a curve is level: two changes of sign beside each other are
    recognised by the extremum between them, and an extremum counts however near the start.
    """
    floor = _FLOOR * rtol
    signs, watched = _signals(dynamics.reservoirs, window)

    def curves(times: FloatArray) -> FloatArray:
        T, mu = dynamics.unpack(solution.at(times))
        return np.array([signal.values(T, mu) for signal in (*signs, *watched)])

    times = solution.grid(fractions())
    level = extremum_times(solution.t, curves(times), _LEAST * floor)
    times = np.unique(np.concatenate([times, level]))
    values, candidates = curves(times), []
    for signal, curve in zip(signs, values, strict=False):
        for place, settled in sign_changes(curve, floor):
            start, stop = float(times[place]), float(times[settled])
            candidates.append(
                _Candidate(signal, start, stop, start, stop, bool(curve[settled] > 0))
            )
    for extremum, curve in zip(watched, values[len(signs) :], strict=True):
        for place, settled, minimum in extrema_of(curve, floor):
            away = np.abs(curve[:place] - curve[place]) > floor
            since = place - int(np.argmax(away[::-1])) - 1
            before, after, first, last = times[[place - 1, place + 1, since, settled]].tolist()
            when = float(times[place])
            candidates.append(_Candidate(extremum, before, after, first, last, minimum, when))
    return candidates


def _locate(
    dynamics: ReservoirDynamics, solution: PiecewisePolynomial, candidate: _Candidate
) -> float | None:
    """Return when the candidate's signal is zero: of an extremum, the exact right-hand side.

    None if it does not change sign nearby.
    """
    signal = candidate.signal

    def value(t: float) -> float:
        y = solution.at(t)
        if isinstance(signal, Extremum):
            n = len(y) // 2
            return float(dynamics(y)[signal.reservoir + (n if signal.quantity == "mu" else 0)])
        return float(signal.values(*dynamics.unpack(y)))

    # the exact zero of a flat extremum may lie beside the polynomial's
    for start, stop in (
        (candidate.start, candidate.stop),
        (_beyond(solution, candidate.start, -2), _beyond(solution, candidate.stop, 1)),
    ):
        before, after = value(start), value(stop)
        if before * after < 0 and (after > 0) == candidate.rising:
            return float(scipy.optimize.brentq(value, start, stop, xtol=1e-15 * stop, rtol=1e-14))
    return candidate.time


def _match(
    candidate: _Candidate, when: float, others: list[_Candidate], solution: PiecewisePolynomial
) -> _Candidate | None:
    """Return the candidate with the same signal and sense, of another solution, at `when`."""
    for other in others:
        start, stop = _beyond(solution, other.since, -2), _beyond(solution, other.settled, 1)
        same = other.signal == candidate.signal and other.rising == candidate.rising
        if same and start <= when <= stop:
            return other
    return None
