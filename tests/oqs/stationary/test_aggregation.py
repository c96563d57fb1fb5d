"""Iterated populations against elimination state by state, on random rates and random systems."""

import itertools

import numpy as np
import pytest
from systems import SCALES, tunnelling

import oqs
from oqs.stationary.rates import aggregation, sectors
from oqs.stationary.rates.aggregation import aggregate
from oqs.stationary.rates.elimination import gth
from oqs.transitions.step_rates import StepRates

SIZES = ([1, 5, 10, 10, 5, 1], [1, 4, 6, 4, 1], [3, 7, 20, 30], [1, 2, 1], [2, 3])


def random_steps(rng, sizes, spread, link=1.0):
    """Rates of e^(+- a few spreads); between two halves of the states, smaller by `link`."""
    steps = []
    for lower, upper in itertools.pairwise(sizes):
        apart = np.ones((upper, lower))
        apart[: upper // 2, lower // 2 :] = link
        apart[upper // 2 :, : lower // 2] = link
        up, down = np.exp(spread * rng.normal(size=(2, upper, lower)))
        steps.append((up * apart, down * apart))
    return steps


def whole(steps):
    """Steps of one part each."""
    everything = slice(None)
    return [StepRates(up.shape, ((everything, everything, up, down),)) for up, down in steps]


def by_state(steps):
    """Populations by elimination of one state after the other."""
    sizes = [steps[0][0].shape[1], *(len(up) for up, _ in steps)]
    ends = np.cumsum([0, *sizes])
    rates = np.zeros((ends[-1], ends[-1]))
    for n, (up, down) in enumerate(steps):
        lower, upper = slice(*ends[n : n + 2]), slice(*ends[n + 1 : n + 3])
        rates[upper, lower], rates[lower, upper] = up, down.T
    return gth(rates)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("spread", [0.1, 1.0, 5.0, 15.0])
def test_every_population_to_its_own_accuracy(spread, sizes, seed):
    steps = random_steps(np.random.default_rng(seed), sizes, spread)
    found = aggregate(whole(steps))
    if found is None:  # rates over 40 decades may leave sets that hardly know of each other
        assert spread > 10
        return
    np.testing.assert_allclose(np.concatenate(found), by_state(steps), rtol=1e-11)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("link", [1e-9, 1e-10])
def test_sets_that_hardly_know_of_each_other_are_left_to_elimination(seed, link, monkeypatch):
    steps = random_steps(np.random.default_rng(seed), SIZES[2], 0.5, link)
    assert aggregate(whole(steps)) is None
    # without the second run the answer would be wrong, and look converged
    monkeypatch.setattr(aggregation, "_BACK", np.inf)
    found = np.concatenate(aggregate(whole(steps)))
    assert np.max(np.abs(found / by_state(steps) - 1)) > 1e-10


def test_shares_beyond_doubles_are_left_to_elimination():
    # the second state of the middle sector is entered at 1e-200 and left at 1e+200
    up = np.array([[1.0], [1e-200]])
    down = np.array([[1.0], [1e200]])
    assert aggregate(whole([(up, down), (down.T, up.T)])) is None


@pytest.fixture
def iterated(monkeypatch):
    monkeypatch.setattr(sectors, "_MANY", 1)
    calls = []
    monkeypatch.setattr(
        sectors, "aggregate", lambda *given: calls.append(aggregate(*given)) or calls[-1]
    )
    return calls


def problem_of(model):
    return sectors.SectorProblem.of(model, oqs.Populations(), model.transitions)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("scale", SCALES)
def test_flows_and_populations_of_random_systems(scale, seed, iterated, monkeypatch):
    model, T_1, mu = tunnelling(seed, 5, scale)
    problem = problem_of(model)
    for T in (3 * T_1, T_1, T_1 / 5):
        mine = problem.solve(T, mu)
        with monkeypatch.context() as m:
            m.setattr(sectors, "_MANY", 10**9)
            other = problem.solve(T, mu)
        np.testing.assert_allclose(mine.values, other.values, rtol=1e-10)
        largest = np.max(np.abs(other.particle))
        np.testing.assert_allclose(mine.particle, other.particle, rtol=0, atol=1e-10 * largest)
    assert len(iterated) == 3
    assert all(found is not None for found in iterated)


def test_a_guess_changes_the_way_and_not_the_answer():
    model, T, mu = tunnelling(1, 5, 1.0)
    problem = problem_of(model)
    steps = problem.step_rates(T, mu)
    plain, guessed = aggregate(steps), aggregate(steps, problem._cooled(T))
    ours, theirs = np.concatenate(guessed), np.concatenate(plain)
    assert not np.array_equal(ours, theirs)
    np.testing.assert_allclose(ours, theirs, rtol=1e-11)


def test_what_does_not_converge_is_eliminated(monkeypatch):
    model, T, mu = tunnelling(0, 4, 1.0)
    problem = problem_of(model)
    expected = problem.solve(T, mu).particle
    asked = []
    monkeypatch.setattr(sectors, "_MANY", 1)
    monkeypatch.setattr(sectors, "aggregate", lambda *given: asked.append(given))
    np.testing.assert_array_equal(problem.solve(T, mu).particle, expected)
    assert len(asked) == 1


@pytest.mark.slow
def test_a_chain_of_thirteen_sites(monkeypatch):
    levels = 20 + np.random.default_rng(0).uniform(0, 1, 13)
    first, last = np.eye(13)[[0, -1]]
    contacts = [oqs.Contact(oqs.flat(1e-4), first), oqs.Contact(oqs.flat(2e-4), last)]
    law = oqs.flow_law(oqs.davies(oqs.spinless_dots(levels, 0.3, U=0.7), contacts))
    for T, mu in (([1.0, 0.6], [20.5, 20.0]), ([0.1, 0.12], [20.5, 20.0])):
        mine = law(T, mu)
        with monkeypatch.context() as m:
            m.setattr(sectors, "_MANY", 10**9)
            other = law(T, mu)
        largest = np.max(np.abs(other.particle))
        np.testing.assert_allclose(mine.particle, other.particle, rtol=0, atol=1e-11 * largest)
