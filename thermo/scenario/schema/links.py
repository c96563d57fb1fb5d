"""[[links]]: what flows between two reservoirs directly, beside the open system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from thermo.reservoirs.links import HeatLink, Link, OhmicLink
from thermo.scenario.schema.place import Place, Problems
from thermo.scenario.schema.table import (
    REQUIRED,
    Items,
    Key,
    Reader,
    Table,
    Variant,
    argument_keys,
    shown,
)
from thermo.scenario.schema.values import name, not_negative, positive

Links = Mapping[tuple[str, str], Link]

_BETWEEN: Final = {
    "between": Key(
        Items(name, 2, 2, distinct=True), 'Give the names of two, ["hot", "lattice"].', REQUIRED
    )
}


def _kind(
    link: Callable[..., Link], **known: tuple[Reader, str]
) -> tuple[Table, Callable[..., tuple[tuple[str, str], Link]]]:
    """Return the keys of a kind of link, and the call that makes of them a pair and its link."""

    def joined(between: tuple[str, str], **arguments: Any) -> tuple[tuple[str, str], Link]:
        return between, link(**arguments)

    return Table({**_BETWEEN, **argument_keys(link, **known)}), joined


LINKS: Final = Variant(
    "kind",
    {
        "heat": _kind(
            HeatLink,
            strength=(not_negative, "It is K of K (T_a^s - T_b^s)."),
            exponent=(positive, "It is s: 1 a conductance, 5 electrons and phonons."),
        ),
        "ohmic": _kind(OhmicLink, conductance=(not_negative, "It is G of G (mu_a - mu_b).")),
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
