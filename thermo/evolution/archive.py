"""The tables of a trajectory as xarray Datasets and netCDF files."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from oqs.datasets import dataset as labelled
from oqs.deferred import xr
from oqs.flows import KINDS, Flows
from thermo.evolution.events.events import Event
from thermo.gases import (
    BoseGas,
    DebyeSolid,
    EquationOfState,
    FermiDiracGas,
    SommerfeldGas,
    TabulatedGas,
    TabulatedHeatCapacity,
)
from thermo.netcdf import checked, opened, save_dataset
from thermo.numerics.interpolation import PiecewisePolynomial
from thermo.reservoirs.state import State

_FORMAT = "oqs-thermo trajectory"
_VERSION = 2
# the arguments that make each of them
_ARGUMENTS: Mapping[type, tuple[str, ...]] = {
    FermiDiracGas: ("alpha",),
    SommerfeldGas: ("alpha",),
    TabulatedGas: ("energies", "density_of_states"),
    BoseGas: ("alpha",),
    DebyeSolid: ("T_D", "dimension"),
    TabulatedHeatCapacity: ("temperatures", "heat_capacity"),
}
_GASES = {kind.__name__: kind for kind in _ARGUMENTS}

Fields = Mapping[str, Any]
"""{name: value} of all fields of a `Trajectory` but its law."""

# name in the file, field of the trajectory; beside them the flows P, J, Y
_TABLES = {"T": "T", "mu": "mu", "N": "N", "E": "E", "S": "entropy"}
_POLYNOMIALS = {
    "t": ("step",),
    "center": ("step",),
    "width": ("step",),
    "coefficients": ("step", "power", "variable"),
}


def dataset(fields: Fields) -> xr.Dataset:
    """Return the tables of a trajectory with dimensions `time` and `reservoir`.

    The coordinates are the times (units hbar/E_0) and the reservoirs' names; the attributes
    say the outcome, the equilibrium and what made it. Events stay on the trajectory.
    """
    own = {name: fields[field] for name, field in _TABLES.items()}
    own |= {n: getattr(fields["flows"], kind) for n, kind in zip("PJY", KINDS, strict=True)}
    tables: dict[str, tuple[Any, ...]] = {n: (("time", "reservoir"), own[n]) for n in own}
    size = "A_j V_j, size of the reservoir"
    tables["capacity"] = "reservoir", fields["capacities"], "depends on the gas", size
    coordinates = {
        "time": ("time", fields["t"]),
        "reservoir": ("reservoir", list(fields["names"]), "", "name of the reservoir"),
    }
    attributes: dict[str, str | float] = {
        "title": "Evolution of finite reservoirs",
        "references": "arXiv:2412.15355, Eqs. (4), (5)",
        "outcome": fields["outcome"],
        **{name: str(value) for name, value in fields["parameters"].items()},
    }
    if (goal := fields["equilibrium"]) is not None:
        attributes["T_equilibrium"] = float(goal.T)
        attributes["mu_equilibrium"] = float(goal.mu)
    return labelled(tables, coordinates, attributes)


def save(fields: Fields, file: str | os.PathLike[str]) -> None:
    """Write a trajectory to a netCDF file, complete or not at all, with checksums.

    Raises OSError if it cannot be written.
    """
    table = dataset(fields)
    for name, dimensions in _POLYNOMIALS.items():
        table[f"solution_{name}"] = (dimensions, getattr(fields["solution"], name))
    # a variable, not an attribute: those are limited to 64 kB, and tabulated gases are larger
    table["facts"] = ((), _facts(fields), {"long_name": "JSON of what is no table"})
    table.attrs |= {"format": _FORMAT, "format_version": _VERSION}
    save_dataset(table, file)


def load(file: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the fields of a trajectory that `save` wrote.

    Raises
    ------
    FileNotFoundError
        if there is none.
    ValueError
        naming the file, if it is not what was written, is another program's, or of another version.
    """
    source = Path(file)
    table = opened(source)
    if table.attrs.get("format") != _FORMAT:
        raise ValueError(
            f"File `{source}` is no trajectory: it was not written by `save`. Give one that was, "
            "or read it with thermo.load_dataset."
        )
    if (version := table.attrs.get("format_version")) != _VERSION:
        raise ValueError(
            f"File `{source}` has format version {version}, but this package reads version "
            f"{_VERSION}. Read it with the version that wrote it, {table.attrs.get('version')}."
        )
    return _fields(checked(source, table))


def _facts(fields: Fields) -> str:
    events, goal = fields["event_list"], fields["equilibrium"]
    return json.dumps(
        {
            "outcome": fields["outcome"],
            "equilibrium": None if goal is None else [float(goal.T), float(goal.mu)],
            "events": None if events is None else [dataclasses.asdict(event) for event in events],
            "gases": [_described(gas) for gas in fields["gases"]],
            "names": fields["names"],
            "parameters": dict(fields["parameters"]),
            "evaluations": fields["evaluations"],
        }
    )


def _fields(table: xr.Dataset) -> dict[str, Any]:
    facts = json.loads(table["facts"].item())
    goal = facts["equilibrium"]
    events = facts["events"]
    polynomials = [table[f"solution_{name}"].values for name in _POLYNOMIALS]
    return {
        "t": table["time"].values,
        **{field: table[name].values for name, field in _TABLES.items()},
        "flows": Flows(*(table[name].values for name in "PJY"), names=tuple(facts["names"])),
        "outcome": facts["outcome"],
        "equilibrium": None if goal is None else State(np.array(goal[0]), np.array(goal[1])),
        "event_list": None if events is None else tuple(_event(entry) for entry in events),
        "names": tuple(facts["names"]),
        "gases": tuple(_gas(entry) for entry in facts["gases"]),
        "capacities": table["capacity"].values,
        "parameters": facts["parameters"],
        "evaluations": facts["evaluations"],
        "solution": PiecewisePolynomial(*polynomials),
    }


def _event(entry: dict[str, Any]) -> Event:
    return Event(entry["kind"], tuple(entry["reservoirs"]), entry["time"], entry["value"])


def _described(gas: EquationOfState | str) -> dict[str, Any] | str:
    """Return the arguments that make one of our gases, or the text that describes another."""
    names = _ARGUMENTS.get(type(gas))
    if names is None:
        return gas if isinstance(gas, str) else repr(gas)
    arguments = {name: np.asarray(getattr(gas, name)).tolist() for name in names}
    return {"gas": type(gas).__name__, **arguments}


def _gas(entry: dict[str, Any] | str) -> EquationOfState | str:
    if isinstance(entry, str):
        return entry
    arguments = {name: value for name, value in entry.items() if name != "gas"}
    return _GASES[entry["gas"]](**arguments)
