"""Singular vectors of amplitudes of very different size, each with its own relative precision."""

from __future__ import annotations

import math

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
    largest = np.maximum.reduce(np.abs(rows), axis=None, initial=0.0)
    if size == 1 or largest == 0:
        return np.eye(size, dtype=np.complex128), rows
    adjoint = rows.conj().T / largest
    basis, triangle, order = scipy.linalg.qr(adjoint, pivoting=True, check_finite=False)
    columns = np.empty((size, len(rows)), dtype=np.complex128)
    columns[:, order] = triangle.conj()
    columns, vectors = np.ascontiguousarray(columns), np.ascontiguousarray(basis.T)
    for _ in range(_SWEEPS):
        pairs = _not_orthogonal(columns)
        if not pairs:
            break
        for a, b in pairs:
            _rotate(columns, vectors, a, b)
    return vectors.T, largest * columns.T


def _not_orthogonal(columns: ComplexArray) -> list[tuple[int, int]]:
    """Return the pairs a < b of columns (stored as rows) that are not orthogonal."""
    products = np.abs(columns.conj() @ columns.T)
    norms = np.sqrt(products.diagonal())
    first, second = (products > _ORTHOGONAL * (norms[:, None] * norms)).nonzero()
    return [(a, b) for a, b in zip(first.tolist(), second.tolist(), strict=True) if a < b]


def _rotate(columns: ComplexArray, vectors: ComplexArray, a: int, b: int) -> None:
    """Make columns a and b (stored as rows) orthogonal, unless they are by now."""
    norms = [math.sqrt(np.vdot(each, each).real) for each in (columns[a], columns[b])]
    overlap = complex(np.vdot(columns[a], columns[b]))
    size = abs(overlap)
    if size <= _ORTHOGONAL * norms[0] * norms[1]:
        return
    cotangent = (norms[1] - norms[0]) * (norms[1] + norms[0]) / (2 * size)
    tangent = math.copysign(1.0, cotangent) / (abs(cotangent) + math.hypot(1.0, cotangent))
    cosine = 1 / math.hypot(1.0, tangent)
    sine, phase = cosine * tangent, overlap.conjugate() / size
    for array in (columns, vectors):
        first, second = array[a].copy(), array[b] * phase
        array[a] = cosine * first - sine * second
        array[b] = sine * first + cosine * second
