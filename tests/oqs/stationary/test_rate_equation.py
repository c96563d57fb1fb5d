"""The rate equation, state by state and sector by sector, against null vectors in 600 digits."""

import dataclasses

import mpmath
import numpy as np
import pytest
import reference
import scipy.sparse as sp
from scipy.linalg.lapack import dgetrf
from systems import SCALES, tunnelling

import oqs
from oqs.numerics.occupation import filled_and_empty
from oqs.stationary.rates import sector_batch
from oqs.stationary.rates.elimination import Fold, eliminate, gth, last_sector, recurrent, times
from oqs.stationary.rates.parity import ParityProblem
from oqs.stationary.rates.rate_equation import balanced, by_frequency, rate_matrix
from oqs.stationary.rates.sectors import SectorProblem
from oqs.stationary.rates.small import SmallProblem
from oqs.transitions.transitions import ModeTransitions

scales = pytest.mark.parametrize("scale", SCALES)
POPULATIONS = oqs.Populations()


def null_vector(rates):
    """Stationary populations of rates[a][b] from b to a, by mpmath's LU in 600 digits."""
    with mpmath.workdps(600):
        size = len(rates)
        W = mpmath.matrix(size, size)
        for b in range(size):
            for a in range(size):
                if a != b:
                    W[a, b] += rates[a][b]
                    W[b, b] -= rates[a][b]
        for b in range(size):
            W[0, b] = 1
        right = mpmath.matrix(size, 1)
        right[0] = 1
        return [mpmath.mpf(p) for p in mpmath.lu_solve(W, right)]


def literal_rates(model, T, mu):
    """W_ab = gamma_j n_j |<b| S |a>|^2 up, 1 - n_j down, in the model's own energy basis."""
    c = reference.annihilators(model.system.sites)
    vectors, energies = model.system.spectrum.vectors, model.system.spectrum.energies
    size = len(energies)
    rates = [[mpmath.mpf(0)] * size for _ in range(size)]
    with mpmath.workdps(600):
        for contact, t, m in zip(model.contacts, T, mu, strict=True):
            for row in contact.channels(model.system.sites):
                S = sum(x * y for x, y in zip(row, c, strict=True))
                strength = np.abs(vectors.conj().T @ S @ vectors) ** 2
                for low, high in np.argwhere(strength > 1e-24):
                    w = energies[high] - energies[low]
                    gamma = float(contact.gamma(np.array([w]))[0])
                    x = mpmath.mpf(float((w - m) / t))  # as doubles know it
                    rate = mpmath.mpf(float(strength[low, high])) * gamma
                    rates[high][low] += rate / (mpmath.exp(x) + 1)
                    rates[low][high] += rate / (mpmath.exp(-x) + 1)
    return rates


def populations(model, T, mu):
    """The problem that is chosen and its populations, equal to those of large systems' route."""
    problem = POPULATIONS.prepare(model)
    found = problem.solve(np.asarray(T), np.asarray(mu)).values
    transitions = model.transitions
    blocks = transitions.blocks() if isinstance(transitions, ModeTransitions) else transitions
    sectors = SectorProblem.of(model, POPULATIONS, blocks).solve(np.asarray(T), np.asarray(mu))
    np.testing.assert_allclose(sectors.values, found, rtol=2e-12, atol=1e-280)
    return problem, found


@scales
@pytest.mark.parametrize(
    ("sites", "kind"), [(1, SmallProblem), (2, SmallProblem), (3, SmallProblem), (4, ParityProblem)]
)
def test_populations_of_random_systems(sites, kind, scale):
    for seed in range(3 if sites < 4 else 1):
        model, T, mu = tunnelling(seed, sites, scale)
        problem, found = populations(model, T, mu)
        assert isinstance(problem, kind)
        exact = np.array([float(p) for p in null_vector(literal_rates(model, T, mu))])
        np.testing.assert_allclose(found, exact, rtol=1e-11, atol=0)


@pytest.mark.parametrize("T", [1e-2, 3e-3])
@pytest.mark.parametrize("sites", [3, 4, 5])
def test_every_population_however_small(sites, T):
    # (w - mu)/T up to several hundred: all digits of populations down to the smallest double
    system = oqs.coupled_dots([0.3, 0.7, -0.4, 1.1, -0.2][:sites], 0.37)
    channels = np.diag([1.0, 2.0, 0.5, 1.5, 0.7][:sites])
    contacts = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(3.0), channels)]
    model = oqs.davies(system, contacts)
    temperatures, mu = [T, 1.7 * T], [0.1, 0.5]
    _, found = populations(model, temperatures, mu)
    exact = null_vector(literal_rates(model, temperatures, mu))
    pairs = [(p, q) for p, q in zip(found, exact, strict=True) if q > 1e-290]
    assert max(abs(p / q - 1) for p, q in pairs) < 1e-12
    assert min(found) < 1e-25


@pytest.mark.parametrize("sites", [2, 4])
@pytest.mark.parametrize("nu", [-1e3, -1e5, 1e3, 1e5])
def test_rates_that_underflow(nu, sites):
    # every reservoir so far from the levels that exp(-|nu|) is zero: all empty, or all full
    model = oqs.davies(
        oqs.spinless_dots(np.linspace(1.2, 1.3, sites), 0.02, U=0.01),
        [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))],
    )
    T = np.array([1e-3, 2e-3])
    problem, found = populations(model, T, 1.25 - nu * T)
    filled = model.system.spectrum.particles[np.flatnonzero(found)]
    np.testing.assert_array_equal(filled, [0 if nu > 0 else sites])
    assert found.sum() == 1
    flows = problem.solve(T, 1.25 - nu * T)
    np.testing.assert_array_equal(flows.particle, 0)
    batch = problem.solve_batch(np.array([T, T]), 1.25 - np.array([nu * T, 0 * T]))
    np.testing.assert_array_equal(batch[0][0], 0)


@pytest.mark.parametrize("U", [0.0, 1.0])
def test_one_cold_reservoir_beside_a_warm_one(U):
    # the cold one's rates up are zero, the warm one's are not: the warm one drives, to all digits
    model = oqs.davies(
        oqs.coupled_dots([1.0, 1.2], U), [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.03))]
    )
    T, mu = [1e-4, 0.5], [0.0, 0.9]
    _, found = populations(model, T, mu)
    exact = [float(p) for p in null_vector(literal_rates(model, T, mu))]
    np.testing.assert_allclose(found, exact, rtol=1e-13)


@pytest.mark.parametrize("extra", [0, 2])
def test_sets_of_states_that_no_rate_connects_are_refused(extra):
    # one electron of either spin, both ways out of it below the smallest double: two answers;
    # far-away levels, which stay empty, make it an elimination by sectors
    levels = [-1.0, -1.0, *[5.0 + d for d in range(extra)]]
    model = oqs.davies(oqs.coupled_dots(levels, 2.5), [oqs.Contact(oqs.flat(0.1))])
    problem = POPULATIONS.prepare(model)
    assert isinstance(problem, SmallProblem if extra == 0 else ParityProblem)
    large = SectorProblem.of(model, POPULATIONS, model.transitions.blocks())
    for each in (problem, large):
        with pytest.raises(oqs.NonUniqueStationaryState, match="below the smallest do") as caught:
            each.solve(np.array([1e-3]), np.array([0.0]))
        assert caught.value.kernel_dimension == 2
        warm = each.solve(np.array([0.05]), np.array([0.0])).values
        assert np.sort(warm)[-2:] == pytest.approx([0.5, 0.5], rel=1e-8)


def test_gth_over_sixty_decades():
    rng = np.random.default_rng(0)
    for size in (1, 2, 3, 7):
        rates = 10 ** rng.uniform(-30, 30, (size, size))
        np.fill_diagonal(rates, 7.0)  # not looked at
        exact = null_vector([[mpmath.mpf(float(x)) for x in row] for row in rates])
        worst = max(abs(p / q - 1) for p, q in zip(gth(rates), exact, strict=True))
        assert worst < 1e-14 * size


@pytest.mark.parametrize("tiny", [1e-200, 1e-320])
def test_products_of_rates_beyond_doubles_are_refused(tiny):
    # 0 <-> 1 <-> 2 <-> 3, the way back from each smaller than a double beside the way out
    chain = np.zeros((4, 4))
    chain[[1, 2, 3], [0, 1, 2]] = 1e150
    chain[[0, 1, 2], [1, 2, 3]] = tiny
    with (
        np.errstate(over="ignore", invalid="ignore"),
        pytest.raises(oqs.StationaryStateNotFound, match="underflow"),
    ):
        gth(chain)
    # in the other direction the same ratios are only small
    np.testing.assert_array_equal(gth(chain[::-1, ::-1]), [1, 0, 0, 0])


def test_populations_of_sectors_beyond_doubles_are_refused():
    up, down = np.array([[1e200]]), np.array([[1e-200]])
    for folds in ([], [Fold(down, up)]), ([Fold(down, up)], []), ([], [Fold(up, down)]):
        with pytest.raises(oqs.StationaryStateNotFound, match="two neighbouring particle numbers"):
            eliminate(*folds, np.zeros((1, 1)))


def test_large_sets_that_underflow_leaves_are_refused():
    size = 5000
    ring = np.arange(size)
    rates = sp.coo_array((np.ones(size), ((ring + 1) % size, ring)), shape=(size, size))
    with pytest.raises(oqs.StationaryStateNotFound, match="5000 states, above 4096"):
        recurrent(sp.csr_array(rates))


@pytest.mark.parametrize("sizes", [[1, 4, 6, 4, 1], [3, 40, 2]])
def test_elimination_by_sectors_is_that_by_states(sizes):
    rng = np.random.default_rng(1)
    first = np.cumsum([0, *sizes])
    total = first[-1]
    rates, steps, within = np.zeros((total, total)), [], []
    for n, size in enumerate(sizes):
        own = slice(first[n], first[n + 1])
        within.append(10 ** rng.uniform(-20, 0, (size, size)))
        rates[own, own] = within[-1]
    for n in range(len(sizes) - 1):
        low, high = slice(first[n], first[n + 1]), slice(first[n + 1], first[n + 2])
        up, down = 10 ** rng.uniform(-20, 0, (2, sizes[n + 1], sizes[n]))
        rates[high, low], rates[low, high] = up, down.T
        steps.append((up, down))
    exact = gth(rates)
    for last, inside in enumerate(within):
        above = [
            Fold(steps[n][1].T, steps[n][0], within[n + 1])
            for n in reversed(range(last, len(steps)))
        ]
        below = [Fold(steps[n][0], steps[n][1].T, within[n]) for n in range(last)]
        found = np.concatenate(eliminate(above, below, inside))
        np.testing.assert_allclose(found, exact, rtol=1e-12)


def test_sectors_are_folded_into_the_one_that_states_fall_to():
    lowest = [0.0, 1.0, 1.5, 4.0]
    T = np.array([0.01, 0.02])
    assert last_sector(lowest, 1, T, np.array([0.1, 0.2])) == 0
    assert last_sector(lowest, 1, T, np.array([1.2, 1.4])) == 2
    assert last_sector(lowest, 1, T, np.array([9.0, 9.0])) == 3
    assert last_sector(lowest, 1, 1e3 * T, np.array([9.0, 9.0])) == 0  # a short way up
    assert last_sector(lowest, 2, T, np.array([0.6, 0.7])) == 2


@pytest.mark.parametrize("sites", [4, 5])
def test_odd_states_first_and_the_even_sectors_in_any_order(sites):
    model, T, mu = tunnelling(3, sites, 1.0)
    problem = ParityProblem.of(model, POPULATIONS, model.transitions)
    weighted = problem.rates.at(T, mu)
    forth, back = weighted.forth.sum(axis=0), weighted.back.sum(axis=0)
    exact = problem._by_sectors(forth, back, 0)
    for last in range(sites + 1):
        others = [problem._by_sectors(forth, back, last)]
        if last % 2 == 0:
            others.append(problem._by_halves(forth, back, last))
        for other in others:
            for ours, theirs in zip(other, exact, strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_states_that_are_only_left_are_empty():
    # 2 -> 1 <-> 0, 3 -> 2
    rates = rate_matrix(
        np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([2.0, 0, 0]), np.array([3.0, 1, 1]), 4
    )
    np.testing.assert_allclose(recurrent(rates), [0.6, 0.4, 0, 0], rtol=1e-15)


def test_flows_are_balanced_in_proportion_to_their_rounding():
    gross = np.array([1.0, 1e-6, 0.0])
    found = balanced(np.array([1e-7, -1e-7 + 1e-16, 0.0]), gross)
    assert found.sum() == 0
    assert found[1] == pytest.approx(-1e-7 + 1e-16, rel=1e-14)  # the weak one keeps its digits
    np.testing.assert_array_equal(balanced(np.zeros(2), np.zeros(2)), 0)


def test_fluxes_are_collected_at_their_frequencies():
    frequencies = np.array([1.0, 2.0, 4.0])
    flux = np.array([[1.0, 2.0, 3.0], [-1.0, 0.0, 5.0]])
    particle, energy = by_frequency(frequencies, [(np.array([4.0, 1.0, 1.0]), flux)])
    np.testing.assert_array_equal(particle, [[5, 5], [0, 0], [1, -1]])
    np.testing.assert_array_equal(energy, [[5, 5], [0, 0], [4, -4]])


@scales
@pytest.mark.parametrize("sites", [3, 4, 5])
def test_all_routes_agree(sites, scale):
    for seed in range(3):
        model, T, mu = tunnelling(seed, sites, scale)
        makers = [SmallProblem, ParityProblem.of, SectorProblem.of]
        first, *others = (
            make(model, POPULATIONS, model.transitions) for make in makers[sites > 3 :]
        )
        one = first.solve(T, mu)
        for problem in others:
            other = problem.solve(T, mu)
            np.testing.assert_allclose(one.values, other.values, rtol=1e-12)
            for kind in ("particle", "energy"):
                size = np.max(np.abs(getattr(one, kind)))
                np.testing.assert_allclose(
                    getattr(one, kind), getattr(other, kind), rtol=0, atol=1e-12 * size
                )
            np.testing.assert_allclose(first.frequencies, problem.frequencies, rtol=1e-12)
            for ours, theirs in zip(first.spectral(T, mu), problem.spectral(T, mu), strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12 * np.max(np.abs(ours)))


@pytest.mark.parametrize("x", [0.1, 1.0, 10.0, 30.0, 200.0])
@pytest.mark.parametrize("energies_known", [True, False])
def test_even_and_odd_states_at_moderate_and_extreme_rates(x, energies_known):
    # |w - mu|/T about x: odd states eliminated first below MODERATE, sector after sector above
    model, _, mu = tunnelling(5, 5, 1.0)
    blocks = model.transitions
    if not energies_known:
        steps = (dataclasses.replace(step, frequencies=step.frequency) for step in blocks.steps)
        blocks = dataclasses.replace(blocks, steps=tuple(steps))
    T = np.abs(model.system.spectrum.energies).max() / x * np.array([1.0, 0.8, 1.3])
    parity = ParityProblem.of(model, POPULATIONS, blocks)
    sectors = SectorProblem.of(model, POPULATIONS, blocks)
    weighted = parity.rates.at(T, mu)
    assert weighted.moderate == (x < 100)
    assert (weighted.factors is not None) == (energies_known and weighted.moderate)
    one, other = parity.solve(T, mu), sectors.solve(T, mu)
    np.testing.assert_allclose(one.values, other.values, rtol=1e-12 * max(1, x / 10))
    for ours, theirs in ((one.particle, other.particle), (one.energy, other.energy)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-11 * max(1, x / 10))


def test_factorisations_that_exchange_rows_are_not_taken():
    # states that only leave for each other: rounding makes the diagonal the smaller element
    rng = np.random.default_rng(0)
    out, right = np.array([0.0, 0.0, 1.0]), np.array([[0.0], [0.0], [1.0]])
    exchanged = 0
    for _ in range(300):
        inside = rng.uniform(0.1, 1, (3, 3))
        inside[:2, 2] *= 1e-20
        np.fill_diagonal(inside, 0.0)
        matrix = np.diag(inside.sum(axis=0) + out) - inside
        exchanged += bool((dgetrf(matrix)[1] != np.arange(3)).any())
        # by hand: the third state is left at once, the others only for it
        a, b = inside[0, 1], inside[1, 0]
        c, d = inside[2, 0], inside[2, 1]
        u, v = inside[0, 2], inside[1, 2]
        whole = a * c + b * d + c * d
        exact = np.array([(u * (a + d) + v * a) / whole, (v * (b + c) + u * b) / whole, 1.0])
        found = times(inside.copy(order="F"), out, right)[:, 0]
        np.testing.assert_allclose(found, exact, rtol=1e-14)
    assert exchanged > 10


@pytest.mark.parametrize("gamma", [1e-3, 1e-24, 1e-150])
def test_flows_are_proportional_to_the_rates_whatever_their_unit(gamma):
    # a cold contact beside a warm one: its rates over 150 decades
    h = np.diag([0.345, 0.345, 0.001, 0.002])
    h[0, 2] = h[2, 0] = h[1, 3] = h[3, 1] = 1e-3
    system = oqs.InteractingSystem.from_terms(h, {(0, 1): -1.035})
    T, mu = np.array([1e-3, 0.1]), np.zeros(2)
    for kind in (ParityProblem, SectorProblem):
        flows = []
        for g in (1.0, gamma):
            model = oqs.davies(system, [oqs.Contact(oqs.flat(g))] * 2)
            problem = kind.of(model, POPULATIONS, model.transitions)
            flows.append(problem.solve(T, mu).energy / g)
            of_all = problem.spectral(T, mu)[1].sum(axis=0) / g
            np.testing.assert_allclose(of_all, flows[-1], rtol=1e-10)
        np.testing.assert_allclose(flows[1], flows[0], rtol=1e-12)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("sites", [2, 3, 4, 5, 6])
def test_products_of_occupations_in_the_cold(sites):
    # (w - mu)/T up to 2000: no population above 1e-280 is lost, none comes out as NaN
    T, mu = np.array([0.001, 0.0013]), np.array([0.0, 0.05])
    bits = (np.arange(2**sites)[:, None] >> np.arange(sites)[::-1]) & 1
    for seed in range(40):
        levels = np.sort(np.random.default_rng(seed).normal(size=sites))
        if np.diff(levels).min() < 0.02:
            continue
        system = oqs.QuadraticSystem.from_energies(levels)
        model = oqs.davies(system, [oqs.Contact(oqs.flat(1e-3))] * 2)
        _, found = populations(model, T, mu)
        filled, empty = (
            np.mean(filled_and_empty((levels - mu[:, None]) / T[:, None])[k], axis=0)
            for k in (0, 1)
        )
        exact = np.prod(np.where(bits, filled, empty), axis=1)
        seen = exact > 1e-280
        np.testing.assert_allclose(found[seen], exact[seen], rtol=1e-12)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("levels", "T"),
    [
        ([1.45, 0.1, 0.33, 1.14], 0.003),
        ([0.07, 0.11, 2.32, 0.89], 0.003),
        ([0.13, 0.34, 1.42, 2.39], 0.005),
    ],
)
def test_weak_tunnelling_in_the_cold(levels, T):
    # far sites know of the contact by powers of 1e-4 only: the order of elimination by rates alone
    # runs into products below the smallest double, that of the energies does not
    system = oqs.spinless_dots(levels, 1e-4, U=1.3)
    model = oqs.davies(system, [oqs.Contact(oqs.flat(1e-3), np.eye(4)[0])])
    found = POPULATIONS.prepare(model).solve(np.array([T]), np.array([0.1])).values
    spectrum = model.system.spectrum
    x = (spectrum.energies - 0.1 * spectrum.particles) / T
    exact = np.exp(x.min() - x)
    exact /= exact.sum()
    seen = exact > 1e-280
    np.testing.assert_allclose(found[seen], exact[seen], rtol=1e-12)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("sites", [2, 3, 4, 7])
@pytest.mark.parametrize("scale", [1e-25, 1.0, 1e40])
def test_one_contact_leaves_boltzmann_populations(sites, scale):
    rng = np.random.default_rng(sites)
    system = oqs.spinless_dots(scale * rng.normal(size=sites), 0.1 * scale, U=1.3 * scale)
    model = oqs.davies(system, [oqs.Contact(oqs.flat(1e-3 * scale))])
    spectrum = model.system.spectrum
    for T, mu in ((0.0015, 5.0), (0.01, -0.2), (0.1, 0.3), (30.0, 1.0)):
        _, found = populations(model, [T * scale], [mu * scale])
        x = (spectrum.energies / scale - mu * spectrum.particles) / T
        exact = np.exp(x.min() - x)
        exact /= exact.sum()
        seen = exact > 1e-280
        np.testing.assert_allclose(found[seen], exact[seen], rtol=3e-15 / T + 1e-13)


@pytest.mark.parametrize("factor", [1 + 1e-8, np.nan])
@pytest.mark.parametrize("which", ["even", "odd", "sectors", "batch"])
def test_populations_that_are_slightly_off_are_no_solution(which, factor, monkeypatch):
    # a fault planted in the elimination: the balance of the fluxes finds it on every route
    model, T, mu = tunnelling(2, 4, 1.0)
    kind = SectorProblem if which == "sectors" else ParityProblem
    problem = kind.of(model, POPULATIONS, model.transitions)
    problem.solve(T, mu)

    def off(populations):
        wrong = populations.copy()
        wrong[np.argmax(wrong)] *= factor
        return wrong

    if which == "batch":
        found = sector_batch.populations_together
        monkeypatch.setattr(
            sector_batch,
            "populations_together",
            lambda *given: (off(found(*given)[0]), found(*given)[1]),
        )
        with pytest.raises(oqs.StationaryStateNotFound, match="left a residual"):
            problem.solve_batch(T[None], mu[None])
        return
    if which == "sectors":
        solved = kind.populations
        monkeypatch.setattr(kind, "populations", lambda *given: off(solved(*given)))
    else:
        halves = kind._by_halves
        changed = ("even", "odd").index(which)

        def by_halves(*given):
            pair = list(halves(*given))
            pair[changed] = off(pair[changed])
            return tuple(pair)

        monkeypatch.setattr(kind, "_by_halves", by_halves)
    with pytest.raises(oqs.StationaryStateNotFound, match="left a residual"):
        problem.solve(T, mu)


@pytest.mark.parametrize("x", [100.0, 1.0, 1e-3, 1e-9])
def test_sectors_that_are_seldom_left_lose_no_digits(x):
    # left at once, after some jumps (one factorisation each), after many (halves, states)
    rng = np.random.default_rng(7)
    size = 20
    inside = 10 ** rng.uniform(-30 if x < 1e-6 else -1, 0, (size, size))
    out = np.full(size, 1e-3 * x)
    out[:2] = x
    right = rng.uniform(size=(size, 3))
    with mpmath.workdps(100):
        S = mpmath.matrix(size, size)
        for b in range(size):
            S[b, b] = mpmath.mpf(float(out[b]))
            for a in range(size):
                if a != b:
                    S[a, b] -= mpmath.mpf(float(inside[a, b]))
                    S[b, b] += mpmath.mpf(float(inside[a, b]))
        columns = [mpmath.lu_solve(S, mpmath.matrix(r.tolist())) for r in right.T]
        exact = np.array([[float(v) for v in column] for column in columns]).T
    np.testing.assert_allclose(times(inside.copy(order="F"), out, right), exact, rtol=1e-13)


@pytest.mark.parametrize("scale", [0.05, 1.0, 20.0])
@pytest.mark.parametrize("sites", [4, 5, 6])
def test_a_batch_of_sectors_keeps_every_digit_of_one_after_the_other(sites, scale):
    model, _, _ = tunnelling(sites, sites, 1.0)
    problem = ParityProblem.of(model, POPULATIONS, model.transitions)
    rng = np.random.default_rng(sites)
    T, mu = scale * rng.uniform(0.2, 2, (30, 3)), rng.normal(size=(30, 3))
    T[3], mu[3] = 1e-4, -20.0  # rates underflow: solved by itself, beside the others
    batch = problem.solve_batch(T, mu)
    each = [problem.solve(*row) for row in zip(T, mu, strict=True)]
    for ours, name in zip(batch, ("particle", "energy"), strict=True):
        theirs = np.array([getattr(solution, name) for solution in each])
        gross = np.max(model.rates) * 20
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-15 * gross)


def test_a_batch_of_cold_populations():
    # block by block without subtractions: small populations to their own accuracy
    model, _, _ = tunnelling(1, 4, 1.0)
    problem = ParityProblem.of(model, POPULATIONS, model.transitions)
    T, mu = np.full((2, 3), 0.05), np.array([[0.1, -0.2, 0.3], [-1.0, 0.5, 0.0]])
    up, down = sector_batch.weighted(problem.few, T, mu)
    found, good = sector_batch.populations_together(problem.few, up.sum(axis=0), down.sum(axis=0))
    assert good.all()
    assert found.min() < 1e-20
    for k in range(2):
        np.testing.assert_allclose(found[:, k], problem.solve(T[k], mu[k]).values, rtol=1e-12)
