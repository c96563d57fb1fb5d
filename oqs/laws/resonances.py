"""Where the transmission varies fast: resonances, Fermi edges, band edges, and panels for them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from oqs.arguments import ComplexArray, FloatArray
from oqs.numerics.quadrature import Panels

_REACH = 745.0  # temperatures beyond which an occupation or its complement is 0 in double precision
_FERMI = (1.0, 4.0, 16.0, 64.0, 256.0, _REACH)
_NEAR = 1e3  # strengths of the self-energy: levels farther away hardly move a pole
_SAME = 1e-9  # of its width or distance, within which a pole is found a second time


def poles(energies: FloatArray, self_energy: Callable[[FloatArray], ComplexArray]) -> ComplexArray:
    """Return the poles w - i width/2 of the Green's function (R,), in ascending order of w.

    They are those of h + Sigma(w_k) nearest to each level w_k: where quadrature begins, not more.

    `energies` (N,): levels, ascending; `self_energy`: frequencies (K,) -> Sigma (K, N, N) between
    the levels.
    """
    levels = np.unique(energies)
    resonances = []
    for level in levels:
        sigma = self_energy(np.array([level]))[0]
        near = np.abs(energies - level) <= _NEAR * np.max(np.abs(sigma))
        near |= energies == level
        block = np.diag(energies[near] - level) + sigma[np.ix_(near, near)]
        offsets: ComplexArray = np.linalg.eigvals(block)
        distance = np.abs(np.subtract.outer(offsets.real, levels - level)).min(axis=1)
        # a pole half-way between two levels is found from both
        resonances.append(level + offsets[np.abs(offsets.real) <= (1 + _SAME) * distance])
    every = np.sort_complex(np.concatenate(resonances))
    again = np.abs(np.diff(every)) <= _SAME * np.abs(every[1:].imag)
    return every[np.concatenate([[True], ~again])]


def graded_panels(
    poles: ComplexArray, T: FloatArray, mu: FloatArray, edges: Iterable[float]
) -> Panels:
    """Return panels over all frequencies at which some reservoir is neither full nor empty.

    Every resonance is the origin of the panels between it and half-way to its neighbours; they grow
    by factors of four from its width on, as its tails are smooth on the scale of the distance.

    `poles` (R,): w - i width/2; `T`, `mu` (n,): of the reservoirs; `edges`: frequencies at which a
    rate may step.
    """
    features = [mu, *(mu + sign * reach * T for reach in _FERMI for sign in (-1, 1))]
    points = np.concatenate([*features, list(edges)])
    lowest, highest = np.min(mu - _REACH * T), np.max(mu + _REACH * T)
    centers = np.unique(poles.real)
    between = (centers[1:] + centers[:-1]) / 2
    ends = np.clip(np.concatenate([[-np.inf], between, [np.inf]]), lowest, highest)
    parts = []
    for center, start, end in zip(centers, ends[:-1], ends[1:], strict=True):
        if start == end:
            continue
        left, right = start - center, end - center
        widths = np.abs(poles.imag[poles.real == center])
        graded = [_grading(width, max(-left, right)) for width in widths[widths > 0]]
        offsets = np.concatenate([[0.0], points - center, *graded, *(-g for g in graded)])
        inside = offsets[(offsets > left) & (offsets < right)]
        parts.append((center, np.unique([left, *inside, right])))
    return Panels(
        np.concatenate([np.full(len(offsets) - 1, center) for center, offsets in parts]),
        np.concatenate([offsets[:-1] for _, offsets in parts]),
        np.concatenate([offsets[1:] for _, offsets in parts]),
    )


def _grading(width: float, end: float) -> FloatArray:
    """Return width, 4 width, 16 width, ... up to `end`."""
    steps = max(0, math.ceil(math.log(end / width, 4)))
    return width * np.power(4.0, np.arange(steps + 1))
