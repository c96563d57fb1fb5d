"""Eigen-operators as matrices in the system's own basis."""

from __future__ import annotations

import dataclasses
import functools
from typing import final

import numpy as np
import scipy.sparse as sp

from oqs.arguments import FloatArray
from oqs.generator.eigenoperators import Elements
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

    @functools.cached_property
    def _filled(self) -> FloatArray:
        """Number (D,) of basis states on which each eigenstate stands."""
        return np.bincount(
            self.spectrum.sparse_vectors.indices, minlength=self.spectrum.dimension
        ).astype(np.float64)
