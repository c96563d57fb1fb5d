"""Counting statistics of a model at given T and mu: which route computes them."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, read_only
from oqs.flows import Flows
from oqs.fluctuations.coherent import CoherentStatistics
from oqs.fluctuations.jump_statistics import JumpStatistics
from oqs.fluctuations.rates.pairs import Pairs
from oqs.fluctuations.rates.populations import PopulationStatistics
from oqs.generator.between_states.transitions import StateTransitions
from oqs.generator.closed import ClosedGenerator
from oqs.generator.davies import DaviesModel
from oqs.generator.jumps import jump_parts, reached_elements
from oqs.generator.model import Model, checked_model
from oqs.stationary.choice import checked_method
from oqs.stationary.method import StationaryProblem
from oqs.stationary.populations import coherences_reached
from oqs.stationary.uniqueness import require_unique

_KEPT = "counting statistics"


def counting_statistics(model: Model, T: ArrayLike, mu: ArrayLike | None = None) -> JumpStatistics:
    """Return the full counting statistics of the stationary state: what each reservoir loses.

    Every jump of the generator counts the particles and the energy that it moves out of its
    reservoir: with the tilted generator

        L(chi, xi) = L_0 + sum_j sum_jumps e^{(chi_j N + xi_j H)/2} L e^{-(chi_j N + xi_j H)/2} ...

    (and the same from the right), L_0 all that is no jump, lambda(chi, xi) is the eigenvalue of
    largest real part. Means are the flows; noise and higher cumulants come from one factorisation.
    Where no contact drives coherences, populations alone are counted, without subtractions.

    Parameters
    ----------
    model : made by `davies` or another generator.
    T, mu : (n,) temperatures and chemical potentials of the reservoirs, units of energy.

    Returns
    -------
    JumpStatistics : `flows`, `covariance`, `cumulants`, `fano`, `uncertainty`,
        `generating_function`, `noise_spectrum`, `waiting_time`, `large_deviation`, `to_dataset`.

    Raises
    ------
    NonUniqueStationaryState
        if the contacts leave part of the system alone.
    StationaryStateNotFound
        if the stationary state does not pass its checks.
    TypeError, ValueError
        if the model is none, or T, mu are refused.

    Notes
    -----
    Exact for the generator, and valid where that is. Esposito, Harbola, Mukamel, Rev. Mod. Phys.
    81, 1665 (2009), doi:10.1103/RevModPhys.81.1665.

    Examples
    --------
    >>> dot = oqs.QuadraticSystem([[0.3]])
    >>> model = oqs.davies(dot, [oqs.Contact(oqs.flat(0.02)), oqs.Contact(oqs.flat(0.02))])
    >>> stats = oqs.counting_statistics(model, T=[0.01, 0.01], mu=[1.0, -1.0])
    >>> round(stats.fano(0), 10)  # (g_L^2 + g_R^2)/(g_L + g_R)^2
    0.5
    """
    checked = checked_model(model)
    temperature, potential = checked.arguments(T, mu)
    return _prepared(checked).at(temperature, potential)


def prepared_rates(model: Model) -> Pairs | None:
    """Return the jumps of a model whose populations are a rate equation, None of others."""
    prepared = _prepared(model)
    return prepared.pairs if isinstance(prepared, _Rates) else None


def _prepared(model: Model) -> _Rates | _Coherent:
    """Return what does not depend on T and mu, done once for a model."""
    kept = model.prepared.get(_KEPT)
    if not isinstance(kept, _Rates | _Coherent):
        kept = model.prepared[_KEPT] = _prepare(model)
    return kept


def _prepare(model: Model) -> _Rates | _Coherent:
    require_unique(model)
    if isinstance(model, DaviesModel) and not coherences_reached(model):
        transitions = model.transitions
        if not isinstance(transitions, StateTransitions):
            return _Rates(model, Pairs.of(transitions, model.reservoirs))
    problem = checked_method(model, None).prepare(model)
    return _Coherent(model, problem, reached_elements(model))


@final
@dataclasses.dataclass(frozen=True, eq=False)
class _Rates:
    """A model whose populations are a rate equation; `pairs` are its jumps."""

    model: Model
    pairs: Pairs

    def at(self, T: FloatArray, mu: FloatArray) -> PopulationStatistics:
        """Solve the rate equation at T, mu (n,)."""
        return PopulationStatistics.of(self.pairs.at(T, mu), T, mu, self.model.names)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class _Coherent:
    """A model whose jumps drive coherences.

    Parameters
    ----------
    problem : of the stationary state.
    elements : matrix elements that populations turn into.
    """

    model: Model
    problem: StationaryProblem
    elements: ClosedGenerator

    def at(self, T: FloatArray, mu: FloatArray) -> CoherentStatistics:
        """Solve for the stationary state at T, mu (n,), and take its jumps apart."""
        solution = self.problem.solve(T, mu)
        state = self.problem.matrix(solution)
        rho = np.asarray(state[self.elements.row_state, self.elements.column_state])
        flows = Flows.of(solution.particle, solution.energy, mu, self.model.names)
        conserving = isinstance(self.model, DaviesModel) and self.model.detailed_balance
        parts = jump_parts(self.model, self.elements, T, mu)
        return CoherentStatistics(parts, rho, flows, read_only(T), read_only(mu), conserving)
