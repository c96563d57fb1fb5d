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
        """Factorise the generator with the trace as one row; check residual and state."""
        weights = self.model.weights(T, mu)
        matrix = self.generator.matrix(weights)
        turning = bool(np.any(self.rotation))
        if turning:
            matrix = sp.csc_array(matrix - sp.diags_array(1j * self.rotation))
        found = trace_one_kernel(matrix, self.generator.diagonal, one_scale=not turning)
        if found is None:
            self._explain_singularity()
        values, residual = found
        particle, energy = self._exchange(weights, values)
        solution = Solution(
            values,
            checked_residual(residual, self.method),
            particle.sum(axis=0),
            energy.sum(axis=0),
        )
        checked_density_matrix(self.matrix(solution), self.method)
        return solution

    def resolved(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return tr(N A rho) and tr(H A rho) of every frequency and reservoir, (K, n)."""
        return self._exchange(self.model.weights(T, mu), self.solve(T, mu).values)

    def _exchange(
        self, weights: FloatArray, values: FloatArray | ComplexArray
    ) -> tuple[FloatArray, FloatArray]:
        shape = (-1, *self.model.rates.shape)  # the frequency shifts exchange nothing
        particle = weights * (self.generator.number @ values).real
        energy = weights * (self.generator.energy @ values).real
        return particle.reshape(shape).sum(axis=0).T, energy.reshape(shape).sum(axis=0).T

    def matrix(self, solution: Solution) -> ComplexArray:
        """Return the density matrix in the energy basis."""
        dimension = self.model.system.spectrum.dimension
        rho = np.zeros((dimension, dimension), dtype=np.complex128)
        rho[self.generator.row_state, self.generator.column_state] = solution.values
        return rho

    def _explain_singularity(self) -> NoReturn:
        require_unique(self.model)
        raise StationaryStateNotFound(
            f"{self.method} met equations with a condition number above {SINGULAR:.0e}: at these "
            "temperatures and rates double precision does not determine the state in this method. "
            "Try Populations() where it applies."
        )
