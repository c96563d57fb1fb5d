"""Eigenvalues of a Hermitian matrix whose diagonal spans many decades.

A diagonaliser knows every eigenvalue to the rounding of the largest: 1e-4 beside a level at 1e12.
Near and far levels are therefore parted first. The columns of (1, X) span the invariant subspace of
the near ones, where, with A near, D far and B between them,

    X = D^-1 [X (A + B X) - B^+],

which |X| ~ |B|/|D| makes a rapid iteration (Stewart 1973, doi:10.1137/1015095). In orthonormal
vectors of that subspace H is (1 + X^+ X)^1/2 (A + B X) (1 + X^+ X)^-1/2: a matrix of near size.
"""

from __future__ import annotations

import numpy as np

from oqs.arguments import ComplexArray, FloatArray
from oqs.numerics.clusters import IntArray

_APART = 1e4  # far levels over near ones and what couples them
_STEPS = 30  # each a factor 1e4


def graded_eigh(matrix: ComplexArray) -> tuple[FloatArray, ComplexArray]:
    """Return eigenvalues (n,), ascending, and eigenvectors (n, n), as np.linalg.eigh does.

    Each eigenvalue of a near part has the rounding of the near part.

    Examples
    --------
    >>> from oqs.numerics.far_levels import graded_eigh
    >>> far = np.array([[0.3, 0.2], [0.2, 1e15]])
    >>> graded_eigh(far)[0].tolist()
    [0.3, 1000000000000000.0]
    """
    near = _near(matrix)
    if near is None:
        energies, vectors = np.linalg.eigh(matrix)
        return energies, vectors
    far = np.setdiff1d(np.arange(len(matrix)), near)
    A, B, D = (matrix[np.ix_(*ends)] for ends in ((near, near), (near, far), (far, far)))
    X: ComplexArray = np.zeros_like(B.conj().T)
    for _ in range(_STEPS):
        before, X = X, np.asarray(np.linalg.solve(D, X @ (A + B @ X) - B.conj().T), X.dtype)
        if np.array_equal(X, before):
            break
    values, basis, inverse = _within(A + B @ X, X)
    far_values, far_basis, far_inverse = _within(D - (X @ B).conj().T, -X.conj().T)
    vectors = np.zeros(matrix.shape, dtype=np.result_type(matrix, float))
    count = len(near)
    vectors[near, :count], vectors[far, :count] = inverse @ basis, X @ inverse @ basis
    vectors[far, count:] = far_inverse @ far_basis
    vectors[near, count:] = -X.conj().T @ far_inverse @ far_basis
    energies = np.concatenate([values, far_values])
    order = np.argsort(energies, kind="stable")
    return energies[order], vectors[:, order]


def _within(inside: ComplexArray, X: ComplexArray) -> tuple[FloatArray, ComplexArray, ComplexArray]:
    """Return eigenvalues and eigenvectors of H in the subspace of (1, X), and (1 + X^+ X)^-1/2."""
    root, inverse = _roots(X)
    part = root @ inside @ inverse
    return *graded_eigh((part + part.conj().T) / 2), inverse


def scales(matrix: ComplexArray, energies: FloatArray, vectors: ComplexArray) -> FloatArray:
    """Return the largest |energy| (n,) of the part that each eigenvalue was computed in.

    A few times 1e-16 of it is how well the eigenvalue is known.
    """
    label = _parts(matrix)[np.argmax(np.abs(vectors), axis=0)]
    largest = np.zeros(int(label.max()) + 1)
    np.maximum.at(largest, label, np.abs(energies))
    scale: FloatArray = largest[label]
    return scale


def _parts(matrix: ComplexArray) -> IntArray:
    """Return the label (n,) of the part of each level."""
    near = _near(matrix)
    if near is None:
        return np.zeros(len(matrix), dtype=np.intp)
    far = np.setdiff1d(np.arange(len(matrix)), near)
    labels = np.empty(len(matrix), dtype=np.intp)
    labels[near] = _parts(matrix[np.ix_(near, near)])
    labels[far] = _parts(matrix[np.ix_(far, far)]) + labels[near].max() + 1
    return labels


def _near(matrix: ComplexArray) -> IntArray | None:
    """Return all levels but those beyond the topmost gap of the diagonal; None if there is none.

    All elements in rows of near levels must be smaller than the far levels by the factor 1e4.
    """
    size = np.abs(np.diagonal(matrix))
    order = np.argsort(size)
    gaps = np.flatnonzero(size[order[1:]] > _APART * size[order[:-1]]) + 1
    for place in gaps[::-1].tolist():
        near, far = np.sort(order[:place]), order[place:]
        coupling = float(np.sum(np.abs(matrix[near]), axis=1).max())
        beside = np.abs(matrix[np.ix_(far, far)])
        least = float(np.min(2 * np.diagonal(beside) - beside.sum(axis=1)))  # Gershgorin's bound
        if least > _APART * coupling:
            return near
    return None


def _roots(X: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
    """Return (1 + X^+ X)^1/2 and its inverse."""
    values, basis = np.linalg.eigh(X.conj().T @ X)
    root = np.sqrt(1 + np.maximum(values, 0.0))
    more = values / (1 + root)  # root - 1
    one = np.eye(len(values))
    return one + (basis * more) @ basis.conj().T, one - (basis * (more / root)) @ basis.conj().T
