"""The Gaussian stationary state of a quadratic system under the PERLind generator."""

from __future__ import annotations

import dataclasses
import functools
from typing import final

import numpy as np
import scipy.sparse as sp

from oqs.arguments import ComplexArray, FloatArray
from oqs.generator.perlind.modes import ModeRates, PerlindModes
from oqs.generator.perlind.perlind import PerlindModel
from oqs.stationary.method import (
    Solution,
    StationaryMethod,
    StationaryProblem,
    checked_residual,
)
from oqs.stationary.rates.rate_equation import balanced
from oqs.system.spectrum import ModeVectors


@final
@dataclasses.dataclass(frozen=True, eq=False)
class CovarianceProblem(StationaryProblem):
    """The covariance matrix of all modes, which fixes the state."""

    model: PerlindModel
    method: StationaryMethod
    modes: PerlindModes

    @property
    def frequencies(self) -> FloatArray:
        """Energies (N,) of the modes, ascending."""
        return self.modes.energies

    def solve(self, T: FloatArray, mu: FloatArray) -> Solution:
        """Solve the linear equation; the solved elements are those of C (N, N), flat."""
        rates = self.modes.rates(T, mu)
        covariance = self._covariance(rates)
        residual = checked_residual(self.modes.residual(covariance, rates), self.method)
        flows = self.modes.flows(covariance, rates)
        gross = flows.gross.sum(axis=1)
        return Solution(
            covariance.ravel(),
            residual,
            balanced(flows.particle.sum(axis=1), gross),
            balanced(flows.energy.sum(axis=1), gross),
        )

    def resolved(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the flows (N, n) into each mode."""
        rates = self.modes.rates(T, mu)
        flows = self.modes.flows(self._covariance(rates), rates)
        return flows.particle.T, flows.energy.T

    def matrix(self, solution: Solution) -> sp.csr_array:
        """Return the density matrix (D, D) in the energy basis, the Fock states of the modes."""
        size = len(self.modes.energies)
        filled, natural = np.linalg.eigh(solution.values.reshape(size, size))
        pairs = np.stack([1 - filled, filled], axis=1)
        product = functools.reduce(np.multiply.outer, pairs).ravel()
        rho = sp.csr_array(sp.diags_array(product.astype(np.complex128)))
        return ModeVectors(natural.astype(np.complex128)).to_operator_basis(rho)

    def _covariance(self, rates: ModeRates) -> ComplexArray:
        return self.modes.covariance(rates)
