"""Flow laws: made once, called often; frequency by frequency; results that cannot be written to."""

import numpy as np
import pytest
from systems import METHODS, deviation, independent_modes, random_case, random_interacting

import oqs

methods = pytest.mark.parametrize("method", METHODS, ids=[type(m).__name__ for m in METHODS])


@methods
@pytest.mark.parametrize("interacting", [False, True])
def test_flows_resolved_by_frequency_sum_to_the_flows(interacting, method):
    if interacting:
        model, T, mu = random_interacting(1, 3, 3)
    else:
        case = random_case(1, 3, 3, coupling="collective")
        model, T, mu = case.model, case.T, case.mu
    law = oqs.flow_law(model, method=method)
    flows, resolved = law(T, mu), law.spectral(T, mu)
    assert resolved.particle.shape == (len(law.frequencies), 3)
    assert np.all(np.diff(law.frequencies) > 0)
    for kind in ("particle", "energy", "heat"):
        whole = getattr(flows, kind)
        np.testing.assert_allclose(
            getattr(resolved, kind).sum(axis=0), whole, atol=1e-13 * np.max(np.abs(whole))
        )
    np.testing.assert_allclose(
        resolved.energy,
        resolved.particle * law.frequencies[:, None],
        atol=1e-13 * np.max(np.abs(resolved.energy)),
    )


@methods
def test_resolved_flows_of_independent_modes(method):
    case = random_case(2, 3, 2, coupling="collective")
    ours = oqs.flow_law(case.model, method=method)
    exact = oqs.closed_form(case.system, case.contacts)
    np.testing.assert_allclose(ours.frequencies, exact.frequencies, rtol=1e-13)
    found, expected = ours.spectral(case.T, case.mu), exact.spectral(case.T, case.mu)
    assert deviation(found, expected) < 1e-12


@methods
def test_a_law_remembers_nothing(method):
    # whatever it keeps between calls, T and mu are new each time, in any order
    case = random_case(3, 3, 3, coupling="channels")
    law = oqs.flow_law(case.model, method=method)
    rng = np.random.default_rng(0)
    points = [(rng.uniform(0.1, 3, 3), rng.normal(size=3)) for _ in range(4)]
    first = [law(*point) for point in points]
    again = [law(*point) for point in reversed(points)][::-1]
    fresh = [oqs.flow_law(case.model, method=method)(*point) for point in points]
    for flows, repeated, new, (T, mu) in zip(first, again, fresh, points, strict=True):
        np.testing.assert_array_equal(repeated.energy, flows.energy)
        np.testing.assert_array_equal(new.energy, flows.energy)
        exact = independent_modes(case.system.h, case.contacts, T, mu)
        assert deviation(flows, exact) < 1e-12


def test_solvers_do_not_disturb_each_other():
    # one model, whose generators are kept, used by all three solvers in turn
    h = np.diag([0.5, 0.5, 1.0])
    u = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    system = oqs.QuadraticSystem(u @ h @ u.T)
    contacts = [oqs.Contact(oqs.flat(0.1)), oqs.Contact(oqs.flat(0.2))]
    T, mu = np.array([0.5, 1.0]), np.array([0.2, 0.4])
    exact = independent_modes(system.h, contacts, T, mu)
    model = oqs.davies(system, contacts)
    for method in METHODS * 2:
        oqs.stationary_state(model, T, mu)
        oqs.relaxation_time(model, T, mu)
        assert deviation(oqs.flow_law(model, method=method)(T, mu), exact) < 1e-12, method


def test_integers_lists_and_arrays_are_the_same_numbers():
    case = random_case(4, 2, 2)
    for law in (oqs.flow_law(case.model), oqs.closed_form(case.system, case.contacts)):
        flows = law([1, 2], [0, 1])
        same = law(np.array([1.0, 2.0]), (0.0, 1.0))
        np.testing.assert_array_equal(flows.heat, same.heat)


@methods
def test_results_are_read_only(method):
    case = random_case(5, 2, 2)
    law = oqs.flow_law(case.model, method=method)
    closed = oqs.closed_form(case.system, case.contacts)
    arrays = [
        case.system.h,
        case.system.energies,
        case.system.modes,
        case.model.rates,
        case.model.frequencies,
        closed.frequencies,
        closed.rates,
    ]
    for flows in (
        law(case.T, case.mu),
        law.spectral(case.T, case.mu),
        closed(case.T, case.mu),
        oqs.momentary_flows(case.model, oqs.gibbs_state(case.system, 1.0, 0.0), case.T, case.mu),
    ):
        arrays += [flows.particle, flows.energy, flows.heat]
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    with pytest.raises(AttributeError):
        case.model.rates = case.model.rates


def test_inputs_are_copied():
    h = np.array([[1.0, 0.2], [0.2, 1.5]])
    coupling = np.array([1.0, 0.5])
    contacts = [oqs.Contact(oqs.flat(0.1), coupling), oqs.Contact(oqs.flat(0.1))]
    model = oqs.davies(oqs.QuadraticSystem(h), contacts)
    T, mu = np.array([0.5, 1.0]), np.array([0.1, 0.0])
    before = oqs.flow_law(model)(T, mu)
    h[...] = 7
    coupling[...] = 7
    after = oqs.flow_law(oqs.davies(model.system, contacts))(T, mu)
    T[...] = 7
    np.testing.assert_array_equal(after.heat, before.heat)


def test_every_law_is_a_flow_law():
    case = random_case(6, 2, 2)
    for law in (oqs.flow_law(case.model), oqs.closed_form(case.system, case.contacts)):
        assert isinstance(law, oqs.FlowLaw)
    flows = oqs.flow_law(case.model)(case.T, case.mu)
    assert flows.reservoirs == 2


@methods
@pytest.mark.parametrize("sites", [1, 2, 4])
def test_batch_equals_loop(sites, method):
    # a corner where every rate up underflows, and equal reservoirs, stand beside ordinary points
    for model, _, _ in (
        random_interacting(7, sites, 2),
        (random_case(7, sites, 2, coupling="collective").model, None, None),
    ):
        law = oqs.flow_law(model, method=method)
        rng = np.random.default_rng(7)
        T, mu = rng.uniform(0.2, 2, (2, 3, 2)), rng.normal(size=(2, 3, 2))
        T[0, 0], mu[0, 0] = 0.01, -20.0
        T[1, 1], mu[1, 1] = 0.7, 0.2
        batch = law(T, mu)
        assert batch.particle.shape == (2, 3, 2)
        gross = np.max(model.rates) * 20
        for i, k in np.ndindex(2, 3):
            one = law(T[i, k], mu[i, k])
            np.testing.assert_allclose(batch.particle[i, k], one.particle, atol=1e-15 * gross)
            np.testing.assert_allclose(batch.energy[i, k], one.energy, atol=1e-14 * gross)
        np.testing.assert_array_equal(law(T[0], mu[0]).heat, batch.heat[0])
        # T and mu broadcast
        same = law(T[:, :1], mu[0, 0])
        assert same.heat.shape == (2, 1, 2)
