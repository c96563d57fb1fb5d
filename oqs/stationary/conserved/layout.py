"""Where the blocks of a density matrix stand in one vector of elements."""

from __future__ import annotations

import itertools
from typing import final

import numpy as np
import scipy.sparse as sp

from oqs.arguments import FloatArray
from oqs.stationary.conserved.storage import Block, ComplexStorage, RealStorage, Storage
from oqs.transitions.channel_blocks import ChannelBlocks


@final
class Layout:
    """The elements (P,) of a density matrix, sector after sector, each block (d, d) by rows.

    `blocks`: the sectors.
    """

    def __init__(self, blocks: ChannelBlocks) -> None:
        self.blocks = blocks
        self.storage: Storage = RealStorage() if blocks.real else ComplexStorage()
        self.sizes = [len(sector.states) for sector in blocks.sectors]
        self._ends = np.cumsum([0, *(size**2 for size in self.sizes)]).tolist()
        self.slices = [slice(*ends) for ends in itertools.pairwise(self._ends)]
        begins = np.repeat(self._ends[:-1], self.sizes)
        width = np.repeat(self.sizes, self.sizes)
        rank = np.concatenate([np.arange(size) for size in self.sizes])
        self._diagonal = begins + rank * (width + 1)

    @property
    def size(self) -> int:
        """Number P of elements."""
        return int(self._ends[-1])

    def split(self, x: Block) -> list[Block]:
        """View elements (P,) as the blocks of the sectors."""
        return [
            x[here].reshape(size, size) for here, size in zip(self.slices, self.sizes, strict=True)
        ]

    def populations(self, x: Block) -> FloatArray:
        """Return the populations (d,) of elements (P,), sector after sector."""
        return x[self._diagonal].real

    def set_populations(self, x: Block, populations: FloatArray) -> None:
        """Set the populations (d,) of elements (P,)."""
        x[self._diagonal] = populations

    def of_populations(self, populations: FloatArray) -> Block:
        """Return the elements (P,) of a state without coherences."""
        x = np.zeros(self.size, dtype=self.storage.dtype)
        self.set_populations(x, populations)
        return x

    def matrix(self, x: Block) -> sp.csr_array:
        """Return the density matrix (D, D) in the energy basis."""
        parts = [self.storage.matrix(block) for block in self.split(x)]
        states = [sector.states for sector in self.blocks.sectors]
        rows = np.concatenate([np.repeat(own, len(own)) for own in states])
        columns = np.concatenate([np.tile(own, len(own)) for own in states])
        values = np.concatenate([part.ravel() for part in parts])
        shape = (self.blocks.dimension,) * 2
        return sp.csr_array(sp.coo_array((values, (rows, columns)), shape=shape))
