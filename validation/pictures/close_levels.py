"""Which generator at which splitting: deviations of P, J, Y from exact flows, drawn."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
from matplotlib.figure import Figure

import oqs
from oqs.arguments import FloatArray
from validation.families.open_system.close_levels import errors
from validation.systems import close_levels
from validation.systems.settings import Setting

_FARTHEST = 100.0  # splitting over rate up to which levels are counted as one
_KINDS = ("P", "J", "Y")
_COLOURS = {"Davies": "C0", "counted as one": "C1", "PERLind": "C2"}


@final
@dataclasses.dataclass(frozen=True, eq=False)
class CloseLevels:
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
        deviations[name] = {kind: np.array([row[kind] for row in rows]) for kind in _COLOURS}
    return CloseLevels(ratio, deviations)


def _each(setting: Setting, ratio: float) -> dict[str, FloatArray]:
    """Return the deviations (3,) of each generator."""
    system, contacts = setting.system, setting.contacts
    joined = np.full(3, np.nan)
    if ratio <= _FARTHEST:
        wide = float(setting.levels.sum())  # of the whole spectrum: all are above 0
        joined = errors(oqs.davies(system, contacts, resolution=wide), setting)
    return {
        "Davies": errors(oqs.davies(system, contacts), setting),
        "counted as one": joined,
        "PERLind": errors(oqs.perlind(system, contacts), setting),
    }


def draw(data: CloseLevels) -> Figure:
    """Return one panel for each device, logarithmic, with the audit's threshold of 0.1."""
    figure = Figure(figsize=(9.0, 6.4), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True, sharey=True).ravel()
    for axes, (name, generators) in zip(panels, data.deviation.items(), strict=True):
        for generator, values in generators.items():
            for column, style in enumerate(("-", "--", ":")):
                label = f"{generator}, {_KINDS[column]}" if column == 0 else _KINDS[column]
                axes.loglog(
                    data.ratio,
                    np.maximum(values[:, column], 1e-9),
                    style,
                    color=_COLOURS[generator],
                    linewidth=1.2,
                    label=label,
                )
        axes.axhline(0.1, color="0.5", linewidth=0.8)
        axes.set_title(name, fontsize=10)
        axes.grid(True, which="major", linewidth=0.3)
    panels[0].legend(fontsize=7, frameon=False, ncols=3)
    for axes in panels[2:]:
        axes.set_xlabel(r"splitting over rate, $\Delta/\gamma$")
    for axes in panels[::2]:
        axes.set_ylabel("deviation from Landauer")
    return figure
