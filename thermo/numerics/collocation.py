"""One implicit step: the Radau IIA collocation polynomial, for stiff equations."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import NamedTuple, final

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray
from scipy.linalg.lapack import dgetrf as getrf  # the calls themselves: lu_factor takes longer
from scipy.linalg.lapack import dgetrs as getrs  # to check its arguments than to work

from oqs.arguments import FloatArray, read_only
from thermo.numerics.interpolation import PiecewisePolynomial, on_steps

_ITERATIONS = 10
_FAR = 2.0  # relative change of a value that no step should bring
_CONVERGED = 1e-2  # of the tolerance: what may be left of the stage equations, ...
_RESTING = 0.1  # ... or this, where f is rounded too coarsely for more: it then counts as error

Rates = Callable[[FloatArray], FloatArray]


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Collocation:
    """The Radau IIA method of s stages: y' = f(y) holds at c_1 h, ..., c_s h = h.

    y(t) is the polynomial of degree s through y_0 with that property. Its end is of order 2 s - 1,
    it is of order s throughout, and the method is L-stable: what has decayed costs no steps.
    Source: Hairer and Wanner, Solving Ordinary Differential Equations II, IV.5.
    """

    nodes: FloatArray  # (s,) c_i in (0, 1], ascending: zeros of P_s - P_(s-1)
    matrix: FloatArray  # (s, s) A_ij, integral of the j-th Lagrange polynomial from 0 to c_i
    # (s + 1, s + 1) values at (0, c_1, ..., c_s) -> Legendre coefficients on [0, 1]
    legendre: FloatArray
    monomial: FloatArray  # (s + 1, s + 1) the same -> coefficients of powers of 2 t/h - 1

    def error(self, values: FloatArray, scale: FloatArray) -> FloatArray:
        """Return (...) how well y(t), of values (..., s + 1, d), is a polynomial: its tail.

        That is the largest of its last two Legendre coefficients in units of scale (..., d); the
        second last counts a tenth, for the last may be small by accident.
        """
        tail = np.max(np.abs(self.legendre[-2:] @ values) / scale[..., None, :], axis=-1)
        return np.asarray(np.maximum(tail[..., 1], tail[..., 0] / 10))

    def solution(self, edges: FloatArray, values: FloatArray) -> PiecewisePolynomial:
        """Return y(t) of steps between edges (m + 1,), of values (m, s + 1, d) at their nodes."""
        starts = values[:, :1]
        # powers amplify rounding: only that of the change along a step, which may be tiny
        coefficients = self.monomial @ (values - starts)
        coefficients[:, :1] += starts
        point = np.zeros_like(coefficients[:1])
        point[0, 0] = values[0, 0]
        return on_steps(edges, np.concatenate([point, coefficients]))


@functools.cache
def radau(stages: int) -> Collocation:
    """Return the Radau IIA method of the given number of stages."""
    polynomial = np.zeros(stages + 1)
    polynomial[-2:] = -1.0, 1.0
    x = np.sort(legendre.legroots(polynomial).real)
    x = x - legendre.legval(x, polynomial) / legendre.legval(x, legendre.legder(polynomial))
    x[-1] = 1.0
    integrals = np.stack(
        [legendre.legval(x, legendre.legint(row, lbnd=-1)) / 2 for row in np.eye(stages)], axis=1
    )
    to_legendre = np.linalg.inv(legendre.legvander(np.append(-1.0, x), stages))
    powers = np.zeros((stages + 1, stages + 1))
    for degree, row in enumerate(np.eye(stages + 1)):
        powers[: degree + 1, degree] = legendre.leg2poly(row[: degree + 1])
    return Collocation(
        nodes=read_only((x + 1) / 2),
        matrix=read_only(integrals @ np.linalg.inv(legendre.legvander(x, stages - 1))),
        legendre=read_only(to_legendre),
        monomial=read_only(powers @ to_legendre),
    )


@final
class Step(NamedTuple):
    """A solved step."""

    values: FloatArray  # (s + 1, d) y at its start and at the nodes
    error: float  # of its polynomial and of the stage equations, in units of scale


def take_step(
    method: Collocation,
    rates: Rates,
    linearised: Callable[[FloatArray], tuple[FloatArray, FloatArray]],
    jacobian: FloatArray | None,
    h: float,
    start: FloatArray,
    guess: FloatArray,
    scale: FloatArray,
    tolerance: float,
) -> Step | None:
    """Solve the stage equations by Newton's iteration; None if it does not converge.

    Parameters
    ----------
    method : of s stages.
    rates : f, (s, d) -> (s, d).
    linearised : (s, d) -> f (s, d) and df/dy (s, d, d).
    jacobian : (d, d) df/dy at the start, kept through the iteration; None takes it anew at every
        stage and iteration. That costs d + 1 times as much, and is worth it where the fastest rate
        is so fast that the change of df/dy along the step, times h, is large.
    h : step.
    start : (d,) y at its beginning.
    guess : (s, d) first values at the nodes.
    scale : (d,) sizes that tolerance and error refer to.
    tolerance : of the step.
    """
    stages, size = guess.shape
    if jacobian is not None:
        factors = _factors(method, h, np.broadcast_to(jacobian, (stages, size, size)))
    values = guess
    norms: list[float] = []
    while _promising(norms, tolerance):
        if jacobian is None:
            rate, jacobians = linearised(values)
            factors = _factors(method, h, jacobians)
        else:
            rate = rates(values)
        residual = start + h * (method.matrix @ rate) - values
        change = getrs(*factors, residual.ravel())[0].reshape(stages, size)
        values = values + change
        norms.append(float(np.max(np.abs(change) / scale)))
        if norms[-1] <= _CONVERGED * tolerance:
            break
    whole = np.concatenate([start[None], values])
    error = float(method.error(whole, scale))
    if norms[-1] <= _CONVERGED * tolerance:
        return Step(whole, error)
    # with Jacobians of every stage the iteration converges quadratically: changes that are small
    # and fall no more are the rounding of f
    left = max(norms[-2:])
    rests = jacobian is None and len(norms) > 2 and left <= _RESTING * tolerance
    return Step(whole, error + left) if rests else None


def _promising(norms: list[float], tolerance: float) -> bool:
    """Return whether the iteration, at the pace of its changes so far, converges in time.

    The pace is that of two turns: a stiff iteration may rest for one and then go on.
    """
    if len(norms) < 3:
        return not norms or norms[-1] < _FAR
    left = _ITERATIONS - len(norms)
    pace = (norms[-1] / norms[-3]) ** 0.5
    return left > 0 and norms[-1] * min(pace, 1.0) ** left <= _CONVERGED * tolerance


def _factors(
    method: Collocation, h: float, jacobians: FloatArray
) -> tuple[FloatArray, NDArray[np.int32]]:
    """Return the LU factors of the Newton matrix, blocks delta_ij - h A_ij J_j, (s d, s d)."""
    stages, size = jacobians.shape[:2]
    blocks = method.matrix[:, None, :, None] * jacobians.transpose(1, 0, 2)[None]
    matrix = blocks.reshape(stages * size, stages * size)
    matrix *= -h
    matrix.flat[:: stages * size + 1] += 1.0
    factors, order, _ = getrf(matrix)
    return factors, order
