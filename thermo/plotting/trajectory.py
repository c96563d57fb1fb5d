"""Figures of a trajectory, as the paper draws them. Only this room draws."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import scipy
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, of_type, real_row, true_or_false
from oqs.exports import exported
from oqs.units import Units
from thermo.evolution.trajectory import Trajectory
from thermo.gases import EquationOfState
from thermo.machines.regimes import omega_bar
from thermo.plotting.marks import mark_events, mark_handles
from thermo.plotting.style import (
    TWO_COLUMNS,
    colours,
    drawing,
    legend_below,
    reservoir_label,
    scales,
)
from thermo.reservoirs.equilibrium import common_state
from thermo.reservoirs.reservoir import Reservoir, Reservoirs
from thermo.reservoirs.state import State

_POINTS: Final = 800  # of a curve
_STILL: Final = 5e-3  # of its whole change by which a curve may have moved at the left edge
_BEFORE: Final = 3.0  # the left edge lies earlier by this factor
_PANEL_HEIGHT: Final = 2.0  # inches


@exported
def plot_trajectory(
    path: Trajectory,
    *,
    frequencies: ArrayLike | None = None,
    events: bool = False,
    heat: bool = False,
    entropy: bool = False,
    width: float = TWO_COLUMNS,
    units: Units | None = None,
    ax: Axes | Iterable[Axes] | None = None,
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
    events : mark crossings and, in their reservoirs' colours, extrema.
    heat : a panel of the heat flows Y_j(t), positive where a reservoir loses heat: of the law at
        the curves' T, mu, or, of a trajectory read from a file, at the solver's own steps.
    entropy : a panel of how far each S_j, and their sum, has grown.
    width : of the figure, inches: 3.4 for one column of a journal, 7.0 for two. Text is 8 pt.
    units : axes in K, meV, s and fW; None for natural units of the reference energy E_0.
    ax : matplotlib axes to draw on, one for each panel, instead of a new figure; no legend is
        drawn then.

    Returns
    -------
    matplotlib.figure.Figure : save it with .savefig(file); a notebook shows it. It belongs to no
    pyplot state, so nothing has to be closed. t = 0 is left of the axis, which begins where nothing
    has moved yet.

    Raises
    ------
    TypeError, ValueError
        if path is no Trajectory, frequencies is no (K,) array of finite numbers, width, units or
        ax is none, or events are asked for and `evolve` was told not to look for them.

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
    of_type("path", path, Trajectory, "a Trajectory", "Make one with thermo.evolve.")
    for name, value in (("heat", heat), ("events", events), ("entropy", entropy)):
        true_or_false(name, value, "It says whether that is drawn.")
    modes = _frequencies(frequencies)
    marked = (*path.crossings, *path.extrema) if events else ()
    scale = scales(units)
    times, state = sampled(path)
    goal = _equilibrium(path)
    has_mu = bool(np.any(~np.isnan(state.mu[0])))
    count = 1 + has_mu + heat + entropy
    with drawing(count, width, _PANEL_HEIGHT, ax, legend=False) as (figure, axes):
        free = iter(axes)
        t, hues = times * scale.time, colours(len(path.names))
        thermal = next(free)
        thermal.margins(y=0.12 if marked else 0.05)
        _curves(thermal, t, state.T * scale.temperature, path.names, scale.temperature_label)
        if goal is not None:
            _level(thermal, float(goal.T) * scale.temperature, "-.", "equilibrium")
        if has_mu:
            electric = next(free)
            _curves(electric, t, state.mu * scale.energy, path.names, scale.mu_label)
            _references(electric, t, state, modes, goal, scale.energy)
        if heat:
            _heat(next(free), t, _heats(path, times, state) * scale.heat, path, scale.heat_label)
        if entropy:
            _entropy(next(free), t, _entropies(path, times, state), path.names)
        _time_axis(axes, t, scale.time_label)
        figure.align_ylabels(axes)
        if ax is None:
            legend_below(figure, axes, mark_handles(marked))
            figure.draw_without_rendering()  # gives the panels their place, marks need it
        for axis, quantity, factor in (
            (axes[0], "T ", scale.temperature),
            *([(axes[1], "mu ", scale.energy)] if has_mu else []),
        ):
            own = [event for event in marked if event.kind.startswith(quantity)]
            mark_events(axis, own, times[0], (scale.time, factor), hues)
    return figure


def _frequencies(value: ArrayLike | None) -> FloatArray:
    if value is None:
        return np.zeros(0)
    remedy = "Give the energies of the modes, such as law.frequencies."
    return real_row("frequencies", value, remedy, length="K", empty=True)


def sampled(path: Trajectory) -> tuple[FloatArray, State]:
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
    state = common_state(Reservoirs(members), path.T[0], np.nan_to_num(path.mu[0]))
    return None if np.isnan(state.T) else state


def _curves(
    axis: Axes, t: FloatArray, values: FloatArray, names: tuple[str, ...], label: str
) -> None:
    alone = "o" if len(t) == 1 else ""
    for curve, name, colour in zip(values.T, names, colours(len(names)), strict=True):
        if not np.isnan(curve).all():
            axis.plot(t, curve, color=colour, marker=alone, label=reservoir_label(name))
    axis.set_ylabel(label)


def _references(
    axis: Axes, t: FloatArray, state: State, modes: FloatArray, goal: State | None, factor: float
) -> None:
    """Draw the equilibrium, the modes and omega-bar; the limits by all but the latter's poles."""
    levels = np.concatenate([state.mu.ravel(), modes, [] if goal is None else [float(goal.mu)]])
    low, high = float(np.nanmin(levels)), float(np.nanmax(levels))
    if goal is not None:
        _level(axis, float(goal.mu) * factor, "-.", "equilibrium")
    for k, w in enumerate(modes):
        _level(axis, float(w) * factor, "--", "modes" if k == 0 else None)
    if state.T.shape[1] == 2 and not np.isnan(state.mu).any():
        line = _unbroken(omega_bar(state.T, state.mu), state.T)
        axis.plot(t, line * factor, color="black", lw=1.2, ls=":", label=r"$\bar\omega$")
        near = line[np.isfinite(line) & (np.abs(line - (low + high) / 2) <= high - low)]
        low, high = float(np.min(near, initial=low)), float(np.max(near, initial=high))
    margin = 0.06 * (high - low) or 0.5
    axis.set_ylim((low - margin) * factor, (high + margin) * factor)


def _level(axis: Axes, value: float, style: str, label: str | None) -> None:
    """Draw a horizontal line behind the curves."""
    colour = "black" if style == "-." else "0.45"
    axis.axhline(value, color=colour, lw=0.9, ls=style, zorder=1.5, label=label)


def _unbroken(line: FloatArray, T: FloatArray) -> FloatArray:
    """Return omega-bar with a gap where T_1 - T_2 changes sign: no line across the panel."""
    warmer = np.sign(T[:, 0] - T[:, 1])
    broken = np.array(line)
    broken[np.isinf(broken)] = np.nan
    broken[:-1][warmer[:-1] * warmer[1:] < 0] = np.nan
    return broken


def _heats(path: Trajectory, times: FloatArray, state: State) -> FloatArray:
    """Return Y_j (m, n) at times (m,): of the law, or of the reservoirs' T and mu without one."""
    if path.law is None:
        return _lost_heats(path, times, state)
    if getattr(path.law, "batched", False):
        return path.law(state.T, state.mu).heat
    return np.array([path.law(T, mu).heat for T, mu in zip(*state, strict=True)])


def _lost_heats(path: Trajectory, times: FloatArray, state: State) -> FloatArray:
    """Return mu dN/dt - dE/dt by the slopes of the solver's polynomials.

    Between the steps, by monotone cubics, of a reservoir whose T and mu stay or whose gas is not
    known.
    """
    if len(path.t) == 1:
        return path.heat
    heat = np.array(scipy.interpolate.PchipInterpolator(path.t, path.heat)(times))
    slope = path.solution.slope(times)
    n = len(path.names)
    for j, (gas, capacity) in enumerate(zip(path.gases, path.capacities, strict=True)):
        if isinstance(gas, EquationOfState) and np.isfinite(capacity):
            T, mu = state.T[:, j], np.nan_to_num(state.mu[:, j])
            moved = np.stack([T * slope[:, j], np.nan_to_num(slope[:, n + j])], axis=-1)
            number, energy = np.einsum("mab,mb->am", gas.jacobian(T, mu), moved)
            heat[:, j] = capacity * (mu * number - energy)
    return heat


def _heat(axis: Axes, t: FloatArray, heat: FloatArray, path: Trajectory, label: str) -> None:
    axis.axhline(0, color="0.7", lw=0.6)
    _curves(axis, t, heat, path.names, label)


def _entropies(path: Trajectory, times: FloatArray, state: State) -> FloatArray:
    """Return S_j (m, n) at times (m,): of the gas, or between the steps by monotone cubics."""
    if len(path.t) == 1:
        return path.entropy
    entropies = np.array(scipy.interpolate.PchipInterpolator(path.t, path.entropy)(times))
    for j, (gas, capacity) in enumerate(zip(path.gases, path.capacities, strict=True)):
        if isinstance(gas, EquationOfState) and np.isfinite(capacity):
            entropies[:, j] = capacity * gas.entropy(state.T[:, j], np.nan_to_num(state.mu[:, j]))
    return entropies


def _entropy(axis: Axes, t: FloatArray, entropy: FloatArray, names: tuple[str, ...]) -> None:
    grown = entropy - entropy[0]
    axis.axhline(0, color="0.7", lw=0.6)
    _curves(axis, t, grown, names, r"entropy $S_j(t)-S_j(0)$ ($k_B$)")
    axis.plot(t, grown.sum(axis=1), color="black", lw=1.2, ls=(0, (5, 1)), label="total")


def _time_axis(axes: list[Axes], t: FloatArray, label: str) -> None:
    for axis in axes:
        if len(t) > 1:
            axis.set_xscale("log")
            axis.set_xlim(t[0], t[-1])
        axis.tick_params(labelbottom=axis is axes[-1])
    axes[-1].set_xlabel(label)
