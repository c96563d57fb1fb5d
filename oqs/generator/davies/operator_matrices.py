"""Eigen-operators as matrices in the system's own basis, and one frequency's share of Eq. (9)."""

from __future__ import annotations

import dataclasses
import functools
from typing import final

import numpy as np
import scipy.sparse as sp

from oqs.arguments import FloatArray
from oqs.deferred import qutip
from oqs.generator.eigenoperators import Elements
from oqs.generator.superoperator import require_superoperator
from oqs.memory import announce, require_memory
from oqs.system.spectrum import Spectrum

_SECONDS = 2e-3  # for each frequency


@final
@dataclasses.dataclass(frozen=True, eq=False)
class EigenOperatorMatrices:
    """The S_a(w_kappa) of one contact in the operator basis, made when asked for."""

    elements: Elements  # their matrix elements between the energy eigenstates
    spectrum: Spectrum  # those eigenstates

    def at(self, kappa: int) -> tuple[sp.csr_matrix, ...]:
        """Return the S_a(w_kappa) (D, D)."""
        vectors = self.spectrum.sparse_vectors
        return tuple(
            sp.csr_matrix(vectors @ s @ vectors.conj().T)
            for s in self.elements.operators(kappa, self.spectrum.dimension)
        )

    def require_room(self, contact: str) -> None:
        """Raise MemoryError where all of them do not fit: 20 bytes an entry.

        Each transition between two eigenstates is at most an outer product of two vectors.
        """
        filled = self._filled
        require_memory(
            20 * float(filled[self.elements.lower] @ filled[self.elements.upper]),
            f"The {len(self.elements.lower)} transitions of {contact} as operators",
            "Flows and stationary states need none of them.",
        )
        announce("model.eigenoperators", _SECONDS * len(np.unique(self.elements.kappa)))

    def require_room_for(self, kappa: int, contact: str) -> None:
        """Raise MemoryError where the superoperator of one frequency does not fit.

        Of the jumps S rho S^+ it has the square of the entries of S; an entry takes 72 bytes while
        sums are made.
        """
        entries = 0.0
        for s in self.at(kappa):
            beside = (s.conj().T @ s).nnz + (s @ s.conj().T).nnz
            entries += 2 * float(s.nnz) ** 2 + 2 * self.spectrum.dimension * float(beside)
        require_superoperator(72 * entries, f"The superoperator of one frequency of {contact}")
        announce("model.partial_dissipator", 5e-7 * entries)

    @functools.cached_property
    def _filled(self) -> FloatArray:
        """Number (D,) of basis states on which each eigenstate stands."""
        return np.bincount(
            self.spectrum.sparse_vectors.indices, minlength=self.spectrum.dimension
        ).astype(np.float64)

    def dissipator(self, kappa: int, down: float, up: float) -> sp.csr_matrix:
        """Return down sum_a D[S_a(w_kappa)] + up sum_a D[S_a(w_kappa)^+] (D^2, D^2)."""
        # on scipy's matrices: QuTiP's sums drop entries below an absolute 1e-14, and the option
        # that keeps it takes 50 ms to set
        size = self.spectrum.dimension**2
        total = sp.csr_matrix((size, size), dtype=np.complex128)
        for matrix in self.at(kappa):
            s = qutip.Qobj(matrix)
            for rate, jump in ((down, s), (up, s.dag())):
                total = total + rate * qutip.lindblad_dissipator(jump).data_as("csr_matrix")
        return total
