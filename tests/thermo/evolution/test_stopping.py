"""When a run is over: one rule for one run, many at once, and runs together with the system."""

import importlib

import numpy as np
import pytest
import scipy.optimize
from slow_systems import FIGURES, LinearPair

import oqs
import thermo
from thermo.evolution.at_once.refusal import NotAtOnce
from thermo.evolution.dynamics import ReservoirDynamics
from thermo.evolution.rest import at_rest

GAS = thermo.SommerfeldGas(1.5)
START = {"T": [0.8, 1.0], "mu": [18.8, 18.0]}


def never_at_once(*_):
    raise NotAtOnce("of this test")


def pair(gas=GAS, capacities=(1.0, 1.0)):
    return [thermo.Reservoir(gas, c) for c in capacities]


def two_modes(weak):
    """Two modes, the second of which is `weak` times as strongly coupled."""
    coupling = np.diag([1.0, np.sqrt(weak)])
    contacts = [oqs.Contact(oqs.flat(4e-4), coupling=coupling) for _ in range(2)]
    return oqs.closed_form(oqs.QuadraticSystem.from_energies([17.1, 17.5]), contacts)


def ends(law, reservoirs, T, mu, route, **options):
    """Return outcome, T, mu, t at the end, by one of three routes."""
    if route == "many":
        run = thermo.evolve_ensemble(law, reservoirs, [T], [mu], workers=1, **options)
        return str(run.outcome[0]), run.T[0], run.mu[0], float(run.t[0])
    with pytest.MonkeyPatch.context() as patch:
        if route == "steps":
            patch.setattr(
                importlib.import_module("thermo.evolution.evolve"), "solve_at_once", never_at_once
            )
        path = thermo.evolve(law, reservoirs, T, mu, events=False, **options)
    return path.outcome, path.T[-1], path.mu[-1], float(path.t[-1])


by_route = pytest.mark.parametrize("route", ["quick", "steps", "many"])


class TestSlowIsNotStalled:
    @by_route
    @pytest.mark.parametrize("weak", [1e-2, 1e-5, 1e-7])
    def test_a_mode_that_is_slower(self, weak, route):
        goal = thermo.equilibrium(pair(), **START)
        outcome, T, mu, _ = ends(two_modes(weak), pair(), *START.values(), route)
        assert outcome == "equilibrated"
        np.testing.assert_allclose(T, goal.T, rtol=2e-6)
        np.testing.assert_allclose(mu, goal.mu, rtol=2e-6)

    @by_route
    def test_a_reservoir_that_is_larger(self, route):
        # the small one follows at once; the others take a hundred thousand times as long
        contacts = [oqs.Contact(oqs.flat(1e-4)) for _ in range(3)]
        law = oqs.closed_form(oqs.QuadraticSystem.from_energies([17.1, 17.5]), contacts)
        group = pair(capacities=(1e-3, 30.0, 100.0))
        goal = thermo.equilibrium(group, [0.9, 0.8, 1.0], [18.3, 18.8, 18.0])
        outcome, T, _, _ = ends(law, group, [0.9, 0.8, 1.0], [18.3, 18.8, 18.0], route)
        assert outcome == "equilibrated"
        np.testing.assert_allclose(T, goal.T, rtol=2e-6)

    @by_route
    @pytest.mark.parametrize("scale", [1e-4, 1e5])
    def test_in_any_unit_of_energy(self, scale, route):
        contacts = [oqs.Contact(oqs.flat(4e-4 * scale), np.diag([1.0, 1e-2])) for _ in range(2)]
        law = oqs.closed_form(
            oqs.QuadraticSystem.from_energies([17.1 * scale, 17.5 * scale]), contacts
        )
        start = [scale * value for value in (0.8, 1.0)], [scale * value for value in (18.8, 18.0)]
        goal = thermo.equilibrium(pair(), *start)
        outcome, T, _, _ = ends(law, pair(), *start, route)
        assert outcome == "equilibrated"
        np.testing.assert_allclose(T, goal.T, rtol=2e-6)


class TestStalled:
    @by_route
    @pytest.mark.parametrize("capacities", [(1.0, 1.0), (1e-2, 1e2), (1e5, 3e5)])
    def test_one_frequency(self, capacities, route):
        law = oqs.closed_form(
            oqs.QuadraticSystem.from_energies([17.1]), [oqs.Contact(oqs.flat(1e-3))] * 2
        )
        outcome, T, mu, _ = ends(law, pair(capacities=capacities), *START.values(), route)
        x = (17.1 - mu) / T
        assert outcome == "stalled"
        assert x[0] == pytest.approx(x[1], abs=1e-5)

    @by_route
    @pytest.mark.parametrize("kind", [oqs.closed_form, lambda s, c: oqs.flow_law(oqs.davies(s, c))])
    def test_what_changes_nothing_within_any_time_that_counts(self, kind, route):
        # two levels that hold no electron: e^-80 of the rates would move the reservoirs
        law = kind(
            oqs.QuadraticSystem.from_energies([40.0, 41.0]), [oqs.Contact(oqs.flat(1e-4))] * 2
        )
        gas = pair(thermo.FermiDiracGas(1.5))
        outcome, T, mu, t = ends(law, gas, [0.5, 0.4], [0.0, -0.1], route)
        assert outcome == "stalled"
        assert t == 0
        np.testing.assert_array_equal(T, [0.5, 0.4])
        np.testing.assert_array_equal(mu, [0.0, -0.1])

    @by_route
    @pytest.mark.parametrize("x", [60, 70])
    def test_a_blockaded_level_ends(self, x, route):
        law = oqs.flow_law(
            oqs.davies(
                oqs.InteractingSystem.from_terms(
                    np.diag([0.1 * x, 0.1 * x + 0.1]), U={(0, 1): 1.0}
                ),
                [oqs.Contact(oqs.flat(1e-4))] * 2,
            )
        )
        gas = pair(thermo.FermiDiracGas(1.5))
        assert ends(law, gas, [0.1, 0.12], [0.05, -0.05], route)[0] == "stalled"

    def test_a_user_s_law_that_is_as_slow_is_followed(self):
        slow = LinearPair(g=1e-40, k=3e-40)
        path = thermo.evolve(slow.law, slow.reservoirs(), slow.T, slow.mu)
        assert path.outcome == "equilibrated"

    def test_scatter_of_the_flows_is_no_motion(self):
        # at rest by tight coupling, with flows that are good to 1e-12 of what crosses both ways
        rng = np.random.default_rng(0)
        law = oqs.closed_form(
            oqs.QuadraticSystem.from_energies([17.1]), [oqs.Contact(oqs.flat(1e-3))] * 2
        )

        def scattering(T, mu):
            flows = law(T, mu)
            lost = 1e-15 * rng.normal() * np.array([1.0, -1.0])
            return oqs.Flows.of(flows.particle + lost, flows.energy + 17.1 * lost, mu)

        path = thermo.evolve(scattering, pair(), **START, events=False)
        assert path.outcome == "stalled"


class TestUntilTFinal:
    @by_route
    @pytest.mark.parametrize("t_final", [1e10, 1e16, 1e30])
    def test_what_rests_needs_no_steps(self, t_final, route):
        system = FIGURES[1]
        gas = system.reservoirs(thermo.FermiDiracGas(1.5))
        goal = thermo.equilibrium(gas, system.T, system.mu)
        outcome, T, mu, t = ends(
            system.closed_form(), gas, system.T, system.mu, route, t_final=t_final
        )
        assert outcome == "t_final"
        assert t == t_final
        np.testing.assert_allclose(T, goal.T, rtol=1e-8 if route != "many" else 1e-6)
        np.testing.assert_allclose(mu, goal.mu, rtol=1e-8 if route != "many" else 1e-6)

    def test_its_events_are_confirmed_as_well(self):
        system = FIGURES[1]
        gas = system.reservoirs(GAS)
        path = thermo.evolve(system.closed_form(), gas, system.T, system.mu, t_final=1e16)
        assert len(path.solution.t) < 150
        assert [event.kind for event in path.extrema] == ["T minimum", "T maximum"]
        T, mu = path.at([1e12, 1e15])
        np.testing.assert_allclose(T, path.T[[-1, -1]], rtol=1e-14)
        np.testing.assert_allclose(mu, path.mu[[-1, -1]], rtol=1e-14)

    def test_times_asked_for_after_it_came_to_rest(self):
        system = FIGURES[2]
        run = thermo.evolve_ensemble(
            system.closed_form(),
            system.reservoirs(GAS),
            [system.T],
            [system.mu],
            t_final=1e16,
            times=[1e3, 1e12, 1e16],
        )
        np.testing.assert_array_equal(run.T_at[0, 1:], np.stack([run.T[0]] * 2))
        assert not np.array_equal(run.T_at[0, 0], run.T[0])

    def test_a_slow_drift_is_no_rest(self):
        # nothing relaxes: heat enters both, for ever and slowly
        def heated(T, mu):
            return oqs.Flows.of([0.0, 0.0], [-1e-9, -1e-9], mu)

        still = LinearPair()
        path = thermo.evolve(heated, still.reservoirs(), still.T, still.mu, t_final=1e9)
        np.testing.assert_allclose(path.T[-1], [2.0, 3.0], rtol=1e-9)


class TestLawsThatScatter:
    @staticmethod
    def law(size, seed=0):
        rng = np.random.default_rng(seed)
        exact = FIGURES[1].closed_form()

        def scattering(T, mu):
            flows = exact(T, mu)
            particle, energy = 1 + size * rng.normal(size=(2, len(T)))
            return oqs.Flows.of(flows.particle * particle, flows.energy * energy, mu)

        return scattering

    @pytest.mark.parametrize("size", [1e-7, 1e-6])
    def test_the_sentence_names_an_rtol(self, size):
        system = FIGURES[1]
        arguments = self.law(size), system.reservoirs(GAS), system.T, system.mu
        with pytest.raises(thermo.EvolutionFailed, match=r"give an `rtol` of .* or more"):
            thermo.evolve(*arguments, max_steps=40)

    @pytest.mark.parametrize(("size", "rtol"), [(1e-7, 2e-5), (1e-8, 2e-6), (1e-9, 2e-7)])
    def test_which_helps(self, size, rtol):
        system = FIGURES[1]
        path = thermo.evolve(
            self.law(size),
            system.reservoirs(GAS),
            system.T,
            system.mu,
            rtol=rtol,
            tolerance=1e3 * rtol,
            events=False,
        )
        goal = thermo.equilibrium(system.reservoirs(GAS), system.T, system.mu)
        assert path.outcome == "equilibrated"
        np.testing.assert_allclose(path.T[-1], goal.T, rtol=1.1e3 * rtol)

    def test_a_smooth_law_is_not_blamed(self):
        system = FIGURES[1]
        with pytest.raises(thermo.EvolutionFailed) as caught:
            thermo.evolve(
                system.closed_form(), system.reservoirs(GAS), system.T, system.mu, max_steps=7
            )
        assert "scatter" not in str(caught.value)


class TestRest:
    """The test itself, where what is to come is known."""

    @pytest.mark.parametrize("left", [1e-3, 1.0, 1e3, np.inf])
    def test_against_the_matrix_exponential(self, left):
        system = LinearPair(s=0.2, p=0.3, k=0.4)
        slow = ReservoirDynamics(
            system.law, thermo.Reservoirs(system.reservoirs()), np.array(system.T)
        )
        y = slow.pack(np.array(system.T), np.array(system.mu))[None]
        # the implicit step is within a factor 1.6 of an exponential
        horizon = min(left, 1e4)
        T, mu = system.exact(horizon)
        moved = np.max(np.abs(mu - system.mu) / np.maximum(np.abs(system.mu), system.T))
        times = np.array([left])
        assert not at_rest(slow, y, times, moved / 3, np.zeros(1))[0]
        assert at_rest(
            slow, y, times, 3 * max(moved, np.max(np.abs(T / system.T - 1))), np.zeros(1)
        )[0]

    def test_growth_is_no_rest(self):
        # heat runs from cold to warm, ever faster
        system = LinearPair(g=0.5, k=-0.1)
        slow = ReservoirDynamics(system.law, thermo.Reservoirs(system.reservoirs()), np.ones(2))
        y = slow.pack(np.array([1.0, 1.0 + 1e-9]), np.array([2.0, 2.0]))[None]
        assert not at_rest(slow, y, np.array([np.inf]), 1e-3, np.zeros(1))[0]
        assert at_rest(slow, y, np.array([1e-3]), 1e-3, np.zeros(1))[0]


def test_totals_that_drift_are_told_of_many():
    exact = FIGURES[2].closed_form()

    def leaking(T, mu):
        flows = exact(T, mu)
        return oqs.Flows.of(flows.particle * [1.0, 0.99], flows.energy, mu)

    with pytest.raises(RuntimeError, match="totals of N and E of trajectory 0 drifted"):
        thermo.evolve_ensemble(leaking, pair(), [START["T"]], [START["mu"]])


def random_machine(seed, wide=False):
    """Return two to four reservoirs at one to three modes: anything a user may put together.

    Of like sizes within a hundred, or `wide`: each anywhere from 1e-6 to 1e6.
    """
    rng = np.random.default_rng(seed)
    n, modes = int(rng.integers(2, 5)), int(rng.choice([1, 1, 2, 2, 3]))
    T, mu = rng.uniform(0.4, 1.5, n), rng.uniform(16, 21, n)
    energies = np.sort(rng.uniform(mu.min(), mu.max() + 2, modes))
    rates = 1e-3 * 10 ** (rng.uniform(-7, 0, (1, modes)) + rng.uniform(-1, 0, (n, 1)))
    gases = thermo.SommerfeldGas(1.5), thermo.FermiDiracGas(1.5), thermo.FermiDiracGas(0.7)
    gas = gases[int(rng.integers(0, 3))]
    sizes = 10 ** (rng.uniform(-6, 6, n) if wide else rng.uniform(-5, 5) + rng.uniform(-1, 1, n))
    group = [thermo.Reservoir(gas, float(size)) for size in sizes]
    return oqs.ClosedForm(energies, rates, ()), group, T, mu


def agree(seed, wide=False):
    law, group, T, mu = random_machine(seed, wide)
    quick, steps, many = (ends(law, group, T, mu, route) for route in ("quick", "steps", "many"))
    # of a reservoir 1e-10 times as large as others many steps make many errors, as is said there
    for other, rtol in ((steps, 4e-6), (many, 2e-5 if wide else 4e-6)):
        assert other[0] == quick[0]
        np.testing.assert_allclose(other[1], quick[1], rtol=rtol)
        np.testing.assert_allclose(other[2], quick[2], rtol=rtol)


@pytest.mark.parametrize("seed", range(6))
def test_a_random_machine_ends_alike_by_all_routes(seed):
    agree(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6, 306))
def test_random_machines_end_alike_by_all_routes(seed):
    agree(seed)


@pytest.mark.parametrize("seed", [1, 9, 14])
def test_sizes_of_twelve_decades_end_alike_by_all_routes(seed):
    """As the law's own derivatives know rates that far apart, which differences of it do not."""
    agree(seed, wide=True)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(120))
def test_all_sizes_of_twelve_decades_end_alike_by_all_routes(seed):
    agree(seed, wide=True)


def rest_at_one_frequency(law, group, T, mu):
    """Return T, mu at which all have one (w - mu)/T: each keeps E_j - w N_j, together sum N_j."""
    (w,) = law.frequencies

    def number_and_rest(T, mu):
        state = thermo.Reservoirs(group).state(T, mu)
        return state.number, state.energy - w * state.number

    number, kept = number_and_rest(T, mu)

    def temperatures(x):
        def off(log_T, j):
            t = np.where(np.arange(len(T)) == j, np.exp(log_T), T)
            return number_and_rest(t, w - x * t)[1][j] / kept[j] - 1

        here = np.log(T)
        return np.exp(
            [scipy.optimize.brentq(off, y - 1, y + 1, (j,), xtol=1e-15) for j, y in enumerate(here)]
        )

    def missing(x):
        t = temperatures(x)
        return number_and_rest(t, w - x * t)[0].sum() / number.sum() - 1

    x = scipy.optimize.brentq(missing, *np.sort((w - mu) / T)[[0, -1]], xtol=1e-14)
    return temperatures(x), w - x * temperatures(x)


@pytest.mark.parametrize(
    ("route", "rtol"),
    [("steps", 4e-9), pytest.param("many", 2e-5, marks=pytest.mark.slow)],
)
def test_a_reservoir_of_1e_11_at_one_frequency_keeps_its_own_total(route, rtol):
    """What nothing draws back: the ensemble's errors of 2,500 steps add up to 1.03e-5."""
    law, group, T, mu = random_machine(29, wide=True)
    exact_T, exact_mu = rest_at_one_frequency(law, group, T, mu)
    _, end_T, end_mu, _ = ends(law, group, T, mu, route)
    np.testing.assert_allclose(end_T, exact_T, rtol=rtol)
    np.testing.assert_allclose(end_mu, exact_mu, rtol=rtol)


def test_runs_of_one_batch_are_over_each_by_its_own_goal():
    law = oqs.closed_form(
        oqs.QuadraticSystem.from_energies([17.1]), [oqs.Contact(oqs.flat(1e-3))] * 2
    )
    T = [[0.8, 1.0], [0.9, 0.9], [0.7, 1.2], [1.0, 1.0 + 1e-7]]
    mu = [[18.8, 18.0], [18.0, 18.0], [19.0, 17.5], [18.0, 18.0]]
    many = thermo.evolve_ensemble(law, pair(), T, mu, workers=1)
    alone = [ends(law, pair(), *start, "many") for start in zip(T, mu, strict=True)]
    assert many.outcome.tolist() == ["stalled", "equilibrated", "stalled", "equilibrated"]
    assert many.outcome.tolist() == [end[0] for end in alone]
    np.testing.assert_allclose(many.T, [end[1] for end in alone], rtol=1e-12)


class TestFlowsThatVanishBySymmetry:
    """Interference at one energy, or of two levels: what a law then gives is its rounding."""

    @pytest.mark.parametrize("scale", [1.0, 1e9])
    @pytest.mark.parametrize("exact", [False, True])
    @pytest.mark.parametrize(
        ("h", "amplitudes"),
        [
            ([[1.0, 0.3], [0.3, 1.0]], ([0.1, 0.1], [0.1, -0.1])),
            ([[0.25, 0.0], [0.0, 0.25]], ([0.14, 0.1], [0.1, -0.14])),
        ],
    )
    def test_are_no_motion(self, h, amplitudes, exact, scale):
        system = oqs.QuadraticSystem(scale * np.array(h))
        contacts = [oqs.Contact(oqs.flat(0.01 * scale), coupling=a) for a in amplitudes]
        made = oqs.landauer if exact else lambda *of: oqs.flow_law(oqs.davies(*of))
        T = scale * np.array([0.2, 0.3])
        law, mu = made(system, contacts), scale * np.array([5.3, 4.7])
        # a limit: without the rule thousands of rough steps
        path = thermo.evolve(law, pair(), T, mu, max_steps=20)
        assert path.outcome == "stalled"
        np.testing.assert_array_equal(path.T[-1], T)
