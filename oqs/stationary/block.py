"""Populations and the coherences between degenerate levels: the closed part of the generator."""

from __future__ import annotations

import dataclasses
from typing import final

from oqs.davies import DaviesModel
from oqs.stationary.coherent_sectors import CoherentSectorProblem
from oqs.stationary.method import StationaryMethod, StationaryProblem
from oqs.stationary.problem import GeneratorProblem
from oqs.stationary.sectors import SectorProblem
from oqs.stationary.uniqueness import require_unique
from oqs.transitions import SectorBlocks

_ONE_MATRIX = 1024  # states up to which populations and coherences are equations of one matrix


@final
@dataclasses.dataclass(frozen=True)
class ZeroFrequencyBlock(StationaryMethod):
    """Solve for the matrix elements between states of equal particle number and energy.

    A Davies generator commutes with the free evolution, so it maps this block into itself, and its
    stationary state lies in it. Of the block only what populations can turn into is kept. Exact for
    every model; for levels without degeneracy it is the rate equation. States that the model's
    resolution counts as one level still turn at their energy differences.
    """

    def prepare(self, model: DaviesModel) -> StationaryProblem:
        """Build the block's generator; NonUniqueStationaryState if its kernel is not a line."""
        require_unique(model)
        levels, blocks = model.level_coherences, model.transitions
        if (
            levels is not None
            and isinstance(blocks, SectorBlocks)
            and blocks.dimension > _ONE_MATRIX
        ):
            return CoherentSectorProblem(model, self, SectorProblem.of(model, self, blocks), levels)
        whole = model.zero_frequency_generator
        generator = whole.restricted(whole.reachable())
        return GeneratorProblem(model, self, generator, model.turning(generator))
