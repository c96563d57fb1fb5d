"""The dissipators applied to any state of the system, and the flows that they carry.

Only matrix elements that the state occupies, or reaches, enter. Of many states with coherences in
degenerate levels at most, as a stationary one has them, the transitions between levels are enough.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple, final

import numpy as np

from oqs.arguments import FloatArray
from oqs.generator.closed import ClosedGenerator
from oqs.generator.model import Model
from oqs.numerics.blocks import Matrix
from oqs.stationary.coherent.coherent_sectors import large_levels
from oqs.stationary.coherent.level_rates import LevelRates
from oqs.transitions.level_coherences import LevelCoherences
from oqs.transitions.step_rates import fluxes

_FEW = 64  # states up to which single elements are as quick as levels
_WHOLE = 256  # elements up to which finding those that are occupied takes longer than it spares


@final
class Dissipation(NamedTuple):
    """What n reservoirs do to a state.

    Parameters
    ----------
    particle, energy : (n,) tr(N_S D_j[rho]) and tr(H_S D_j[rho]).
    changes : D_j[rho] (D, D) of each reservoir, in the energy basis, on the blocks of rho.
    fastest : (n,) the largest rate of each.
    """

    particle: FloatArray
    energy: FloatArray
    changes: list[Matrix]
    fastest: FloatArray


def dissipation(model: Model, state: Matrix, T: FloatArray, mu: FloatArray) -> Dissipation:
    """Return what the reservoirs at T, mu (n,) do to a state (D, D) in the energy basis."""
    levels = large_levels(model, _FEW)
    if levels is not None and levels.hold(state):
        return _between_levels(levels, state, T, mu)
    elements = _elements_of(model, state)
    if elements.size > _WHOLE:
        elements = occupied_elements(model, state)
    values, here = elements.values(state), elements.at(T, mu)
    particle, energy = here.exchange(values)
    dissipators = here.dissipators()
    changes = [elements.square(each @ values, state.shape[0]) for each in dissipators]
    fastest = np.array([np.abs(each.data).max(initial=0.0) for each in dissipators])
    return Dissipation(particle, energy, changes, fastest)


def exchange(
    model: Model, state: Matrix, T: FloatArray, mu: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return tr(N_S D_j[rho]) and tr(H_S D_j[rho]), each (n,), of a state in the energy basis.

    Coherences other than those that populations turn into exchange nothing.
    """
    levels = large_levels(model, _FEW)
    if levels is not None:
        return _between_levels(levels, state, T, mu)[:2]
    elements = model.coherent_elements
    return elements.at(T, mu).exchange(elements.values(state))


def occupied_elements(model: Model, state: Matrix) -> ClosedGenerator:
    """Return the dissipators on the sets of coupled matrix elements that a state occupies."""
    whole = _elements_of(model, state)
    return whole.restricted(np.isin(whole.sets, whole.sets[whole.values(state) != 0]))


def _elements_of(model: Model, state: Matrix) -> ClosedGenerator:
    """Return the dissipators on a closed set of elements that holds those of a state, made once."""
    row, column = state.nonzero()
    if np.array_equal(model.coherent_sets[row], model.coherent_sets[column]):
        return model.coherent_elements
    particles = model.system.spectrum.particles
    if np.array_equal(particles[row], particles[column]):
        return model.elements_of_equal_number
    return model.all_elements


def _between_levels(
    levels: LevelCoherences, state: Matrix, T: FloatArray, mu: FloatArray
) -> Dissipation:
    """Return the same from transitions; what `levels` does not hold of the state is left out."""
    populations, x = state.diagonal().real, levels.numbers(state)
    particle, energy, fastest = np.zeros((3, len(T)))
    net = np.zeros((len(T), len(populations)))
    for step in levels.blocks.steps:
        for part in step.parts:
            j, lower, upper = part.contacts, step.lower[part.columns], step.upper[part.rows]
            frequency = step.frequency_of(part.rows, part.columns)
            for axis in (1, 2):
                fastest[j] = np.maximum(fastest[j], part.rate.sum(axis=axis).max(axis=1))
            for rows, up, down in fluxes(step, part, T, mu, populations):
                up -= down
                particle[j] += up.sum(axis=(1, 2))
                energy[j] += up.reshape(len(j), -1) @ frequency[rows].ravel()
                net[np.ix_(j, upper[rows])] += up.sum(axis=2)
                net[np.ix_(j, lower)] -= up.sum(axis=1)
    changes = []
    for index, gained in enumerate(net):
        change = np.zeros_like(x)
        if len(x):
            own = tuple(each for each in levels.exchanges if each.contact == index)
            rates = LevelRates.at(dataclasses.replace(levels, exchanges=own), T, mu)
            more, change = rates.apply(populations, x)
            gained = gained + more
            for each, flux in rates.exchanged(x):
                particle[index] += flux.sum()
                energy[index] += flux @ each.frequency
        changes.append(levels.density_matrix(gained, change))
    return Dissipation(particle, energy, changes, fastest)
