"""Engines at their efficiency and their noise, drawn."""

from __future__ import annotations

import numpy as np
import xarray as xr

import oqs
import thermo

_CONTACTS = (oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02)))


def compute(levels: int = 41, voltages: int = 60) -> xr.Dataset:
    """Return a dot with Coulomb repulsion as an engine, over its level and its bias."""
    return thermo.device_map(
        lambda level: oqs.davies(oqs.anderson_dot(level, U=1.5), _CONTACTS),
        np.linspace(1.0, 5.0, levels),
        np.linspace(0.02, 1.9, voltages),
        T=[1.0, 2.0],
        name="level",
    )
