"""Extrema of a solution: roots of the derivatives of its polynomials, for events and cooling."""

from __future__ import annotations

import functools

import numpy as np
from numpy.polynomial import chebyshev

from oqs.arguments import ComplexArray, FloatArray

_NODES = 12  # of a step: a polynomial of degree 9 is exact, another smooth curve good to rounding
_REAL = 1e-9  # imaginary part of a root that is a real one
_ROUNDING = 1e-15  # of the largest coefficient: less is none, and would be a root far away
_BORDER = 1e-10  # of a step: a root so near its end is one at its end


def fractions() -> FloatArray:
    """Return the Chebyshev nodes of a step (s,), ascending in (0, 1]; the last is its end."""
    nodes: FloatArray = (1 - np.cos(np.pi * np.arange(1, _NODES) / (_NODES - 1))) / 2
    nodes[-1] = 1.0
    return nodes


def extremum_times(edges: FloatArray, curves: FloatArray, least: float) -> FloatArray:
    """Return all times, ascending, at which one of some curves is level inside of a step.

    Parameters
    ----------
    edges : (m + 1,) ends of the steps.
    curves : (k, m s + 1) values at the start and at the `fractions` of every step.
    least : variation of a curve along a step below which its ends say enough.
    """
    return _zeros(edges, curves, least, derivatives=1)


def passage_times(edges: FloatArray, curves: FloatArray) -> FloatArray:
    """Return all times, ascending, at which one of some curves is zero inside of a step."""
    return _zeros(edges, curves, 0.0, derivatives=0)


def _zeros(edges: FloatArray, curves: FloatArray, least: float, derivatives: int) -> FloatArray:
    steps, size = len(edges) - 1, _NODES - 1
    if steps < 1:
        return np.zeros(0)
    inner = curves[:, 1:].reshape(len(curves), steps, size)
    starts = curves[:, : steps * size : size]
    # differences from the start of a step, not to lose a small change beside a large value
    offset = starts[..., None] if derivatives else 0.0
    values = np.concatenate([starts[..., None] - offset, inner - offset], axis=-1)
    coefficients: FloatArray = np.moveaxis(values @ _to_chebyshev(0).T, -1, 0)  # (q + 1, k, m)
    varies = np.abs(coefficients[1:]).sum(axis=0) > least
    if derivatives:
        coefficients = np.moveaxis(values @ _to_chebyshev(derivatives).T, -1, 0)
    # |T_n| <= 1: where the mean outweighs all the rest there is no root
    varies &= np.abs(coefficients[0]) <= np.abs(coefficients[1:]).sum(axis=0)
    curve, step = np.nonzero(varies)
    series = coefficients[:, curve, step].T
    significant = np.abs(series) > _ROUNDING * np.abs(series).max(axis=1, keepdims=True)
    degrees = series.shape[1] - 1 - significant[:, ::-1].argmax(axis=1)
    zeros = [np.zeros(0)]
    for degree in np.unique(degrees[significant.any(axis=1)]).tolist():
        own = degrees == degree
        roots = _roots(series[own, : degree + 1])
        inside = np.abs(roots.imag) <= _REAL * (1 + np.abs(roots))
        inside &= np.abs(roots.real) < 1 - _BORDER
        place, starts_at = step[own], edges[step[own], None]
        every = starts_at + (edges[place + 1, None] - starts_at) * (roots.real + 1) / 2
        zeros.append(every[inside])
    return np.unique(np.concatenate(zeros))


def _roots(series: FloatArray) -> ComplexArray:
    """Return the roots (r, d) of Chebyshev series (r, d + 1), as `chebroots` those of one."""
    degree = series.shape[1] - 1
    ratio = series[:, :-1] / series[:, -1:]
    if degree <= 1:
        return -ratio.astype(np.complex128)
    companions = np.tile(_companion(degree), (len(series), 1, 1))
    ratio[:, 0] *= 2**0.5
    companions[:, :, -1] -= ratio / 2
    return np.linalg.eigvals(companions[:, ::-1, ::-1]).astype(np.complex128)


@functools.cache
def _companion(degree: int) -> FloatArray:
    """Return the companion matrix (d, d) of the Chebyshev polynomial of this degree."""
    return np.asarray(chebyshev.chebcompanion(np.eye(degree + 1)[-1]), dtype=np.float64)


@functools.cache
def _to_chebyshev(derivatives: int) -> FloatArray:
    """Return the matrix from values at the start and the nodes to a derivative's coefficients."""
    x = np.append(-1.0, 2 * fractions() - 1)
    inverse = np.linalg.inv(chebyshev.chebvander(x, _NODES - 1))
    return np.asarray(chebyshev.chebder(inverse, derivatives), dtype=np.float64)
