"""The jumps of a run as arrays."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import FloatArray
from thermo.stochastic.small.jump_table import IntArray, JumpTable
from thermo.stochastic.small.run_plan import RunPlan


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """Every jump of every eigenstate, and the run."""

    run: RunPlan  # reservoirs, and what to report
    first: IntArray  # (D + 1,) where the jumps out of each eigenstate begin in the next five
    target: IntArray  # (J,) eigenstate
    reservoir: IntArray  # (J,)
    sign: IntArray  # (J,) +1 where the reservoir loses
    moves: IntArray  # (J,) particles that it loses: `sign`, or 0 where bosons bring energy alone
    slot: IntArray  # (J,) a number for each different (reservoir, w, sign)
    reverse: IntArray  # (slots,) that of the way back
    frequency: FloatArray  # (J,) w, units of energy
    rate: FloatArray  # (J,) gamma |<|S|>|^2, units of energy

    @property
    def out(self) -> IntArray:
        """Jumps out of each eigenstate (D, most), -1 where there are fewer."""
        lengths = np.diff(self.first)
        places = np.arange(int(lengths.max()))
        return np.where(places < lengths[:, None], self.first[:-1, None] + places, -1)


def make_plan(table: JumpTable, run: RunPlan) -> Plan:
    """Return the plan of a run from eigenstate to eigenstate."""
    lines = len(table.lower)
    source = np.concatenate([table.lower, table.upper])
    order = np.argsort(source, kind="stable")
    sign = np.repeat([1, -1], lines)[order]
    reservoir, frequency = np.tile(table.reservoir, 2)[order], np.tile(table.frequency, 2)[order]
    kinds, slot = _slots(reservoir, frequency, sign)
    places = {kind: place for place, kind in enumerate(kinds)}
    return Plan(
        run,
        first=np.searchsorted(source[order], np.arange(table.states + 1)),
        target=np.concatenate([table.upper, table.lower])[order],
        reservoir=reservoir,
        sign=sign,
        moves=sign * table.moves[reservoir],
        slot=slot,
        reverse=np.array([places[j, w, -s] for j, w, s in kinds], dtype=np.int64),
        frequency=frequency,
        rate=np.tile(table.rate, 2)[order],
    )


def _slots(
    reservoir: IntArray, frequency: FloatArray, sign: IntArray
) -> tuple[list[tuple[int, float, int]], NDArray[np.int64]]:
    """Return the different (reservoir, w, sign), and which of them each jump is."""
    rows = list(zip(reservoir.tolist(), frequency.tolist(), sign.tolist(), strict=True))
    kinds = sorted(set(rows))
    places = {kind: place for place, kind in enumerate(kinds)}
    return kinds, np.array([places[row] for row in rows], dtype=np.int64)
