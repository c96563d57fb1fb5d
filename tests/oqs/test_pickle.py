"""Systems, models and laws go to other processes at any time: after every public call."""

import pickle

import numpy as np
import pytest
import qutip

import oqs

T, MU = np.array([0.5, 0.8]), np.array([0.3, -0.2])
H = np.array([[0.1, 0.2, 0.0], [0.2, 0.4, 0.1j], [0.0, -0.1j, 0.8]])


def given_operators(rotated=False):
    """A Hamiltonian of Qobj; rotated, its basis states have no definite particle number."""
    c = [qutip.fdestroy(3, v) for v in range(3)]
    hamiltonian = oqs.InteractingSystem.from_terms(H, {(0, 1): 0.7}).hamiltonian
    if rotated:
        turn = qutip.rand_unitary([2] * 3, seed=1)
        c = [turn * a * turn.dag() for a in c]
        hamiltonian = turn * hamiltonian * turn.dag()
    return oqs.InteractingSystem(hamiltonian, c)


SYSTEMS = {
    "quadratic": lambda: oqs.QuadraticSystem(H),
    "degenerate": lambda: oqs.QuadraticSystem.from_energies([0.3, 0.3, 0.7]),
    "tunnelling": lambda: oqs.InteractingSystem.from_terms(H, {(0, 1): 0.7}),
    "capacitive": lambda: oqs.InteractingSystem.from_terms(np.diag([0.1, 0.4, 0.8]), {(0, 1): 0.7}),
    "operators": given_operators,
    "rotated operators": lambda: given_operators(rotated=True),
}
CALLS = {
    "davies": lambda model, law: None,
    "flow_law": lambda model, law: law(T, MU),
    "batch": lambda model, law: law(np.array([T, T]), MU),
    "spectral": lambda model, law: law.spectral(T, MU),
    "scalar_flows": lambda model, law: law.scalar_flows(),
    "frequencies": lambda model, law: (law.frequencies, model.frequencies),
    "audit": lambda model, law: oqs.audit(model, T, MU, tau_eq=1e6),
    "stationary_state": lambda model, law: oqs.stationary_state(model, T, MU),
    "full Liouvillian": lambda model, law: oqs.stationary_state(
        model, T, MU, method=oqs.FullLiouvillian()
    ),
    "liouvillian": lambda model, law: model.liouvillian(T, MU),
    "eigenoperators": lambda model, law: model.eigenoperators(0),
    "gibbs_state": lambda model, law: oqs.gibbs_state(model.system, 0.5, 0.1),
    "relaxation_time": lambda model, law: oqs.relaxation_time(model, T, MU),
    "relax": lambda model, law: oqs.relax(model, qutip.basis([2] * 3, [0] * 3), T, MU, [0.0, 1.0]),
    "entropy_production": lambda model, law: oqs.entropy_production(
        model, oqs.gibbs_state(model.system, 0.5, 0.1), T, MU
    ),
}


def contacts():
    return [
        oqs.Contact(oqs.flat(0.01), name="left"),
        oqs.Contact(oqs.lorentzian(0.02, 0.5, 0.8), [1.0, 0.5, 0.2], name="right"),
    ]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_models_and_laws_after_every_call(system, call):
    model = oqs.davies(SYSTEMS[system](), contacts())
    law = oqs.flow_law(model)
    CALLS[call](model, law)
    expected = law(T, MU).particle
    again = pickle.loads(pickle.dumps(law))
    np.testing.assert_allclose(again(T, MU).particle, expected, rtol=1e-12)
    copied = pickle.loads(pickle.dumps(model))
    np.testing.assert_allclose(oqs.flow_law(copied)(T, MU).particle, expected, rtol=1e-12)
    spectrum = pickle.loads(pickle.dumps(model.system)).spectrum
    np.testing.assert_array_equal(spectrum.vectors, model.system.spectrum.vectors)


BANDED = [
    oqs.Contact(oqs.flat(0.01), band=(-5, 5)),
    oqs.Contact(oqs.power_law(0.02, 0.5), [1.0, 0.5, 0.2], band=(0.0, 4.0)),
]


@pytest.mark.parametrize("make", [oqs.closed_form, oqs.gaussian_law, oqs.landauer])
@pytest.mark.parametrize("given", [contacts(), BANDED], ids=["without bands", "bands"])
def test_laws_without_a_model(make, given):
    law = make(oqs.QuadraticSystem(H), given)
    expected = law(T, MU).particle
    if make is not oqs.landauer:
        law.spectral(T, MU)
        law.scalar_flows()
    again = pickle.loads(pickle.dumps(law))
    np.testing.assert_array_equal(again(T, MU).particle, expected)
