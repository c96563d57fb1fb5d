"""Noise, drawn: Fano factors of Coulomb diamonds, engines at their efficiency and their noise."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

import oqs
import thermo

_CONTACTS = (oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02)))
_LIMITS = (0.5, 1.1)  # thermal noise without a mean runs off the scale


def diamonds(points: int = 201) -> xr.Dataset:
    """Return current, conductance and Fano factor of an Anderson dot over gate and bias."""
    diagram = oqs.stability_diagram(
        lambda gate: oqs.davies(oqs.anderson_dot(-gate, U=1.2), _CONTACTS),
        gate=np.linspace(-0.8, 2.0, points),
        bias=np.linspace(-2.0, 2.0, points),
        T=0.03,
    )
    return diagram.to_dataset()


def draw_diamonds(table: xr.Dataset) -> Figure:
    """Draw the Fano factors."""
    labels = {"fano": "Fano factor", "gate": "gate", "bias": "bias"}
    return thermo.plot_map(table, "fano", limits=_LIMITS, lines=False, labels=labels)


def engines(levels: int = 41, voltages: int = 60) -> xr.Dataset:
    """Return a dot with Coulomb repulsion as an engine, over its level and its bias."""
    return thermo.device_map(
        lambda level: oqs.davies(oqs.anderson_dot(level, U=1.5), _CONTACTS),
        np.linspace(1.0, 5.0, levels),
        np.linspace(0.02, 1.9, voltages),
        T=[1.0, 2.0],
        name="level",
    )
