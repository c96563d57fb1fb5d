"""Stationary states: our CPU time and memory beside a peer's in the same run, one thread.

    python benchmarks/stationary.py [--quick]

Every row is a process of its own with OMP_NUM_THREADS=1, but for the last, which shows that the
number of BLAS threads does not matter. Times are CPU seconds, the best of a few.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import qutip

import oqs

T, MU = np.array([1.0, 0.6]), np.array([20.5, 20.0])
QMEQ_PAULI = {8: 0.098, 10: 0.7}  # QmeQ 1.1 on the same task on this kind of machine, CPU seconds


def chain(sites: int, tunnelling: float = 0.3) -> oqs.InteractingSystem:
    levels = 20 + np.random.default_rng(0).uniform(0, 1, sites)
    return oqs.spinless_dots(levels, tunnelling, U=0.7)


def end_contacts(sites: int) -> list[oqs.Contact]:
    first, last = np.eye(sites)[[0, -1]]
    return [oqs.Contact(oqs.flat(1e-4), first), oqs.Contact(oqs.flat(2e-4), last)]


def best(function: Callable[[], object], seconds: float = 0.5) -> float:
    function()
    times: list[float] = []
    while sum(times) < seconds or len(times) < 2:
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
        if times[-1] > seconds:
            break
    return min(times)


def whole(sites: int) -> dict[str, float | None]:
    def compute() -> oqs.Flows:
        return oqs.flow_law(oqs.davies(chain(sites), end_contacts(sites)))(T, MU)

    return {"ours": best(compute), "peer": QMEQ_PAULI.get(sites)}


def again(sites: int) -> dict[str, float | None]:
    law = oqs.flow_law(oqs.davies(chain(sites), end_contacts(sites)))
    return {"ours": best(lambda: law(T, MU)), "peer": None}


def naive(sites: int) -> dict[str, float | None]:
    """Compare with QuTiP's direct steadystate of the per-mode generator, assembled naively."""
    h = np.diag(np.linspace(20, 21, sites)) + 0.3 * (np.eye(sites, k=1) + np.eye(sites, k=-1))
    system = oqs.QuadraticSystem(h)
    contacts = end_contacts(sites)

    def ours() -> oqs.Flows:
        return oqs.flow_law(oqs.davies(system, contacts))(T, MU)

    def peer() -> qutip.Qobj:
        rates = oqs.closed_form(system, contacts).rates
        jumps = []
        for j in range(2):
            n = 1 / (np.exp((system.energies - MU[j]) / T[j]) + 1)
            for k, a in enumerate(system.mode_annihilators):
                jumps += [np.sqrt(rates[j, k] * n[k]) * a.dag()]
                jumps += [np.sqrt(rates[j, k] * (1 - n[k])) * a]
        return qutip.steadystate(system.hamiltonian, jumps)

    return {"ours": best(ours), "peer": best(peer)}


def full(sites: int) -> dict[str, float | None]:
    """Compare re-solving all 4^N elements with QuTiP's steadystate of the same Liouvillian."""
    model = oqs.davies(chain(sites), end_contacts(sites))
    law = oqs.flow_law(model, method=oqs.FullLiouvillian())
    liouvillian = model.liouvillian(T, MU)
    return {
        "ours": best(lambda: law(T, MU)),
        "peer": best(lambda: qutip.steadystate(liouvillian)),
    }


def densities(sites: int) -> dict[str, float | None]:
    def compute() -> oqs.Flows:
        contacts = [oqs.Contact(oqs.flat(1e-4)), oqs.Contact(oqs.flat(2e-4))]
        return oqs.flow_law(oqs.davies(chain(sites, tunnelling=0.0), contacts))(T, MU)

    return {"ours": best(compute), "peer": None}


def gaussian(sites: int) -> dict[str, float | None]:
    h = np.random.default_rng(0).normal(size=(sites, sites))
    system = oqs.QuadraticSystem(h + h.T)
    contacts = [oqs.Contact(oqs.flat(1e-4)), oqs.Contact(oqs.flat(2e-4), np.ones(sites))]
    return {"ours": best(lambda: oqs.gaussian_law(system, contacts)(T, MU)), "peer": None}


def threads(sites: int) -> dict[str, float | None]:
    """Time the same re-solve with BLAS free to use all cores; the peer is one thread."""
    free = again(sites)["ours"]
    return {"ours": free, "peer": run("again", sites)["ours"]}


ROWS: dict[str, tuple[Callable[[int], dict[str, float | None]], str, str]] = {
    "whole": (whole, "interacting chain, whole computation", "QmeQ 1.1 Pauli (recorded)"),
    "again": (again, "interacting chain, new T and mu", ""),
    "naive": (naive, "quadratic chain", "qutip.steadystate, direct"),
    "full": (full, "all 4^N elements, new T and mu", "qutip.steadystate, direct"),
    "densities": (densities, "densities without tunnelling", ""),
    "gaussian": (gaussian, "covariance matrix", ""),
    "threads": (threads, "new T and mu, all BLAS threads", "the same, one thread"),
}
SIZES = {
    "whole": (4, 8, 10, 12, 14),
    "again": (2, 4, 8, 10, 12),
    "naive": (2, 4, 6),
    "full": (2, 3, 4, 5),
    "densities": (8, 14, 16, 18, 20),
    "gaussian": (100, 300, 1000),
    "threads": (6, 8, 10),
}
QUICK = {name: sizes[:2] for name, sizes in SIZES.items()}


def run(name: str, sites: int) -> dict[str, float | None]:
    """Run one row in a process of its own."""
    environment = dict(os.environ)
    if name != "threads":
        environment["OMP_NUM_THREADS"] = "1"
    command = [sys.executable, __file__, "--row", name, str(sites)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    found: dict[str, float | None] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the two smallest sizes of each task")
    parser.add_argument("--row", nargs=2, metavar=("TASK", "N"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.row:
        name, sites = options.row
        result = ROWS[name][0](int(sites))
        result["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        print(json.dumps(result))
        return
    print(f"{'task':<38} {'N':>5} {'ours/s':>10} {'peer/s':>10} {'ratio':>7} {'MB':>6}  peer")
    for name, (_, title, peer) in ROWS.items():
        previous: tuple[int, float] | None = None
        for sites in (QUICK if options.quick else SIZES)[name]:
            row = run(name, sites)
            ours, theirs, memory = row["ours"], row["peer"], row["megabytes"]
            assert ours is not None
            print(
                f"{title:<38} {sites:>5} {ours:10.3g} "
                + (f"{theirs:10.3g} {theirs / ours:7.3g}" if theirs else f"{'':>18}")
                + f" {memory:6.0f}  {peer if theirs else ''}"
                + (
                    f"  x{(ours / previous[1]) ** (1 / (sites - previous[0])):.2f} a site"
                    if previous and name != "gaussian"
                    else ""
                ),
                flush=True,
            )
            previous = (sites, ours)


if __name__ == "__main__":
    main()
