"""A map: a quantity over two parameters of a sweep, as colours."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import ListedColormap
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import ScalarFormatter

from oqs.arguments import FloatArray, of_type, sequence, true_or_false
from oqs.deferred import xr
from oqs.exports import exported
from oqs.units import Units
from thermo.plotting.style import (
    COLOURS,
    TWO_COLUMNS,
    axis_name,
    checked_labels,
    checked_width,
    in_si,
    labelled,
    legend_below,
    panels,
    paper_style,
)

_SHAPE: Final = 0.7  # height over width
_MISSING: Final = "0.85"  # grey, where a point failed
_MOST_WORDS = len(COLOURS)


@exported
def plot_map(
    table: xr.Dataset,
    quantity: str = "value",
    *,
    labels: Mapping[str, str] | None = None,
    marks: Iterable[Mapping[str, float]] = (),
    limits: tuple[float, float] | None = None,
    lines: bool = True,
    width: float = TWO_COLUMNS,
    units: Units | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Return a figure of one variable of a sweep over its two axes.

    Numbers are drawn as colours with labelled lines of equal value: of one sign from dark to light,
    of both signs blue below zero, white at zero, red above. Words, such as a device's mode, are one
    colour each. Points that failed are grey.

    Parameters
    ----------
    table : made by `sweep` over two parameters, or any Dataset of two-dimensional variables.
    quantity : name of the variable.
    labels : {name: text} for the axes and the colour bar; a name without one stands for itself.
    marks : points to mark, such as optimum.parameters; each names both axes.
    limits : lowest and highest number that colours tell apart, of both signs as far from zero; None
        takes those of the table.
    lines : draw lines of equal value.
    width : of the figure, inches: 3.4 for one column of a journal, 7.0 for two. Text is 8 pt.
    units : what says its unit, by an attribute `units` in E_0 and hbar as tables of results do, in
        K, meV, s, 1/s or fW; None for natural units.
        `marks` and `limits` stay natural.
    ax : matplotlib axes to draw on instead of a new figure.

    Returns
    -------
    matplotlib.figure.Figure : belongs to no pyplot state; save it with .savefig(file). The first
    axis of the table runs to the right, the second up.

    Raises
    ------
    TypeError, ValueError
        if table is no Dataset, has no such variable, the variable has other than two axes of two
        points or more, holds nothing but failures or more words than colours, or a mark lacks an
        axis.

    Examples
    --------
    >>> def power(V, w):
    ...     return V * (w - V) * np.exp(-w)
    >>> table = thermo.sweep(power, {"V": np.linspace(0, 1, 5), "w": np.linspace(0, 3, 7)})
    >>> figure = thermo.plot_map(table, labels={"value": "power"}, marks=[{"V": 0.5, "w": 1.5}])
    >>> figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()
    ('V', 'w')
    """
    values = _values(table, quantity)
    across, up = (str(name) for name in values.dims)
    (wide, x_unit), (high, y_unit), (factor, unit) = (
        in_si(variable.attrs.get("units", ""), units)
        for variable in (table[across], table[up], values)
    )
    points = [
        _mark(mark, across, up) for mark in sequence("marks", marks, "Give [optimum.parameters].")
    ]
    true_or_false("lines", lines, "False draws no contours.")
    text, inches = checked_labels(labels), checked_width(width)
    with paper_style():
        figure, (axis,) = panels(1, inches, _SHAPE * inches, ax)
        axis.set_facecolor(_MISSING)
        x, y = table[across].values * wide, table[up].values * high
        if values.dtype.kind in "UO":
            _draw_words(figure, axis, x, y, values)
        else:
            ends = None if (own := _checked_limits(limits)) is None else np.multiply(own, factor)
            numbers = values.values * factor
            mesh, drawn = _draw_numbers(axis, x, y, numbers.T, limits=ends, lines=lines)
            extend = _beyond(numbers, *mesh.get_clim())
            words = labelled(text.get(quantity, quantity), unit)
            power = _power_of_ten(*mesh.get_clim())
            figure.colorbar(mesh, ax=axis, label=words, extend=extend, format=_over(power))
            if drawn is not None:
                _name_lines(axis, drawn, power)
        for right, above in points:
            axis.plot(
                right * wide,
                above * high,
                marker="*",
                ms=10,
                mfc="white",
                mec="black",
                ls="",
                clip_on=False,
            )
        axis.set_xlabel(labelled(text.get(across, axis_name(table, across)), x_unit))
        axis.set_ylabel(labelled(text.get(up, axis_name(table, up)), y_unit))
    return figure


def _draw_numbers(
    axis: Axes,
    x: FloatArray,
    y: FloatArray,
    values: FloatArray,
    *,
    limits: FloatArray | None,
    lines: bool,
) -> tuple[QuadMesh, QuadContourSet | None]:
    """Draw colours, and lines of equal value where there are any; both signs about zero."""
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if limits is None else limits
    both = low < 0 < high
    if both:
        high = max(-low, high)
        low = -high
    colours = "RdBu_r" if both else "viridis"
    mesh = axis.pcolormesh(
        x, y, values, shading="nearest", rasterized=True, cmap=colours, vmin=low, vmax=high
    )
    if not (lines and np.ptp(finite) > 0):
        return mesh, None
    drawn = axis.contour(x, y, values, colors="0.25" if both else "white", linewidths=0.6)
    if not both:  # from dark to light: a white line is seen on all of them by its edge
        drawn.set_path_effects([withStroke(linewidth=1.4, foreground="0.25")])
    return mesh, drawn


def _power_of_ten(low: float, high: float) -> int:
    """Return what numbers of these sizes are shown over, 0 for as they are."""
    size = max(abs(low), abs(high))
    power = math.floor(math.log10(size)) if size > 0 else 0
    least, most = mpl.rcParams["axes.formatter.limits"]
    return 0 if least < power < most else power


def _over(power: int) -> ScalarFormatter:
    formatter = ScalarFormatter()
    if power:
        formatter.set_powerlimits((power, power))  # equal ones fix it
    else:
        formatter.set_scientific(False)
    return formatter


def _name_lines(axis: Axes, drawn: QuadContourSet, power: int) -> None:
    """Write their numbers on lines of equal value, over the power of ten of the colour bar."""
    texts = axis.clabel(
        drawn,
        fontsize=7,
        fmt=lambda level: f"{level / 10.0**power + 0.0:.3g}".replace("-", "\N{MINUS SIGN}"),
    )
    for text in texts:
        text.set_path_effects(drawn.get_path_effects())


def _checked_limits(limits: tuple[float, float] | None) -> tuple[float, float] | None:
    if limits is None:
        return None
    try:
        low, high = (float(limit) for limit in limits)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"Argument `limits` must be two numbers, but is {limits!r}. Give (lowest, highest)."
        ) from error
    if not -np.inf < low < high < np.inf:
        raise ValueError(
            f"Argument `limits` must be a lower and a higher number, but is {limits!r}. "
            "Give (lowest, highest)."
        )
    return low, high


def _beyond(values: np.ndarray, low: float, high: float) -> str:
    """Return at which ends of the colour bar numbers lie beyond it."""
    finite = values[np.isfinite(values)]
    below, above = bool(np.any(finite < low)), bool(np.any(finite > high))
    return {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[below, above]


def _draw_words(
    figure: Figure, axis: Axes, x: np.ndarray, y: np.ndarray, values: xr.DataArray
) -> None:
    """Draw one colour for each word, named in a legend below the map; "" where a point failed."""
    text = values.values.astype(str)
    words = [word for word in np.unique(text) if word]
    if len(words) > _MOST_WORDS:
        raise ValueError(
            f"Argument `quantity` must name a variable of at most {_MOST_WORDS} words, but "
            f"{values.name!r} has {len(words)}. Draw a number instead."
        )
    codes = np.full(text.shape, np.nan)
    for code, word in enumerate(words):
        codes[text == word] = code
    colours = COLOURS[: len(words)]
    axis.pcolormesh(
        x,
        y,
        codes.T,
        shading="nearest",
        cmap=ListedColormap(colours),
        vmin=-0.5,
        vmax=len(words) - 0.5,
    )
    patches = [Patch(color=c, label=word) for c, word in zip(colours, words, strict=True)]
    legend_below(figure, [], patches)


def _values(table: xr.Dataset, quantity: str) -> xr.DataArray:
    """Return the variable to draw, after all checks."""
    of_type("table", table, xr.Dataset, "an xarray Dataset", "Make one with thermo.sweep.")
    if not isinstance(quantity, str) or quantity not in table.data_vars:
        raise ValueError(
            f"Argument `quantity` must be one of {sorted(map(str, table.data_vars))}, "
            f"but is {quantity!r}. Name what the function of the sweep returned."
        )
    values = table[quantity]
    if values.ndim != 2 or min(values.shape) < 2:
        raise ValueError(
            f"Argument `quantity` must name a variable over two axes of two points or more, but "
            f"{quantity!r} has shape {values.shape}. Sweep two parameters, or select from more."
        )
    empty = values.values == "" if values.dtype.kind in "UO" else ~np.isfinite(values.values)
    if np.all(empty):
        raise ValueError(
            f"Argument `table` must hold a result, but every point of {quantity!r} failed. "
            "Its variable `error` says why."
        )
    return values


def _mark(mark: Mapping[str, float], across: str, up: str) -> tuple[float, float]:
    try:
        return float(mark[across]), float(mark[up])
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise ValueError(
            f"Argument `marks` must hold mappings with {across!r} and {up!r}, but one is {mark!r}. "
            "Give e.g. optimum.parameters."
        ) from error
