"""Labelled arrays of a run as netCDF files that say what made them."""

from __future__ import annotations

from oqs.deferred import xr
from thermo.netcdf import save_dataset
from thermo.scenario.results.data import made_by
from thermo.scenario.scenario import Scenario, Workspace


def save_table(table: xr.Dataset, workspace: Workspace, name: str, scenario: Scenario) -> None:
    """Write labelled arrays with title, version and text of the scenario, if netCDF is wanted."""
    if workspace.folder is None or not scenario.outputs.netcdf:
        return
    made = made_by(scenario.document)
    table = table.assign_attrs(
        title=scenario.title,
        version=made["versions"]["oqs-thermo"],
        scenario_sha256=made["scenario"]["sha256"],
    )
    # a variable, not an attribute: those are limited to 64 kB
    text = ((), scenario.document.text, {"long_name": "TOML that made this"})
    save_dataset(table.assign(scenario=text), workspace.folder / name)
