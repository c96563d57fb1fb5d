"""Stationary populations of a rate equation without subtractions (Grassmann, Taksar, Heyman).

Gaussian elimination of a rate matrix needs no pivoting, and if each pivot is computed as the sum of
the remaining rates instead of by subtraction, every population comes out with full relative
accuracy (O'Cinneide 1993, doi:10.1007/BF01385622). Jumps change the particle number by one, so the
matrix is block tridiagonal and sectors are eliminated one after the other.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from typing import NamedTuple, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.linalg.lapack import dgetrf, dgetrs
from scipy.sparse.csgraph import connected_components

from oqs.arguments import FloatArray
from oqs.errors import Kernel, NonUniqueStationaryState, StationaryStateNotFound

_LARGEST_CLASS = 4096
_LEAF = 16
_CLIMB = 3.0  # e^3 is less than _JUMPS: up so much (E - mu N)/T sectors are left soon enough
_JUMPS = 100.0  # until a sector is left: 2e-13 at worst in chains of 250 states made for it
_UNDERFLOW = (
    "Rates between the states underflow to zero on the way: raise T, or move mu to the levels."
)


def gth(rates: FloatArray) -> FloatArray:
    """Return the stationary populations (D,) of an irreducible rate matrix, state by state.

    Raises StationaryStateNotFound if products of rates underflow to zero, or their quotients
    overflow.

    `rates` (D, D): rates[a, b] >= 0 from b to a; the diagonal is ignored.
    """
    w = rates.copy()
    size = len(w)
    populations = np.zeros(size)
    populations[0] = 1.0
    for k in range(size - 1, 0, -1):
        leaving = w[:k, k].sum()
        if not leaving > 0:
            raise StationaryStateNotFound(_UNDERFLOW)
        w[k, :k] /= leaving
        w[:k, :k] += np.outer(w[:k, k], w[k, :k])
    for k in range(1, size):
        populations[k] = w[k, :k] @ populations[:k]
        populations[: k + 1] /= populations[: k + 1].sum()
    if not np.isfinite(populations).all():
        raise StationaryStateNotFound(_UNDERFLOW)
    return populations


def gth_together(rates: FloatArray) -> FloatArray:
    """Do as `gth` does for a batch (D, D, b), used up, whose diagonal is 0: populations (D, b).

    Underflow leaves what is not finite.
    """
    size = len(rates)
    for k in range(size - 1, 0, -1):
        rates[k, :k] /= rates[:k, k].sum(axis=0)
        rates[:k, :k] += rates[:k, k, None] * rates[k, :k]
    p = np.zeros((size, rates.shape[-1]))
    p[0] = 1.0
    for k in range(1, size):
        p[k] = (rates[k, :k] * p[:k]).sum(axis=0)
        p[: k + 1] /= p[: k + 1].sum(axis=0)
    return p


def recurrent(rates: sp.csr_array) -> FloatArray:
    """Return the populations (D,) where some rates underflowed to zero: a reducible rate matrix.

    States that are only left are empty; the one set that is never left is solved by itself.

    Raises NonUniqueStationaryState if several sets are never left.
    """
    members = np.flatnonzero(closed_set(rates))
    if len(members) > _LARGEST_CLASS:
        raise StationaryStateNotFound(
            f"Rates underflow to zero and leave a set of {len(members)} states, above "
            f"{_LARGEST_CLASS}: raise T, or move mu towards the levels."
        )
    populations = np.zeros(rates.shape[0])
    own = rates[:, members][members, :].toarray()
    with np.errstate(over="ignore", invalid="ignore"):  # non-finite results raise at the end
        populations[members] = within(own)
    return populations


def closed_set(rates: sp.csr_array) -> NDArray[np.bool_]:
    """Return which states (D,) are in the one set that is never left, of rates [to, from] (D, D).

    Raises NonUniqueStationaryState if there are several such sets.
    """
    rates.eliminate_zeros()
    count, label = connected_components(rates, connection="strong")
    target, source = rates.nonzero()
    left = np.unique(label[source[label[source] != label[target]]])
    closed = np.setdiff1d(np.arange(count), left)
    if len(closed) > 1:
        raise NonUniqueStationaryState(
            Kernel(len(closed)),
            "The rates that link the remaining sets of states are below the smallest double at "
            "these temperatures: raise T, or move mu towards the levels.",
        )
    return np.asarray(label == closed[0])


@final
class Fold(NamedTuple):
    """The rates for folding a sector of d states into its neighbour of d' states."""

    toward: FloatArray  # (d', d) into the neighbour
    away: FloatArray  # (d, d') from the neighbour
    # (d, d) inside the sector, if there are any before others are folded into it
    within: FloatArray | None = None


def last_sector(lowest: list[float], step: int, T: FloatArray, mu: FloatArray) -> int:
    """Return into which sector the others are best folded: a matter of time and of underflow.

    A sector folds quickly in the direction in which its states leave it: towards the sector of the
    least (E - mu N)/T. Where the way up from there is nowhere steep, the lowest sector serves as
    well, and is a single state as a rule.

    `lowest` (S,): lowest energy of each sector. `step`: particles between two sectors. `T`, `mu`:
    (n,); the mean over reservoirs counts.
    """
    reservoirs = list(zip(T.tolist(), mu.tolist(), strict=True))
    beta = sum(1 / t for t, _ in reservoirs) / len(reservoirs)
    filling = step * sum(m / t for t, m in reservoirs) / len(reservoirs)
    depth = [beta * energy - filling * n for n, energy in enumerate(lowest)]
    best = depth.index(min(depth))
    climb = max((a - b for a, b in itertools.pairwise(depth[: best + 1])), default=0.0)
    return best if climb > _CLIMB else 0


def eliminate(above: Iterable[Fold], below: Iterable[Fold], inside: FloatArray) -> list[FloatArray]:
    """Return the populations of every sector, lowest first, each (d_n,).

    The highest sector is folded into the one below, and so on, the lowest into the one above, and
    so on, until one is left: with X = S^{-1} U the expected time in a sector per visit, the fluxes
    M = D X back into its neighbour are effective rates inside that. The diagonal of S is the sum of
    what leaves a state, and S is solved by `times`, so nothing is subtracted.

    Raises StationaryStateNotFound if rates underflow or populations overflow double precision.

    `above`, `below`: the folds from the highest and from the lowest sector; `inside` (d, d): rates
    inside the sector that is left, before others are folded into it.
    """
    chains = []
    with np.errstate(over="ignore", invalid="ignore"):  # non-finite results raise at the end
        for folds in (above, below):
            reached, transfers = _folded(folds)
            if reached is not None:
                inside = inside + reached
            chains.append(transfers[::-1])
        middle = within(inside)
        up, down = (_substituted(middle, chain) for chain in chains)
    shares = [*down[:0:-1], *up]
    logarithms = np.array([logarithm for logarithm, _ in shares])
    weights = np.exp(logarithms - logarithms.max())
    weights /= weights.sum()
    return [weight * share for weight, (_, share) in zip(weights, shares, strict=True)]


def eliminate_steps(
    steps: Callable[[Iterable[int]], Iterable[tuple[FloatArray, FloatArray]]],
    sizes: list[int],
    last: int,
) -> list[FloatArray]:
    """Do as `eliminate` does, for a chain of sectors without rates inside.

    `steps`: numbers n -> the rates up and down (d_{n+1}, d_n) of each; `sizes`: number of states of
    each sector; `last`: the sector that is left.
    """
    return eliminate(
        (Fold(down.T, up) for up, down in steps(reversed(range(last, len(sizes) - 1)))),
        (Fold(up, down.T) for up, down in steps(range(last))),
        np.zeros((sizes[last], sizes[last])),
    )


def _folded(folds: Iterable[Fold]) -> tuple[FloatArray | None, list[FloatArray]]:
    """Return the effective rates inside the sector at the end, and the transfer of each fold."""
    inside: FloatArray | None = None
    transfers = []
    for fold in folds:
        if inside is None:
            inside = np.zeros(fold.away.shape[:1] * 2, order="F")
        if fold.within is not None:
            inside = inside + fold.within
        transfer = times(inside, np.add.reduce(fold.toward, axis=0), fold.away)
        inside = (transfer.T @ fold.toward.T).T  # in LAPACK's order
        transfers.append(transfer)
    return inside, transfers


def within(inside: FloatArray) -> FloatArray:
    """Return the stationary populations (d,) of one sector by itself, as `gth` does.

    States that are left faster go first: the probable ones stay, against which no time is too long
    for a number. Where products underflow all the same, those of the given order may not.
    """
    size = len(inside)
    if size == 1:
        return np.ones(1)
    inside = inside.copy()
    np.fill_diagonal(inside, 0.0)
    order = np.argsort(inside.sum(axis=0))
    try:
        populations = np.empty(size)
        populations[order] = _halved(inside[np.ix_(order, order)])
    except StationaryStateNotFound:
        populations = _halved(inside)
    return populations


def _halved(inside: FloatArray) -> FloatArray:
    """Do as `gth` does, but eliminate half of the states at a time, the last ones first."""
    size = len(inside)
    if size <= _LEAF:
        return gth(inside)
    low, high = slice(size // 2), slice(size // 2, size)
    toward = inside[low, high]
    transfer = times(inside[high, high], toward.sum(axis=0), inside[high, low])
    share = _halved(inside[low, low] + toward @ transfer)
    populations = np.concatenate([share, transfer @ share])
    total = float(populations.sum())
    if not 0 < total < math.inf:
        raise StationaryStateNotFound(_UNDERFLOW)
    return populations / total


def times(inside: FloatArray, out: FloatArray, right: FloatArray) -> FloatArray:
    """Return x (d, m) with S x = right, S = diag(what leaves each state) - inside.

    A factorisation finds its pivots by subtraction. Without exchanges of rows that changes no
    element of x by more than a relative d J e, e the rounding and J the mean number of jumps until
    the sector is left: no digits where those are few. It loses cold states, which leave for each
    other far faster. There half of the states are eliminated at a time, and what leaves the other
    half is known by addition, as in `gth` (Alfa, Xue, Ye 2002, doi:10.1090/S0025-5718-01-01325-4).

    `inside` (d, d): rates inside[a, b] >= 0 from b to a; the diagonal is set to zero. `out` (d,):
    rates >= 0 out of these states. `right` (d, m): >= 0.
    """
    size = len(out)
    if size == 1 and out[0] > 0:
        return right / out
    np.fill_diagonal(inside, 0.0)
    leaving = np.add.reduce(inside, axis=0)
    leaving += out
    matrix = np.negative(inside)
    np.fill_diagonal(matrix, leaving)
    factors, rows, singular = dgetrf(matrix, overwrite_a=True)
    if not singular and (rows == np.arange(size)).all():
        # a state leaves at once with probability out/leaving: that bounds the number of jumps
        few = (out * _JUMPS >= leaving).all()
        jumps = None if few else dgetrs(factors, rows, leaving, trans=1)[0]
        if jumps is None or (jumps.min() > 0 and jumps.max() <= _JUMPS):
            return np.asarray(dgetrs(factors, rows, right)[0])
    if size <= _LEAF:
        with np.errstate(all="ignore"):
            x = times_together(inside, out, right)
        if not np.isfinite(x).all():
            raise StationaryStateNotFound(_UNDERFLOW)
        return x
    half = size // 2
    back = inside[half:, :half]
    solved = times(
        inside[:half, :half],
        out[:half] + back.sum(axis=0),
        np.hstack([inside[:half, half:], right[:half]]),
    )
    across, own = solved[:, : size - half], solved[:, size - half :]
    lower = times(
        inside[half:, half:] + back @ across,
        out[half:] + out[:half] @ across,
        right[half:] + back @ own,
    )
    return np.vstack([own + across @ lower, lower])


def times_together(inside: FloatArray, out: FloatArray, right: FloatArray) -> FloatArray:
    """Do as `times` does, state by state; for a batch (d, d, b), (d, b), (d, m, b) all at once.

    Underflow leaves what is not finite.
    """
    size = len(out)
    if size == 1:
        return right / out
    w = np.concatenate([inside, right], axis=1)
    leaving = out.copy()  # of the states left, to outside
    for k in range(size - 1):
        w[k, k + 1 :] /= np.add.reduce(w[k + 1 :, k], axis=0) + leaving[k]
        leaving[k + 1 :] += leaving[k] * w[k, k + 1 : size]
        w[k + 1 :, k + 1 :] += w[k + 1 :, k, None] * w[k, k + 1 :]
    x = w[:, size:]
    x[-1] /= leaving[-1]
    for k in range(size - 2, -1, -1):
        x[k] += np.add.reduce(w[k, k + 1 : size, None] * x[k + 1 :], axis=0)
    return x


def _substituted(share: FloatArray, transfers: list[FloatArray]) -> list[tuple[float, FloatArray]]:
    """Go back out: the logarithm of each sector's weight, and its shares, which add up to one."""
    logarithm = 0.0
    sectors = [(logarithm, share)]
    for transfer in transfers:
        share = transfer @ share
        total = float(np.add.reduce(share))
        if not 0 < total < math.inf:
            if math.isnan(total):
                raise StationaryStateNotFound(_UNDERFLOW)
            raise StationaryStateNotFound(
                f"The populations of two neighbouring particle numbers differ by a factor "
                f"{total:.3g}, beyond double precision: raise T, or move mu to the levels."
            )
        share = share / total
        logarithm += math.log(total)
        sectors.append((logarithm, share))
    return sectors
