"""Stationary states and flows against programs that share nothing with oqs."""

import json
import pathlib

import numpy as np
import pytest
import qutip
import reference
from systems import (
    COUPLINGS,
    METHODS,
    SCALES,
    deviation,
    independent_modes,
    random_case,
    random_interacting,
)

import oqs

DOTS = json.loads((pathlib.Path(__file__).parents[2] / "data" / "dots.json").read_text())["cases"]


def baths(model, T, mu):
    return reference.baths_of(model.contacts, T, mu, model.system.sites)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("coupling", COUPLINGS)
@pytest.mark.parametrize("sites", [1, 2, 3])
def test_interacting_systems_against_the_dense_generator(sites, coupling, scale):
    model, T, mu = random_interacting(1, sites, 3, scale=scale, coupling=coupling)
    H, c = model.system.hamiltonian.full(), reference.annihilators(sites)
    rho = reference.stationary_state(reference.liouvillian(H, c, baths(model, T, mu)))
    P, J = reference.flows(H, c, baths(model, T, mu), rho)
    expected = oqs.Flows.of(P, J, mu)
    for method in METHODS:
        found = oqs.stationary_state(model, T, mu, method=method)
        assert np.max(np.abs(found.full() - rho)) < 1e-11
        assert deviation(oqs.flow_law(model, method=method)(T, mu), expected) < 1e-10


@pytest.mark.parametrize("sites", [1, 2, 3])
@pytest.mark.parametrize("interacting", [False, True])
def test_states_against_qutip(interacting, sites):
    if interacting:
        model, T, mu = random_interacting(2, sites, 2)
    else:
        case = random_case(2, sites, 2, coupling="collective")
        model, T, mu = case.model, case.T, case.mu
    theirs = qutip.steadystate(model.liouvillian(T, mu), method="direct")
    for method in METHODS:
        assert (oqs.stationary_state(model, T, mu, method=method) - theirs).norm() < 1e-10


@pytest.mark.parametrize("sites", [3, 4, 5])
def test_the_solvers_agree_where_there_are_interactions(sites):
    for seed in range(3 if sites < 5 else 1):
        model, T, mu = random_interacting(seed, sites, 3)
        solvers = METHODS if sites < 5 else METHODS[1:]
        flows = [oqs.flow_law(model, method=m)(T, mu) for m in solvers]
        assert max(deviation(f, flows[-1]) for f in flows) < 1e-11


@pytest.mark.parametrize("spec", DOTS, ids=[case["id"] for case in DOTS])
def test_published_dots(spec):
    # `expected`: an independent dense Davies generator, see the file's own header
    expected = oqs.Flows(*(np.array(spec["expected"][kind]) for kind in ("P", "J", "Y")))
    pairs = {(v, w): energy for v, w, energy in spec["density_density_U"]}
    contacts = [oqs.Contact(oqs.flat(1.0), c["coupling"]) for c in spec["contacts"]]
    T, mu = (np.array([c[name] for c in spec["contacts"]]) for name in ("T", "mu"))
    systems = [oqs.InteractingSystem.from_terms(spec["h"], pairs)]
    if not pairs:
        systems.append(oqs.QuadraticSystem(spec["h"]))
    # the stored double dot is off by 1.4e-10: 40 digits and QmeQ, below, agree with us to 5e-15
    tolerance = 2e-10 if spec["id"] == "double_dot_U0" else 1e-10
    for system in systems:
        model = oqs.davies(system, contacts)
        for method in METHODS:
            if spec["id"] == "degenerate_levels" and method == oqs.Populations():
                with pytest.raises(ValueError, match="coherences"):
                    oqs.flow_law(model, method=method)
                continue
            found = oqs.flow_law(model, method=method)(T, mu)
            assert deviation(found, expected) < tolerance, (system, method)
    if not pairs and spec["id"] != "degenerate_levels":
        law = oqs.closed_form(systems[-1], contacts)
        assert deviation(law(T, mu), expected) < tolerance
        exact = independent_modes(np.array(spec["h"], dtype=complex), contacts, T, mu)
        assert deviation(law(T, mu), exact) < 1e-14
    if "qmeq_pauli_P" in spec and spec["id"] != "degenerate_levels":  # Pauli has no coherences
        found = oqs.flow_law(oqs.davies(systems[0], contacts))(T, mu)
        largest = np.max(np.abs(spec["qmeq_pauli_P"]))
        np.testing.assert_allclose(
            found.particle, spec["qmeq_pauli_P"], rtol=0, atol=1e-12 * largest
        )
