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
from oqs.generator.davies import DaviesModel
from oqs.stationary.coherent.level_rates import LevelRates
from oqs.stationary.method import (
    Solution,
    StationaryMethod,
    checked_density_matrix,
    checked_residual,
)
from oqs.stationary.rates.rate_equation import RateProblem, balanced, by_frequency
from oqs.stationary.rates.sectors import SectorProblem
from oqs.stationary.rates.sweeps import RateSweep
from oqs.transitions.level_coherences import LevelCoherences

_RELATIVE = 3e-14  # residual of the iteration, in units of g v; rounding leaves some 1e-15
_RESTART = 60
_CYCLES = 5


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
        levels = LevelRates(self.coherences, T, mu)
        x = self._iterated(levels, T, mu)
        populations, coherences = np.split(x, [self.rates.dimension])
        balance = self.rates.balance(populations, T, mu)
        gained, change = levels.apply(populations, coherences)
        worst = max(float(np.abs(part).max()) for part in (balance.net + gained, change))
        residual = checked_residual(worst / balance.largest, self.method)
        particle, energy = balance.particle, balance.energy
        for exchange, flux in levels.exchanged(coherences):
            particle[exchange.contact] += flux.sum()
            energy[exchange.contact] += flux @ exchange.frequency
        solution = Solution(
            x, residual, balanced(particle, balance.rising), balanced(energy, balance.rising)
        )
        checked_density_matrix(self.matrix(solution), self.method)
        return solution

    def resolved(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the gains (K, n) of particles and energy at each of `frequencies`."""
        populations, coherences = np.split(self.solve(T, mu).values.real, [self.rates.dimension])
        fluxes = self.rates.fluxes_by_frequency(populations, T, mu)
        for exchange, flux in LevelRates(self.coherences, T, mu).exchanged(coherences):
            own = np.zeros((self.model.reservoirs, len(flux)))
            own[exchange.contact] = flux
            fluxes.append((exchange.frequency, own))
        return by_frequency(self.frequencies, fluxes)

    def matrix(self, solution: Solution) -> sp.csr_array:
        """Return the density matrix (D, D) in the energy basis."""
        populations, coherences = np.split(solution.values.real, [self.rates.dimension])
        rho = sp.diags_array(populations.astype(np.complex128)).tolil()
        for level, matrix in zip(
            self.coherences.levels, self.coherences.matrices(coherences), strict=True
        ):
            rho[np.ix_(level.states, level.states)] += matrix
        return sp.csr_array(rho)

    def transition_frequencies(self) -> FloatArray:
        """Return the frequencies (M,) of all transitions."""
        return self.rates.transition_frequencies()

    def _iterated(self, levels: LevelRates, T: FloatArray, mu: FloatArray) -> FloatArray:
        """Return populations and coherences (D + K,) as GMRES leaves them, judged by nobody yet."""
        start = self.rates.populations(T, mu)
        count, size = len(start), len(start) + levels.size
        sweep = RateSweep(
            self.rates.step_rates(T, mu), self.rates.members, self.coherences.blocks.sector, start
        )
        rate = float(sweep.leaving @ start)
        decay = levels.decay()

        def applied(x: FloatArray) -> FloatArray:
            populations, coherences = x[:count], x[count:]
            gained, change = levels.apply(populations, coherences)
            whole = sweep.apply(populations) + gained + rate * populations.sum() * start
            return np.concatenate([whole, change])

        def nearly(right: FloatArray) -> FloatArray:
            total = right[:count].sum()
            z = sweep.inverse(right[:count] - total * start)
            z += (total / rate - z.sum()) * start
            return np.concatenate([z, -right[count:] / decay])

        guess = np.concatenate([start, np.zeros(levels.size)])
        found, _ = scipy.sparse.linalg.gmres(
            scipy.sparse.linalg.LinearOperator((size, size), matvec=applied, dtype=np.float64),
            rate * guess,
            x0=guess,
            M=scipy.sparse.linalg.LinearOperator((size, size), matvec=nearly, dtype=np.float64),
            rtol=_RELATIVE,
            restart=_RESTART,
            maxiter=_CYCLES,
        )
        return np.asarray(found)
