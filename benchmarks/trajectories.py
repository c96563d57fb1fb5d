"""Tasks: the right-hand side, the trajectory of Fig. 1, ensembles, and what the gases cost."""

from __future__ import annotations

import itertools
import time

import mpmath
import numpy as np
import qutip
from numpy.typing import ArrayLike
from scipy.integrate import solve_ivp
from timing import Task, Timing, best

import oqs
import thermo
from thermo.evolution.dynamics import Law, ReservoirDynamics
from thermo.reservoirs.reservoir import Reservoirs

T, MU = np.array([0.6, 1.0]), np.array([20.8, 16.0])
SYSTEM = oqs.QuadraticSystem.from_energies([21.1, 21.5])
CONTACTS = [oqs.Contact(oqs.power_law(1e-4, 0.5)) for _ in T]
RESERVOIRS = [thermo.Reservoir(thermo.SommerfeldGas(1.5)) for _ in T]


def evolution(law: oqs.FlowLaw, rtol: float = 1e-10) -> thermo.Trajectory:
    tolerance = max(1e-6, 1e3 * rtol)
    return thermo.evolve(
        law, RESERVOIRS, T, MU, rtol=rtol, tolerance=tolerance, events=False, progress=False
    )


def right_hand_side(modes: int) -> Timing:
    """Compare one call of the law with the flows as one writes them first, by steadystate."""
    system = oqs.QuadraticSystem.from_energies(np.linspace(21.1, 21.5, modes))
    model = oqs.davies(system, CONTACTS)
    law = oqs.flow_law(model)

    def naive() -> oqs.Flows:
        dissipators = [model.dissipator(j, T, MU) for j in range(len(T))]
        rho = qutip.steadystate(model.liouvillian(T, MU))
        vector = qutip.operator_to_vector(rho)
        changes = [qutip.vector_to_operator(d * vector) for d in dissipators]
        particle = [qutip.expect(model.system.number, change) for change in changes]
        energy = [qutip.expect(model.system.hamiltonian, change) for change in changes]
        return oqs.Flows.of(np.real(particle), np.real(energy), MU)

    return Timing(best(lambda: law(T, MU)), best(naive))


def density_matrix(modes: int) -> Timing:
    """Compare the trajectory through the density matrix with that by Eq. (10)."""
    system = oqs.QuadraticSystem.from_energies(np.linspace(21.1, 21.5, modes))
    direct, exact = oqs.flow_law(oqs.davies(system, CONTACTS)), oqs.closed_form(system, CONTACTS)
    return Timing(best(lambda: evolution(direct)), best(lambda: evolution(exact)))


def closed_form(modes: int) -> Timing:
    """Compare the trajectory by Eq. (10) at rtol 1e-6 with SciPy's LSODA on the same equations."""
    law = oqs.closed_form(
        oqs.QuadraticSystem.from_energies(np.linspace(21.1, 21.5, modes)), CONTACTS
    )
    slow = ReservoirDynamics(law, Reservoirs(RESERVOIRS), T)
    end = float(evolution(law, 1e-6).t[-1])

    def lsoda() -> object:
        start = slow.pack(T, MU)
        return solve_ivp(lambda t, y: slow(y), (0, end), start, method="LSODA", rtol=1e-6)

    return Timing(best(lambda: evolution(law, 1e-6)), best(lsoda))


class OneByOne:
    """A law that is asked for one state at a time, so that `evolve` goes step by step."""

    batched = False

    def __init__(self, law: oqs.ClosedForm) -> None:
        self.law, self.jacobian = law, law.jacobian
        self.frequencies, self.fastest_rate = law.frequencies, law.fastest_rate

    def __call__(self, T: ArrayLike, mu: ArrayLike) -> oqs.Flows:
        return self.law(T, mu)


def at_once(modes: int) -> Timing:
    """Compare all steps at once with step by step."""
    law = oqs.closed_form(
        oqs.QuadraticSystem.from_energies(np.linspace(21.1, 21.5, modes)), CONTACTS
    )
    found = evolution(law), evolution(OneByOne(law))
    assert [path.parameters["route"][:12] for path in found] == ["all steps at", "step by step"]
    return Timing(best(lambda: evolution(law)), best(lambda: evolution(OneByOne(law))))


class Differenced:
    """A law that does not know its derivatives."""

    def __init__(self, law: oqs.ClosedForm) -> None:
        self.law, self.batched, self.fastest_rate = law, law.batched, law.fastest_rate

    def __call__(self, T: ArrayLike, mu: ArrayLike) -> oqs.Flows:
        return self.law(T, mu)


def derivatives(count: int) -> Timing:
    """Compare an ensemble of four reservoirs, Fig. 4, with one whose law is differenced."""
    rng = np.random.default_rng(0)
    rates = 1e-4 * np.array([10, 1, 10, 0.05])
    contacts = [oqs.Contact(oqs.power_law(float(rate), 0.5)) for rate in rates]
    law = oqs.closed_form(oqs.QuadraticSystem.from_energies([21.2, 21.5]), contacts)
    starts = np.array([0.3, 0.2, 0.1, 0.15]) * rng.uniform(0.95, 1.05, (count, 4))
    mu, reservoirs = [21.0, 19.0, 20.2, 20.9], [RESERVOIRS[0]] * 4

    def run(driver: Law) -> object:
        return thermo.evolve_ensemble(driver, reservoirs, starts, mu, workers=1)

    return Timing(best(lambda: run(law), 0.1), best(lambda: run(Differenced(law)), 0.1))


def ensemble(gas: thermo.EquationOfState, count: int, law: Law | None = None) -> Timing:
    """Time many trajectories at once, by the clock on the wall; the peer is one after the other."""
    rng = np.random.default_rng(0)
    starts = T * rng.uniform(0.8, 1.2, (count, 2)), MU + rng.uniform(-1, 1, (count, 2))
    law, reservoirs = law or oqs.closed_form(SYSTEM, CONTACTS), [thermo.Reservoir(gas) for _ in T]
    ours = best(
        lambda: thermo.evolve_ensemble(law, reservoirs, *starts), 0.1, clock=time.perf_counter
    )
    begin = time.perf_counter()
    for few in zip(*(start[:10] for start in starts), strict=True):
        thermo.evolve(law, reservoirs, *few, events=False, progress=False)
    return Timing(ours, (time.perf_counter() - begin) * count / 10)


def repelling(count: int) -> Timing:
    """Time many trajectories of two dots that repel each other, through the density matrix."""
    dots = oqs.InteractingSystem.from_terms(SYSTEM.h, U={(0, 1): 0.5})
    law = oqs.flow_law(oqs.davies(dots, CONTACTS))
    return ensemble(thermo.FermiDiracGas(1.5), count, law)


def photons(count: int) -> Timing:
    """Compare photon gases in a row, each linked to the next, with SciPy's LSODA, rtol 1e-6."""
    names = [f"{j}" for j in range(count)]
    links = dict.fromkeys(itertools.pairwise(names), 0.001)
    law = thermo.with_links(None, links, names=names)
    gases = [thermo.Reservoir(thermo.BoseGas(3)) for _ in names]
    start = np.linspace(0.5, 1.5, count)
    slow = ReservoirDynamics(law, Reservoirs(gases), start)

    def ours() -> thermo.Trajectory:
        return thermo.evolve(law, gases, start, rtol=1e-6, tolerance=1e-3, events=False)

    end = float(ours().t[-1])

    def lsoda() -> object:
        y = slow.pack(start, np.zeros(count))
        return solve_ivp(lambda t, y: slow(y), (0, end), y, method="LSODA", rtol=1e-6)

    return Timing(best(ours), best(lsoda))


def leaky(phonons: int) -> Timing:
    """Compare Fig. 1 with a phonon gas linked to each reservoir with Fig. 1 alone."""
    law = oqs.closed_form(SYSTEM, [oqs.Contact(oqs.power_law(1e-4, 0.5), name=n) for n in "ab"])
    links = {(n, f"phonons of {n}"): thermo.HeatLink(1e-5, 5) for n in "ab"[:phonons]}
    members = RESERVOIRS + [thermo.Reservoir(thermo.BoseGas(3))] * phonons
    temperature, potential = np.append(T, [0.6] * phonons), np.append(MU, [0.0] * phonons)
    linked = thermo.with_links(law, links)

    def ours() -> object:
        return thermo.evolve(linked, members, temperature, potential, events=False, progress=False)

    return Timing(best(ours), best(lambda: evolution(law)))


def integral(count: int) -> Timing:
    """Compare F_1/2 with mpmath's polylogarithm, 16 digits, of which a few stand for all."""
    eta = np.random.default_rng(0).uniform(-20, 3, count)
    few = eta[:20]

    def peer() -> list[object]:
        return [mpmath.polylog(1.5, -mpmath.exp(x)) for x in few]

    return Timing(
        best(lambda: thermo.fermi_dirac_integral(0.5, eta)), best(peer) * count / len(few)
    )


def gas_state(count: int) -> Timing:
    gas = thermo.FermiDiracGas(1.5)
    temperature, potential = np.full(count, 0.8), np.linspace(-2.0, 20.0, count)
    return Timing(best(lambda: gas.state(temperature, potential)))


TASKS = {
    "right_hand_side": Task("a call of the law", (2, 3), right_hand_side, "qutip.steadystate"),
    "density_matrix": Task("Fig. 1, density matrix", (2, 4), density_matrix, "by Eq. (10)"),
    "closed_form": Task("Fig. 1, Eq. (10), rtol 1e-6", (2,), closed_form, "SciPy's LSODA"),
    "at_once": Task("Fig. 1, Eq. (10), rtol 1e-10", (2, 6), at_once, "state by state"),
    "derivatives": Task(
        "ensemble of Fig. 4, known derivatives", (500,), derivatives, "by differences"
    ),
    "sommerfeld": Task(
        "ensemble, Sommerfeld gas, wall time",
        (100, 1000, 10_000),
        lambda count: ensemble(thermo.SommerfeldGas(1.5), count),
        "one by one",
    ),
    "exact_gas": Task(
        "ensemble, exact gas, wall time",
        (100, 1000, 10_000),
        lambda count: ensemble(thermo.FermiDiracGas(1.5), count),
        "one by one",
    ),
    "repelling": Task(
        "ensemble, interacting dots, wall time", (100, 1000), repelling, "one by one"
    ),
    "photons": Task("linked photon gases, rtol 1e-6", (2, 4, 8), photons, "SciPy's LSODA"),
    "leaky": Task("Fig. 1, Eq. (10), linked phonon gases", (1, 2), leaky, "without"),
    "integral": Task("Fermi-Dirac integrals", (1, 10_000), integral, "mpmath, 16 digits"),
    "gas_state": Task("N, E, S, Jacobian of an exact gas", (2, 10_000), gas_state),
}
