"""Populations of many states with the coherences of a few degenerate levels, by iteration.

The rate equation is solved first, as if there were no coherences. From there GMRES solves for all
together, (L + g v tr) x = g v with v those populations and g their mean rate. Its preconditioner is
a sweep of the rate equation (`oqs.stationary.rates.sweeps`), and for coherences their own decay.
"""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg

from oqs.arguments import FloatArray
from oqs.flow_jacobian import FlowJacobian
from oqs.generator.davies.davies_model import DaviesModel
from oqs.generator.model import Model
from oqs.stationary.coherent.level_rates import LevelRates
from oqs.stationary.method import (
    Solution,
    StationaryMethod,
    checked_density_matrix,
    checked_residual,
)
from oqs.stationary.rates.rate_equation import RateProblem, balanced, by_frequency
from oqs.stationary.rates.sector_perturbation import Perturbation
from oqs.stationary.rates.sectors import SectorProblem
from oqs.stationary.rates.sweeps import RateSweep
from oqs.transitions.level_coherences import LevelCoherences
from oqs.transitions.transitions import SectorBlocks

_RELATIVE = 3e-14  # residual of the iteration, in units of g v; rounding leaves some 1e-15
_RESTART = 60
_CYCLES = 5
_ONE_MATRIX = 1024  # states up to which populations and coherences are equations of one matrix


def large_levels(model: Model, more_than: int = _ONE_MATRIX) -> LevelCoherences | None:
    """Return the levels of a model of more states, None for other models.

    Frequency shifts, and levels of split energies, are equations of one matrix at any size.
    """
    if not isinstance(model, DaviesModel) or model.shifted:
        return None
    blocks = model.transitions
    if not isinstance(blocks, SectorBlocks) or blocks.dimension <= more_than:
        return None
    levels = model.level_coherences
    return None if levels is None or levels.detuned else levels


@final
@dataclasses.dataclass(frozen=True, eq=False)
class CoherentSectorProblem(RateProblem):
    """Populations (D,), and behind them the coherences (K,) of degenerate levels.

    Parameters
    ----------
    rates : the rate equation of the populations.
    coherences : the degenerate levels and what they exchange.
    """

    model: DaviesModel
    method: StationaryMethod
    rates: SectorProblem
    coherences: LevelCoherences

    def solve(self, T: FloatArray, mu: FloatArray) -> Solution:
        """Iterate from the populations alone; residual, trace and positivity are checked."""
        levels = LevelRates.at(self.coherences, T, mu)
        x = self._iterated(levels, T, mu)
        populations, coherences = np.split(x, [self.rates.dimension])
        balance = self.rates.balance(populations, T, mu)
        gained, change = levels.apply(populations, coherences)
        worst = max(float(np.abs(part).max()) for part in (balance.net + gained, change))
        residual = checked_residual(balance.residual(worst), self.method)
        particle, energy = balance.particle, balance.energy
        for exchange, flux in levels.exchanged(coherences):
            particle[exchange.contact] += flux.sum()
            energy[exchange.contact] += flux @ exchange.frequency
        solution = Solution(
            x, residual, balanced(particle, balance.rising), balanced(energy, balance.rising)
        )
        checked_density_matrix(self.matrix(solution), self.method)
        return solution

    def spectral(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the gains (K, n) of particles and energy at each of `frequencies`."""
        populations, coherences = np.split(self.solve(T, mu).values.real, [self.rates.dimension])
        fluxes = self.rates.fluxes_by_frequency(populations, T, mu)
        for exchange, flux in LevelRates.at(self.coherences, T, mu).exchanged(coherences):
            own = np.zeros((self.model.reservoirs, len(flux)))
            own[exchange.contact] = flux
            fluxes.append((exchange.frequency, own))
        return by_frequency(self.frequencies, fluxes)

    def matrix(self, solution: Solution) -> sp.csr_array:
        """Return the density matrix (D, D) in the energy basis."""
        populations, coherences = np.split(solution.values.real, [self.rates.dimension])
        return self.coherences.density_matrix(populations, coherences)

    def transition_frequencies(self) -> FloatArray:
        """Return the frequencies (M,) of all transitions."""
        return self.rates.transition_frequencies()

    def jacobian(self, T: FloatArray, mu: FloatArray) -> FlowJacobian:
        """Return the derivatives (n, n) of the flows, one iteration for each T and mu."""
        solution, n, reference = self.solve(T, mu), len(T), float(mu.mean())
        levels = LevelRates.at(self.coherences, T, mu)
        populations, coherences = np.split(solution.values.real, [self.rates.dimension])
        system = _System(self, levels, T, mu)
        perturbation = Perturbation.of(self.rates.parts(), T, mu, populations)
        changes, through = [], np.zeros((2, 2, n, n))  # particles, energy; T or mu; j; q
        for q in range(n):
            for theta, slopes in enumerate(LevelRates.slopes(self.coherences, T, mu, q)):
                gained, change = slopes.apply(populations, coherences)
                source = np.concatenate([perturbation.sources[theta, q] + gained, change])
                dx = system.solve(-source, np.zeros_like(source))
                dx -= dx[: self.rates.dimension].sum() * solution.values.real
                system.check(dx, source)
                changes.append(dx)
                for rates, x in ((levels, dx[self.rates.dimension :]), (slopes, coherences)):
                    for exchange, flux in rates.exchanged(x):
                        energy = exchange.frequency - reference
                        through[0, theta, exchange.contact, q] += flux.sum()
                        through[1, theta, exchange.contact, q] += flux @ energy
        by_theta = np.array(changes).reshape(n, 2, -1).transpose(2, 1, 0)
        change = by_theta[: self.rates.dimension].reshape(self.rates.dimension, -1)
        return perturbation.flows(change, mu, solution.particle, through)

    def _iterated(self, levels: LevelRates, T: FloatArray, mu: FloatArray) -> FloatArray:
        """Return populations and coherences (D + K,) of GMRES, not yet checked."""
        system = _System(self, levels, T, mu)
        guess = np.concatenate([system.start, np.zeros(levels.size)])
        return system.solve(system.rate * guess, guess)


@final
class _System:
    """The linear equations of populations and coherences at one T, mu."""

    def __init__(
        self, problem: CoherentSectorProblem, levels: LevelRates, T: FloatArray, mu: FloatArray
    ) -> None:
        rates = problem.rates
        self._levels, self._method = levels, problem.method
        steps = rates.step_rates(T, mu)
        self.start = rates.populations(T, mu, steps)
        self._sweep = RateSweep(steps, rates.members, problem.coherences.blocks.sector, self.start)
        self.rate = float(self._sweep.leaving @ self.start)
        self._decay = levels.decay()

    def apply(self, x: FloatArray) -> FloatArray:
        """Return L x of populations and coherences (D + K,)."""
        populations, coherences = np.split(x, [len(self.start)])
        gained, change = self._levels.apply(populations, coherences)
        return np.concatenate([self._sweep.apply(populations) + gained, change])

    def solve(self, right: FloatArray, guess: FloatArray) -> FloatArray:
        """Return what GMRES finds for (L + g v tr) x = right, v the populations alone."""
        count, size = len(self.start), len(right)

        def applied(x: FloatArray) -> FloatArray:
            whole = self.apply(x)
            whole[:count] += self.rate * x[:count].sum() * self.start
            return whole

        def nearly(right: FloatArray) -> FloatArray:
            total = right[:count].sum()
            z = self._sweep.inverse(right[:count] - total * self.start)
            z += (total / self.rate - z.sum()) * self.start
            return np.concatenate([z, -right[count:] / self._decay])

        solution, _ = scipy.sparse.linalg.gmres(
            scipy.sparse.linalg.LinearOperator((size, size), matvec=applied, dtype=np.float64),
            right,
            x0=guess,
            M=scipy.sparse.linalg.LinearOperator((size, size), matvec=nearly, dtype=np.float64),
            rtol=_RELATIVE,
            restart=_RESTART,
            maxiter=_CYCLES,
        )
        return np.asarray(solution)

    def check(self, dx: FloatArray, source: FloatArray) -> None:
        """Raise where L dx + source (D + K,) is too much of the rates that cancel in it."""
        leaving = np.concatenate([self._sweep.leaving, self._decay])
        size = float(np.max(leaving * np.abs(dx) + np.abs(source)))
        missed = float(np.max(np.abs(self.apply(dx) + source)))
        checked_residual(missed / size if size else 0.0, self._method)
