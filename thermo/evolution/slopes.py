"""Derivatives of flows and gases by ln T and mu: the parts of the Jacobian of Eq. (5).

Slopes (2n, B, n) hold the derivative of something of each of n reservoirs, in B states, with
respect to ln T_1.., mu_1...
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from oqs.arguments import FloatArray
from oqs.flow_jacobian import FlowJacobian
from oqs.flows import Flows

_WIDE = 3e-4  # shift of ln T, or of mu in units of T, for differences of order 4
_OFFSETS = np.array([-2.0, -1.0, 1.0, 2.0])
_WEIGHTS = np.array([1 / 12, -2 / 3, 2 / 3, -1 / 12])
_NARROW = 1e-5  # shift for central differences of gases, whose third derivatives are small
_TWO_SIDES = np.array([-1.0, 1.0])

Slopes = tuple[FloatArray, FloatArray]


def known_slopes(law: Any, T: FloatArray, mu: FloatArray, batched: bool) -> Slopes:
    """Return dP, dY (2n, B, n) at T, mu (B, n) of a law that knows its derivatives."""
    asked = [law.jacobian(T, mu)] if batched else list(map(law.jacobian, T, mu))
    known = FlowJacobian.joined(asked)

    def slopes(by_T: FloatArray, by_mu: FloatArray) -> FloatArray:
        return np.concatenate([T[:, None] * by_T, by_mu], axis=2).transpose(2, 0, 1)

    return slopes(known.particle_T, known.particle_mu), slopes(known.heat_T, known.heat_mu)


def difference_slopes(
    flows_at: Callable[[FloatArray], Flows],
    y: FloatArray,
    here: Slopes,
    steps: FloatArray | None,
    T: FloatArray,
) -> Slopes:
    """Return dP, dY (2n, B, n) by differences, for laws that do not know their derivatives.

    Parameters
    ----------
    flows_at : y (b, 2n) -> flows (b, n).
    y : (B, 2n). here : P, Y (B, n) there. T : (B, n) there.
    steps : (B, 2n) shifts of one-sided differences; None takes those of order 4, good to 1e-11 and
        four times as dear.
    """
    count, size = y.shape
    offsets, weights = (np.ones(1), np.ones(1)) if steps is not None else (_OFFSETS, _WEIGHTS)
    if steps is None:
        steps = _WIDE * np.concatenate([np.ones_like(T), T], axis=1)  # T: occupations' own scale
    along = np.eye(size)[:, None, :] * steps.T[:, :, None]  # (2n, B, 2n)
    shifted = y + offsets[:, None, None, None] * along
    flows = flows_at(shifted.reshape(-1, size))

    def slopes(moved: FloatArray, start: FloatArray) -> FloatArray:
        change = moved.reshape(len(offsets), size, count, -1) - start
        return np.asarray(np.tensordot(weights, change, 1) / steps.T[:, :, None])

    return slopes(flows.particle, here[0]), slopes(flows.heat, here[1])


def gas_slopes(
    change: Callable[[FloatArray, FloatArray], FloatArray], T: FloatArray, mu: FloatArray
) -> FloatArray:
    """Return what each gas's own T and mu do to its rates at fixed flows, (2, B, 2, n).

    Entry [a, :, b] is the derivative of the b-th of d ln T_j/dt, d mu_j/dt by the a-th of ln T_j,
    mu_j, by central differences, to 1e-10: a gas depends on its own T and mu only, so two shifts of
    each serve all.

    Parameters
    ----------
    change : T, mu (..., B, n) -> rates (..., B, 2n) at the flows that are held.
    T, mu : (B, n).
    """
    # a gas changes with mu on the scale of T, or of mu where it is degenerate: between the two
    step = _NARROW * np.sqrt(T * np.maximum(np.abs(mu), T))
    sides = _TWO_SIDES[:, None, None]
    hot, up = np.empty((2, 2, 2, *T.shape))  # of ln T or mu, back or on
    hot[0], up[0] = T * np.exp(sides * _NARROW), mu
    hot[1], up[1] = T, mu + sides * step
    rates = change(hot, up).reshape(2, 2, len(T), 2, -1)
    slopes: FloatArray = rates[:, 1] - rates[:, 0]
    slopes[0] /= 2 * _NARROW
    slopes[1] /= 2 * step[:, None]
    return slopes
