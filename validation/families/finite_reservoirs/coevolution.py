"""Eqs. (3), (4) beyond quasi-stationarity: system and reservoirs evolved together."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import NamedTuple, final

import numpy as np
import qutip

import oqs
import thermo
from oqs.arguments import FloatArray
from validation.framework.bounds import at_least, within
from validation.framework.check import Measurement
from validation.framework.claim import claim
from validation.framework.deviation import exponents, largest
from validation.systems.cases import FIGURE_2

Gas = thermo.SommerfeldGas | thermo.FermiDiracGas

_CAPACITIES = (10.0, 100.0, 1000.0)
_TIMES = (3e3, 1e4, 3e4, 1e5)
"""t/(A V) at which both evolutions are compared: before, in and after the flip of T."""


@final
class Together(NamedTuple):
    """A run of `thermo.coevolve` beside one of `thermo.evolve` from the same T, mu."""

    # (2, times) largest |T_j - T_j'| and |mu_j - mu_j'|, units of energy, at _TIMES A V
    deviation: FloatArray
    production: float  # least entropy production of the joint run, hbar = k_B = 1


def _gases() -> tuple[Gas, ...]:
    return thermo.SommerfeldGas(FIGURE_2.alpha), thermo.FermiDiracGas(FIGURE_2.alpha)


@functools.cache
def together(gas: Gas, capacity: float) -> Together:
    """Run Fig. 2 both ways with reservoirs of this gas and capacity."""
    T, mu = FIGURE_2.T, FIGURE_2.mu
    model, law = FIGURE_2.model(), FIGURE_2.closed_form()
    group = [thermo.Reservoir(gas, capacity) for _ in T]
    times = np.array(_TIMES) * capacity
    start, end = oqs.stationary_state(model, T, mu), float(times[-1])
    joint = thermo.coevolve(model, group, start, T, mu, t_final=end, progress=False)
    slow = thermo.evolve(law, group, T, mu, t_final=end, events=False, progress=False)
    pairs = zip(joint.at(times), slow.at(times), strict=True)
    deviation = np.array([np.max(np.abs(values - limit), axis=-1) for values, limit in pairs])
    return Together(deviation, float(joint.entropy_production.min()))


@claim(
    "Eq. (4)",
    "tau_S/tau_eq goes as 1/(A V)",
    within(-1.0, 0.02),
    name="deviation from the quasi-stationary picture",
)
def quasi_stationary() -> Iterator[float]:
    """System and reservoirs evolved together tend to the slow evolution as 1/(A V)."""
    for gas in _gases():
        deviations = [together(gas, size).deviation.ravel() for size in _CAPACITIES]
        yield from exponents(_CAPACITIES, deviations)


@claim(
    "Eq. (3)", "dS_S/dt + sum_j (mu_j P_j - J_j)/T_j >= 0 with the momentary T, mu", at_least(0.0)
)
def second_law_of_system_and_reservoirs_together() -> Iterator[float]:
    """Without the quasi-stationary assumption the entropy production stays positive."""
    for gas, size in itertools.product(_gases(), _CAPACITIES):
        yield together(gas, size).production


# tolerance: of the solver, whose rtol is 1e-10
@claim("Eqs. (3), (4)", "E_S + sum_j E_j of the start; dS/dt of system and reservoirs >= 0", 1e-8)
def links_beside_a_system_that_evolves_with_its_reservoirs() -> Measurement:
    """Two qubits' baths and a substrate, joined by a leak and electron-phonon cooling."""
    pair = oqs.exchange_qubits([1.0, 1.6], 0.1)
    baths = [
        oqs.BosonicContact(oqs.ohmic(g), oqs.on_factor(pair, k, qutip.sigmax()), name=name)
        for k, (g, name) in enumerate(((0.02, "cold"), (0.005, "hot")))
    ]
    law = oqs.flow_law(oqs.davies(pair, baths))
    leak, cooling = thermo.HeatLink(1e-4), thermo.HeatLink(1e-4, exponent=5)
    links = {("cold", "hot"): leak, ("cold", "substrate"): cooling}
    members = [thermo.Reservoir(thermo.BoseGas(3), 10.0) for _ in range(3)]
    whole, T = thermo.with_links(law, links), [0.4, 1.2, 0.8]
    start = oqs.stationary_state(law.model, T[:2])
    joint = thermo.coevolve(whole, members, start, T, t_final=1e4)
    slow = thermo.evolve(whole, members, T, t_final=1e4, events=False)
    off = float(np.max(np.abs(joint.T[-1] / slow.T[-1] - 1)))
    fall = float(max(0.0, -np.min(np.diff(joint.total_entropy)))) / float(joint.total_entropy[0])
    value = largest(joint.conservation.energy, fall, -float(joint.entropy_production.min()))
    detail = f"T off `evolve` by {off:.1e}, capacities of 10; T = {joint.T[-1].round(3).tolist()}"
    return Measurement(value if off < 2e-2 else np.inf, detail=detail)
