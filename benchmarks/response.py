"""Tasks: derivatives of the flows, charging diagrams, exact cumulants."""

from __future__ import annotations

from unittest import mock

import fluctuations
import numpy as np
from timing import Task, Timing, best

import oqs
from oqs.laws import green, scatterer

T, MU = np.array([0.2, 0.35]), np.array([0.3, -0.3])
BY_POINT = 21  # points of an axis up to which the peer is asked


def jacobian(sites: int) -> Timing:
    """Derivatives by all T and mu, beside central differences, which hold nine digits."""
    law = oqs.flow_law(fluctuations.chain(sites))
    step = 1e-5

    def differences() -> np.ndarray:
        columns = []
        for at in (0, 1):
            for q in (0, 1):
                sides = []
                for sign in (1, -1):
                    moved = [T.copy(), MU.copy()]
                    moved[at][q] += sign * step
                    sides.append(law(*moved).particle)
                columns.append((sides[0] - sides[1]) / (2 * step))
        return np.array(columns)

    found = law.jacobian(T, MU)
    mine = np.concatenate([found.particle_T.T, found.particle_mu.T])
    if not np.allclose(differences(), mine, rtol=0, atol=1e-7 * np.abs(mine).max()):
        raise AssertionError("derivatives differ")
    return Timing(best(lambda: law.jacobian(T, MU)), best(differences))


def diagram(points: int) -> Timing:
    """Current, conductance and Fano factor of an Anderson dot, points x points."""
    contacts = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
    gate, bias = np.linspace(-0.8, 2.0, points), np.linspace(-2.0, 2.0, points)
    warm, shares = np.array([0.03, 0.03]), np.array([0.5, -0.5])

    def dot(value: float) -> oqs.DaviesModel:
        return oqs.davies(oqs.anderson_dot(-value, U=1.2), contacts)

    def by_point() -> None:
        for value in gate:
            model = dot(value)
            law = oqs.flow_law(model)
            for V in bias:
                oqs.counting_statistics(model, warm, V * shares).fano(0)
                law.jacobian(warm, V * shares)

    ours = best(lambda: oqs.stability_diagram(dot, gate, bias, T=0.03))
    return Timing(ours, best(by_point) if points <= BY_POINT else None)


def double_dot(points: int) -> Timing:
    """Current, conductance and Fano factor of a spinful double dot, points x points."""
    ends = [oqs.spin_channels(row) for row in np.eye(2)]
    contacts = [oqs.Contact(oqs.flat(g), t) for g, t in zip((0.01, 0.02), ends, strict=True)]
    gate, bias = np.linspace(-0.8, 2.4, points), np.linspace(-2.0, 2.0, points)

    def dots(value: float) -> oqs.DaviesModel:
        levels = [-value, 0.05 - value]
        return oqs.davies(oqs.double_dot(levels, 0.1, U=1.2, U_inter=0.4), contacts)

    return Timing(best(lambda: oqs.stability_diagram(dots, gate, bias, T=0.03)))


def batch(points: int) -> Timing:
    """Linear response of an Anderson dot at so many mu, beside one by one."""
    contacts = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
    model = oqs.davies(oqs.anderson_dot(-0.4, U=1.2), contacts)
    mu = np.linspace(-1.0, 1.5, points)
    ours = best(lambda: oqs.linear_response(model, 0.1, mu[:, None]).ZT)
    return Timing(ours, best(lambda: [oqs.linear_response(model, 0.1, m).ZT for m in mu]))


def levitov(sites: int) -> Timing:
    """Six cumulants of a chain at any coupling, beside its flows."""
    dots = oqs.QuadraticSystem(0.3 * (np.eye(sites, k=1) + np.eye(sites, k=-1)))
    first, last = np.eye(sites)[[0, -1]]
    contacts = [oqs.Contact(oqs.flat(0.1), first), oqs.Contact(oqs.flat(0.2), last)]
    stats, law = oqs.levitov(dots, contacts, T, MU), oqs.landauer(dots, contacts)
    return Timing(best(lambda: stats.cumulants(0, 6)), best(lambda: law(T, MU)))


def landauer(sites: int) -> Timing:
    """Exact flows of a disordered chain between its ends, beside matrices of all modes."""
    hopping = 0.3 * (np.eye(sites, k=1) + np.eye(sites, k=-1))
    levels = np.diag(np.random.default_rng(1).normal(size=sites))
    ends = [oqs.Contact(oqs.flat(0.01), np.eye(sites)[k]) for k in (0, -1)]
    law = oqs.landauer(oqs.QuadraticSystem(levels + hopping), ends)
    ours = best(lambda: law([0.4, 0.6], [0.1, -0.1]))
    with mock.patch.object(scatterer, "between_channels", green.by_all_modes):
        return Timing(ours, best(lambda: law([0.4, 0.6], [0.1, -0.1])))


TASKS = {
    "jacobian": Task(
        "derivatives of the flows, interacting",
        (2, 4, 6, 8, 10),
        jacobian,
        "central differences of the law",
    ),
    "diagram": Task(
        "Coulomb diamonds, n x n points", (21, 201), diagram, "point by point", quick=1
    ),
    "double_dot": Task("Coulomb diamonds of a spinful double dot", (21, 201), double_dot, quick=1),
    "batch": Task("linear response over n mu", (100, 1000), batch, "one by one", quick=1),
    "landauer": Task("exact flows, disordered chain", (10, 20, 40), landauer, "all modes"),
    "levitov": Task("six exact cumulants, chain", (1, 4, 16), levitov, "oqs.landauer, flows alone"),
}
