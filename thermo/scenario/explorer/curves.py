"""T_j(t) and mu_j(t) of the evolution, as curves that are drawn anew when a slider is moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, final

import numpy as np
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

from oqs.units import Units
from thermo.evolution.trajectory import Trajectory
from thermo.plotting.style import colours, reservoir_label, scales
from thermo.plotting.trajectory import sampled

_HEIGHT: Final = 270  # pixels
_TOOLS: Final = "pan,wheel_zoom,box_zoom,reset,save"


@final
class Curves:
    """Figures over one logarithmic axis of time: of T, and of mu where a reservoir has one.

    Parameters
    ----------
    names : (n,) of the reservoirs.
    charged : (n,) whether each has a mu.
    units : axes in K, meV and s; None for natural units.
    """

    def __init__(self, names: Sequence[str], charged: Sequence[bool], units: Units | None) -> None:
        self._scale = scales(units)
        columns = ["t", "T", "mu", *(f"{kind} {j}" for j in range(len(names)) for kind in _KINDS)]
        self._source = ColumnDataSource({name: [] for name in columns})
        energy = "E\N{SUBSCRIPT ZERO}"
        in_time, in_T, in_mu = f"\N{LATIN SMALL LETTER H WITH STROKE}/{energy}", energy, energy
        if units is not None:
            in_time, in_T, in_mu = "s", "K", "meV"
        self.figures = [self._figure(f"temperature ({in_T})", f"time ({in_time})", None)]
        time = self.figures[0].x_range
        if any(charged):
            potential = f"chemical potential ({in_mu})"
            self.figures.append(self._figure(potential, f"time ({in_time})", time))
        for j, (name, colour) in enumerate(zip(names, colours(len(names)), strict=True)):
            for axis, kind, drawn in zip(self.figures, _KINDS, (True, charged[j]), strict=False):
                if drawn:
                    look = {"color": colour, "line_width": 2, "legend_label": reservoir_label(name)}
                    axis.line("t", f"{kind} {j}", source=self._source, **look)
        for axis, kind in zip(self.figures, _KINDS, strict=False):
            look = {"color": "black", "line_dash": "dashdot", "legend_label": "equilibrium"}
            axis.line("t", kind, source=self._source, **look)
        legend = self.figures[0].legend[0]
        legend.orientation = "horizontal"
        legend.spacing = 20
        legend.border_line_color = None
        self.figures[0].add_layout(legend, "above")
        if len(self.figures) > 1:  # the same colours
            self.figures[1].legend.visible = False

    def draw(self, path: Trajectory) -> None:
        """Show an evolution."""
        times, state = sampled(path)
        goal = path.equilibrium
        ends = (np.nan, np.nan) if goal is None else (float(goal.T), float(goal.mu))
        factors = (self._scale.temperature, self._scale.energy)
        data: dict[str, Any] = {"t": times * self._scale.time}
        for kind, values, end, factor in zip(_KINDS, state, ends, factors, strict=True):
            data[kind] = np.full(len(times), end * factor)
            data |= {f"{kind} {j}": values[:, j] * factor for j in range(values.shape[1])}
        self._source.data = data

    def clear(self) -> None:
        """Show none."""
        self._source.data = {name: [] for name in self._source.data}

    def _figure(self, label: str, time: str, x_range: Any) -> Any:
        shared = {} if x_range is None else {"x_range": x_range}
        made = figure(
            x_axis_type="log",
            height=_HEIGHT,
            sizing_mode="stretch_width",
            x_axis_label=time,
            y_axis_label=label,
            tools=_TOOLS,
            **shared,
        )
        made.toolbar.logo = None
        return made


_KINDS: Final = ("T", "mu")
