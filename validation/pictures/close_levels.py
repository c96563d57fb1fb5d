"""Which generator at which splitting: deviations of P, J, Y from exact flows, drawn."""

from __future__ import annotations

from typing import Any, NamedTuple, final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

import oqs
from oqs.arguments import FloatArray
from thermo.plotting.style import COLOURS, TWO_COLUMNS, legend_below, paper_style
from validation.families.open_system.close_levels import errors, joined
from validation.systems import close_levels
from validation.systems.settings import Setting

_FARTHEST = 100.0  # splitting over rate up to which levels are counted as one
_KINDS = ("P", "J", "Y")
_STYLES = ("-", "--", ":")  # of their lines
_GENERATORS = ("Davies", "counted as one", "PERLind")


@final
class CloseLevels(NamedTuple):
    """Deviations from Landauer's formula, relative to the largest flow of each kind."""

    ratio: FloatArray  # (m,) splitting over rate
    # by system and generator, (m, 3) of P, J, Y; NaN where a generator was not asked
    deviation: dict[str, dict[str, FloatArray]]


def compute(points: int = 25) -> CloseLevels:
    """Return the deviations of four devices over the splitting, rate 0.02 T."""
    ratio = np.logspace(-3, 3, points)
    deviations: dict[str, dict[str, FloatArray]] = {}
    for name in close_levels.SYSTEMS:
        rows = [_each(close_levels.setting(name, r), float(r)) for r in ratio]
        deviations[name] = {kind: np.array([row[kind] for row in rows]) for kind in _GENERATORS}
    return CloseLevels(ratio, deviations)


def _each(setting: Setting, ratio: float) -> dict[str, FloatArray]:
    """Return the deviations (3,) of each generator."""
    near = ratio <= _FARTHEST
    return {
        "Davies": errors(setting.model, setting),
        "counted as one": errors(joined(setting), setting) if near else np.full(3, np.nan),
        "PERLind": errors(oqs.perlind(setting.system, setting.contacts), setting),
    }


def draw(data: CloseLevels) -> Figure:
    """Return one panel for each device, logarithmic, with the audit's threshold of 0.1."""
    with paper_style():
        figure = Figure(figsize=(TWO_COLUMNS, 5.4), layout="constrained")
        panels = figure.subplots(2, 2, sharex=True, sharey=True).ravel()
        for axes, (name, generators) in zip(panels, data.deviation.items(), strict=True):
            for values, colour in zip(generators.values(), COLOURS, strict=False):
                for column, style in zip(values.T, _STYLES, strict=True):
                    axes.loglog(data.ratio, np.maximum(column, 1e-9), style, color=colour)
            axes.axhline(0.1, color="0.5", linewidth=0.8)
            axes.set_title(name)
            axes.grid(True, which="major", linewidth=0.3)
        for axes in panels[2:]:
            axes.set_xlabel(r"splitting over rate, $\Delta/\gamma$")
        for axes in panels[::2]:
            axes.set_ylabel("deviation from Landauer")
        looks: list[dict[str, Any]] = [{"color": colour} for colour in COLOURS[: len(_GENERATORS)]]
        looks += [{"color": "black", "ls": style} for style in _STYLES]
        named = zip(looks, (*_GENERATORS, *_KINDS), strict=True)
        legend_below(figure, [], [Line2D([], [], **look, label=name) for look, name in named])
    return figure
