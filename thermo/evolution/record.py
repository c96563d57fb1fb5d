"""From a solution y(t) to the trajectory's tables, ending where law and gases still hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, final

import numpy as np

from oqs.arguments import FloatArray
from oqs.flows import Flows
from thermo.evolution.dynamics import ReservoirDynamics
from thermo.evolution.integration import STAGES, Integration
from thermo.evolution.trajectory import Trajectory
from thermo.gases.base import GasState
from thermo.numerics.collocation import Collocation, radau
from thermo.reservoirs.reservoir import Reservoirs
from thermo.reservoirs.state import State


@final
class Table(NamedTuple):
    """A run with what law and gases say along it."""

    # the integration, cut short and "failed" where the law or a gas refuses a state
    run: Integration
    t: FloatArray  # (m,) the stages of every step
    T: FloatArray  # (m, n) the states there
    mu: FloatArray  # (m, n) the states there
    flows: Flows  # (m, n)


def tabulate(dynamics: ReservoirDynamics, run: Integration) -> Table:
    """Return the states and flows at the solver's points, as far as they are good.

    A solver's trial states may leave a gas's validity and come back; those of a trajectory not.
    """
    times = run.solution.grid(radau(STAGES).nodes)
    T, mu = dynamics.unpack(run.solution.at(times))
    try:
        dynamics.reservoirs.check(T, mu)
        return Table(run, times, T, mu, dynamics.flows(T, mu))
    except Exception:
        return _good_part(dynamics, run, times)


def _good_part(dynamics: ReservoirDynamics, run: Integration, times: FloatArray) -> Table:
    """Return the table up to the last state before the first that is refused."""
    flows: list[Flows] = []
    for t in times:
        T, mu = dynamics.unpack(run.solution.at(t))
        try:
            dynamics.reservoirs.check(T, mu)
            flows.append(dynamics.flows(T, mu))
        except Exception as error:
            last = times[len(flows) - 1]
            reason = f"{type(error).__name__} after t = {last:.9g}: {error}"
            run = Integration(run.solution.until(last), "failed", reason, error)
            break
    times = times[: len(flows)]
    T, mu = dynamics.unpack(run.solution.at(times))
    return Table(run, times, T, mu, Flows.stacked(flows))


def trajectory(
    dynamics: ReservoirDynamics,
    table: Table,
    goal: State | None,
    parameters: Mapping[str, float | str | None],
) -> Trajectory:
    """Return the trajectory of a table, its events not yet looked for."""
    group = dynamics.reservoirs
    state = totals(group, radau(STAGES), table.t, table.T, table.mu, table.flows)
    return Trajectory(
        t=table.t,
        T=table.T,
        mu=group.shown(table.mu),
        N=state.number,
        E=state.energy,
        entropy=state.entropy,
        flows=table.flows.named(group.names),
        outcome=table.run.outcome,
        equilibrium=goal,
        event_list=None,
        names=group.names,
        gases=tuple(member.gas for member in group),
        capacities=group.capacities,
        parameters=parameters,
        evaluations=dynamics.evaluations,
        solution=table.run.solution,
        law=dynamics.law,
    )


def gains(
    method: Collocation, t: FloatArray, T: FloatArray, flows: Flows
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the gains -int P dt, -int J dt, -int Y/T dt (m, n) since t[0] of every reservoir.

    By the quadrature of the collocation itself, with which the other reservoirs have changed.

    Parameters
    ----------
    t : (m,) the start and the nodes of every step of `method`; of a run that failed, some of them.
    T, flows : (m, n) there.
    """
    stages = len(method.nodes)
    steps = (len(t) - 1) // stages
    whole = steps * stages + 1
    h = np.diff(t[:whole:stages])
    integrals = []
    for rate in (flows.particle, flows.energy, flows.heat / T):
        nodes = rate[1:whole].reshape(steps, stages, rate.shape[1])
        within = h[:, None, None] * (method.matrix @ nodes)
        before = np.cumsum(within[:, -1], axis=0) - within[:, -1]
        inside = (before[:, None] + within).reshape(whole - 1, rate.shape[1])
        total = np.concatenate([np.zeros_like(rate[:1]), inside])
        rest = np.diff(t[whole - 1 :])[:, None] * (rate[whole - 1 : -1] + rate[whole:]) / 2
        integrals.append(-np.concatenate([total, total[-1] + np.cumsum(rest, axis=0)]))
    return integrals[0], integrals[1], integrals[2]


def totals(
    reservoirs: Reservoirs,
    method: Collocation,
    t: FloatArray,
    T: FloatArray,
    mu: FloatArray,
    flows: Flows,
) -> GasState:
    """Return N, E, S (m, n) along a run: of fixed reservoirs what they have gained since t[0]."""
    state = reservoirs.state(T, mu)
    if not reservoirs.fixed.any():
        return state
    number, energy, entropy = (
        np.where(reservoirs.fixed, gained, own)
        for gained, own in zip(gains(method, t, T, flows), state[:3], strict=True)
    )
    return GasState(number, energy, entropy, state.jacobian)
