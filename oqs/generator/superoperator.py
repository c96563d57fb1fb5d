"""Superoperators in the basis of the system's operators, stacked as QuTiP does."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from oqs.memory import require_memory
from oqs.numerics.blocks import real_if_it_is
from oqs.system.spectrum import Spectrum


def in_operator_basis(matrix: sp.csc_array, spectrum: Spectrum) -> sp.csr_matrix:
    """Return a superoperator (D^2, D^2) for rho stacked by columns.

    With rho = V r V^+, L = (V* x V) L' (V* x V)^+; one index after the other is rotated, each by a
    sparse V.

    `matrix`: L', for r in the energy basis, stacked by rows; `spectrum`: the energy basis.
    """
    size = spectrum.dimension
    order = np.arange(size**2).reshape(size, size).T.ravel()  # r_ab is element a + D b, not a D + b
    rotated = real_if_it_is(sp.csr_array(matrix)[order, :][:, order])
    vectors, one = real_if_it_is(spectrum.sparse_vectors), sp.eye_array(size)
    for turn in (sp.kron(one, vectors), sp.kron(vectors.conj(), one)):
        rotated = turn @ rotated @ turn.conj().T
    return sp.csr_matrix(rotated)


def require_room(particles: np.ndarray, sites: int, *, bosonic: bool = False) -> None:
    """Raise MemoryError where a superoperator does not fit.

    It leads from the matrix elements between n and m particles to those between n + 1 and m + 1,
    n - 1 and m - 1, and to elements that share a state; through a bosonic contact to all of equal n
    and m. While indices are rotated there are three of 20 bytes an entry.
    """
    d = np.pad(np.bincount(particles).astype(np.float64), 1)
    pairs = np.outer(d, d)
    entries = 2 * np.sum(pairs[1:, 1:] * pairs[:-1, :-1]) + np.sum(pairs * np.add.outer(d, d))
    if bosonic:
        entries += np.sum(pairs**2)
    require_superoperator(3 * 20 * float(entries), f"A superoperator of {sites} sites")


def require_superoperator(needed: float, what: str) -> None:
    """Raise MemoryError where a superoperator, called `what`, needs more bytes than there are."""
    require_memory(
        needed,
        what,
        "Flows, stationary states and relaxation need none: see oqs.flow_law, "
        "oqs.stationary_state, oqs.relax.",
    )
