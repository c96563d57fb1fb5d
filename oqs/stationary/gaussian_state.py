"""The Gaussian stationary state of a quadratic system, from the covariance matrix of its levels.

A quadratic Davies generator keeps Gaussian states Gaussian (Prosen 2008,
doi:10.1088/1367-2630/10/4/043026). Its stationary state is a product over levels, each fixed by
C_kl = <a_l^+ a_k> between the level's g modes:

    K C + C K^+ = sum_j n_j G_j,   G_j = gamma_j a_j^+ a_j,   K = sum_j G_j / 2 + i L,

with a_j the amplitudes (m_j, g) of contact j and L the frequency shift. This is linear in the
occupations n_j: C = sum_j n_j X_j and 1 - C = sum_j (1 - n_j) X_j, sums of positive matrices.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import final

import numpy as np
import scipy.sparse as sp
from scipy.linalg.lapack import zpstrf

from oqs.arguments import ComplexArray, FloatArray
from oqs.exports import exported
from oqs.flow_jacobian import FlowJacobian
from oqs.flows import ScalarFlows
from oqs.generator.davies.davies_model import DaviesModel
from oqs.generator.model import Model
from oqs.generator.perlind.modes import PerlindModes
from oqs.generator.perlind.perlind import PerlindModel
from oqs.modes.gaussian import GaussianLaw, LevelResponse, law_of, level_responses
from oqs.numerics.blocks import diagonal_matrix
from oqs.numerics.graded_basis import graded_basis
from oqs.numerics.occupation import filled_and_empty
from oqs.stationary.covariance_problem import CovarianceProblem
from oqs.stationary.method import (
    Solution,
    StationaryMethod,
    StationaryProblem,
    checked_residual,
    davies_only,
)
from oqs.stationary.uniqueness import require_unique
from oqs.system.spectrum import ModeVectors
from oqs.system.systems import QuadraticSystem


@exported
@final
@dataclasses.dataclass(frozen=True)
class GaussianState(StationaryMethod):
    """Solve for the covariance matrix of each level's modes, which fixes the state.

    Exact for quadratic systems with coherences between degenerate modes. Flows are sums over pairs
    of reservoirs of differences of occupations, as in `gaussian_law`: nothing cancels, and they
    keep their relative precision in the cold and between nearly equal reservoirs. The state's
    `residual` is that of the equation for the covariance matrix.

    Examples
    --------
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> model = oqs.davies(oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]]), leads)
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> oqs.stationary_state(model, T, mu, method=oqs.GaussianState()).residual < 1e-12
    True
    """

    def prepare(self, model: Model) -> StationaryProblem:
        """Solve the linear equation for each reservoir full and the others empty.

        Raises
        ------
        ValueError
            if the system is not quadratic, or split energies count as one level.
        NonUniqueStationaryState
            if a mode, or a combination of degenerate ones, is touched by no contact.
        """
        system = model.system
        if not isinstance(system, QuadraticSystem):
            others = "Use ZeroFrequencyBlock() or FullLiouvillian()."
            raise ValueError(
                f"GaussianState() must have a QuadraticSystem, but the system is of the type "
                f"{type(system).__name__}, whose states are not Gaussian. "
                f"{'Omit `method`.' if isinstance(model, PerlindModel) else others}"
            )
        if isinstance(model, PerlindModel):
            require_unique(model)
            modes = PerlindModes.of(system, model.leads, shifted=model.shifted)
            return CovarianceProblem(model, self, modes)
        model = davies_only(model, self)
        if system.joins(model.resolution):
            raise ValueError(
                "GaussianState() must have modes that are equal or apart, but the model's "
                f"`resolution` = {model.resolution:.3g} counts split energies as one level. Use "
                "ZeroFrequencyBlock() or FullLiouvillian(), in which they keep precessing."
            )
        levels, untouched = level_responses(
            system, model.leads, lamb_shift=model.shifted, resolution=model.resolution
        )
        require_unique(model)
        residual = checked_residual(max(level.residual for level in levels), self)
        return GaussianProblem(
            model, self, law_of(levels, untouched, model.names), levels, residual
        )


@final
@dataclasses.dataclass(frozen=True, eq=False)
class GaussianProblem(StationaryProblem):
    """The flows of the Gaussian law, and the state behind them."""

    model: DaviesModel
    method: StationaryMethod
    law: GaussianLaw
    levels: tuple[LevelResponse, ...]
    residual: float

    @property
    def frequencies(self) -> FloatArray:
        """Energies (K,) of the levels, ascending."""
        return self.law.frequencies

    def solve(self, T: FloatArray, mu: FloatArray) -> Solution:
        """Return the flows; the solved elements are n_j(w) and 1 - n_j(w), (2, K, n), flat."""
        flows = self.law(T, mu)
        x = (np.array([level.frequency for level in self.levels])[:, None] - mu) / T
        occupations = np.array(filled_and_empty(x))
        return Solution(occupations.ravel(), self.residual, flows.particle, flows.energy)

    def solve_batch(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the particle and energy flows (b, n) at T, mu (b, n)."""
        flows = self.law(T, mu)
        return flows.particle, flows.energy

    def jacobian(self, T: FloatArray, mu: FloatArray) -> FlowJacobian:
        """Return the derivatives (n, n) of the flows."""
        return self.law.jacobian(T, mu)

    def jacobian_batch(self, T: FloatArray, mu: FloatArray) -> FlowJacobian:
        """Return the derivatives (b, n, n) of the flows at T, mu (b, n)."""
        return self.law.jacobian(T, mu)

    def scalar_flows(self) -> ScalarFlows | None:
        """Return the flows of few levels in scalars."""
        return self.law.scalar_flows()

    def spectral(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the flows (K, n) through each level."""
        flows = self.law.spectral(T, mu)
        return flows.particle, flows.energy

    def matrix(self, solution: Solution) -> sp.csr_array:
        """Return the density matrix (D, D) in the energy basis, the Fock states of the modes."""
        filled, empty = solution.values.reshape(2, len(self.levels), -1)
        sites = self.model.system.sites
        modes = np.zeros((sites, sites), dtype=np.complex128)
        populations = np.empty((2, sites))
        for level, n, rest in zip(self.levels, filled, empty, strict=True):
            natural, populations[:, level.modes] = _natural(level, n.real, rest.real)
            modes[np.ix_(level.modes, level.modes)] = natural
        product = functools.reduce(np.multiply.outer, populations.T).ravel()
        product = diagonal_matrix(product.astype(np.complex128))
        rho = ModeVectors(modes).to_operator_basis(product)
        if isinstance(rho, sp.csr_array):
            rho.eliminate_zeros()  # between levels
        return rho


def applies(model: DaviesModel) -> bool:
    """Return whether the system is quadratic and no split energies count as one level."""
    return isinstance(model.system, QuadraticSystem) and not model.system.joins(model.resolution)


def _natural(
    level: LevelResponse, filled: FloatArray, empty: FloatArray
) -> tuple[ComplexArray, FloatArray]:
    """Return the natural modes (g, g) and their (2, g) populations, empty and filled.

    `filled`, `empty` (n,): n_j and 1 - n_j at w.
    """
    parts = [np.einsum("j,jkl->kl", n, level.responses) for n in (empty, filled)]
    rarer = int(np.argmin([np.trace(part).real for part in parts]))
    modes, population = _eigenmodes(parts[rarer])
    populations = np.empty((2, len(population)))
    populations[rarer] = population
    other = parts[1 - rarer] @ modes
    populations[1 - rarer] = np.sum(modes.conj() * other, axis=0).real
    return level.basis @ modes, populations


def _eigenmodes(matrix: ComplexArray) -> tuple[ComplexArray, FloatArray]:
    """Return the eigenvectors (g, g) and eigenvalues (g,) of a positive matrix, small ones too.

    A Cholesky factor with pivots keeps the precision of each row, and so does `graded_basis`.
    """
    factor, order, rank, _ = zpstrf(matrix, lower=1, tol=0.0)
    lower = np.tril(factor)
    lower[:, rank:] = 0.0
    rows = np.zeros_like(lower)
    rows[:, order - 1] = lower.conj().T
    basis, rotated = graded_basis(rows)
    return basis, np.sum(np.abs(rotated) ** 2, axis=0)
