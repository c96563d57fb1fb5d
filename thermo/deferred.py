"""xarray and h5netcdf where tables are made and written: importing them takes 0.4 s."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oqs.deferred import Deferred

if TYPE_CHECKING:
    import h5netcdf as h5netcdf
    import xarray as xr
else:
    h5netcdf = Deferred("h5netcdf")
    xr = Deferred("xarray")

__all__ = ["h5netcdf", "xr"]
