"""Counting statistics of populations alone: every number from one factorisation."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterator
from typing import final

import numpy as np

from oqs.arguments import ComplexArray, FloatArray, read_only
from oqs.flows import Flows
from oqs.fluctuations.jump_statistics import JumpStatistics
from oqs.fluctuations.quantities import reference_energy
from oqs.fluctuations.rates.martingale import Field, covariance, currents, potentials
from oqs.fluctuations.rates.matrices import SectorMatrix, WholeMatrix
from oqs.fluctuations.rates.pairs import PairRates
from oqs.fluctuations.rates.perron import perron
from oqs.fluctuations.rates.pinned import PinnedRates
from oqs.fluctuations.rates.sectors import MANY, SectorLayout, SectorRates
from oqs.fluctuations.rates.watched import WatchedSectors
from oqs.fluctuations.statistics import Tilted
from oqs.fluctuations.waiting import Watched, WatchedMatrix
from oqs.memory import announce, require_memory, rest_announced
from oqs.numerics.threads import one_thread_below
from oqs.stationary.rates.elimination import closed_set
from oqs.stationary.rates.rate_equation import balanced

_BYTES = 90.0  # for each rate, in matrices and in pairs: 3 GB for 8192 states
_SECONDS = 2e-11  # times D^3: 1.2 s for 4096 states
_AT_ONCE = 2**21  # entries of the matrices of frequencies that are solved together


@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class PopulationStatistics(JumpStatistics):
    """Counting statistics of a rate equation W p = 0 between energy eigenstates.

    Populations, means and covariances come without subtractions: the noise of a blockaded dot, and
    of a weak contact beside a strong one, keeps its relative precision.
    """

    rates: PairRates  # of all jumps at T, mu
    solver: PinnedRates | SectorRates  # of the rate equation, factorised
    # T, mu: (n,) of the reservoirs
    T: FloatArray
    mu: FloatArray
    known_as: tuple[str | None, ...] | None  # names of the reservoirs

    @classmethod
    def of(
        cls,
        rates: PairRates,
        T: FloatArray,
        mu: FloatArray,
        names: tuple[str | None, ...] | None,
    ) -> PopulationStatistics:
        """Solve for the stationary populations."""
        many = rates.dimension >= MANY and rates.sector.any()
        widest = int(np.max(np.bincount(rates.sector))) if many else rates.dimension
        require_memory(
            _BYTES * (rates.dimension * widest + len(rates.lower) * len(T)),
            f"Counting statistics of {rates.dimension} states",
            "Flows need less: see oqs.flow_law.",
        )
        announce("Counting statistics", _SECONDS * rates.dimension * widest**2)
        reached = _reached(rates)
        up, down = reached.up.sum(axis=0), reached.down.sum(axis=0)
        with one_thread_below(widest):
            solver = (
                SectorRates(SectorLayout.of(reached), up, down)
                if many
                else PinnedRates(reached.matrix(up, down))
            )
        return cls(reached, solver, read_only(T), read_only(mu), names)

    @functools.cached_property
    def _fluxes(self) -> tuple[FloatArray, FloatArray]:
        """Fluxes (n, M) up and down through each pair."""
        p, rates = self.solver.populations, self.rates
        return rates.up * p[rates.lower], rates.down * p[rates.upper]

    @functools.cached_property
    def flows(self) -> Flows:
        """P_j, J_j, Y_j (n,), as the flow law gives them."""
        up, down = self._fluxes
        net, rising = up - down, up.sum(axis=1)
        particle, energy = (balanced(net @ moved, rising) for moved in self.rates.moved)
        return Flows.of(particle, energy, self.mu, self.known_as)

    @property
    def theorem_holds(self) -> bool:
        """True: jumps between populations obey detailed balance, contact by contact."""
        return True

    @functools.cached_property
    def gross(self) -> FloatArray:
        """Gross rates (2, n) of particles and of energy."""
        up, down = self._fluxes
        return np.stack([(up + down) @ np.abs(moved) for moved in self.rates.moved])

    @functools.cached_property
    def centred_cumulants(self) -> FloatArray:
        """Covariances (2, n, 2, n) of N_j and E_j - w N_j.

        What all reservoirs lose together stays bounded, so that one of them, the strongest, has
        minus the sum of the others.
        """
        n = self.reservoirs
        rates, fluxes = self.rates, np.add(*self._fluxes)
        strongest = int(np.argmax(fluxes.sum(axis=1)))
        others = [j for j in range(n) if j != strongest]
        above = -float(reference_energy(self.mu))
        fields = [Field(j, w) for w in ((1.0, 0.0), (above, 1.0)) for j in others]
        expand = np.zeros((2, n, len(fields)))
        for q, field in enumerate(fields):
            expand[int(field.weights[1]), [field.reservoir, strongest], q] = 1.0, -1.0
        with one_thread_below(rates.dimension):
            phi = potentials(rates, self.solver, fields)
            followed = covariance(rates, fluxes, phi, fields)
        expanded = expand.reshape(2 * n, -1)
        return read_only((expanded @ followed @ expanded.T).reshape(2, n, 2, n))

    def _cumulants(self, j: int, order: int, weights: FloatArray) -> FloatArray:
        """Return cumulants by recursion (Flindt et al. 2010, doi:10.1103/PhysRevB.82.155407).

        L(x) r(x) = lambda(x) r(x), sum r = 1, order by order in x, with phi added to the counts:
        the terms then do not cancel more than the cumulants do.
        """
        field = Field(j, (float(weights[0]), float(weights[1])))
        mean = float(weights @ [self.flows.particle[j], self.flows.energy[j]])
        if order == 1:
            return np.array([mean])
        with one_thread_below(self.rates.dimension):
            return self._recursion(field, mean, order)

    def _recursion(self, field: Field, mean: float, order: int) -> FloatArray:
        rates, solver = self.rates, self.solver
        phi = potentials(rates, solver, [field])[:, 0]
        beside = phi[rates.upper] - phi[rates.lower]
        own = beside + field.moved(rates)
        ups = rates.up[field.reservoir], np.delete(rates.up, field.reservoir, 0).sum(axis=0)
        downs = rates.down[field.reservoir], np.delete(rates.down, field.reservoir, 0).sum(axis=0)
        # (M,) of the m-th derivative of the tilted generator
        rising = [ups[0] * own**m + ups[1] * beside**m for m in range(order + 1)]
        falling = [downs[0] * (-own) ** m + downs[1] * (-beside) ** m for m in range(order + 1)]

        def derivative(m: int, r: FloatArray) -> FloatArray:
            return rates.onto_states(falling[m] * r[rates.upper], rising[m] * r[rates.lower])

        cumulants = [mean]
        parts = [solver.populations]
        for k in range(1, order + 1):
            terms = [(math.comb(k, m), m, derivative(m, parts[k - m])) for m in range(1, k + 1)]
            if k > 1:
                cumulants.append(sum(c * float(term.sum()) for c, _, term in terms))
            if k < order:
                right = [c * (cumulants[m - 1] * parts[k - m] - term) for c, m, term in terms]
                parts.append(solver.inverse(np.sum(right, axis=0)))
        return np.array(cumulants)

    def _exponent(self, chi: FloatArray, xi: FloatArray) -> float:
        """Return the largest exponent; what is added to all reservoirs alike counts for nothing."""
        largest = [float(np.max(np.abs(moved), initial=0.0)) for moved in self.rates.moved]
        return largest[0] * float(np.ptp(chi)) / 2 + largest[1] * float(np.ptp(xi)) / 2

    @functools.cached_property
    def _near(self) -> list[tuple[FloatArray, FloatArray]]:
        """Vectors (D,) of the last fields, where the next ones begin: those of no fields."""
        p = self.solver.populations
        return [(p, np.ones(len(p)))]

    def _tilted(self, chi: FloatArray, xi: FloatArray) -> Tilted:
        rates, n = self.rates, self.reservoirs
        fields = np.array([field - (field.max() + field.min()) / 2 for field in (chi, xi)])
        with one_thread_below(rates.dimension):
            up, down = np.sum([self._driven(j, *fields[:, j]) for j in range(n)], axis=0)
            matrix = self._matrix(up, down)
            value, right, left = perron(matrix, *self._near[-1])
        self._near[:] = [(right, left)]
        rising = left[rates.upper] * right[rates.lower]
        falling = left[rates.lower] * right[rates.upper]
        slopes = np.empty((2, n))
        for j in range(n):
            up, down = self._driven(j, *fields[:, j])
            net = up * rising - down * falling
            slopes[:, j] = [net @ moved for moved in rates.moved]
        return Tilted(value, *slopes)

    def _driven(self, j: int, chi: float, xi: float) -> FloatArray:
        """Return the rates (2, M) up and down of reservoir j at its fields."""
        rates = self.rates
        factor = np.exp(chi * rates.particle + xi * rates.energy)
        return np.stack([rates.up[j] * factor, rates.down[j] / factor])

    def _spectrum(
        self, frequencies: FloatArray, first: FloatArray, second: FloatArray
    ) -> ComplexArray:
        rates, n = self.rates, self.reservoirs
        p = self.solver.populations
        fields = [
            Field(j, (float(w[0]), float(w[1])))
            for both in (first, second)
            for j, w in enumerate(both.T)
        ]
        if np.array_equal(first, second):
            fields = fields[:n]
        f = currents(rates, fields)
        source = f - p @ f
        fluxes = np.add(*self._fluxes)
        spectrum = np.empty((len(frequencies), n, n), dtype=np.complex128)
        for k, phi in enumerate(self._answers(frequencies, source)):
            spectrum[k] = covariance(rates, fluxes, phi, fields)[:n, -n:]
        return spectrum

    def _answers(self, frequencies: FloatArray, source: FloatArray) -> Iterator[ComplexArray]:
        """Yield phi (D, q) with (i Omega - W^T) phi = source, which has no mean."""
        matrix = self._matrix(self.rates.up.sum(axis=0), self.rates.down.sum(axis=0))
        if isinstance(matrix, SectorMatrix):
            # the rounding of a small Omega adds a constant to phi, which counts for nothing
            for omega in rest_announced("Noise spectrum", frequencies.tolist()):
                yield matrix.transposed.solved(1j * omega, source)
            return
        # with g 1 p the solution is the same, and the matrix regular at Omega = 0
        p = self.solver.populations
        static = self.solver.leaving @ p * np.tile(p, (len(p), 1)) - matrix.rates.T
        static += np.diag(matrix.leaving)
        states, some = np.arange(len(p)), max(1, _AT_ONCE // len(p) ** 2)
        for begin in range(0, len(frequencies), some):
            omegas = frequencies[begin : begin + some]
            matrices = np.repeat(static[None].astype(np.complex128), len(omegas), axis=0)
            matrices[:, states, states] += 1j * omegas[:, None]
            with one_thread_below(len(p)):
                yield from np.linalg.solve(matrices, np.repeat(source[None], len(omegas), axis=0))

    def _matrix(self, up: FloatArray, down: FloatArray) -> WholeMatrix | SectorMatrix:
        """Return the rates up and down (M,), less what leaves each state."""
        if isinstance(self.solver, SectorRates):
            return SectorMatrix(self.solver.layout.blocks(up, down), self.solver.leaving)
        return WholeMatrix(self.rates.matrix(up, down), self.solver.leaving)

    def _watched(self, kinds: list[tuple[int, bool]]) -> Watched:
        rates, p = self.rates, self.solver.populations
        unwatched = {
            gains: np.delete(each, [j for j, kind in kinds if kind == gains], axis=0).sum(axis=0)
            for gains, each in ((True, rates.up), (False, rates.down))
        }
        between = self._matrix(unwatched[True], unwatched[False])
        none = np.zeros(len(rates.lower))

        def leaving(j: int, gains: bool) -> FloatArray:
            """Return the rate (D,) of these jumps out of each state."""
            return rates.onto_states(*((rates.up[j], none) if gains else (none, rates.down[j])))

        j, gains = kinds[0]
        if gains:
            start = rates.onto_states(none, rates.up[j] * p[rates.lower])
        else:
            start = rates.onto_states(rates.down[j] * p[rates.upper], none)
        then = leaving(*kinds[1])
        if isinstance(between, SectorMatrix):
            out = np.sum([leaving(*kind) for kind in set(kinds)], axis=0)
            return WatchedSectors(between, start, out, then)
        generator = between.rates - np.diag(between.leaving)
        return WatchedMatrix(generator, start, np.ones(len(p)), then)


def _reached(rates: PairRates) -> PairRates:
    """Return the rates among the states that are recurrent where some rates underflow."""
    up, down = rates.up.sum(axis=0), rates.down.sum(axis=0)
    if np.all(up > 0) and np.all(down > 0):
        return rates
    return rates.restricted(closed_set(rates.sparse(up, down)))
