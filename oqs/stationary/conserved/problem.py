"""The stationary state of a PERLind generator, block by block: dense where small, else iterated."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
import scipy.linalg
import scipy.sparse as sp
import scipy.sparse.linalg

from oqs.arguments import FloatArray
from oqs.errors import StationaryStateNotFound
from oqs.generator.perlind.perlind import PerlindModel
from oqs.numerics.clusters import cluster
from oqs.stationary.conserved.block_generator import BlockGenerator
from oqs.stationary.conserved.dense import dense_matrix
from oqs.stationary.conserved.layout import Layout
from oqs.stationary.conserved.secular_rates import SecularRates
from oqs.stationary.conserved.storage import Block
from oqs.stationary.method import (
    TOLERANCE,
    Solution,
    StationaryMethod,
    StationaryProblem,
    checked_residual,
)
from oqs.stationary.rates.elimination import last_sector
from oqs.stationary.rates.rate_equation import balanced, by_frequency

DENSE = 400  # matrix elements up to which their equations are factorised
_RELATIVE = 1e-13  # of the iteration's residual, in units of the state
_UNKNOWN = 256 * float(np.finfo(np.float64).eps)  # a flow's precision, of its contact's rates
_RESTART = 60
_CYCLES = 8


@final
@dataclasses.dataclass(frozen=True, eq=False)
class BlockProblem(StationaryProblem):
    """One block of the density matrix for each sector of conserved quantum numbers."""

    model: PerlindModel
    method: StationaryMethod
    layout: Layout

    @property
    def frequencies(self) -> FloatArray:
        """Bohr frequencies (K,) of the transitions, ascending."""
        blocks = self.layout.blocks
        found = [blocks.frequency(c)[c.root != 0] for c in blocks.channels]
        return cluster(np.concatenate(found), self.model.resolution)[1]

    def solve(self, T: FloatArray, mu: FloatArray) -> Solution:
        """Solve L x = 0, tr x = 1; residual and populations are checked."""
        return self._solved(T, mu, None)

    def solve_batch(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the particle and energy flows (b, n) at T, mu (b, n).

        Each iteration starts from the state before, which is near along a sweep.
        """
        particle, energy = np.empty_like(T), np.empty_like(T)
        x = None
        for index, (t, m) in enumerate(zip(T, mu, strict=True)):
            solution = self._solved(t, m, x)
            x = solution.values
            particle[index], energy[index] = solution.particle, solution.energy
        return particle, energy

    def resolved(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the gains (K, n) of particles and energy at each of `frequencies`.

        Where frequency shifts move energy it has no frequency, and is not among them.
        """
        x = self._solved(T, mu, None).values
        found = []
        for jump, flux, frequency in self._generator(T, mu).fluxes(x):
            touched = jump.matrix != 0
            own = np.zeros((self.model.reservoirs, np.count_nonzero(touched)))
            own[jump.channel.contact] = jump.gained * flux[touched]
            found.append((frequency[touched], own))
        return by_frequency(self.frequencies, found)

    def matrix(self, solution: Solution) -> sp.csr_array:
        """Return the density matrix (D, D) in the energy basis."""
        return self.layout.matrix(solution.values)

    def _generator(self, T: FloatArray, mu: FloatArray) -> BlockGenerator:
        contacts = self.model.contacts if self.model.shifted else ()
        return BlockGenerator(self.layout, T, mu, contacts)

    def _solved(self, T: FloatArray, mu: FloatArray, start: Block | None) -> Solution:
        generator = self._generator(T, mu)
        if self.layout.size <= DENSE:
            x = self._factorised(generator)
        else:
            x = self._iterated(generator, T, mu, start)
        populations = self.layout.populations(x)
        x = x / populations.sum()
        fastest = float(np.max(generator.leaving))
        gross = float(np.max(generator.leaving * np.abs(populations)))
        off = float(np.max(np.abs(generator.apply(x))))
        scale = gross if gross > _UNKNOWN * fastest else fastest  # nothing moves but rounding
        residual = checked_residual(off / scale, self.method)
        lowest = float(populations.min())
        if lowest < -TOLERANCE:
            raise StationaryStateNotFound(
                f"{self.method} gave the population {lowest:.3g}, below -{TOLERANCE:.0e}: the "
                "state is less certain than that at these rates. Raise T, or bring the contacts' "
                "rates closer together."
            )
        return Solution(x, residual, *self._flows(generator, x))

    def _flows(self, generator: BlockGenerator, x: Block) -> tuple[FloatArray, FloatArray]:
        """Return the flows (n,) of N and of H; zero where all jumps are rounding of no jumps."""
        n = self.model.reservoirs
        particle, energy, gross = np.zeros(n), generator.shifted_energy(x), np.zeros((2, n))
        for jump, flux, frequency in generator.fluxes(x):
            j = jump.channel.contact
            particle[j] += jump.gained * flux.sum()
            energy[j] += jump.gained * np.vdot(flux, frequency)
            gross[:, j] += np.abs(flux).sum(), np.vdot(np.abs(flux), np.abs(frequency))
        if np.all(gross[0] <= _UNKNOWN * generator.strengths()):
            return np.zeros(n), np.zeros(n)
        return balanced(particle, gross[0]), balanced(energy, gross[1])

    def _factorised(self, generator: BlockGenerator) -> Block:
        """Solve (L + g u tr) x = g u, with u the maximally mixed state and g the fastest rate."""
        matrix = dense_matrix(generator)
        mixed = self.layout.of_populations(np.full(len(generator.leaving), 1.0))
        rate = float(np.max(generator.leaving)) / len(generator.leaving)
        matrix += rate * np.multiply.outer(mixed, mixed)
        found: Block = np.linalg.solve(matrix, rate * mixed)
        return found

    def _iterated(
        self, generator: BlockGenerator, T: FloatArray, mu: FloatArray, start: Block | None
    ) -> Block:
        """Solve (L + g v tr) x = g v by GMRES, with v the secular state and g its mean rate.

        The preconditioner is the secular part of L: the rate equation of the populations, and of
        each coherence its own decay and rotation.
        """
        layout = self.layout
        secular = SecularRates(generator, self._last(T, mu))
        v = secular.stationary
        state = layout.of_populations(v)
        rate = float(generator.leaving @ v)

        def applied(x: Block) -> Block:
            result = generator.apply(x)
            trace = rate * layout.populations(x).sum()
            layout.set_populations(result, layout.populations(result) + trace * v)
            return result

        def nearly(right: Block) -> Block:
            result = np.empty_like(right)
            parts = zip(layout.split(right), layout.split(result), strict=True)
            for index, (block, change) in enumerate(parts):
                w, decay = generator.detuning(index), generator.decay(index)
                change[:] = layout.storage.unrotated(block, w, decay)
            populations = layout.populations(right)
            total = populations.sum()
            layout.set_populations(
                result, secular.solve(populations - total * v) + (total / rate) * v
            )
            return result

        shape, dtype = (layout.size, layout.size), layout.storage.dtype
        found, _ = scipy.sparse.linalg.gmres(  # judged by its residual, whatever it says
            scipy.sparse.linalg.LinearOperator(shape, matvec=applied, dtype=dtype),
            rate * state,
            x0=state if start is None else start,
            M=scipy.sparse.linalg.LinearOperator(shape, matvec=nearly, dtype=dtype),
            rtol=_RELATIVE,
            restart=_RESTART,
            maxiter=_CYCLES,
        )
        return np.asarray(found)

    def _last(self, T: FloatArray, mu: FloatArray) -> int:
        """Return the particle number, counted from the least, towards which states flow."""
        sectors = self.layout.blocks.sectors
        numbers = np.array([sector.particles for sector in sectors])
        lowest = np.array([sector.energies.min() for sector in sectors])
        each = [float(lowest[numbers == n].min()) for n in np.unique(numbers)]
        return last_sector(each, 1, T, mu)
