"""Many rate equations of one system at once, state by state without subtractions.

Up to a hundred states the overhead of numpy outweighs the arithmetic of a single elimination. The
batch comes last: every operation on a few states is then one on long rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import FloatArray
from oqs.occupation import filled_and_empty
from oqs.stationary.sector_group import Group
from oqs.transitions import Step

_CACHED = 500_000  # numbers in the array that is eliminated in, not to crowd out the cache

_Good = NDArray[np.bool_]  # (b,)


def rows_at_once(group: Group) -> int:
    """Return how many states T, mu are best solved together."""
    return max(_CACHED // max(_size(step) for step in group.steps), 16)


def _size(step: Step) -> int:
    size = len(step.upper)
    return (size + 1) * (size + len(step.lower))


def weighted(group: Group, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return each contact's rates up and down (n, M, b) at T, mu (b, n)."""
    above = group.frequency[:, None] - mu.T.copy()[:, None]
    filled, empty = filled_and_empty(above / T.T.copy()[:, None])
    filled *= group.rate[..., None]
    empty *= group.rate[..., None]
    return filled, empty


def populations_together(
    group: Group, up: FloatArray, down: FloatArray, dimension: int
) -> tuple[FloatArray, _Good]:
    """Return populations (D, b), and which are good: rates or populations may underflow.

    Sector after sector as `elimination.eliminate`, each by states as `elimination.gth`.

    Parameters
    ----------
    group : all steps of a system with one state in its lowest sector.
    up, down : (M, b) rates of all contacts together.
    dimension : number D of states.
    """
    count = up.shape[1]
    linked = np.minimum(np.count_nonzero(up, axis=0), np.count_nonzero(down, axis=0))
    good = linked == group.linked
    steps = list(zip(_blocks(group, up), _blocks(group, down), strict=True))
    transfers = []
    inside = np.zeros((len(group.steps[-1].upper),) * 2 + (count,))
    with np.errstate(all="ignore"):  # what is not finite is not good
        for rise, fall in reversed(steps):
            transfers.append(_times(inside, fall.sum(axis=1), rise))
            inside = np.zeros((rise.shape[1],) * 2 + (count,))
            for out, reached in zip(fall, transfers[-1], strict=True):
                inside += out[:, None] * reached
        shares, logarithms = [np.ones((1, count))], [np.zeros(count)]
        for transfer in reversed(transfers):
            share = (transfer * shares[-1]).sum(axis=1)
            total = share.sum(axis=0)
            shares.append(share / total)
            logarithms.append(logarithms[-1] + np.log(total))
        weights = np.exp(np.array(logarithms) - np.max(logarithms, axis=0))
        weights /= weights.sum(axis=0)
    found = np.empty((dimension, count))
    found[group.steps[0].lower] = weights[0] * shares[0]
    for step, weight, share in zip(group.steps, weights[1:], shares[1:], strict=True):
        found[step.upper] = weight * share
    return found, good & np.isfinite(found).all(axis=0)


def net_gains(group: Group, flux: FloatArray, dimension: int) -> FloatArray:
    """Return what each state gains (D, b) by a net flux (M, b) from lower to upper states."""
    gains = np.zeros((dimension, flux.shape[1]))
    for step, gained in zip(group.steps, _blocks(group, flux), strict=True):
        gains[step.upper] += gained.sum(axis=1)
        gains[step.lower] -= gained.sum(axis=0)
    return gains


def _blocks(group: Group, values: FloatArray) -> Iterator[FloatArray]:
    """Yield each step's part of values (M, b) as (d', d, b)."""
    for step, part in group.parts():
        yield values[part].reshape(*step.frequency.shape, -1)


def _times(inside: FloatArray, out: FloatArray, right: FloatArray) -> FloatArray:
    """Do as `elimination._times` does, state by state, for a batch: (d, d, b), (d, b), (d, m, b).

    `inside` is used up.
    """
    size = len(out)
    w = np.concatenate([inside, right], axis=1)
    leaving = out.copy()  # of the states left, to outside
    for k in range(size):
        w[k, k + 1 :] /= w[k + 1 :, k].sum(axis=0) + leaving[k]
        leaving[k + 1 :] += leaving[k] * w[k, k + 1 : size]
        w[k + 1 :, k + 1 :] += w[k + 1 :, k, None] * w[k, k + 1 :]
    x = w[:, size:]
    for k in range(size - 2, -1, -1):
        x[k] += (w[k, k + 1 : size, None] * x[k + 1 :]).sum(axis=0)
    return x
