"""Many rate equations of one system at once, state by state without subtractions.

Up to a hundred states the overhead of numpy outweighs the arithmetic of a single elimination. The
batch comes last: every operation on a few states is then one on long rows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import FloatArray
from oqs.numerics.clusters import IntArray
from oqs.numerics.occupation import filled_and_empty
from oqs.stationary.method import StationaryMethod, checked_residual
from oqs.stationary.rates.elimination import times_together
from oqs.stationary.rates.rate_equation import balanced
from oqs.transitions.transitions import SectorBlocks, Step

_FEW = 64  # states up to which batching pays
_CACHED = 500_000  # elements of the array that is eliminated in: it stays in the cache

_Good = NDArray[np.bool_]  # (b,)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Flattened:
    """The transitions of all steps one after the other."""

    steps: tuple[Step, ...]  # lowest first; of one state in the lowest sector
    dimension: int  # number D of states
    frequency: FloatArray  # (M,)
    rate: FloatArray  # (n, M)
    # lower, upper: (M,) states of each transition
    lower: IntArray
    upper: IntArray
    ends: tuple[int, ...]  # where each step's block ends
    linked: NDArray[np.bool_]  # (M, 1) whether some contact drives the transition

    @classmethod
    def of(cls, blocks: SectorBlocks) -> Flattened:
        """Flatten the steps."""
        steps = blocks.steps
        rate = np.concatenate([step.rate.reshape(step.reservoirs, -1) for step in steps], axis=1)
        return cls(
            steps,
            blocks.dimension,
            frequency=np.concatenate([step.frequency.ravel() for step in steps]),
            rate=rate,
            lower=np.concatenate([np.tile(step.lower, len(step.upper)) for step in steps]),
            upper=np.concatenate([np.repeat(step.upper, len(step.lower)) for step in steps]),
            ends=tuple(np.cumsum([len(step.upper) * len(step.lower) for step in steps]).tolist()),
            linked=np.any(rate > 0, axis=0)[:, None],
        )

    def blocks(self, values: FloatArray) -> Iterator[FloatArray]:
        """Yield each step's part of values (M, b) as (d', d, b)."""
        for step, start, end in zip(self.steps, (0, *self.ends), self.ends, strict=False):
            yield values[start:end].reshape(*step.shape, -1)


def applies(blocks: SectorBlocks) -> bool:
    """Return whether states are few, and a single one has the fewest particles."""
    return blocks.dimension <= _FEW and len(blocks.steps[0].lower) == 1


def flows(
    flat: Flattened, T: FloatArray, mu: FloatArray, method: StationaryMethod
) -> tuple[FloatArray, FloatArray, _Good]:
    """Return particle and energy flows (b, n) at T, mu (b, n), and which of them are good (b,).

    Rates or populations may underflow; a residual that is too large is an error.
    """
    both, good = np.empty((2, *T.shape)), np.empty(len(T), dtype=np.bool_)
    for part in _parts(flat, len(T)):
        both[:, part], good[part] = _flows(flat, T[part], mu[part], method)
    return *both, good


def populations_at(flat: Flattened, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, _Good]:
    """Return populations (D, b) at T, mu (b, n), and which of them are good (b,)."""
    parts = [
        populations_together(
            flat, *(rate.sum(axis=0) for rate in weighted(flat, T[part], mu[part]))
        )
        for part in _parts(flat, len(T))
    ]
    populations, good = zip(*parts, strict=True)
    return np.concatenate(populations, axis=1), np.concatenate(good)


def _parts(flat: Flattened, count: int) -> Iterator[slice]:
    """Yield parts of a batch that do not crowd out the cache."""
    rows = max(_CACHED // max(_size(step) for step in flat.steps), 16)
    for begin in range(0, count, rows):
        yield slice(begin, begin + rows)


def _size(step: Step) -> int:
    size = len(step.upper)
    return (size + 1) * (size + len(step.lower))


def _flows(
    flat: Flattened, T: FloatArray, mu: FloatArray, method: StationaryMethod
) -> tuple[FloatArray, _Good]:
    """Return particle and energy flows (2, b, n), and which are good."""
    up, down = weighted(flat, T, mu)
    populations, good = populations_together(
        flat, np.add.reduce(up, axis=0), np.add.reduce(down, axis=0)
    )
    up *= populations.take(flat.lower, axis=0)
    down *= populations.take(flat.upper, axis=0)
    rising, gross = np.add.reduce(up, axis=1), np.maximum.reduce(up, axis=(0, 1))
    up -= down
    net = _gains(flat, np.add.reduce(up, axis=0))
    left = np.maximum.reduce(np.abs(net), axis=0) / np.where(gross > 0, gross, 1.0)
    checked_residual(float(np.maximum.reduce(left[good], initial=0.0)), method)
    both = np.empty((2, *rising.shape))
    np.add.reduce(up, axis=1, out=both[0])
    up *= flat.frequency[:, None]  # no matrix product: its rounding depends on the batch
    np.add.reduce(up, axis=1, out=both[1])
    return balanced(both.swapaxes(1, 2), rising.T), good


def weighted(flat: Flattened, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return each contact's rates up and down (n, M, b) at T, mu (b, n)."""
    above = flat.frequency[:, None] - mu.T.copy()[:, None]
    filled, empty = filled_and_empty(above / T.T.copy()[:, None])
    filled *= flat.rate[..., None]
    empty *= flat.rate[..., None]
    return filled, empty


def populations_together(
    flat: Flattened, up: FloatArray, down: FloatArray
) -> tuple[FloatArray, _Good]:
    """Return populations (D, b), and which are good: rates or populations may underflow.

    Sector after sector as `elimination.eliminate`, each by states as `elimination.gth`, from rates
    (M, b) of all contacts together.
    """
    count = up.shape[1]
    least = np.minimum.reduce(np.minimum(up, down), axis=0, where=flat.linked, initial=np.inf)
    steps = list(zip(flat.blocks(up), flat.blocks(down), strict=True))
    transfers = []
    inside = np.zeros((len(flat.steps[-1].upper),) * 2 + (count,))
    with np.errstate(all="ignore"):  # results that are not finite are not good
        for rise, fall in reversed(steps):
            transfers.append(times_together(inside, np.add.reduce(fall, axis=1), rise))
            inside = np.zeros((rise.shape[1],) * 2 + (count,))
            for out, reached in zip(fall, transfers[-1], strict=True):
                inside += out[:, None] * reached
        shares, logarithms = [np.ones((1, count))], [np.zeros(count)]
        for transfer in reversed(transfers):
            share = np.add.reduce(transfer * shares[-1], axis=1)
            total = np.add.reduce(share, axis=0)
            shares.append(share / total)
            logarithms.append(logarithms[-1] + np.log(total))
        logarithm = np.array(logarithms)
        weights = np.exp(logarithm - np.maximum.reduce(logarithm, axis=0))
        weights /= np.add.reduce(weights, axis=0)
    populations = np.empty((flat.dimension, count))
    populations[flat.steps[0].lower] = weights[0] * shares[0]
    for step, weight, share in zip(flat.steps, weights[1:], shares[1:], strict=True):
        populations[step.upper] = weight * share
    return populations, (least > 0) & np.logical_and.reduce(np.isfinite(populations), axis=0)


def _gains(flat: Flattened, flux: FloatArray) -> FloatArray:
    """Return what each state gains (D, b) by a net flux (M, b) up, sector by sector."""
    blocks = list(flat.blocks(flux))
    gains = np.zeros((flat.dimension, flux.shape[1]))
    gains[blocks[0].shape[1] :] = np.concatenate([np.add.reduce(b, axis=1) for b in blocks])
    gains[: -blocks[-1].shape[0]] -= np.concatenate([np.add.reduce(b, axis=0) for b in blocks])
    return gains
