"""Eqs. (6), (26)-(29): the equilibrium that a set of reservoirs ends in."""

from __future__ import annotations

import math

import numpy as np

import thermo
from validation.framework.check import check

_SAMPLES = 10


@check(
    "equilibrium keeps the totals",
    equation="Eq. (6)",
    reference="sum_j N_j and sum_j E_j before and at equilibrium",
    tolerance=1e-11,
    claim="One T and mu hold all particles and energy, whatever the alphas and capacities.",
)
def equilibrium_totals(rng: np.random.Generator) -> float:
    """Return the largest relative difference of a total."""
    worst = 0.0
    for _ in range(_SAMPLES):
        n = int(rng.integers(1, 6))
        group = thermo.Reservoirs(
            thermo.Reservoir(
                thermo.FermiDiracGas(float(rng.uniform(0.5, 3.0))), float(10 ** rng.uniform(-2, 2))
            )
            for _ in range(n)
        )
        T, mu = rng.uniform(0.2, 2.0, n), rng.uniform(-3.0, 20.0, n)
        found = thermo.equilibrium(group, T, mu)
        at = np.full(n, found.T), np.full(n, found.mu)
        for f in (group.number, group.energy):
            worst = max(worst, abs(float(f(*at).sum() / f(T, mu).sum()) - 1))
    return worst


@check(
    "equilibrium of a constant density of states",
    equation="Eqs. (26)-(29)",
    reference="mu_eq = <mu>, T_eq^2 = <T^2> + 3 (<mu^2> - <mu>^2)/pi^2, written out",
    tolerance=1e-12,
    claim="At alpha = 1 the solver and the closed form agree.",
)
def constant_density(rng: np.random.Generator) -> float:
    """Return the largest relative difference of T_eq or mu_eq, solver and closed form."""
    worst = 0.0
    for _ in range(_SAMPLES):
        sizes = 10 ** rng.uniform(-1, 1, 4)
        T, mu = rng.uniform(0.3, 1.0, 4), rng.uniform(12.0, 20.0, 4)
        weight = sizes / sizes.sum()
        mean = weight @ mu
        exact = math.sqrt(weight @ T**2 + 3 * (weight @ mu**2 - mean**2) / math.pi**2), mean
        gas = thermo.SommerfeldGas(1.0)
        group = [thermo.Reservoir(gas, float(size)) for size in sizes]
        solved = thermo.equilibrium(group, T, mu)
        closed = thermo.constant_density_equilibrium(sizes, T, mu)
        for found in ((solved.T, solved.mu), closed):
            worst = max(worst, *(abs(float(f) / e - 1) for f, e in zip(found, exact, strict=True)))
    return worst
