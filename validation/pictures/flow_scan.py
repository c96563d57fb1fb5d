"""Flows from the density matrix over Eq. (10), along scans of one reservoir's T and mu."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import oqs
from oqs.arguments import FloatArray
from validation.systems.cases import FIGURE_1, Case

METHODS: dict[str, oqs.StationaryMethod] = {
    "full Liouvillian": oqs.FullLiouvillian(),
    "zero-frequency block": oqs.ZeroFrequencyBlock(),
    "populations": oqs.Populations(),
}
"""Solvers of the stationary density matrix, by what the legend calls them."""

_MARKERS = ("o", "s", "^")
_COLOURS = ("tab:blue", "tab:red")
_FLOOR = 1e-18  # residuals below it, exact zeros among them, are drawn here


@final
@dataclasses.dataclass(frozen=True, eq=False)
class FlowScan:
    """Heat flows Y_j along a scan of reservoir 1's temperature or chemical potential."""

    label: str  # of the scanned quantity, for the axis
    values: FloatArray  # (m,) of the scanned quantity, units of energy
    initial: float  # its value in the published initial state
    closed_form: FloatArray  # (m, n) Y_j of Eq. (10), units of energy^2.
    solved: dict[str, FloatArray]  # for each of METHODS, (m, n) Y_j from the density matrix

    def residuals(self) -> dict[str, FloatArray]:
        """Return for each method the largest |Y_j - Y_j of Eq. (10)| (m,) over the largest |Y|."""
        scale = np.max(np.abs(self.closed_form))
        return {
            name: np.max(np.abs(heat - self.closed_form), axis=1) / scale
            for name, heat in self.solved.items()
        }


def compute(case: Case = FIGURE_1, points: int = 81) -> tuple[FlowScan, FlowScan]:
    """Return the scans of T_1 (0.3 to 1.7 times) and of mu_1 (2 below to 2 above) of a case."""
    temperatures = case.T[0] * np.linspace(0.3, 1.7, points)
    potentials = case.mu[0] + np.linspace(-2.0, 2.0, points)
    return (
        _scan(case, "temperature $T_1$", "T", temperatures),
        _scan(case, r"chemical potential $\mu_1$", "mu", potentials),
    )


def _scan(case: Case, label: str, quantity: str, values: FloatArray) -> FlowScan:
    state = {name: np.tile(getattr(case, name), (len(values), 1)) for name in ("T", "mu")}
    initial = float(state[quantity][0, 0])
    state[quantity][:, 0] = values
    model = case.model()
    solved = {}
    for name, method in METHODS.items():
        law = oqs.flow_law(model, method=method)
        solved[name] = np.array(
            [law(T, mu).heat for T, mu in zip(state["T"], state["mu"], strict=True)]
        )
    closed = case.closed_form()(state["T"], state["mu"]).heat
    return FlowScan(label, values, initial, closed, solved)


def draw(scans: tuple[FlowScan, ...]) -> Figure:
    """Draw each scan as a column: flows above, residuals of every solver below."""
    figure = Figure(figsize=(4.6 * len(scans), 5.6), layout="constrained")
    axes = figure.subplots(
        2, len(scans), sharex="col", squeeze=False, gridspec_kw={"height_ratios": (3, 2)}
    )
    for scan, (above, below) in zip(scans, axes.T, strict=True):
        _draw_flows(above, scan)
        _draw_residuals(below, scan)
        below.set_xlabel(rf"{scan.label} of reservoir 1 ($E_0 = k_B \cdot 1000$ K)")
    axes[0, 0].set_ylabel(r"heat flow $Y_j$ ($10^{-4}\,E_0^2/\hbar$)")
    axes[1, 0].set_ylabel(r"$|Y_j - Y_j^{(10)}|\,/\,\max|Y|$")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    more_handles, more_labels = axes[1, 0].get_legend_handles_labels()
    figure.legend(
        handles + more_handles,
        labels + more_labels,
        loc="outside lower center",
        ncols=4,
        frameon=False,
        fontsize="small",
    )
    figure.suptitle("Flows from the density matrix (points) and Eq. (10) (lines), modes of Fig. 1")
    return figure


def _draw_flows(axes: Axes, scan: FlowScan) -> None:
    shown = scan.solved["full Liouvillian"]
    for j, colour in zip(range(scan.closed_form.shape[1]), _COLOURS, strict=True):
        axes.plot(
            scan.values,
            1e4 * scan.closed_form[:, j],
            color=colour,
            lw=1.2,
            label=f"$Y_{j + 1}$, Eq. (10)",
        )
        axes.plot(
            scan.values[::4],
            1e4 * shown[::4, j],
            "o",
            color=colour,
            ms=4,
            mfc="none",
            label=f"$Y_{j + 1}$, full Liouvillian",
        )
    axes.axhline(0, color="0.6", lw=0.6)
    axes.axvline(scan.initial, color="0.6", lw=0.8, ls=":", label="initial state of Fig. 1")


def _draw_residuals(axes: Axes, scan: FlowScan) -> None:
    for (name, residual), marker in zip(scan.residuals().items(), _MARKERS, strict=True):
        axes.semilogy(
            scan.values,
            np.maximum(residual, _FLOOR),
            marker,
            ms=3,
            mfc="none",
            label=f"residual, {name}",
        )
    axes.axhline(np.finfo(float).eps, color="0.6", lw=0.8, ls="--", label="double precision")
    axes.axvline(scan.initial, color="0.6", lw=0.8, ls=":")
    largest = max(float(np.max(residual)) for residual in scan.residuals().values())
    axes.set_ylim(_FLOOR / 3, max(1e-13, 10 * largest))
