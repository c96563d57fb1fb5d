"""Trajectories of wave functions, by their numbers."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np

from thermo.stochastic.jumps.jump_path import JumpPath, followed_path
from thermo.stochastic.jumps.outcome import Outcomes, blank
from thermo.stochastic.jumps.preparation import Preparation, Start
from thermo.stochastic.jumps.random_numbers import keys
from thermo.stochastic.jumps.runs import Runs
from thermo.stochastic.small.run_plan import RunPlan
from thermo.stochastic.wave_functions.jump_operators import WavePlan
from thermo.stochastic.wave_functions.wave_walk import Recorded, WaveWalk, blank_record


@final
@dataclasses.dataclass(frozen=True, eq=False)
class WaveRuns(Runs):
    """Trajectories of wave functions."""

    plan: WavePlan  # the jumps
    preparation: Preparation  # on the columns of plan.basis
    seed: int

    @property
    def run(self) -> RunPlan:
        """The reservoirs, and what to report."""
        return self.plan.run

    @property
    def batch_length(self) -> int:
        """How many trajectories to follow in one go; what they are does not depend on it."""
        return self.plan.batch_length

    def followed(self, begin: int, count: int, recorded: int) -> tuple[Outcomes, Start, Recorded]:
        """Return the outcomes, the starts, and so many jumps of each trajectory."""
        random = keys(self.seed, begin, count)
        start = self.preparation.draw(random)
        outcomes, record = blank(self.plan.run, count), blank_record(self.plan, count, recorded)
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
