"""Tasks: stationary states and their flows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import qutip
from timing import Task, Timing, best

import oqs
from oqs.arguments import FloatArray

T, MU = np.array([1.0, 0.6]), np.array([20.5, 20.0])
QMEQ_PAULI = {8: 0.098, 10: 0.7}  # CPU seconds; it does not build with this Python and numpy
RECORDED = "QmeQ 1.1 Pauli, recorded on such a machine"


def chain(sites: int, tunnelling: float = 0.3) -> oqs.InteractingSystem:
    levels = 20 + np.random.default_rng(0).uniform(0, 1, sites)
    return oqs.spinless_dots(levels, tunnelling, U=0.7)


def end_contacts(sites: int) -> list[oqs.Contact]:
    first, last = np.eye(sites)[[0, -1]]
    return [oqs.Contact(oqs.flat(1e-4), first), oqs.Contact(oqs.flat(2e-4), last)]


def whole(sites: int) -> Timing:
    def compute() -> oqs.Flows:
        return oqs.flow_law(oqs.davies(chain(sites), end_contacts(sites)))(T, MU)

    ours = best(compute)
    recorded = QMEQ_PAULI.get(sites)
    return Timing(ours, recorded, RECORDED if recorded else "")


def again(sites: int) -> Timing:
    law = oqs.flow_law(oqs.davies(chain(sites), end_contacts(sites)))
    return Timing(best(lambda: law(T, MU)))


SPINFUL_AT = [0.4, 0.6], [0.5, -0.5]  # T, mu


def spinful_model(levels: FloatArray, zeeman: float = 0.0) -> oqs.DaviesModel:
    ends = [oqs.spin_channels(row) for row in np.eye(len(levels))[[0, -1]]]
    contacts = [oqs.Contact(oqs.flat(g), t) for g, t in zip((0.01, 0.02), ends, strict=True)]
    system = oqs.spinful_dots(levels, 1.0, U=4.0, U_inter=0.5, zeeman=zeeman)
    return oqs.davies(system, contacts)


def spinful(sites: int) -> Timing:
    """Compare equal spinful sites with sites of unequal levels and spins: flows and state."""

    def compute(levels: FloatArray, zeeman: float) -> None:
        model = spinful_model(levels, zeeman)
        oqs.flow_law(model)(*SPINFUL_AT)
        oqs.stationary_state(model, *SPINFUL_AT)

    equal = np.full(sites, -2.0)
    disordered = equal + np.random.default_rng(1).uniform(-0.3, 0.3, sites)
    return Timing(best(lambda: compute(equal, 0.0)), best(lambda: compute(disordered, 0.13)))


def close_levels(sites: int) -> Timing:
    """Compare PERLind of equal spinful sites with Davies of the same, everything of both."""
    ends = [oqs.spin_channels(row) for row in np.eye(sites)[[0, -1]]]
    contacts = [oqs.Contact(oqs.flat(0.1), t) for t in ends]

    def compute(make: Callable[..., oqs.Model]) -> None:
        system = oqs.hubbard_chain(sites, 1.0, U=4.0, V=0.5, level=-2.0)
        oqs.flow_law(make(system, contacts))([0.5, 0.7], [0.5, -0.5])

    return Timing(best(lambda: compute(oqs.perlind)), best(lambda: compute(oqs.davies)))


def close_levels_again(sites: int) -> Timing:
    """Time a bias sweep of 50 points, per point; the peer is one point alone."""
    ends = [oqs.spin_channels(row) for row in np.eye(sites)[[0, -1]]]
    contacts = [oqs.Contact(oqs.flat(0.1), t) for t in ends]
    law = oqs.flow_law(oqs.perlind(oqs.hubbard_chain(sites, 1.0, U=4.0, V=0.5), contacts))
    mu = np.linspace(0.0, 2.0, 50)[:, None] * [0.5, -0.5]
    sweep = best(lambda: law([0.5, 0.7], mu))
    return Timing(sweep / 50, best(lambda: law([0.5, 0.7], mu[25])))


def readings(sites: int) -> Timing:
    """Compare what is read from a state of equal spinful sites with flows and state themselves."""
    at = SPINFUL_AT

    def solved() -> tuple[oqs.DaviesModel, qutip.Qobj]:
        model = spinful_model(np.full(sites, -2.0))
        oqs.flow_law(model)(*at)
        return model, oqs.stationary_state(model, *at)

    model, rho = solved()

    def read() -> None:
        oqs.momentary_flows(model, rho, *at)
        oqs.entropy_production(model, rho, *at)
        oqs.relative_entropy_to_gibbs(model, rho, *at)

    return Timing(best(read), best(solved))


def modes(sites: int) -> tuple[oqs.DaviesModel, qutip.Qobj]:
    """Return a model of a quadratic chain, and a state that is not its stationary one."""
    h = np.diag(np.linspace(20, 21, sites)) + 0.3 * (np.eye(sites, k=1) + np.eye(sites, k=-1))
    system = oqs.QuadraticSystem(h)
    return oqs.davies(system, end_contacts(sites)), oqs.gibbs_state(system, 0.7, 20.2)


def momentary(sites: int) -> Timing:
    """Compare flows of a given state with QuTiP's expectations, the dissipators made before."""
    model, rho = modes(sites)
    dissipators = [model.dissipator(j, T, MU) for j in (0, 1)]
    observables = [model.system.number, model.system.hamiltonian]

    def peer() -> list[float]:
        changes = [qutip.vector_to_operator(d * qutip.operator_to_vector(rho)) for d in dissipators]
        return [qutip.expect(each, change) for each in observables for change in changes]

    found = oqs.momentary_flows(model, rho, T, MU)
    if not np.allclose(peer(), [*found.particle, *found.energy], rtol=1e-9):
        raise AssertionError("flows differ")
    return Timing(best(lambda: oqs.momentary_flows(model, rho, T, MU)), best(peer))


def produced(sites: int) -> Timing:
    """Compare the entropy production of each reservoir with the momentary flows."""
    model, rho = modes(sites)
    production = best(lambda: oqs.entropy_production_by_reservoir(model, rho, T, MU))
    return Timing(production, best(lambda: oqs.momentary_flows(model, rho, T, MU)))


def relaxing(sites: int) -> Timing:
    """Compare a relaxation, flows and entropies at 50 times, with the states by mesolve."""
    model, rho = modes(sites)
    times, liouvillian = np.linspace(0, 5e4, 50), model.liouvillian(T, MU)
    options = {"progress_bar": "", "method": "lsoda", "nsteps": 10**6}

    def peer() -> object:
        return qutip.mesolve(liouvillian, rho, times, options=options)

    return Timing(best(lambda: oqs.relax(model, rho, T, MU, times)), best(peer))


def spinful_audit(sites: int) -> Timing:
    """Compare an audit of equal spinful sites with their law."""

    def law() -> oqs.Flows:
        return oqs.flow_law(spinful_model(np.full(sites, -2.0)))(*SPINFUL_AT)

    def whole() -> oqs.Audit:
        return oqs.audit(spinful_model(np.full(sites, -2.0)), *SPINFUL_AT)

    return Timing(best(whole), best(law))


def worst_audit(sites: int) -> Timing:
    """Compare audits of a chain between contacts of many channels: all rows, and exact=False."""
    rng = np.random.default_rng(1)
    contacts = [oqs.Contact(oqs.flat(0.01), rng.normal(size=(sites, sites))) for _ in range(3)]

    def compute(exact: bool) -> oqs.Audit:
        model = oqs.davies(chain(sites), contacts)
        return oqs.audit(model, [1.0, 1.2, 1.4], [20.5, 20.0, 19.5], exact=exact)

    return Timing(best(lambda: compute(True)), best(lambda: compute(False)))


def relaxation(sites: int) -> Timing:
    """Compare the relaxation time of equal spinful sites with that of unequal ones."""

    def compute(levels: FloatArray, zeeman: float) -> None:
        oqs.relaxation_time(spinful_model(levels, zeeman), *SPINFUL_AT)

    equal = np.full(sites, -2.0)
    disordered = equal + np.random.default_rng(1).uniform(-0.3, 0.3, sites)
    return Timing(best(lambda: compute(equal, 0.0)), best(lambda: compute(disordered, 0.13)))


def state(sites: int) -> Timing:
    """Compare the stationary density matrix of modes with the flows of Eq. (10) through it."""
    h = np.diag(np.linspace(20, 21, sites)) + 0.3 * (np.eye(sites, k=1) + np.eye(sites, k=-1))
    model = oqs.davies(oqs.QuadraticSystem(h), end_contacts(sites))
    law = oqs.flow_law(model)
    return Timing(best(lambda: oqs.stationary_state(model, T, MU)), best(lambda: law(T, MU)))


def audit(sites: int) -> Timing:
    """Compare an audit of modes with the law it judges."""
    h = np.diag(np.linspace(20, 21, sites)) + 0.3 * (np.eye(sites, k=1) + np.eye(sites, k=-1))

    def whole_law() -> oqs.Flows:
        return oqs.flow_law(oqs.davies(oqs.QuadraticSystem(h), end_contacts(sites)))(T, MU)

    def whole_audit() -> oqs.Audit:
        return oqs.audit(oqs.davies(oqs.QuadraticSystem(h), end_contacts(sites)), T, MU)

    return Timing(best(whole_audit), best(whole_law))


def naive(sites: int) -> Timing:
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

    return Timing(best(ours), best(peer))


def full(sites: int) -> Timing:
    """Compare re-solving all 4^N elements with QuTiP's steadystate of the same Liouvillian."""
    model = oqs.davies(chain(sites), end_contacts(sites))
    law = oqs.flow_law(model, method=oqs.FullLiouvillian())
    liouvillian = model.liouvillian(T, MU)
    return Timing(best(lambda: law(T, MU)), best(lambda: qutip.steadystate(liouvillian)))


def densities(sites: int) -> Timing:
    def compute() -> oqs.Flows:
        contacts = [oqs.Contact(oqs.flat(1e-4)), oqs.Contact(oqs.flat(2e-4))]
        return oqs.flow_law(oqs.davies(chain(sites, tunnelling=0.0), contacts))(T, MU)

    return Timing(best(compute))


def gaussian(sites: int) -> Timing:
    h = np.random.default_rng(0).normal(size=(sites, sites))
    system = oqs.QuadraticSystem(h + h.T)
    contacts = [oqs.Contact(oqs.flat(1e-4)), oqs.Contact(oqs.flat(2e-4), np.ones(sites))]
    return Timing(best(lambda: oqs.gaussian_law(system, contacts)(T, MU)))


def threads(sites: int) -> Timing:
    """Time the same re-solve with BLAS free to use all cores; the peer is one thread."""
    code = f"import stationary as s; print(s.again({sites}).ours)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        cwd=os.path.dirname(os.path.abspath(__file__)),
        check=True,
        capture_output=True,
        text=True,
    )
    return Timing(again(sites).ours, json.loads(done.stdout))


STEADYSTATE = "qutip.steadystate, direct"
TASKS = {
    "whole": Task(
        "interacting chain, whole computation", (4, 8, 10, 12, 14), whole, "QmeQ Pauli", 3
    ),
    "spinful": Task("equal spinful sites", (2, 4, 5, 6, 7), spinful, "disordered sites", 3),
    "close levels": Task(
        "PERLind, equal spinful sites",
        (1, 2, 3, 4, 5, 6),
        close_levels,
        "Davies of the same",
        long=(7,),  # 250 s, 5.7 GB
    ),
    "close levels again": Task(
        "PERLind, a point of a bias sweep", (1, 2, 3, 4), close_levels_again, "a point alone"
    ),
    "readings": Task("flows, entropies of a spinful state", (4, 5, 6), readings, "law and state"),
    "momentary": Task("flows of a given state", (2, 4, 6), momentary, "qutip.expect"),
    "produced": Task("entropy production", (2, 4, 6), produced, "momentary flows"),
    "relaxing": Task("relaxation at 50 times", (2, 4), relaxing, "qutip.mesolve, states alone"),
    "spinful audit": Task("audit of equal spinful sites", (4, 5, 6), spinful_audit, "law alone"),
    "worst audit": Task("audit, contacts of many channels", (4, 8, 9), worst_audit, "exact=False"),
    "relaxation": Task(
        "relaxation time of spinful sites", (4, 5, 6), relaxation, "disordered sites"
    ),
    "state": Task("density matrix of modes", (4, 8, 10, 12), state, "the law alone"),
    "audit": Task("audit of modes", (4, 8, 10, 12), audit, "the law alone"),
    "again": Task("interacting chain, new T and mu", (2, 4, 8, 10, 12), again),
    "naive": Task("quadratic chain", (2, 4, 6), naive, STEADYSTATE),
    "full": Task("all 4^N elements, new T and mu", (2, 3, 4, 5), full, STEADYSTATE),
    "densities": Task("densities without tunnelling", (8, 14, 16, 18, 20), densities),
    "gaussian": Task("covariance matrix", (100, 300, 1000), gaussian),
    "threads": Task(
        "new T and mu, all BLAS threads", (6, 8, 10), threads, "one thread", all_threads=True
    ),
}
