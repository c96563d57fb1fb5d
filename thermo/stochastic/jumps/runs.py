"""Batches of trajectories: on one process, several, or a cluster; kept as they come."""

from __future__ import annotations

import abc
import concurrent.futures
import contextlib
import dataclasses
import importlib.util
import os
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from oqs.version import __version__
from thermo.progress import ProgressBar
from thermo.stochastic.jumps.jump_path import JumpPath, followed_path
from thermo.stochastic.jumps.lockstep import run_in_step
from thermo.stochastic.jumps.outcome import Outcomes, blank
from thermo.stochastic.jumps.plan import Plan
from thermo.stochastic.jumps.preparation import Preparation, Start
from thermo.stochastic.jumps.random_numbers import keys
from thermo.stochastic.small.run_plan import RunPlan
from thermo.stochastic.small.small_reservoir import BoseReservoir, FixedReservoir, ScaledReservoir
from thermo.sweeps.executors import Cluster, check_executor, evaluated
from thermo.sweeps.identity import identify
from thermo.sweeps.outcome import point_key
from thermo.sweeps.store import open_store

_JUMPS = 2e6  # of a batch, about: a second or less, after which Ctrl-C is heard
_LARGEST = 4096  # trajectories of a batch
_NARROW = 512  # trajectories below which numpy's calls, not their work, take the time

Executor = int | concurrent.futures.Executor | Cluster | None
Arrays = dict[str, NDArray[Any]]


class Runs(abc.ABC):
    """Trajectories by their numbers, of populations or of wave functions; a call does a batch.

    `seed` of the run, `preparation` of the start, `run`: the reservoirs, and what to report.
    """

    seed: int
    preparation: Preparation

    @property
    @abc.abstractmethod
    def run(self) -> RunPlan:
        """The reservoirs, and what to report."""

    @property
    @abc.abstractmethod
    def batch_length(self) -> int:
        """How many trajectories to follow in one go; what they are does not depend on it."""

    @abc.abstractmethod
    def followed(self, begin: int, count: int, recorded: int) -> tuple[Any, ...]:
        """Return the outcomes, with so many jumps of each trajectory recorded, and the starts."""

    @abc.abstractmethod
    def path(self, number: int, jumps: int, names: tuple[str, ...]) -> JumpPath:
        """Return trajectory `number`, which has so many jumps, whole."""

    def __call__(self, begin: int, count: int) -> Arrays:
        """Return the columns of `Outcomes` and of the starts, by name, from `begin` on."""
        outcomes, (state, lost, released), *_ = self.followed(begin, count, 0)
        start = {"start_state": state, "start_lost": lost, "start_released": released}
        return {**outcomes._asdict(), **start}


@final
@dataclasses.dataclass(frozen=True, eq=False)
class JumpRuns(Runs):
    """Trajectories from eigenstate to eigenstate."""

    plan: Plan  # the jumps
    preparation: Preparation
    seed: int

    def followed(self, begin: int, count: int, recorded: int) -> tuple[Outcomes, Start]:
        """Return the outcomes, with so many jumps of each trajectory recorded, and the starts."""
        random = keys(self.seed, begin, count)
        start = self.preparation.draw(random)
        outcomes = blank(self.plan.run, count, recorded)
        if compiled(self.plan):
            from thermo.stochastic.jumps.kernel import run_compiled  # numba takes a while to import

            run_compiled(self.plan, random, *start, outcomes)
        else:
            run_in_step(self.plan, random, *start, outcomes)
        return outcomes, start

    @property
    def run(self) -> RunPlan:
        """The reservoirs, and what to report."""
        return self.plan.run

    @property
    def batch_length(self) -> int:
        """How many trajectories to follow in one go; what they are does not depend on it."""
        plan, rate = self.plan, self.plan.rate.copy()
        for j in plan.run.rates.varying:
            mine = plan.reservoir == j
            rate[mine] *= plan.run.rates.at(j, plan.frequency[mine], plan.run.T[j], plan.run.mu[j])
        fastest = max(float(part.sum()) for part in np.split(rate, plan.first[1:-1]))
        narrow = 1 if compiled(plan) else _NARROW
        return int(np.clip(_JUMPS / (1 + fastest * plan.run.t_final), narrow, _LARGEST))

    def path(self, number: int, jumps: int, names: tuple[str, ...]) -> JumpPath:
        """Return trajectory `number`, which has so many jumps, whole."""
        outcomes, (state, lost, released) = self.followed(number, 1, jumps)
        plan, jump = self.plan, outcomes.jump[0]
        steps, quanta = np.zeros((2, jumps + 1, len(names)))
        steps[0], quanta[0] = lost[0], released[0]
        moved = np.arange(jumps) + 1, plan.reservoir[jump]
        steps[moved] = plan.moves[jump]
        quanta[moved] = plan.sign[jump] * plan.frequency[jump]
        return followed_path(
            plan.run.members,
            outcomes.jump_time[0],
            np.cumsum(steps, axis=0),
            np.cumsum(quanta, axis=0),
            np.concatenate([state, plan.target[jump]]),
            plan.reservoir[jump],
            names,
        )


def compiled(plan: Plan) -> bool:
    """Say whether numba is there and reservoirs and rates such that it can follow them."""
    kinds = ScaledReservoir | FixedReservoir | BoseReservoir
    known = all(isinstance(member, kinds) for member in plan.run.members)
    return known and not plan.run.rates.varying and importlib.util.find_spec("numba") is not None


def run(
    runs: Runs,
    trajectories: int,
    executor: Executor,
    store: str | os.PathLike[str] | None,
    progress: bool | None,
) -> tuple[dict[int, Arrays], bool]:
    """Return the batches by where they begin, and whether Ctrl-C came before the last.

    Raises
    ------
    TypeError, ValueError
        for an executor or a store that is none, or of another run.
    RuntimeError
        if a batch fails.
    """
    check_executor(executor, runs, None)
    length = runs.batch_length
    points = [
        {"begin": begin, "count": min(length, trajectories - begin)}
        for begin in range(0, trajectories, length)
    ]
    names = [point_key(point) for point in points]
    batches: dict[int, Arrays] = {}
    with (
        open_store(store, identify(runs, None, stored=store is not None)) as kept,
        ProgressBar(f"following {trajectories} trajectories", progress) as bar,
    ):
        known = {} if kept is None else kept.read()
        for point, name in zip(points, names, strict=True):
            if name in known and known[name].values is not None:
                batches[point["begin"]] = dict(known[name].values or {})
        wanted = [i for i, point in enumerate(points) if point["begin"] not in batches]
        try:
            with contextlib.closing(evaluated(runs, points, wanted, executor, None)) as coming:
                for index, outcome in coming:
                    if outcome.values is None:
                        raise RuntimeError(
                            f"Trajectories from {points[index]['begin']} on failed: "
                            f"{outcome.error}."
                        )
                    if kept is not None:
                        kept.write(names[index], outcome._replace(version=__version__))
                    batches[points[index]["begin"]] = dict(outcome.values)
                    bar.update(len(batches) / len(points))
        except KeyboardInterrupt:
            if not batches:
                raise
            return batches, True
    return batches, False
