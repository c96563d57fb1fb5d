"""The jumps that a model allows: what each takes from which reservoir, and how often."""

from __future__ import annotations

import dataclasses
from typing import Any, final

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
    `upper`, at the rate gamma n, and returns both on the way back, at gamma (1 - n). Of a bosonic
    contact it takes the energy alone, at J n_B, and returns it at J (1 + n_B).
    """

    lower: IntArray  # (L,) eigenstates
    upper: IntArray  # (L,) eigenstates
    reservoir: IntArray  # (L,) indices
    frequency: FloatArray  # (L,) w, units of energy
    rate: FloatArray  # (L,) gamma_j(w) |<lower|S_j|upper>|^2 > 0, units of energy
    # the eigenstate of fewest particles, and of these of least energy: where a run begins
    empty: int
    states: int  # number D of eigenstates
    # (n,) particles that a jump takes from each reservoir: 1, or 0 of a bosonic contact
    moves: IntArray

    @property
    def reservoirs(self) -> int:
        """Number n of reservoirs."""
        return len(self.moves)


def jump_table(model: object) -> JumpTable:
    """Return the jumps between the populations of a Davies model.

    Raises TypeError if `model` is no DaviesModel. ; ValueError if rates depend on T and mu or or
    contacts drive coherences between degenerate levels or which populations cannot follow or or
    nothing. ; MemoryError where the transitions would not fit. .
    """
    checked = _of_populations(model)
    transitions = checked.transitions
    if isinstance(transitions, ModeTransitions):
        require_memory(
            40.0 * checked.reservoirs * transitions.modes * 2**transitions.modes,
            f"The jumps between the {2**transitions.modes} states of {transitions.modes} modes",
            "Follow fewer modes: those far above mu with respect to T take no part.",
        )
        transitions = transitions.blocks()
    if not transitions.driven:
        raise ValueError(
            "Argument `model` must have jumps, but no contact drives any transition: all rates are "
            "0. Give a contact a rate or a coupling that is not zero."
        )
    if isinstance(transitions, StateTransitions):
        columns = _by_elements(checked, transitions)
    else:
        columns = _by_blocks(transitions)
    lower, upper, reservoir, frequency, rate = columns
    spectrum = checked.system.spectrum
    return JumpTable(
        read_only(lower.astype(np.int64)),
        read_only(upper.astype(np.int64)),
        read_only(reservoir.astype(np.int64)),
        read_only(frequency.astype(np.float64)),
        read_only(rate.astype(np.float64)),
        int(np.lexsort((spectrum.energies, spectrum.particles))[0]),
        spectrum.dimension,
        read_only(np.array([int(contact.fermionic) for contact in checked.contacts])),
    )


def _of_populations(model: object) -> DaviesModel:
    """Return the model if its jumps are a rate equation, of rates of the frequency alone."""
    if not isinstance(model, DaviesModel):
        raise TypeError(
            f"Argument `model` must be a DaviesModel, but is {type(model).__name__}. Make one with "
            "oqs.davies(system, contacts); thermo.evolve_stochastic follows oqs.perlind's too."
        )
    if model.varies:
        raise ValueError(
            "Argument `model` must have contacts whose rates do not depend on T and mu, but some "
            "do. Give a rate of w alone."
        )
    coherent = coherences_reached(model)
    if coherent:
        raise ValueError(
            f"Argument `model` must have jumps between populations alone, but contacts drive "
            f"{coherent} matrix elements between its degenerate levels. Follow wave functions, "
            "thermo.evolve_stochastic, or give every level a contact of its own (coupling=None)."
        )
    return model


_Columns = list[NDArray[Any]]  # lower, upper, reservoir, frequency, rate, (L,) each


def _by_blocks(transitions: SectorBlocks) -> _Columns:
    parts = []
    for step in transitions.steps:
        for part in step.parts:
            which, row, column = np.nonzero(part.rate > 0)
            parts.append(
                (
                    step.lower[part.columns][column],
                    step.upper[part.rows][row],
                    part.contacts[which],
                    step.frequency_of(part.rows, part.columns)[row, column],
                    part.rate[which, row, column],
                )
            )
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def _by_elements(model: DaviesModel, transitions: StateTransitions) -> _Columns:
    parts = []
    for j, elements in enumerate(transitions.elements):
        moved = elements.where(elements.lower != elements.upper)
        w = model.frequencies[moved.kappa]
        if not model.contacts[j].fermionic and np.any(w <= 0):
            raise ValueError(
                f"Argument `model` must have bosonic jumps that move energy, but "
                f"{model.contacts[j].label(j)} links states of equal energy. Lift the degeneracy "
                "by more than the rates."
            )
        rate = model.rates[j, moved.kappa] * np.abs(moved.amplitude) ** 2
        parts.append((moved.lower, moved.upper, np.full(len(w), j), w, rate))
    return [np.concatenate(column) for column in zip(*parts, strict=True)]
