"""The stationary weight of the eigenstates that a window leaves out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import FloatArray
from oqs.stationary.conserved.block_generator import BlockGenerator

_ENOUGH = 1e-4  # relative change of the weight at which it is taken
_SWEEPS = 1000


def dropped_weight(
    whole: BlockGenerator, kept: NDArray[np.bool_], populations: FloatArray
) -> float:
    """Return the weight of the states left out over that of all.

    The rate equation W p = 0 of all states is solved for those left out, with the populations of
    the others as they are: p_b = sum_a W_ba p_a / W_b by repeated sweeps. It says what the kept
    states would lose to them, whatever happens there.

    `whole`: the generator of all states. `kept` (D,): which states are kept, in the order of the
    generator's sectors. `populations` (D,): theirs, 0 where they are not kept; they add up to 1.
    """
    leaving = np.where(whole.leaving > 0, whole.leaving, np.inf)
    weight = 0.0
    p = populations.copy()
    for _ in range(_SWEEPS):
        p = np.where(kept, populations, whole.gained(p) / leaving)
        before, weight = weight, float(p[~kept].sum())
        if weight - before <= _ENOUGH * weight:
            break
    return weight / (1.0 + weight)
