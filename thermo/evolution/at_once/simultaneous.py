"""Collocation on all steps at once: Newton's method from a coarse solution.

Step by step, each state waits for the one before it, and numpy is called for a handful of states.
With a fair guess of the whole relaxation, Newton's method takes all steps together: a few calls of
the law for hundreds of states each, and one small linear system a step.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.linalg.lapack import dgetrf, dgetri

from oqs.arguments import FloatArray
from oqs.numerics.clusters import IntArray
from thermo.evolution.at_once.refusal import NotAtOnce, trial_states
from thermo.evolution.dynamics import ReservoirDynamics
from thermo.evolution.integration import STAGES
from thermo.numerics.collocation import Collocation, radau

_ITERATIONS = 10  # from a guess good to 1e-3 it takes 2 or 3
_SLOW = 0.1  # reduction by one iteration, above which the Jacobians are taken anew
_CONVERGED = 1e-3  # of the tolerance: what may be left of the stage equations, ...
_ROUNDING = 1e-14  # ... or this: totals of N and E, and so the entropy, are kept as well, ...
_EPS = float(np.finfo(np.float64).eps)  # ... or this times the steps, whose rounding adds up
_SHARPER = 0.1  # of the tolerance: what a step may err, for totals within 1e-12 inside it as well
_MESHES = 4
_LARGEST = 10_000_000  # numbers in the inverses; with more, step by step is as fast
_TOO_MANY = "the steps would be too many"
_NO_SOLUTION = "Newton's method does not converge on all steps"
_MARGIN = 1.4  # on the number of parts a step is divided into
_MOST_PARTS = 8  # at once


def refine(
    dynamics: ReservoirDynamics,
    edges: FloatArray,
    guess: FloatArray,
    rtol: float,
    most: int,
    iterated: Callable[[], None],
) -> tuple[FloatArray, FloatArray]:
    """Solve dy/dt = dynamics(y) on all steps, dividing those whose polynomials do not follow y(t).

    Parameters
    ----------
    dynamics : the dynamics, of a law that takes many states at once.
    edges : (m + 1,) ends of the steps, the start first.
    guess : (m, s + 1, d) y at the start of each step and at its nodes; guess[0, 0] is exact.
    rtol : tolerance; the polynomials err by a tenth of it, the stage equations by a thousandth.
    most : the most steps to use.
    iterated : called after every iteration of Newton's method.

    Returns
    -------
    edges, values
        of the steps used, as `edges` and `guess`.

    Raises
    ------
    NotAtOnce
        where Newton's method does not converge, the steps would be too many, or law or gas refuse a
        trial state.

    Notes
    -----
    The Jacobians along the guess are kept as long as they serve: they are as smooth as y(t) itself,
    and are divided with it.
    """
    method = radau(STAGES)
    values: FloatArray = guess
    most = min(most, _LARGEST // (STAGES * guess.shape[-1]) ** 2)
    if len(edges) - 1 > most:
        raise NotAtOnce(_TOO_MANY)
    rates, jacobians = _linearised(dynamics, guess)
    for _ in range(_MESHES):
        values, jacobians = _newton(
            dynamics, method, rtol, iterated, np.diff(edges), values, rates, jacobians
        )
        error = method.error(values, dynamics.scale(values[:, 0]))
        excess = error / (_SHARPER * rtol)
        parts = np.ceil(_MARGIN * excess ** (1 / STAGES))
        parts = np.where(excess <= 1, 1, np.clip(parts, 2, _MOST_PARTS)).astype(int)
        if parts.max() == 1:
            return edges, values
        if parts.sum() > most:
            raise NotAtOnce(_TOO_MANY)
        edges, values, jacobians = _divided(method, edges, values, jacobians, parts)
        rates = _rates(dynamics, values)
    raise NotAtOnce(_TOO_MANY)


def _newton(
    dynamics: ReservoirDynamics,
    method: Collocation,
    rtol: float,
    iterated: Callable[[], None],
    h: FloatArray,
    guess: FloatArray,
    rates: FloatArray,
    jacobians: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return values (m, s + 1, d) that obey the equations of steps h (m,), and Jacobians.

    NotAtOnce if Newton's method does not converge. The Jacobians are not quite those of the values:
    each iteration reduces the error by about the same factor, which predicts the next change.
    """
    scale = dynamics.scale(guess[:, :1])
    values = guess.copy()
    stages = values[:, 1:]
    inverse, passed_on = _inverse(method, h, jacobians[:, 1:])
    before = 0.0
    for _ in range(_ITERATIONS):
        residual = values[:, :1] + h[:, None, None] * (method.matrix @ rates) - stages
        change = (inverse @ residual.reshape(len(h), -1, 1)).reshape(stages.shape)
        shifts = _shifts(change[:, -1], passed_on[:, -1])
        change += (passed_on @ shifts[:, None, :, None])[..., 0]
        values[:, 0] += shifts
        stages += change
        iterated()
        norm = float(np.max(np.abs(change) / scale))
        pace = norm / before if before else 1.0
        if not pace <= 1:
            raise NotAtOnce(_NO_SOLUTION)
        left = pace * norm  # change still to come
        if left <= max(_CONVERGED * rtol, _ROUNDING, _EPS * len(values)):
            return values, jacobians
        # steps to divide need not be better solved than their polynomials follow y(t)
        if left <= _CONVERGED * float(np.max(method.error(values, scale[:, 0]))):
            return values, jacobians
        if before and pace > _SLOW:
            rates, jacobians = _linearised(dynamics, values)
            inverse, passed_on = _inverse(method, h, jacobians[:, 1:])
        else:
            rates = _rates(dynamics, values)
        before = norm
    raise NotAtOnce(_NO_SOLUTION)


def _rates(dynamics: ReservoirDynamics, values: FloatArray) -> FloatArray:
    """Return dy/dt (m, s, d) at the nodes of values (m, s + 1, d)."""
    stages = values[:, 1:]
    states = stages.reshape(-1, stages.shape[-1])
    with trial_states():
        rates = dynamics(states)
    return rates.reshape(stages.shape)


def _linearised(dynamics: ReservoirDynamics, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return dy/dt (m, s, d) at the nodes, its Jacobians (m, s + 1, d, d) at the starts as well."""
    steps, nodes, size = values.shape
    states = np.concatenate([values[:1, 0], values[:, 1:].reshape(-1, size)])
    with trial_states():
        rates, jacobians = dynamics.linearised(states)
    nodal = jacobians[1:].reshape(steps, nodes - 1, size, size)
    starts = np.concatenate([jacobians[:1], nodal[:-1, -1]])  # where the step before ends
    return (
        rates[1:].reshape(steps, nodes - 1, size),
        np.concatenate([starts[:, None], nodal], axis=1),
    )


def _inverse(
    method: Collocation, h: FloatArray, jacobians: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the inverses (m, s d, s d) of the Newton matrices, 1 - h A_ij J_j, of all steps.

    And what one unit of change in the start of a step changes at its nodes, (m, s, d, d).
    """
    steps, stages, size = jacobians.shape[:3]
    rows = stages * size
    scaled = (-h[:, None, None, None] * jacobians).transpose(0, 2, 1, 3)
    weights = np.repeat(method.matrix, size, axis=1)
    matrices = (weights[:, None] * scaled.reshape(steps, 1, size, rows)).reshape(steps, rows * rows)
    matrices[:, :: rows + 1] += 1.0
    inverse = matrices.reshape(steps, rows, rows)
    for matrix in inverse:  # one by one 1.3 to 1.8 times as quick as np.linalg.inv of all
        factors, pivots, singular = dgetrf(matrix.T)
        if singular:
            raise NotAtOnce(_NO_SOLUTION)
        matrix[:] = dgetri(factors, pivots)[0].T
    start = np.tile(np.eye(size), (stages, 1))
    passed_on: FloatArray = (inverse @ start).reshape(steps, stages, size, size)
    return inverse, passed_on


def _shifts(ends: FloatArray, passed_on: FloatArray) -> FloatArray:
    """Return the change (m, d) of the start of every step, from the changes (m, d) of the ends.

    That at the end of a step is its own and what its start passes on, (m, d, d).
    """
    shifts = np.zeros_like(ends)
    for step in range(len(ends) - 1):
        shifts[step + 1] = ends[step] + passed_on[step] @ shifts[step]
    return shifts


def _divided(
    method: Collocation,
    edges: FloatArray,
    values: FloatArray,
    jacobians: FloatArray,
    parts: IntArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return edges, values and Jacobians of each step divided into so many equal parts (m,)."""
    size = values.shape[-1]
    both = np.concatenate([values, jacobians.reshape(*values.shape[:2], size * size)], axis=2)
    step = np.repeat(np.arange(len(parts)), parts)
    part = np.arange(len(step)) - np.repeat(np.cumsum(parts) - parts, parts)
    width = np.diff(edges) / parts
    starts = edges[step] + part * width[step]
    nodes = np.append(0.0, method.nodes)
    times = np.minimum(starts[:, None] + width[step, None] * nodes, edges[step + 1, None])
    both_at = method.solution(edges, both).at(times)
    divided = both_at[..., :size].copy(), both_at[..., size:].reshape(*times.shape, size, size)
    return np.append(starts, edges[-1]), *divided
