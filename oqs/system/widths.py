"""The default resolution: how close eigenvalues count as degenerate, also beside far levels."""

from __future__ import annotations

import numpy as np

from oqs.arguments import FloatArray
from oqs.numerics.clusters import FINEST, RESOLUTION
from oqs.system.fock import Block

_FAR = 1e3  # in units of the smaller energies


def has_far_levels(energies: FloatArray) -> bool:
    """Whether the largest energy (D,) is a thousand times as large as the typical small ones."""
    return bool(np.max(np.abs(energies)) > _FAR * _near(np.abs(energies)))


def _near(sizes: FloatArray) -> float:
    """Return a typical small one of some sizes (D,): a far level is empty in few of the states."""
    few = min(1 + len(sizes) // 32, len(sizes) - 1)
    return float(np.partition(sizes, few)[few])


def default_widths(typical: FloatArray, scale: FloatArray) -> FloatArray:
    """Return what rounding leaves, 4e-14 of `scale`, and 1e-12 of how far states typically lie."""
    return RESOLUTION * typical + 4 * FINEST * scale


def widths_of_blocks(blocks: tuple[Block, ...]) -> FloatArray:
    """Return the default width (D,) of each eigenstate of some blocks of H."""
    size = sum(len(block.basis) for block in blocks)
    typical, scale = np.empty((2, size))
    for block in blocks:
        scale[block.states] = block.scale
        for own in np.unique(block.scale):
            part = block.scale == own
            distance = np.abs(block.energies[part] - np.median(block.energies[part]))
            typical[block.states][part] = np.median(distance)
    return default_widths(np.maximum(typical, _near(scale)), scale)
