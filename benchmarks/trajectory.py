"""One trajectory of Fig. 1 by Eq. (10), by the density matrix, and by a naive steadystate.

Run: python benchmarks/trajectory.py [--naive]. Times are CPU times of one thread, best of three.
The naive way, qutip.steadystate in every right-hand side, takes minutes and runs only if asked for.
"""

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is imported

import numpy as np
import qutip

import oqs
import thermo
from thermo.evolve import evolve

ENERGIES = [21.1, 21.5]
T, MU = [0.6, 1.0], [20.8, 16.0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--naive", action="store_true", help="also time the naive way")
    arguments = parser.parse_args()
    system = oqs.QuadraticSystem.from_energies(ENERGIES)
    contacts = [oqs.Contact(rate=oqs.power_law(1e-4, 0.5)) for _ in T]
    model = oqs.davies(system, contacts)
    laws = {"Eq. (10)": oqs.closed_form(system, contacts), "density matrix": oqs.flow_law(model)}
    if arguments.naive:
        laws["naive qutip.steadystate"] = naive_law(model)
    header = f"{'law':<24}{'gas':<16}{'rtol':>7}{'events':>8}{'steps':>7}{'laws':>7}{'ms':>10}"
    print(header + f"{'totals':>9}")
    for name, law in laws.items():
        for gas in (thermo.SommerfeldGas(1.5), thermo.FermiDiracGas(1.5)):
            for rtol, events in ((1e-6, False), (1e-10, False), (1e-10, True)):
                if name.startswith("naive") and (events or rtol < 1e-6):
                    continue
                report(name, law, gas, rtol, events)


def report(name, law, gas, rtol, events):
    """Print what one trajectory takes."""
    reservoirs = [thermo.Reservoir(gas) for _ in T]
    tolerance = max(1e-6, 1e3 * rtol)
    best = np.inf
    for _ in range(1 if name.startswith("naive") else 3):
        start = time.process_time()
        path = evolve(law, reservoirs, T, MU, rtol=rtol, tolerance=tolerance, events=events)
        best = min(best, time.process_time() - start)
    print(
        f"{name:<24}{type(gas).__name__:<16}{rtol:>7.0e}{events!s:>8}"
        f"{len(path.solution.t) - 1:>7}{path.evaluations:>7}{1e3 * best:>10.1f}"
        f"{max(path.conservation):>9.0e}"
    )


def naive_law(model):
    """Return the flow law as one writes it first: collapse operators and steadystate each time."""

    def law(T, mu):
        dissipators = [model.dissipator(j, T, mu) for j in range(len(T))]
        rho = qutip.steadystate(model.liouvillian(T, mu))
        vector = qutip.operator_to_vector(rho)
        changes = [qutip.vector_to_operator(d * vector) for d in dissipators]
        particle = [qutip.expect(model.system.number, change) for change in changes]
        energy = [qutip.expect(model.system.hamiltonian, change) for change in changes]
        return oqs.Flows.of(np.real(particle), np.real(energy), mu)

    return law


if __name__ == "__main__":
    main()
