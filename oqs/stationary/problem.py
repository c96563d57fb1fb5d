"""A generator's linear equations, shared by the solvers that keep coherences."""

from __future__ import annotations

import dataclasses
from typing import NoReturn, final

import numpy as np
import scipy.sparse as sp

from oqs.arguments import ComplexArray, FloatArray
from oqs.davies import DaviesModel
from oqs.errors import StationaryStateNotFound
from oqs.generator import Generator
from oqs.stationary.linear import SINGULAR, trace_one_kernel
from oqs.stationary.method import (
    Solution,
    StationaryMethod,
    StationaryProblem,
    checked_density_matrix,
    checked_residual,
)
from oqs.stationary.rate_equation import balanced
from oqs.stationary.uniqueness import require_unique


@final
@dataclasses.dataclass(frozen=True, eq=False)
class GeneratorProblem(StationaryProblem):
    """The linear equations of a generator plus free rotation at `rotation` (P,), E_a - E_b."""

    model: DaviesModel
    method: StationaryMethod
    generator: Generator
    rotation: FloatArray

    @property
    def frequencies(self) -> FloatArray:
        """Bohr frequencies (K,) of the model."""
        return self.model.frequencies

    def solve(self, T: FloatArray, mu: FloatArray) -> Solution:
        """Solve the generator with the trace as one row; check residual, flows and state."""
        weights = self.model.weights(T, mu)
        matrix = self.generator.matrix(weights)
        turning = bool(np.any(self.rotation))
        if turning:
            matrix = sp.csc_array(matrix - sp.diags_array(1j * self.rotation))
        found = trace_one_kernel(matrix, self.generator.diagonal, one_scale=not turning)
        if found is None:
            self._explain_singularity()
        values, residual = found
        particle, energy = self._flows(*self._exchange(weights, values))
        solution = Solution(values, checked_residual(residual, self.method), particle, energy)
        checked_density_matrix(self.matrix(solution), self.method)
        return solution

    def resolved(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return tr(N A rho) and tr(H A rho) of every frequency and reservoir, (K, n)."""
        values = self.solve(T, mu).values
        particle, energy = self._exchange(self.model.weights(T, mu), values)
        return particle.sum(axis=0).T, energy.sum(axis=0).T

    def _exchange(
        self, weights: FloatArray, values: FloatArray | ComplexArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return what each term of the generator gives of N and of H: (up, down, .., n, K)."""
        shape = (-1, *self.model.rates.shape)  # the frequency shifts exchange nothing
        particle = weights * (self.generator.number @ values).real
        energy = weights * (self.generator.energy @ values).real
        return particle.reshape(shape), energy.reshape(shape)

    def _flows(self, particle: FloatArray, energy: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the flows (n,) of N and of H.

        Their sums, tr(N L rho) and tr(H L rho), must vanish as the rest of L rho does. What is left
        of them then is rounding, and is taken from where it comes from. A residual of one state
        counts with its particles, so it is judged over the sum of those; what is subnormal has no
        digits.
        """
        scale = float(np.abs(particle).sum()) * float(self.model.system.spectrum.particles.sum())
        flows = []
        for exchanged, unit in ((particle, 1.0), (energy, self.model.system.energy_scale)):
            net, gross = exchanged.sum(axis=(0, 2)), np.abs(exchanged).sum(axis=(0, 2))
            missing = max(abs(float(net.sum())) - np.finfo(float).tiny, 0.0)
            checked_residual(missing / (scale * unit) if missing else 0.0, self.method)
            flows.append(balanced(net, gross))
        return flows[0], flows[1]

    def matrix(self, solution: Solution) -> sp.csr_array:
        """Return the density matrix (D, D) in the energy basis."""
        dimension = self.model.system.spectrum.dimension
        places = (self.generator.row_state, self.generator.column_state)
        return sp.csr_array(sp.coo_array((solution.values, places), shape=(dimension, dimension)))

    def _explain_singularity(self) -> NoReturn:
        require_unique(self.model)
        raise StationaryStateNotFound(
            f"{self.method} met equations with a condition number above {SINGULAR:.0e}: at these "
            "temperatures and rates double precision does not determine the state in this method. "
            "Try Populations() where it applies."
        )
