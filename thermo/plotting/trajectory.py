"""Figures of a trajectory, as the paper draws them. Only this room draws."""

from __future__ import annotations

import io
from typing import Final, final

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, real_array
from thermo.evolution.events.events import Event
from thermo.evolution.trajectory import Trajectory
from thermo.gases import EquationOfState
from thermo.machines.regimes import omega_bar
from thermo.reservoirs.equilibrium import common_state
from thermo.reservoirs.reservoir import Reservoir, Reservoirs
from thermo.reservoirs.state import State

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Told apart by every kind of colour vision: Okabe and Ito, Color Universal Design (2008)."""

_POINTS = 800  # of a curve
_STILL = 5e-3  # fraction of its whole change by which a curve may have moved at the left edge
_BEFORE = 3.0  # the left edge lies earlier by this factor
_MARKERS: Final = {"crossing": "o", "minimum": "v", "maximum": "^"}
_PANEL_HEIGHT, _WIDTH = 2.7, 7.6  # inches


@final
class TrajectoryFigure(Figure):
    """A matplotlib Figure that notebooks show by itself, whether pyplot is in use or not."""

    def _repr_png_(self) -> bytes:
        picture = io.BytesIO()
        self.savefig(picture, format="png")
        return picture.getvalue()


def plot_trajectory(
    path: Trajectory,
    *,
    frequencies: ArrayLike | None = None,
    events: bool = False,
    heat: bool = False,
    entropy: bool = False,
) -> Figure:
    """Return a figure of T_j(t) and mu_j(t) on a logarithmic time axis.

    Both panels show the equilibrium of Eq. (6) dash-dotted. The panel of mu shows the modes dashed
    and, for two reservoirs, omega-bar dotted; where omega-bar leaves the panel, or passes infinity,
    its line ends. A reservoir without mu (bosons) has no curve there, and where none has one there
    is no such panel.

    Parameters
    ----------
    path : made by `evolve` or read from a file.
    frequencies : (K,) energies of the modes, such as law.frequencies, in units of energy.
    events : mark crossings and extrema.
    heat : a panel of the heat flows Y_j(t), positive where a reservoir loses heat.
    entropy : a panel of how far each S_j, and their sum, has grown.

    Returns
    -------
    matplotlib.figure.Figure : save it with .savefig(file); a notebook shows it. It belongs to no
    pyplot state, so nothing has to be closed. Energies are in units of the reference T_0, times in
    hbar/T_0. t = 0 is left of the axis, which begins where nothing has moved yet.

    Raises
    ------
    TypeError, ValueError
        if path is no Trajectory, frequencies is no (K,) array of finite numbers, or events are
        asked for and `evolve` was told not to look for them.

    Notes
    -----
    Source: arXiv:2412.15355, Figs. 1-5.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem.from_energies([21.1, 21.5])
    >>> rate = oqs.power_law(1e-4, 0.5)
    >>> law = oqs.closed_form(dots, [oqs.Contact(rate, name="cold"), oqs.Contact(rate, name="hot")])
    >>> reservoirs = [thermo.Reservoir(thermo.SommerfeldGas(1.5), capacity=1.0)] * 2
    >>> path = thermo.evolve(law, reservoirs, T=[0.6, 1.0], mu=[20.8, 16.0])
    >>> figure = thermo.plot_trajectory(path, frequencies=law.frequencies, events=True)
    >>> len(figure.axes)
    2
    """
    if not isinstance(path, Trajectory):
        raise TypeError(
            f"Argument `path` must be a Trajectory, but is {type(path).__name__}. "
            "Make one with thermo.evolve."
        )
    modes = _frequencies(frequencies)
    marked = (*path.crossings, *path.extrema) if events else ()
    times, state = _sampled(path)
    goal = _equilibrium(path)
    has_mu = ~np.isnan(state.mu[0])
    panels = 1 + bool(has_mu.any()) + heat + entropy
    figure = TrajectoryFigure(figsize=(_WIDTH, _PANEL_HEIGHT * panels), layout="constrained")
    axes = [figure.add_subplot(panels, 1, 1)]
    axes += [figure.add_subplot(panels, 1, 2 + i, sharex=axes[0]) for i in range(panels - 1)]
    _draw_curves(axes[0], times, state.T, path.names, r"temperature $T_j/T_0$")
    if goal is not None:
        _level(axes[0], float(goal.T), "-.", "equilibrium")
    _mark(axes[0], [event for event in marked if event.kind.startswith("T ")], times)
    if has_mu.any():
        _draw_curves(axes[1], times, state.mu, path.names, r"chemical potential $\mu_j/T_0$")
        _draw_references(axes[1], times, state, modes, goal)
        _mark(axes[1], [event for event in marked if event.kind.startswith("mu ")], times)
    if heat:
        _draw_heat(axes[1 + bool(has_mu.any())], path)
    if entropy:
        _draw_entropy(axes[-1], path)
    _finish(axes, times)
    figure.align_ylabels(axes)
    return figure


def _frequencies(value: ArrayLike | None) -> FloatArray:
    if value is None:
        return np.zeros(0)
    remedy = "Give the energies of the modes, such as law.frequencies."
    modes = real_array("frequencies", value, remedy)
    if modes.ndim != 1:
        raise ValueError(
            f"Argument `frequencies` must have shape (K,), but has shape {modes.shape}. {remedy}"
        )
    return modes


def _sampled(path: Trajectory) -> tuple[FloatArray, State]:
    """Return times spaced for a logarithmic axis, and T, mu there; a path of one point is itself.

    The first is well before the time at which the first curve has visibly moved.
    """
    if len(path.t) == 1:
        return path.t, State(path.T, path.mu)
    end = float(path.t[-1])
    times = np.geomspace(end * 1e-12, end, _POINTS)
    state = path.at(times)
    moved = np.zeros(len(times), dtype=bool)
    for values in state:
        change = np.abs(values - values[0])  # NaN of a mu that is none: no motion
        moved |= np.any(change > _STILL * np.max(change, axis=0), axis=1)
    first = times[int(np.argmax(moved))] if moved.any() else end
    times = np.geomspace(min(first / _BEFORE, end / 10), end, _POINTS)
    times[-1] = end
    return times, path.at(times)


def _equilibrium(path: Trajectory) -> State | None:
    """Return T_eq, mu_eq of Eq. (6), if there is one; None too for gases of which a file tells."""
    if path.equilibrium is not None:
        return path.equilibrium
    gases = [gas for gas in path.gases if isinstance(gas, EquationOfState)]
    if len(gases) < len(path.gases):
        return None
    members = [Reservoir(g, float(c)) for g, c in zip(gases, path.capacities, strict=True)]
    found = common_state(Reservoirs(members), path.T[0], np.nan_to_num(path.mu[0]))
    return None if np.isnan(found.T) else found


def colours(count: int) -> list[str]:
    """Return a colour for each of so many reservoirs."""
    if count <= len(COLOURS):
        return list(COLOURS[:count])
    return [to_hex(colour) for colour in colormaps["viridis"](np.linspace(0, 0.95, count))]


def _draw_curves(
    axis: Axes, times: FloatArray, values: FloatArray, names: tuple[str, ...], quantity: str
) -> None:
    alone = "o" if len(times) == 1 else ""
    for curve, name, colour in zip(values.T, names, colours(len(names)), strict=True):
        if np.isnan(curve).all():
            continue
        label = f"reservoir {name}" if name.isdecimal() else name
        axis.plot(times, curve, color=colour, lw=1.8, marker=alone, label=label)
    axis.set_ylabel(quantity, fontsize=11)


def _draw_references(
    axis: Axes, times: FloatArray, state: State, modes: FloatArray, goal: State | None
) -> None:
    """Draw the equilibrium, the modes and omega-bar; the limits by all but the latter's poles."""
    levels = np.concatenate([state.mu.ravel(), modes, [] if goal is None else [float(goal.mu)]])
    low, high = float(np.nanmin(levels)), float(np.nanmax(levels))
    if goal is not None:
        _level(axis, float(goal.mu), "-.", "equilibrium")
    for k, w in enumerate(modes):
        _level(axis, float(w), "--", "modes" if k == 0 else None)
    if state.T.shape[1] == 2 and not np.isnan(state.mu).any():
        line = _unbroken(omega_bar(state.T, state.mu), state.T)
        axis.plot(times, line, color="black", lw=1.5, ls=":", label=r"$\bar\omega$")
        near = line[np.isfinite(line) & (np.abs(line - (low + high) / 2) <= high - low)]
        low, high = float(np.min(near, initial=low)), float(np.max(near, initial=high))
    margin = 0.06 * (high - low) or 0.5
    axis.set_ylim(low - margin, high + margin)


def _level(axis: Axes, value: float, style: str, label: str | None) -> None:
    """Draw a horizontal line behind the curves."""
    colour = "black" if style == "-." else "0.45"
    axis.axhline(value, color=colour, lw=1.2, ls=style, zorder=1.5, label=label)


def _unbroken(line: FloatArray, T: FloatArray) -> FloatArray:
    """Return omega-bar with a gap where T_1 - T_2 changes sign: no line across the panel."""
    warmer = np.sign(T[:, 0] - T[:, 1])
    broken = np.array(line)
    broken[np.isinf(broken)] = np.nan
    broken[:-1][warmer[:-1] * warmer[1:] < 0] = np.nan
    return broken


def _mark(axis: Axes, events: list[Event], times: FloatArray) -> None:
    """Mark events on one panel; those left of the axis, where nothing visible happens, are not."""
    for word, marker in _MARKERS.items():
        found = [e for e in events if e.kind.endswith(word) and e.time >= times[0]]
        if found:
            axis.plot(
                [e.time for e in found],
                [e.value for e in found],
                ls="",
                marker=marker,
                ms=7,
                mfc="white",
                mec="black",
                zorder=3,
                label=word,
            )


def _draw_heat(axis: Axes, path: Trajectory) -> None:
    axis.axhline(0, color="0.7", lw=0.8)
    _draw_curves(axis, path.t, path.heat, path.names, r"heat flow out $Y_j\,\hbar/T_0^2$")
    axis.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3), useMathText=True)


def _draw_entropy(axis: Axes, path: Trajectory) -> None:
    grown = path.entropy - path.entropy[0]
    axis.axhline(0, color="0.7", lw=0.8)
    _draw_curves(axis, path.t, grown, path.names, r"entropy $S_j(t)-S_j(0)$")
    axis.plot(path.t, grown.sum(axis=1), color="black", lw=1.5, ls=(0, (5, 1)), label="total")


def _finish(axes: list[Axes], times: FloatArray) -> None:
    if len(times) > 1:
        axes[0].set_xscale("log")
        axes[0].set_xlim(times[0], times[-1])
    for axis in axes:
        axis.tick_params(labelsize=10, labelbottom=axis is axes[-1])
        axis.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize=10, frameon=False)
    axes[-1].set_xlabel(r"time $t\,T_0/\hbar$", fontsize=11)
