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
from oqs.generator.between_states.transitions import StateTransitions
from oqs.generator.davies.davies_model import DaviesModel
from oqs.memory import require_memory
from oqs.numerics.clusters import IntArray
from oqs.stationary.method import Solution, StationaryMethod, checked_residual
from oqs.stationary.rates.elimination import recurrent, times, within
from oqs.stationary.rates.rate_equation import RateProblem, balanced
from oqs.stationary.state_rates.together import LARGEST, Together


@final
@dataclasses.dataclass(frozen=True, eq=False)
class StateProblem(RateProblem):
    """Transitions (M,) of all contacts, one contact after the other."""

    model: DaviesModel
    method: StationaryMethod
    # contact, kappa: (M,) whose they are, and at which Bohr frequency
    contact: IntArray
    kappa: IntArray
    # lower, upper: (M,) states
    lower: IntArray
    upper: IntArray
    strength: FloatArray  # (M,) |<lower|S|upper>|^2
    moved: FloatArray  # (M,) particles that a jump up brings into the system

    @classmethod
    def of(
        cls, model: DaviesModel, method: StationaryMethod, transitions: StateTransitions
    ) -> StateProblem:
        """Collect the transitions between different states; MemoryError where they do not fit."""
        size = transitions.dimension
        require_memory(
            40.0 * size**2, f"A rate equation of {size} states", "Take a smaller system."
        )
        apart = [e.where(e.lower != e.upper) for e in transitions.elements]
        lower = np.concatenate([e.lower for e in apart])
        upper = np.concatenate([e.upper for e in apart])
        particles = model.system.spectrum.particles
        return cls(
            model,
            method,
            contact=np.repeat(np.arange(len(apart)), [len(e.lower) for e in apart]),
            kappa=np.concatenate([e.kappa for e in apart]),
            lower=lower,
            upper=upper,
            strength=np.abs(np.concatenate([e.amplitude for e in apart])) ** 2,
            moved=(particles[upper] - particles[lower]).astype(np.float64),
        )

    def solve(self, T: FloatArray, mu: FloatArray) -> Solution:
        """Eliminate the states and balance each contact's transitions."""
        up, down = self._rates(T, mu)
        populations = self._populations(up, down)
        rising = up * populations[self.lower]
        flux = rising - down * populations[self.upper]
        net = self._arriving(flux)
        largest = float(rising.max(initial=0.0))
        residual = float(np.abs(net).max()) / largest if largest else 0.0
        exchanged = []
        for unit in (self.moved, self._energy):
            flows, gross = (self._by_contact(part * unit) for part in (flux, rising))
            exchanged.append(balanced(flows, np.abs(gross)))
        return Solution(populations, checked_residual(residual, self.method), *exchanged)

    def jacobian(self, T: FloatArray, mu: FloatArray) -> FlowJacobian:
        """Return the derivatives (n, n) of the flows; residuals are checked."""
        n, reference = self.model.reservoirs, float(mu.mean())
        up, down = self._rates(T, mu)
        p = self._populations(up, down)
        slopes = self.model.weight_slopes(T, mu)[:, :2, self.contact, self.kappa] * self.strength
        driven = slopes[:, 1] * p[self.lower] - slopes[:, 0] * p[self.upper]  # (2, M)
        change = self._changes(up, down, p, driven)  # (D, 2 n)
        changes = np.empty((2, 2, n, n))
        units = self.moved, self._energy - reference * self.moved
        for column in range(2 * n):
            theta, q = divmod(column, n)
            own = np.where(self.contact == q, driven[theta], 0.0)
            rising, falling = up * change[self.lower, column], down * change[self.upper, column]
            gross = np.abs(rising) + np.abs(falling) + np.abs(own)
            net = rising - falling + own
            for kind, unit in enumerate(units):
                scale = self._by_contact(gross * np.abs(unit))
                changes[kind, theta, :, q] = balanced(self._by_contact(net * unit), scale)
        particle = self._by_contact((up * p[self.lower] - down * p[self.upper]) * self.moved)
        return FlowJacobian.of(changes[0], changes[1], particle, mu, reference=reference)

    def _changes(
        self, up: FloatArray, down: FloatArray, p: FloatArray, driven: FloatArray
    ) -> FloatArray:
        """Return dp (D, 2 n) by each T, then each mu: W dp = -sources, sum dp = 0.

        `driven` (2, M): derivatives of the fluxes upwards by the own contact's T and mu.
        """
        n, size = self.model.reservoirs, len(p)
        sources = np.empty((size, 2 * n))
        for column in range(2 * n):
            theta, q = divmod(column, n)
            sources[:, column] = self._arriving(np.where(self.contact == q, driven[theta], 0.0))
        order = np.argsort(-p, kind="stable")  # the most probable state is pinned
        rates = self._matrix(up, down)[np.ix_(order, order)]
        change = np.zeros_like(sources)
        if size > 1:
            right = sources[order[1:]]
            change[order[1:]] = times(rates[1:, 1:].copy(), rates[0, 1:], right)
        change -= np.outer(p, change.sum(axis=0))
        for column in range(2 * n):
            rising = up * change[self.lower, column]
            missed = self._arriving(rising - down * change[self.upper, column])
            gross = max(np.abs(rising).max(initial=0.0), np.abs(sources[:, column]).max())
            if gross:
                left = float(np.abs(missed + sources[:, column]).max()) / float(gross)
                checked_residual(left, self.method)
        return change

    def solve_batch(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the particle and energy flows (b, n) at T, mu (b, n), residuals checked."""
        if self._together is None:
            return super().solve_batch(T, mu)
        particle, energy, _, good = self._together.flows(T, mu)
        for row in np.flatnonzero(~good).tolist():
            alone = self.solve(T[row], mu[row])
            particle[row], energy[row] = alone.particle, alone.energy
        return particle, energy

    def jacobian_batch(self, T: FloatArray, mu: FloatArray) -> FlowJacobian:
        """Return the derivatives (b, n, n) of the flows at T, mu (b, n)."""
        if self._together is None:
            return super().jacobian_batch(T, mu)
        populations, good = self._together.flows(T, mu)[2:]
        for row in np.flatnonzero(~good).tolist():
            populations[:, row] = self.solve(T[row], mu[row]).values.real
        return self._together.jacobian(T, mu, populations)

    def scalar_flows(self) -> ScalarFlows | None:
        """Return the flows of few states in lists; None of many, where batching does not pay."""
        return None if self._together is None else listed(self.solve)

    def spectral(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the gains (K, n) of particles and energy at each of `frequencies`."""
        up, down = self._rates(T, mu)
        p = self._populations(up, down)
        flux = up * p[self.lower] - down * p[self.upper]
        shape = len(self.frequencies), self.model.reservoirs
        middles = (self.frequencies[1:] + self.frequencies[:-1]) / 2
        place = np.searchsorted(middles, self._energy) * shape[1] + self.contact
        particle, energy = (
            _summed(place, flux * unit, shape[0] * shape[1]).reshape(shape)
            for unit in (self.moved, self._energy)
        )
        return particle, energy

    def transition_frequencies(self) -> FloatArray:
        """Return the frequencies (M,) of all transitions."""
        return self._energy

    @functools.cached_property
    def _together(self) -> Together | None:
        """The transitions for many T, mu at once; None where the states are too many for that."""
        if self.model.system.spectrum.dimension > LARGEST or not len(self.lower):
            return None
        return Together(
            self.model,
            self.method,
            self.contact,
            self.kappa,
            self.lower,
            self.upper,
            self.strength,
            self.moved,
            self._energy,
        )

    @functools.cached_property
    def _energy(self) -> FloatArray:
        """Energy (M,) that a jump up brings into the system."""
        energy: FloatArray = self.model.frequencies[self.kappa]
        return energy

    def _arriving(self, flux: FloatArray) -> FloatArray:
        """Return what each state gains (D,) by fluxes (M,) upwards."""
        size = self.model.system.spectrum.dimension
        arriving: FloatArray = _summed(self.upper, flux, size) - _summed(self.lower, flux, size)
        return arriving

    def _by_contact(self, values: FloatArray) -> FloatArray:
        return _summed(self.contact, values, self.model.reservoirs)

    def _rates(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the rates (M,) up and down."""
        down, up = self.model.weights(T, mu).reshape(-1, *self.model.rates.shape)[:2]
        place = self.contact, self.kappa
        return up[place] * self.strength, down[place] * self.strength

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
        return np.concatenate([self.upper * size + self.lower, self.lower * size + self.upper])


def _summed(places: IntArray, values: FloatArray, size: int) -> FloatArray:
    """Return the sums (size,) of the values that stand at each place."""
    summed: FloatArray = np.asarray(np.bincount(places, values, size), dtype=np.float64)
    return summed
