"""Labelled tables: the one place of `oqs` that makes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from oqs.deferred import xr

_KNOWN: Final[Mapping[str, tuple[str, str]]] = {
    "T": ("E_0/k_B", "temperature"),
    "mu": ("E_0", "chemical potential"),
    "N": ("1", "particle number"),
    "E": ("E_0", "energy"),
    "S": ("1", "entropy"),
    "P": ("E_0/hbar", "particle flow out of the reservoir"),
    "J": ("E_0^2/hbar", "energy flow out of the reservoir"),
    "Y": ("E_0^2/hbar", "heat flow out of the reservoir"),
    "time": ("hbar/E_0", "time"),
}
"""Units and long names of what is called the same in every table."""


def dataset(
    tables: Mapping[str, tuple[Any, ...]],
    coordinates: Mapping[str, Any],
    attributes: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Return an xarray Dataset.

    Parameters
    ----------
    tables : {name: (dimensions, values, units, long name)}; units and long name may be left out.
    coordinates : {name: values}, or as in `tables`.
    attributes : of the whole.
    """
    return xr.Dataset(
        {name: _variable(name, *table) for name, table in tables.items()},
        {
            name: _variable(name, *values) if isinstance(values, tuple) else values
            for name, values in coordinates.items()
        },
        dict(attributes or {}),
    )


def _variable(
    name: str, dimensions: str | Iterable[str], values: Any, *about: str
) -> tuple[Any, Any, dict[str, str]]:
    units, long_name = (*about, "", "")[:2] if about else _KNOWN.get(name, ("", ""))
    attributes = {"long_name": long_name, "units": units}
    return dimensions, values, {key: text for key, text in attributes.items() if text}
