"""The rate equation of the energy eigenstates' populations, eliminated by particle number."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from oqs.arguments import ComplexArray, FloatArray
from oqs.clusters import IntArray
from oqs.davies import DaviesModel
from oqs.errors import NonUniqueStationaryState
from oqs.stationary.elimination import SectorChain, gth
from oqs.stationary.method import (
    Solution,
    StationaryMethod,
    StationaryProblem,
    checked_residual,
)
from oqs.stationary.uniqueness import require_unique


@final
@dataclasses.dataclass(frozen=True)
class Populations(StationaryMethod):
    """Solve the rate equation W p = 0 of the populations p of the energy eigenstates.

    W_ab = sum_j gamma_j n_j |<a| S_a(w) |b>|^2 and its reverse with 1 - n_j. Exact where no contact
    links populations to coherences between degenerate levels, and then to full relative accuracy of
    every population, however small: the elimination never subtracts.
    """

    def prepare(self, model: DaviesModel) -> StationaryProblem:
        """Collect the transitions.

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
        if has_degenerate_levels(model):
            require_unique(model)
        return PopulationProblem.of(model, self)


def has_degenerate_levels(model: DaviesModel) -> bool:
    """Return whether two energy eigenstates agree in particle number and energy."""
    levels = model.decomposition.levels
    return len(np.unique(levels)) < len(levels)


def coherences_reached(model: DaviesModel) -> int:
    """Return how many matrix elements between degenerate levels the populations turn into."""
    if not has_degenerate_levels(model):
        return 0
    generator = model.zero_frequency_generator
    return int(generator.reachable().sum()) - len(generator.diagonal)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class PopulationProblem(StationaryProblem):
    """Transitions between states lower -> upper (M,), and what each contact adds to their rates.

    Parameters
    ----------
    strength : (n, M) sum over channels of |<lower| S_a |upper>|^2.
    kappa : (M,) Bohr frequency of each transition.
    chain : the elimination by particle number.
    """

    model: DaviesModel
    method: StationaryMethod
    lower: IntArray
    upper: IntArray
    kappa: IntArray
    strength: FloatArray
    chain: SectorChain

    @classmethod
    def of(cls, model: DaviesModel, method: StationaryMethod) -> PopulationProblem:
        """Collect the transitions of all contacts; refuse unconnected sets of states."""
        dimension = model.system.spectrum.dimension
        all_elements = model.decomposition.elements
        keys = [e.lower * dimension + e.upper for e in all_elements]
        transitions, first = np.unique(np.concatenate(keys), return_index=True)
        strength = np.zeros((model.reservoirs, len(transitions)))
        for j, (e, key) in enumerate(zip(all_elements, keys, strict=True)):
            np.add.at(strength[j], np.searchsorted(transitions, key), np.abs(e.amplitude) ** 2)
        kappa = np.concatenate([e.kappa for e in all_elements])[first]
        driven = np.einsum("jm,jm->m", model.rates[:, kappa], strength) > 0
        lower, upper = transitions[driven] // dimension, transitions[driven] % dimension
        links = sp.coo_array((np.ones(len(lower)), (lower, upper)), shape=(dimension, dimension))
        components, _ = connected_components(links, directed=False)
        if components > 1:
            raise NonUniqueStationaryState(
                components,
                f"The energy eigenstates fall into {components} sets with no transition between "
                "them: couple every mode, or leave the isolated ones out of the system.",
            )
        chain = SectorChain.of(model.system.spectrum.particles, lower, upper)
        return cls(model, method, lower, upper, kappa[driven], strength[:, driven], chain)

    def _rates(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the rates (n, M) of each contact down and up."""
        kinds = weights.reshape(-1, *self.model.rates.shape)
        down, up = kinds[:2, :, self.kappa]
        return down * self.strength, up * self.strength

    def solve(self, weights: FloatArray) -> Solution:
        """Eliminate sector by sector; the residual is the net flux into the worst state."""
        down_j, up_j = self._rates(weights)
        down, up = down_j.sum(axis=0), up_j.sum(axis=0)
        if down.all() and up.all():
            populations = self.chain.solve(down, up)
        else:  # rates that underflowed to zero: some states are only left, never reached
            populations = self._recurrent(down, up)
        falling, rising = down * populations[self.upper], up * populations[self.lower]
        net = np.bincount(self.lower, falling - rising, len(populations))
        net -= np.bincount(self.upper, falling - rising, len(populations))
        gross = max(falling.max(), rising.max())
        residual = float(np.max(np.abs(net)) / gross) if gross > 0 else 0.0
        return Solution(populations, checked_residual(residual, self.method))

    def _recurrent(self, down: FloatArray, up: FloatArray) -> FloatArray:
        """Solve on the one set of states that is never left; the others are empty."""
        dimension = self.model.system.spectrum.dimension
        rates = sp.csr_array(
            sp.coo_array(
                (
                    np.concatenate([down, up]),
                    (
                        np.concatenate([self.lower, self.upper]),
                        np.concatenate([self.upper, self.lower]),
                    ),
                ),
                shape=(dimension, dimension),
            )
        )  # rates[a, b]: b -> a
        rates.eliminate_zeros()
        count, label = connected_components(rates, connection="strong")
        target, source = rates.nonzero()
        left = np.unique(label[source[label[source] != label[target]]])
        closed = np.setdiff1d(np.arange(count), left)
        if len(closed) > 1:
            raise NonUniqueStationaryState(
                len(closed),
                "The rates that link the remaining sets of states are below the smallest double at "
                "these temperatures: raise T, or move mu towards the levels.",
            )
        members = np.flatnonzero(label == closed[0])
        populations = np.zeros(dimension)
        populations[members] = gth(rates[:, members][members, :].toarray())
        return populations

    def exchange(self, weights: FloatArray, solution: Solution) -> tuple[FloatArray, FloatArray]:
        """Return particles and energy gained per unit time, (K, n), frequency by frequency."""
        down_j, up_j = self._rates(weights)
        energies = self.model.system.spectrum.energies
        p = solution.values.real
        net = up_j * p[self.lower] - down_j * p[self.upper]  # (n, M)
        gained = net * (energies[self.upper] - energies[self.lower])
        return self._by_frequency(net), self._by_frequency(gained)

    def _by_frequency(self, per_transition: FloatArray) -> FloatArray:
        count = len(self.model.frequencies)
        return np.stack([np.bincount(self.kappa, row, count) for row in per_transition], axis=1)

    def matrix(self, solution: Solution) -> ComplexArray:
        """Return the diagonal density matrix in the energy basis."""
        return np.diag(solution.values).astype(np.complex128)
