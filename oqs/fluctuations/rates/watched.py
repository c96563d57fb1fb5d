"""Waiting times of many states, whose rates are kept by particle number."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
import scipy.sparse as sp

from oqs.arguments import FloatArray
from oqs.fluctuations.rates.matrices import SectorMatrix
from oqs.fluctuations.waiting import Watched, evolved


@final
@dataclasses.dataclass(frozen=True, eq=False)
class WatchedSectors(Watched):
    """A rate equation without the watched jumps."""

    between: SectorMatrix
    # start, out, then: (D,) after a first jump, not normalised; rates of all and of the next ones
    start: FloatArray
    out: FloatArray
    then: FloatArray

    @property
    def rate(self) -> float:
        """How often the first jump happens."""
        return float(self.start.sum())

    def densities(self, times: FloatArray) -> FloatArray:
        """Return the density at times (m,)."""
        b = self.between.blocks
        rows = [[None] * len(b.members) for _ in b.members]
        for n, inside in enumerate(b.inside):
            rows[n][n] = sp.csr_array(inside)
        for n, (up, down) in enumerate(zip(b.up, b.down, strict=True)):
            rows[n + 1][n], rows[n][n + 1] = sp.csr_array(up), sp.csr_array(down)
        order = np.concatenate(b.members)
        generator = sp.csr_array(sp.block_array(rows)) - sp.diags_array(self.between.leaving[order])
        states = evolved(sp.csr_array(generator), self.start[order] / self.rate, times)
        return (states @ self.then[order]).real

    def moments(self) -> tuple[float, float]:
        """Return the expected times in each state, and those weighted with time, seen by J_b."""
        turned = self.between.transposed.factorised(self.out, np.ones(len(self.out)))
        stay = turned.solved(self.start / self.rate, transposed=True)
        again = turned.solved(stay, transposed=True)
        return float(self.then @ stay), float(self.then @ again)
