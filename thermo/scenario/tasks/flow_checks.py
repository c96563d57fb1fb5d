"""Checks of a scenario's flows: conservation, the second law, agreement of the laws."""

from __future__ import annotations

import numpy as np

import oqs
from oqs.arguments import FloatArray
from oqs.flows import Flows
from oqs.laws.gross import ROUNDING, flow_scales, gross_flows, gross_of_modes
from thermo.reservoirs.linked_law import LinkedLaw
from thermo.scenario.outcome import Check
from thermo.scenario.scenario import Scenario
from thermo.scenario.tasks.laws import ScenarioLaw, leads, quadratic, with_its_links, words

_EXACT = 1e-9  # of the largest flow: what solvers of one generator must agree to


def gross_rates(scenario: Scenario, law: ScenarioLaw) -> Flows:
    """Return the gross rates, links included, in which flows of a vanishing net are rounding."""
    state = scenario.contact_T, scenario.contact_mu
    if isinstance(law, oqs.DensityMatrixLaw):
        gross = gross_flows(law.model, *state)
    elif isinstance(law, oqs.BosonLaw):
        gross = law.gross(*state)
    else:
        gross = gross_of_modes(quadratic(scenario), leads(scenario), *state)
    whole = with_its_links(law, scenario)
    if not isinstance(whole, LinkedLaw):
        return gross
    return whole.completed_gross(gross, scenario.T, np.nan_to_num(scenario.mu))


def deviation(flows: Flows, reference: Flows, T: FloatArray, gross: Flows) -> float:
    """Return the largest difference of particle or energy flows, as of `flow_scales`."""
    scales = flow_scales(reference, T, gross)
    largest = 0.0
    for kind in ("particle", "energy"):
        difference = float(np.max(np.abs(getattr(flows, kind) - getattr(reference, kind))))
        if difference > 0:
            largest = max(largest, difference / scales[kind] if scales[kind] > 0 else np.inf)
    return largest


def flow_checks(
    name: str,
    law: ScenarioLaw,
    flows: Flows,
    T: FloatArray,
    gross: Flows,
    first: tuple[str, Flows] | None,
) -> list[Check]:
    """Return conservation and the second law, and agreement with another solver of the same.

    Parameters
    ----------
    name : of the law. flows : (n,) by it. gross : its gross rates (n,).
    first : name and flows of the law that is compared with; None where this is the first.
    """
    exact = not isinstance(law, oqs.Landauer)
    tolerance = max(_EXACT, 10 * law.accuracy) if isinstance(law, oqs.Landauer) else _EXACT
    noise = ROUNDING / tolerance  # of the gross rates: flows that vanish are rounding alone
    particle, energy = (
        float(max(np.max(np.abs(flow)), noise * np.max(rate)))
        for flow, rate in ((flows.particle, gross.particle), (flows.energy, gross.energy))
    )
    entropy = float(max(np.sum(np.abs(flows.heat) / T), noise * np.sum(gross.heat / T)))
    clausius = float(oqs.clausius_sum(flows, T))
    off: dict[str, tuple[float, float]] = {
        "sum of P over max |P|": (abs(float(flows.particle.sum())), particle),
        "sum of J over max |J|": (abs(float(flows.energy.sum())), energy),
    }
    if not isinstance(law, oqs.DensityMatrixLaw) or law.model.detailed_balance:
        off["sum of Y/T, if positive, over sum |Y/T|"] = max(clausius, 0.0), entropy
    if first is not None and exact and first[0] != "landauer":
        kind, scale = ("particle", particle) if np.any(first[1].particle) else ("energy", energy)
        difference = np.max(np.abs(getattr(flows, kind) - getattr(first[1], kind)))
        symbol = "P" if kind == "particle" else "J"
        against = f"{symbol} against {words(first[0])}, over max |{symbol}|"
        off[against] = (float(difference), scale)
    return [
        Check(f"{words(name)}: {what}", value / scale if scale else value, tolerance)
        for what, (value, scale) in off.items()
    ]
