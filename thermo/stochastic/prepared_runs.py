"""From a model and its reservoirs to runs of trajectories: of populations or wave functions."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike

from oqs import DaviesModel, Populations, stationary_state
from oqs.arguments import ComplexArray, FloatArray, has_shape, read_only, real_array
from oqs.generator.model import Model, checked_model
from oqs.stationary.populations import coherences_reached
from thermo.reservoirs.reservoir import Reservoir
from thermo.stochastic.jumps.plan import Plan, make_plan
from thermo.stochastic.jumps.preparation import Preparation, canonical, definite
from thermo.stochastic.jumps.runs import JumpRuns, Runs
from thermo.stochastic.master_equation import Occupations, prepare, start_reservoirs
from thermo.stochastic.small.jump_table import IntArray
from thermo.stochastic.small.pair_rates import PairRates
from thermo.stochastic.small.run_plan import RunPlan
from thermo.stochastic.small.small_reservoir import SmallReservoir
from thermo.stochastic.wave_functions.jump_operators import WavePlan, jump_operators, wave_plan
from thermo.stochastic.wave_functions.wave_runs import WaveRuns

PreparationKind = Literal["definite", "canonical"]
_ROUNDING = 1e-14  # of the rotation to eigenstates: populations below it are not drawn


@final
class Asked(NamedTuple):
    """What a run is to do."""

    t_final: float  # the end
    times: FloatArray  # (k,) to report
    below: ArrayLike | None  # temperatures to watch, or None
    occupations: Occupations  # as `evolve_stochastic` has them
    preparation: PreparationKind  # as `evolve_stochastic` has them
    seed: int  # of the run


def prepared_runs(
    model: object, reservoirs: Iterable[Reservoir], T: ArrayLike, mu: ArrayLike | None, asked: Asked
) -> tuple[Runs, tuple[str, ...]]:
    """Return what follows trajectories, and the names of the reservoirs.

    Populations where contacts drive no coherences, wave functions where they do.

    Raises TypeError, ValueError, MemoryError as `evolve_stochastic`.
    """
    if follows_populations(checked_model(model)):
        return _of_populations(model, reservoirs, T, mu, asked)
    return _of_waves(model, reservoirs, T, mu, asked)


def follows_populations(model: Model) -> bool:
    """Say whether jumps lead from eigenstate to eigenstate."""
    return isinstance(model, DaviesModel) and not coherences_reached(model)


def _of_populations(
    model: object, reservoirs: Iterable[Reservoir], T: ArrayLike, mu: ArrayLike | None, asked: Asked
) -> tuple[Runs, tuple[str, ...]]:
    table, members, group, start = prepare(model, reservoirs, T, mu)
    plan = make_plan(table, _run_plan(model, members, start, asked))
    begin = definite(table.states, table.empty, len(group))
    if asked.preparation == "canonical":
        law = np.diagonal(_stationary(model, plan, Populations())).real
        quanta = [np.unique(plan.frequency[plan.reservoir == j]) for j in range(len(group))]
        begin = _canonical(plan, law, quanta, group.names, table.moves)
    return JumpRuns(plan, begin, asked.seed), group.names


def _of_waves(
    model: object, reservoirs: Iterable[Reservoir], T: ArrayLike, mu: ArrayLike | None, asked: Asked
) -> tuple[Runs, tuple[str, ...]]:
    jumps = jump_operators(model)
    moves = np.where(jumps.bosonic, 0, 1)
    members, group, start = start_reservoirs(model, moves, reservoirs, T, mu)
    plan = wave_plan(jumps, _run_plan(model, members, start, asked))
    begin = definite(jumps.states, jumps.empty, len(group))
    if asked.preparation == "canonical":
        rho = _stationary(model, plan, None)
        law, basis = np.zeros(jumps.states), np.zeros(rho.shape, dtype=np.complex128)
        for label in np.unique(jumps.label):
            inside = np.flatnonzero(jumps.label == label)
            law[inside], basis[np.ix_(inside, inside)] = np.linalg.eigh(rho[np.ix_(inside, inside)])
        plan = dataclasses.replace(plan, basis=read_only(basis))
        quanta = [
            np.unique(jumps.frequency[(jumps.quantum_reservoir == j) & (jumps.sign != 0)])
            for j in range(len(group))
        ]
        begin = _canonical(plan, law, quanta, group.names, moves)
    return WaveRuns(plan, begin, asked.seed), group.names


def _run_plan(
    model: object,
    members: Sequence[SmallReservoir],
    start: tuple[FloatArray, FloatArray],
    asked: Asked,
) -> RunPlan:
    return RunPlan(
        members=tuple(members),
        rates=PairRates(checked_model(model).contacts),
        T=start[0],
        mu=start[1],
        below=_thresholds(asked.below, len(members)),
        times=asked.times,
        t_final=asked.t_final,
        entropic=asked.occupations == "entropic",
    )


def _stationary(model: object, plan: Plan | WavePlan, method: Populations | None) -> ComplexArray:
    """Return the stationary state at the start in the energy basis (D, D)."""
    rho = stationary_state(model, plan.run.T, plan.run.mu, method=method)  # type: ignore[arg-type]
    vectors = model.system.spectrum.vectors  # type: ignore[attr-defined]
    return vectors.conj().T @ rho.full() @ vectors


def _canonical(
    plan: Plan | WavePlan,
    populations: FloatArray,
    quanta: list[FloatArray],
    names: tuple[str, ...],
    moves: IntArray,
) -> Preparation:
    law = np.where(populations > _ROUNDING, populations, 0.0)
    return canonical(
        plan.run.members, plan.run.T, plan.run.mu, quanta, law / law.sum(), names, moves
    )


def _thresholds(below: ArrayLike | None, reservoirs: int) -> FloatArray:
    if below is None:
        return read_only(np.zeros(reservoirs))
    remedy = "Give one temperature per reservoir, or None; 0 watches none."
    levels = real_array("below", below, remedy)
    has_shape("below", levels, (reservoirs,), remedy)
    if (levels < 0).any():
        raise ValueError(f"Argument `below` must not be negative, but is {below!r}. {remedy}")
    return read_only(levels)
