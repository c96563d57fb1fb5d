"""The leading eigenvalue of a tilted generator with coherences, and both of its eigenvectors.

The generator maps positive operators to positive ones at real fields, so its eigenvalue of the
largest real part is real, and its eigenvectors are positive operators.
"""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np
import scipy.linalg
import scipy.sparse as sp
import scipy.sparse.linalg

from oqs.arguments import ComplexArray, FloatArray
from oqs.errors import StationaryStateNotFound

_DENSE = 450  # elements up to which all eigenvalues are computed
_REAL = 1e-9  # imaginary part over the largest rate: what rounding leaves


@final
class Leading(NamedTuple):
    """Eigenvalue, right and left vectors (P,) with left @ right = 1."""

    value: float
    right: ComplexArray
    left: ComplexArray


def leading(matrix: sp.csc_array, rho: ComplexArray, trace: FloatArray) -> Leading:
    """Return the eigenvalue of largest real part of a matrix (P, P).

    Raises StationaryStateNotFound if the eigenvalue found is not real.

    `matrix`: the tilted generator; `rho`, `trace` (P,): its right and left vectors without fields,
    to begin with.
    """
    scale = float(np.max(np.abs(matrix.diagonal()), initial=0.0))
    if matrix.shape[0] <= _DENSE:
        value, right, left = _of_all(matrix.toarray())
    else:
        value, right = _of_largest(matrix, rho)
        left = _of_largest(matrix.T, trace.astype(np.complex128))[1]
    right, left = right / (trace @ right), left / (left @ rho)
    left = left / (left @ right)
    value = complex(left @ (matrix @ right))
    if not abs(value.imag) <= _REAL * scale + _REAL * abs(value):
        raise StationaryStateNotFound(
            f"The generating function came out as {value:.6g}, not real: give smaller fields."
        )
    return Leading(value.real, right, left)


def _of_largest(matrix: sp.csc_array, start: ComplexArray) -> tuple[complex, ComplexArray]:
    try:
        values, vectors = scipy.sparse.linalg.eigs(matrix, k=1, which="LR", v0=start)
    except scipy.sparse.linalg.ArpackNoConvergence as failed:
        raise StationaryStateNotFound(
            f"The generating function did not converge on {matrix.shape[0]} matrix elements: give "
            "smaller fields, or a system with fewer degenerate levels."
        ) from failed
    return complex(values[0]), vectors[:, 0]


def _of_all(matrix: ComplexArray) -> tuple[complex, ComplexArray, ComplexArray]:
    values, left, right = scipy.linalg.eig(matrix, left=True, right=True, check_finite=False)
    k = int(np.argmax(values.real))
    return complex(values[k]), right[:, k], left[:, k].conj()
