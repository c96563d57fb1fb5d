"""Results of a scenario as plain data: what is written as JSON, and what made them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import oqs
from oqs.flows import Flows
from oqs.units import SI_UNITS, Units
from oqs.version import versions
from thermo.scenario.outcome import Check
from thermo.scenario.schema.document import Document


def made_by(document: Document) -> dict[str, Any]:
    """Return what made a result: the versions, and the scenario with all its parameters."""
    return {
        "versions": versions(),
        "scenario": {
            "name": document.name,
            "sha256": document.digest,
            "text": document.text,
        },
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
