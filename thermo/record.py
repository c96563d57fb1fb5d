"""From a solution y(t) to the trajectory's tables, ending where law and gases still hold."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from oqs.arguments import FloatArray
from oqs.closed_form import ClosedForm
from oqs.flows import Flows
from thermo.integration import Integration
from thermo.slow_flow import SlowFlow
from thermo.trajectory import State, Trajectory


def valid_part(slow: SlowFlow, run: Integration) -> Integration:
    """Return the run up to the last step at which every gas accepts the state.

    A solver's trial steps may leave a gas's validity and come back; its accepted steps may not.
    """
    T, mu = slow.unpack(run.solution.ends)
    try:
        slow.reservoirs.check(T, mu)
    except ValueError as error:
        good = _first_refused(slow, T, mu)
        reason = f"After t = {run.solution.t[good - 1]:.9g} a gas no longer holds: {error}"
        return Integration(run.solution.steps(good), "failed", reason, error)
    return run


def _first_refused(slow: SlowFlow, T: FloatArray, mu: FloatArray) -> int:
    for k in range(len(T)):
        try:
            slow.reservoirs.check(T[k], mu[k])
        except ValueError:
            return k
    return len(T)


def with_flows(slow: SlowFlow, run: Integration) -> tuple[Integration, Flows]:
    """Return the flows (m, n) at the run's m steps, and the run, cut where the law fails."""
    T, mu = slow.unpack(run.solution.ends)
    if isinstance(slow.law, ClosedForm):  # takes all steps at once
        slow.evaluations += len(T)
        return run, slow.law(T, mu)
    flows: list[Flows] = []
    for k in range(len(T)):
        try:
            flows.append(slow.flows(T[k], mu[k]))
        except Exception as error:
            if run.outcome != "failed":
                reason = f"{type(error).__name__} after t = {run.solution.t[k - 1]:.9g}: {error}"
                run = Integration(run.solution, "failed", reason, error)
            run = run._replace(solution=run.solution.steps(k))
            break
    parts = [np.stack([getattr(f, name) for f in flows]) for name in ("particle", "energy", "heat")]
    return run, Flows(*parts)


def tabulate(
    slow: SlowFlow,
    run: Integration,
    flows: Flows,
    goal: State | None,
    parameters: Mapping[str, float | str | None],
) -> Trajectory:
    """Return the trajectory of a run, its events not yet looked for."""
    T, mu = slow.unpack(run.solution.ends)
    state = slow.reservoirs.state(T, mu)
    return Trajectory(
        t=run.solution.t,
        T=T,
        mu=mu,
        N=state.number,
        E=state.energy,
        entropy=state.entropy,
        flows=flows,
        outcome=run.outcome,
        equilibrium=goal,
        found=None,
        names=slow.reservoirs.names,
        gases=tuple(member.gas for member in slow.reservoirs),
        capacities=slow.reservoirs.capacities,
        parameters=parameters,
        evaluations=slow.evaluations,
        solution=run.solution,
    )


@functools.cache
def package_version() -> str:
    """Return the version of this package; looking it up takes a millisecond, once."""
    try:
        return version("oqs-thermo")
    except PackageNotFoundError:
        return "not installed"
