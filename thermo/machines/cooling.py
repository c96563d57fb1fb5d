"""Transient cooling along a trajectory: how deep, when, how long, and what entropy it cost."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
import scipy

from oqs.arguments import FloatArray, of_type
from oqs.datasets import dataset
from oqs.deferred import xr
from oqs.exports import exported
from oqs.summary import Summarised, Summary
from thermo.evolution.events.extremes import extremum_times, fractions, passage_times
from thermo.evolution.trajectory import Trajectory
from thermo.gases import EquationOfState
from thermo.numerics.interpolation import PiecewisePolynomial

_FLOOR = 100.0  # rtol of the run, as for its events: less cannot be told from rounding


@exported
@final
@dataclasses.dataclass(frozen=True, repr=False)
class Cooling(Summarised):
    """The transient cooling of one reservoir; made by `cooling`.

    Parameters
    ----------
    name : of the reservoir.
    depth : lowest T(t) over T(0); exactly 1 if it was never below its start.
    lowest : the lowest T, in units of energy.
    time : when it was lowest (hbar = 1); 0 if it was never below its start.
    duration : total time with T below T(0), until the end of the run.
    warmed_up : whether the run ended at T(0) or above. If not, `duration` goes on after the run.
    entropy_cost : sum_i [S_i(time) - S_i(0)] over all reservoirs, what was produced until then.
    entropy_in_all : the same until the end of the run.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem.from_energies([21.1, 21.5])
    >>> rate = oqs.power_law(1e-4, 0.5)
    >>> law = oqs.closed_form(dots, [oqs.Contact(rate, name="cold"), oqs.Contact(rate, name="hot")])
    >>> reservoirs = [thermo.Reservoir(thermo.SommerfeldGas(1.5), capacity=1.0)] * 2
    >>> path = thermo.evolve(law, reservoirs, T=[0.6, 1.0], mu=[20.8, 16.0])
    >>> cold = thermo.cooling(path)[0]
    >>> print(f"{cold.lowest:.4f} at t = {cold.time:.3e}; entropy grew by {cold.entropy_cost:.3f}")
    0.3690 at t = 8.639e+04; entropy grew by 5.835
    >>> cold.warmed_up
    True
    """

    name: str
    depth: float
    lowest: float
    time: float
    duration: float
    warmed_up: bool
    entropy_cost: float
    entropy_in_all: float

    def summary(self) -> Summary:
        """Return how deep, when, for how long, and what it cost."""
        if self.depth == 1:
            return Summary(f"Cooling of {self.name}", [("", "never below its start")])
        lasted = "" if self.warmed_up else ", until the end of the run"
        facts = [
            ("lowest T", f"{self.lowest:.6g}, {self.depth:.4g} of T(0), at t = {self.time:.4g}"),
            ("below T(0) for", f"{self.duration:.4g}{lasted}"),
            ("entropy produced until then", f"{self.entropy_cost:.4g}"),
            ("in all", f"{self.entropy_in_all:.4g}"),
        ]
        return Summary(f"Cooling of {self.name}", facts, ("quantity", "value"), facts)

    def to_dataset(self) -> xr.Dataset:
        """Return an xarray Dataset of these numbers; the reservoir's name is a coordinate."""
        units = {"lowest": "E_0/k_B", "time": "hbar/E_0", "duration": "hbar/E_0"}
        names = [field.name for field in dataclasses.fields(self)][1:]
        tables = {n: ((), getattr(self, n), units.get(n, "1")) for n in names}
        return dataset(tables, {"reservoir": self.name})


@exported
def cooling(path: Trajectory) -> tuple[Cooling, ...]:
    """Return the transient cooling of each of the n reservoirs of a trajectory.

    Extremes and passages through T(0) are the roots of the solver's own polynomials, as for
    `Trajectory.extrema`: none lies between points of a grid. No events need have been looked for.
    A departure from the start of less than 100 rtol of the run counts as none.

    Parameters
    ----------
    path : made by `evolve`, or read from a file.

    Raises
    ------
    TypeError, ValueError
        if path is no Trajectory, or a file kept only the description of a user's own gas.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem.from_energies([21.1, 21.5])
    >>> rate = oqs.power_law(1e-4, 0.5)
    >>> law = oqs.closed_form(dots, [oqs.Contact(rate, name="cold"), oqs.Contact(rate, name="hot")])
    >>> reservoirs = [thermo.Reservoir(thermo.SommerfeldGas(1.5), capacity=1.0)] * 2
    >>> path = thermo.evolve(law, reservoirs, T=[0.6, 1.0], mu=[20.8, 16.0])
    >>> cold, hot = thermo.cooling(path)
    >>> print(f"{cold.name}: down to {cold.depth:.3f}, below T(0) for {cold.duration:.2e}")
    cold: down to 0.615, below T(0) for 2.18e+06
    """
    of_type("path", path, Trajectory, "a Trajectory", "Make one with thermo.evolve.")
    floor = _FLOOR * float(path.parameters["rtol"] or 0.0)
    grown = float(np.sum(path.entropy[-1] - path.entropy[0]))
    coolings = []
    curves = path.solution.at(path.solution.grid(fractions()))[:, : len(path.names)].T
    turns = extremum_times(path.solution.t, curves, 0.0)
    for j, name in enumerate(path.names):
        time, depth, duration = _below(path.solution, turns, j, floor)
        coolings.append(
            Cooling(
                name=name,
                depth=depth,
                lowest=float(path.T[0, j]) * depth,
                time=time,
                duration=duration,
                warmed_up=bool(path.T[-1, j] >= path.T[0, j] * np.exp(-floor)),
                entropy_cost=_entropy_until(path, time),
                entropy_in_all=grown,
            )
        )
    return tuple(coolings)


def _below(
    solution: PiecewisePolynomial, turns: FloatArray, j: int, floor: float
) -> tuple[float, float, float]:
    """Return when T_j was lowest, T_j/T_j(0) then, and how long it was below T_j(0)."""
    times = np.unique(np.concatenate([solution.t, turns]))
    values = solution.at(times)[:, j]  # ln(T_j/T_j(0))
    lowest = int(np.argmin(values))
    if not values[lowest] < -floor:
        return 0.0, 1.0, 0.0
    curve = solution.at(solution.grid(fractions()))[:, j]
    borders = np.unique(np.concatenate([solution.t, passage_times(solution.t, curve[None])]))
    between = solution.at((borders[1:] + borders[:-1]) / 2)[:, j]
    # whole stretches below the start, so that the ends of steps within leave no rounding
    changes = np.diff(np.concatenate([[False], between < 0, [False]]).astype(int))
    duration = float(np.sum(borders[changes < 0] - borders[changes > 0]))
    return float(times[lowest]), float(np.exp(values[lowest])), duration


def _entropy_until(path: Trajectory, time: float) -> float:
    """Return by how much the reservoirs' entropy has grown at a time."""
    T, mu = path.at([0.0, time])
    total = 0.0
    for j, gas in enumerate(path.gases):
        if np.isinf(path.capacities[j]):  # what it has gained, and how fast
            total += _gained(path, j, time)
            continue
        if not isinstance(gas, EquationOfState):
            raise ValueError(
                f"Argument `path` must know its gases for the entropy, but of one the file has "
                f"only the description {gas!r}. Ask the trajectory that evolve returned."
            )
        start, now = path.capacities[j] * gas.entropy(T[:, j], mu[:, j])
        total += float(now - start)
    return total


def _gained(path: Trajectory, j: int, time: float) -> float:
    """Return the entropy that a fixed reservoir has gained at a time."""
    if len(path.t) == 1:
        return 0.0
    rate = -path.heat[:, j] / path.T[:, j]
    return float(scipy.interpolate.CubicHermiteSpline(path.t, path.entropy[:, j], rate)(time))
