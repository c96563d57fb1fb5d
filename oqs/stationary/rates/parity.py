"""The rate equation between even and odd particle numbers, up to about a thousand states.

The odd states have no rates among themselves: each is eliminated by a division. The even sectors
that remain are folded one into the next as in `elimination.eliminate`, half as many.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import final

import numpy as np

from oqs.arguments import FloatArray
from oqs.flow_jacobian import FlowJacobian
from oqs.flows import ScalarFlows, listed
from oqs.generator.davies.davies_model import DaviesModel
from oqs.numerics.threads import one_thread_below
from oqs.stationary.method import Solution, StationaryMethod, checked_residual
from oqs.stationary.rates.batched import BatchedProblem
from oqs.stationary.rates.elimination import (
    Fold,
    eliminate,
    eliminate_steps,
    last_sector,
    recurrent,
)
from oqs.stationary.rates.parity_rates import ParityRates
from oqs.stationary.rates.perturbation import flow_jacobian
from oqs.stationary.rates.rate_equation import balanced, by_frequency, matrix_of_blocks
from oqs.stationary.rates.sectors import SectorProblem
from oqs.transitions.transitions import SectorBlocks

LARGEST = 1024  # states up to which the empty part of the matrix costs less than it saves


@final
@dataclasses.dataclass(frozen=True, eq=False)
class ParityProblem(BatchedProblem):
    """Dense rates between even and odd states, weighted anew at each T, mu."""

    model: DaviesModel
    method: StationaryMethod
    rates: ParityRates  # before they are weighted
    sectors: SectorProblem  # the same transitions by particle number
    blocks: SectorBlocks  # where they come from

    @classmethod
    def of(
        cls, model: DaviesModel, method: StationaryMethod, blocks: SectorBlocks
    ) -> ParityProblem:
        """Set the steps' blocks into one matrix."""
        sectors = SectorProblem.of(model, method, blocks)
        return cls(model, method, ParityRates.of(blocks), sectors, blocks)

    @functools.cached_property
    def _largest(self) -> int:
        """Number of states of the largest sector."""
        return max(sector.stop - sector.start for sector in self.rates.sectors)

    def solve(self, T: FloatArray, mu: FloatArray) -> Solution:
        """Eliminate; the residual is the net flux into the worst state."""
        with one_thread_below(self._largest):
            return self._solved(T, mu)

    def _solved(self, T: FloatArray, mu: FloatArray) -> Solution:
        weighted = self.rates.at(T, mu)
        forth, back = _sum(weighted.forth), _sum(weighted.back)
        even, odd = self._populations(T, mu, forth, back, weighted.moderate)
        gross = weighted.forth @ even
        into_odd, into_even = gross.sum(axis=0), odd @ back
        net_odd = into_odd - odd * (back @ np.ones(len(even)))
        net_even = into_even - even * (np.ones(len(odd)) @ forth)
        largest = float(np.maximum(into_odd.max(), into_even.max()))
        worst = float(np.maximum(np.abs(net_odd).max(), np.abs(net_even).max()))
        net = weighted.net(even, odd).reshape(len(T), -1)
        flows = np.array([net @ gain for gain in self.rates.exchanged])
        particle, energy = self.rates.unit * balanced(flows, gross.sum(axis=1))
        return Solution(
            self.rates.populations(even, odd),
            checked_residual(worst / largest if largest != 0 else 0.0, self.method),
            particle,
            energy,
        )

    def jacobian(self, T: FloatArray, mu: FloatArray) -> FlowJacobian:
        """Return the derivatives (n, n) of the flows."""
        populations = self.solve(T, mu).values.real
        if self.few is None:
            return self.sectors.jacobian_at(populations, T, mu)
        return flow_jacobian(self.transitions, T[None], mu[None], populations[:, None], self.method)

    def scalar_flows(self) -> ScalarFlows | None:
        """Return the flows, unlike the scalar ones of fewer states with all checks."""
        return None if self.few is None else listed(self.solve)

    def spectral(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the gains (K, n) of particles and energy at each of `frequencies`."""
        rates = self.rates
        populations = self.solve(T, mu).values.real
        net = rates.at(T, mu).net(populations[rates.even.states], populations[rates.odd.states])
        up = rates.unit * net[:, rates.linked] * rates.added[rates.linked]
        return by_frequency(self.frequencies, [(self.transition_frequencies(), up)])

    def transition_frequencies(self) -> FloatArray:
        """Return the frequencies (M,) of all transitions."""
        return (self.rates.frequency * self.rates.added)[self.rates.linked]

    def _populations(
        self, T: FloatArray, mu: FloatArray, forth: FloatArray, back: FloatArray, moderate: bool
    ) -> tuple[FloatArray, FloatArray]:
        """Return the populations of even and odd states at rates (O, E) of all contacts."""
        if moderate:
            return self._by_halves(forth, back, 2 * self._last(T, mu, 2))
        if min(np.count_nonzero(forth), np.count_nonzero(back)) < self.rates.links:
            return self._recurrent(forth, back)  # some states are transient
        return self._by_sectors(forth, back, self._last(T, mu, 1))

    def _last(self, T: FloatArray, mu: FloatArray, step: int) -> int:
        return last_sector(self.lowest_energies[::step], step, T, mu)

    def _by_halves(
        self, forth: FloatArray, back: FloatArray, last: int
    ) -> tuple[FloatArray, FloatArray]:
        """Eliminate every odd state on its own, then sector after sector of the even ones."""
        # expected time in an odd state for a unit of time in an even one
        reached = forth * (1 / (back @ np.ones(back.shape[1])))[:, None]
        sectors = self.rates.sectors
        inside: dict[int, FloatArray] = {}  # of each even sector, by way of its odd neighbours
        across: dict[int, tuple[FloatArray, FloatArray]] = {}  # up and down by way of each odd one
        for n in range(1, len(sectors), 2):
            neighbours = sectors[n - 1 : n + 2 : 2]
            around = slice(neighbours[0].start, neighbours[-1].stop)
            rates = (reached[sectors[n], around].T @ back[sectors[n], around]).T  # LAPACK's order
            size = neighbours[0].stop - neighbours[0].start
            low, high = slice(size), slice(size, None)
            inside[n - 1] = inside[n - 1] + rates[low, low] if n > 1 else rates[low, low]
            if len(neighbours) > 1:
                inside[n + 1] = rates[high, high]
                across[n] = rates[high, low], rates[low, high]
        folded_down = (
            Fold(down, up, inside[n + 1]) for n, (up, down) in reversed(across.items()) if n > last
        )
        folded_up = (Fold(up, down, inside[n - 1]) for n, (up, down) in across.items() if n < last)
        even = np.concatenate(eliminate(folded_down, folded_up, inside[last]))
        filled = reached @ even
        total = even.sum() + filled.sum()
        return even / total, filled / total

    def _by_sectors(
        self, forth: FloatArray, back: FloatArray, last: int
    ) -> tuple[FloatArray, FloatArray]:
        """Eliminate sector after sector: products of fewer rates, that may be very small."""
        sectors = self.rates.sectors
        steps = []
        for n in range(len(sectors) - 1):
            if n % 2 == 0:
                place = sectors[n + 1], sectors[n]
                steps.append((forth[place], back[place]))
            else:
                place = sectors[n], sectors[n + 1]
                steps.append((back[place].T, forth[place].T))
        sizes = [sector.stop - sector.start for sector in sectors]
        shares = eliminate_steps(lambda which: (steps[n] for n in which), sizes, last)
        return np.concatenate(shares[::2]), np.concatenate(shares[1::2])

    def _recurrent(self, forth: FloatArray, back: FloatArray) -> tuple[FloatArray, FloatArray]:
        even, odd = self.rates.even.states, self.rates.odd.states
        populations = recurrent(matrix_of_blocks([(even, odd, forth, back)], self.rates.dimension))
        return populations[even], populations[odd]


def _sum(rates: FloatArray) -> FloatArray:
    """Add the contacts' rates (n, O, E): array by array, quicker than along an axis."""
    total: FloatArray = rates[0] + rates[1] if len(rates) > 1 else rates[0]
    for more in rates[2:]:
        total += more
    return total
