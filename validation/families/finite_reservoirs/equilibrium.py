"""Eqs. (6), (26)-(29): the equilibrium that a set of reservoirs ends in."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

import oqs
import thermo
from oqs.arguments import FloatArray
from validation.framework.claim import claim
from validation.framework.deviation import deviation

_SAMPLES = 10


@claim("Eq. (6)", "sum_j N_j and sum_j E_j before and at equilibrium", 1e-11)
def equilibrium_keeps_the_totals(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """One T and mu hold all particles and energy, whatever the alphas and capacities."""
    for case in range(_SAMPLES):
        n = int(rng.integers(1, 6))
        group = thermo.Reservoirs(
            thermo.Reservoir(
                thermo.FermiDiracGas(float(rng.uniform(0.5, 3.0))), float(10 ** rng.uniform(-2, 2))
            )
            for _ in range(n)
        )
        T, mu = rng.uniform(0.2, 2.0, n), rng.uniform(-3.0, 20.0, n)
        common = thermo.equilibrium(group, T, mu)
        at = np.full(n, common.T), np.full(n, common.mu)
        for kind, f in (("N", group.number), ("E", group.energy)):
            yield f"{kind} of set {case}", abs(float(f(*at).sum() / f(T, mu).sum()) - 1)


@claim(
    "Eqs. (26)-(29)", "mu_eq = <mu>, T_eq^2 = <T^2> + 3 (<mu^2> - <mu>^2)/pi^2, written out", 1e-12
)
def equilibrium_of_a_constant_density_of_states(
    rng: np.random.Generator,
) -> Iterator[tuple[str, float]]:
    """At alpha = 1 the solver and the closed form agree."""
    for case in range(_SAMPLES):
        sizes = 10 ** rng.uniform(-1, 1, 4)
        T, mu = rng.uniform(0.3, 1.0, 4), rng.uniform(12.0, 20.0, 4)
        weight = sizes / sizes.sum()
        mean = weight @ mu
        exact = math.sqrt(weight @ T**2 + 3 * (weight @ mu**2 - mean**2) / math.pi**2), mean
        gas = thermo.SommerfeldGas(1.0)
        group = [thermo.Reservoir(gas, float(size)) for size in sizes]
        solved = thermo.equilibrium(group, T, mu)
        closed = thermo.constant_density_equilibrium(sizes, T, mu)
        yield f"solver, set {case}", deviation((solved.T, solved.mu), exact, exact)
        yield f"closed form, set {case}", deviation(closed, exact, exact)


def _canonical(gas: thermo.EquationOfState, size: float, T: float, mu: float) -> FloatArray:
    """Return the covariance (2, 2) of N and E of a gas open to a reservoir that keeps T, mu."""
    affinities = np.array([[0.0, T**2], [T, mu * T]])  # d(T, mu) by d(mu/T), d(-1/T)
    return size * gas.jacobian(T, mu) @ affinities


# tolerance: the end of the path is within 1e-6 of equilibrium, and its noise with it
@claim(
    "Eq. (4), with its noise",
    "K_1 - K_1 (K_1 + K_2)^-1 K_1, K_j the canonical covariance of N_j, E_j",
    1e-4,
)
def spread_of_two_reservoirs_at_equilibrium() -> float:
    """The noise of the flows along a path ends in the fluctuations of equilibrium."""
    gases = thermo.SommerfeldGas(1.5), thermo.FermiDiracGas(1.0)
    sizes = 10.0, 30.0
    rate = oqs.power_law(1e-4, 0.5)
    modes = oqs.QuadraticSystem.from_energies([21.1, 21.5])
    law = oqs.flow_law(oqs.davies(modes, [oqs.Contact(rate), oqs.Contact(rate)]))
    box = [thermo.Reservoir(gas, size) for gas, size in zip(gases, sizes, strict=True)]
    path = thermo.evolve(law, box, T=[0.6, 1.0], mu=[20.8, 19.0])
    T, mu = path.T[-1], path.mu[-1]
    K = [_canonical(*each) for each in zip(gases, sizes, T.tolist(), mu.tolist(), strict=True)]
    exact = K[0] - K[0] @ np.linalg.solve(K[0] + K[1], K[0])
    covariance = path.fluctuations().exchanged[-1, :, 0, :, 0]
    scale = np.sqrt(np.outer(np.diagonal(exact), np.diagonal(exact)))
    return float(np.max(np.abs(covariance - exact) / scale))
