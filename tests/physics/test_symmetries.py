"""What must not matter: units, the zero of energy, order of reservoirs and sites, phases."""

import numpy as np
import pytest
from systems import COUPLINGS, deviation, hermitian, random_case, random_contacts

import oqs


def flat_contacts(rng, sites, reservoirs, coupling):
    """Random couplings with rates that do not depend on frequency."""
    return [
        oqs.Contact(oqs.flat(10 ** rng.uniform(-3, -1)), c.coupling)
        for c in random_contacts(rng, sites, reservoirs, 1.0, coupling)
    ]


def some(seed, sites=3, reservoirs=3, coupling="collective"):
    rng = np.random.default_rng(seed)
    h = hermitian(rng, sites)
    pairs = {(v, w): rng.uniform(0, 2) for v in range(sites) for w in range(v)}
    T, mu = rng.uniform(0.3, 2, reservoirs), rng.normal(size=reservoirs)
    return h, pairs, flat_contacts(rng, sites, reservoirs, coupling), T, mu


def flows_of(h, pairs, contacts, T, mu):
    return oqs.flow_law(oqs.davies(oqs.InteractingSystem.from_terms(h, pairs), contacts))(T, mu)


couplings = pytest.mark.parametrize("coupling", COUPLINGS)


@couplings
def test_units(coupling):
    h, pairs, contacts, T, mu = some(1, coupling=coupling)
    first = flows_of(h, pairs, contacts, T, mu)
    for unit in (2.0**-40, 2.0**20):
        scaled = [oqs.Contact(oqs.flat(unit * c.rate.value), c.coupling) for c in contacts]
        again = flows_of(
            unit * h, {k: unit * u for k, u in pairs.items()}, scaled, unit * T, unit * mu
        )
        np.testing.assert_allclose(again.particle, unit * first.particle, rtol=1e-10)
        np.testing.assert_allclose(again.heat, unit**2 * first.heat, rtol=1e-10)


@couplings
def test_zero_of_energy(coupling):
    # h + e, mu + e: particles flow as before, energy by e P more
    h, pairs, contacts, T, mu = some(2, coupling=coupling)
    first = flows_of(h, pairs, contacts, T, mu)
    for e in (-3.0, 10.0):
        again = flows_of(h + e * np.eye(3), pairs, contacts, T, mu + e)
        np.testing.assert_allclose(again.particle, first.particle, rtol=1e-9)
        np.testing.assert_allclose(again.energy, first.energy + e * first.particle, rtol=1e-9)
        np.testing.assert_allclose(again.heat, first.heat, rtol=1e-9)


@couplings
def test_order_of_reservoirs(coupling):
    h, pairs, contacts, T, mu = some(3, coupling=coupling)
    first = flows_of(h, pairs, contacts, T, mu)
    turn = [2, 0, 1]
    again = flows_of(h, pairs, [contacts[j] for j in turn], T[turn], mu[turn])
    np.testing.assert_allclose(again.heat, first.heat[turn], rtol=1e-11)


@couplings
def test_order_and_phases_of_sites(coupling):
    # c_v -> e^{i phi_v} c_p(v): another name for the same sites, Jordan-Wigner signs included
    h, pairs, contacts, T, mu = some(4, coupling=coupling)
    turn, phases = [2, 0, 1], np.exp([0.3j, 1.1j, -2.0j])
    rename = np.eye(3)[turn] * phases[turn]
    place = {old: new for new, old in enumerate(turn)}
    again = flows_of(
        rename @ h @ rename.conj().T,
        {(place[v], place[w]): u for (v, w), u in pairs.items()},
        [
            oqs.Contact(c.rate, None if c.coupling is None else c.coupling @ rename.conj().T)
            for c in contacts
        ],
        T,
        mu,
    )
    first = flows_of(h, pairs, contacts, T, mu)
    np.testing.assert_allclose(again.heat, first.heat, rtol=1e-10)


@couplings
def test_particles_and_holes(coupling):
    # c -> c^+, h -> -h^*, mu -> -mu: particle flows change sign, energy and heat stay
    case = random_case(5, 3, 3, coupling=coupling)
    mirrored = [
        oqs.Contact(lambda w, r=c.rate: r(-w), None if c.coupling is None else c.coupling.conj())
        for c in case.contacts
    ]
    system = oqs.QuadraticSystem(-case.system.h.conj())
    for build in (
        oqs.closed_form,
        lambda s, c: oqs.flow_law(oqs.davies(s, c)),
    ):
        holes = build(system, mirrored)(case.T, -case.mu)
        np.testing.assert_allclose(holes.particle, -case.exact.particle, rtol=1e-9)
        np.testing.assert_allclose(holes.energy, case.exact.energy, rtol=1e-9)
        np.testing.assert_allclose(holes.heat, case.exact.heat, rtol=1e-9)


def test_splitting_a_contact_changes_nothing():
    # two contacts at the same T, mu are one contact with both channels; rates add
    h, pairs, contacts, T, mu = some(6)
    both = [oqs.Contact(oqs.flat(1.0), np.sqrt(c.rate.value) * c.coupling) for c in contacts]
    T[1], mu[1] = T[0], mu[0]
    apart = flows_of(h, pairs, both, T, mu)
    joined = [oqs.Contact(oqs.flat(1.0), np.vstack([both[0].coupling, both[1].coupling])), both[2]]
    together = flows_of(h, pairs, joined, T[1:], mu[1:])
    np.testing.assert_allclose(
        together.heat, [apart.heat[0] + apart.heat[1], apart.heat[2]], rtol=1e-10
    )


def test_small_differences_obey_onsager():
    # linear response about one equilibrium: the matrix from (mu/T, 1/T) to (P, J) is symmetric
    h, pairs, contacts, _, _ = some(7, reservoirs=2)
    model = oqs.davies(oqs.InteractingSystem.from_terms(h, pairs), contacts)
    law = oqs.flow_law(model)
    T0, mu0, step = 0.9, 0.2, 1e-4
    columns = []
    for dx, db in ((step, 0.0), (0.0, step)):
        response = np.zeros(2)
        for sign in (1, -1):
            beta = 1 / T0 + sign * db
            x = mu0 / T0 + sign * dx
            flows = law([1 / beta, T0], [x / beta, mu0])
            response += sign * np.array([flows.particle[0], -flows.energy[0]]) / (2 * step)
        columns.append(response)
    L = np.array(columns)
    assert L[0, 1] == pytest.approx(L[1, 0], rel=1e-6)
    assert np.linalg.eigvalsh(L)[0] > 0


def test_reservoirs_alike_carry_alike():
    case = random_case(8, 2, 2)
    first = case.contacts[0]
    contacts = [oqs.Contact(first.rate, first.coupling, band=first.band)] * 4
    model = oqs.davies(case.system, contacts)
    flows = oqs.flow_law(model)([0.5, 1.0, 0.5, 1.0], [0.1, 0.0, 0.1, 0.0])
    np.testing.assert_allclose(flows.heat[:2], flows.heat[2:], rtol=1e-12)
    half = oqs.flow_law(oqs.davies(case.system, contacts[:2]))([0.5, 1.0], [0.1, 0.0])
    assert deviation(oqs.Flows.of(flows.particle[:2], flows.energy[:2], [0.1, 0.0]), half) < 1e-12
