"""The rate equation of the energy eigenstates' populations."""

from __future__ import annotations

import dataclasses
from typing import final

from oqs.exports import exported
from oqs.generator.between_states.transitions import StateTransitions
from oqs.generator.davies.davies_model import DaviesModel
from oqs.generator.model import Model
from oqs.generator.perlind.perlind import PerlindModel
from oqs.memory import require_memory
from oqs.stationary.method import StationaryMethod, StationaryProblem, davies_only
from oqs.stationary.rates import parity, small
from oqs.stationary.rates.krylov import KrylovProblem
from oqs.stationary.rates.sectors import SectorProblem
from oqs.stationary.state_rates.batch import TransitionBatch
from oqs.stationary.state_rates.problem import StateProblem
from oqs.stationary.uniqueness import require_unique
from oqs.transitions.transitions import ModeTransitions

ELIMINATED = 10  # modes; with more, occupation eigenstates are iterated without a matrix


@exported
@final
@dataclasses.dataclass(frozen=True)
class Populations(StationaryMethod):
    """Solve the rate equation W p = 0 of the populations p of the energy eigenstates.

    W_ab = sum_j gamma_j n_j |<a| S_a(w) |b>|^2 and its reverse with 1 - n_j. Exact where no contact
    links populations to coherences between degenerate levels. Eliminated by particle number to full
    relative accuracy of every population, however small: nothing is subtracted. (Below 1e-150 one
    that hangs on products of rates below the smallest double is lost.) 4000 states or more
    are iterated by particle number, equally without subtractions, to 1e-11 of every population, and
    eliminated where that is not reached (`oqs.stationary.rates.aggregation`). More than 10 modes
    whose occupations are eigenstates (quadratic systems, densities without tunnelling) are iterated
    without a matrix, to 1e-12 in absolute terms. Systems with bosonic contacts, or with rates that
    depend on T and mu, are eliminated all states together.

    Examples
    --------
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> model = oqs.davies(oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]]), leads)
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> oqs.stationary_state(model, T, mu, method=oqs.Populations()).residual < 1e-12
    True
    """

    def prepare(self, model: Model) -> StationaryProblem:
        """Take the transitions.

        Raises
        ------
        ValueError
            if a contact links populations to coherences between degenerate levels.
        NonUniqueStationaryState
            if the contacts leave several sets of states unconnected.
        """
        if isinstance(model, PerlindModel) and not model.coherent:
            model = model.secular  # without coherences they are one generator
        model = davies_only(model, self)
        coherent = coherences_reached(model)
        if coherent:
            raise ValueError(
                f"Populations() must have no coherences to follow, but {coherent} matrix elements "
                "between degenerate levels are driven by a contact of this system. Use "
                "ZeroFrequencyBlock() or FullLiouvillian()."
            )
        require_unique(model)
        transitions = model.transitions
        if isinstance(transitions, StateTransitions):
            return StateProblem(model, self, TransitionBatch.of(model, self, transitions))
        if isinstance(transitions, ModeTransitions) and transitions.modes > ELIMINATED:
            require_memory(
                8 * (2.0 * transitions.modes + 60) * 2.0**transitions.modes,
                f"Populations of 2^{transitions.modes} states by iteration",
                "Without interactions use oqs.GaussianState(); with them keep fewer sites.",
            )
            return KrylovProblem(model, self, transitions)
        blocks = transitions.blocks() if isinstance(transitions, ModeTransitions) else transitions
        if blocks.dimension <= small.LARGEST:
            return small.SmallProblem(model, self, blocks)
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
