"""Flows of small dots that other programs computed, as named data (validation/data/dots.json).

gamma = 1 for every contact; the coupling amplitudes carry the rates. `expected` comes from a dense
Davies solver that groups jump operators by Bohr frequency, `landauer` is the exact answer of a
quadratic system at any coupling. The first to 1e-10: the solver grouped frequencies at 1e-12.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, NamedTuple, final

import numpy as np

import oqs
from oqs.arguments import FloatArray
from validation.systems.settings import Setting


@final
class PublishedDots(NamedTuple):
    """One case: the open system, Davies flows P, J, Y, P of its rate equation, exact P and J."""

    setting: Setting
    expected: oqs.Flows
    rate_equation: FloatArray
    exact: tuple[FloatArray, FloatArray] | None


def published_dots() -> dict[str, PublishedDots]:
    """Return the cases by name."""
    text = files("validation").joinpath("data", "dots.json").read_text(encoding="utf-8")
    return {case["id"]: _read(case) for case in json.loads(text)["cases"]}


def _read(case: dict[str, Any]) -> PublishedDots:
    pairs = {(v, w): U for v, w, U in case["density_density_U"]}
    system: oqs.System = (
        oqs.InteractingSystem.from_terms(case["h"], pairs)
        if pairs
        else oqs.QuadraticSystem(case["h"])
    )
    contacts = [oqs.Contact(oqs.flat(1.0), lead["coupling"]) for lead in case["contacts"]]
    T, mu = (np.array([lead[key] for lead in case["contacts"]]) for key in ("T", "mu"))
    flows = case["expected"]
    exact = case.get("landauer")
    return PublishedDots(
        Setting(case["id"], system, tuple(contacts), T, mu),
        oqs.Flows(flows["P"], flows["J"], flows["Y"]),
        np.array(case["qmeq_pauli_P"]),
        None if exact is None else (np.array(exact["P"]), np.array(exact["J"])),
    )
