"""Singular vectors of amplitudes of very different size, each with its own relative precision."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from oqs.arguments import ComplexArray

_ORTHOGONAL = 1e-15  # cosine of the angle between two columns that are left as they are
_SWEEPS = 30  # a handful at the most


def graded_basis(rows: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
    """Return a unitary V (g, g) that makes the columns of rows V orthogonal, and rows V (m, g).

    Rows of very different size keep their own relative precision: the strongest come to lie on the
    first vectors by a QR factorisation, which leaves exact zeros on the others, and Jacobi's
    rotations then change each column by no more than rounding of itself (Demmel and Veselic 1992,
    doi:10.1137/0613074).
    """
    size = rows.shape[1]
    largest = np.max(np.abs(rows), initial=0.0)
    if size == 1 or largest == 0:
        return np.eye(size, dtype=np.complex128), rows
    basis, triangle, order = scipy.linalg.qr(rows.conj().T / largest, pivoting=True)
    columns = np.empty((size, len(rows)), dtype=np.complex128)
    columns[:, order] = triangle.conj()
    columns, vectors = np.ascontiguousarray(columns), np.ascontiguousarray(basis.T)
    for _ in range(_SWEEPS):
        rotated = [
            _rotate(columns, vectors, a, b) for a in range(size - 1) for b in range(a + 1, size)
        ]
        if not any(rotated):
            break
    return vectors.T, largest * columns.T


def _rotate(columns: ComplexArray, vectors: ComplexArray, a: int, b: int) -> bool:
    """Make columns a and b (stored as rows) orthogonal; return whether they were not."""
    norms = np.linalg.norm(columns[a]), np.linalg.norm(columns[b])
    overlap = np.vdot(columns[a], columns[b])
    size = abs(overlap)
    if size <= _ORTHOGONAL * norms[0] * norms[1]:
        return False
    cotangent = (norms[1] - norms[0]) * (norms[1] + norms[0]) / (2 * size)
    tangent = np.copysign(1.0, cotangent) / (abs(cotangent) + np.hypot(1.0, cotangent))
    cosine = 1 / np.hypot(1.0, tangent)
    sine, phase = cosine * tangent, np.conj(overlap) / size
    for array in (columns, vectors):
        first, second = array[a].copy(), array[b] * phase
        array[a] = cosine * first - sine * second
        array[b] = sine * first + cosine * second
    return True
