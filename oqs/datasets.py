"""Labelled tables: the one place of `oqs` that imports xarray, when a table is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray


def dataset(
    tables: Mapping[str, Any],
    coordinates: Mapping[str, Any],
    attributes: Mapping[str, Any] | None = None,
) -> xarray.Dataset:
    """Return an xarray Dataset of {name: (dimensions, values, {"long_name": .., "units": ..})}."""
    import xarray

    return xarray.Dataset(dict(tables), coords=dict(coordinates), attrs=dict(attributes or {}))
