"""Faults in reservoirs of energy alone, and in links between reservoirs."""

import dataclasses

import numpy as np
from faults.fault import faults, wrapping

import thermo
from validation.families.finite_reservoirs import heat_reservoirs

FAMILIES = ("heat_reservoirs",)


def heat(kind, **factors):
    """The functions of a gas multiplied; nothing is kept from another test."""

    def plant(monkeypatch):
        fresh(monkeypatch)
        wrapping(
            kind,
            "heat_state",
            lambda s: s._replace(**{name: getattr(s, name) * f for name, f in factors.items()}),
        )(monkeypatch)

    return plant


def fresh(monkeypatch):
    original = heat_reservoirs._three_baths.__wrapped__
    monkeypatch.setattr(heat_reservoirs, "_three_baths", original)


def ordered(monkeypatch):
    """The order of temperatures never changes."""
    fresh(monkeypatch)
    wrapping(thermo.Trajectory, "at", lambda s: s._replace(T=np.sort(s.T)))(monkeypatch)


FAULTS = [
    *faults(
        heat(thermo.BoseGas, energy=1 + 1e-6),
        "E of bosons off by 1e-6",
        "gases without particle number by quadrature",
    ),
    *faults(
        heat(thermo.DebyeSolid, entropy=1 + 1e-6),
        "S of a lattice off by 1e-6",
        "gases without particle number by quadrature",
    ),
    *faults(heat(thermo.DebyeSolid, heat_capacity=1 + 1e-6), "C off by 1e-6", "Debye's limits"),
    *faults(
        wrapping(thermo, "equilibrium", lambda e: dataclasses.replace(e, T=e.T * (1 + 1e-6))),
        "T_eq off by 1e-6",
        "one T for all, one mu for those with particles",
    ),
    *faults(
        wrapping(thermo.HeatLink, "__call__", lambda q: q * (1 + 1e-6)),
        "links carry 1e-6 more",
        "a photon gas cools by radiation",
    ),
    *faults(
        heat(thermo.BoseGas, heat_capacity=1 + 1e-6),
        "C of bosons off by 1e-6",
        "a photon gas cools by radiation",
        "three bosonic baths against another integrator",
    ),
    *faults(ordered, "ordered", "an intermediate bath becomes the coldest, or the hottest"),
    *faults(
        wrapping(thermo.OhmicLink, "carried", lambda f: (f[0], f[1], -f[2], -f[3])),
        "sign of the heat of a wire",
        "links keep energy and obey the second law",
    ),
    *faults(
        wrapping(thermo, "evolve_ensemble", lambda e: dataclasses.replace(e, T=e.T * (1 + 1e-5))),
        "T of ensembles off by 1e-5",
        "mixtures end alike by every route",
    ),
]
