"""The Gaussian stationary state of a quadratic system under the PERLind generator."""

from __future__ import annotations

import dataclasses
import functools
from typing import final

import numpy as np
import scipy.sparse as sp

from oqs.arguments import ComplexArray, FloatArray
from oqs.errors import StationaryStateNotFound
from oqs.flow_jacobian import FlowJacobian
from oqs.generator.perlind.modes import ModeRates, PerlindModes
from oqs.generator.perlind.perlind import PerlindModel
from oqs.numerics.blocks import diagonal_matrix
from oqs.stationary.method import (
    TOLERANCE,
    Solution,
    StationaryMethod,
    StationaryProblem,
    checked_residual,
)
from oqs.stationary.rates.rate_equation import balanced
from oqs.system.spectrum import ModeVectors

_EPS = float(np.finfo(np.float64).eps)
_FAR = 1e-3  # of the rates: the rounding of an energy that blurs them


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
        covariance, residual = self._covariance(rates)
        flows = self.modes.flows(covariance, rates)
        gross = flows.gross.sum(axis=1)
        return Solution(
            covariance.ravel(),
            residual,
            balanced(flows.particle.sum(axis=1), gross),
            balanced(flows.energy.sum(axis=1), gross),
        )

    def jacobian(self, T: FloatArray, mu: FloatArray) -> FlowJacobian:
        """Return the derivatives (n, n) of the flows: K dC + dC K^+ = dF - dK C - C dK^+."""
        modes, n = self.modes, self.model.reservoirs
        rates = modes.rates(T, mu)
        covariance, _ = self._covariance(rates)
        flows, drift = modes.flows(covariance, rates), modes.drift(rates)
        reference = float(mu.mean())
        above = modes.energies - reference
        empty = np.eye(len(above)) - covariance
        changes = np.empty((2, 2, n, n))
        for theta, slopes in enumerate(modes.rate_slopes(T, mu)):
            lost = (slopes.emptying + slopes.filling) @ covariance / 2
            change = modes.solved(drift, slopes.filling - lost - lost.conj().swapaxes(1, 2))
            direct = modes.exchanged(slopes, covariance, empty)
            for q in range(n):
                rising, falling = modes.exchanged(rates, change[q], -change[q])
                rising[q] += direct[0][q]
                falling[q] += direct[1][q]
                particle = rising - falling
                energy = particle * above + modes.shifted(change[q]) * modes.energies
                gross = np.sum(np.abs(rising) + np.abs(falling), axis=1)
                changes[0, theta, :, q] = balanced(particle.sum(axis=1), gross)
                changes[1, theta, :, q] = balanced(energy.sum(axis=1), gross)
        flow = balanced(flows.particle.sum(axis=1), flows.gross.sum(axis=1))
        return FlowJacobian.of(changes[0], changes[1], flow, mu, reference=reference)

    def spectral(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the flows (N, n) into each mode."""
        rates = self.modes.rates(T, mu)
        flows = self.modes.flows(self._covariance(rates)[0], rates)
        return flows.particle.T, flows.energy.T

    def matrix(self, solution: Solution) -> sp.csr_array:
        """Return the density matrix (D, D) in the energy basis, the Fock states of the modes."""
        size = len(self.modes.energies)
        filled, natural = np.linalg.eigh(solution.values.reshape(size, size))
        pairs = np.stack([1 - filled, filled], axis=1)
        product = functools.reduce(np.multiply.outer, pairs).ravel()
        rho = diagonal_matrix(product.astype(np.complex128))
        return ModeVectors(natural.astype(np.complex128)).to_operator_basis(rho)

    def _covariance(self, rates: ModeRates) -> tuple[ComplexArray, float]:
        """Return C (N, N) and its residual, checked."""
        modes = self.modes
        covariance = modes.covariance(rates)
        residual = modes.residual(covariance, rates)
        size = np.abs(modes.energies)
        farthest = int(np.argmax(size))
        fastest = np.abs(rates.emptying + rates.filling).sum(axis=0).max()
        if not residual <= TOLERANCE and size[farthest] * _EPS > _FAR * fastest:
            raise StationaryStateNotFound(
                f"{self.method} left a residual of {residual:.3g}, above {TOLERANCE:.0e} of the "
                f"gross rates: next to the mode at w = {modes.energies[farthest]:.6g} rates of "
                f"{fastest:.3g} are rounding. Leave that mode out, or use oqs.davies, which does "
                "not mix modes so far apart."
            )
        return covariance, checked_residual(residual, self.method)
