"""Whose report it is: a user's scenario with its flows and audit at the start."""

from __future__ import annotations

from typing import Any

import oqs
from thermo.scenario import Scenario
from validation.framework.check import DoesNotApply
from validation.own.own_system import OwnSystem
from validation.report.subject import subject_data


def own_subject(own: OwnSystem, scenario: Scenario) -> dict[str, Any]:
    """Return the head of the report; flows that cannot be computed are said in `remarks`."""
    try:
        flows = own.whole_law(own.T, own.mu)  # what links carry is in the reservoirs' flows
        audit = own.audit_at_start
    except (oqs.NonUniqueStationaryState, oqs.StationaryStateNotFound) as error:
        return subject_data(scenario, None, None, f"{type(error).__name__}: {error}")
    except DoesNotApply as reason:
        return subject_data(scenario, flows, None, f"No audit: {reason}.")
    return subject_data(scenario, flows, audit)
