"""[[links]]: what flows between two reservoirs directly, beside the open system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from thermo.reservoirs.links import HeatLink, Link, OhmicLink
from thermo.scenario.schema.place import Place, Problems
from thermo.scenario.schema.table import REQUIRED, Items, Key, Table, Variant, argument_keys, shown
from thermo.scenario.schema.values import name, not_negative, positive

Links = Mapping[tuple[str, str], Link]

_BETWEEN: Final = {
    "between": Key(
        Items(name, 2, 2, distinct=True), 'Give the names of two, ["hot", "lattice"].', REQUIRED
    )
}


def _heat(between: tuple[str, str], **arguments: Any) -> tuple[tuple[str, str], Link]:
    return between, HeatLink(**arguments)


def _ohmic(between: tuple[str, str], **arguments: Any) -> tuple[tuple[str, str], Link]:
    return between, OhmicLink(**arguments)


LINKS: Final = Variant(
    "kind",
    {
        "heat": (
            Table(
                {
                    **_BETWEEN,
                    **argument_keys(
                        HeatLink,
                        strength=(not_negative, "It is K of K (T_a^s - T_b^s)."),
                        exponent=(positive, "It is s: 1 a conductance, 5 electrons and phonons."),
                    ),
                }
            ),
            _heat,
        ),
        "ohmic": (
            Table(
                {
                    **_BETWEEN,
                    **argument_keys(
                        OhmicLink, conductance=(not_negative, "It is G of G (mu_a - mu_b).")
                    ),
                }
            ),
            _ohmic,
        ),
    },
    default="heat",
)
"""By the key `kind`: a new link is an entry here."""


def read_links(value: object, place: Place) -> Links:
    """Return the links by the pairs of names that they join."""
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise place.error(
            f"must be tables [[links]], but is {shown(value)}", "Give `between` and `strength`."
        )
    problems = Problems()
    links: dict[tuple[str, str], Link] = {}
    for index, table in enumerate(value):
        at = place.at(index)
        read = problems.tried(LINKS, table, at)
        if read is None:
            continue
        pair, link = read
        if pair in links or pair[::-1] in links:
            problems.add(
                at.at("between").error(
                    f"must be another pair, but {list(pair)} is joined twice", "Add them up."
                )
            )
        links[pair] = link
    problems.raise_any()
    return links
