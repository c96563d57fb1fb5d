"""One sweep of the rate equation as a linear map: a preconditioner for iterations.

W z = r is solved approximately: the sectors' weights are balanced first, with the shares of known
populations inside each, and then every state against its neighbours, sectors of even particle
number before those of odd.
"""

from __future__ import annotations

from typing import final

import numpy as np

from oqs.arguments import FloatArray
from oqs.numerics.clusters import IntArray
from oqs.transitions.step_rates import StepRates


@final
class RateSweep:
    """The rate matrix W (D, D) of all contacts together, and a sweep that nearly inverts it.

    Parameters
    ----------
    steps : rates between neighbouring particle numbers, lowest first.
    members : the states of each particle number.
    sector : (D,) label of each state's quantum numbers.
    populations : (D,) stationary ones, or near them; 0 where rates underflow.
    """

    def __init__(
        self,
        steps: list[StepRates],
        members: list[IntArray],
        sector: IntArray,
        populations: FloatArray,
    ) -> None:
        self._steps, self._members, self._sector = steps, members, sector
        self.leaving = self._leaving()
        weight, count = np.bincount(sector, populations), np.bincount(sector)
        empty = (weight == 0)[sector]  # nothing is known of the shares inside: they are equal
        self._shares = (
            np.where(empty, 1.0, populations) / np.where(weight == 0, count, weight)[sector]
        )
        self._balance = np.linalg.pinv(self._between_sectors(len(weight)))

    def apply(self, populations: FloatArray) -> FloatArray:
        """Return W p (D,)."""
        return self._gained(populations, (0, 1)) - self.leaving * populations

    def inverse(self, right: FloatArray) -> FloatArray:
        """Return nearly z (D,), W z = right, for a right side (D,) that adds up to zero."""
        z = self._shares * (self._balance @ np.bincount(self._sector, right))[self._sector]
        for parity in (0, 1):
            gained = self._gained(z, (parity,))
            for n in range(parity, len(self._members), 2):
                here = self._members[n]
                leaving = self.leaving[here]  # 0 where all rates of a state underflow: z stays
                z[here] = np.divide(
                    gained[here] - right[here], leaving, out=z[here], where=leaving > 0
                )
        return z

    def _gained(self, populations: FloatArray, parities: tuple[int, ...]) -> FloatArray:
        """Return what states (D,) of these parities of the particle number gain."""
        gained = np.zeros_like(populations)
        for n, step in enumerate(self._steps):
            lower, upper = self._members[n : n + 2]
            if (n + 1) % 2 in parities:
                gained[upper] += step.raised(populations[lower])
            if n % 2 in parities:
                gained[lower] += step.lowered(populations[upper])
        return gained

    def _leaving(self) -> FloatArray:
        leaving = np.zeros(len(self._sector))
        for n, step in enumerate(self._steps):
            rising, falling = step.leaving()
            leaving[self._members[n]] += rising
            leaving[self._members[n + 1]] += falling
        return leaving

    def _between_sectors(self, count: int) -> FloatArray:
        """Return the rates (S, S) between sectors whose states keep their shares."""
        rates = np.zeros((count, count))
        for n, step in enumerate(self._steps):
            lower, upper = self._members[n : n + 2]
            for rows, columns, up, down in step.parts:
                p, q = self._sector[lower[columns][0]], self._sector[upper[rows][0]]
                rates[q, p] += float((up @ self._shares[lower[columns]]).sum())
                rates[p, q] += float((self._shares[upper[rows]] @ down).sum())
        np.fill_diagonal(rates, -rates.sum(axis=0))
        return rates
