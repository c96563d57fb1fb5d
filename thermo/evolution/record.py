"""From a solution y(t) to the trajectory's tables, ending where law and gases still hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, final

from oqs.arguments import FloatArray
from oqs.flows import Flows
from thermo.evolution.dynamics import ReservoirDynamics
from thermo.evolution.exchanged import totals
from thermo.evolution.integration import STAGES, Integration
from thermo.evolution.trajectory import Trajectory
from thermo.numerics.collocation import radau
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
