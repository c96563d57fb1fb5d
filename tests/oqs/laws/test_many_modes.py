"""Many modes without interactions: nothing takes 2^N states to be looked at."""

import numpy as np
import pytest

import oqs

T, MU = [0.4, 0.6], [0.1, -0.1]


def disordered(sites):
    """Return the model of a disordered chain between two ends; its far modes are untouched."""
    rng = np.random.default_rng(1)
    hopping = 0.3 * np.eye(sites, k=1)
    system = oqs.QuadraticSystem(np.diag(rng.normal(size=sites)) + hopping + hopping.T)
    ends = [oqs.Contact(oqs.flat(0.01), np.eye(sites)[k]) for k in (0, -1)]
    return oqs.davies(system, ends)


@pytest.mark.parametrize("sites", [11, 40, 80])
def test_flows_and_audit_need_no_states(sites):
    model = disordered(sites)
    law, exact = oqs.flow_law(model), oqs.closed_form(model.system, model.contacts)
    assert law.method == oqs.GaussianState()
    gross = np.max(law.gross(T, MU).particle)
    np.testing.assert_allclose(
        law(T, MU).particle, exact(T, MU).particle, rtol=0, atol=1e-13 * gross
    )
    assert oqs.audit(model, T, MU, exact=False)["unique flows"].ratio == 0
    assert model.detailed_balance


def test_states_that_do_not_fit_are_refused_beforehand():
    model = disordered(40)
    with pytest.raises(MemoryError, match=r"The spectrum of 2\^40 states needs about .* GB"):
        _ = model.system.spectrum
    uniform = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
    with pytest.raises(MemoryError, match=r"Populations of 2\^40 states by iteration needs"):
        oqs.flow_law(oqs.davies(model.system, uniform), method=oqs.Populations())


def test_levels_counted_as_one_are_joined():
    system = oqs.QuadraticSystem.from_energies([1.0, 1.01, 2.0])
    assert system.joins(0.1)
    assert not system.joins(system.resolution)
