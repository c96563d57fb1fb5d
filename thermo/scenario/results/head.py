"""The head of every report: system, generator, contacts, reservoirs."""

from __future__ import annotations

from typing import Any

from thermo.scenario.results.data import made_by, state_data
from thermo.scenario.scenario import Scenario


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
