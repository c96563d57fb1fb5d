"""Response and engines as figures: coefficients over a parameter, efficiency against noise."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

import oqs
from oqs.arguments import has_shape, of_type, real_array
from oqs.deferred import xr
from oqs.exports import exported
from oqs.summary import reservoir_names
from thermo.plotting.style import TWO_COLUMNS, colours, drawing, merit_axis

_PANEL_HEIGHT: Final = 1.5  # inches
_HEIGHT: Final = 4.0
_SHOWN: Final = (
    ("conductance", r"conductance $G\,\hbar$"),
    ("seebeck", "Seebeck $S/k_B$"),
    ("thermal_conductance", r"heat conductance $\kappa\,\hbar/k_BE_0$"),
    ("ZT", "$ZT$"),
)
_NEEDED: Final = ("power", "power_noise", "over_carnot")


@exported
def plot_response(
    along: ArrayLike,
    response: oqs.LinearResponse,
    *,
    label: str = "chemical potential ($E_0$)",
    width: float = TWO_COLUMNS,
    ax: Axes | Iterable[Axes] | None = None,
) -> Figure:
    """Return a figure of conductance, Seebeck coefficient, heat conductance and ZT.

    A curve for each pair of reservoirs; ZT on a logarithmic axis. Coefficients that are all NaN, as
    those of electrons where only heat flows, have no panel.

    Parameters
    ----------
    along : (m,) the parameter, such as the chemical potential.
    response : of oqs.linear_response, over a batch (m,).
    label : of the parameter.
    width : of the figure, inches: 3.4 for one column of a journal, 7.0 for two. Text is 8 pt.
    ax : matplotlib axes to draw on, one for each coefficient, instead of a new figure.

    Raises
    ------
    TypeError, ValueError
        if response is none, or its batch is not (m,).

    Examples
    --------
    >>> leads = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.03))]
    >>> model = oqs.davies(oqs.anderson_dot(-0.4, U=1.2), leads)
    >>> mu = np.linspace(-1.0, 1.5, 51)
    >>> figure = thermo.plot_response(mu, oqs.linear_response(model, 0.1, mu[:, None]))
    >>> len(figure.axes)
    4
    """
    of_type(
        "response",
        response,
        oqs.LinearResponse,
        "an oqs.LinearResponse",
        "Make one with oqs.linear_response(model, T, mu[:, None]).",
    )
    x = real_array("along", along, "Give the parameter at each point of the batch.")
    has_shape("along", x, np.shape(response.T), "Give one number per point of `response`.")
    n, names = response.reservoirs, reservoir_names(response.names, response.reservoirs)
    pairs = [(j, q) for j in range(n) for q in range(j + 1, n)]
    coefficients = [response.pair(j, q) for j, q in pairs]
    curves = {
        text: [np.asarray(getattr(pair, name)) for pair in coefficients] for name, text in _SHOWN
    }
    curves = {text: each for text, each in curves.items() if np.isfinite(each).any()}
    several = len(pairs) > 1
    with drawing(len(curves), width, _PANEL_HEIGHT, ax, legend=several) as (figure, axes):
        for axis, (text, each) in zip(axes, curves.items(), strict=True):
            for curve, (j, q), colour in zip(each, pairs, colours(len(pairs)), strict=True):
                axis.plot(x, curve, color=colour, label=f"{names[j]}, {names[q]}")
            axis.set_ylabel(text)
            axis.tick_params(labelbottom=axis is axes[-1])
            if text == "$ZT$":
                merit_axis(axis, np.array(each))
            elif np.nanmin(each) < 0 < np.nanmax(each):
                axis.axhline(0, color="0.7", lw=0.6, zorder=1)
        axes[-1].set_xlabel(label)
    return figure


@exported
def plot_efficiency_noise(
    table: xr.Dataset, *, width: float = TWO_COLUMNS, ax: Axes | None = None
) -> Figure:
    """Return a figure of efficiency against noise of an engine, with the bound of uncertainty.

    Every point of the table that is an engine, at its efficiency over Carnot's and at its noise
    over T_c power, coloured by its power. No engine of jumps lies below 2 x/(1 - x) (Pietzonka and
    Seifert 2018, doi:10.1103/PhysRevLett.120.190602).

    Parameters
    ----------
    table : of `device_map`, between two temperatures.
    width : of the figure, inches: 3.4 for one column of a journal, 7.0 for two. Text is 8 pt.
    ax : matplotlib axes to draw on instead of a new figure.

    Raises
    ------
    TypeError, ValueError
        if it is none, has no engine, or its temperatures are not two.

    Examples
    --------
    >>> leads = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
    >>> def level(w):
    ...     return oqs.davies(oqs.QuadraticSystem([[w]]), leads)
    >>> V = np.linspace(0.05, 1.5, 12)
    >>> table = thermo.device_map(level, [2.0, 3.0, 4.0], V, T=[1.0, 2.0], name="level")
    >>> thermo.plot_efficiency_noise(table).axes[0].get_xlabel()
    'efficiency over Carnot, $x$'
    """
    if not isinstance(table, xr.Dataset) or any(name not in table for name in _NEEDED):
        raise TypeError(
            f"Argument `table` must be a Dataset of thermo.device_map, but is "
            f"{type(table).__name__} without {list(_NEEDED)}. Make one with thermo.device_map."
        )
    baths = np.unique(table.attrs.get("T", ()))
    if len(baths) != 2:
        raise ValueError(
            f"Argument `table` must be of a device between two temperatures, but has "
            f"{baths.tolist()}. The bound on the noise is that of one Carnot efficiency."
        )
    power, noise, x = (table[name].values.ravel() for name in _NEEDED)
    engine = np.isfinite(x)
    if not engine.any():
        raise ValueError(
            "Argument `table` must hold an engine, but none of its points gives power. "
            "Take smaller biases, or a level above the chemical potentials."
        )
    power, x = power[engine], x[engine]
    y = noise[engine] / (baths[0] * power)
    bound = np.linspace(0.01, 0.99, 200)
    with drawing(1, width, _HEIGHT, ax) as (figure, (axis,)):
        points = axis.scatter(x, y, c=power, s=9, cmap="viridis")
        words = "bound of uncertainty, $2x/(1 - x)$"
        axis.plot(bound, 2 * bound / (1 - bound), color="black", lw=1, label=words)
        axis.set_yscale("log")
        axis.set_xlim(0, 1)
        axis.set_xlabel("efficiency over Carnot, $x$")
        axis.set_ylabel(r"noise of the power over $T_c\,\times$ power")
        figure.colorbar(points, ax=axis, label=r"power ($E_0^2/\hbar$)")
    return figure
