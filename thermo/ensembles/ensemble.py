"""Many evolutions at once: Eqs. (4), (5) for a batch of initial states, in whole arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oqs.arguments import (
    FloatArray,
    TextArray,
    ascending_times,
    positive,
    positive_number,
    read_only,
    real_array,
    whole_number,
)
from oqs.datasets import dataset
from oqs.exports import exported
from oqs.summary import Summarised, Summary
from thermo.ensembles.batch_problem import BatchProblem
from thermo.ensembles.batch_processes import processes_for, run_batches
from thermo.evolution.dynamics import Law, ReservoirDynamics
from thermo.evolution.stopping import OUTCOMES, STALLED, distance
from thermo.progress import ProgressBar
from thermo.reservoirs.equilibrium import common_state
from thermo.reservoirs.reservoir import Reservoir, Reservoirs
from thermo.reservoirs.state import State

if TYPE_CHECKING:
    import xarray


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Ensemble(Summarised):
    """How M evolutions ended, and the extremes they passed through.

    Parameters
    ----------
    t : (M,) end times. T, mu : (M, n) at the end.
    outcome : (M,) of "equilibrated", "stalled", "t_final".
    lowest_T, highest_T : (M, n) along each evolution, start and end included.
    time_of_lowest_T, time_of_highest_T : (M, n).
    times : (m,) or None. T_at, mu_at : (M, m, n) at those times, where they were asked for; after
        the end of an evolution its last state.
    names : of the reservoirs.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem.from_energies([21.1, 21.5])
    >>> rate = oqs.power_law(1e-4, 0.5)
    >>> law = oqs.closed_form(dots, [oqs.Contact(rate, name="cold"), oqs.Contact(rate, name="hot")])
    >>> reservoirs = [thermo.Reservoir(thermo.SommerfeldGas(1.5), capacity=1.0)] * 2
    >>> T = np.column_stack([np.linspace(0.5, 0.7, 5), np.ones(5)])
    >>> ends = thermo.evolve_ensemble(law, reservoirs, T, mu=[20.8, 16.0], times=[0.0, 1e5])
    >>> sorted(set(ends.outcome.tolist())), ends.T.shape, ends.T_at.shape
    (['equilibrated'], (5, 2), (5, 2, 2))
    """

    t: FloatArray
    T: FloatArray
    mu: FloatArray
    outcome: TextArray
    lowest_T: FloatArray
    time_of_lowest_T: FloatArray
    highest_T: FloatArray
    time_of_highest_T: FloatArray
    names: tuple[str, ...]
    times: FloatArray | None = None
    T_at: FloatArray | None = None
    mu_at: FloatArray | None = None

    def to_dataset(self) -> xarray.Dataset:
        """Return the same as labelled arrays with dimensions trajectory, reservoir and time."""
        over = ("trajectory", "reservoir")
        tables: dict[str, tuple[Any, ...]] = {
            "t": ("trajectory", self.t, "hbar/E_0", "end time"),
            "outcome": ("trajectory", self.outcome.astype(object), "", "outcome"),
            "T": (over, self.T, "E_0/k_B", "temperature at the end"),
            "mu": (over, self.mu, "E_0", "chemical potential at the end"),
        }
        for name in ("lowest_T", "highest_T"):
            text = f"{name[:-2]} temperature"
            tables[name] = over, getattr(self, name), "E_0/k_B", text
            time = getattr(self, f"time_of_{name}")
            tables[f"time_of_{name}"] = over, time, "hbar/E_0", f"time of the {text}"
        axes: dict[str, Any] = {"reservoir": list(self.names)}
        if self.times is not None:
            axes["time"] = ("time", self.times)
            at = ("trajectory", "time", "reservoir")
            tables["T_at"] = at, self.T_at, "E_0/k_B", "T at the times"
            tables["mu_at"] = at, self.mu_at, "E_0", "mu at the times"
        return dataset(tables, axes)

    def summary(self) -> Summary:
        """Return how many evolutions ended how, and a table of the reservoirs' ranges of T."""
        outcomes, counts = np.unique(self.outcome, return_counts=True)
        ended = ", ".join(f"{n} {outcome}" for outcome, n in zip(outcomes, counts, strict=True))
        columns = (self.T.min(axis=0), self.T.max(axis=0), self.lowest_T.min(axis=0))
        rows = [
            (name, *(f"{value:.6g}" for value in row))
            for name, *row in zip(self.names, *columns, self.highest_T.max(axis=0), strict=True)
        ]
        heads = ("reservoir", "lowest T(end)", "highest T(end)", "lowest T", "highest T")
        return Summary(
            f"Ensemble of {len(self.t)} evolutions of {len(self.names)} reservoirs",
            [("", ", ".join(self.names)), ("", ended), ("t up to", f"{self.t.max():.4g}")],
            heads,
            rows,
        )


@exported
def evolve_ensemble(
    law: Law,
    reservoirs: Iterable[Reservoir],
    T: ArrayLike,
    mu: ArrayLike | None = None,
    *,
    t_final: float | None = None,
    times: ArrayLike | None = None,
    rtol: float = 3e-8,
    tolerance: float = 1e-6,
    max_steps: int = 5000,
    workers: int | None = None,
    progress: bool | None = None,
) -> Ensemble:
    """Return many evolutions of the same reservoirs from different initial states.

    The equations of `evolve`, integrated by a Rosenbrock method of order 5(4) with a step of its
    own for every trajectory; each step is one pass over whole arrays.

    Parameters
    ----------
    law : takes T, mu of shape (B, n): oqs.closed_form(...), oqs.gaussian_law(...),
        oqs.flow_law(...), or any such function. Density matrices of up to 64 states are solved
        together, larger ones one after the other. For a function of single states use `evolve` in
        `thermo.sweep`.
    reservoirs : n of them, named as for `evolve`.
    T, mu : (M, n) at t = 0, or (n,) for all; units of energy. mu as for `evolve`.
    t_final : when to stop (hbar = 1); None goes on to equilibrium.
    times : (m,) ascending, at which to report T, mu.
    rtol : tolerance of a step. At the default T_j(t) agrees with `evolve` to better than 1e-6, of
        a reservoir 1e-10 times as large as others to 2e-5: it takes thousands of steps, and errors
        in what it keeps, E_j - w N_j at one frequency w, add up, as nothing draws it back.
    tolerance : of the equilibrium; when a run is over is decided as for `evolve`
        (`thermo.evolution.stopping`).
    max_steps : the most steps of one trajectory.
    workers : processes; None takes one per core, but of no fewer than 2000 trajectories each, and
        this one alone, with a UserWarning, where others cannot import the law or a gas.
    progress : whether a run of more than a second shows a bar; None does so on a terminal.

    Raises
    ------
    TypeError, ValueError
        before integrating, if an argument is wrong, a gas refuses a start or the equilibrium it
        leads to, or the law or a gas cannot be sent to the `workers` asked for.
    RuntimeError
        if a process dies, a trajectory needs more than max_steps, its rates stop being finite, it
        ends outside the validity of a gas, or rests in another equilibrium as its totals drifted;
        says which.

    Notes
    -----
    The extremes are those of a polynomial of degree 4 along each step; two within one step go
    unseen. Method: Rodas5P, Steinebach, BIT Numerical Mathematics 63, 27 (2023),
    doi:10.1007/s10543-023-00967-x.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem.from_energies([21.1, 21.5])
    >>> rate = oqs.power_law(1e-4, 0.5)
    >>> law = oqs.closed_form(dots, [oqs.Contact(rate, name="cold"), oqs.Contact(rate, name="hot")])
    >>> reservoirs = [thermo.Reservoir(thermo.SommerfeldGas(1.5), capacity=1.0)] * 2
    >>> T = np.column_stack([np.linspace(0.5, 0.7, 5), np.ones(5)])  # five starts
    >>> ends = thermo.evolve_ensemble(law, reservoirs, T, mu=[20.8, 16.0])
    >>> (ends.lowest_T[:, 0] / T[:, 0]).round(3)
    array([0.599, 0.607, 0.615, 0.624, 0.633])
    """
    group = Reservoirs(reservoirs).named(law)
    temperature, potential = _starts(T, group.potentials(mu), len(group))
    group.check(temperature, potential)
    end = np.inf if t_final is None else positive_number("t_final", t_final, "Or None.")
    remedy = "Give ascending times >= 0, such as np.geomspace(1e3, 1e8, 50)."
    grid = None if times is None else ascending_times(times, remedy)
    for name, value in (("rtol", rtol), ("tolerance", tolerance)):
        positive_number(name, value, "The defaults are 3e-8 and 1e-6.")
    dynamics = ReservoirDynamics(law, group, np.ones(len(group)), rtol, batched=True)
    dynamics.check(temperature[:2], potential[:2])
    goal = _goals(group, temperature, potential) if t_final is None else None
    whole_number("max_steps", max_steps, 1, "The default is 5000.")
    problem = BatchProblem(dynamics, end, grid, tolerance, max_steps)
    processes = processes_for(problem, len(temperature), workers)
    with ProgressBar(f"evolving {len(temperature)} trajectories", progress) as bar:
        parts = run_batches(problem, temperature, potential, goal, processes, bar.update)
    columns = [read_only(np.concatenate(column)) for column in zip(*parts, strict=True)]
    t, ends_T, ends_mu, outcome, low, low_t, high, high_t, T_at, mu_at = columns
    _check_ends(group, ends_T, ends_mu)
    _check_drift(group, ends_T, ends_mu, outcome == STALLED, tolerance)
    return Ensemble(
        t=t,
        T=ends_T,
        mu=read_only(group.shown(ends_mu)),
        outcome=np.array([OUTCOMES[verdict] for verdict in outcome.tolist()]),
        lowest_T=low,
        time_of_lowest_T=low_t,
        highest_T=high,
        time_of_highest_T=high_t,
        names=group.names,
        times=grid,
        T_at=T_at if grid is not None else None,
        mu_at=read_only(group.shown(mu_at)) if grid is not None else None,
    )


def _goals(group: Reservoirs, T: FloatArray, mu: FloatArray) -> State:
    """Return T_eq, mu_eq (M,) of each start; raise ValueError naming the first that has none."""
    try:
        return common_state(group, T, mu)
    except ValueError:
        for which, state in enumerate(zip(T, mu, strict=True)):
            try:
                common_state(group, *state)
            except ValueError as error:
                raise ValueError(f"Trajectory {which}: {error}") from error
        raise


def _check_drift(
    group: Reservoirs, T: FloatArray, mu: FloatArray, stalled: NDArray[np.bool_], tolerance: float
) -> None:
    """Raise RuntimeError naming the first that rests in the equilibrium of other totals."""
    for which in np.flatnonzero(stalled):
        goal = common_state(group, T[which], mu[which])
        if distance(T[which], mu[which], goal, group.has_potential) <= tolerance:
            raise RuntimeError(
                f"The totals of N and E of trajectory {which} drifted, and with them its "
                "equilibrium: the flows of `law` do not sum to zero over the reservoirs, or `rtol` "
                "is too large for `tolerance`. Mend the law, or give a smaller `rtol`."
            )


def _check_ends(group: Reservoirs, T: FloatArray, mu: FloatArray) -> None:
    """Raise RuntimeError naming the first trajectory that ends where a gas is not valid."""
    try:
        group.check(T, mu)
    except ValueError:
        for which, state in enumerate(zip(T, mu, strict=True)):
            try:
                group.check(*state)
            except ValueError as error:
                raise RuntimeError(
                    f"Trajectory {which} ends at T = {state[0].tolist()}, mu = "
                    f"{state[1].tolist()}, outside the validity of a gas: {error}"
                ) from error


def _starts(T: ArrayLike, mu: ArrayLike, reservoirs: int) -> tuple[FloatArray, FloatArray]:
    remedy = f"Give shape (M, {reservoirs}), one row per trajectory, or ({reservoirs},) for all."
    temperature, potential = real_array("T", T, remedy), real_array("mu", mu, remedy)
    try:
        shape = np.broadcast_shapes(temperature.shape, potential.shape, (1, reservoirs))
    except ValueError:
        shape = ()
    if len(shape) != 2 or shape[1] != reservoirs or shape[0] == 0:
        raise ValueError(
            f"Arguments `T` and `mu` must broadcast to shape (M, {reservoirs}), M > 0, but have "
            f"shapes {temperature.shape} and {potential.shape}. {remedy}"
        )
    positive("T", temperature, remedy)
    return np.broadcast_to(temperature, shape).copy(), np.broadcast_to(potential, shape).copy()
