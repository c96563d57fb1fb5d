"""Fig. 1 by four kinds of reservoir: mean field, jumps, levels that thermalise or do not."""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np
from matplotlib.figure import Figure

from oqs.arguments import FloatArray
from validation.families.finite_reservoirs.small_reservoirs import explicit, mean_field, run
from validation.systems.cases import FIGURE_1

_LAST = 8.6e4  # t/(A V) near the lowest T_1
_EXPLICIT = 100.0  # A V of the explicit reservoirs


@final
class Reservoirs(NamedTuple):
    """T_1/T_1(0) over t/(A V).

    Parameters
    ----------
    times : (k,) t/(A V). mean_field : (k,) Eqs. (4), (5), the same at every A V.
    jumps : by A V, mean and deviation (2, k) of the jumps.
    relaxing, free : (k,) explicit levels at A V = 100, with thermalisation and without.
    """

    times: FloatArray
    mean_field: FloatArray
    jumps: dict[float, FloatArray]
    relaxing: FloatArray
    free: FloatArray


def compute(points: int = 40, trajectories: int = 400, levels: int = 400) -> Reservoirs:
    """Run Fig. 1 in each way."""
    times = np.linspace(0, _LAST, points)
    T, mu, boxes = FIGURE_1.T, FIGURE_1.mu, FIGURE_1.boxes
    slow, jumps = mean_field(boxes(1.0), _LAST), {}
    for capacity in (1.0, 10.0):
        then = (capacity * times).tolist()
        runs = run(FIGURE_1.model(), boxes(capacity), (T, mu), trajectories, then, seed=1)
        jumps[capacity] = np.stack([runs.T_mean[:, 0], runs.T_std[:, 0]]) / T[0]
    free, relaxing = explicit(_EXPLICIT, levels), explicit(_EXPLICIT, 120, band=(20.7, 21.9))
    later = _EXPLICIT * times
    return Reservoirs(
        times,
        slow.at(times).T[:, 0] / T[0],
        jumps,
        relaxing.evolve(T, mu, later, thermalisation=0.02).T[:, 0] / T[0],
        free.evolve(T, mu, later).T[:, 0] / T[0],
    )


def draw(data: Reservoirs) -> Figure:
    """Return T_1/T_1(0) over t/(A V): curves, and bands of one standard deviation."""
    figure = Figure(figsize=(7.6, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for (capacity, (mean, spread)), colour in zip(
        data.jumps.items(), ("#E69F00", "#0072B2"), strict=True
    ):
        axes.fill_between(data.times, mean - spread, mean + spread, color=colour, alpha=0.2, lw=0)
        axes.plot(data.times, mean, color=colour, label=f"jumps, $AV = {capacity:g}$")
    axes.plot(data.times, data.mean_field, "k--", lw=1.2, label="mean field, Eqs. (4), (5)")
    axes.plot(data.times, data.relaxing, "o", ms=3, color="#009E73", label="levels that thermalise")
    axes.plot(data.times, data.free, "s", ms=3, color="#D55E00", label="levels that do not")
    axes.set_xlabel(r"time over capacity, $t/AV$ in $\hbar/T_0^{5/2}$")
    axes.set_ylabel(r"$T_1/T_1(0)$")
    axes.legend(fontsize=9, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return figure
