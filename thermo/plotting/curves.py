"""Curves: quantities over the one parameter of a sweep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oqs.arguments import FloatArray, of_type, sequence
from oqs.deferred import xr
from oqs.exports import exported
from oqs.units import Units
from thermo.plotting.style import (
    TWO_COLUMNS,
    axis_name,
    checked_labels,
    colours,
    drawing,
    in_si,
    labelled,
    merit_axis,
    reservoir_label,
)

_PANEL_HEIGHT: Final = 2.0  # inches
_CLOSE: Final = 0.005  # of a panel: curves no farther from each other are drawn on each other
_SINGLE_HEIGHT: Final = 2.8  # of one panel alone, which title, axis and legend share


@exported
def plot_curves(
    table: xr.Dataset,
    quantities: str | Iterable[str] | None = None,
    *,
    labels: Mapping[str, str] | None = None,
    width: float = TWO_COLUMNS,
    units: Units | None = None,
    ax: Axes | Iterable[Axes] | None = None,
) -> Figure:
    """Return a figure of variables of a sweep over its one axis, a panel for each.

    A variable of one number is one curve, one of a number for each reservoir a curve for each.
    Curves are broken where a point failed.

    Parameters
    ----------
    table : made by `sweep` over one parameter, or any Dataset of variables over one.
    quantities : names of the variables; None for all that hold numbers.
    labels : {name: text} for the axes; without one, the parameter has its attribute `long_name`,
        all else its name.
    width : of the figure, inches: 3.4 for one column of a journal, 7.0 for two. Text is 8 pt.
    units : what says its unit, by an attribute `units` in E_0 and hbar as tables of results do, in
        K, meV, s, 1/s or fW; None for natural units.
    ax : matplotlib axes to draw on, one for each variable, instead of a new figure.

    Returns
    -------
    matplotlib.figure.Figure : belongs to no pyplot state; save it with .savefig(file).

    Raises
    ------
    TypeError, ValueError
        if table is no Dataset over one axis of two numbers or more, or has no such variable of
        numbers.

    Examples
    --------
    >>> def flows(V):
    ...     dots = oqs.QuadraticSystem.from_energies([0.5])
    ...     law = oqs.closed_form(dots, [oqs.Contact(oqs.flat(0.01))] * 2)
    ...     return {"heat": law([0.1, 0.2], [V, 0.0]).heat}
    >>> table = thermo.sweep(flows, {"V": np.linspace(-1, 1, 21)})
    >>> figure = thermo.plot_curves(table, "heat", labels={"V": "bias"})
    >>> figure.axes[0].get_xlabel(), len(figure.axes)
    ('bias', 1)
    """
    across = _axis(table)
    shown = _shown(table, quantities, across)
    text = checked_labels(labels)
    height = _PANEL_HEIGHT if len(shown) > 1 else _SINGLE_HEIGHT
    with drawing(len(shown), width, height, ax) as (figure, axes):
        second, unit = in_si(table[across].attrs.get("units", ""), units)
        x = table[across].values * second
        for axis, name in zip(axes, shown, strict=True):
            factor, its = in_si(table[name].attrs.get("units", ""), units)
            _draw(axis, x, table[name] * factor)
            if name == "ZT":
                merit_axis(axis, table[name].values)
            axis.set_ylabel(labelled(text.get(name, name), its))
            axis.tick_params(labelbottom=axis is axes[-1])
        axes[-1].set_xlabel(labelled(text.get(across, axis_name(table, across)), unit))
    return figure


def _axis(table: xr.Dataset) -> str:
    """Return the name of the one axis; raise TypeError, ValueError unless there is one."""
    of_type("table", table, xr.Dataset, "an xarray Dataset", "Make one with thermo.sweep.")
    grid = table["error"].dims if "error" in table else ()
    axes = grid or {variable.dims[0] for variable in table.data_vars.values() if variable.ndim}
    numbers = [str(n) for n in axes if table[n].dtype.kind in "iuf" and table[n].size > 1]
    if len(axes) != 1 or not numbers:
        raise ValueError(
            f"Argument `table` must have one axis of two numbers or more, but has {list(axes)}. "
            "Draw two axes with thermo.plot_map."
        )
    return numbers[0]


def _shown(table: xr.Dataset, quantities: str | Iterable[str] | None, across: str) -> list[str]:
    drawn = [
        str(name)
        for name, variable in table.data_vars.items()
        if variable.dtype.kind in "iuf" and variable.dims[:1] == (across,) and variable.ndim <= 2
    ]
    if quantities is None:
        asked = drawn
    elif isinstance(quantities, str):
        asked = [quantities]
    else:
        asked = sequence("quantities", quantities, "Give names of variables, or None for all.")
    wrong = [name for name in asked if not isinstance(name, str) or name not in drawn]
    if wrong or not asked:
        raise ValueError(
            f"Argument `quantities` must name variables of numbers over {across!r}, {drawn}, "
            f"but holds {wrong}. Name what the function of the sweep returned."
        )
    return asked


def _draw(axis: Axes, x: FloatArray, variable: xr.DataArray) -> None:
    values = variable.values
    if values.ndim == 1:
        axis.plot(x, values, color="black")
        return
    names = [str(each) for each in variable[variable.dims[1]].values]
    near = _CLOSE * np.ptp(values[np.isfinite(values)]) if np.isfinite(values).any() else 0.0
    for j, (label, colour) in enumerate(zip(names, colours(len(names)), strict=True)):
        curve = values[:, j]
        # what lies on a former curve, as the eye has it, is dashed: both are to be seen
        same = any(np.allclose(curve, values[:, i], equal_nan=True, atol=near) for i in range(j))
        axis.plot(x, curve, color=colour, ls="--" if same else "-", label=reservoir_label(label))
    if np.nanmin(values, initial=0.0) < 0 < np.nanmax(values, initial=0.0):
        axis.axhline(0, color="0.7", lw=0.6, zorder=1)
