"""Fluctuations as figures: noise over a bias, the generating function, waiting times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

import oqs
from oqs.arguments import FloatArray, has_shape, index, real_array
from oqs.exports import exported
from oqs.summary import reservoir_names
from thermo.plotting.style import COLOURS, TWO_COLUMNS, PaperFigure, colours, paper_style

_SIZE: Final = (TWO_COLUMNS, 4.6)  # inches
_SINGLE: Final = (TWO_COLUMNS, 2.8)
_SYMMETRIC: Final = (-0.25, 1.25)  # about 1/2
_POINTS: Final = 61


@exported
@paper_style()
def plot_noise(
    along: ArrayLike,
    noise: oqs.Noise,
    *,
    quantity: str = "particle",
    label: str = "bias",
    reservoirs: Sequence[int] | None = None,
) -> Figure:
    """Return a figure of mean, noise and Fano factor of flows over one parameter.

    Above, the mean flow (full lines) and its noise (dashed); below, noise/|mean|, 1 for independent
    particles. The Fano factor is left out where the mean vanishes.

    Parameters
    ----------
    along : (m,) the parameter, such as a bias.
    noise : of oqs.noise, over a batch (m,).
    quantity : 'particle', 'energy' or 'heat'.
    label : of the parameter.
    reservoirs : indices of those to draw; None draws all.

    Raises
    ------
    TypeError, ValueError, IndexError
        if noise is none, its batch is not (m,), or there is no such quantity or reservoir.

    Examples
    --------
    >>> dot = oqs.anderson_dot(-0.4, 1.2)
    >>> model = oqs.davies(dot, [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))])
    >>> V = np.linspace(0.1, 4, 40)
    >>> noise = oqs.noise(model, [0.05, 0.05], V[:, None] * [0.5, -0.5])
    >>> figure = thermo.plot_noise(V, noise, reservoirs=[0], label="V")
    >>> figure.axes[1].get_xlabel()
    'V'
    """
    if not isinstance(noise, oqs.Noise):
        raise TypeError(
            f"Argument `noise` must be an oqs.Noise, but is {type(noise).__name__}. "
            "Make one with oqs.noise(model, T, mu)."
        )
    x = real_array("along", along, "Give the parameter at each point of the batch.")
    has_shape("along", x, noise.flows.particle.shape[:-1], "Give one number per point of `noise`.")
    fano = noise.fano(quantity)  # refuses another quantity
    size = np.diagonal(noise.covariance(quantity), axis1=-2, axis2=-1)
    mean = getattr(noise.flows, quantity)
    n = mean.shape[-1]
    chosen = range(n) if reservoirs is None else reservoirs
    remedy = "Reservoirs count from 0."
    drawn = [index("reservoirs", j, n, remedy) % n for j in chosen]
    names = reservoir_names(noise.flows.names, n)
    figure = PaperFigure(figsize=_SIZE, layout="constrained")
    above, below = figure.subplots(2, sharex=True)
    for colour, j in zip(colours(len(drawn)), drawn, strict=True):
        above.plot(x, mean[:, j], color=colour, label=f"mean, {names[j]}")
        above.plot(x, size[:, j], color=colour, ls="--", label=f"noise, {names[j]}")
        below.plot(x, np.where(np.isfinite(fano[:, j]), fano[:, j], np.nan), color=colour)
    above.set_ylabel(f"{quantity} flow")
    above.legend()
    below.axhline(1.0, color="0.6", lw=0.8)
    below.set_ylabel("noise/|mean|")
    below.set_xlabel(label)
    _about_one(below, fano[:, drawn])
    return figure


@exported
@paper_style()
def plot_generating_function(statistics: oqs.CountingStatistics) -> Figure:
    """Return a figure of the generating function along the affinities, with its symmetry.

    lambda(-s A) with A = (mu_j/T_j, -1/T_j) is the generating function of the entropy that the
    reservoirs gain; the fluctuation theorem says that it is the same at s and 1 - s (circles). Its
    slope at 0 is minus the entropy production.

    Parameters
    ----------
    statistics : of oqs.counting_statistics or oqs.levitov.

    Raises
    ------
    TypeError
        if they are none.

    Examples
    --------
    >>> level = oqs.QuadraticSystem([[0.3]])
    >>> model = oqs.davies(level, [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))])
    >>> stats = oqs.counting_statistics(model, T=[0.2, 0.35], mu=[0.6, -0.2])
    >>> len(thermo.plot_generating_function(stats).axes[0].lines)
    5
    """
    if not isinstance(statistics, oqs.CountingStatistics):
        raise TypeError(
            "Argument `statistics` must be counting statistics, but is "
            f"{type(statistics).__name__}. Make them with oqs.counting_statistics(model, T, mu)."
        )
    s = np.linspace(*_SYMMETRIC, _POINTS)
    affinity = statistics.mu / statistics.T, -1 / statistics.T
    values = statistics.generating_function(*(-s[:, None] * part for part in affinity))
    figure = PaperFigure(figsize=_SINGLE, layout="constrained")
    axis = figure.add_subplot()
    axis.axhline(0.0, color="0.6", lw=0.8)
    axis.axvline(0.5, color="0.6", lw=0.8, ls=":")
    axis.plot(s, values, color=COLOURS[0], label="$\\lambda(-sA)$")
    axis.plot(1 - s[::5], values[::5], "o", mfc="none", color=COLOURS[1], label="mirrored")
    slope = -statistics.entropy_production
    near = s[(s >= -0.1) & (s <= 0.25)]
    axis.plot(near, slope * near, color="0.4", ls="--", label="$-\\sigma s$")
    axis.set_xlabel("$s$")
    axis.set_ylabel("$\\lambda$ per unit time")
    axis.legend()
    return figure


@exported
@paper_style()
def plot_waiting_times(waiting: oqs.WaitingTimes, *, label: str = "waiting time") -> Figure:
    """Return a figure of the density of waiting times, their mean as a line.

    Parameters
    ----------
    waiting : of stats.waiting_time(first, then, times).
    label : of the axis of times.

    Raises
    ------
    TypeError
        if it is none.

    Examples
    --------
    >>> level = oqs.QuadraticSystem([[0.3]])
    >>> model = oqs.davies(level, [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))])
    >>> stats = oqs.counting_statistics(model, T=[0.02, 0.02], mu=[1.0, -1.0])
    >>> waiting = stats.waiting_time((1, "out"), (1, "out"), np.linspace(0, 500, 101))
    >>> thermo.plot_waiting_times(waiting).axes[0].get_ylabel()
    'density'
    """
    if not isinstance(waiting, oqs.WaitingTimes):
        raise TypeError(
            f"Argument `waiting` must be oqs.WaitingTimes, but is {type(waiting).__name__}. "
            "Make them with stats.waiting_time(first, then, times)."
        )
    figure = PaperFigure(figsize=_SINGLE, layout="constrained")
    axis = figure.add_subplot()
    axis.plot(waiting.times, waiting.density, color=COLOURS[0])
    axis.axvline(waiting.mean, color="0.5", ls="--", lw=1, label=f"mean {waiting.mean:.4g}")
    axis.set_ylim(bottom=0.0)
    axis.set_xlim(left=0.0)
    axis.set_xlabel(label)
    axis.set_ylabel("density")
    axis.legend()
    return figure


def _about_one(axis: Axes, fano: FloatArray) -> None:
    """Show Fano factors around 1; thermal noise without a mean runs off the picture."""
    finite = fano[np.isfinite(fano)]
    axis.set_ylim(0.0, min(float(np.max(finite, initial=1.0)) * 1.1, 3.0))
