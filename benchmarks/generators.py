"""Tasks: generators for levels as close as the rates, and the hierarchy that judges them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from timing import Task, Timing, best

import oqs
import thermo
from validation.references.qmeq import ten_orbitals

QMEQ = {10: 0.22}  # CPU seconds a point, kerntype Pauli


def orbitals(modes: int) -> Timing:
    """Ten orbitals with pair scattering, 63,504 matrix elements: everything."""

    def compute() -> oqs.Flows:
        setting = ten_orbitals(19.0)
        return oqs.flow_law(oqs.perlind(setting.system, setting.contacts))(setting.T, setting.mu)

    return Timing(best(compute), QMEQ[modes], "QmeQ 1.1 Pauli, a point, recorded")


def two_dots() -> oqs.DensityMatrixLaw:
    dots = oqs.spinless_dots([0.3, 0.32], 0.02, U=1.0)
    ends = [oqs.Contact(oqs.flat(0.03), row) for row in np.eye(2)]
    return oqs.flow_law(oqs.perlind(dots, ends))


def two_dots_again(sites: int) -> Timing:
    """Two interacting dots at new T and mu; beside it one of a batch of 256."""
    law, T, mu = two_dots(), np.array([1.0, 0.6]), np.array([0.5, -0.2])
    many = np.tile(T, (256, 1)), mu + np.linspace(0, 1, 256)[:, None] * [1, -1]
    return Timing(best(lambda: law(T, mu)), best(lambda: law(*many)) / 256)


def evolution(sites: int) -> Timing:
    """Two spinful sites between finite reservoirs, with events; beside it Davies of the same."""
    dots = oqs.spinful_dots([20.0, 20.01], 0.02, U=0.5)
    ends = [oqs.Contact(oqs.flat(0.01), oqs.spin_channels(row)) for row in np.eye(sites)]
    reservoirs = [thermo.Reservoir(thermo.SommerfeldGas(1.5), capacity=1e3)] * 2

    def compute(make: Callable[..., oqs.Model]) -> thermo.Trajectory:
        law = oqs.flow_law(make(dots, ends))
        return thermo.evolve(law, reservoirs, T=[0.6, 1.0], mu=[20.8, 16.0])

    return Timing(best(lambda: compute(oqs.perlind)), best(lambda: compute(oqs.davies)))


def hierarchy(depth: int) -> Timing:
    """A spinful dot between two leads; beside it PERLind of the same."""
    dot = oqs.anderson_dot(-0.3, 1.5)
    leads = [oqs.Contact(oqs.lorentzian(0.1, m, 5.0), np.eye(2)) for m in (0.5, -0.5)]
    T, mu = [1.0, 1.3], [0.5, -0.5]

    def ours() -> oqs.Flows:
        return oqs.heom_law(dot, leads, depth=depth, expansion=3, accuracy=1.0)(T, mu)

    return Timing(best(ours), best(lambda: oqs.flow_law(oqs.perlind(dot, leads))(T, mu)))


def hierarchy_of_dots(sites: int) -> Timing:
    """Two spinful sites at depth 2, with its convergence; beside it PERLind of the same."""
    dots = oqs.spinful_dots(np.full(sites, -0.3), 0.1, U=1.5)
    leads = [
        oqs.Contact(oqs.lorentzian(0.1, m, 5.0), oqs.spin_channels(row))
        for m, row in zip((0.5, -0.5), np.eye(sites), strict=True)
    ]
    T, mu = [1.0, 1.3], [0.5, -0.5]

    def ours() -> oqs.Flows:
        return oqs.heom_law(dots, leads, depth=2, expansion=3, accuracy=1.0)(T, mu)

    return Timing(best(ours), best(lambda: oqs.flow_law(oqs.perlind(dots, leads))(T, mu)))


TASKS = {
    "orbitals": Task("PERLind, ten orbitals", (10,), orbitals, "QmeQ Pauli"),
    "two dots again": Task("PERLind of two dots, new T, mu", (2,), two_dots_again, "one of 256"),
    "evolution of close levels": Task(
        "PERLind, evolution of spinful sites", (2,), evolution, "Davies of the same"
    ),
    "hierarchy of dots": Task("HEOM of spinful sites, depth 2", (2,), hierarchy_of_dots, "PERLind"),
    "hierarchy": Task("HEOM of a spinful dot, by depth", (2, 3, 4), hierarchy, "PERLind"),
}
