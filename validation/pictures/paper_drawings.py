"""The paper's five figures and Table I, drawn from what the checks compute."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure

import thermo
from oqs.arguments import FloatArray
from thermo.machines.regimes import TABLE_I, Window, spectral_signs
from thermo.plotting.style import titled
from validation.families.finite_reservoirs.paper_figures import path
from validation.systems.cases import CASES, Case

_ROWS = (r"$j_1, p_1$", r"$y_1$", r"$j_2, p_2$", r"$y_2$")
_COLOURS = {1: "#d7e8f5", -1: "#fbe3d3", 0: "white"}
_WRONG = "red"
_SYMBOLS = {1: "+", -1: "\u2212", 0: "0"}


def trajectory_figure(case: Case) -> Figure:
    """Draw T_j(t) and mu_j(t) of a figure, with the exact gas."""
    figure = thermo.plot_trajectory(path(case, "exact"), frequencies=case.energies)
    titled(figure, f"{case.name.capitalize()}: exact ideal gas, driven by Eq. (10)")
    return figure


FIGURES: dict[str, Callable[[], Figure]] = {
    case.name.replace(" ", "_"): functools.partial(trajectory_figure, case) for case in CASES
}
"""File name, without suffix -> what draws each of the five figures."""


def table_one() -> Figure:
    """Draw Table I: signs from the occupations, the printed one beside each; red if they differ."""
    figure = Figure(figsize=(8.2, 4.6), layout="constrained")
    for axes, (title, windows) in zip(figure.subplots(2, 1), TABLE_I.items(), strict=True):
        T = np.array([0.8, 1.0] if title == "T_1 < T_2" else [1.0, 0.8])
        mu = np.array([18.8, 18.0])
        columns, cells, colours = [], [], []
        for window in windows:
            low, high = window.ends(T, mu)
            pairs = list(zip(_signs(T, mu, low, high), _printed(window), strict=True))
            columns.append(_range(window))
            cells.append([f"{_SYMBOLS[s]}   ({_SYMBOLS[p]})" for s, p in pairs])
            colours.append([_COLOURS[s] if s == p else _WRONG for s, p in pairs])
        axes.axis("off")
        axes.set_title(rf"${title}$, $\mu_1 > \mu_2$", fontsize="medium", loc="left")
        table = axes.table(
            cellText=list(zip(*cells, strict=True)),
            cellColours=list(zip(*colours, strict=True)),
            rowLabels=_ROWS,
            colLabels=columns,
            cellLoc="center",
            loc="upper center",
        )
        table.scale(1.0, 1.45)
    figure.suptitle("Table I: signs of the spectral flows in each window, computed (printed)")
    return figure


_ENDS = {
    "zero": "0",
    "mu_1": r"\mu_1",
    "mu_2": r"\mu_2",
    "omega_bar": r"\bar\omega",
    "infinity": r"\infty",
}


def _range(window: Window) -> str:
    return rf"${_ENDS[window.lower]} < \omega < {_ENDS[window.upper]}$"


def _printed(window: Window) -> list[int]:
    return [window.particle_1, window.heat_1, window.particle_2, window.heat_2]


def _signs(T: FloatArray, mu: FloatArray, low: float, high: float) -> list[int]:
    """Return the signs of p_1, y_1, p_2, y_2 in the middle of a window."""
    low, high = max(low, mu.min() - 5.0), min(high, mu.max() + 8.0)
    signs = spectral_signs(T, mu, np.array([(low + high) / 2]))
    return [
        int(signs.particle[0, 0]),
        int(signs.heat[0, 0]),
        int(signs.particle[0, 1]),
        int(signs.heat[0, 1]),
    ]
