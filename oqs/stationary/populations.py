"""The rate equation of the energy eigenstates' populations."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np

from oqs.davies import DaviesModel
from oqs.errors import NonUniqueStationaryState
from oqs.stationary import parity, small
from oqs.stationary.krylov import KrylovProblem
from oqs.stationary.method import StationaryMethod, StationaryProblem
from oqs.stationary.sectors import SectorProblem
from oqs.stationary.uniqueness import require_unique
from oqs.transitions import Flips

_ELIMINATED = 10  # modes; with more, occupation eigenstates are iterated without a matrix


@final
@dataclasses.dataclass(frozen=True)
class Populations(StationaryMethod):
    """Solve the rate equation W p = 0 of the populations p of the energy eigenstates.

    W_ab = sum_j gamma_j n_j |<a| S_a(w) |b>|^2 and its reverse with 1 - n_j. Exact where no contact
    links populations to coherences between degenerate levels. Eliminated by particle number to full
    relative accuracy of every population, however small: nothing is subtracted. (Below 1e-150 one
    that hangs on products of rates below the smallest double is lost.) 4000 states or more
    are iterated by particle number, equally without subtractions, to 1e-11 of every population, and
    eliminated where that is not reached (`oqs.stationary.aggregation`). More than 10 modes whose
    occupations are eigenstates (quadratic systems, densities without tunnelling) are iterated
    without a matrix, to 1e-12 in absolute terms.
    """

    def prepare(self, model: DaviesModel) -> StationaryProblem:
        """Take the transitions.

        Raises
        ------
        ValueError
            if a contact links populations to coherences between degenerate levels.
        NonUniqueStationaryState
            if the contacts leave several sets of states unconnected.
        """
        coherent = coherences_reached(model)
        if coherent:
            raise ValueError(
                f"Populations() must have no coherences to follow, but {coherent} matrix elements "
                "between degenerate levels are driven by a contact of this system. Use "
                "ZeroFrequencyBlock() or FullLiouvillian()."
            )
        transitions = model.transitions
        if isinstance(transitions, Flips):
            _require_connected_flips(model, transitions)
            if transitions.modes > _ELIMINATED:
                return KrylovProblem(model, self, transitions)
            blocks = transitions.blocks()
        else:
            blocks = transitions
            if model.level_coherences is not None and model.level_coherences.levels:
                require_unique(model)
            elif blocks.components > 1:
                raise NonUniqueStationaryState(
                    blocks.components,
                    f"The energy eigenstates fall into {blocks.components} sets with no transition "
                    "between them: couple every mode, or leave the isolated ones out.",
                )
        if blocks.dimension <= small.LARGEST:
            return small.SmallProblem.of(model, self, blocks)
        if blocks.dimension <= parity.LARGEST:
            return parity.ParityProblem.of(model, self, blocks)
        return SectorProblem.of(model, self, blocks)


def coherences_reached(model: DaviesModel) -> int:
    """Return how many matrix elements between degenerate levels the populations turn into."""
    if not model.transitions.ambiguous:
        return 0
    levels = model.level_coherences
    if levels is not None:
        return levels.driven
    generator = model.zero_frequency_generator
    return int(generator.reachable().sum()) - len(generator.diagonal)


def _require_connected_flips(model: DaviesModel, flips: Flips) -> None:
    """Raise NonUniqueStationaryState unless every mode is driven whatever the others hold.

    Where all rates are positive, the sum over frequencies of a mode's jumps is its annihilator,
    and nothing but the identity commutes with all annihilators: the state is unique.
    """
    driven = [rate.sum(axis=0) > 0 for rate in flips.rate]
    if all(np.all(d) for d in driven):
        return
    isolated = [k for k, d in enumerate(driven) if not np.any(d)]
    if isolated and flips.modes > _ELIMINATED:
        raise NonUniqueStationaryState(
            2 ** len(isolated),
            f"No contact touches mode {isolated[0]}: couple it, or leave it out of the system.",
        )
    require_unique(model)
