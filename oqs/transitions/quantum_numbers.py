"""Quantum numbers that H and every channel of the contacts respect, and their sectors.

H joins basis states into invariant sets, and a channel S_a joins these sets into a graph. A quantum
number is a number q on each set by which every channel changes by the same amount wherever it acts,
q(upper) - q(lower) = s_a: the particle number always (s_a = 1), the spin where each channel carries
one, the occupation of a site without tunnelling, ... All of them together are found as follows.
Walk the graph from one set and count the steps through each channel: v(set), an integer vector of
as many entries as there are channels. A closed walk that does not come back to the same vector is
a relation r between channels, which every q obeys, s . r = 0. So the quantum numbers of a set are
the part of v orthogonal to all relations, and the piece of the graph in which the set lies.

A generator whose jumps carry these quantum numbers maps rho_ab between two sectors into elements
with the same difference of quantum numbers. Coherences between different sectors never mix with
populations. Nor can they make a stationary state non-unique that is unique without them: if X
commutes with H and all jumps, its part X_q that changes the quantum numbers by q does too, and so
does X_q^+ X_q, which changes none; where only multiples of one do that, X_q is a multiple of a
unitary operator that raises a bounded number, which is impossible unless X_q = 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import breadth_first_order

from oqs.numerics.clusters import IntArray

Links = tuple[IntArray, IntArray]
"""Sets (L,) that a channel leads to, and those (L,) it leads from, with one particle more."""

_SAME = 1e-6
"""Quantum numbers are rational numbers with small denominators; rounding is 1e-15."""


def sectors_of_sets(count: int, channels: Sequence[Links]) -> IntArray:
    """Return the sector (count,) of each invariant set of basis states.

    Parameters
    ----------
    count : number of sets.
    channels : for each channel, which sets it joins.

    Examples
    --------
    Empty, up, down and doubly occupied; one channel for each spin, then one for both:

    >>> up, down = (np.array([0, 2]), np.array([1, 3])), (np.array([0, 1]), np.array([2, 3]))
    >>> sectors_of_sets(4, [up, down])
    array([0, 2, 1, 3])
    >>> sectors_of_sets(4, [tuple(np.concatenate(ends) for ends in zip(up, down))])
    array([0, 1, 1, 2])
    """
    if not channels:  # nothing joins them
        return np.arange(count)
    lower = np.concatenate([low for low, _ in channels])
    upper = np.concatenate([up for _, up in channels])
    channel = np.repeat(np.arange(len(channels)), [len(low) for low, _ in channels])
    piece, steps = _walk(count, lower, upper, channel, len(channels))
    relations = steps[upper] - steps[lower]
    relations[np.arange(len(channel)), channel] -= 1
    numbers = steps @ _orthogonal_to(np.unique(relations, axis=0))
    keys = np.column_stack([piece, np.rint(numbers / _SAME).astype(np.int64)])
    return np.asarray(np.unique(keys, axis=0, return_inverse=True)[1]).reshape(-1)


def _walk(
    count: int, lower: IntArray, upper: IntArray, channel: IntArray, channels: int
) -> tuple[IntArray, IntArray]:
    """Return the piece (count,) of the graph of each set, and the steps (count, channels) to it."""
    edge = sp.coo_array((np.arange(1, len(channel) + 1), (lower, upper)), shape=(count, count))
    up = sp.csr_array((edge.data, edge.coords), shape=edge.shape)
    graph = abs(up) + abs(up.T)
    piece = np.full(count, -1)
    steps = np.zeros((count, channels), dtype=np.int64)
    ends = zip(lower.tolist(), upper.tolist(), strict=True)
    by_ends = dict(zip(ends, channel.tolist(), strict=True))
    for start in range(count):
        if piece[start] >= 0:
            continue
        order, before = breadth_first_order(graph, start, directed=False)
        piece[order] = start
        for node in order[1:].tolist():
            earlier = int(before[node])
            steps[node] = steps[earlier]
            if (earlier, node) in by_ends:
                steps[node, by_ends[earlier, node]] += 1
            else:
                steps[node, by_ends[node, earlier]] -= 1
    return piece, steps


def _orthogonal_to(relations: IntArray) -> np.ndarray:
    """Return the projector (m, m) onto what is orthogonal to all relations (k, m)."""
    _, sizes, rows = np.linalg.svd(relations.astype(np.float64), full_matrices=False)
    kept = rows[sizes > _SAME * max(sizes.max(initial=0.0), 1.0)]
    return np.eye(relations.shape[1]) - kept.T @ kept
