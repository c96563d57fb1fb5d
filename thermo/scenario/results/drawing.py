"""Figures of a scenario's results."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

import oqs
import thermo
from oqs.deferred import xr
from oqs.units import Units
from thermo.scenario.results.data import made_by
from thermo.scenario.results.symbols import QUANTITIES, RELAXATION
from thermo.scenario.scenario import Scenario, Workspace

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_STATES = 64
_MOST_MODES = 12  # lines in one panel
_DPI = 160


Drawn = Iterator[tuple[str, "Figure"]]
"""Figures of a task's results, each with the name of its file, as they are drawn."""


def save_figures(
    scenario: Scenario, workspace: Workspace, draw: Callable[..., Drawn], *results: object
) -> None:
    """Write what draw(scenario, units, *results) yields, in every format that [output] asks for.

    With `units` what has one is drawn in K, meV, s, 1/s or fW. Raises as the plot does.
    """
    if workspace.folder is None or not scenario.outputs.figures:
        return
    for stem, figure in draw(scenario, workspace.units, *results):
        _save(figure, stem, scenario, workspace.folder)


def trajectory_figure(scenario: Scenario, units: Units | None, path: thermo.Trajectory) -> Drawn:
    """Draw a trajectory, with what [output] adds to it."""
    outputs = scenario.outputs
    modes = np.asarray(getattr(path.law, "frequencies", ()), dtype=np.float64)
    figure = thermo.plot_trajectory(
        path,
        frequencies=modes if 0 < len(modes) <= _MOST_MODES else None,
        events=outputs.mark_events and path.event_list is not None,
        heat=outputs.heat,
        entropy=outputs.entropy,
        width=outputs.width,
        units=units,
    )
    yield "trajectory", figure


def stochastic_figure(
    scenario: Scenario, units: Units | None, ensemble: thermo.StochasticEnsemble
) -> Drawn:
    """Draw trajectories of jumps."""
    width = scenario.outputs.width
    yield "stochastic", thermo.plot_stochastic(ensemble, width=width, units=units)


def sweep_figures(
    scenario: Scenario, units: Units | None, table: xr.Dataset, quantities: Sequence[str]
) -> Drawn:
    """Draw curves over one axis, a map of each quantity over two.

    Of three axes or more, and of an axis of a single value, there is no figure.
    """
    axes = [str(name) for name in table["error"].dims]
    if min(table.sizes[name] for name in axes) < 2:
        return
    numbers = [q for q in quantities if q in table and table[q].dtype.kind in "iuf"]
    numbers = [q for q in numbers if np.isfinite(table[q].values).any()]
    width = scenario.outputs.width
    if len(axes) == 1 and numbers:
        figure = thermo.plot_curves(table, numbers, labels=QUANTITIES, width=width, units=units)
        yield "sweep", figure
    if len(axes) == 2:
        for quantity in numbers:
            for name, values in _by_reservoir(table[quantity]):
                one = values.to_dataset(name=name)
                said = QUANTITIES.get(quantity, quantity)
                labels = {name: said if name == quantity else f"{said}, {_label(name, quantity)}"}
                figure = thermo.plot_map(one, name, labels=labels, width=width, units=units)
                yield f"sweep_{name.replace(' ', '_')}", figure


def relaxation_figure(scenario: Scenario, units: Units | None, table: xr.Dataset) -> Drawn:
    """Draw the flows, the entropy and its production while the system relaxes.

    Particle flows have a panel only where there are any, as spins and oscillators exchange none.
    """
    # the production is infinite where a pure state begins to mix
    shown = table[["P", "Y", "S", "production"]].where(np.isfinite)
    names = [str(name) for name in shown if name != "P" or np.any(table["P"].values)]
    width = scenario.outputs.width
    figure = thermo.plot_curves(shown, names, labels=RELAXATION, width=width, units=units)
    yield "relaxation", figure


def fluctuation_figures(
    scenario: Scenario, units: Units | None, statistics: oqs.CountingStatistics, table: xr.Dataset
) -> Drawn:
    """Draw the generating function with its symmetry, and the noise spectrum where there is one.

    Of systems of more than 64 states, or at fields whose e^x are no numbers, the generating
    function has no figure: it would take longer than all the rest.
    """
    from thermo.plotting.fluctuations import spans

    system, width = scenario.system, scenario.outputs.width
    few = isinstance(system, oqs.System) and system.dimension <= _MOST_STATES
    if few and spans(statistics):
        yield "fluctuations", thermo.plot_generating_function(statistics, width=width)
    if "spectrum" in table and table.sizes["frequency"] > 1:
        yield "spectrum", thermo.plot_curves(table[["spectrum"]], width=width)


def _by_reservoir(values: xr.DataArray) -> Iterator[tuple[str, xr.DataArray]]:
    """Yield (name, values) over the axes: of each reservoir, where there is one for each."""
    if "reservoir" not in values.dims:
        yield str(values.name), values
        return
    for name in values["reservoir"].values:
        yield f"{values.name} {name}", values.sel(reservoir=name, drop=True)


def _label(name: str, quantity: str) -> str:
    """Return what a map of one reservoir calls it."""
    from thermo.plotting.style import reservoir_label

    return reservoir_label(name.removeprefix(f"{quantity} ")).replace("$", r"\$")


def _save(figure: Figure, stem: str, scenario: Scenario, folder: pathlib.Path) -> None:
    """Write a figure with the scenario's title, in every format that it asks for."""
    from thermo.plotting.style import titled

    titled(figure, scenario.title)
    made_of = made_by(scenario.document)
    origin = {
        "Title": f"{scenario.title} (scenario sha256 {made_of['scenario']['sha256']})",
        "Creator": f"oqs-thermo {made_of['versions']['oqs-thermo']}",
    }
    for kind in scenario.outputs.figures:
        figure.savefig(folder / f"{stem}.{kind}", dpi=_DPI, metadata=origin)
