"""The interface of stationary solvers: an object with options prepares a problem of one model."""

from __future__ import annotations

import abc
from typing import NamedTuple, final

import numpy as np

from oqs.arguments import ComplexArray, FloatArray
from oqs.errors import StationaryStateNotFound
from oqs.exports import exported
from oqs.flow_jacobian import FlowJacobian
from oqs.flows import ScalarFlows
from oqs.generator.davies.davies_model import DaviesModel
from oqs.generator.model import Model
from oqs.numerics.blocks import Matrix, dense_if_small, eigenvalues, positive_above

TOLERANCE = 1e-11
"""Largest residual, departure from Hermiticity and negative eigenvalue of a returned state.

The residual is relative to the gross rates that cancel in it; rounding leaves about 1e-15.
"""

REMEDY = (
    "The rates differ by more decades than double precision resolves: raise T, bring the contacts' "
    "rates closer together, or, where no coherences are driven, use Populations()."
)


@final
class Solution(NamedTuple):
    """Solved matrix elements, the residual they leave, and the flows they give."""

    values: FloatArray | ComplexArray  # (P,) in the problem's own order
    residual: float  # relative to the gross rates that cancel
    # particle, energy: (n,) tr(N_S D_j[rho]) and tr(H_S D_j[rho])
    particle: FloatArray
    energy: FloatArray


class StationaryProblem(abc.ABC):
    """A model prepared for one solver: what does not depend on T and mu is done."""

    model: Model

    @property
    @abc.abstractmethod
    def frequencies(self) -> FloatArray:
        """Bohr frequencies (K,) at which particles cross, ascending."""

    @abc.abstractmethod
    def solve(self, T: FloatArray, mu: FloatArray) -> Solution:
        """Return the stationary matrix elements and flows at T, mu (n,), residual checked.

        Raises NonUniqueStationaryState or StationaryStateNotFound.
        """

    def solve_batch(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the particle and energy flows (b, n) at T, mu (b, n), one after the other."""
        solutions = [self.solve(*pair) for pair in zip(T, mu, strict=True)]
        return (
            np.array([solution.particle for solution in solutions]),
            np.array([solution.energy for solution in solutions]),
        )

    @abc.abstractmethod
    def jacobian(self, T: FloatArray, mu: FloatArray) -> FlowJacobian:
        """Return the derivatives (n, n) of the flows at T, mu (n,), by one more solve for each.

        Raises as `solve` does.
        """

    def jacobian_batch(self, T: FloatArray, mu: FloatArray) -> FlowJacobian:
        """Return the derivatives (b, n, n) of the flows at T, mu (b, n), one after the other."""
        return FlowJacobian.joined([self.jacobian(*pair) for pair in zip(T, mu, strict=True)])

    def weight_dropped(self, T: FloatArray, mu: FloatArray) -> float:
        """Return the stationary weight of states that the model leaves out: 0 if it has all."""
        return 0.0

    def scalar_flows(self) -> ScalarFlows | None:
        """Return the flows as a function in scalars, where it has one."""
        return None

    @abc.abstractmethod
    def spectral(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return tr(N_S A_{kappa,j} rho) and tr(H_S A_{kappa,j} rho), (K, n), in that state."""

    @abc.abstractmethod
    def matrix(self, solution: Solution) -> Matrix:
        """Return the density matrix (D, D) in the energy basis, with the elements it can have."""


@exported
class StationaryMethod(abc.ABC):
    """How a stationary state is found; its options are its fields.

    Examples
    --------
    >>> isinstance(oqs.Populations(), oqs.StationaryMethod)
    True
    """

    @abc.abstractmethod
    def prepare(self, model: Model) -> StationaryProblem:
        """Do the work that does not depend on T and mu.

        Raises ValueError where the method does not apply to the model, naming those that do, and
        NonUniqueStationaryState where no T and mu would give a unique state.
        """


def davies_only(model: Model, method: StationaryMethod) -> DaviesModel:
    """Return the model; ValueError where it is no Davies model."""
    if not isinstance(model, DaviesModel):
        raise ValueError(
            f"{method} must have a Davies model, but the model is a {type(model).__name__}, whose "
            "populations drive coherences between different energies. Omit `method`."
        )
    return model


def checked_residual(
    residual: float, method: StationaryMethod, tolerance: float = TOLERANCE
) -> float:
    """Return the residual, or raise StationaryStateNotFound if it is too large or NaN."""
    if not residual <= tolerance:
        raise StationaryStateNotFound(
            f"{method} left a residual of {residual:.3g}, above {tolerance:.0e} of the gross "
            f"rates. {REMEDY}"
        )
    return residual


def checked_density_matrix(rho: Matrix, method: StationaryMethod) -> Matrix:
    """Return the Hermitian part of rho (D, D) after checking trace, Hermiticity and positivity.

    Eigenvalues are those of the sets of states between which rho has elements.
    """
    matrix = dense_if_small(rho)
    trace = abs(matrix.trace() - 1)
    skew = float(abs(matrix - matrix.conj().T).max())
    if not max(trace, skew) <= TOLERANCE:
        raise StationaryStateNotFound(
            f"{method} gave a state with |tr rho - 1| = {trace:.3g} and |rho - rho^+| = {skew:.3g},"
            f" above {TOLERANCE:.0e}. {REMEDY}"
        )
    hermitian = (matrix + matrix.conj().T) / 2
    if not positive_above(hermitian, -TOLERANCE):
        lowest = float(eigenvalues(hermitian).min())
        raise StationaryStateNotFound(
            f"{method} gave a state with the negative eigenvalue {lowest:.3g}, below "
            f"-{TOLERANCE:.0e}: it is not a density matrix. {REMEDY}"
        )
    return hermitian
