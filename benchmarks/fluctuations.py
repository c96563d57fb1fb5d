"""Tasks: noise and cumulants."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import qutip
import stationary
from timing import Task, Timing, best

import oqs
from oqs.generator.jumps import jump_parts

T, MU = [0.2, 0.35], [0.3, -0.3]
COUNTSTAT = "qutip.countstat_current_noise, sparse"


def chain(sites: int) -> oqs.DaviesModel:
    """Return interacting sites in a row, reservoirs at both ends."""
    system = oqs.spinless_dots(np.linspace(-0.5, 0.5, sites), 0.3, U=0.7)
    first, last = np.eye(sites)[[0, -1]]
    return oqs.davies(
        system, [oqs.Contact(oqs.flat(0.01), first), oqs.Contact(oqs.flat(0.02), last)]
    )


def noise(sites: int) -> Timing:
    """Noise matrix at new T and mu, beside the flows alone."""
    model = chain(sites)
    law = oqs.flow_law(model)
    ours = best(lambda: oqs.counting_statistics(model, T, MU).covariance("particle"))
    return Timing(ours, best(lambda: law(T, MU)))


def countstat(sites: int) -> Timing:
    """The same noise matrix from QuTiP's, to which L, rho and the current operators are given."""
    model = chain(sites)
    ours = oqs.counting_statistics(model, T, MU).covariance("particle")
    liouvillian = model.liouvillian(T, MU)
    rho = oqs.stationary_state(model, T, MU)
    net, total = _currents(model)

    def peer() -> np.ndarray:
        return qutip.countstat_current_noise(
            liouvillian, [], rhoss=rho, J_ops=total, I_ops=net, sparse=True
        )[1]

    found = np.real(peer())[..., 0]
    if not np.allclose(found, ours, rtol=0, atol=1e-10 * np.abs(ours).max()):
        raise AssertionError(f"noise differs: {found} and {ours}")
    mine = best(lambda: oqs.counting_statistics(model, T, MU).covariance("particle"))
    return Timing(mine, best(peer))


def _currents(model: oqs.DaviesModel) -> tuple[list[qutip.Qobj], list[qutip.Qobj]]:
    """Return I+ - I- and I+ + I- of each reservoir as superoperators."""
    parts = jump_parts(model, model.all_elements, np.array(T), np.array(MU))
    rows, columns = model.all_elements.row_state, model.all_elements.column_state
    vectors = model.system.spectrum.vectors
    size = len(vectors)
    # elements rho_ab of the energy basis -> rho stacked by columns in the operators' basis
    place = columns * size + rows
    turn = np.kron(vectors.conj(), vectors)
    dims = [[model.system.dims[0]] * 2] * 2
    found: tuple[list[qutip.Qobj], list[qutip.Qobj]] = ([], [])
    for jumps in parts.jumps:
        for kept, factors in zip(
            found, (jumps.particle, np.ones_like(jumps.particle)), strict=True
        ):
            stacked = np.zeros((size**2,) * 2, dtype=np.complex128)
            stacked[np.ix_(place, place)] = jumps.matrix(factors, parts.size).toarray()
            whole = turn @ stacked @ turn.conj().T
            whole[np.abs(whole) < 1e-15 * np.abs(whole).max()] = 0.0
            kept.append(qutip.Qobj(whole, dims=dims, superrep="super").to("csr"))
    return found


def cumulants(sites: int) -> Timing:
    """Six cumulants of one current at new T and mu, beside the flows alone."""
    model = chain(sites)
    law = oqs.flow_law(model)
    ours = best(lambda: oqs.counting_statistics(model, T, MU).cumulants(0, 6))
    return Timing(ours, best(lambda: law(T, MU)))


def spectrum(sites: int) -> Timing:
    """200 frequencies of the noise of all currents, beside as many zero-frequency matrices."""
    model = chain(sites)
    omega = np.linspace(1e-3, 1.0, 200)
    stats = oqs.counting_statistics(model, T, MU)
    single = best(lambda: oqs.counting_statistics(model, T, MU).covariance("particle"))
    return Timing(best(lambda: stats.noise_spectrum(omega)), 200 * single)


def diamonds(points: int) -> Timing:
    """Flows and noise of an Anderson dot over gate and bias, beside the flows alone."""
    contacts = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
    model = oqs.davies(oqs.anderson_dot(-0.4, 1.2), contacts)
    axis = np.linspace(-2, 2, points)
    gate, bias = np.meshgrid(axis, axis)
    mu = np.stack([gate + bias / 2, gate - bias / 2], axis=-1)
    law = oqs.flow_law(model)
    at = [0.05, 0.05]
    return Timing(best(lambda: oqs.noise(model, at, mu)), best(lambda: law(at, mu)))


def blocks(sites: int) -> Timing:
    """Noise matrix of PERLind, all coherences kept, beside the flows alone."""
    system = oqs.spinless_dots(np.linspace(-0.5, 0.5, sites), 0.3, U=0.7)
    first, last = np.eye(sites)[[0, -1]]
    contacts = [oqs.Contact(oqs.flat(0.01), first), oqs.Contact(oqs.flat(0.02), last)]
    model = oqs.perlind(system, contacts)
    law = oqs.flow_law(model)
    ours = best(lambda: oqs.counting_statistics(model, T, MU).covariance("particle"))
    return Timing(ours, best(lambda: law(T, MU)))


def of_spinful(read: Callable[[oqs.JumpStatistics], object]) -> Callable[[int], Timing]:
    """Return the task of one number of equal spinful sites, beside their law, both from nothing."""

    def task(sites: int) -> Timing:
        def flows() -> oqs.DaviesModel:
            model = stationary.spinful_model(np.full(sites, -2.0))
            oqs.flow_law(model)(*stationary.SPINFUL_AT)
            return model

        law = best(flows)
        whole = best(lambda: read(oqs.counting_statistics(flows(), *stationary.SPINFUL_AT)))
        return Timing(whole - law, law)

    return task


FIELD = of_spinful(lambda stats: stats.generating_function([0.1, 0.0]))
RATE = of_spinful(lambda stats: stats.large_deviation(0, "particle", 1e-3))
WAIT = of_spinful(lambda stats: stats.waiting_time((0, "in"), (0, "in"), [0.0, 10.0]))


TASKS = {
    "spinful field": Task("lambda at a field, spinful sites", (4, 5, 6), FIELD, "model and law"),
    "spinful rate": Task("rate of a current, spinful sites", (4, 5, 6), RATE, "model and law"),
    "spinful wait": Task("waiting time, spinful sites", (4, 5, 6), WAIT, "model and law"),
    "blocks": Task(
        "noise matrix of PERLind, new T and mu", (2, 4, 6, 7, 8), blocks, "the law alone", 3
    ),
    "noise": Task("noise matrix, new T and mu", (2, 4, 8, 10, 12), noise, "the law alone", 3),
    "countstat": Task("noise matrix, whole Liouvillian", (2, 3, 4), countstat, COUNTSTAT),
    "cumulants": Task("six cumulants of one current", (2, 4, 6, 8), cumulants, "the law alone"),
    "spectrum": Task("noise at 200 frequencies", (2, 4, 6), spectrum, "200 noise matrices"),
    "diamonds": Task("noise over n x n gates and biases", (51, 201), diamonds, "the law alone"),
}
