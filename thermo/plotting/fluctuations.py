"""Fluctuations as figures: noise over a bias, the generating function, waiting times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

import oqs
from oqs.arguments import FloatArray, has_shape, of_type, real_array, sequence
from oqs.exports import exported
from oqs.fluctuations.quantities import checked_reservoir
from oqs.summary import reservoir_names
from oqs.units import Units
from thermo.plotting.style import (
    COLOURS,
    TWO_COLUMNS,
    colours,
    drawing,
    labelled,
    reservoir_label,
    scales,
)

_PANEL_HEIGHT: Final = 2.0  # inches
_SINGLE_HEIGHT: Final = 2.8
_SYMMETRIC: Final = (-0.25, 1.25)  # about 1/2
_POINTS: Final = 61


@exported
def plot_noise(
    along: ArrayLike,
    noise: oqs.Noise,
    *,
    quantity: str = "particle",
    label: str = "bias",
    reservoirs: str | Sequence[int | str] | None = None,
    width: float = TWO_COLUMNS,
    units: Units | None = None,
    ax: Iterable[Axes] | None = None,
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
    reservoirs : names or indices of those to draw; None draws all.
    width : of the figure, inches: 3.4 for one column of a journal, 7.0 for two. Text is 8 pt.
    units : particles in 1/s, energy and heat in fW, their noise in fW meV; `along` as it is. None
        for natural units.
    ax : two matplotlib axes to draw on instead of a new figure; no legend is drawn then.

    Raises
    ------
    TypeError, ValueError, KeyError, IndexError
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
    of_type("noise", noise, oqs.Noise, "an oqs.Noise", "Make one with oqs.noise(model, T, mu).")
    x = real_array("along", along, "Give the parameter at each point of the batch.")
    has_shape("along", x, noise.flows.particle.shape[:-1], "Give one number per point of `noise`.")
    fano = noise.fano(quantity)  # refuses another quantity
    size = np.diagonal(noise.covariance(quantity), axis1=-2, axis2=-1)
    mean = getattr(noise.flows, quantity)
    n = mean.shape[-1]
    named = [reservoirs] if isinstance(reservoirs, str) else reservoirs
    chosen = range(n) if named is None else sequence("reservoirs", named, "Give names or numbers.")
    drawn = [checked_reservoir("reservoirs", j, noise.flows.names, n) for j in chosen]
    names = reservoir_names(noise.flows.names, n)
    scale = scales(units)
    counted = quantity == "particle"
    factor = scale.rate if counted else scale.heat
    one = 1.0 if counted else scale.energy  # of noise/|mean|
    styles = (("mean", "-"), ("noise", "--"))
    handles = [Line2D([], [], color="0.3", ls=ls, label=word) for word, ls in styles]
    with drawing(2, width, _PANEL_HEIGHT, ax, extra=handles) as (figure, (above, below)):
        for colour, j in zip(colours(len(drawn)), drawn, strict=True):
            name, ratio = reservoir_label(names[j]), fano[:, j] * one
            above.plot(x, mean[:, j] * factor, color=colour, label=name)
            above.plot(x, size[:, j] * factor * one, color=colour, ls="--")
            below.plot(x, np.where(np.isfinite(ratio), ratio, np.nan), color=colour)
        above.set_ylabel(_flow_label(quantity, units))
        below.axhline(one, color="0.6", lw=0.8)
        below.set_ylabel(labelled("noise/|mean|", "" if counted or units is None else "meV"))
        below.set_xlabel(label)
        above.tick_params(labelbottom=False)
        _about_one(below, fano[:, drawn] * one, one)
    return figure


def _flow_label(quantity: str, units: Units | None) -> str:
    if units is None:
        return f"{quantity} flow"
    if quantity == "particle":
        return "particle flow (1/s)"
    return f"{quantity} flow (fW)\nnoise (fW meV)"


@exported
def plot_generating_function(
    statistics: oqs.CountingStatistics,
    *,
    width: float = TWO_COLUMNS,
    units: Units | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Return a figure of the generating function along the affinities, with its symmetry.

    lambda(-s A) with A = (mu_j/T_j, -1/T_j) is the generating function of the entropy that the
    reservoirs gain; the fluctuation theorem says that it is the same at s and 1 - s (circles). Its
    slope at 0 is minus the entropy production.

    Parameters
    ----------
    statistics : of oqs.counting_statistics or oqs.levitov.
    width : of the figure, inches: 3.4 for one column of a journal, 7.0 for two. Text is 8 pt.
    units : per second; None for natural units, per hbar/E_0.
    ax : matplotlib axes to draw on instead of a new figure; no legend is drawn then.

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
    of_type(
        "statistics",
        statistics,
        oqs.CountingStatistics,
        "counting statistics",
        "Make them with oqs.counting_statistics(model, T, mu).",
    )
    s, fields = _fields(statistics)
    scale = scales(units)
    values = scale.rate * statistics.generating_function(*fields)
    slope = -statistics.entropy_production * scale.rate
    near = s[(s >= -0.1) & (s <= 0.25)]
    with drawing(1, width, _SINGLE_HEIGHT, ax) as (figure, (axis,)):
        axis.axhline(0.0, color="0.6", lw=0.8)
        axis.axvline(0.5, color="0.6", lw=0.8, ls=":")
        axis.plot(s, values, color=COLOURS[0], label="$\\lambda(-sA)$")
        axis.plot(
            1 - s[::5], values[::5], "o", ms=4, mfc="none", color=COLOURS[1], label="mirrored"
        )
        axis.plot(near, slope * near, color="0.4", ls="--", label="$-\\sigma s$")
        axis.set_xlabel("$s$")
        axis.set_ylabel(labelled("$\\lambda$", "$E_0/\\hbar$" if units is None else "1/s"))
    return figure


def spans(statistics: oqs.CountingStatistics) -> bool:
    """Return whether e^x is a number at all fields that `plot_generating_function` draws."""
    return statistics.bounded(*(field[[0, -1]] for field in _fields(statistics)[1]))


def _fields(statistics: oqs.CountingStatistics) -> tuple[FloatArray, tuple[FloatArray, FloatArray]]:
    """Return s (m,) and the fields -s A (m, n) of particles and of energy."""
    s = np.linspace(*_SYMMETRIC, _POINTS)
    affinity = statistics.mu / statistics.T, -1 / statistics.T
    return s, (-s[:, None] * affinity[0], -s[:, None] * affinity[1])


@exported
def plot_waiting_times(
    waiting: oqs.WaitingTimes,
    *,
    label: str = "waiting time",
    width: float = TWO_COLUMNS,
    units: Units | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Return a figure of the density of waiting times, their mean as a line.

    Parameters
    ----------
    waiting : of stats.waiting_time(first, then, times).
    label : of the axis of times.
    width : of the figure, inches: 3.4 for one column of a journal, 7.0 for two. Text is 8 pt.
    units : times in s; None for natural units, hbar/E_0.
    ax : matplotlib axes to draw on instead of a new figure; no legend is drawn then.

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
    of_type(
        "waiting",
        waiting,
        oqs.WaitingTimes,
        "oqs.WaitingTimes",
        "Make them with stats.waiting_time(first, then, times).",
    )
    scale = scales(units)
    mean = waiting.mean * scale.time
    with drawing(1, width, _SINGLE_HEIGHT, ax) as (figure, (axis,)):
        axis.plot(waiting.times * scale.time, waiting.density / scale.time, color=COLOURS[0])
        axis.axvline(mean, color="0.5", ls="--", lw=1, label=f"mean {mean:.4g}")
        axis.set_ylim(bottom=0.0)
        axis.set_xlim(left=0.0)
        axis.set_xlabel(labelled(label, "" if units is None else "s"))
        axis.set_ylabel(labelled("density", "" if units is None else "1/s"))
    return figure


def _about_one(axis: Axes, fano: FloatArray, one: float) -> None:
    """Show Fano factors around 1 and the lowest ones; noise without a mean runs off the picture."""
    finite = fano[np.isfinite(fano)]
    far = 3.0 * max(one, float(np.min(finite)) if finite.size else one)
    axis.set_ylim(0.0, min(float(np.max(finite, initial=one)) * 1.1, far))
