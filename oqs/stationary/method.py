"""What every stationary solver is: a small object with options, which prepares a problem."""

from __future__ import annotations

import abc
import dataclasses
from typing import Any, final

import numpy as np
import qutip

from oqs.arguments import ComplexArray, FloatArray
from oqs.davies import DaviesModel
from oqs.errors import StationaryStateNotFound
from oqs.flows import PlainFlows

TOLERANCE = 1e-11
"""Largest residual, departure from Hermiticity and negative eigenvalue of a returned state.

The residual is relative to the gross rates that cancel in it; rounding leaves about 1e-15.
"""

REMEDY = (
    "The rates differ by more decades than double precision resolves: raise T, bring the contacts' "
    "rates closer together, or, where no coherences are driven, use Populations()."
)


@final
class StationaryState(qutip.Qobj):  # type: ignore[misc]  # qutip has no types
    """A stationary density matrix that passed its checks: a Qobj that knows where it comes from.

    Attributes
    ----------
    method : the solver object that found it.
    residual : largest |L rho| relative to the gross rates that cancel in it.
    """

    method: StationaryMethod
    residual: float

    @classmethod
    def of(
        cls, matrix: ComplexArray, dims: Any, method: StationaryMethod, residual: float
    ) -> StationaryState:
        """Return the state of this matrix (D, D) in the system's operator basis."""
        state = cls(matrix, dims=dims, isherm=True)
        state.method = method
        state.residual = residual
        return state


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Solution:
    """Solved matrix elements, the residual they leave, and the flows they give.

    Parameters
    ----------
    values : (P,) in the problem's own order.
    residual : relative to the gross rates that cancel.
    particle, energy : (n,) tr(N_S D_j[rho]) and tr(H_S D_j[rho]).
    """

    values: FloatArray | ComplexArray
    residual: float
    particle: FloatArray
    energy: FloatArray


class StationaryProblem(abc.ABC):
    """A model prepared for one solver: what does not depend on T and mu is done."""

    model: DaviesModel

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

    def plain_flows(self) -> PlainFlows | None:
        """Return the flows as a function in plain numbers, where it has one."""
        return None

    @abc.abstractmethod
    def resolved(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return tr(N_S A_{kappa,j} rho) and tr(H_S A_{kappa,j} rho), (K, n), in that state."""

    @abc.abstractmethod
    def matrix(self, solution: Solution) -> ComplexArray:
        """Return the density matrix (D, D) in the energy basis."""


class StationaryMethod(abc.ABC):
    """How a stationary state is found; its options are its fields."""

    @abc.abstractmethod
    def prepare(self, model: DaviesModel) -> StationaryProblem:
        """Do the work that does not depend on T and mu.

        Raises ValueError where the method does not apply to the model, naming those that do, and
        NonUniqueStationaryState where no T and mu would give a unique state.
        """


def checked_residual(residual: float, method: StationaryMethod) -> float:
    """Return the residual, or raise StationaryStateNotFound if it is too large or NaN."""
    if not residual <= TOLERANCE:
        raise StationaryStateNotFound(
            f"{method} left a residual of {residual:.3g}, above {TOLERANCE:.0e} of the gross "
            f"rates. {REMEDY}"
        )
    return residual


def checked_density_matrix(rho: ComplexArray, method: StationaryMethod) -> ComplexArray:
    """Return the Hermitian part of rho (D, D) after checking trace, Hermiticity and positivity."""
    trace = abs(np.trace(rho) - 1)
    skew = np.max(np.abs(rho - rho.conj().T))
    if not max(trace, skew) <= TOLERANCE:
        raise StationaryStateNotFound(
            f"{method} gave a state with |tr rho - 1| = {trace:.3g} and |rho - rho^+| = {skew:.3g},"
            f" above {TOLERANCE:.0e}. {REMEDY}"
        )
    hermitian: ComplexArray = (rho + rho.conj().T) / 2
    lowest = float(np.linalg.eigvalsh(hermitian)[0])
    if lowest < -TOLERANCE:
        raise StationaryStateNotFound(
            f"{method} gave a state with the negative eigenvalue {lowest:.3g}, below "
            f"-{TOLERANCE:.0e}: it is not a density matrix. {REMEDY}"
        )
    return hermitian
