"""What a run of wave functions needs to know."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import final

import numpy as np

from oqs.arguments import ComplexArray, FloatArray
from oqs.memory import require_memory
from thermo.stochastic.small.jump_table import IntArray
from thermo.stochastic.small.small_reservoir import SmallReservoir
from thermo.stochastic.wave_functions.jump_operators import JumpOperators

_BATCH = 1e8  # bytes of jump operators of the trajectories that are followed at once


@final
@dataclasses.dataclass(frozen=True, eq=False)
class WavePlan:
    """The jump operators, the reservoirs, and what to report.

    Parameters
    ----------
    jumps : the operators.
    basis : (D, D) columns that a start is drawn from, and the end for <e^{-R}>; energy basis.
    members : n reservoirs. T, mu : (n,) of their start.
    pairs : (q, 2) of reservoirs whose order is watched.
    below : (n,) temperatures whose first passage is watched; 0 for none.
    times : (k,) ascending. t_final : the end.
    entropic : whether occupations are.
    """

    jumps: JumpOperators
    basis: ComplexArray
    members: tuple[SmallReservoir, ...]
    T: FloatArray
    mu: FloatArray
    pairs: IntArray
    below: FloatArray
    times: FloatArray
    t_final: float
    entropic: bool

    @property
    def batch_length(self) -> int:
        """How many trajectories to follow in one go; what they are does not depend on it.

        Raises MemoryError where the jump operators of one would not fit.
        """
        jumps = self.jumps
        bytes_of_one = 16.0 * (jumps.operators + len(self.members) + 2) * jumps.states**2
        require_memory(
            bytes_of_one,
            f"The {jumps.operators} jump operators of a wave function on {jumps.states} states",
            "Follow a smaller system.",
        )
        return int(np.clip(_BATCH / bytes_of_one, 1, 512))


def wave_plan(
    jumps: JumpOperators,
    members: Sequence[SmallReservoir],
    start: tuple[FloatArray, FloatArray],
    below: FloatArray,
    times: FloatArray,
    t_final: float,
    entropic: bool,
) -> WavePlan:
    """Return the plan of a run that starts in an eigenstate."""
    pairs = list(itertools.combinations(range(len(members)), 2))
    return WavePlan(
        jumps,
        np.eye(jumps.states, dtype=np.complex128),
        tuple(members),
        *start,
        np.array(pairs, dtype=np.int64).reshape(-1, 2),
        below,
        times,
        t_final,
        entropic,
    )
