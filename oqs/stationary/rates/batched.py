"""Rate equations of few states, of which many T, mu are solved at once."""

from __future__ import annotations

import functools

import numpy as np

from oqs.arguments import FloatArray
from oqs.flow_jacobian import FlowJacobian
from oqs.stationary.method import StationaryMethod
from oqs.stationary.rates import sector_batch
from oqs.stationary.rates.perturbation import TransitionList, flow_jacobian
from oqs.stationary.rates.rate_equation import RateProblem
from oqs.transitions.transitions import SectorBlocks


class BatchedProblem(RateProblem):
    """A problem whose batches are eliminated together, where it has few states."""

    method: StationaryMethod
    blocks: SectorBlocks  # its transitions

    @functools.cached_property
    def few(self) -> sector_batch.Flattened | None:
        """The transitions for batches; None where there are too many for that."""
        return sector_batch.Flattened.of(self.blocks) if sector_batch.applies(self.blocks) else None

    def solve_batch(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the particle and energy flows (b, n) at T, mu (b, n), residuals checked."""
        if self.few is None:
            return super().solve_batch(T, mu)
        particle, energy, good = sector_batch.flows(self.few, T, mu, self.method)
        for row in np.flatnonzero(~good).tolist():
            solution = self.solve(T[row], mu[row])
            particle[row], energy[row] = solution.particle, solution.energy
        return particle, energy

    def jacobian_batch(self, T: FloatArray, mu: FloatArray) -> FlowJacobian:
        """Return the derivatives (b, n, n) of the flows at T, mu (b, n)."""
        if self.few is None:
            return super().jacobian_batch(T, mu)
        populations, good = sector_batch.populations_at(self.few, T, mu)
        for row in np.flatnonzero(~good).tolist():
            populations[:, row] = self.solve(T[row], mu[row]).values.real
        return flow_jacobian(self.transitions, T, mu, populations, self.method)

    @functools.cached_property
    def transitions(self) -> TransitionList:
        """Those that some contact drives, one after the other."""
        return TransitionList.of(self.blocks)
