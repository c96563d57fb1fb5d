"""The master equation of small reservoirs: detailed balance, theorems, limits."""

import math

import numpy as np
import pytest
import scipy.linalg

import oqs
import thermo

CONTACTS = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
LEVEL = oqs.davies(oqs.QuadraticSystem.from_energies([1.3]), CONTACTS)
START = ([0.3, 0.6], [1.2, 0.9])


def boxes(capacity, gas=None):
    return [thermo.Reservoir(gas or thermo.FermiDiracGas(1.0), capacity)] * 2


def chain_of(capacity=20.0, occupations="entropic", model=LEVEL):
    return thermo.master_equation(model, boxes(capacity), *START, occupations=occupations)


def by_hand(capacity, t):
    """Mean and deviation of what 1 lost, and T_1, written out for one level on its own."""
    gas, w = thermo.FermiDiracGas(1.0), 1.3
    N0 = capacity * gas.number(*map(np.array, START))
    E0 = capacity * gas.energy(*map(np.array, START))

    def state(j, lost):
        N, E = (N0[j] - lost) / capacity, (E0[j] - w * lost) / capacity
        if N <= 0 or E <= N**2 / 2:
            return None
        T, mu = thermo.invert(gas, N, E)
        return capacity * float(gas.entropy(T, mu)), float(T)

    states = [
        (n, m)
        for n in (0, 1)
        for m in range(-13, 10)
        if state(0, m) is not None and state(1, n - m) is not None
    ]
    W = np.zeros((len(states),) * 2)
    for i, (n, m) in enumerate(states):
        for j, gamma in enumerate((0.01, 0.02)):
            end = (1 - n, m + (1 - 2 * n) * (j == 0))
            if end not in states:
                continue
            lost = (m, n - m)[j], (end[1], end[0] - end[1])[j]
            rise = state(j, lost[1])[0] - state(j, lost[0])[0]
            W[states.index(end), i] += gamma / (1 + math.exp(-rise))
    W -= np.diag(W.sum(axis=0))
    p = scipy.linalg.expm(W * t)[:, states.index((0, 0))]
    m = np.array([m for _, m in states])
    T = np.array([state(0, m)[1] for _, m in states])
    mean, middle = p @ m, p @ T
    return mean, math.sqrt(p @ (m - mean) ** 2), middle, math.sqrt(p @ (T - middle) ** 2)


def test_the_chain_of_one_level_is_the_one_written_by_hand():
    chain = chain_of()
    later = chain.at(3e4)
    start = chain.members[0].number
    found = start - later.N_mean[0], later.N_std[0], later.T_mean[0], later.T_std[0]
    np.testing.assert_allclose(found, by_hand(20.0, 3e4), rtol=1e-7)
    # 1.22220, 1.82354, .286774 +- .017284 where |lost| is cut at 7, which is not wide enough
    np.testing.assert_allclose(found, (1.222342, 1.823802, 0.2867698, 0.0173016), rtol=5e-6)


@pytest.mark.parametrize("capacity", [2.0, 20.0, 80.0])
def test_the_stationary_law_is_that_of_the_entropy(capacity):
    chain = chain_of(capacity)
    law = chain.stationary_distribution
    assert np.abs(chain.W @ law).max() < 1e-15
    flux = (chain.W * law[None, :]).toarray()
    np.testing.assert_allclose(flux, flux.T, rtol=1e-9, atol=1e-300)
    if capacity < 50:
        np.testing.assert_allclose(chain.distribution(3e5), law, atol=1e-9)


@pytest.mark.parametrize("t", [0.0, 1.0, 300.0, 3e4])
def test_the_integral_fluctuation_theorem(t):
    for capacity in (2.0, 20.0):
        assert chain_of(capacity).fluctuation_theorem(t) == pytest.approx(1, abs=1e-10)


def test_fermi_occupations_miss_the_theorem():
    assert abs(chain_of(20.0, "fermi").fluctuation_theorem(3e4) - 1) > 1e-3
    assert abs(chain_of(80.0, "fermi").fluctuation_theorem(3e4) - 1) > 1e-4


def test_detailed_theorem_of_definite_states():
    """P(i to f)/P(f to i) = e^{S_f - S_i} at any time."""
    chain = chain_of(2.0)
    P = scipy.linalg.expm(chain.W.toarray() * 200.0)
    gain = chain.entropy[:, None] - chain.entropy
    np.testing.assert_allclose(P, P.T * np.exp(gain), rtol=1e-9)


def test_the_start_is_definite():
    chain = chain_of()
    now = chain.at(0.0)
    np.testing.assert_allclose(now.T_mean, START[0], rtol=1e-12)
    np.testing.assert_allclose(now.mu_mean, START[1], rtol=1e-12)
    np.testing.assert_allclose([now.T_std, now.mu_std, now.N_std, now.E_std], 0, atol=1e-9)
    reservoir = boxes(20.0)[0]
    np.testing.assert_allclose(now.N_mean, reservoir.number(*map(np.array, START)), rtol=1e-12)
    np.testing.assert_allclose(now.E_mean, reservoir.energy(*map(np.array, START)), rtol=1e-12)


def test_interacting_sites_and_two_frequencies():
    dot = oqs.davies(oqs.anderson_dot(1.0, 0.4), CONTACTS)
    chain = chain_of(3.0, model=dot)
    law = chain.stationary_distribution
    assert np.abs(chain.W @ law).max() < 1e-15
    assert chain.fluctuation_theorem(1e3) == pytest.approx(1, abs=1e-10)
    late = chain.at(1e3)
    particles = dot.system.spectrum.particles[chain.chain.state]
    inside = chain.distribution(1e3) @ particles
    total = sum(member.number for member in chain.members)
    assert late.N_mean.sum() + inside == pytest.approx(total, rel=1e-12)


def test_a_finite_and_an_endless_reservoir():
    gas = thermo.FermiDiracGas(1.0)
    reservoirs = [thermo.Reservoir(gas, 10.0), thermo.Reservoir(gas, math.inf)]
    chain = thermo.master_equation(LEVEL, reservoirs, *START)
    later = chain.at(1e5)
    assert later.T_mean[1] == pytest.approx(0.6, rel=1e-12)
    assert later.T_std[1] == pytest.approx(0, abs=1e-12)
    assert np.isnan(later.N_mean[1])
    assert np.abs(chain.W @ chain.stationary_distribution).max() < 1e-15


def test_edges_close_jumps_and_are_counted():
    cold = thermo.master_equation(LEVEL, boxes(3.0), [0.05, 0.6], [1.2, 0.9])
    assert cold.at(3e4).closed[0] > 0.01
    assert chain_of(80.0).at(3e4).closed[0] == 0


@pytest.mark.parametrize("scale", [1e-6, 1e5])
def test_units_of_energy_do_not_matter(scale):
    contacts = [oqs.Contact(oqs.flat(0.01 * scale)), oqs.Contact(oqs.flat(0.02 * scale))]
    model = oqs.davies(oqs.QuadraticSystem.from_energies([1.3 * scale]), contacts)
    chain = thermo.master_equation(
        model, boxes(20.0 / scale), 0.3 * scale * np.array([1, 2]), scale * np.array([1.2, 0.9])
    )
    np.testing.assert_allclose(
        chain.at(3e4 / scale).T_std, scale * chain_of().at(3e4).T_std, rtol=1e-6
    )


def test_bad_input():
    with pytest.raises(TypeError, match="Argument `model` must be a DaviesModel, but is int"):
        thermo.master_equation(3, boxes(20.0), *START)
    with pytest.raises(ValueError, match=r"one for each of the 2 of the law.*, but holds 1"):
        thermo.master_equation(LEVEL, boxes(20.0)[:1], *START)
    with pytest.raises(ValueError, match="'entropic' or 'fermi', but is 'bose'"):
        chain_of(occupations="bose")
    with pytest.raises(ValueError, match="Argument `t` must be positive"):
        chain_of().at(-1.0)
    for late in (chain_of().at, chain_of().fluctuation_theorem):
        with pytest.raises(ValueError, match=r"`t` must be at most .* `stationary_distribution`"):
            late(1e300)
    with pytest.raises(ValueError, match=r"must hold a particle each, but '1' .*capacity"):
        chain_of(1e-3)
    with pytest.raises(ValueError, match=r"gas of '1' has none at some"):
        thermo.master_equation(
            LEVEL, boxes(9.0, thermo.SommerfeldGas(1.5)), [0.28, 0.2], [1.2, 0.9]
        )
    idle = oqs.davies(oqs.QuadraticSystem.from_energies([1.3]), [oqs.Contact(oqs.flat(0.0))] * 2)
    with pytest.raises(ValueError, match="no contact drives any transition"):
        thermo.master_equation(idle, boxes(20.0), *START)
    pair = oqs.QuadraticSystem.from_energies([1.3, 1.3])
    collective = oqs.davies(pair, [oqs.Contact(oqs.flat(0.01), coupling=[1, 1])] * 2)
    with pytest.raises(ValueError, match="matrix elements between its degenerate levels"):
        thermo.master_equation(collective, boxes(20.0), *START)
    two = oqs.davies(oqs.QuadraticSystem.from_energies([1.1, 1.3]), CONTACTS)
    with pytest.raises(MemoryError, match="more than 400000 states"):
        thermo.master_equation(two, boxes(700.0), *START)


def test_a_box_that_closes_every_jump_has_one_state():
    level = oqs.davies(oqs.QuadraticSystem.from_energies([1.5]), [oqs.Contact(oqs.flat(0.01))])
    box = thermo.Reservoir(thermo.FermiDiracGas(1.0), 2.0)
    chain = thermo.master_equation(level, [box], [0.5], [1.0])
    assert chain.states == 1
    assert chain.fluctuation_theorem(1e3) == 1
    np.testing.assert_array_equal(chain.at(1e3).closed, 1)
