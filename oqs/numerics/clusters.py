"""Grouping numbers that agree to within a resolution: by gaps between neighbours, not by rounding.

Rounding to a grid splits equal values that straddle a grid line; gaps do not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import FloatArray

IntArray = NDArray[np.intp]

RESOLUTION = 1e-12
"""Default resolution of energies over the largest many-body energy, see `System.resolution`.

Far above the rounding of a diagonaliser (1e-15 of it) and far below any splitting that is meant.
"""

FINEST = 1e-14
"""Finest resolution that may be asked for, over the same energy: below it stands rounding."""

_FAR = 30.0


def cluster(values: FloatArray, width: float | FloatArray) -> tuple[IntArray, FloatArray]:
    """Group `values` (M,) where neighbours in ascending order differ by at most `width`.

    Where each value has its own width (M,), the smaller one of two neighbours counts, and values of
    far different widths, by a factor 30 or more without any between, are groups of their own: what
    is known to rounding must not be joined through what is not.

    Returns
    -------
    labels : (M,) index of the group of each value; groups are numbered in ascending order.
    centers : (K,) mean of each group, ascending.
    """
    if values.size == 0:
        return np.zeros(0, dtype=np.intp), np.zeros(0)
    if isinstance(width, np.ndarray) and np.minimum.reduce(width) == np.maximum.reduce(width):
        width = float(width[0])
    if not isinstance(width, np.ndarray):
        order = values.argsort()  # equal values of one width: in any order
        closest: float | FloatArray = width
    elif width.min() * _FAR < width.max() and (kind := _kinds(width)).max() > 0:
        return _cluster_by_kind(values, width, kind)
    else:
        order = np.argsort(values, kind="stable")
        closest = np.minimum(width[order[1:]], width[order[:-1]])
    ascending = values[order]
    starts = np.zeros(values.size, dtype=np.bool_)
    starts[1:] = ascending[1:] - ascending[:-1] > closest
    labels = np.empty(values.size, dtype=np.intp)
    labels[order] = starts.cumsum()
    if starts[1:].all():
        return labels, ascending
    counts = np.bincount(labels)
    first = ascending[np.concatenate([[0], np.flatnonzero(starts)])]
    # mean as first + mean deviation: equal values keep their exact value
    centers = first + np.bincount(labels, weights=values - first[labels]) / counts
    return labels, centers


def _kinds(width: FloatArray) -> IntArray:
    """Return the kind (M,) of each width: between kinds lies a factor 30 without any."""
    return cluster(np.log(width + np.finfo(np.float64).tiny), float(np.log(_FAR)))[0]


def _cluster_by_kind(
    values: FloatArray, width: FloatArray, kind: IntArray
) -> tuple[IntArray, FloatArray]:
    labels, centers = np.empty(values.size, dtype=np.intp), [np.zeros(0)]
    for own in range(int(kind.max()) + 1):
        label, center = cluster(values[kind == own], width[kind == own])
        labels[kind == own] = label + sum(map(len, centers))
        centers.append(center)
    every_center = np.concatenate(centers)
    order = np.argsort(every_center, kind="stable")
    return np.argsort(order, kind="stable")[labels], every_center[order]


def numbered(keys: IntArray) -> tuple[IntArray, IntArray]:
    """Return the distinct keys, ascending, and the number (M,) of each key among them.

    As np.unique does, by sorting: its hash table takes ten times as long for millions of keys.
    Equal keys have one number, their order is free: not by a stable sort, which takes four times
    as long.
    """
    order = np.argsort(keys)
    ascending = keys[order]
    first = np.diff(ascending, prepend=ascending[:1] - 1) != 0
    number = np.empty(len(keys), dtype=np.intp)
    number[order] = np.cumsum(first) - 1
    return ascending[first], number


def pairs_within(groups: IntArray) -> tuple[IntArray, IntArray]:
    """Return all ordered pairs (i, k) of positions with groups[i] == groups[k], each once."""
    order = np.argsort(groups, kind="stable")
    _, starts, counts = np.unique(groups[order], return_index=True, return_counts=True)
    size = np.repeat(counts, counts)  # of the group of each sorted entry
    start = np.repeat(starts, counts)
    first = np.repeat(order, size)
    offset = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    return first, order[np.repeat(start, size) + offset]
