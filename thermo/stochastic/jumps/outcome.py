"""Arrays of a trajectory's results, whose size does not depend on the number of jumps."""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np

from oqs.arguments import FloatArray
from thermo.stochastic.small.jump_table import IntArray
from thermo.stochastic.small.run_plan import RunPlan


@final
class Outcomes(NamedTuple):
    """Columns of M trajectories, to k times, n reservoirs, q pairs of them."""

    lost: IntArray  # (M, k, n) particles that each reservoir has lost at the times
    released: FloatArray  # energies
    state: IntArray  # (M, k) eigenstate at the times
    end_lost: IntArray  # (M, n) at t_final
    end_released: FloatArray  # (M, n) at t_final
    # (M, 3) number of jumps; eigenstate at t_final; reservoir that came to a state without T, where
    # the trajectory ends, or -1
    tally: IntArray
    # (M, n) times that the system stood where the reservoir closed one of its jumps
    closed: IntArray
    # (M, n, 3) lowest T; its time; first time below the temperature asked for, or infinity
    coldest: FloatArray
    flips: IntArray  # (M, q, 2) how often the order of T, and that of mu, changed
    first_flip: FloatArray  # (M, q, 2) when first; infinite if never
    jump: IntArray  # (M, r) the first r jumps, as entries of the plan
    jump_time: FloatArray  # (M, r) their times


def blank(run: RunPlan, count: int, recorded: int = 0) -> Outcomes:
    """Return columns for so many trajectories and recorded jumps, to be filled in."""
    k, n, q = len(run.times), len(run.members), len(run.pairs)

    def whole(*shape: int) -> IntArray:
        return np.zeros((count, *shape), dtype=np.int64)

    return Outcomes(
        lost=whole(k, n),
        released=np.zeros((count, k, n)),
        state=whole(k),
        end_lost=whole(n),
        end_released=np.zeros((count, n)),
        tally=whole(3),
        closed=whole(n),
        coldest=np.full((count, n, 3), np.inf),
        flips=whole(q, 2),
        first_flip=np.full((count, q, 2), np.inf),
        jump=whole(recorded),
        jump_time=np.zeros((count, recorded)),
    )
