"""Choosing a solver, and the stationary state as a Qobj."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from oqs.exports import exported
from oqs.generator.model import Model, checked_model
from oqs.generator.perlind.perlind import PerlindModel
from oqs.stationary.block import ZeroFrequencyBlock
from oqs.stationary.conserved_blocks import ConservedBlocks
from oqs.stationary.gaussian_state import GaussianState, applies
from oqs.stationary.method import StationaryMethod, checked_density_matrix
from oqs.stationary.populations import ELIMINATED, Populations, coherences_reached
from oqs.stationary.uniqueness import require_unique
from oqs.system.systems import QuadraticSystem
from oqs.transitions.transitions import ModeTransitions

if TYPE_CHECKING:
    from oqs.stationary.state import StationaryState


def cheapest_exact(model: Model) -> StationaryMethod:
    """Return the cheapest solver that is exact for the model, by this table.

    Raises NonUniqueStationaryState where some mode or site is touched by no contact: the block of
    the degenerate levels that makes may be too large to be computed.

    Each method prepares the quickest of its routes, D states; what it is quicker than, measured:

    ================  =======================================  ==================================
    contacts drive    method, and its route                    why
    ================  =======================================  ==================================
    populations only  Populations():
                      D <= 8: in scalars (`small`)             2.6 times as quick as `parity`
                      D <= 1024: odd states first (`parity`)   2.4 times as quick as `sectors`
                      beyond: by particle number (`sectors`),  dense blocks of equal quantum
                      from 4000 iterated (`aggregation`)       numbers; 12 sites 1.4 s -> .3 s
                      batches, D <= 64: all at once            30 times as quick as one by one
                      (`sector_batch`)
                      more than 10 sites without tunnelling,   no matrix: 12 sites .7 s -> 30 ms,
                      with interactions: iterated (`krylov`)   20 sites at all
    more than 10      GaussianState()                          N^2 numbers, not 2^N
    modes
    coherences of     GaussianState()                          N^2 numbers, not 4^N
    degenerate modes
    those of many-    ZeroFrequencyBlock(): one matrix,        4^N elements are never made
    body levels       from 1000 elements iterated;             3432 elements 6.5 s -> .04 s
                      D > 1024: populations, and coherences    six spinful sites with accidental
                      of few levels (`coherent_sectors`)       degeneracies 175 s -> .5 s
    bosonic, or rate  Populations() or ZeroFrequencyBlock(),   no order of particle numbers
    of T and mu       all states together (`state_rates`)      to follow
    all coherences    GaussianState() for quadratic systems,   `perlind` couples all states of one
    (`perlind`)       else ConservedBlocks()                   particle number
    ================  =======================================  ==================================

    FullLiouvillian() is the slow reference for all of them.
    """
    if model.touched.untouched:
        require_unique(model)
    if isinstance(model, PerlindModel):
        if isinstance(model.system, QuadraticSystem):
            return GaussianState()
        return ConservedBlocks() if model.coherent else Populations()
    model = model.secular
    transitions = model.transitions
    large = isinstance(transitions, ModeTransitions) and transitions.modes > ELIMINATED
    if (transitions.ambiguous or large) and applies(model):
        return GaussianState()
    if not transitions.ambiguous:
        return Populations()
    return ZeroFrequencyBlock() if coherences_reached(model) else Populations()


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


@exported
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

    Examples
    --------
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> model = oqs.davies(oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]]), leads)
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> rho = oqs.stationary_state(model, T, mu)
    >>> round(float(rho.tr().real), 12), rho.residual < 1e-12
    (1.0, True)
    """
    solver = checked_method(model, method)
    temperature, potential = model.arguments(T, mu)
    problem = solver.prepare(model)
    solution = problem.solve(temperature, potential)
    checked = checked_density_matrix(problem.matrix(solution), solver)
    rho = model.system.spectrum.eigenvectors.to_operator_basis(checked)
    from oqs.stationary.state import StationaryState  # a Qobj: it takes QuTiP

    return StationaryState.of(rho, model.system.dims, solver, solution.residual)
