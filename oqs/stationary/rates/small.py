"""The rate equation of a handful of states in scalars: microseconds a call.

numpy's overhead would outweigh the arithmetic. States are eliminated as in `elimination.gth`.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import final

import numpy as np

from oqs.arguments import FloatArray
from oqs.flow_jacobian import FlowJacobian
from oqs.flows import ScalarFlows
from oqs.generator.davies.davies_model import DaviesModel
from oqs.stationary.method import Solution, StationaryMethod, checked_residual
from oqs.stationary.rates.batched import BatchedProblem
from oqs.stationary.rates.elimination import recurrent
from oqs.stationary.rates.rate_equation import (
    balanced_scalars,
    by_frequency,
    rate_matrix,
)
from oqs.stationary.rates.scalar_perturbation import ScalarRates, scalar_derivatives
from oqs.transitions.transitions import SectorBlocks

LARGEST = 8

_Lists = list[list[float]]


@final
@dataclasses.dataclass(frozen=True, eq=False)
class SmallProblem(BatchedProblem):
    """Up to 8 eigenstates."""

    model: DaviesModel
    method: StationaryMethod
    blocks: SectorBlocks

    @functools.cached_property
    def _scalars(self) -> tuple[list[tuple[int, int]], list[float], list[int], list[float], _Lists]:
        """Ends and frequencies of the transitions, distinct frequencies, rates, as lists."""
        each = self.transitions
        ends = list(zip(each.lower.tolist(), each.upper.tolist(), strict=True))
        distinct, which = np.unique(each.frequency, return_inverse=True)
        return ends, each.frequency.tolist(), which.tolist(), distinct.tolist(), each.rate.tolist()

    @functools.cached_property
    def _linked(self) -> list[list[int]]:
        """States below each one that it is linked to once all above are eliminated, ascending."""
        linked: list[set[int]] = [set() for _ in range(self.blocks.dimension)]
        for a, b in self._scalars[0]:
            linked[max(a, b)].add(min(a, b))
        for near in reversed(linked):
            for b in near:
                linked[b] |= {a for a in near if a < b}
        return [sorted(near) for near in linked]

    def solve(self, T: FloatArray, mu: FloatArray) -> Solution:
        """Eliminate state by state and balance each contact's transitions."""
        ends, frequencies = self._scalars[:2]
        ups, downs, rise, fall, p = self._solved(T.tolist(), mu.tolist())
        net, gross = [0.0] * self.blocks.dimension, 0.0
        for (a, b), up, down in zip(ends, rise, fall, strict=True):
            rising = up * p[a]
            gained = rising - down * p[b]
            net[a] -= gained
            net[b] += gained
            gross = max(gross, rising)
        residual = max(map(abs, net)) / gross if gross else 0.0
        particles, energies, weights = _summed(ends, frequencies, ups, downs, p)
        return Solution(
            np.array(p),
            checked_residual(residual, self.method),
            np.array(balanced_scalars(particles, weights)),
            np.array(balanced_scalars(energies, weights)),
        )

    def scalar_flows(self) -> ScalarFlows:
        """Return the flows without their checks."""
        ends, frequencies = self._scalars[:2]

        def flows(T: list[float], mu: list[float]) -> tuple[list[float], list[float]]:
            ups, downs, _, _, p = self._solved(T, mu)
            return _summed(ends, frequencies, ups, downs, p)[:2]

        return flows

    def jacobian(self, T: FloatArray, mu: FloatArray) -> FlowJacobian:
        """Return the derivatives (n, n) of the flows."""
        temperatures, potentials = T.tolist(), mu.tolist()
        ups, downs, _, _, p = self._solved(temperatures, potentials)
        ends, frequencies, _, _, rates = self._scalars
        slopes = [
            [up * (down / rate) / t if rate else 0.0 for up, down, rate in zip(*row, strict=True)]
            for *row, t in zip(ups, downs, rates, temperatures, strict=True)
        ]
        particles, _, weights = _summed(ends, frequencies, ups, downs, p)
        flows = balanced_scalars(particles, weights)
        at_once = ScalarRates(ends, frequencies, ups, downs, slopes, p, flows)
        return FlowJacobian.of_table(
            scalar_derivatives(at_once, temperatures, potentials, self.method)
        )

    def spectral(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the gains (K, n) of particles and energy at each of `frequencies`."""
        ups, downs, _, _, p = self._solved(T.tolist(), mu.tolist())
        populations, each = np.array(p), self.transitions
        flux = np.array(ups) * populations[each.lower] - np.array(downs) * populations[each.upper]
        return by_frequency(self.frequencies, [(each.frequency, flux)])

    def _solved(
        self, T: list[float], mu: list[float]
    ) -> tuple[_Lists, _Lists, list[float], list[float], list[float]]:
        """Return the rates up and down, contact by contact and summed, and the populations."""
        ends, _, which, distinct, rates = self._scalars
        ups, downs = _weighted(rates, which, distinct, T, mu)
        rise = [sum(column) for column in zip(*ups, strict=True)]
        fall = [sum(column) for column in zip(*downs, strict=True)]
        p = _gth(self._linked, ends, rise, fall) if min(rise) > 0 and min(fall) > 0 else None
        if p is None:  # rates underflow to zero: some states are transient
            p = self._recurrent(np.array(rise), np.array(fall)).tolist()
        return ups, downs, rise, fall, p

    def transition_frequencies(self) -> FloatArray:
        """Return the frequencies (M,) of all transitions."""
        return self.transitions.frequency

    def _recurrent(self, rise: FloatArray, fall: FloatArray) -> FloatArray:
        each = self.transitions
        return recurrent(rate_matrix(each.lower, each.upper, rise, fall, each.dimension))


def _weighted(
    rates: _Lists, which: list[int], distinct: list[float], T: list[float], mu: list[float]
) -> tuple[_Lists, _Lists]:
    """Return each contact's rates up and down, one list per contact."""
    ups, downs = [], []
    for rate, t, m in zip(rates, T, mu, strict=True):
        filled, empty = [], []
        for w in distinct:
            x = (w - m) / t
            small = math.exp(-abs(x))
            large = 1.0 / (1.0 + small)
            small *= large
            filled.append(small if x > 0 else large)
            empty.append(large if x > 0 else small)
        ups.append([g * filled[k] for g, k in zip(rate, which, strict=True)])
        downs.append([g * empty[k] for g, k in zip(rate, which, strict=True)])
    return ups, downs


def _summed(
    ends: list[tuple[int, int]],
    frequencies: list[float],
    ups: _Lists,
    downs: _Lists,
    p: list[float],
) -> tuple[list[float], list[float], list[float]]:
    """Return each contact's flows of particles and energy, and its gross rate upwards."""
    particles, energies, gross = [], [], []
    for up_j, down_j in zip(ups, downs, strict=True):
        particle = energy = rising = 0.0
        for (a, b), w, up, down in zip(ends, frequencies, up_j, down_j, strict=True):
            gained = up * p[a] - down * p[b]
            particle += gained
            energy += gained * w
            rising += up * p[a]
        particles.append(particle)
        energies.append(energy)
        gross.append(rising)
    return particles, energies, gross


def _gth(
    linked: list[list[int]], ends: list[tuple[int, int]], ups: list[float], downs: list[float]
) -> list[float] | None:
    """Eliminate as `elimination.gth` does, on lists; None where products leave double precision."""
    size = len(linked)
    w = [[0.0] * size for _ in range(size)]
    for (a, b), up, down in zip(ends, ups, downs, strict=True):
        w[b][a] = up
        w[a][b] = down
    for k in range(size - 1, 0, -1):
        row, near = w[k], linked[k]
        leaving = sum([w[a][k] for a in near])
        if not leaving > 0:
            return None
        for b in near:
            row[b] = back = row[b] / leaving
            for a in near:
                w[a][b] += w[a][k] * back
    populations = [1.0]
    for k in range(1, size):
        row = w[k]
        populations.append(sum([row[b] * populations[b] for b in linked[k]]))
        total = sum(populations)
        populations = [p / total for p in populations]
    return populations if math.isfinite(sum(populations)) else None
