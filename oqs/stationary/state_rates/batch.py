"""Many T, mu at once for the rate equation between single eigenstates, a few states at a time.

The batch comes last, as in `oqs.stationary.rates.sector_batch`; what a change of T or mu does to
the populations is explained in `oqs.stationary.rates.perturbation`.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from typing import final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from oqs.arguments import FloatArray
from oqs.flow_jacobian import FlowJacobian
from oqs.generator.between_states.transitions import StateTransitions
from oqs.generator.davies.davies_model import DaviesModel
from oqs.memory import require_memory
from oqs.numerics.clusters import IntArray
from oqs.stationary.method import StationaryMethod, checked_residual
from oqs.stationary.rates.elimination import gth_together
from oqs.stationary.rates.perturbation import TransitionList, population_changes
from oqs.stationary.rates.rate_equation import balanced

LARGEST = 64  # states up to which batching pays
_CACHED = 250_000  # elements of the array that is eliminated in: it stays in the cache

_Good = NDArray[np.bool_]  # (b,)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class TransitionBatch:
    """Transitions (M,) of all contacts at T, mu (b, n)."""

    model: DaviesModel
    method: StationaryMethod
    # contact, kappa: (M,) whose they are, and at which Bohr frequency
    contact: IntArray
    kappa: IntArray
    # lower, upper: (M,) states
    lower: IntArray
    upper: IntArray
    strength: FloatArray  # (M,) |<lower|S|upper>|^2
    # moved, energy: (M,) particles and energy that a jump up brings into the system
    moved: FloatArray
    energy: FloatArray

    @classmethod
    def of(
        cls, model: DaviesModel, method: StationaryMethod, transitions: StateTransitions
    ) -> TransitionBatch:
        """Collect those between different states, or raise MemoryError where they do not fit."""
        size = transitions.dimension
        require_memory(
            40.0 * size**2, f"A rate equation of {size} states", "Take a smaller system."
        )
        apart = [e.where(e.lower != e.upper) for e in transitions.elements]
        lower, upper, kappa, amplitude = (
            np.concatenate([getattr(e, name) for e in apart])
            for name in ("lower", "upper", "kappa", "amplitude")
        )
        particles = model.system.spectrum.particles
        return cls(
            model,
            method,
            contact=np.repeat(np.arange(len(apart)), [len(e.lower) for e in apart]),
            kappa=kappa,
            lower=lower,
            upper=upper,
            strength=np.abs(amplitude) ** 2,
            moved=(particles[upper] - particles[lower]).astype(np.float64),
            energy=model.frequencies[kappa],
        )

    def flows(
        self, T: FloatArray, mu: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, _Good]:
        """Return particle and energy flows (b, n), populations (D, b), and which are good (b,).

        Rates or populations may underflow; a residual that is too large is an error.
        """
        parts = [self._flows(T[part], mu[part]) for part in self._parts(len(T))]
        particle, energy, populations, good = zip(*parts, strict=True)
        return (
            np.concatenate(particle),
            np.concatenate(energy),
            np.concatenate(populations, axis=1),
            np.concatenate(good),
        )

    def jacobian(self, T: FloatArray, mu: FloatArray, populations: FloatArray) -> FlowJacobian:
        """Return the derivatives (b, n, n) of the flows at T, mu with their populations (D, b).

        Raises StationaryStateNotFound where rates underflow, or the residual of a change is too
        large.
        """
        return FlowJacobian.joined(
            [
                self._jacobian(T[part], mu[part], populations[:, part])
                for part in self._parts(len(T))
            ]
        )

    def _parts(self, count: int) -> Iterator[slice]:
        """Yield parts of a batch that do not crowd out the cache."""
        size = self._dimension * (self._dimension + 2 * self.model.reservoirs)
        rows = max(_CACHED // max(size, len(self.lower)), 16)
        for begin in range(0, max(count, 1), rows):
            yield slice(begin, begin + rows)

    def _flows(
        self, T: FloatArray, mu: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, _Good]:
        up, down = self._rates(T, mu)
        populations, good = self._populations(up, down)
        rising = up * populations[self.lower]
        flux = rising - down * populations[self.upper]
        net = np.abs(self._transitions.arriving((self._joined @ flux)[:, None])[:, 0]).max(axis=0)
        largest = rising.max(axis=0)
        residual = (net / np.where(largest > 0, largest, 1.0))[good]
        checked_residual(float(residual.max(initial=0.0)), self.method)
        flows = [
            balanced(self._by_contact(flux * unit), self._by_contact(rising * np.abs(unit)))
            for unit in (self.moved[:, None], self.energy[:, None])
        ]
        return flows[0], flows[1], populations, good

    def _jacobian(self, T: FloatArray, mu: FloatArray, p: FloatArray) -> FlowJacobian:
        (count, n), reference = T.shape, mu.mean(axis=1)
        up, down = self._rates(T, mu)
        driven = self._driven(T, mu, p)
        change = self._population_changes(up, down, driven, p)
        energy = self.energy[:, None] - reference * self.moved[:, None]  # (M, b)
        changes = np.empty((2, 2, n, count, n))  # [kind, T or mu, q, b, j]
        gross = np.empty(changes.shape)
        size, diagonal = np.abs(change), np.arange(n)
        for kind, unit in enumerate((np.broadcast_to(self.moved[:, None], energy.shape), energy)):
            rising, falling = self._leaving(up * unit, down * unit)
            gained = rising - falling
            scale = np.add(*self._leaving(up * abs(unit), down * abs(unit)))
            for j in range(n):
                changes[kind, ..., j] = (gained[j, :, None, None] * change).sum(axis=0)
                gross[kind, ..., j] = (scale[j, :, None, None] * size).sum(axis=0)
            for theta in range(2):
                own = driven[:, theta] * unit
                changes[kind, theta, diagonal, :, diagonal] += self._by_contact(own).T
                gross[kind, theta, diagonal, :, diagonal] += self._by_contact(np.abs(own)).T
        particle, carried = balanced(changes, gross).transpose(0, 1, 3, 4, 2)
        flux = up * p[self.lower] - down * p[self.upper]
        flow = self._by_contact(flux * self.moved[:, None])
        return FlowJacobian.of(particle, carried, flow, mu, reference=reference)

    def _driven(self, T: FloatArray, mu: FloatArray, p: FloatArray) -> FloatArray:
        """Return the derivatives (M, 2, b) of the fluxes up by their own contact's T and mu."""
        slopes = self.model.contact_rates.slopes_together(T, mu)[:, :, self.contact, self.kappa]
        slopes *= self.strength[:, None]
        driven = slopes[:, 1] * p[self.lower] - slopes[:, 0] * p[self.upper]
        return np.asarray(driven.transpose(1, 0, 2))

    def _population_changes(
        self, up: FloatArray, down: FloatArray, driven: FloatArray, p: FloatArray
    ) -> FloatArray:
        """Return the derivatives (D, 2, n, b) of the populations by each T_q, mu_q."""
        n, count = self.model.reservoirs, p.shape[-1]
        lower, upper = self._of_state
        flux = driven.reshape(len(up), -1)
        gained = (upper @ flux - lower @ flux).reshape(n, self._dimension, 2, count)
        sources = gained.transpose(1, 2, 0, 3).reshape(-1, 2 * n, count)
        totals = self._joined @ up, self._joined @ down
        change = population_changes(self._transitions, totals, p, sources, self.method)
        return change.reshape(-1, 2, n, count)

    def _rates(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the rates (M, b) up and down."""
        down, up = self.model.contact_rates.split_together(T, mu)
        strength = self.strength[:, None]
        return up[self.contact, self.kappa] * strength, down[self.contact, self.kappa] * strength

    def _populations(self, up: FloatArray, down: FloatArray) -> tuple[FloatArray, _Good]:
        """Return the populations (D, b) by elimination as `elimination.gth`, highest state first.

        Good are those without an underflow on the way.
        """
        transitions, size = self._transitions, self._dimension
        w = np.zeros((size, size, up.shape[1]))
        w[transitions.upper, transitions.lower] = self._joined @ up
        w[transitions.lower, transitions.upper] = self._joined @ down
        good = np.minimum(up.min(axis=0, initial=1.0), down.min(axis=0, initial=1.0)) > 0
        with np.errstate(all="ignore"):  # results that are not finite are not good
            p = gth_together(w)
        return p, good & np.isfinite(p).all(axis=0)

    def _by_contact(self, values: FloatArray) -> FloatArray:
        """Return the sums (b, n) of values (M, b) over the transitions of each contact."""
        return (self._of_contact @ values).T

    def _leaving(self, up: FloatArray, down: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the sums (n, D, b) over each contact's transitions (M, b) out of each state."""
        shape = self.model.reservoirs, self._dimension, up.shape[1]
        lower, upper = self._of_state
        return (lower @ up).reshape(shape), (upper @ down).reshape(shape)

    @property
    def _dimension(self) -> int:
        return self.model.system.spectrum.dimension

    @functools.cached_property
    def _pairs(self) -> tuple[IntArray, IntArray]:
        """The distinct pairs of states, lower * D + upper, and which each transition has (M,)."""
        pairs, which = np.unique(self.lower * self._dimension + self.upper, return_inverse=True)
        return pairs, which

    @functools.cached_property
    def _transitions(self) -> TransitionList:
        """The distinct pairs of states as transitions."""
        lower, upper = np.divmod(self._pairs[0], self._dimension)
        none = np.zeros(len(lower))
        return TransitionList(lower, upper, none, none[None], self._dimension)

    @functools.cached_property
    def _joined(self) -> sp.csr_array:
        """Sums of what belongs to each distinct pair of states."""
        return _summing(self._pairs[1], len(self._pairs[0]))

    @functools.cached_property
    def _of_contact(self) -> sp.csr_array:
        return _summing(self.contact, self.model.reservoirs)

    @functools.cached_property
    def _of_state(self) -> tuple[sp.csr_array, sp.csr_array]:
        """Sums over the transitions of each contact out of each lower, and upper, state."""
        size, rows = self._dimension, self.model.reservoirs * self._dimension
        first = self.contact * size
        return _summing(first + self.lower, rows), _summing(first + self.upper, rows)


def _summing(places: IntArray, rows: int) -> sp.csr_array:
    """Return a matrix (rows, M) of ones at these rows (M,)."""
    columns = np.arange(len(places))
    shape = rows, len(places)
    return sp.csr_array(sp.coo_array((np.ones(len(places)), (places, columns)), shape=shape))
