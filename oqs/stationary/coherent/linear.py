"""Solve L x = 0 with tr x = 1 so that each population keeps its own relative precision.

The coherences are eliminated first. What is left couples the populations among themselves: a rate
equation, which `oqs.stationary.rates.elimination` solves without ever subtracting a loss from a
gain. Large blocks, whose factors would fill up, are iterated first.
"""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg
from scipy.sparse.csgraph import connected_components

from oqs.arguments import ComplexArray, FloatArray
from oqs.numerics.clusters import IntArray
from oqs.stationary.rates.elimination import recurrent, within
from oqs.stationary.rates.sector_perturbation import pinned_change

ITERATED = 1000
"""Size from which an iteration is tried first: 3432 equations took it 0.04 s, SuperLU 6.5 s."""

_CONVERGED = 1e-13  # relative residual of an accepted iterate; a hundredth of what it must be
_STEPS = 200  # in which a block of moderate condition converges; others are factorised


@final
class Kernel(NamedTuple):
    """x (P,) with L x = 0 and tr x = 1.

    Parameters
    ----------
    values : x.
    residual : largest |L x| relative to the gross rates that cancel in it.
    lifetime : of the longest-lived coherence, in units of the time in which its states are left;
        as many digits as this number has are lost.
    """

    values: ComplexArray
    residual: float
    lifetime: float


@final
class _Coherences(NamedTuple):
    """Coherences eliminated in favour of the populations.

    Parameters
    ----------
    factors : of L between coherences, in units of the fluxes out of them.
    decay : (C,) rates |L_cc|.
    made : (C, D) what each population makes of them.
    lifetime : of the longest-lived, see `Kernel`.
    """

    factors: scipy.sparse.linalg.SuperLU
    decay: FloatArray
    made: ComplexArray
    lifetime: float

    def fed(self, sources: ComplexArray) -> ComplexArray:
        """Return the coherences (C, K) that stand still while fed by sources (C, K)."""
        found: ComplexArray = -self.factors.solve(sources) / self.decay[:, None]
        return found


def iterated(matrix: sp.csc_array, diagonal: IntArray) -> Kernel | None:
    """Solve by GMRES; None where that leaves a residual above 1e-13 after 200 steps.

    (L - s u tr) x = -s u, with u the maximally mixed state and s the largest rate, has the one
    solution L x = 0, tr x = 1. Its preconditioner is the rates at which states empty, L's diagonal.
    The residual is relative to the largest gross rate: small populations are good to 1e-13 in
    absolute terms only.
    """
    size = matrix.shape[0]
    if np.any(matrix.diagonal() == 0):
        return None
    mixed = np.zeros(size, dtype=np.complex128)
    mixed[diagonal] = 1 / len(diagonal)
    x = _gmres(matrix, diagonal, -float(np.max(np.abs(matrix.diagonal()))) * mixed)
    x = x / np.sum(x[diagonal])
    gross = np.max(abs(matrix) @ np.abs(x))
    residual = float(np.max(np.abs(matrix @ x)) / gross) if gross != 0 else 0.0
    if not (np.isfinite(residual) and residual <= _CONVERGED):
        return None
    return Kernel(x, residual, 1.0)


def iterated_change(
    matrix: sp.csc_array, diagonal: IntArray, sources: ComplexArray
) -> ComplexArray | None:
    """Do as `change` does, by GMRES; None where that leaves a residual above 1e-13."""
    if np.any(matrix.diagonal() == 0):
        return None
    dx = np.stack([_gmres(matrix, diagonal, -column) for column in sources.T], axis=1)
    gross = np.max(abs(matrix) @ np.abs(dx) + np.abs(sources), axis=0)
    missed = np.max(np.abs(matrix @ dx + sources), axis=0)
    return dx if np.all(missed <= _CONVERGED * gross) else None


def _gmres(matrix: sp.csc_array, diagonal: IntArray, right: ComplexArray) -> ComplexArray:
    """Return what GMRES finds for (L - s u tr) x = right (P,), judged by nobody yet."""
    size, leaving = matrix.shape[0], matrix.diagonal()
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
        shifted, right, M=emptying, rtol=1e-14, restart=_STEPS, maxiter=1
    )
    return np.asarray(x)


def eliminated(matrix: sp.csc_array, diagonal: IntArray) -> Kernel | None:
    """Eliminate the coherences, then the populations; None where a coherence lives for ever.

    In units of the fluxes |L_cc| x_c every column adds up to what a jump makes of a coherence, at
    most 1, so the factorisation needs no pivots. Without them no state's rounding reaches another
    that it does not feed, and populations of 1e-60 beside 1 keep their digits.

    Raises
    ------
    NonUniqueStationaryState, StationaryStateNotFound
        as `recurrent` and `within` do.
    """
    size = matrix.shape[0]
    coherent = np.setdiff1d(np.arange(size), diagonal)
    rates = matrix[diagonal, :][:, diagonal].toarray().real
    x = np.zeros(size, dtype=np.complex128)
    made, lifetime = np.zeros((len(coherent), len(diagonal)), dtype=np.complex128), 1.0
    if len(coherent):
        found = _eliminate(matrix, coherent, diagonal)
        if found is None:
            return None
        made, lifetime = found.made, found.lifetime
        rates += (matrix[diagonal, :][:, coherent] @ made).real
    x[diagonal] = _populations(rates)
    x[coherent] = made @ x[diagonal]
    return Kernel(x, _residual(matrix, x), lifetime)


def change(
    matrix: sp.csc_array, diagonal: IntArray, x: ComplexArray, sources: ComplexArray
) -> ComplexArray | None:
    """Return dx (P, K) with L dx = -sources, tr dx = 0, for L x = 0; eliminated as x is.

    None where a coherence lives for ever.
    """
    coherent = np.setdiff1d(np.arange(matrix.shape[0]), diagonal)
    rates = matrix[diagonal, :][:, diagonal].toarray().real
    arriving = sources[diagonal].real
    found, alone = None, sources[coherent]
    if len(coherent):
        found = _eliminate(matrix, coherent, diagonal)
        if found is None:
            return None
        into = matrix[diagonal, :][:, coherent]
        alone = found.fed(alone)
        rates += (into @ found.made).real
        arriving = arriving + (into @ alone).real
    populations = x[diagonal].real
    moved = pinned_change(rates, populations, arriving)
    moved -= np.multiply.outer(populations, moved.sum(axis=0) / populations.sum())
    dx = np.zeros_like(sources)
    dx[diagonal] = moved
    if found is not None:
        dx[coherent] = alone + found.made @ moved
    return dx


def _eliminate(
    matrix: sp.csc_array, coherent: IntArray, diagonal: IntArray
) -> _Coherences | None:
    """Eliminate the coherences; None where one lives for ever."""
    turning = matrix[coherent, :][:, coherent]
    decay = np.abs(turning.diagonal())
    if np.any(decay == 0):
        return None
    scaled = sp.csc_array(turning @ sp.diags_array(1 / decay))
    try:
        factors = scipy.sparse.linalg.splu(
            scaled,
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
    except RuntimeError:  # SuperLU met an exactly zero pivot
        return None
    fed = -matrix[coherent, :][:, diagonal].toarray()
    made = factors.solve(fed) / decay[:, None]
    lifetime = _norm_of_inverse(factors, len(coherent))
    fine = np.isfinite(lifetime) and np.isfinite(made).all()
    return _Coherences(factors, decay, made, lifetime) if fine else None


def _populations(rates: FloatArray) -> FloatArray:
    """Return the stationary populations (D,) of rates (D, D) whose diagonal is ignored."""
    np.fill_diagonal(rates, 0.0)
    count, _ = connected_components(sp.csr_array(rates), connection="strong")
    if count > 1:  # rates that underflowed to zero: some states are only left, never reached
        return recurrent(sp.csr_array(rates))
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite raises in the end
        return within(rates)


def _residual(matrix: sp.csc_array, x: ComplexArray) -> float:
    """Return the largest |L x| of a population, relative to the gross rates that cancel in it.

    What is close to the smallest double has no digits to be judged by.
    """
    gross = abs(matrix) @ np.abs(x)
    judged = gross > _SMALLEST
    return float(np.max(np.abs(matrix @ x)[judged] / gross[judged], initial=0.0))


def _norm_of_inverse(factors: scipy.sparse.linalg.SuperLU, size: int) -> float:
    """Estimate the 1-norm of the inverse (Higham and Tisseur 2000)."""
    if size <= 4:  # too small for the estimator
        return float(np.linalg.norm(factors.solve(np.eye(size, dtype=np.complex128)), 1))
    inverse = scipy.sparse.linalg.LinearOperator(
        (size, size),
        matvec=factors.solve,
        rmatvec=lambda b: factors.solve(b, "H"),
        dtype=np.complex128,
    )
    return float(scipy.sparse.linalg.onenormest(inverse))


_SMALLEST = 1e-290
