"""Choosing a solver, and the stationary state as a Qobj."""

from __future__ import annotations

from numpy.typing import ArrayLike

from oqs.generator.model import Model, checked_model
from oqs.generator.perlind.perlind import PerlindModel
from oqs.generator.touched import touched_part
from oqs.stationary.block import ZeroFrequencyBlock
from oqs.stationary.conserved_blocks import ConservedBlocks
from oqs.stationary.gaussian_state import GaussianState, applies
from oqs.stationary.method import (
    StationaryMethod,
    StationaryState,
    checked_density_matrix,
)
from oqs.stationary.populations import Populations, coherences_reached
from oqs.stationary.uniqueness import require_unique
from oqs.system.systems import QuadraticSystem


def cheapest_exact(model: Model) -> StationaryMethod:
    """Return the cheapest solver that is exact for the model.

    Populations() where no contact drives coherences between degenerate levels, else GaussianState()
    for quadratic systems and ZeroFrequencyBlock() for others. Raises NonUniqueStationaryState where
    some mode or site is touched by no contact: the block of the degenerate levels that makes may be
    too large to be looked at.
    """
    if touched_part(model).untouched:
        require_unique(model)
    if isinstance(model, PerlindModel):
        return _of_perlind(model)
    model = model.secular
    if not model.transitions.ambiguous:
        return Populations()
    if applies(model):
        return GaussianState()
    return ZeroFrequencyBlock() if coherences_reached(model) else Populations()


def _of_perlind(model: PerlindModel) -> StationaryMethod:
    if isinstance(model.system, QuadraticSystem):
        return GaussianState()
    return ConservedBlocks() if model.coherent else Populations()


def checked_method(model: Model, method: StationaryMethod | None) -> StationaryMethod:
    """Return the solver to use; raise TypeError unless `model` and `method` are what they must."""
    checked_model(model)
    if method is None:
        return cheapest_exact(model)
    if not isinstance(method, StationaryMethod):
        raise TypeError(
            f"Argument `method` must be a solver object, but is {method!r}. "
            "Give oqs.Populations(), oqs.GaussianState(), oqs.ZeroFrequencyBlock() or "
            "oqs.FullLiouvillian()."
        )
    return method


def stationary_state(
    model: Model,
    T: ArrayLike,
    mu: ArrayLike | None = None,
    *,
    method: StationaryMethod | None = None,
) -> StationaryState:
    """Return the stationary density matrix: L rho = 0, tr rho = 1, with L of Eq. (2).

    Parameters
    ----------
    model : made by `davies`.
    T, mu : (n,) temperatures and chemical potentials of the reservoirs, units of energy; mu is 0 or
        NaN for a bosonic one, and may be left out where all are.
    method : FullLiouvillian(), ZeroFrequencyBlock(), GaussianState() or Populations(); None takes
        the cheapest that is exact for the model.

    Returns
    -------
    StationaryState : a Qobj (2^N, 2^N) in the basis of the system's operators. Its `method` says
        which solver found it, its `residual` how far L rho is from zero relative to the rates that
        cancel in it. Residual, trace, Hermiticity and positivity have been checked.

    Raises
    ------
    NonUniqueStationaryState
        if the contacts leave part of the system alone (an isolated mode, a dark mode).
    StationaryStateNotFound
        if the answer does not pass its checks.
    TypeError, ValueError
        for T <= 0, wrong shapes, NaN; a method that does not apply.
    """
    solver = checked_method(model, method)
    temperature, potential = model.arguments(T, mu)
    problem = solver.prepare(model)
    solution = problem.solve(temperature, potential)
    checked = checked_density_matrix(problem.matrix(solution), solver)
    rho = model.system.spectrum.eigenvectors.to_operator_basis(checked)
    return StationaryState.of(rho, model.system.dims, solver, solution.residual)
