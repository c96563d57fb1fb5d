"""The jump operators of a run of wave functions, and how many trajectories fit into memory."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np

from oqs.arguments import ComplexArray
from oqs.memory import require_memory
from thermo.stochastic.small.run_plan import RunPlan
from thermo.stochastic.wave_functions.jump_operators import JumpOperators

_BATCH = 1e8  # bytes of jump operators of the trajectories that are followed at once


@final
@dataclasses.dataclass(frozen=True, eq=False)
class WavePlan:
    """The jump operators, and the run."""

    run: RunPlan  # reservoirs, and what to report
    jumps: JumpOperators  # the operators
    # (D, D) columns that a start is drawn from, and the end for <e^{-R}>; energy basis
    basis: ComplexArray

    @property
    def batch_length(self) -> int:
        """How many trajectories to follow in one go; what they are does not depend on it.

        Raises MemoryError where the jump operators of one would not fit.
        """
        jumps = self.jumps
        bytes_of_one = 16.0 * (jumps.operators + len(self.run.members) + 2) * jumps.states**2
        require_memory(
            bytes_of_one,
            f"The {jumps.operators} jump operators of a wave function on {jumps.states} states",
            "Follow a smaller system.",
        )
        return int(np.clip(_BATCH / bytes_of_one, 1, 512))


def wave_plan(jumps: JumpOperators, run: RunPlan) -> WavePlan:
    """Return the plan of a run that starts in an eigenstate."""
    return WavePlan(run, jumps, np.eye(jumps.states, dtype=np.complex128))
