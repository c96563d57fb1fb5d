"""Trajectories of wave functions, by their numbers."""

from __future__ import annotations

import dataclasses
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from thermo.stochastic.jumps.jump_path import JumpPath, followed_path
from thermo.stochastic.jumps.outcome import Outcomes, blank
from thermo.stochastic.jumps.preparation import Preparation, Start
from thermo.stochastic.jumps.random_numbers import keys
from thermo.stochastic.small.run_plan import RunPlan
from thermo.stochastic.wave_functions.wave_plan import WavePlan
from thermo.stochastic.wave_functions.wave_walk import Recorded, WaveWalk, recorded


@final
@dataclasses.dataclass(frozen=True, eq=False)
class WaveRuns:
    """Some trajectories of one run; a call computes those from `begin` on."""

    plan: WavePlan  # the jumps
    preparation: Preparation  # of the start, on the columns of plan.basis
    seed: int  # of the run

    @property
    def run(self) -> RunPlan:
        """The reservoirs, and what to report."""
        return self.plan.run

    @property
    def batch_length(self) -> int:
        """How many trajectories to follow in one go; what they are does not depend on it."""
        return self.plan.batch_length

    def __call__(self, begin: int, count: int) -> dict[str, NDArray[Any]]:
        """Return the columns of `Outcomes` and of the starts, by name."""
        outcomes, (state, lost, released), _ = self.followed(begin, count, 0)
        start = {"start_state": state, "start_lost": lost, "start_released": released}
        return {**outcomes._asdict(), **start}

    def followed(self, begin: int, count: int, jumps: int) -> tuple[Outcomes, Start, Recorded]:
        """Return the outcomes, the starts, and so many jumps of each trajectory."""
        random = keys(self.seed, begin, count)
        start = self.preparation.draw(random)
        outcomes, record = blank(self.plan.run, count), recorded(self.plan, count, jumps)
        WaveWalk(self.plan, random, start, outcomes, record).run()
        return outcomes, start, record

    def path(self, number: int, jumps: int, names: tuple[str, ...]) -> JumpPath:
        """Return trajectory `number`, which has so many jumps, whole."""
        _, (state, lost, released), record = self.followed(number, 1, jumps)
        operators, operator = self.plan.jumps, record.operator[0]
        reservoir = operators.reservoir[operator]
        steps = np.zeros((jumps + 1, len(names)))
        steps[0] = lost[0]
        steps[np.arange(jumps) + 1, reservoir] = operators.moves[operator]
        first = np.argmax(np.abs(self.plan.basis[:, state]), axis=0)
        return followed_path(
            self.plan.run.members,
            record.time[0],
            np.cumsum(steps, axis=0),
            np.concatenate([released, record.released[0]]),
            np.concatenate([first, record.state[0]]),
            reservoir,
            names,
        )
