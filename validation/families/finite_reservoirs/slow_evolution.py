"""Eq. (4), supplement D: what reservoirs lose along an evolution, and where it ends."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import oqs
import thermo
from validation.framework.bounds import at_least
from validation.framework.check import Measurement
from validation.framework.claim import claim
from validation.framework.deviation import deviation
from validation.systems.cases import FIGURE_1, FIGURE_2


# tolerance: of the central differences of the trajectory
@claim("Eq. (4)", "dN_j/dt = -P_j and dE_j/dt = -J_j at the momentary flows", 1e-6)
def what_a_reservoir_loses() -> Iterator[tuple[str, float]]:
    """Along an evolution N_j and E_j change by the flows."""
    law = FIGURE_1.closed_form()
    group = thermo.Reservoirs(FIGURE_1.reservoirs())
    run = thermo.evolve(law, group, FIGURE_1.T, FIGURE_1.mu, events=False, progress=False)
    for t in np.geomspace(1e3, 1e7, 12):
        before, now, after = (run.at(t * (1 + s)) for s in (-1e-4, 0.0, 1e-4))
        flows = law(now.T, now.mu)
        for f, flow in ((group.number, flows.particle), (group.energy, flows.energy)):
            slope = (f(after.T, after.mu) - f(before.T, before.mu)) / (2e-4 * t)
            yield f"t = {t:.3g}", deviation(slope, -flow)


# tolerance: both runs stop within 1e-6 of it
@claim("supplement D", "two distinct frequencies make the equilibrium unique", 4e-6)
def one_equilibrium_for_all_starts() -> float:
    """Starts that share N and E end in the same T and mu."""
    law = FIGURE_2.closed_form()
    group = thermo.Reservoirs(FIGURE_2.reservoirs(thermo.FermiDiracGas(1.5)))
    number, energy = group.number(FIGURE_2.T, FIGURE_2.mu), group.energy(FIGURE_2.T, FIGURE_2.mu)
    ends = []
    for moved in (0.0, 0.02, -0.01):
        particles = moved * number[0] * np.array([1.0, -1.0])
        T, mu = thermo.invert(
            group[0].gas, number + particles, energy + particles * FIGURE_2.mu.mean()
        )
        run = thermo.evolve(law, group, T, mu, events=False, progress=False)
        ends.append(np.concatenate([run.T[-1], run.mu[-1]]))
    return float(np.max(np.abs(np.array(ends[1:]) / ends[0] - 1)))


@claim(
    "supplement D", "tight coupling: all (w - mu_j)/T_j agree, out of equilibrium", at_least(0.01)
)
def one_frequency_stalls() -> Measurement:
    """With a single frequency the evolution stops before equilibrium, and says so."""
    system = oqs.QuadraticSystem.from_energies(FIGURE_2.energies[:1])
    law = oqs.closed_form(system, FIGURE_2.contacts())
    group = FIGURE_2.reservoirs()
    run = thermo.evolve(law, group, FIGURE_2.T, FIGURE_2.mu, events=False, progress=False)
    x = (FIGURE_2.energies[0] - run.mu[-1]) / run.T[-1]
    tight = run.outcome == "stalled" and abs(x[0] / x[1] - 1) < 1e-6
    goal = thermo.equilibrium(group, FIGURE_2.T, FIGURE_2.mu)
    away = float(np.max(np.abs(run.T[-1] / goal.T - 1)))
    return Measurement(away * tight, detail=f"outcome {run.outcome}, (w - mu)/T = {x[0]:.4f}")
