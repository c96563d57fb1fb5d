"""All rates of a system in one matrix between the states of even and odd particle number.

Jumps change the particle number by one, so there are no others; few calls of numpy weight them all.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import FloatArray
from oqs.numerics.clusters import IntArray
from oqs.numerics.occupation import SAFE, filled_and_empty, of_exponential
from oqs.transitions.transitions import SectorBlocks

MODERATE = 150.0
"""Largest |ln| of a rate, in units of the strongest, for which odd states are eliminated first.

What is left between even states are products of two rates and a mean time, at least e^-300, and
after a fold at least e^-600; doubles end at e^-708. Folds build on folds, but time in a sector
grows as the rates out of it shrink: random networks of rates down to e^-134 keep every digit.
"""


@final
class Half(NamedTuple):
    """The eigenstates of every second particle number."""

    states: IntArray  # (d,) eigenstates in the order of the matrix
    particles: IntArray  # (d,) above the lowest sector's
    # (d,) less `slope` for each particle; None where frequencies are known better than as
    # differences of energies
    energies: FloatArray | None


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Weighted:
    """Rates at one T and mu."""

    # forth, back: (n, O, E) of each contact, from even to odd and from odd to even
    forth: FloatArray
    back: FloatArray
    moderate: bool  # whether products of several rates keep within double precision
    # (n, O), (n, E) numbers whose products are back/forth, if known and moderate
    factors: tuple[FloatArray, FloatArray] | None

    def net(self, even: FloatArray, odd: FloatArray) -> FloatArray:
        """Return each contact's net flux (n, O, E) from even to odd at these populations."""
        if self.factors is None:
            return self.forth * even - self.back * odd[:, None]
        above, below = self.factors
        # forth (even - above odd below): one product of matrices instead of three of arrays
        left, right = np.empty((*above.shape, 2)), np.empty((len(below), 2, len(even)))
        left[..., 0], left[..., 1] = 1.0, -above * odd
        right[:, 0], right[:, 1] = even, below
        net: FloatArray = left @ right
        net *= self.forth
        return net


@final
@dataclasses.dataclass(frozen=True, eq=False)
class ParityRates:
    """Dense rates between even and odd states."""

    # even, odd: the states; those of the lowest sector are even
    even: Half
    odd: Half
    sectors: tuple[slice, ...]  # where each sector stands among its own half
    # (O, E) energy of the odd state less that of the even one; 0 where no step links
    frequency: FloatArray
    # (O, E) particles of the odd state less those of the even one, 1 or -1; 0 likewise
    added: FloatArray
    rate: FloatArray  # (n, O, E) of each contact, before it is weighted, in units of `unit`
    # a power of two near the largest rate, so that no choice of units makes rates underflow
    unit: float
    depth: float  # largest |ln| of the rates before they are weighted
    slope: float  # about the energy of a particle, taken from the energies to make them small

    @classmethod
    def of(cls, blocks: SectorBlocks) -> ParityRates:
        """Set the steps' blocks into one matrix."""
        members = [blocks.steps[0].lower, *(step.upper for step in blocks.steps)]
        sectors = []
        ends = [0, 0]
        for n, states in enumerate(members):
            begin = ends[n % 2]
            ends[n % 2] += len(states)
            sectors.append(slice(begin, ends[n % 2]))
        shape = (ends[1], ends[0])
        frequency, added = np.zeros((2, *shape))
        rate = np.zeros((blocks.steps[0].reservoirs, *shape))
        for n, step in enumerate(blocks.steps):
            if n % 2 == 0:
                place = (sectors[n + 1], sectors[n])
                frequency[place], rate[:, *place], added[place] = step.frequency, step.rate, 1.0
            else:
                place = (sectors[n], sectors[n + 1])
                frequency[place], added[place] = -step.frequency.T, -1.0
                rate[:, *place] = step.rate.transpose(0, 2, 1)
        slope, energies = _energies(blocks)
        even, odd = (
            Half(
                np.concatenate(members[k::2]),
                np.repeat(np.arange(k, len(members), 2), [len(m) for m in members[k::2]]),
                None if energies is None else np.concatenate(energies[k::2]),
            )
            for k in (0, 1)
        )
        least, most = _range(step.rate for step in blocks.steps)
        unit = _unit(least, most)
        rate /= unit
        depth = max(abs(math.log(least / unit)), abs(math.log(most / unit)))
        return cls(even, odd, tuple(sectors), frequency, added, rate, unit, depth, slope)

    @property
    def dimension(self) -> int:
        """Number D of eigenstates."""
        return len(self.even.states) + len(self.odd.states)

    @property
    def exchanged(self) -> tuple[FloatArray, FloatArray]:
        """Particles and energy, each (O E,), that the system gains from even to odd."""
        return self.added.ravel(), self.frequency.ravel()

    @functools.cached_property
    def linked(self) -> NDArray[np.bool_]:
        """Which pairs (O, E) some contact links."""
        return np.any(self.rate > 0, axis=0)

    @functools.cached_property
    def links(self) -> int:
        """Number of pairs that some contact links."""
        return int(np.count_nonzero(self.linked))

    def populations(self, even: FloatArray, odd: FloatArray) -> FloatArray:
        """Return the populations (D,) in the order of the eigenstates."""
        populations = np.empty(self.dimension)
        populations[self.even.states] = even
        populations[self.odd.states] = odd
        return populations

    def at(self, T: FloatArray, mu: FloatArray) -> Weighted:
        """Weight the rates at T, mu (n,).

        Quotients of Boltzmann factors save an exponential for every pair.
        """
        boltzmann = self._boltzmann(T, mu)
        if boltzmann is None:
            x = (self.frequency - mu[:, None, None] * self.added) / T[:, None, None]
            reach = float(np.abs(x).max())
            forth, back = filled_and_empty(x)
        else:
            above, below, reach = boltzmann
            back = np.einsum("jo,je->joe", above, below)
            if reach + self.depth < MODERATE:
                forth = 1.0 + back
                np.divide(self.rate, forth, out=forth)
                back *= forth  # which is a full number, as it need not be in the cold
                return Weighted(forth, back, True, (above, below))
            forth, back = of_exponential(back)
        forth *= self.rate
        back *= self.rate
        return Weighted(forth, back, reach + self.depth < MODERATE, None)

    def _boltzmann(
        self, T: FloatArray, mu: FloatArray
    ) -> tuple[FloatArray, FloatArray, float] | None:
        """Return (n, O), (n, E) whose products are e^x, x = +-(w - mu)/T, and a bound of |x|.

        None where energies do not tell the frequencies, or the products are out of range.
        """
        if self.even.energies is None or self.odd.energies is None:
            return None
        free, beta = (mu - self.slope)[:, None], 1 / T[:, None]
        above = (self.odd.energies - free * self.odd.particles) * beta
        below = (free * self.even.particles - self.even.energies) * beta
        reach = float(np.abs(above).max() + np.abs(below).max())
        return (np.exp(above), np.exp(below), reach) if reach < SAFE else None


def _energies(blocks: SectorBlocks) -> tuple[float, list[FloatArray] | None]:
    """Return a slope, and each sector's energies less the slope for each particle, if they count.

    The slope is a number of 24 binary digits, and its multiples are exact.
    """
    pairs = [step.energies for step in blocks.steps if step.energies is not None]
    if len(pairs) < len(blocks.steps):
        return 0.0, None
    energies = [pairs[0][0], *(upper for _, upper in pairs)]
    rise = float(energies[-1].mean() - energies[0].mean())
    mantissa, exponent = math.frexp(rise / len(pairs))
    slope = math.ldexp(round(mantissa * 2**24), exponent - 24)
    return slope, [e - n * slope for n, e in enumerate(energies)]


def _range(rates: Iterable[FloatArray]) -> tuple[float, float]:
    """Return the smallest and the largest of the rates that are not 0."""
    least, most = math.inf, 0.0
    for rate in rates:
        most = max(most, float(rate.max(initial=0.0)))
        smallest = float(rate.min(initial=math.inf))
        if smallest == 0:
            smallest = float(np.where(rate > 0, rate, math.inf).min())
        least = min(least, smallest)
    return least, most


def _unit(least: float, most: float) -> float:
    """Return a power of two near the largest rate, or 1 if the smallest would not be a number."""
    return 1.0 if most / 2.0**1000 > least else math.ldexp(1.0, math.frexp(most)[1])
