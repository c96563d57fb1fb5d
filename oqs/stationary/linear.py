"""Solve L x = 0 with tr x = 1, without assuming structure.

A sparse factorisation, whose condition is estimated; for large blocks, whose factors would fill up,
an iteration first.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg

from oqs.arguments import ComplexArray
from oqs.clusters import IntArray

ITERATED = 1000
"""Size from which an iteration is tried first: 3432 equations took it 0.04 s, SuperLU 6.5 s."""

_CONVERGED = 1e-13  # relative residual of an accepted iterate; a hundredth of what it must be
_STEPS = 200  # in which a block of moderate condition converges; others are factorised
SINGULAR = 1e14
"""Condition number above which the equations do not determine the state in double precision."""


def trace_one_kernel(
    matrix: sp.csc_array, diagonal: IntArray, *, one_scale: bool
) -> tuple[ComplexArray, float] | None:
    """Return x (P,) with matrix @ x = 0 and sum x[diagonal] = 1, and its relative residual.

    None where the equations are singular.

    Parameters
    ----------
    matrix : (P, P) L. diagonal : places of the populations.
    one_scale : whether all entries are rates. Beside coherences that turn at w >> gamma a residual
        small against the largest entries says little about what the rates determine, and only a
        factorisation, with rows scaled, is tried.
    """
    if one_scale and matrix.shape[0] >= ITERATED:
        found = iterated(matrix, diagonal)
        if found is not None:
            return found
    return factorised(matrix, diagonal)


def iterated(matrix: sp.csc_array, diagonal: IntArray) -> tuple[ComplexArray, float] | None:
    """Solve by GMRES; None where that leaves a residual above 1e-13 after 200 steps.

    (L - s u tr) x = -s u, with u the maximally mixed state and s the largest rate, has the one
    solution L x = 0, tr x = 1. Its preconditioner is the rates at which states empty, L's diagonal.
    """
    size = matrix.shape[0]
    leaving = matrix.diagonal()
    if np.any(leaving == 0):
        return None
    rate = np.max(np.abs(leaving))
    mixed = np.zeros(size, dtype=np.complex128)
    mixed[diagonal] = 1 / len(diagonal)
    shifted = scipy.sparse.linalg.LinearOperator(
        (size, size),
        matvec=lambda x: matrix @ x - rate * np.sum(x[diagonal]) * mixed,
        dtype=np.complex128,
    )
    emptying = scipy.sparse.linalg.LinearOperator(
        (size, size), matvec=lambda x: x / leaving, dtype=np.complex128
    )
    x, _ = scipy.sparse.linalg.gmres(  # judged by its residual, whatever it says
        shifted, -rate * mixed, M=emptying, rtol=1e-14, restart=_STEPS, maxiter=1
    )
    x = x / np.sum(x[diagonal])
    residual = _residual(matrix, x)
    return (x, residual) if np.isfinite(residual) and residual <= _CONVERGED else None


def factorised(matrix: sp.csc_array, diagonal: IntArray) -> tuple[ComplexArray, float] | None:
    """Solve by SuperLU; None where the condition number says that nothing is determined.

    The rows of the populations add up to zero, so one of them is replaced by the trace. Rows are
    scaled to their largest entry first: coherences turn at w while populations relax at gamma << w.
    One step of iterative refinement follows.
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
    return x, _residual(matrix, x)


def _residual(matrix: sp.csc_array, x: ComplexArray) -> float:
    """Return max |L x| relative to the gross rates that cancel in it."""
    gross = np.max(abs(matrix) @ np.abs(x))
    return float(np.max(np.abs(matrix @ x)) / gross) if gross != 0 else 0.0


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
