"""Extremes, first passages and changes of order along trajectories that are followed in step."""

from __future__ import annotations

from typing import final

import numpy as np

from oqs.arguments import FloatArray
from thermo.stochastic.jumps.outcome import Outcomes
from thermo.stochastic.small.jump_table import IntArray
from thermo.stochastic.small.run_plan import RunPlan


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
