"""Weak coupling to bosonic baths against QuTiP's hierarchy of equations of motion."""

import numpy as np
import pytest
import qutip
from qutip.core.environment import DrudeLorentzEnvironment
from qutip.solver.heom import HEOMSolver

import oqs

CUTOFF, T = 4.0, (2.0, 1.0)


def flows_by_hierarchy(strength, depth=2):
    """Energy that each bath gives to a qubit at rest: -i tr(H [S, rho_1]), first-level ADOs."""
    H, S = 0.5 * qutip.sigmaz(), qutip.sigmax()
    environments = [DrudeLorentzEnvironment(t, strength * CUTOFF / 4, CUTOFF) for t in T]
    baths = [(each.approximate("pade", Nk=4), S) for each in environments]
    solver = HEOMSolver(H, baths, max_depth=depth)
    _, ados = solver.steady_state()
    found = []
    labels = ados.filter(level=1)
    terms = len(labels) // len(T)  # of each bath's correlation function, bath after bath
    for bath in range(len(T)):
        own = [label for label in labels if label.index(1) // terms == bath]
        change = sum(-1j * qutip.commutator(S, ados.extract(label)) for label in own)
        found.append(float((H * change).tr().real))
    return np.array(found)


def test_the_hierarchy_tends_to_davies_as_the_coupling_falls():
    errors = []
    for strength in (0.08, 0.04, 0.02):
        contact = oqs.BosonicContact(oqs.drude_lorentz(strength, CUTOFF), qutip.sigmax())
        qubit = oqs.OperatorSystem(0.5 * qutip.sigmaz())
        davies = oqs.flow_law(oqs.davies(qubit, [contact, contact]))(T).energy
        exact = flows_by_hierarchy(strength)
        assert exact.sum() == pytest.approx(0, abs=1e-6 * abs(exact[0]))
        errors.append(abs(davies[0] / exact[0] - 1))
    assert errors[2] < 0.6 * errors[1] < 0.36 * errors[0]
    assert errors[2] < 0.04
