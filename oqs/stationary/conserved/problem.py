"""The stationary state of a PERLind generator, block by block, and its flows."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
import scipy.sparse as sp

from oqs.arguments import FloatArray
from oqs.errors import StationaryStateNotFound
from oqs.flow_jacobian import FlowJacobian
from oqs.generator.perlind.perlind import PerlindModel
from oqs.numerics.clusters import cluster
from oqs.stationary.conserved.block_generator import BlockGenerator
from oqs.stationary.conserved.dropped import dropped_weight
from oqs.stationary.conserved.layout import Layout
from oqs.stationary.conserved.solvers import Factorised, Iterated, Solver
from oqs.stationary.conserved.storage import Block
from oqs.stationary.method import (
    TOLERANCE,
    Solution,
    StationaryMethod,
    StationaryProblem,
    checked_residual,
)
from oqs.stationary.rates.rate_equation import balanced, by_frequency

DENSE = 400  # matrix elements up to which their equations are factorised
_UNKNOWN = 256 * float(np.finfo(np.float64).eps)  # a flow's precision, of its contact's rates


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Solved:
    """A generator, what solves its equations, and the stationary elements (P,)."""

    generator: BlockGenerator
    solver: Solver
    x: Block
    residual: float

    def change(self, right: Block, method: StationaryMethod) -> Block:
        """Return dx (P,) of trace 0 with L dx = right; raise where that is missed by 1e-11."""
        dx = self.solver.change(right)
        gross = float(np.max(np.abs(right), initial=0.0))
        off = float(np.max(np.abs(self.generator.apply(dx) - right), initial=0.0))
        checked_residual(off / gross if gross else 0.0, method)
        return dx


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
        parts = [blocks.frequency(c)[c.root != 0] for c in blocks.channels]
        return cluster(np.concatenate(parts), self.model.resolution)[1]

    def solve(self, T: FloatArray, mu: FloatArray) -> Solution:
        """Solve L x = 0, tr x = 1; residual and populations are checked."""
        return self.solution(self.solved(T, mu))

    def solved(self, T: FloatArray, mu: FloatArray) -> Solved:
        """Return the stationary elements with what they were found by; both are checked."""
        return self._solved(T, mu, None)

    def estimated(self, T: FloatArray, mu: FloatArray, precision: float) -> Solution:
        """Return state and flows as `solve`, iterated to this precision of the state only.

        The residual is checked against `precision` of the gross rates.
        """
        return self.solution(self._solved(T, mu, None, precision))

    def solve_batch(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the particle and energy flows (b, n) at T, mu (b, n).

        Each iteration starts from the state before, which is near along a sweep.
        """
        particle, energy = np.empty_like(T), np.empty_like(T)
        x = None
        for index, (t, m) in enumerate(zip(T, mu, strict=True)):
            solution = self.solution(self._solved(t, m, x))
            x = solution.values
            particle[index], energy[index] = solution.particle, solution.energy
        return particle, energy

    def jacobian(self, T: FloatArray, mu: FloatArray) -> FlowJacobian:
        """Return the derivatives (n, n) of the flows: L dx = -(dL) x, one solve for each T, mu."""
        solved, n, reference = self._solved(T, mu, None), len(T), float(mu.mean())
        derivatives = np.empty((2, 2, n, n))
        for theta in (0, 1):
            for q in range(n):
                slope = solved.generator.slope(q, theta)
                source = slope.applied(solved.x)
                dx = solved.change(-source, self.method)
                particle, energy, rates = self._exchanged(solved.generator, dx)
                direct = slope.exchanged(solved.x)
                particle[q] += direct.particle
                energy[q] += direct.energy
                rates[:, q] += direct.gross
                derivatives[0, theta, :, q] = balanced(particle, rates[0])
                derivatives[1, theta, :, q] = balanced(energy - reference * particle, rates[1])
        flow = self.solution(solved).particle
        return FlowJacobian.of(derivatives[0], derivatives[1], flow, mu, reference=reference)

    def spectral(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the gains (K, n) of particles and energy at each of `frequencies`.

        Where frequency shifts move energy it has no frequency, and is not among them.
        """
        solved = self._solved(T, mu, None)
        fluxes = []
        for jump, flux, frequency in solved.generator.fluxes(solved.x):
            touched = jump.matrix != 0
            own = np.zeros((self.model.reservoirs, np.count_nonzero(touched)))
            own[jump.channel.contact] = jump.gained * flux[touched]
            fluxes.append((frequency[touched], own))
        return by_frequency(self.frequencies, fluxes)

    def matrix(self, solution: Solution) -> sp.csr_array:
        """Return the density matrix (D, D) in the energy basis."""
        return self.layout.matrix(solution.values)

    def _solved(
        self, T: FloatArray, mu: FloatArray, start: Block | None, precision: float = TOLERANCE
    ) -> Solved:
        contacts = self.model.leads if self.model.shifted else ()
        generator = BlockGenerator(self.layout, T, mu, contacts)
        small = self.layout.size <= DENSE
        solver = Factorised(generator) if small else Iterated(generator, T, mu, precision)
        x = solver.stationary(start)
        populations = self.layout.populations(x)
        x = x / populations.sum()
        fastest = float(np.max(generator.leaving))
        gross = float(np.max(generator.leaving * np.abs(populations)))
        off = float(np.max(np.abs(generator.apply(x))))
        scale = gross if gross > _UNKNOWN * fastest else fastest  # nothing moves but rounding
        residual = checked_residual(off / scale, self.method, precision)
        lowest = float(populations.min())
        if lowest < -precision:
            raise StationaryStateNotFound(
                f"{self.method} gave the population {lowest:.3g}, below -{precision:.0e}: the "
                "state is less certain than that at these rates. Raise T, or bring the contacts' "
                "rates closer together."
            )
        solved = Solved(generator, solver, x, residual)
        self._require_little_dropped(solved, T, mu)
        return solved

    def weight_dropped(self, T: FloatArray, mu: FloatArray) -> float:
        """Return the stationary weight of the states outside the model's window, an estimate."""
        return self._dropped(self._solved(T, mu, None), T, mu)

    def _dropped(self, solved: Solved, T: FloatArray, mu: FloatArray) -> float:
        window = self.model.window
        if window is None:
            return 0.0
        blocks = self.model.all_blocks
        whole = BlockGenerator(Layout(blocks), T, mu)
        populations = np.zeros(blocks.dimension)
        states = np.concatenate([sector.states for sector in self.layout.blocks.sectors])
        populations[states] = self.layout.populations(solved.x)
        order = np.concatenate([sector.states for sector in blocks.sectors])
        kept = window.kept(self.model.system.spectrum)
        return dropped_weight(whole, kept[order], populations[order])

    def _require_little_dropped(self, solved: Solved, T: FloatArray, mu: FloatArray) -> None:
        """Raise ValueError where the states outside the window have weight."""
        window = self.model.window
        if window is None:
            return
        weight = self._dropped(solved, T, mu)
        if weight > window.weight:
            raise ValueError(
                f"Argument `window` must leave out states of weight up to {window.weight:g}, but "
                f"those outside {window!r} have weight {weight:.2g} at T = {T.tolist()}, mu = "
                f"{mu.tolist()}. Give a larger `energy`, or the `mu` of the bias."
            )

    def solution(self, solved: Solved) -> Solution:
        """Return state and flows (n,); zero where all jumps are rounding of no jumps."""
        particle, energy, gross = self._exchanged(solved.generator, solved.x)
        fastest = float(np.max(solved.generator.leaving))  # no contact alone is faster
        if np.all(gross[0] <= _UNKNOWN * fastest) and np.all(
            gross[0] <= _UNKNOWN * solved.generator.strengths()
        ):
            particle, energy = np.zeros_like(particle), np.zeros_like(energy)
        return Solution(
            solved.x, solved.residual, balanced(particle, gross[0]), balanced(energy, gross[1])
        )

    def _exchanged(
        self, generator: BlockGenerator, x: Block
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return what contacts give of N and H (n,) in a state, and the rates (2, n) in that."""
        n = self.model.reservoirs
        particle, energy, gross = np.zeros(n), generator.shifted_energy(x), np.zeros((2, n))
        for jump, flux, frequency in generator.fluxes(x):
            j = jump.channel.contact
            particle[j] += jump.gained * flux.sum()
            energy[j] += jump.gained * np.vdot(flux, frequency)
            gross[:, j] += np.abs(flux).sum(), np.vdot(np.abs(flux), np.abs(frequency))
        return particle, energy, gross
