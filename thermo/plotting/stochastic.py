"""A figure of fluctuating reservoirs: means with their bands, and histograms at the end."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oqs.arguments import FloatArray, of_type
from oqs.exports import exported
from oqs.units import Units
from thermo.evolution.linear_noise.spread import PathFluctuations
from thermo.evolution.trajectory import Trajectory
from thermo.plotting.style import TWO_COLUMNS, colours, drawing, reservoir_label, scales
from thermo.stochastic.ensemble import StochasticEnsemble

_PANEL_HEIGHT = 2.0  # inches
_BINS = 40


@exported
def plot_stochastic(
    ensemble: StochasticEnsemble,
    path: Trajectory | None = None,
    noise: PathFluctuations | None = None,
    *,
    width: float = TWO_COLUMNS,
    units: Units | None = None,
    ax: Iterable[Axes] | None = None,
) -> Figure:
    """Return a figure of T_j(t) and mu_j(t), mean and standard deviation, and the last T_j.

    Parameters
    ----------
    ensemble : of `evolve_stochastic`, at two times or more.
    path : the mean field of the same start, `evolve`, drawn dashed; None for none.
    noise : `path.fluctuations(model)`, one standard deviation of it on both sides of the path
        dotted: what the bands are to first order in 1/(A V). None for none.
    width : of the figure, inches: 3.4 for one column of a journal, 7.0 for two. Text is 8 pt.
    units : axes in K, meV and s; None for natural units of the reference energy E_0.
    ax : three matplotlib axes to draw on instead of a new figure; no legend is drawn then.

    Returns
    -------
    matplotlib.figure.Figure : save it with .savefig(file). Each band is one standard deviation on
    both sides of the mean over trajectories; the histograms are those at the last time.

    Raises
    ------
    TypeError, ValueError
        if an argument is something else, `path` has other reservoirs or ends before the ensemble
        does, or there is noise without a path.

    >>> level = oqs.davies(oqs.QuadraticSystem.from_energies([1.3]), [oqs.Contact(oqs.flat(0.01))])
    >>> box = thermo.Reservoir(thermo.FermiDiracGas(alpha=1.0), capacity=20.0, name="box")
    >>> few = thermo.evolve_stochastic(
    ...     level, [box], T=[0.3], mu=[1.2], trajectories=30, t_final=1e3, seed=1
    ... )
    >>> len(thermo.plot_stochastic(few).axes)
    3
    """
    _check(ensemble, path)
    _check_noise(noise, path)
    scale = scales(units)
    field = None if path is None else path.at(ensemble.times)
    with drawing(3, width, _PANEL_HEIGHT, ax, shared=False) as (figure, axes):
        for axis, kind, factor, label in (
            (axes[0], "T", scale.temperature, scale.temperature_label),
            (axes[1], "mu", scale.energy, scale.mu_label),
        ):
            curve = None if field is None else getattr(field, kind) * factor
            _bands(axis, ensemble, kind, (scale.time, factor), curve)
            if curve is not None and noise is not None:
                widths = getattr(noise, f"{kind}_std") * factor
                t = ensemble.times
                _dotted(axis, t * scale.time, curve, _between(t, noise.t, widths))
            axis.set_ylabel(label)
            axis.set_xlabel(scale.time_label)
        _histograms(axes[2], ensemble, scale.temperature)
        axes[2].set_xlabel(f"{scale.temperature_label}, at {_when(ensemble.times[-1], units)}")
    return figure


def _when(t: float, units: Units | None) -> str:
    """Return a time as the text of an axis, powers of ten as powers."""
    number = f"{t * scales(units).time:.4g}"
    if "e" in number:
        digits, power = number.split("e")
        number = f"{digits} \\times 10^{{{int(power)}}}"
    return rf"$t\,E_0/\hbar = {number}$" if units is None else f"$t = {number}$ s"


def _check(ensemble: StochasticEnsemble, path: Trajectory | None) -> None:
    of_type(
        "ensemble",
        ensemble,
        StochasticEnsemble,
        "a StochasticEnsemble",
        "Make one with thermo.evolve_stochastic.",
    )
    if len(ensemble.times) < 2:
        raise ValueError(
            "Argument `ensemble` must report at two times or more, but has one. Run with "
            "times=None, or np.linspace(0, t_final, 50)."
        )
    if path is None:
        return
    of_type("path", path, Trajectory, "a Trajectory", "Make one with thermo.evolve.")
    if path.T.shape[1] != len(ensemble.names) or path.t[-1] < ensemble.times[-1]:
        raise ValueError(
            f"Argument `path` must follow the same {len(ensemble.names)} reservoirs up to t = "
            f"{ensemble.times[-1]:g}, but follows {path.T.shape[1]} up to {path.t[-1]:g}. Evolve "
            "them with t_final."
        )


def _check_noise(noise: object, path: object) -> None:
    if noise is not None and (path is None or not isinstance(noise, PathFluctuations)):
        raise TypeError(
            f"Argument `noise` must be the fluctuations of `path`, but is {type(noise).__name__}, "
            f"and `path` {type(path).__name__}. Give path and path.fluctuations(model)."
        )


def _between(times: FloatArray, t: FloatArray, values: FloatArray) -> FloatArray:
    """Return values (m, n), known at t (m,), at other times, linear in between."""
    return np.stack([np.interp(times, t, column) for column in values.T], axis=1)


def _dotted(axis: Axes, times: FloatArray, field: FloatArray, widths: FloatArray) -> None:
    """Draw the path plus and minus its linear noise."""
    for curve, width in zip(field.T, widths.T, strict=True):
        for edge in (curve + width, curve - width):
            axis.plot(times, edge, color="black", lw=0.8, ls=":", label="linear noise")


def _bands(
    axis: Axes,
    ensemble: StochasticEnsemble,
    kind: str,
    factors: tuple[float, float],
    field: FloatArray | None,
) -> None:
    """Draw means with bands; factors of time and value from natural units to those of the axes."""
    t = ensemble.times * factors[0]
    mean, spread = (getattr(ensemble, f"{kind}_{what}") * factors[1] for what in ("mean", "std"))
    for j, (name, colour) in enumerate(
        zip(ensemble.names, colours(len(ensemble.names)), strict=True)
    ):
        low, high = mean[:, j] - spread[:, j], mean[:, j] + spread[:, j]
        axis.fill_between(t, low, high, color=colour, alpha=0.2, lw=0)
        axis.plot(t, mean[:, j], color=colour, label=reservoir_label(name))
        if field is not None:
            axis.plot(t, field[:, j], color="black", lw=0.9, ls="--", label="mean field")


def _histograms(axis: Axes, ensemble: StochasticEnsemble, factor: float) -> None:
    last = ensemble.T[:, -1] * factor
    edges = np.histogram_bin_edges(last, _BINS).tolist()
    for curve, colour in zip(last.T, colours(len(ensemble.names)), strict=True):
        axis.hist(curve, edges, color=colour, alpha=0.6)
    axis.set_ylabel("trajectories")
