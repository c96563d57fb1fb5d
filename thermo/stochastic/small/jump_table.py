"""The jumps that a model allows: what each takes from which reservoir, and how often."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
from numpy.typing import NDArray

from oqs import DaviesModel
from oqs.arguments import FloatArray, read_only
from oqs.generator.between_states.transitions import StateTransitions
from oqs.memory import require_memory
from oqs.stationary.populations import coherences_reached
from oqs.transitions.transitions import ModeTransitions, SectorBlocks

IntArray = NDArray[np.int64]


@final
@dataclasses.dataclass(frozen=True, eq=False)
class JumpTable:
    """Transitions between the D energy eigenstates, each with the reservoir that drives it.

    A transition takes one particle and the energy w from its reservoir on the way from `lower` to
    `upper`, at the rate gamma n, and returns both on the way back, at gamma (1 - n).

    Parameters
    ----------
    lower, upper : (L,) eigenstates.
    reservoir : (L,) indices.
    frequency : (L,) w, units of energy.
    rate : (L,) gamma_j(w) |<lower|S_j|upper>|^2 > 0, units of energy.
    particles : (D,) of each eigenstate.
    reservoirs : number n.
    """

    lower: IntArray
    upper: IntArray
    reservoir: IntArray
    frequency: FloatArray
    rate: FloatArray
    particles: IntArray
    reservoirs: int

    @property
    def states(self) -> int:
        """Number D of eigenstates."""
        return len(self.particles)

    @property
    def empty(self) -> int:
        """The eigenstate of fewest particles: where a run begins."""
        return int(np.argmin(self.particles))


def jump_table(model: object) -> JumpTable:
    """Return the jumps between the populations of a Davies model.

    Raises
    ------
    TypeError
        if `model` is no DaviesModel.
    ValueError
        if contacts are not fermionic, drive coherences between degenerate levels, which populations
        cannot follow, or drive nothing.
    MemoryError
        where the transitions would not fit.
    """
    if not isinstance(model, DaviesModel):
        raise TypeError(
            f"Argument `model` must be a DaviesModel, but is {type(model).__name__}. "
            "Make one with oqs.davies(system, contacts)."
        )
    transitions = model.transitions
    if not isinstance(transitions, ModeTransitions | SectorBlocks):
        raise ValueError(
            "Argument `model` must have fermionic contacts whose rates do not depend on T and mu, "
            "but some are bosonic or vary. Give oqs.Contact(rate=...) with a rate of w alone."
        )
    coherent = coherences_reached(model)
    if coherent:
        raise ValueError(
            f"Argument `model` must have jumps between populations alone, but contacts drive "
            f"{coherent} matrix elements between its degenerate levels. Lift the degeneracy by "
            "more than the rates, or give every level a contact of its own (coupling=None)."
        )
    transitions = model.transitions
    if isinstance(transitions, StateTransitions):
        raise ValueError(
            "Argument `model` must have fermionic contacts only, of rates that do not depend on T "
            "and mu, but has others. Their mean evolution is thermo.evolve(oqs.flow_law(model), "
            "...)."
        )
    if isinstance(transitions, ModeTransitions):
        require_memory(
            40.0 * model.reservoirs * transitions.modes * 2**transitions.modes,
            f"The jumps between the {2**transitions.modes} states of {transitions.modes} modes",
            "Follow fewer modes: those far above mu with respect to T take no part.",
        )
        transitions = transitions.blocks()
    if not transitions.driven:
        raise ValueError(
            "Argument `model` must have jumps, but no contact drives any transition: all rates are "
            "0. Give a contact a rate or a coupling that is not zero."
        )
    columns: list[list[NDArray[np.generic]]] = [[] for _ in range(5)]
    for step in transitions.steps:
        for part in step.parts:
            which, row, column = np.nonzero(part.rate > 0)
            frequency = step.frequency_of(part.rows, part.columns)
            for values, found in zip(
                columns,
                (
                    step.lower[part.columns][column],
                    step.upper[part.rows][row],
                    part.contacts[which],
                    frequency[row, column],
                    part.rate[which, row, column],
                ),
                strict=True,
            ):
                values.append(found)
    lower, upper, reservoir, frequency, rate = (
        read_only(np.concatenate(column)) for column in columns
    )
    particles = model.system.spectrum.particles.astype(np.int64)
    return JumpTable(
        lower.astype(np.int64),
        upper.astype(np.int64),
        reservoir.astype(np.int64),
        frequency.astype(np.float64),
        rate.astype(np.float64),
        read_only(particles),
        model.reservoirs,
    )
