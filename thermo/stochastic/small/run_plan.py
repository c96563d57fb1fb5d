"""The parameters of a run of small reservoirs: start, times, thresholds, occupations."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from typing import final

import numpy as np

from oqs.arguments import FloatArray
from thermo.stochastic.small.jump_table import IntArray
from thermo.stochastic.small.pair_rates import PairRates
from thermo.stochastic.small.small_reservoir import SmallReservoir


@final
@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class RunPlan:
    """The reservoirs, and what to report."""

    members: tuple[SmallReservoir, ...]  # n reservoirs
    rates: PairRates  # of their contacts
    T: FloatArray  # (n,) of their start
    mu: FloatArray  # (n,) of their start
    below: FloatArray  # (n,) temperatures whose first passage is watched; 0 for none
    times: FloatArray  # (k,) ascending
    t_final: float  # the end
    entropic: bool  # whether occupations are

    @functools.cached_property
    def pairs(self) -> IntArray:
        """All pairs (q, 2) of reservoirs: their order is watched."""
        pairs = list(itertools.combinations(range(len(self.members)), 2))
        return np.array(pairs, dtype=np.int64).reshape(-1, 2)
