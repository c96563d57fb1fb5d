"""The interface of the rate equation's solvers; balanced flows and the rate matrix."""

from __future__ import annotations

import abc
import functools
from collections.abc import Iterable

import numpy as np
import scipy.sparse as sp

from oqs.arguments import FloatArray
from oqs.numerics.blocks import Matrix, square
from oqs.numerics.clusters import IntArray, cluster
from oqs.stationary.method import Solution, StationaryProblem


class RateProblem(StationaryProblem):
    """A problem whose unknowns are the populations of the energy eigenstates."""

    @abc.abstractmethod
    def transition_frequencies(self) -> FloatArray:
        """Return the frequencies of all transitions, flat, in any order."""

    @functools.cached_property
    def frequencies(self) -> FloatArray:
        """Bohr frequencies (K,) of the transitions, ascending."""
        return cluster(self.transition_frequencies(), self.model.resolution)[1]

    @functools.cached_property
    def lowest_energies(self) -> list[float]:
        """Lowest energy of each particle number, ascending in that number."""
        spectrum = self.model.system.spectrum
        order = np.lexsort((spectrum.energies, spectrum.particles))
        _, first = np.unique(spectrum.particles[order], return_index=True)
        return spectrum.energies[order[first]].tolist()

    def matrix(self, solution: Solution) -> Matrix:
        """Return the diagonal density matrix (D, D) in the energy basis."""
        states = np.arange(len(solution.values))
        return square(solution.values.astype(np.complex128), states, states, len(states))


def balanced(flows: FloatArray, gross: FloatArray) -> FloatArray:
    """Return stationary flows (..., n) made to add up to zero within their rounding.

    Each is a difference of gross rates and uncertain by the rounding of those, so the excess of the
    sum, which the residual check has found negligible against them, is taken from the flows in
    proportion to their gross rates. A weak contact's flow keeps its relative precision beside a
    strong one, and the strong one gets it too.
    """
    total = gross.sum(axis=-1, keepdims=True)
    excess = flows.sum(axis=-1, keepdims=True)
    return flows - excess * (gross / np.where(total > 0, total, 1.0))


def balanced_scalars(flows: list[float], gross: list[float]) -> list[float]:
    """Do as `balanced` does, on scalars."""
    excess = sum(flows) / (sum(gross) or 1.0)
    return [flow - excess * weight for flow, weight in zip(flows, gross, strict=True)]


def by_frequency(
    frequencies: FloatArray, fluxes: list[tuple[FloatArray, FloatArray]]
) -> tuple[FloatArray, FloatArray]:
    """Sum [(frequency (M,), net flux (n, M))] at each frequency: particles, energy (K, n)."""
    middles = (frequencies[1:] + frequencies[:-1]) / 2
    reservoirs = len(fluxes[0][1])
    particle = np.zeros((len(frequencies), reservoirs))
    energy = np.zeros_like(particle)
    for frequency, flux in fluxes:
        kappa = np.searchsorted(middles, frequency)
        for j in range(reservoirs):
            particle[:, j] += np.bincount(kappa, flux[j], len(frequencies))
            energy[:, j] += np.bincount(kappa, flux[j] * frequency, len(frequencies))
    return particle, energy


def rate_matrix(
    lower: IntArray, upper: IntArray, up: FloatArray, down: FloatArray, dimension: int
) -> sp.csr_array:
    """Return the sparse rate matrix (D, D), entry [a, b] from b to a, of transitions (M,)."""
    entries = np.concatenate([down, up])
    places = (np.concatenate([lower, upper]), np.concatenate([upper, lower]))
    return sp.csr_array(sp.coo_array((entries, places), shape=(dimension, dimension)))


def matrix_of_blocks(
    blocks: Iterable[tuple[IntArray, IntArray, FloatArray, FloatArray]], dimension: int
) -> sp.csr_array:
    """Return the rate matrix of blocks: lower states (d,), upper (d',), rates up, down (d', d)."""
    parts = []
    for lower, upper, up, down in blocks:
        b, a = np.nonzero(up + down)
        parts.append((lower[a], upper[b], up[b, a], down[b, a]))
    lower, upper, up, down = (np.concatenate(part) for part in zip(*parts, strict=True))
    return rate_matrix(lower, upper, up, down, dimension)
