"""The slow evolution of finite reservoirs under a flow law: Eqs. (4), (5)."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterable
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, positive_number, true_or_false
from oqs.exports import exported
from oqs.memory import announce, worth_saying
from oqs.numerics.threads import one_thread_below
from oqs.version import __version__
from thermo.evolution.at_once.refusal import NotAtOnce
from thermo.evolution.at_once.solve import solve_at_once
from thermo.evolution.dynamics import Law, ReservoirDynamics
from thermo.evolution.events.detection import find_events
from thermo.evolution.events.events import Event
from thermo.evolution.integration import Integration, integrate
from thermo.evolution.record import tabulate, trajectory
from thermo.evolution.stopping import check_controls
from thermo.evolution.stopping_monitor import StoppingMonitor
from thermo.evolution.trajectory import Trajectory
from thermo.numerics.interpolation import PiecewisePolynomial, constant, single_point
from thermo.progress import ProgressBar
from thermo.reservoirs.equilibrium import common_state
from thermo.reservoirs.reservoir import Reservoir, Reservoirs
from thermo.reservoirs.state import State

_STAGE_ROWS = 100  # 9 stages of 2n values
_TIGHTER, _TIGHTEST = 1e-2, 1e-12  # of rtol, to confirm events; less is lost in rounding
_MORE_STEPS, _FEW = 5, 20  # times as many, beside some, that a tighter integration may need
_MAX_STEPS = 2_000
_EVALUATIONS = 2500  # of the law, on the way to equilibrium: within a factor of two
_SLOW = 0.01  # seconds of one: quicker laws work out many states at once in less
_WHY_LEAST = "Below, rounding leaves no room for a tighter integration that confirms the events."
_FORWARD = "A time that runs backwards, or none, is no evolution; None goes on to equilibrium."


@exported
@final
class EvolutionFailed(RuntimeError):
    """The evolution could not be continued.

    Attributes
    ----------
    trajectory : Trajectory up to the last good state, outcome "failed".

    Examples
    --------
    >>> dots = oqs.QuadraticSystem.from_energies([21.1, 21.5])
    >>> rate = oqs.power_law(1e-4, 0.5)
    >>> law = oqs.closed_form(dots, [oqs.Contact(rate, name="cold"), oqs.Contact(rate, name="hot")])
    >>> reservoirs = [thermo.Reservoir(thermo.SommerfeldGas(1.5), capacity=1.0)] * 2
    >>> try:
    ...     thermo.evolve(law, reservoirs, T=[0.6, 1.0], mu=[20.8, 16.0], max_steps=5)
    ... except thermo.EvolutionFailed as error:
    ...     print(error.trajectory.outcome, "after", len(error.trajectory.t) > 1)
    failed after True
    """

    def __init__(self, reason: str, trajectory: Trajectory) -> None:
        super().__init__(reason)
        self.trajectory = trajectory


@exported
def evolve(
    law: Law,
    reservoirs: Iterable[Reservoir],
    T: ArrayLike,
    mu: ArrayLike | None = None,
    *,
    t_final: float | None = None,
    rtol: float = 1e-10,
    tolerance: float = 1e-6,
    events: bool = True,
    max_steps: int = _MAX_STEPS,
    progress: bool | None = None,
) -> Trajectory:
    """Return how T_j and mu_j of finite reservoirs change as particles and energy flow.

    dN_j/dt = -P_j, dE_j/dt = -J_j at the stationary flows of the momentary T, mu:  Eq. (4),
    integrated as Eq. (5) for ln T_j and mu_j by Radau IIA collocation, for the rates of one system
    spread over decades.

    Parameters
    ----------
    law : (T, mu) -> Flows, with T, mu and the flows of shape (n,): oqs.closed_form(...),
        oqs.flow_law(...) or any function.
    reservoirs : n of them, in the order of the law's contacts, whose names those without one take.
    T, mu : (n,) at t = 0, in units of energy (k_B = 1). mu of a reservoir that has none (bosons:
        `ThermalGas`) is 0 or NaN; it may be left out where no reservoir has one.
    t_final : when to stop (hbar = 1); None goes on to equilibrium.
    rtol : largest error of a step, 1e-11 or more. At the default T_j(t) is good to 1e-9, and the
        totals of N and E are kept to 1e-12 (`Trajectory.conservation` says how well they were).
    tolerance : equilibrium is reached when every |T_j/T_eq - 1| and
        |mu_j - mu_eq|/max(|mu_eq|, T_eq) is below; at least 1000 rtol.
        `thermo.evolution.stopping` has the rule by which a run ends in words.
    events : whether to look for crossings, extrema and the passages of omega-bar. Each is
        confirmed by a second integration, at rtol/100 (but 1e-12 at the least).
    max_steps : the most steps of the solver, which takes 20 to 100 for the paper's figures.
    progress : whether a run of more than a second shows a bar; None does so on a terminal. What a
        law of more than 10 ms takes to equilibrium is said before: some 2500 flows, and their
        derivatives.

    Returns
    -------
    Trajectory
        its `outcome` says whether it ended in equilibrium, at rest elsewhere, or at t_final.

    Raises
    ------
    TypeError, ValueError
        before integrating, if an argument is wrong, a gas refuses the start, or the law does not
        return n finite flows there.
    EvolutionFailed
        if the law fails later, a gas is left behind, or the solver gives up; with the trajectory
        so far.

    Notes
    -----
    The quasi-stationary picture holds where the open system relaxes faster than the reservoirs
    change. With a law for which batching states pays (those of `oqs` for small systems, and
    any that says `batched`) SciPy's LSODA gives a coarse solution, from which the collocation of
    all steps is solved together; anything else goes step by step. `parameters["route"]` of the
    trajectory says which, and why. Source: arXiv:2412.15355.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem.from_energies([21.1, 21.5])
    >>> rate = oqs.power_law(1e-4, 0.5)
    >>> law = oqs.closed_form(dots, [oqs.Contact(rate, name="cold"), oqs.Contact(rate, name="hot")])
    >>> reservoirs = [thermo.Reservoir(thermo.SommerfeldGas(1.5), capacity=1.0)] * 2
    >>> path = thermo.evolve(law, reservoirs, T=[0.6, 1.0], mu=[20.8, 16.0])
    >>> path.outcome
    'equilibrated'
    >>> print(f"{path.names[0]}: down to {path.T[:, 0].min() / path.T[0, 0]:.3f} T(0)")  # Fig. 1
    cold: down to 0.615 T(0)
    """
    end = math.inf if t_final is None else positive_number("t_final", t_final, _FORWARD)
    true_or_false("events", events, "False looks for none.")
    check_controls(rtol, tolerance, max_steps, why_least=_WHY_LEAST, default_steps=_MAX_STEPS)
    group = Reservoirs(reservoirs).named(law)
    temperature, potential = group.checked(T, mu)
    dynamics = ReservoirDynamics(law, group, temperature, rtol)
    _check_and_say_cost(dynamics, temperature, potential, progress)
    goal = _goal(group, temperature, potential) if t_final is None else None
    start = dynamics.pack(temperature, potential)
    # the stage equations are a few dozen rows: BLAS threads would only wait for each other
    with one_thread_below(_STAGE_ROWS), ProgressBar("evolving the reservoirs", progress) as bar:
        monitor = StoppingMonitor(dynamics, goal, tolerance, end, bar)
        run, route = _run(dynamics, start, end, rtol, max_steps, monitor)
        table = tabulate(dynamics, run)
        made = {
            "law": f"{law.__module__}.{getattr(law, '__qualname__', type(law).__qualname__)}",
            "t_final": None if t_final is None else end,
            "rtol": float(rtol),
            "tolerance": float(tolerance),
            "max_steps": max_steps,
            "route": route,
            "version": __version__,
        }
        path = trajectory(dynamics, table, goal, made)
        if table.run.outcome == "failed":
            raise EvolutionFailed(table.run.reason, path) from table.run.cause
        if not events:
            return path
        listed = _events(dynamics, path, rtol, max_steps)
    return dataclasses.replace(path, event_list=listed, evaluations=dynamics.evaluations)


def _check_and_say_cost(
    dynamics: ReservoirDynamics, T: FloatArray, mu: FloatArray, progress: bool | None
) -> None:
    """Check the law at T, mu (n,), and say how long an evolution under a slow one takes.

    A law's first flows may take longer than all others: slow ones are asked once more.
    """
    seconds = _seconds(dynamics, T, mu)
    if progress is not False and seconds > _SLOW and worth_saying(_EVALUATIONS * seconds):
        seconds = _seconds(dynamics, T, mu)
        announce(f"thermo.evolve, some {_EVALUATIONS} flows", _EVALUATIONS * seconds)


def _seconds(dynamics: ReservoirDynamics, T: FloatArray, mu: FloatArray) -> float:
    begun = time.perf_counter()
    dynamics.check(T, mu)
    return time.perf_counter() - begun


def _run(
    dynamics: ReservoirDynamics,
    start: FloatArray,
    end: float,
    rtol: float,
    max_steps: int,
    monitor: StoppingMonitor,
) -> tuple[Integration, str]:
    """Integrate to the verdict, and end exactly where equilibrium is within the tolerance.

    Returns the run and the route that it took, in words.
    """
    verdict = monitor.begin(start)
    route = "no step"
    if verdict is None:
        try:
            run, route = (
                solve_at_once(dynamics, start, end, rtol, max_steps, monitor),
                "all steps at once",
            )
        except NotAtOnce as refusal:
            verdict = monitor.at_rest(start)
            if verdict is None:
                run = integrate(dynamics, start, end, rtol, max_steps, monitor)
                route = f"step by step: {refusal}"
    if verdict == "resting":
        return Integration(constant(start, end), "t_final"), route
    if verdict is not None:
        return Integration(single_point(start), verdict), route
    if run.outcome == "equilibrated":
        run = run._replace(solution=run.solution.until(monitor.arrival(run.solution)))
    return (_check_drift(dynamics, run, monitor) if run.outcome == "stalled" else run), route


def _check_drift(
    dynamics: ReservoirDynamics, run: Integration, monitor: StoppingMonitor
) -> Integration:
    """Return the stalled run, or a failed one if it rests in an equilibrium of drifted totals."""
    end = run.solution.ends[-1]
    T, mu = dynamics.unpack(run.solution.ends)
    group = dynamics.reservoirs
    if not monitor.rule.distance(end, _goal(group, T[-1], mu[-1])) <= monitor.rule.tolerance:
        return run
    state = group.state(T[[0, -1]], mu[[0, -1]])
    name = "N" if group.has_potential.any() else "E"
    first, last = (state.number if name == "N" else state.energy).sum(axis=1)
    reason = (
        f"The totals drifted (sum {name} from {first:.12g} to {last:.12g}) and with them the "
        "equilibrium: the flows of `law` do not sum to zero over the reservoirs, or `rtol` is too "
        "large for `tolerance`. Mend the law, or give `t_final` if the reservoirs are not closed."
    )
    return run._replace(outcome="failed", reason=reason)


def _events(
    dynamics: ReservoirDynamics, path: Trajectory, rtol: float, max_steps: int
) -> tuple[Event, ...]:
    frequencies = getattr(dynamics.law, "frequencies", None)
    window = None if frequencies is None else (float(min(frequencies)), float(max(frequencies)))

    tight = max(_TIGHTER * rtol, _TIGHTEST)
    sharper = ReservoirDynamics(dynamics.law, dynamics.reservoirs, dynamics.start_T, tight)

    def tighter(t: float) -> tuple[PiecewisePolynomial, float]:
        start = path.solution.ends[0]
        most = min(_MORE_STEPS * (len(path.solution.t) + _FEW), _MORE_STEPS * max_steps)
        try:
            again = solve_at_once(sharper, start, t, tight, most, None)
        except NotAtOnce:
            monitor = StoppingMonitor(sharper, None, 1e3 * tight, t, ProgressBar("", show=False))
            again = integrate(sharper, start, t, tight, most, monitor)
        if again.outcome == "failed":
            raise EvolutionFailed(
                f"The events could not be confirmed at rtol = {tight:g}: {again.reason} "
                "Give a larger `rtol`, or events=False.",
                path,
            ) from again.cause
        return again.solution, tight

    events = find_events(dynamics, path.solution, rtol, window, tighter)
    dynamics.evaluations += sharper.evaluations
    return events


def _goal(group: Reservoirs, T: FloatArray, mu: FloatArray) -> State | None:
    """Return T_eq, mu_eq; None where fixed reservoirs differ."""
    state = common_state(group, T, mu)
    return None if np.isnan(state.T) else state
