"""A figure of fluctuating reservoirs: means with their bands, and histograms at the end."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oqs.arguments import FloatArray
from thermo.evolution.linear_noise.spread import PathFluctuations
from thermo.evolution.trajectory import Trajectory
from thermo.plotting.trajectory import TrajectoryFigure, colours
from thermo.stochastic.ensemble import StochasticEnsemble

_SIZE = (7.6, 7.6)  # inches
_BINS = 40


def plot_stochastic(
    ensemble: StochasticEnsemble,
    path: Trajectory | None = None,
    noise: PathFluctuations | None = None,
) -> Figure:
    """Return a figure of T_j(t) and mu_j(t), mean and standard deviation, and the last T_j.

    Parameters
    ----------
    ensemble : of `evolve_stochastic`, at two times or more.
    path : the mean field of the same start, `evolve`, drawn dashed; None for none.
    noise : `path.fluctuations(model)`, one standard deviation of it on both sides of the path
        dotted: what the bands are to first order in 1/(A V). None for none.

    Returns
    -------
    matplotlib.figure.Figure : save it with .savefig(file). Energies are in units of the reference
    T_0, times in hbar/T_0. Each band is one standard deviation on both sides of the mean over
    trajectories; the histograms are those at the last time.

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
    if noise is not None and (path is None or not isinstance(noise, PathFluctuations)):
        raise TypeError(
            f"Argument `noise` must be the fluctuations of `path`, but is {type(noise).__name__}, "
            f"and `path` {type(path).__name__}. Give path and path.fluctuations(model)."
        )
    figure = TrajectoryFigure(figsize=_SIZE, layout="constrained")
    axes = [figure.add_subplot(3, 1, place) for place in (1, 2, 3)]
    field = None if path is None else path.at(ensemble.times)
    for axis, kind, symbol in ((axes[0], "T", r"$T_j/T_0$"), (axes[1], "mu", r"$\mu_j/T_0$")):
        curve = None if field is None else getattr(field, kind)
        _bands(axis, ensemble, kind, curve)
        if curve is not None and noise is not None:
            _dotted(axis, ensemble.times, curve, noise.t, getattr(noise, f"{kind}_std"))
        axis.set_ylabel(symbol, fontsize=11)
        axis.set_xlabel(r"time $t\,T_0/\hbar$", fontsize=11)
    _histograms(axes[2], ensemble)
    for axis in axes:
        axis.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize=10, frameon=False)
    figure.align_ylabels(axes)
    return figure


def _check(ensemble: object, path: object) -> None:
    if not isinstance(ensemble, StochasticEnsemble):
        raise TypeError(
            f"Argument `ensemble` must be a StochasticEnsemble, but is {type(ensemble).__name__}. "
            "Make one with thermo.evolve_stochastic."
        )
    if len(ensemble.times) < 2:
        raise ValueError(
            "Argument `ensemble` must report at two times or more, but has one. Run with "
            "times=None, or np.linspace(0, t_final, 50)."
        )
    if path is None:
        return
    if not isinstance(path, Trajectory):
        raise TypeError(
            f"Argument `path` must be a Trajectory, but is {type(path).__name__}. "
            "Make one with thermo.evolve."
        )
    if path.T.shape[1] != len(ensemble.names) or path.t[-1] < ensemble.times[-1]:
        raise ValueError(
            f"Argument `path` must follow the same {len(ensemble.names)} reservoirs up to t = "
            f"{ensemble.times[-1]:g}, but follows {path.T.shape[1]} up to {path.t[-1]:g}. Evolve "
            "them with t_final."
        )


def _bands(axis: Axes, ensemble: StochasticEnsemble, kind: str, field: FloatArray | None) -> None:
    mean, spread = getattr(ensemble, f"{kind}_mean"), getattr(ensemble, f"{kind}_std")
    for j, (name, colour) in enumerate(
        zip(ensemble.names, colours(len(ensemble.names)), strict=True)
    ):
        label = f"reservoir {name}" if name.isdecimal() else name
        low, high = mean[:, j] - spread[:, j], mean[:, j] + spread[:, j]
        axis.fill_between(ensemble.times, low, high, color=colour, alpha=0.2, lw=0)
        axis.plot(ensemble.times, mean[:, j], color=colour, lw=1.8, label=label)
        if field is not None:
            shown = "mean field" if j == 0 else None
            axis.plot(ensemble.times, field[:, j], color="black", lw=1.2, ls="--", label=shown)


def _dotted(
    axis: Axes, times: FloatArray, field: FloatArray, t: FloatArray, spread: FloatArray
) -> None:
    """Draw the path plus and minus its linear noise, known at the path's own times t."""
    for j in range(field.shape[1]):
        width = np.interp(times, t, spread[:, j])
        for sign in (1, -1):
            shown = "linear noise" if j == 0 and sign > 0 else None
            axis.plot(times, field[:, j] + sign * width, color="black", lw=1.0, ls=":", label=shown)


def _histograms(axis: Axes, ensemble: StochasticEnsemble) -> None:
    last = ensemble.T[:, -1]
    edges = np.histogram_bin_edges(last, _BINS).tolist()
    for j, (name, colour) in enumerate(
        zip(ensemble.names, colours(len(ensemble.names)), strict=True)
    ):
        label = f"reservoir {name}" if name.isdecimal() else name
        axis.hist(last[:, j], edges, color=colour, alpha=0.6, label=label)
    axis.set_xlabel(rf"$T_j/T_0$ at $t = {ensemble.times[-1]:.3g}$", fontsize=11)
    axis.set_ylabel("trajectories", fontsize=11)
