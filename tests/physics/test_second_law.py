"""The second law on random systems, states and flows: Eqs. (3), (7), (15)-(18), (31)-(34)."""

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import qutip
from systems import (
    COUPLINGS,
    SCALES,
    random_case,
    random_contacts,
    random_interacting,
    random_state,
)

import oqs

scales = pytest.mark.parametrize("scale", SCALES)
seeds = st.integers(0, 2**32 - 1)
few = hypothesis.settings(max_examples=15, deadline=None)


def gross(flows, T):
    return np.sum(np.abs(flows.heat) / T, axis=-1)


def test_clausius_of_1200_random_systems():
    # quadratic ones by Eq. (10); each with its own energies, rates, T, mu over decades
    rng = np.random.default_rng(0)
    checked = 0
    for index in range(1200):
        sites, reservoirs = 1 + index % 5, 2 + index % 4
        scale = 10 ** rng.uniform(-3, 3)
        contacts = random_contacts(rng, sites, reservoirs, scale, COUPLINGS[index % 4])
        system = oqs.QuadraticSystem.from_energies(scale * rng.normal(size=sites))
        if COUPLINGS[index % 4] == "one site each":  # every site must be touched
            contacts += [oqs.Contact(oqs.flat(0.01 * scale))]
        T = scale * 10 ** rng.uniform(-2, 2, len(contacts))
        mu = scale * rng.normal(size=len(contacts))
        flows = oqs.closed_form(system, contacts)(T, mu)
        assert oqs.clausius_sum(flows, T) <= 1e-14 * gross(flows, T)
        assert abs(flows.particle.sum()) <= 1e-14 * np.abs(flows.particle).sum()
        assert abs(flows.energy.sum()) <= 1e-13 * np.abs(flows.energy).sum()
        checked += 1
    assert checked == 1200


@scales
@pytest.mark.parametrize("coupling", COUPLINGS)
def test_clausius_of_interacting_systems(coupling, scale):
    for seed in range(10):
        model, T, mu = random_interacting(seed, 3, 3, scale=scale, coupling=coupling)
        flows = oqs.flow_law(model)(T, mu)
        assert oqs.clausius_sum(flows, T) < 0
        assert abs(flows.particle.sum()) < 1e-13 * np.abs(flows.particle).sum()
        assert abs(flows.energy.sum()) < 1e-12 * np.abs(flows.energy).sum()


@scales
def test_clausius_of_degenerate_levels_with_coherences(scale):
    rng = np.random.default_rng(1)
    for _ in range(20):
        contacts = random_contacts(rng, 2, 3, scale, "collective")
        model = oqs.davies(oqs.QuadraticSystem(0.5 * scale * np.eye(2)), contacts)
        T, mu = scale * rng.uniform(0.1, 2, 3), scale * rng.normal(size=3)
        assert oqs.clausius_sum(oqs.flow_law(model)(T, mu), T) < 0


@scales
@pytest.mark.parametrize("interacting", [False, True])
def test_equation_3_along_relaxations(interacting, scale):
    for seed in range(4):
        if interacting:
            model, T, mu = random_interacting(seed, 2, 3, scale=scale)
        else:
            case = random_case(seed, 2, 3, scale=scale, coupling="collective")
            model, T, mu = case.model, case.T, case.mu
        rho = random_state(np.random.default_rng(seed), 4)
        rho0 = qutip.Qobj(rho, dims=model.system.dims)
        tau = oqs.relaxation_time(model, T, mu)
        found = oqs.relax(model, rho0, T, mu, tau * np.array([0, 0.01, 0.1, 1, 3, 10, 40]))
        assert np.all(found.entropy_production > 0)
        # the last is the stationary state, whose production is minus its Clausius sum
        clausius = oqs.clausius_sum(oqs.flow_law(model)(T, mu), T)
        assert found.entropy_production[-1] == pytest.approx(-clausius, rel=1e-6)


@few
@hypothesis.given(seed=seeds, sites=st.integers(1, 3), exponent=st.integers(-3, 3))
def test_spohn_for_every_reservoir_and_any_state(seed, sites, exponent):
    # Eqs. (15)-(18): each reservoir alone lowers the distance to its own Gibbs state
    scale = 10.0**exponent
    model, T, mu = random_interacting(seed, sites, 3, scale=scale)
    rho = random_state(np.random.default_rng(seed), 2**sites)
    state = qutip.Qobj(rho, dims=model.system.dims)
    parts = oqs.entropy_production_by_reservoir(model, state, T, mu)
    assert np.all(parts > 0)
    for j in range(3):  # and it is the slope of the relative entropy under D_j alone
        step = 1e-3 * np.linalg.eigvalsh(rho)[0] / np.max(np.abs(model.dissipator(j, T, mu).full()))
        dissipator = model.dissipator(j, T, mu)
        later = [
            qutip.vector_to_operator((sign * step * dissipator).expm() * start)
            for start in [qutip.operator_to_vector(state)]
            for sign in (-1, 1)
        ]
        before, after = (
            oqs.relative_entropy_to_gibbs(model, (s + s.dag()) / (2 * s.tr()), T, mu)[j]
            for s in later
        )
        assert (before - after) / (2 * step) == pytest.approx(
            parts[j], rel=1e-3, abs=1e-6 * np.max(model.rates)
        )


@few
@hypothesis.given(seed=seeds)
def test_relative_entropy_falls_along_one_reservoirs_map(seed):
    model, T, mu = random_interacting(seed, 2, 1)
    rho = qutip.Qobj(random_state(np.random.default_rng(seed), 4), dims=model.system.dims)
    times = np.linspace(0, 5, 12) * oqs.relaxation_time(model, T, mu)
    states = oqs.relax(model, rho, T, mu, times).states
    distance = [oqs.relative_entropy_to_gibbs(model, s, T, mu)[0] for s in states]
    assert np.all(np.diff(distance) < 0)
    assert distance[-1] < distance[0]


def test_the_example_below_equation_7():
    # Y = (1, -5, 20, -16) at T = (10, 20, 60, 70): the second law allows the coldest to cool
    T, Y = np.array([10.0, 20, 60, 70]), np.array([1.0, -5, 20, -16])
    flows = oqs.Flows.of(np.zeros(4), Y, np.zeros(4))
    total = oqs.clausius_sum(flows, T)
    assert total == pytest.approx(1 / 10 - 5 / 20 + 20 / 60 - 16 / 70, rel=1e-14)
    assert total < 0
    assert Y.sum() == 0
    # both forms of Eq. (7), which for sum Y = 0 are the same sum
    assert np.sum(Y[1:] * (1 / T[1:] - 1 / T[0])) == pytest.approx(total, rel=1e-13)
    assert np.sum(Y[:-1] * (1 / T[:-1] - 1 / T[-1])) == pytest.approx(total, rel=1e-13)


@scales
def test_equation_7_on_random_systems_of_equal_potentials(scale):
    for seed in range(30):
        case = random_case(seed, 3, 4, scale=scale, coupling="collective")
        T, mu = np.sort(case.T), np.full(4, 0.3 * scale)
        Y = oqs.closed_form(case.system, case.contacts)(T, mu).heat
        assert np.sum(Y[1:] * (1 / T[1:] - 1 / T[0])) <= 0
        assert np.sum(Y[:-1] * (1 / T[:-1] - 1 / T[-1])) <= 0


def test_the_coldest_of_two_reservoirs_can_cool():
    # the paper's claim in one line: the colder reservoir loses heat, and the second law holds
    case = oqs.closed_form(
        oqs.QuadraticSystem.from_energies([21.1, 21.5]), [oqs.Contact(oqs.power_law(1e-4, 0.5))] * 2
    )
    T, mu = np.array([0.6, 1.0]), np.array([20.8, 16.0])
    flows = case(T, mu)
    assert flows.heat[0] > 0
    assert oqs.clausius_sum(flows, T) < 0
