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


def graded_eigh(matrix: ComplexArray) -> tuple[FloatArray, ComplexArray, FloatArray]:
    """Return eigenvalues (n,), ascending, eigenvectors (n, n), and each eigenvalue's scale (n,).

    An eigenvalue is known to a few times 1e-16 of its scale: the largest of its part.

    Examples
    --------
    >>> from oqs.numerics.far_levels import graded_eigh
    >>> far = np.array([[0.3, 0.2], [0.2, 1e15]])
    >>> graded_eigh(far)[0].round(12).tolist()
    [0.3, 1000000000000000.0]
    """
    near = _near(matrix)
    if near is None:
        energies, vectors = np.linalg.eigh(matrix)
        largest = max(abs(float(energies[0])), abs(float(energies[-1])))
        return energies, vectors, np.full(len(energies), largest)
    far = np.setdiff1d(np.arange(len(matrix)), near)
    A, B, D = (matrix[np.ix_(*ends)] for ends in ((near, near), (near, far), (far, far)))
    X: ComplexArray = np.zeros_like(B.conj().T)
    for _ in range(_STEPS):
        before, X = X, np.asarray(np.linalg.solve(D, X @ (A + B @ X) - B.conj().T), X.dtype)
        if np.array_equal(X, before):
            break
    values, basis, scale, inverse = _within(A + B @ X, X)
    far_values, far_basis, far_scale, far_inverse = _within(D - (X @ B).conj().T, -X.conj().T)
    vectors = np.zeros(matrix.shape, dtype=np.result_type(matrix, float))
    count = len(near)
    vectors[near, :count], vectors[far, :count] = inverse @ basis, X @ inverse @ basis
    vectors[far, count:] = far_inverse @ far_basis
    vectors[near, count:] = -X.conj().T @ far_inverse @ far_basis
    energies = np.concatenate([values, far_values])
    order = np.argsort(energies, kind="stable")
    return energies[order], vectors[:, order], np.concatenate([scale, far_scale])[order]


def _within(
    inside: ComplexArray, X: ComplexArray
) -> tuple[FloatArray, ComplexArray, FloatArray, ComplexArray]:
    """Return what `graded_eigh` does of H in the subspace of (1, X), and (1 + X^+ X)^-1/2."""
    root, inverse = _roots(X)
    part = root @ inside @ inverse
    return *graded_eigh((part + part.conj().T) / 2), inverse


def _near(matrix: ComplexArray) -> IntArray | None:
    """Return all levels but those beyond the topmost gap of the diagonal; None if there is none.

    All elements in rows of near levels must be smaller than the far levels by the factor 1e4.
    """
    every = np.abs(matrix)
    size, rows = every.diagonal(), np.add.reduce(every, axis=1)
    if size.max() <= _APART * rows.min():
        return None
    order = np.argsort(size)
    gaps = np.flatnonzero(size[order[1:]] > _APART * size[order[:-1]]) + 1
    for place in gaps[::-1].tolist():
        near, far = np.sort(order[:place]), order[place:]
        coupling = float(rows[near].max())
        beside = every[np.ix_(far, far)]
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
