"""Whose report it is: the user's system, its flows at the start and the audit, as plain data."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import oqs
from thermo.scenario import Scenario
from thermo.scenario.results.data import audit_data, head_data, kinds_data
from thermo.scenario.results.text import digits, in_its_unit, with_unit
from validation.report.page_parts import small_table

Data = Mapping[str, Any]


def subject_data(
    scenario: Scenario, flows: oqs.Flows | None, audit: oqs.Audit | None, *remarks: str
) -> dict[str, Any]:
    """Return the head of a report on a scenario; title, note, scenario, head as in summary.json.

    Parameters
    ----------
    flows, audit : at its T, mu; None where there are none, which one of `remarks` says.
    """
    head = head_data(scenario)
    del head["versions"]  # the report has more of them
    return {
        **head,
        "flows": None if flows is None else kinds_data(flows, scenario.units),
        "audit": None if audit is None else audit_data(audit),
        "remarks": [*scenario.remarks, *remarks],
    }


def subject_page(data: Data, run: Mapping[str, str]) -> str:
    """Return the head as HTML: what it is, reservoirs, flows, audit, the scenario's text.

    Parameters
    ----------
    run : when, and the versions, as text.
    """
    head, scenario = data["head"], data["scenario"]
    facts = {
        "note": data["note"],
        "system": head["system"],
        "generator": head["generator"],
        "links": "; ".join(f"{pair}: {link}" for pair, link in head["links"].items()),
        "scenario": scenario["name"],
        "SHA-256": scenario["sha256"],
        **run,
    }
    rows = [(label, value) for label, value in facts.items() if value]
    remarks = "".join(f'<p class="reason">{html.escape(text)}</p>' for text in data["remarks"])
    return (
        f'<section class="subject"><h2>System</h2>{remarks}'
        f"{_table('', (), rows)}{_reservoirs(head['reservoirs'])}{_flows(data)}"
        f"{_audit(data['audit'])}"
        f"<details><summary>Scenario</summary><pre>{html.escape(scenario['text'])}</pre></details>"
        "</section>"
    )


def _reservoirs(reservoirs: Sequence[Data]) -> str:
    numbers = [key for key in ("T", "mu", "T_K", "mu_meV") if key in reservoirs[0]]
    texts = ("contact", "gas", "capacity")
    rows = [
        (
            entry["name"],
            *(digits(entry[key], "\u2013") for key in numbers),
            *(entry[key] or "\u2013" for key in texts),
        )
        for entry in reservoirs
    ]
    heads = ("Reservoir", *(with_unit(key) for key in numbers), "Contact", "Gas", "Capacity")
    return _table("Reservoirs at the start (natural units: hbar = k_B = E_0 = 1)", heads, rows)


def _flows(data: Data) -> str:
    flows = data["flows"]
    if flows is None:
        return ""
    names = [entry["name"] for entry in data["head"]["reservoirs"]]
    rows = [
        (names[j], *(digits(in_its_unit(kind, flows[kind][j]), "\u2013") for kind in flows))
        for j in range(len(flows["particle"]))
    ]
    heads = ("Reservoir", *(with_unit(kind) for kind in flows))
    return _table("Stationary flows out of the reservoirs (natural without unit)", heads, rows)


def _audit(audit: Data | None) -> str:
    if audit is None:
        return ""
    rows = [
        (
            a["name"],
            digits(a["ratio"], "\u2013"),
            a["verdict"],
            a["measure"] if a["verdict"] == "sound" else f"{a['measure']}; {a['remedy']}",
        )
        for a in audit["assumptions"]
    ]
    heads = ("Assumption", "Ratio", "Verdict", "Measured")
    return _table(f"Audit: {audit['in_all']}", heads, rows)


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return f'<div class="wide">{small_table(caption, heads, rows, whole=True)}</div>'
