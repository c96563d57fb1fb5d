"""Solve L x = 0 with tr x = 1 so that each population keeps its own relative precision.

The coherences are eliminated first. What is left couples the populations among themselves: a rate
equation, which `oqs.stationary.rates.elimination` solves without ever subtracting a loss from a
gain. Large blocks, whose factors would fill up, are iterated first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, final

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg
from scipy.sparse.csgraph import connected_components

from oqs.arguments import ComplexArray, FloatArray
from oqs.numerics.clusters import IntArray
from oqs.stationary.rates.elimination import recurrent, times, within
from oqs.stationary.rates.sector_perturbation import pinned_change

ITERATED = 1000
"""Size from which an iteration is tried first: 3432 equations took it 0.04 s, SuperLU 6.5 s."""

_CONVERGED = 1e-13  # relative residual of an accepted iterate; a hundredth of what it must be
_Solve = Callable[[ComplexArray], ComplexArray]
_SMALL = 64  # coherences up to which the inverse is as quick as an estimate of its norm
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
    elimination : what it was found by, if not by an iteration.
    """

    values: ComplexArray
    residual: float
    lifetime: float
    elimination: Elimination | None = None


@final
class Elimination(NamedTuple):
    """L, with the coherences (C,) expressed by the populations (D,).

    Parameters
    ----------
    matrix : L (P, P).
    diagonal, coherent : positions of the populations and of the coherences among the P elements.
    made : (C, D) coherences that each population makes.
    solve : b (C,) -> x with L_cc x = b.
    rates : (D, D) effective rates among the populations; the diagonal is ignored.
    """

    matrix: sp.csc_array
    diagonal: IntArray
    coherent: IntArray
    made: ComplexArray
    solve: _Solve
    rates: FloatArray

    def change(self, populations: FloatArray, sources: ComplexArray) -> ComplexArray:
        """Return dx (P, K) with L dx = -sources (P, K), tr dx = 0; populations (D,) are x's own."""
        alone = np.zeros((len(self.coherent), sources.shape[1]), dtype=np.complex128)
        for column, source in enumerate(sources[self.coherent].T):
            alone[:, column] = -self.solve(source)
        back = self.matrix[self.diagonal, :][:, self.coherent]
        arriving = (sources[self.diagonal] + back @ alone).real
        moved = pinned_change(self.rates, populations, arriving)
        moved -= np.multiply.outer(populations, moved.sum(axis=0))
        dx = np.empty_like(sources)
        dx[self.diagonal], dx[self.coherent] = moved, alone + self.made @ moved
        return dx

    def flow_error(self, x: ComplexArray, gross: ComplexArray, tolerance: float) -> float:
        """Return how far elements that are not known may move gross rates, relative to these.

        A row of L x = r within `tolerance` of what cancels in it is an equation whose rates are
        right to that fraction, and so are the populations that it gives. The others, as a rule of
        states far rarer than those that carry the flows, move x by L^-1 r: the coherences first,
        then the populations by the time |r| spends in each state before it is in the most probable
        one. All terms are added up, none is subtracted.

        Parameters
        ----------
        x : (P,) with trace 1.
        gross : (n, P) the functionals of x that are the gross rates.
        """
        left, cancels = self.matrix @ x, abs(self.matrix) @ np.abs(x)
        unknown = np.where((np.abs(left) > tolerance * cancels) & (cancels > _SMALLEST), left, 0)
        coherences = np.zeros(0) if not len(self.coherent) else self.solve(unknown[self.coherent])
        back = abs(self.matrix[self.diagonal, :][:, self.coherent])
        entering = np.abs(unknown[self.diagonal]) + back @ np.abs(coherences)
        ground = int(np.argmax(x[self.diagonal].real))
        others = np.arange(len(self.diagonal)) != ground
        populations = times(
            self.rates[np.ix_(others, others)],
            self.rates[ground, others],
            entering[others, None],
        ).ravel()
        own = gross[:, self.coherent]
        moved = np.abs(gross[:, self.diagonal] + own @ self.made)[:, others] @ populations
        moved += np.abs(own) @ np.abs(coherences)
        whole = (gross @ x).real
        flowing = whole > _SMALLEST
        worst = np.max(moved[flowing] / whole[flowing], initial=0.0)
        return float(worst + populations.sum())


def iterated(matrix: sp.csc_array, diagonal: IntArray) -> Kernel | None:
    """Solve by GMRES; None where that leaves a residual above 1e-13 after 200 steps.

    (L - s u tr) x = -s u, with u the maximally mixed state and s the largest rate, has the one
    solution L x = 0, tr x = 1. Its preconditioner is the rates at which states empty, L's diagonal.
    The residual is relative to the largest gross rate: small populations are good to 1e-13 in
    absolute terms only.
    """
    leaving = matrix.diagonal()
    if np.any(leaving == 0):
        return None
    mixed = _mixed(matrix, diagonal)
    x = _gmres(matrix, diagonal, -np.max(np.abs(leaving)) * mixed)
    x = x / np.sum(x[diagonal])
    gross = np.max(abs(matrix) @ np.abs(x))
    residual = float(np.max(np.abs(matrix @ x)) / gross) if gross != 0 else 0.0
    if not (np.isfinite(residual) and residual <= _CONVERGED):
        return None
    return Kernel(x, residual, 1.0)


def iterated_change(
    matrix: sp.csc_array, diagonal: IntArray, sources: ComplexArray
) -> ComplexArray:
    """Return dx (P, K) with L dx = -sources (P, K), tr dx = 0, as GMRES finds it, not judged."""
    return np.stack([_gmres(matrix, diagonal, -column) for column in sources.T], axis=1)


def _mixed(matrix: sp.csc_array, diagonal: IntArray) -> ComplexArray:
    """Return the maximally mixed state (P,)."""
    mixed = np.zeros(matrix.shape[0], dtype=np.complex128)
    mixed[diagonal] = 1 / len(diagonal)
    return mixed


def _gmres(matrix: sp.csc_array, diagonal: IntArray, right: ComplexArray) -> ComplexArray:
    """Return the solution of (L - s u tr) x = right (P,) by GMRES, not yet checked."""
    leaving, mixed = matrix.diagonal(), _mixed(matrix, diagonal)
    rate = np.max(np.abs(leaving))
    shifted = scipy.sparse.linalg.LinearOperator(
        matrix.shape,
        matvec=lambda x: matrix @ x - rate * np.sum(x[diagonal]) * mixed,
        dtype=np.complex128,
    )
    emptying = scipy.sparse.linalg.LinearOperator(
        matrix.shape, matvec=lambda x: x / leaving, dtype=np.complex128
    )
    x, _ = scipy.sparse.linalg.gmres(
        shifted, right, M=emptying, rtol=1e-14, restart=_STEPS, maxiter=1
    )
    return np.asarray(x)


def eliminated(matrix: sp.csc_array, diagonal: IntArray) -> Kernel | None:
    """Eliminate the coherences, then the populations; None where a coherence does not decay.

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
    of_populations, of_coherences = matrix[:, diagonal], matrix[:, coherent]
    rates = of_populations[diagonal, :].toarray().real
    x = np.zeros(size, dtype=np.complex128)
    made, lifetime = np.zeros((len(coherent), len(diagonal)), dtype=np.complex128), 1.0
    solve: _Solve = np.copy
    if len(coherent):
        fed = -of_populations[coherent, :].toarray()
        eliminated_coherences = _eliminate(of_coherences[coherent, :], fed)
        if eliminated_coherences is None:
            return None
        made, lifetime, solve = eliminated_coherences
        rates += (of_coherences[diagonal, :] @ made).real
    x[diagonal] = _populations(rates)
    x[coherent] = made @ x[diagonal]
    elimination = Elimination(matrix, diagonal, coherent, made, solve, rates)
    return Kernel(x, _residual(matrix, x), lifetime, elimination)


def _eliminate(inner: sp.csc_array, fed: ComplexArray) -> tuple[ComplexArray, float, _Solve] | None:
    """Return the coherences (C, D) that populations make, the longest life of one, and L_cc^-1.

    `inner`: L_cc (C, C); `fed`: -L_cp (C, D), what populations feed.
    """
    diagonal = inner.diagonal()
    decay = np.abs(diagonal)
    if np.any(decay == 0):
        return None
    if inner.nnz == len(decay):  # each decays on its own, as between levels of distinct distances
        return fed / diagonal[:, None], 1.0, lambda b: b / diagonal
    scaled = sp.csc_array(inner @ sp.diags_array(1 / decay))
    try:
        factors = scipy.sparse.linalg.splu(
            scaled,
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
    except RuntimeError:  # SuperLU met an exactly zero pivot
        return None
    made = factors.solve(fed) / decay[:, None]
    lifetime = _norm_of_inverse(factors, len(decay))
    if not (np.isfinite(lifetime) and np.isfinite(made).all()):
        return None
    return made, lifetime, lambda b: factors.solve(b) / decay


def _populations(rates: FloatArray) -> FloatArray:
    """Return the stationary populations (D,) of rates (D, D) whose diagonal is ignored."""
    np.fill_diagonal(rates, 0.0)
    count, _ = connected_components(sp.csr_array(rates), connection="strong")
    if count > 1:  # rates underflow to zero: some states are transient
        return recurrent(sp.csr_array(rates))
    with np.errstate(over="ignore", invalid="ignore"):  # non-finite results raise at the end
        return within(rates)


def _residual(matrix: sp.csc_array, x: ComplexArray) -> float:
    """Return the largest |L x| of a population, relative to the gross rates that cancel in it.

    What is close to the smallest double has no digits to be judged by.
    """
    gross = abs(matrix) @ np.abs(x)
    judged = gross > _SMALLEST
    return float(np.max(np.abs(matrix @ x)[judged] / gross[judged], initial=0.0))


def _norm_of_inverse(factors: scipy.sparse.linalg.SuperLU, size: int) -> float:
    """Estimate the 1-norm of the inverse (Higham and Tisseur 2000); of a small one, compute it."""
    if size <= _SMALL:
        return float(np.linalg.norm(factors.solve(np.eye(size, dtype=np.complex128)), 1))
    inverse = scipy.sparse.linalg.LinearOperator(
        (size, size),
        matvec=factors.solve,
        rmatvec=lambda b: factors.solve(b, "H"),
        dtype=np.complex128,
    )
    return float(scipy.sparse.linalg.onenormest(inverse))


_SMALLEST = 1e-290
