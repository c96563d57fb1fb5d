"""The rate equation between single eigenstates, for contacts of any kind.

Bosonic contacts move energy between states of one particle number, any two of them, so there are no
sectors to fold into each other: the states are eliminated all together, half of them at a time and
without subtractions (`elimination.within`).
"""

from __future__ import annotations

import dataclasses
import functools
from typing import final

import numpy as np
import scipy.sparse as sp

from oqs.arguments import FloatArray
from oqs.flow_jacobian import FlowJacobian
from oqs.flows import ScalarFlows, listed
from oqs.generator.davies.davies_model import DaviesModel
from oqs.numerics.clusters import IntArray
from oqs.stationary.method import Solution, StationaryMethod, checked_residual
from oqs.stationary.rates.elimination import recurrent, within
from oqs.stationary.rates.rate_equation import RateProblem, balanced
from oqs.stationary.state_rates.batch import LARGEST, TransitionBatch


@final
@dataclasses.dataclass(frozen=True, eq=False)
class StateProblem(RateProblem):
    """The populations of all states, from the transitions of all contacts."""

    model: DaviesModel
    method: StationaryMethod
    transitions: TransitionBatch

    def solve(self, T: FloatArray, mu: FloatArray) -> Solution:
        """Eliminate the states and balance each contact's transitions."""
        up, down = self._rates(T, mu)
        populations = self._populations(up, down)
        rising = up * populations[self.transitions.lower]
        flux = rising - down * populations[self.transitions.upper]
        size, ends = len(populations), (self.transitions.upper, self.transitions.lower)
        gained = np.subtract(*(_summed(states, flux, size) for states in ends))
        largest = float(rising.max(initial=0.0))
        residual = float(np.abs(gained).max()) / largest if largest else 0.0
        exchanged = []
        for unit in (self.transitions.moved, self.transitions.energy):
            flows, gross = (
                _summed(self.transitions.contact, part * unit, self.model.reservoirs)
                for part in (flux, rising)
            )
            exchanged.append(balanced(flows, np.abs(gross)))
        return Solution(populations, checked_residual(residual, self.method), *exchanged)

    def jacobian(self, T: FloatArray, mu: FloatArray) -> FlowJacobian:
        """Return the derivatives (n, n) of the flows; residuals are checked."""
        populations = self._populations(*self._rates(T, mu))
        return self.transitions.jacobian(T[None], mu[None], populations[:, None])

    def solve_batch(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the particle and energy flows (b, n) at T, mu (b, n), residuals checked."""
        if not self._few:
            return super().solve_batch(T, mu)
        particle, energy, _, good = self.transitions.flows(T, mu)
        for row in np.flatnonzero(~good).tolist():
            alone = self.solve(T[row], mu[row])
            particle[row], energy[row] = alone.particle, alone.energy
        return particle, energy

    def jacobian_batch(self, T: FloatArray, mu: FloatArray) -> FlowJacobian:
        """Return the derivatives (b, n, n) of the flows at T, mu (b, n)."""
        if not self._few:
            return super().jacobian_batch(T, mu)
        populations, good = self.transitions.flows(T, mu)[2:]
        for row in np.flatnonzero(~good).tolist():
            populations[:, row] = self.solve(T[row], mu[row]).values.real
        return self.transitions.jacobian(T, mu, populations)

    def scalar_flows(self) -> ScalarFlows | None:
        """Return the flows of few states in lists; None of many, where batching does not pay."""
        return listed(self.solve) if self._few else None

    def spectral(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the gains (K, n) of particles and energy at each of `frequencies`."""
        up, down = self._rates(T, mu)
        p = self._populations(up, down)
        each = self.transitions
        flux = up * p[each.lower] - down * p[each.upper]
        shape = len(self.frequencies), self.model.reservoirs
        middles = (self.frequencies[1:] + self.frequencies[:-1]) / 2
        place = np.searchsorted(middles, each.energy) * shape[1] + each.contact
        particle, energy = (
            _summed(place, flux * unit, shape[0] * shape[1]).reshape(shape)
            for unit in (each.moved, each.energy)
        )
        return particle, energy

    def transition_frequencies(self) -> FloatArray:
        """Return the frequencies (M,) of all transitions."""
        return self.transitions.energy

    @property
    def _few(self) -> bool:
        """Whether the states are so few that batching pays."""
        return self.model.system.spectrum.dimension <= LARGEST and len(self.transitions.lower) > 0

    def _rates(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the rates (M,) up and down."""
        down, up = self.model.weights(T, mu).reshape(-1, *self.model.rates.shape)[:2]
        place = self.transitions.contact, self.transitions.kappa
        return up[place] * self.transitions.strength, down[place] * self.transitions.strength

    def _populations(self, up: FloatArray, down: FloatArray) -> FloatArray:
        rates = self._matrix(up, down)
        if min(up.min(initial=1.0), down.min(initial=1.0)) > 0:
            with np.errstate(over="ignore", invalid="ignore"):  # a result that is not finite raises
                return within(rates)
        # rates underflow to zero: some states are transient
        return recurrent(sp.csr_array(rates))

    def _matrix(self, up: FloatArray, down: FloatArray) -> FloatArray:
        """Return the rate matrix (D, D), entry [a, b] from b to a."""
        size = self.model.system.spectrum.dimension
        both = _summed(self._places, np.concatenate([up, down]), size**2)
        return both.reshape(size, size)

    @functools.cached_property
    def _places(self) -> IntArray:
        """Where up and then down (2 M,) stand in the flat rate matrix."""
        size = self.model.system.spectrum.dimension
        lower, upper = self.transitions.lower, self.transitions.upper
        return np.concatenate([upper * size + lower, lower * size + upper])


def _summed(places: IntArray, values: FloatArray, size: int) -> FloatArray:
    """Return the sums (size,) of the values that stand at each place."""
    return np.asarray(np.bincount(places, values, size), dtype=np.float64)
