"""Figures of a scenario's results."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

import oqs
import thermo
from oqs.arguments import FloatArray
from oqs.deferred import xr
from oqs.units import Units
from thermo.scenario.results.data import made_by
from thermo.scenario.results.symbols import QUANTITIES, RELAXATION
from thermo.scenario.scenario import Scenario

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_STATES = 64
_MOST_MODES = 12  # lines in one panel
_DPI = 160


def save_figures(
    path: thermo.Trajectory, scenario: Scenario, units: Units | None, folder: pathlib.Path
) -> None:
    """Write the figure of a trajectory in every format that the scenario asks for.

    With `units` the axes are in K, meV, s and fW. Raises ValueError as `plot_trajectory` does.
    """
    outputs = scenario.outputs
    if not outputs.figures:
        return
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
    _save(figure, "trajectory", scenario, folder)


def save_stochastic_figure(
    ensemble: thermo.StochasticEnsemble,
    scenario: Scenario,
    units: Units | None,
    folder: pathlib.Path,
) -> None:
    """Write the figure of trajectories of jumps in every format that the scenario asks for."""
    if scenario.outputs.figures:
        figure = thermo.plot_stochastic(ensemble, width=scenario.outputs.width, units=units)
        _save(figure, "stochastic", scenario, folder)


def save_sweep_figures(
    table: xr.Dataset,
    quantities: Sequence[str],
    scenario: Scenario,
    units: Units | None,
    folder: pathlib.Path,
) -> None:
    """Write the figures of a sweep: curves over one axis, a map of each quantity over two.

    Of three axes or more, and of an axis of a single value, there is no figure. With `units` what
    has one is drawn in K, meV, s, 1/s or fW.
    """
    axes = [str(name) for name in table["error"].dims]
    if not scenario.outputs.figures or min(table.sizes[name] for name in axes) < 2:
        return
    numbers = [q for q in quantities if q in table and table[q].dtype.kind in "iuf"]
    numbers = [q for q in numbers if np.isfinite(table[q].values).any()]
    width = scenario.outputs.width
    if len(axes) == 1 and numbers:
        figure = thermo.plot_curves(table, numbers, labels=QUANTITIES, width=width, units=units)
        _save(figure, "sweep", scenario, folder)
    if len(axes) == 2:
        for quantity in numbers:
            for name, values in _by_reservoir(table[quantity]):
                one = values.to_dataset(name=name)
                said = QUANTITIES.get(quantity, quantity)
                labels = {name: said if name == quantity else f"{said}, {_label(name, quantity)}"}
                figure = thermo.plot_map(one, name, labels=labels, width=width, units=units)
                _save(figure, f"sweep_{name.replace(' ', '_')}", scenario, folder)


def save_relaxation_figure(
    table: xr.Dataset, scenario: Scenario, units: Units | None, folder: pathlib.Path
) -> None:
    """Write the flows, the entropy and its production while the system relaxes.

    Particle flows have a panel only where there are any, as spins and oscillators exchange none.
    """
    if not scenario.outputs.figures:
        return
    # the production is infinite where a pure state begins to mix
    shown = table[["P", "Y", "S", "production"]].where(np.isfinite)
    names = [str(name) for name in shown if name != "P" or np.any(table["P"].values)]
    width = scenario.outputs.width
    figure = thermo.plot_curves(shown, names, labels=RELAXATION, width=width, units=units)
    _save(figure, "relaxation", scenario, folder)


def save_fluctuation_figures(
    statistics: oqs.CountingStatistics, table: xr.Dataset, scenario: Scenario, folder: pathlib.Path
) -> None:
    """Write the generating function with its symmetry, and the noise spectrum where there is one.

    Of systems of more than 64 states, or at fields whose e^x are no numbers, the generating
    function has no figure: it would take longer than all the rest.
    """
    from thermo.plotting.fluctuations import spans

    if not scenario.outputs.figures:
        return
    system = scenario.system
    width = scenario.outputs.width
    few = isinstance(system, oqs.System) and system.dimension <= _MOST_STATES
    if few and spans(statistics):
        figure = thermo.plot_generating_function(statistics, width=width)
        _save(figure, "fluctuations", scenario, folder)
    if "spectrum" in table and table.sizes["frequency"] > 1:
        _save(thermo.plot_curves(table[["spectrum"]], width=width), "spectrum", scenario, folder)


def save_response_figure(
    along: FloatArray,
    response: oqs.LinearResponse,
    label: str,
    scenario: Scenario,
    folder: pathlib.Path,
) -> None:
    """Write the coefficients over the chemical potential, or the temperature."""
    figure = thermo.plot_response(along, response, label=label, width=scenario.outputs.width)
    _save(figure, "response", scenario, folder)


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
