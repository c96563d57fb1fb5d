"""What every run of small reservoirs needs to know, whatever moves the system."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Self, final

import numpy as np

from oqs.arguments import FloatArray
from thermo.stochastic.small.jump_table import IntArray
from thermo.stochastic.small.small_reservoir import SmallReservoir


@final
@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class RunPlan:
    """The reservoirs, and what to report."""

    members: tuple[SmallReservoir, ...]  # n reservoirs
    T: FloatArray  # (n,) of their start
    mu: FloatArray  # (n,) of their start
    pairs: IntArray  # (q, 2) of reservoirs whose order is watched
    below: FloatArray  # (n,) temperatures whose first passage is watched; 0 for none
    times: FloatArray  # (k,) ascending
    t_final: float  # the end
    entropic: bool  # whether occupations are

    @classmethod
    def of(
        cls,
        members: Sequence[SmallReservoir],
        start: tuple[FloatArray, FloatArray],
        below: FloatArray,
        times: FloatArray,
        t_final: float,
        entropic: bool,
    ) -> Self:
        """Return the plan of a run from T, mu `start` that watches every pair of reservoirs."""
        pairs = list(itertools.combinations(range(len(members)), 2))
        return cls(
            members=tuple(members),
            T=start[0],
            mu=start[1],
            pairs=np.array(pairs, dtype=np.int64).reshape(-1, 2),
            below=below,
            times=times,
            t_final=t_final,
            entropic=entropic,
        )
