"""Results of a scenario as plain data: what is written as JSON, and what made them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import oqs
from oqs.deferred import xr
from oqs.flows import Flows
from oqs.units import SI_UNITS, Units
from oqs.version import versions
from thermo.netcdf import save_dataset
from thermo.scenario.outcome import Check
from thermo.scenario.scenario import Scenario, Workspace
from thermo.scenario.schema.document import Document


def made_by(document: Document) -> dict[str, Any]:
    """Return what made a result: the versions, and the scenario with all its parameters."""
    return {
        "versions": versions(),
        "scenario": {"name": document.name, "sha256": document.digest, "text": document.text},
    }


def as_json(values: ArrayLike) -> Any:
    """Return numbers as nested lists; what JSON has no number for is null."""
    array = np.asarray(values, dtype=np.float64)
    nested = array.astype(object)
    nested[~np.isfinite(array)] = None
    return nested.tolist()


def state_data(
    names: Sequence[str], T: ArrayLike, mu: ArrayLike, units: Units | None
) -> list[dict[str, Any]]:
    """Return T and mu (n,) by reservoir; mu is null where there is none."""
    return [
        {
            "name": name,
            "T": float(t),
            "mu": as_json(m),
            **si_data(units, T=("temperature", t), mu=("energy", m)),
        }
        for name, t, m in zip(names, np.asarray(T), np.asarray(mu), strict=True)
    ]


def kinds_data(flows: Flows, units: Units | None) -> dict[str, Any]:
    """Return particle, energy and heat flows."""
    natural = {kind: as_json(getattr(flows, kind)) for kind in ("particle", "energy", "heat")}
    return natural | si_data(
        units,
        particle=("particle_flow", flows.particle),
        current=("current", flows.particle),
        energy=("power", flows.energy),
        heat=("power", flows.heat),
    )


def audit_data(audit: oqs.Audit) -> dict[str, Any]:
    """Return an audit: its verdict and every assumption."""
    return {
        "verdict": audit.verdict.name.lower(),
        "in_all": audit.in_all,
        "assumptions": [
            {
                "name": a.name,
                "ratio": as_json(a.ratio),
                "verdict": a.verdict.name.lower(),
                "measure": a.measure,
                "remedy": a.remedy,
            }
            for a in audit.assumptions
        ],
    }


def checks_data(checks: Sequence[Check]) -> list[dict[str, Any]]:
    """Return checks with their verdicts."""
    return [
        {
            "name": check.name,
            "value": as_json(check.value),
            "tolerance": check.tolerance,
            "passed": check.passed,
        }
        for check in checks
    ]


def si_data(units: Units | None, **quantities: tuple[str, ArrayLike]) -> dict[str, Any]:
    """Return {name_unit: values in SI} of {name: (method of Units, values)}; empty without."""
    if units is None:
        return {}
    return {
        f"{name}_{SI_UNITS[kind]}": as_json(getattr(units, kind)(values))
        for name, (kind, values) in quantities.items()
    }


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


def head_data(scenario: Scenario) -> dict[str, Any]:
    """Return title, note, versions, the scenario's text and SHA-256, and what they stand for.

    `reservoirs` holds name, T, mu (in K and meV too with [units]), contact, gas and capacity of
    each as text; contact and gas are null where there is none. `links` holds those between them.
    """
    return {
        "title": scenario.title,
        "note": scenario.note,
        **made_by(scenario.document),
        "head": {
            "system": repr(scenario.system),
            "generator": _generator(scenario),
            "reservoirs": _reservoirs(scenario),
            "links": {" - ".join(pair): repr(link) for pair, link in scenario.links.items()},
        },
    }


def _generator(scenario: Scenario) -> str:
    generator = scenario.generator
    chosen = {
        name: value for name, value in generator.options.items() if value not in (None, False)
    }
    keys = ", ".join(f"{name} = {value}" for name, value in chosen.items())
    return f"{generator.kind}{f' ({keys})' if keys else ''}, method: {generator.method or 'auto'}"


def _reservoirs(scenario: Scenario) -> list[dict[str, Any]]:
    entries = state_data(scenario.names, scenario.T, scenario.mu, scenario.units)
    for j, entry in enumerate(entries):
        given = scenario.given[j]
        contact = scenario.contacts[j] if j < len(scenario.contacts) else None
        entry["contact"] = None if contact is None else contact.summary().in_words()
        entry["gas"] = None if given is None else repr(given.gas)
        entry["capacity"] = None if given is None else f"{given.capacity:g}"
    return entries
