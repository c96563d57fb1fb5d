"""The Lyapunov equation d Sigma/dt = A Sigma + Sigma A^T + D along given A(t) and D(t)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from oqs.arguments import FloatArray
from thermo.numerics.collocation import radau

_STAGES = 3
_AGREED = 1e-5  # of the largest variance, by which halving the steps changes Sigma
_HALVINGS = 6
_AT_ONCE = 2**22  # entries of the matrices of steps that are solved together

Coefficients = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""Times (k,) -> A, D (k, d, d)."""


def lyapunov(t: FloatArray, coefficients: Coefficients, noise: FloatArray) -> FloatArray:
    """Return Sigma (m, d, d) at times t (m,), Sigma(t[0]) = 0.

    Implicit Runge-Kutta steps (Radau IIA, order 5) between the times, halved until Sigma changes by
    no more than 1e-5: what decays fast costs no steps.

    Parameters
    ----------
    t : (m,) ascending, close enough together to follow A and D.
    coefficients : A and D at any times.
    noise : (m, d, d) D at t.

    Raises
    ------
    RuntimeError
        if 64 steps between two times do not suffice.
    """
    grown = np.trapezoid(np.diagonal(noise, axis1=1, axis2=2), t, axis=0)
    unit = np.sqrt(np.where(grown > 0, grown, 1.0))  # never less than the largest spread
    scale = np.outer(unit, unit)
    before = _stepped(t, 1, coefficients, unit)
    for halving in range(1, _HALVINGS + 1):
        sigma = _stepped(t, 2**halving, coefficients, unit)
        size = np.max(np.abs(sigma), initial=0.0)
        if np.max(np.abs(sigma - before), initial=0.0) <= _AGREED * size:
            return np.asarray(sigma * scale)
        before = sigma
    raise RuntimeError(
        "The spread of the reservoirs was not resolved by 64 steps between two times of the path: "
        "evolve with a smaller rtol."
    )


def _stepped(
    t: FloatArray, pieces: int, coefficients: Coefficients, unit: FloatArray
) -> FloatArray:
    """Return Sigma (m, d, d) in units of `unit`, by so many steps between two times."""
    size, method = len(unit), radau(_STAGES)
    covariances = np.zeros((len(t), size, size))
    fractions = np.arange(pieces) / pieces
    starts = (t[:-1, None] + np.diff(t)[:, None] * fractions).ravel()
    edges = np.append(starts, t[-1:])
    some = max(1, _AT_ONCE // (_STAGES * size**2) ** 2)
    sigma = np.zeros(size**2)
    for begin in range(0, len(starts), some):
        factors, made = _maps(edges[begin : begin + some + 1], coefficients, unit, method.nodes)
        for k, (factor, added) in enumerate(zip(factors, made, strict=True), begin + 1):
            sigma = factor @ sigma + added
            if k % pieces == 0:
                square = sigma.reshape(size, size)
                covariances[k // pieces] = (square + square.T) / 2
    return covariances


def _maps(
    edges: FloatArray, coefficients: Coefficients, unit: FloatArray, nodes: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return F (k, d^2, d^2) and g (k, d^2): a step takes Sigma to F Sigma + g."""
    count, size, steps = len(edges) - 1, len(unit), np.diff(edges)
    times = edges[:-1, None] * (1 - nodes) + edges[1:, None] * nodes  # never beyond the last
    A, D = coefficients(times.ravel())
    A = A * unit / unit[:, None]
    D = (D / np.outer(unit, unit)).reshape(count, _STAGES, -1)
    one = np.eye(size)
    both = np.einsum("kab,cd->kacbd", A, one) + np.einsum("kab,cd->kcadb", A, one)
    both = both.reshape(count, _STAGES, size**2, size**2)  # A Sigma + Sigma A^T
    weights = steps[:, None, None] * radau(_STAGES).matrix  # (k, s, s)
    whole = np.einsum("kij,kjab->kiajb", weights, both)
    whole = np.eye(_STAGES * size**2) - whole.reshape(count, _STAGES * size**2, -1)
    right = np.concatenate(
        [
            np.tile(np.eye(size**2), (count, _STAGES, 1)),
            np.einsum("kij,kja->kia", weights, D).reshape(count, -1, 1),
        ],
        axis=2,
    )
    solved = np.linalg.solve(whole, right)[:, -(size**2) :]  # the last stage is the step's end
    return solved[..., :-1], solved[..., -1]
