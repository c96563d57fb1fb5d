"""Arrays of a trajectory's results, whose size does not depend on the number of jumps; extremes."""

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


@final
class Extremes:
    """Extremes, first passages and changes of order of a batch of trajectories so far.

    Parameters
    ----------
    run : what to look for. out : where it is written.
    """

    def __init__(self, run: RunPlan, out: Outcomes) -> None:
        self.run, self.out = run, out
        self.order = np.zeros((len(out.tally), len(run.pairs), 2), dtype=np.int64)

    def __call__(self, at: IntArray, here: FloatArray, t: FloatArray, j: IntArray) -> None:
        """Look at reservoirs j (m,) of trajectories `at` (m,) at times t (m,).

        Parameters
        ----------
        here : (3, m, n) S, T and mu of all reservoirs.
        """
        run, out, rows = self.run, self.out, np.arange(len(at))
        T = here[1, rows, j]
        coldest = out.coldest[at, j]
        lower = coldest[:, 0] > T
        coldest[lower, 0], coldest[lower, 1] = T[lower], t[lower]
        passing = lower & (run.below[j] > T) & (coldest[:, 2] == np.inf)
        coldest[passing, 2] = t[passing]
        out.coldest[at, j] = coldest
        for q, (a, b) in enumerate(run.pairs.tolist()):
            concerned = (j == a) | (j == b)
            for kind in range(2):
                now = np.sign(here[1 + kind, :, a] - here[1 + kind, :, b]).astype(int)
                flipped = concerned & (now * self.order[at, q, kind] < 0)
                which = at[flipped]
                out.flips[which, q, kind] += 1
                out.first_flip[which, q, kind] = np.minimum(
                    out.first_flip[which, q, kind], t[flipped]
                )
                changed = concerned & (now != 0)
                self.order[at[changed], q, kind] = now[changed]
