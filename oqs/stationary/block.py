"""Populations and the coherences between degenerate levels: the closed part of the generator."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np

from oqs.exports import exported
from oqs.generator.generator import Generator
from oqs.generator.model import Model
from oqs.numerics.blocks import labels_of_links
from oqs.numerics.clusters import IntArray
from oqs.stationary.coherent.coherent_sectors import CoherentSectorProblem, large_levels
from oqs.stationary.coherent.equations import Equations
from oqs.stationary.coherent.problem import GeneratorProblem
from oqs.stationary.method import StationaryMethod, StationaryProblem, davies_only
from oqs.stationary.rates.sectors import SectorProblem
from oqs.stationary.uniqueness import require_unique


@exported
@final
@dataclasses.dataclass(frozen=True)
class ZeroFrequencyBlock(StationaryMethod):
    """Solve for the matrix elements between states of equal particle number and energy.

    A Davies generator commutes with the free evolution, so it maps this block into itself, and its
    stationary state lies in it. Of the block only what populations can turn into is kept. Exact for
    every model; for levels without degeneracy it is the rate equation. States that the model's
    resolution counts as one level still precess at their energy differences.

    Coherences are eliminated first, the populations then without subtractions, both between states
    that diagonalise each level's jump rates where those differ much. Elements rho_ab come out to
    their own precision, relative to sqrt(rho_aa rho_bb), and flows to rounding of their contact's
    gross rate, at any temperature; a coherence that lives c times as long as its states costs c in
    this. Flows that are all below 256 eps c of the gross rates are not known from zero and are
    zero. Populations far below those that carry the flows may lose their own precision: a state is
    accepted if every contact's flow is known to 1e-11 of its gross rate. Blocks of 1000 elements or
    more are iterated, if that gives as much; populations then hold to 1e-13 in absolute terms, as
    they do beyond 1024 states.

    Examples
    --------
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> model = oqs.davies(oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]]), leads)
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> oqs.stationary_state(model, T, mu, method=oqs.ZeroFrequencyBlock()).residual < 1e-12
    True
    """

    def prepare(self, model: Model) -> StationaryProblem:
        """Build the block's generator; NonUniqueStationaryState if its kernel is not a line."""
        model = davies_only(model, self)
        require_unique(model)
        levels = large_levels(model)
        if levels is not None:
            rates = SectorProblem.of(model, self, levels.blocks)
            return CoherentSectorProblem(model, self, rates, levels) if levels.levels else rates
        whole = model.zero_frequency_generator
        linked = _linked(whole)
        generator = whole.restricted(linked[whole.row_state] == linked[whole.column_state])
        nothing = np.zeros(len(linked))
        return GeneratorProblem(model, self, Equations(model, generator, linked, linked, nothing))


def _linked(generator: Generator) -> IntArray:
    """Return the set (D,) of each state: populations turn into coherences within sets only."""
    reached = generator.reachable()
    ends = generator.row_state[reached], generator.column_state[reached]
    return labels_of_links(*ends, generator.dimension)
