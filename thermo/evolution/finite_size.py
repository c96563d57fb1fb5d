"""What Eqs. (4), (5) assume of a reservoir of finite size: many levels, sharp T, quick mixing."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np

import oqs
from oqs.arguments import FloatArray
from oqs.generator.linewidths import Linewidths
from oqs.validity.verdict import Assumption, Verdict
from thermo.gases import BoseGas, DebyeSolid, EquationOfState, FermiDiracGas, SommerfeldGas
from thermo.gases.combined import CombinedGas
from thermo.gases.tabulated import TabulatedGas
from thermo.gases.thermal import ThermalGas
from thermo.reservoirs.reservoir import Reservoir, Reservoirs

_SPREAD = 1 / 3  # of T: three standard deviations reach T = 0
_LARGER = "enlarge the reservoirs, T(t/(A V)) stays, or use "


def finite_size(
    model: oqs.Model, reservoirs: Reservoirs, t: FloatArray, T: FloatArray, mu: FloatArray
) -> tuple[Assumption, ...]:
    """Return rows on the reservoirs of finite size at times t (m,), T and mu (m, n).

    continuum: distance of the levels over the rate at which they fill and empty,
    1/(A V g(w) gamma_j(w)), largest over the Bohr frequencies w.
    fluctuations: C_j^(-1/2), the spread of T_j over T_j at the heat capacity C_j. Not of T_j, mu_j
    along this path: see `path.fluctuations` for that.
    depletion: 2 A V g(w), the time in which the levels at w are used up. The reservoir must refill
    them faster; how fast it does, nothing here knows, so that the ratio is reported as 0.
    """
    own = range(model.reservoirs)  # the others are in contact through links alone
    finite = [j for j in own if not reservoirs.fixed[j]]
    if not finite:
        return ()
    lines = Linewidths.of(model.secular.at(T[0, own], mu[0, own]))
    members = list(reservoirs)
    known = [
        (members[j], levels)
        for j in finite
        if (levels := _levels(members[j], lines.frequencies, lines.rates[j])) is not None
    ]
    heat = {j: _heat_capacity(members[j], T[:, j], mu[:, j]) for j in finite}
    return (*_of_levels(known), _fluctuations(members, heat, t))


def level_density(gas: EquationOfState, energy: FloatArray) -> FloatArray | None:
    """Return g (K,) per unit energy and capacity at energies (K,); None where a gas has none."""
    if isinstance(gas, SommerfeldGas | FermiDiracGas | BoseGas):
        inside = energy > 0
        return np.where(inside, np.where(inside, energy, 1.0) ** (gas.alpha - 1), 0.0)
    if isinstance(gas, TabulatedGas):
        return np.interp(energy, gas.energies, gas.density_of_states, left=0.0, right=0.0)
    if isinstance(gas, DebyeSolid):
        d, inside = gas.dimension, (energy > 0) & (energy < gas.T_D)
        return np.where(inside, d**2 * (np.abs(energy) / gas.T_D) ** (d - 1) / gas.T_D, 0.0)
    if isinstance(gas, CombinedGas):
        total = np.zeros(energy.shape)
        for part, capacity in gas.parts:
            density = level_density(part, energy)
            if density is None:
                return None
            total += capacity * density
        return total
    return None


def _levels(
    member: Reservoir, w: FloatArray, rate: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray] | None:
    """Return w, gamma(w) and A V g(w) (K,) where the reservoir exchanges; None if unknown."""
    density = level_density(member.gas, w)
    here = rate > 0
    if isinstance(member.gas, ThermalGas):
        here &= w > 0
    if density is None or not np.any(here):
        return None
    return w[here], rate[here], member.capacity * density[here]


def _of_levels(
    known: Sequence[tuple[Reservoir, tuple[FloatArray, FloatArray, FloatArray]]],
) -> tuple[Assumption, ...]:
    if not known:
        return ()
    widest: list[tuple[float, float, float, float, str]] = []
    quickest: list[tuple[float, float, str]] = []
    for member, (w, rate, density) in known:
        with np.errstate(divide="ignore"):
            spacings = 1 / (density * rate)
        k, least = int(np.argmax(spacings)), int(np.argmin(density))
        name = str(member.name)
        widest.append((float(spacings[k]), float(density[k]), float(rate[k]), float(w[k]), name))
        quickest.append((2 * float(density[least]), float(w[least]), name))
    ratio, levels, filling, at, name = max(widest, key=operator.itemgetter(0))
    time, place, hurried = min(quickest, key=operator.itemgetter(0))
    continuum = Assumption(
        "continuum",
        ratio,
        Verdict.of(ratio),
        f"distance of levels, of {levels:.3g} per unit energy, over the rate {filling:.3g} at "
        f"w = {at:.4g} of {name}",
        f"{_LARGER}thermo.explicit_reservoirs",
    )
    depletion = Assumption(
        "depletion",
        0.0,
        Verdict.SOUND,
        f"not measured: {hurried} must thermalise inside in less than {time:.3g}, 2 A V g(w) at "
        f"w = {place:.4g}",
        "",
    )
    return continuum, depletion


def _heat_capacity(member: Reservoir, T: FloatArray, mu: FloatArray) -> FloatArray:
    """Return C (m,) of all the reservoir at its particle number."""
    table = member.gas.jacobian(T, mu)  # (m, 2, 2): dN/dT, dN/dmu; dE/dT, dE/dmu
    by_T, by_mu = table[..., 1, 0], table[..., 1, 1]
    compressibility = table[..., 0, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.where(compressibility > 0, by_mu * table[..., 0, 0] / compressibility, 0.0)
    return np.asarray(member.capacity * (by_T - moved))


def _fluctuations(
    members: Sequence[Reservoir], heat: dict[int, FloatArray], t: FloatArray
) -> Assumption:
    j = min(heat, key=lambda j: float(np.min(heat[j])))
    k = int(np.argmin(heat[j]))
    capacity = float(heat[j][k])
    ratio = capacity**-0.5 if capacity > 0 else float("inf")
    return Assumption(
        "fluctuations",
        ratio,
        Verdict.UNRELIABLE if not ratio <= _SPREAD else Verdict.of(ratio),
        f"C^(-1/2), spread of T over T of {members[j].name}, heat capacity {capacity:.3g} "
        f"(t = {t[k]:.3g})",
        f"{_LARGER}thermo.evolve_stochastic",
    )
