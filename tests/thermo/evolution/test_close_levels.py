"""Finite reservoirs under a PERLind generator: every evolution takes it as it takes Davies."""

import numpy as np
import pytest
import qutip

import oqs
import thermo

T, MU = [0.5, 0.8], [0.3, -0.2]


def model(interacting):
    dots = oqs.QuadraticSystem([[0.0, 0.01], [0.01, 0.02]])
    if interacting:
        dots = oqs.InteractingSystem.from_terms(dots.h, {(0, 1): 0.4})
    return oqs.perlind(dots, [oqs.Contact(oqs.flat(0.02), end) for end in np.eye(2)])


def reservoirs(capacity):
    gas = thermo.FermiDiracGas(alpha=1.0)
    return [thermo.Reservoir(gas, capacity=capacity) for _ in T]


@pytest.mark.parametrize("interacting", [True, False])
def test_evolution_and_ensemble_agree(interacting):
    law = oqs.flow_law(model(interacting))
    end = 2e4
    path = thermo.evolve(law, reservoirs(100.0), T, MU, t_final=end)
    assert path.outcome == "t_final"
    assert max(path.conservation) < 1e-9
    assert abs(path.mu[-1] - MU).max() > 0.01
    many = thermo.evolve_ensemble(law, reservoirs(100.0), [T], [MU], t_final=end)
    assert np.allclose(many.T[-1] if many.T.ndim == 3 else many.T, path.T[-1], rtol=1e-5)


def test_system_and_reservoirs_together():
    """Of large reservoirs T and mu stay, and the state relaxes as at fixed T, mu."""
    own = model(interacting=True)
    start = qutip.fock_dm([2, 2], [1, 0])
    found = thermo.coevolve(own, reservoirs(1e9), start, T, MU, t_final=100.0)
    expected = oqs.relax(own, start, T, MU, [30.0, 100.0])
    for t, rho in zip((30.0, 100.0), expected.states, strict=True):
        assert (found.state(t) - rho).norm() < 1e-6
    small = thermo.coevolve(own, reservoirs(10.0), start, T, MU, t_final=100.0)
    assert max(small.conservation) < 1e-9
    assert np.all(small.entropy_production[1:] > -1e-6)


def test_the_audit_of_a_path_takes_the_model():
    own = model(interacting=False)
    path = thermo.evolve(oqs.flow_law(own), reservoirs(100.0), T, MU, t_final=1e3)
    found = thermo.audit(path, own)
    assert found["Born-Markov"].ratio > 0
