"""Counting statistics of a model at given T and mu: which route computes them."""

from __future__ import annotations

import abc
import dataclasses
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, read_only
from oqs.exports import exported
from oqs.flows import Flows
from oqs.fluctuations.blocks.equations import hermitian
from oqs.fluctuations.blocks.statistics import BlockStatistics
from oqs.fluctuations.coherent import CoherentStatistics
from oqs.fluctuations.independent import IndependentStatistics
from oqs.fluctuations.jump_statistics import JumpStatistics
from oqs.fluctuations.rates.pairs import Pairs, WeightedPairs
from oqs.fluctuations.rates.populations import PopulationStatistics
from oqs.generator.between_states.transitions import StateTransitions
from oqs.generator.closed import ClosedGenerator
from oqs.generator.davies.davies_model import DaviesModel
from oqs.generator.jumps import jump_parts, reached_elements
from oqs.generator.model import Model, checked_model
from oqs.generator.perlind.perlind import PerlindModel
from oqs.memory import announce, require_memory
from oqs.modes.untouched import nothing_touched
from oqs.stationary.choice import checked_method
from oqs.stationary.conserved.layout import Layout
from oqs.stationary.conserved.problem import DENSE, BlockProblem
from oqs.stationary.conserved_blocks import ConservedBlocks
from oqs.stationary.method import StationaryProblem
from oqs.stationary.populations import coherences_reached
from oqs.stationary.uniqueness import require_unique
from oqs.system.interacting import InteractingSystem
from oqs.system.systems import QuadraticSystem
from oqs.transitions.transitions import ModeTransitions, SectorBlocks

_KEPT = "counting statistics"
_COVARIANCES = "covariances"
_BYTES, _SECONDS = 1500.0, 2.5e-5  # for each transition, where coherences are driven
_FEW_MODES = 6  # up to which all states together are as quick as mode by mode


@exported
def counting_statistics(model: Model, T: ArrayLike, mu: ArrayLike | None = None) -> JumpStatistics:
    """Return the full counting statistics of the stationary state: what each reservoir loses.

    Every jump of the generator counts the particles and the energy that it moves out of its
    reservoir: with the tilted generator

        L(chi, xi) rho = L_0 rho + sum over jumps L of reservoir j of M rho M^+,
        M = e^{(chi_j N + xi_j H)/2} L e^{-(chi_j N + xi_j H)/2},

    L_0 all that is no jump, lambda(chi, xi) is the eigenvalue of largest real part. Means are the
    flows; noise and higher cumulants come from one factorisation. Where no contact drives
    coherences, populations alone are counted, without subtractions: independent modes one by one,
    many states by particle number. Many coherences (`perlind` beyond 400 elements) are iterated
    block by block, without a matrix.

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
        if what is counted depends on the initial state, or no contact touches anything. A part
        that none touches carries nothing, and is left out as `flow_law` leaves it out.
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


def independent_pairs(model: Model) -> tuple[Pairs, ...]:
    """Return the jumps of fermionic contacts, those of parts whose counts add up; () for others."""
    prepared = _prepared(model)
    if isinstance(prepared, _Modes):
        return prepared.modes
    return (prepared.pairs,) if isinstance(prepared, _Rates) else ()


def _prepared(model: Model) -> _Prepared:
    """Return what does not depend on T and mu, done once for a model."""
    kept = model.prepared.get(_KEPT)
    if not isinstance(kept, _Prepared):
        part = model.touched
        if part.model is None:
            raise nothing_touched(part.untouched, part.kernel)
        kept = model.prepared[_KEPT] = _prepare(part.model)
    return kept


def covariances_at(model: Model, T: FloatArray, mu: FloatArray) -> JumpStatistics:
    """Return the statistics at T, mu (n,) by the route that is quickest for covariances alone.

    Blocks of coherences are: 2 ms instead of 4 for two dots, of which most is sparse matrices.
    """
    prepared = _prepared(model)
    own = prepared.model if isinstance(prepared, _Coherent) else None
    if isinstance(prepared, _Coherent) and isinstance(own, PerlindModel) and own.by_blocks:
        kept = model.prepared.get(_COVARIANCES)
        if not isinstance(kept, _Blocks):
            kept = model.prepared[_COVARIANCES] = _blocks(own, prepared.problem)
        prepared = kept
    return prepared.at(T, mu)


def _prepare(model: Model) -> _Prepared:
    require_unique(model)
    if isinstance(model, PerlindModel) and not model.coherent:
        model = model.secular  # without coherences they are one generator
    if isinstance(model, DaviesModel) and not coherences_reached(model):
        transitions = model.transitions
        if isinstance(transitions, StateTransitions):
            particles = model.system.spectrum.particles
            return _Weighted(model, WeightedPairs.of(transitions, model.frequencies, particles))
        if isinstance(transitions, ModeTransitions) and _separate(transitions):
            return _Modes(model, Pairs.of_modes(transitions), transitions)
        return _Rates(model, Pairs.of(transitions, model.reservoirs))
    _require_room(model)
    problem = checked_method(model, None).prepare(model)
    if isinstance(model, PerlindModel) and model.by_blocks:
        blocks = _blocks(model, problem)
        if blocks.problem.layout.size > DENSE:
            return blocks
    return _Coherent(model, problem, reached_elements(model))


def _require_room(model: Model) -> None:
    """Say how long jumps between many coherences take; MemoryError where they do not fit.

    Each jump of a Davies generator is known by what it moves.
    """
    transitions = model.transitions if isinstance(model, DaviesModel) else None
    if isinstance(transitions, SectorBlocks):
        require_memory(
            _BYTES * transitions.count,
            f"Counting {transitions.count:.2g} transitions, some of which drive coherences,",
            "The flows need less: see oqs.flow_law; fewer sites with the same rates tell the noise "
            "as well, or levels that are not degenerate.",
        )
        announce("Counting statistics", _SECONDS * transitions.count)


def _blocks(model: PerlindModel, problem: StationaryProblem) -> _Blocks:
    """Return the model block by block: a quadratic one in its Fock space, with its own means."""
    if isinstance(problem, BlockProblem):
        return _Blocks(model, problem)
    twin = model
    if isinstance(model.system, QuadraticSystem):
        twin = model.of_part(InteractingSystem.from_terms(model.system.h), model.contacts)
    return _Blocks(model, BlockProblem(twin, ConservedBlocks(), Layout(twin.blocks)), problem)


def _separate(transitions: ModeTransitions) -> bool:
    """Whether modes do not shift each other's frequencies, and are too many for all states."""
    return transitions.modes > _FEW_MODES and all(
        len(frequency) == 1 for frequency in transitions.frequency
    )


class _Prepared(abc.ABC):
    """A model prepared for one route."""

    @abc.abstractmethod
    def at(self, T: FloatArray, mu: FloatArray) -> JumpStatistics:
        """Return the statistics at T, mu (n,)."""


@final
@dataclasses.dataclass(frozen=True, eq=False)
class _Modes(_Prepared):
    """A quadratic model whose modes jump independently; `transitions` are those of all states."""

    model: Model
    modes: tuple[Pairs, ...]
    transitions: ModeTransitions

    def at(self, T: FloatArray, mu: FloatArray) -> IndependentStatistics:
        """Solve mode by mode at T, mu (n,)."""
        names = self.model.names

        def whole() -> PopulationStatistics:
            pairs = Pairs.of(self.transitions, self.model.reservoirs)
            return PopulationStatistics.of(pairs.at(T, mu), T, mu, names)

        parts = [PopulationStatistics.of(mode.at(T, mu), T, mu, names) for mode in self.modes]
        return IndependentStatistics(tuple(parts), whole, read_only(T), read_only(mu))


@final
@dataclasses.dataclass(frozen=True, eq=False)
class _Weighted(_Prepared):
    """A rate equation of contacts of any kind."""

    model: DaviesModel
    pairs: WeightedPairs

    def at(self, T: FloatArray, mu: FloatArray) -> PopulationStatistics:
        """Solve the rate equation at T, mu (n,)."""
        down, up = self.model.weights(T, mu).reshape(-1, *self.model.rates.shape)[:2]
        return PopulationStatistics.of(self.pairs.at(down, up), T, mu, self.model.names)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class _Rates(_Prepared):
    """A model whose populations are a rate equation; `pairs` are its jumps."""

    model: Model
    pairs: Pairs

    def at(self, T: FloatArray, mu: FloatArray) -> PopulationStatistics:
        """Solve the rate equation at T, mu (n,)."""
        return PopulationStatistics.of(self.pairs.at(T, mu), T, mu, self.model.names)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class _Blocks(_Prepared):
    """A model of which all coherences are kept, iterated block by block."""

    model: Model
    problem: BlockProblem  # of the stationary state
    # the problem whose flows are the law's, where that is another
    means: StationaryProblem | None = None

    def at(self, T: FloatArray, mu: FloatArray) -> BlockStatistics:
        """Solve for the stationary state at T, mu (n,)."""
        state = self.problem.solved(T, mu)
        solution = self.means.solve(T, mu) if self.means else self.problem.solution(state)
        flows = Flows.of(solution.particle, solution.energy, mu, self.model.names)
        state = dataclasses.replace(state, x=hermitian(self.problem.layout, state.x))
        return BlockStatistics(self.problem, state, flows, read_only(T), read_only(mu))


@final
@dataclasses.dataclass(frozen=True, eq=False)
class _Coherent(_Prepared):
    """A model whose jumps drive coherences."""

    model: Model
    problem: StationaryProblem  # of the stationary state
    elements: ClosedGenerator  # matrix elements that populations turn into

    def at(self, T: FloatArray, mu: FloatArray) -> CoherentStatistics:
        """Solve for the stationary state at T, mu (n,), and take its jumps apart."""
        solution = self.problem.solve(T, mu)
        state = self.problem.matrix(solution)
        rho = np.asarray(state[self.elements.row_state, self.elements.column_state])
        flows = Flows.of(solution.particle, solution.energy, mu, self.model.names)
        model = self.model
        conserving = model.detailed_balance
        balanced = conserving and not model.shifted and not np.any(model.detuning)
        parts = jump_parts(model, self.elements, T, mu)
        places = read_only(T), read_only(mu)
        return CoherentStatistics(parts, rho, flows, *places, conserving, balanced)
