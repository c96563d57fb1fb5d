"""Trajectories of jumps: a system and reservoirs whose T and mu fluctuate."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, ascending_times, one_of, positive_number, read_only
from oqs.exports import exported
from thermo.reservoirs.reservoir import Reservoir
from thermo.stochastic.ensemble import StochasticEnsemble
from thermo.stochastic.jumps.runs import Arrays, Executor, Runs, run
from thermo.stochastic.master_equation import Occupations, checked_occupations
from thermo.stochastic.prepared_runs import Asked, PreparationKind, prepared_runs
from thermo.stochastic.small.jump_table import IntArray
from thermo.stochastic.small.small_reservoir import states_of

_TIMES = 101  # reported where none are asked for


@exported
@final
class StochasticInterrupted(KeyboardInterrupt):
    """Ctrl-C came before the last trajectory was finished.

    Attributes
    ----------
    ensemble : StochasticEnsemble of those that were.

    >>> issubclass(thermo.StochasticInterrupted, KeyboardInterrupt)
    True
    """

    def __init__(self, ensemble: StochasticEnsemble, asked: int) -> None:
        super().__init__(
            f"{len(ensemble.trajectories)} of {asked} trajectories are finished: they are the "
            "`ensemble` of this exception. With `store` the same call goes on."
        )
        self.ensemble = ensemble


@exported
def evolve_stochastic(
    model: object,
    reservoirs: Iterable[Reservoir],
    T: ArrayLike,
    mu: ArrayLike | None = None,
    *,
    trajectories: int,
    t_final: float,
    seed: int | None = None,
    occupations: Occupations = "entropic",
    preparation: PreparationKind = "definite",
    times: ArrayLike | None = None,
    below: ArrayLike | None = None,
    executor: Executor = None,
    store: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
) -> StochasticEnsemble:
    """Return trajectories of a system and finite reservoirs, jump by jump.

    With each jump one particle and the energy w leave or enter a reservoir, whose T and mu are at
    all times those of its own N and E. Jumps in at the rate gamma n, back at gamma (1 - n) of the
    same pair of reservoir states, n = 1/(1 + e^{S_j(N, E) - S_j(N - 1, E - w)}): what
    `master_equation` solves, for any number of frequencies. Eqs. (4), (5) are the limit of large
    capacities.

    Parameters
    ----------
    model : of oqs.davies, contacts of either kind, or of oqs.perlind. Where contacts drive
        coherences, trajectories are those of wave functions, for small systems: see Notes.
    reservoirs : n of them, in the order of the contacts; media without particle number (BoseGas,
        DebyeSolid, TabulatedHeatCapacity) at bosonic contacts, whose jumps move energy alone, in
        with n_B = 1/(e^{Delta S} - 1), back with 1 + n_B.
    T, mu : (n,) at t = 0; units of energy. mu may be left out where all reservoirs are bosonic.
    trajectories : how many, M >= 1.
    t_final : when they end (hbar = 1).
    seed : whole number >= 0; None draws one, which the result records. Each trajectory has a child
        seed, so that it does not depend on executor, batches or the other trajectories.
    occupations : "entropic", or "fermi" for the Fermi function of the momentary T, mu.
    preparation : "definite", every trajectory begins with the system empty and N, E at T, mu; or
        "canonical", N_j and E_j are those of reservoirs prepared at T_j, mu_j, which fluctuate, and
        the system is drawn from its stationary state: what the fluctuation theorem is about.
    times : (k,) ascending within [0, t_final], at which to report; None for 101 equally spaced.
    below : (n,) temperatures whose first passage from above is timed; None for none.
    executor : None, this process; a number of processes; any Executor; a dask.distributed.Client.
    store : file that keeps finished batches; the same call goes on where it was stopped.
    progress : show a bar; None does so on a terminal after a second.

    Returns
    -------
    StochasticEnsemble

    Raises
    ------
    TypeError, ValueError
        before anything is computed if an argument is wrong, a reservoir holds less than one
        particle, or a model with coherences has frequency shifts or a window; and if a gas has no
        T where a trajectory leads.
    StochasticInterrupted
        at Ctrl-C, with what is finished.

    Notes
    -----
    Memory does not depend on the number of jumps. With numba (extra `fast`) a jump of an ideal gas
    takes .3 to .5 us on one core; without, and for any other gas, numpy follows a batch of
    trajectories in step, by the same random numbers to the same jumps, 5 times slower or more.
    Rates that depend on T and mu are those of the trajectory's own T and mu, as in
    `master_equation`; they too are followed by numpy: some 10 us a jump for
    oqs.temperature_scaled, which is evaluated for a batch at once, 30 us for any other callable,
    which is asked state by state. A
    jump that would leave a reservoir without a particle, or without energy above its ground state,
    is closed. Source: as `master_equation`.

    Monte Carlo wave functions (Dalibard, Castin, Molmer 1992, doi:10.1103/PhysRevLett.68.580)
    follow Davies generators that drive coherences between degenerate levels
    or `resolution` clusters, and PERLind: the system is a pure state psi, jump operators L hold
    sqrt(gamma n(w)) with each n(w) of the reservoir's N, E after the last jump. A jump between
    superpositions of different energies has none of its own. It moves <H> after minus <H> before;
    that no jump came has changed <H> at the rate -<K_j H + H K_j>/2 + <K_j><H> through each
    reservoir, K_j = sum L^+ L, and that is settled with the next jump. So sum_j E_j + <H> never
    changes, and the mean is tr(D_j[rho] H), as the flow law has it; within one level it is w. The
    fluctuation theorem holds for Davies without clusters. It takes 30 us a jump or more.

    >>> level = oqs.QuadraticSystem.from_energies([1.3])
    >>> contacts = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
    >>> box = thermo.Reservoir(thermo.FermiDiracGas(alpha=1.0), capacity=20.0)
    >>> ensemble = thermo.evolve_stochastic(
    ...     oqs.davies(level, contacts), [box, box], T=[0.3, 0.6], mu=[1.2, 0.9],
    ...     trajectories=500, t_final=3e4, seed=1, times=[3e4],
    ... )
    >>> bool(abs(ensemble.T_mean[-1, 0] - 0.28677) < 4 * 0.0173 / 500**0.5)
    True
    """
    count = _whole("trajectories", trajectories, 1)
    end = positive_number("t_final", t_final, "It is the time at which trajectories end.")
    checked_occupations(occupations)
    remedy = "Definite ones have the N_j and E_j of their T_j, mu_j."
    one_of("preparation", preparation, ("definite", "canonical"), remedy)
    entropy = np.random.SeedSequence().entropy if seed is None else _whole("seed", seed, 0)
    asked = Asked(
        end,
        _times(times, end),
        below,
        occupations,
        preparation,
        int(entropy),  # type: ignore[arg-type]
    )
    runs, names = prepared_runs(model, reservoirs, T, mu, asked)
    batches, interrupted = run(runs, count, executor, store, progress)
    ensemble = _ensemble(runs, batches, names, occupations, preparation)
    if interrupted:
        raise StochasticInterrupted(ensemble, count)
    return ensemble


def _ensemble(
    runs: Runs,
    batches: dict[int, Arrays],
    names: tuple[str, ...],
    occupations: str,
    preparation: str,
) -> StochasticEnsemble:
    order = sorted(batches)
    column = {
        name: np.concatenate([batches[begin][name] for begin in order])
        for name in batches[order[0]]
    }
    run, tally, coldest = runs.run, column["tally"], column["coldest"]
    _refuse_stuck(tally[:, 2], names)
    fields: dict[str, FloatArray | IntArray] = {
        "times": run.times,
        **states_of(run.members, column["lost"], column["released"]),
        "state": column["state"],
        "jumps": tally[:, 0],
        **_entropies(runs, column),
        "lowest_T": coldest[..., 0],
        "time_of_lowest_T": coldest[..., 1],
        "passage_time": coldest[..., 2],
        "flips_T": column["flips"][..., 0],
        "flips_mu": column["flips"][..., 1],
        "first_flip_T": column["first_flip"][..., 0],
        "first_flip_mu": column["first_flip"][..., 1],
        "closed": column["closed"],
        "trajectories": np.concatenate(
            [begin + np.arange(len(batches[begin]["tally"])) for begin in order]
        ),
    }
    return StochasticEnsemble(
        **{name: read_only(values) for name, values in fields.items()},
        pairs=tuple((names[a], names[b]) for a, b in run.pairs.tolist()),
        names=names,
        seed=runs.seed,
        occupations=occupations,
        preparation=preparation,
        runs=runs,
    )


def _entropies(runs: Runs, column: Arrays) -> dict[str, FloatArray]:
    """Return entropy production and R of `StochasticEnsemble.fluctuation_theorem`, (M,) each."""
    run = runs.run
    production = np.zeros(len(column["tally"]))
    exchanged = np.zeros(len(column["tally"]))
    for j, member in enumerate(run.members):
        before = member.at(column["start_lost"][:, j], column["start_released"][:, j])
        after = member.at(column["end_lost"][:, j], column["end_released"][:, j])
        production += after.entropy - before.entropy
        lost = column["end_lost"][:, j] - column["start_lost"][:, j]
        released = column["end_released"][:, j] - column["start_released"][:, j]
        exchanged += (run.mu[j] * lost - released) / run.T[j]
    law = runs.preparation.populations
    with np.errstate(divide="ignore"):  # a state that no trajectory begins in
        weight = np.log(law)
    exchanged += weight[column["start_state"]] - weight[column["tally"][:, 1]]
    return {"entropy_production": production, "exchange_entropy": exchanged}


def _refuse_stuck(stuck: IntArray, names: tuple[str, ...]) -> None:
    """Raise ValueError where trajectories led to a state in which a gas has no T."""
    if (stuck >= 0).any():
        j = int(stuck[stuck >= 0][0])
        raise ValueError(
            f"Argument `reservoirs` must have a temperature wherever trajectories lead, but the "
            f"gas of {names[j]!r} has none at a state that {np.count_nonzero(stuck >= 0)} of "
            f"{len(stuck)} came to. Give it 4 times the capacity, where fluctuations are half as "
            "large, or FermiDiracGas, which is exact at any mu/T."
        )


def _whole(name: str, value: object, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(
            f"Argument `{name}` must be a whole number >= {least}, but is {value!r}. "
            f"Give one such as {max(least, 1000) if least else 1}."
        )
    return int(value)


def _times(times: ArrayLike | None, end: float) -> FloatArray:
    if times is None:
        return read_only(np.linspace(0.0, end, _TIMES))
    remedy = "Give ascending times from 0 to t_final, such as np.linspace(0, t_final, 50)."
    grid = ascending_times(times, remedy)
    if grid[-1] > end:
        raise ValueError(
            f"Argument `times` must lie between 0 and t_final = {end:g}, but goes to {grid[-1]:g}. "
            f"{remedy}"
        )
    return read_only(grid)
