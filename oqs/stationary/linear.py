"""Solve L x = 0 with tr x = 1 by a sparse direct factorisation, without assuming structure."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg

from oqs.arguments import ComplexArray
from oqs.clusters import IntArray

SINGULAR = 1e14
"""Condition number above which the equations do not determine the state in double precision."""


def trace_one_kernel(matrix: sp.csc_array, diagonal: IntArray) -> tuple[ComplexArray, float] | None:
    """Return x (P,) with matrix @ x = 0 and sum x[diagonal] = 1, and its relative residual.

    The rows of the populations add up to zero, so one of them is replaced by the trace. Rows are
    scaled to their largest entry first: coherences turn at w while populations relax at gamma << w.
    One step of iterative refinement follows. None where the equations are singular.
    """
    system = _with_trace_row(matrix, diagonal)
    scale = abs(system).max(axis=1).toarray()
    if np.any(scale == 0):
        return None
    scaled = sp.csc_array(sp.diags_array(1 / scale) @ system)
    right = np.zeros(len(scale), dtype=np.complex128)
    right[diagonal[0]] = 1 / scale[diagonal[0]]
    try:
        factors = scipy.sparse.linalg.splu(scaled)
    except RuntimeError:  # SuperLU met an exactly zero pivot
        return None
    if _condition(scaled, factors) > SINGULAR:
        return None
    x = factors.solve(right)
    x = x + factors.solve(right - scaled @ x)
    gross = np.max(abs(matrix) @ np.abs(x))
    return x, float(np.max(np.abs(matrix @ x)) / gross) if gross > 0 else 0.0


def _with_trace_row(matrix: sp.csc_array, diagonal: IntArray) -> sp.csr_array:
    size = matrix.shape[0]
    others = np.ones(size)
    others[diagonal[0]] = 0.0
    trace = sp.coo_array(
        (np.ones(len(diagonal)), (np.full(len(diagonal), diagonal[0]), diagonal)),
        shape=(size, size),
    )
    return sp.csr_array(sp.diags_array(others) @ matrix + trace)


def _condition(matrix: sp.csc_array, factors: scipy.sparse.linalg.SuperLU) -> float:
    """Estimate the 1-norm condition number (Higham and Tisseur 2000)."""
    size = matrix.shape[0]
    inverse = scipy.sparse.linalg.LinearOperator(
        (size, size),
        matvec=factors.solve,
        rmatvec=lambda b: factors.solve(b, "H"),
        dtype=np.complex128,
    )
    if size <= 4:  # too small for the estimator
        dense = factors.solve(np.eye(size, dtype=np.complex128))
        return float(np.linalg.norm(dense, 1) * np.linalg.norm(matrix.toarray(), 1))
    return float(scipy.sparse.linalg.onenormest(inverse) * scipy.sparse.linalg.norm(matrix, 1))
