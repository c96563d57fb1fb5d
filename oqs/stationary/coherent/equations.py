"""The generator's equations at given rates, in a basis in which each rate keeps its precision."""

from __future__ import annotations

import dataclasses
import functools
from typing import NamedTuple, final

import numpy as np
import scipy.sparse as sp

from oqs.arguments import ComplexArray, FloatArray
from oqs.errors import StationaryStateNotFound
from oqs.generator.assembly import build_generator
from oqs.generator.davies.davies_model import DaviesModel
from oqs.generator.eigenoperators import Elements
from oqs.generator.generator import Generator
from oqs.numerics.blocks import Matrix, diagonal_matrix
from oqs.numerics.clusters import IntArray
from oqs.stationary.coherent.local_basis import JumpBlocks
from oqs.transitions.places import commutator

_CLEAR = 1e-4
"""Slowest over fastest jumps out of a level from which on any of its bases resolves them.

What is lost is rounding of the fastest: 1e-12 of the slowest.
"""

_LEAST = 1e-7  # in blocks too large to be rotated: flows hold to 1e-9 of their gross rates
_MOST = 3e7  # products of amplitudes in local bases that fit into a few GB


@final
class Weighted(NamedTuple):
    """Equations of rho in some basis of the energy eigenspaces.

    Parameters
    ----------
    generator : the dissipators' terms in this basis.
    matrix : (P, P) their sum at given rates, with the free evolution.
    vectors : (D, D) whose columns are the basis, or None for the energy eigenstates.
    """

    generator: Generator
    matrix: sp.csc_array
    vectors: sp.csr_array | None

    def in_energy_basis(self, values: ComplexArray) -> Matrix:
        """Return the density matrix (D, D) of matrix elements (P,) between energy eigenstates."""
        rho = self.generator.square(values)
        if self.vectors is None:
            return rho
        return self.vectors @ rho @ self.vectors.conj().T


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Equations:
    """L on a closed set of matrix elements that holds the populations.

    Parameters
    ----------
    generator : the dissipators' terms between energy eigenstates, elements of equal `labels`.
    labels : (D,).
    clusters : (D,) states of one level and label, which may be rotated among each other.
    energies : (D,) of the free evolution, one for each level; `model.detuning` adds to them.
    """

    model: DaviesModel
    generator: Generator
    labels: IntArray
    clusters: IntArray
    energies: FloatArray

    @property
    def precessing(self) -> bool:
        """Whether matrix elements precess beside what the rates do."""
        return bool(np.any(self.energies != self.energies[0]) or np.any(self.model.detuning))

    def at(self, weights: FloatArray) -> Weighted:
        """Return the equations at these weights of the generator's terms.

        Raises StationaryStateNotFound where more would have to be rotated than fits.
        """
        down, up = weights.reshape(-1, *self.model.rates.shape)[:2]
        spread = self._jumps.spread(down, up)
        generator, vectors = self.generator, None
        if spread < _CLEAR and self._jumps.products <= _MOST:
            elements, vectors = self._jumps.rotated(down, up)
            generator = self._built(elements)
        elif spread < _LEAST:
            raise StationaryStateNotFound(
                f"Jumps out of one degenerate level differ by a factor {1 / spread:.1e}, above "
                f"{1 / _LEAST:.0e}. The states that they tell apart are found in blocks of up to "
                f"{_MOST:.0e} products of amplitudes only, but this has {self._jumps.products:.1e}:"
                " raise T, bring the contacts' rates closer together, or take fewer sites."
            )
        matrix = generator.matrix(weights)
        if self.precessing:
            turning = self._precession if vectors is None else self._commutator(vectors, generator)
            matrix = sp.csc_array(matrix + turning)
        return Weighted(generator, matrix, vectors)

    @functools.cached_property
    def _jumps(self) -> JumpBlocks:
        rates = self.model.rates
        elements = self.model.decomposition.elements
        driven = [e.where(rate[e.kappa] > 0) for e, rate in zip(elements, rates, strict=True)]
        return JumpBlocks.of(driven, self.clusters)

    def _built(self, elements: tuple[Elements, ...]) -> Generator:
        model = self.model
        spectrum, frequencies = model.counted_spectrum, len(model.frequencies)
        return build_generator(elements, self.labels, spectrum, frequencies, shifted=model.shifted)

    @functools.cached_property
    def _precession(self) -> sp.csc_array:
        """-i[H, .] (P, P) between energy eigenstates."""
        energies = self.energies + self.model.detuning
        row, column = self.generator.row_state, self.generator.column_state
        return sp.csc_array(sp.diags_array(-1j * (energies[row] - energies[column])))

    def _commutator(self, vectors: sp.csr_array, generator: Generator) -> sp.csc_array:
        """Return -i[H, .] (P, P) between states that mix those of one level only.

        The levels' energies stay diagonal.
        """
        hamiltonian = diagonal_matrix(self.energies.astype(np.complex128))
        if np.any(self.model.detuning):
            detuning = diagonal_matrix(self.model.detuning.astype(np.complex128))
            turned = vectors.conj().T @ detuning @ vectors
            hamiltonian = sp.csr_array(hamiltonian + turned)
        return commutator(hamiltonian, generator)
