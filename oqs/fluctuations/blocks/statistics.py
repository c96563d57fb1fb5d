"""Counting statistics of a generator that keeps all coherences, without its matrix."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import final

import numpy as np
import scipy

from oqs.arguments import ComplexArray, FloatArray, read_only
from oqs.flows import Flows
from oqs.fluctuations.blocks.counted import (
    Kind,
    apart,
    counts,
    derivative,
    jumped,
    moved,
    tilted,
)
from oqs.fluctuations.blocks.equations import AtFrequency, without
from oqs.fluctuations.blocks.leading import leading
from oqs.fluctuations.jump_statistics import JumpStatistics
from oqs.fluctuations.quantities import reference_energy
from oqs.fluctuations.statistics import Tilted
from oqs.fluctuations.waiting import Watched
from oqs.stationary.conserved.block_generator import BlockGenerator, Jump
from oqs.stationary.conserved.problem import BlockProblem, Solved
from oqs.stationary.conserved.storage import Block

_ENERGY = np.array([0.0, 1.0])
_PARTICLES = np.array([1.0, 0.0])
_EVOLVED = 1e-11  # relative tolerance of the evolution between jumps


@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class BlockStatistics(JumpStatistics):
    """Counting statistics of `oqs.perlind`, the density matrix block by block.

    Every equation is iterated (GMRES) to 1e-10 of what it answers to; numbers hold to that of the
    gross rates.
    """

    problem: BlockProblem  # of the stationary state
    state: Solved  # the stationary elements, with the generator at T, mu
    means: Flows  # flows of the stationary state, as the flow law has them
    # T, mu: (n,) of the reservoirs
    T: FloatArray
    mu: FloatArray

    @property
    def flows(self) -> Flows:
        """P_j, J_j, Y_j (n,), as the flow law gives them."""
        return self.means

    @property
    def theorem_holds(self) -> bool:
        """False: this generator obeys it up to its price."""
        return False

    @functools.cached_property
    def gross(self) -> FloatArray:
        """Gross rates (2, n) of particles and of energy."""
        rates = np.zeros((2, self.reservoirs))
        for jump, flux, frequency in self._generator.fluxes(self.state.x):
            j = jump.channel.contact
            rates[:, j] += flux.sum(), np.vdot(flux, np.abs(frequency))
        return rates

    @functools.cached_property
    def centred_cumulants(self) -> FloatArray:
        """Covariances (2, n, 2, n) of N_j and E_j - w N_j.

        Particles are conserved, so that the strongest contact has minus those of the others.
        """
        n, x = self.reservoirs, self.state.x
        centred = np.array([-float(reference_energy(self.mu)), 1.0])
        turn = np.array([_PARTICLES, centred])  # of N and E
        fields = [(j, weights) for weights in turn for j in range(n)]
        strongest = int(np.argmax(self.gross[0]))
        second = np.zeros((2 * n, 2 * n))
        for j in range(n):
            second[np.ix_([j, n + j], [j, n + j])] = turn @ self._shot(j) @ turn.T
        for q, (j, weights) in enumerate(fields):
            if q != strongest:
                answer = self._answer(-self._counted(j, weights, 1, x))
                crossed = (turn @ counts(self._generator, answer)).ravel()
                second[q] += crossed
                second[:, q] += crossed
        kept = np.delete(np.arange(2 * n), strongest)
        expand = np.eye(2 * n)
        expand[strongest, :n] = -1.0
        expand = expand[:, kept]
        second = expand @ second[np.ix_(kept, kept)] @ expand.T
        return read_only(second.reshape(2, n, 2, n))

    @property
    def _generator(self) -> BlockGenerator:
        return self.state.generator

    def _trace(self, x: Block) -> float:
        return float(self._generator.layout.populations(x).sum())

    def _shot(self, j: int) -> FloatArray:
        """Return tr L_ab rho (2, 2) of particles and energy of reservoir j."""
        particles, energy, both = (
            self._trace(self._counted(j, weights, 2, self.state.x))
            for weights in (_PARTICLES, _ENERGY, _PARTICLES + _ENERGY)
        )
        mixed = (both - particles - energy) / 2
        return np.array([[particles, mixed], [mixed, energy]])

    def _counted(self, j: int, weights: FloatArray, order: int, x: Block) -> Block:
        return derivative(self._generator, j, weights, order, x)

    def _answer(self, source: Block) -> Block:
        """Return x (P,) of trace 0 with L x = source, less its trace."""
        source = source - self._trace(source) * self.state.x
        return self.state.change(source, self.problem.method)

    def _cumulants(self, j: int, order: int, weights: FloatArray) -> FloatArray:
        """Return cumulants by recursion (Flindt et al. 2010, doi:10.1103/PhysRevB.82.155407)."""
        cumulants: list[float] = []
        parts = [self.state.x]
        for k in range(1, order + 1):
            terms = [
                (math.comb(k, m), m, self._counted(j, weights, m, parts[k - m]))
                for m in range(1, k + 1)
            ]
            cumulants.append(float(sum(c * self._trace(term) for c, _, term in terms)))
            if k < order:
                y = [c * (cumulants[m - 1] * parts[k - m] - term) for c, m, term in terms]
                parts.append(self._answer(np.sum(y, axis=0)))
        return np.array(cumulants)

    def _exponent(self, chi: FloatArray, xi: FloatArray) -> float:
        centred = chi - (chi.max() + chi.min()) / 2
        largest = 0.0
        for jump in self._generator.jumps:
            j = jump.channel.contact
            e = moved(self._generator, jump, float(centred[j]), float(xi[j]))
            largest = max(largest, float(np.max(np.abs(e), initial=0.0)))
        return largest

    def _tilted(self, chi: FloatArray, xi: FloatArray) -> Tilted:
        centred = chi - (chi.max() + chi.min()) / 2  # added to all alike, it counts for nothing
        dominant = leading(
            lambda share: tilted(self._generator, share * centred, share * xi), self.state.x
        )
        slopes = np.zeros((2, self.reservoirs))
        for kind, weights in enumerate((_PARTICLES, _ENERGY)):
            for j in range(self.reservoirs):
                source = derivative(dominant.generator, j, weights, 1, dominant.vector)
                slopes[kind, j] = dominant.slope(source)
        return Tilted(dominant.value, slopes[0], slopes[1])

    def _spectrum(
        self, frequencies: FloatArray, first: FloatArray, second: FloatArray
    ) -> ComplexArray:
        n, x = self.reservoirs, self.state.x
        shot = [first[:, j] @ self._shot(j) @ second[:, j] for j in range(n)]
        direct = np.diag(shot).astype(np.complex128)
        same = np.array_equal(first, second)
        spectrum = np.empty((len(frequencies), n, n), dtype=np.complex128)
        sources = [
            [self._counted(j, weights[:, j], 1, x) for j in range(n)] for weights in (first, second)
        ]
        for k, omega in enumerate(frequencies.tolist()):
            equations = AtFrequency(self._generator, x, omega)
            by_second = self._responses(equations, sources[1], first)  # [j, q]
            by_first = by_second if same else self._responses(equations, sources[0], second)
            spectrum[k] = direct + by_second + by_first.conj().T
        return spectrum

    def _responses(
        self, equations: AtFrequency, sources: list[Block], weights: FloatArray
    ) -> ComplexArray:
        """Return tr L_j G(Omega) y_q (n, n) of sources y_q."""
        responses = np.empty((self.reservoirs,) * 2, dtype=np.complex128)
        for q, source in enumerate(sources):
            halves = equations.solved(source - self._trace(source) * self.state.x)
            re, im = (np.sum(weights * counts(self._generator, half), axis=0) for half in halves)
            responses[:, q] = re + 1j * im
        return responses

    def _watched(self, kinds: list[Kind]) -> Watched:
        _chosen, others = apart(self._generator, kinds)
        first, then = (apart(self._generator, [kind])[0] for kind in kinds)
        start = jumped(self._generator, first, self.state.x)
        return _WatchedBlocks(self._generator.with_jumps(others), start, then)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class _WatchedBlocks(Watched):
    """By integration of the evolution without watched jumps."""

    between: BlockGenerator  # L - J
    start: Block  # (P,) J_a rho, not normalised
    then: list[Jump]  # the jumps J_b

    @property
    def rate(self) -> float:
        """tr[J_a rho]."""
        return float(self.between.layout.populations(self.start).sum())

    def densities(self, times: FloatArray) -> FloatArray:
        """Return the density at times (m,)."""
        order = np.argsort(times, kind="stable")
        density = np.empty(len(times))
        at, x = 0.0, self.start / self.rate
        for place in order.tolist():
            if times[place] > at:
                span = at, float(times[place])
                x = scipy.integrate.solve_ivp(
                    lambda _, y: self.between.apply(y),
                    span,
                    x,
                    method="DOP853",
                    rtol=_EVOLVED,
                    atol=_EVOLVED * float(np.max(np.abs(x))),
                    t_eval=span[1:],
                ).y[:, -1]
                at = span[1]
            density[place] = self._seen(x)
        return density

    def moments(self) -> tuple[float, float]:
        """Return the expected times in each state, and those weighted with time, seen by J_b."""
        answer = without(self.between)
        stay = -answer(self.start / self.rate)
        return self._seen(stay), self._seen(-answer(stay))

    def _seen(self, x: Block) -> float:
        return float(self.between.layout.populations(jumped(self.between, self.then, x)).sum())
