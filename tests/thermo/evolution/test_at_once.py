"""The quick evolution: its rates, its accuracy, and when it leaves the work to others."""

import importlib

import numpy as np
import pytest
from slow_systems import FIGURES, DotsBetweenReservoirs, LinearGas, LinearPair

import oqs
import thermo
from thermo.evolution.at_once.coarse_run import coarse
from thermo.evolution.at_once.refusal import NotAtOnce
from thermo.evolution.at_once.scalar_rates import scalar_rates
from thermo.evolution.at_once.simultaneous import refine
from thermo.evolution.at_once.solve import solve_at_once
from thermo.evolution.dynamics import ReservoirDynamics
from thermo.evolution.integration import STAGES, integrate
from thermo.numerics.collocation import radau
from thermo.reservoirs.reservoir import Reservoirs

GASES = [thermo.SommerfeldGas(1.5), thermo.SommerfeldGas(2.5), thermo.FermiDiracGas(1.5)]


def never(t, y, before):
    """Give no verdict: only t_final ends the run."""


def flow(law, gases, T, capacities=None):
    sizes = capacities or [1.0] * len(gases)
    members = [thermo.Reservoir(gas, size) for gas, size in zip(gases, sizes, strict=True)]
    return ReservoirDynamics(law, Reservoirs(members), np.asarray(T))


def random_law(rng, levels, reservoirs):
    contacts = [
        oqs.Contact(oqs.power_law(10 ** rng.uniform(-5, -3), 0.5)) for _ in range(reservoirs)
    ]
    return oqs.closed_form(
        oqs.QuadraticSystem.from_energies(np.sort(rng.uniform(15, 22, levels))), contacts
    )


def of_figure(number, gas=GASES[0]):
    system = FIGURES[number]
    slow = ReservoirDynamics(
        system.closed_form(), Reservoirs(system.reservoirs(gas)), np.array(system.T)
    )
    return slow, slow.pack(np.array(system.T), np.array(system.mu))


def never_at_once(*_):
    raise NotAtOnce("of this test")


class Batched:
    """A user's own law, which takes many states at once and knows nothing of scalars."""

    batched = True

    def __init__(self, law):
        self.law = law

    def __call__(self, T, mu):
        return self.law(T, mu)


AT_ONCE = "all steps at once"


def route(path):
    return path.parameters["route"]


class TestScalarRates:
    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.parametrize("size", [(1, 2), (2, 2), (3, 3), (2, 4)])
    def test_are_those_of_numpy(self, size, seed):
        rng = np.random.default_rng(seed)
        levels, n = size
        law = random_law(rng, levels, n)
        gases = [GASES[i] for i in rng.integers(0, 3, n)]
        slow = flow(law, gases, rng.uniform(0.5, 1.5, n), rng.uniform(0.5, 2, n).tolist())
        plain = scalar_rates(slow)
        for _ in range(5):
            y = slow.pack(rng.uniform(0.3, 2, n), rng.uniform(14, 22, n))
            expected = slow(y)
            assert np.max(np.abs(plain(y, 0.0) - expected)) < 1e-12 * np.max(np.abs(expected))

    @pytest.mark.parametrize("mu", [-30.0, -3.0, 0.2, 9.0])
    def test_of_the_exact_gas_everywhere(self, mu):
        slow = flow(
            random_law(np.random.default_rng(0), 2, 2), [thermo.FermiDiracGas(0.7)] * 2, [1.0, 1.0]
        )
        y = slow.pack(np.array([0.6, 2.0]), np.array([mu, mu + 0.5]))
        np.testing.assert_allclose(scalar_rates(slow)(y, 0.0), slow(y), rtol=1e-10)

    @pytest.mark.parametrize(
        "gas",
        [
            thermo.TabulatedGas([0.0, 1.0, 30.0], [0.0, 3.0, 40.0]),
            thermo.CombinedGas(((GASES[0], 1.0), (GASES[2], 0.5))),
            LinearGas(0.7),
        ],
        ids=lambda gas: type(gas).__name__,
    )
    def test_of_any_other_gas(self, gas):
        slow = flow(random_law(np.random.default_rng(0), 2, 2), [gas, GASES[0]], [1.0, 1.0], [2, 1])
        y = slow.pack(np.array([0.6, 2.0]), np.array([17.0, 18.0]))
        np.testing.assert_allclose(scalar_rates(slow)(y, 0.0), slow(y), rtol=1e-10)

    def test_of_any_other_law_that_takes_many_states(self):
        law = Batched(random_law(np.random.default_rng(0), 2, 2))
        slow = flow(law, [GASES[0]] * 2, [1.0, 1.0])
        y = slow.pack(np.array([0.6, 1.0]), np.array([17.0, 18.0]))
        np.testing.assert_allclose(scalar_rates(slow)(y, 0.0), slow(y), rtol=1e-12)

    @pytest.mark.parametrize(
        "law",
        [LinearPair().law, random_law(np.random.default_rng(0), 2001, 2)],
        ids=["another law", "many levels"],
    )
    def test_what_has_none(self, law):
        assert scalar_rates(flow(law, [GASES[0]] * 2, [1.0, 1.0])) is None


class TestAccuracy:
    @pytest.mark.parametrize("gas", [GASES[0], GASES[2]], ids=repr)
    @pytest.mark.parametrize("rtol", [1e-4, 1e-6, 1e-8, 1e-10])
    @pytest.mark.parametrize("figure", FIGURES)
    def test_as_good_as_its_tolerance(self, figure, rtol, gas):
        system = FIGURES[figure]
        path = thermo.evolve(
            system.closed_form(),
            system.reservoirs(gas),
            system.T,
            system.mu,
            rtol=rtol,
            tolerance=max(1e3 * rtol, 1e-6),
            events=False,
        )
        assert route(path) == AT_ONCE
        assert path.outcome == "equilibrated"
        assert max(path.conservation) < rtol
        slow, start = of_figure(figure, gas)
        exact = integrate(slow, start, path.t[-1], 1e-12, 5000, never).solution
        t = np.geomspace(path.t[1] / 3, path.t[-1], 500)
        error = np.abs(path.solution.at(t) - exact.at(t)) / slow.scale(start)
        assert np.max(error) < 2 * rtol

    @pytest.mark.parametrize("seed", range(6))
    def test_random_machines(self, seed):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(2, 4))
        law = random_law(rng, int(rng.integers(2, 4)), n)
        group = [thermo.Reservoir(GASES[2], c) for c in rng.uniform(0.3, 3, n)]
        T, mu = rng.uniform(0.4, 1.5, n), rng.uniform(16, 21, n)
        path = thermo.evolve(law, group, T, mu, events=False)
        assert route(path) == AT_ONCE
        assert path.outcome == "equilibrated"
        assert max(path.conservation) < 1e-12
        total = path.entropy.sum(axis=1)
        assert np.min(np.diff(total)) > -1e-13 * total[0]
        slow = ReservoirDynamics(law, Reservoirs(group), T)
        exact = integrate(slow, slow.pack(T, mu), path.t[-1], 1e-12, 5000, never).solution
        error = np.abs(path.solution.at(path.t) - exact.at(path.t)) / slow.scale(slow.pack(T, mu))
        assert np.max(error) < 1e-9

    def test_any_law_and_gas(self):
        system = FIGURES[2]
        group = [thermo.Reservoir(thermo.CombinedGas(((gas, 1.0),))) for gas in GASES[::2]]
        law = system.closed_form()
        mine = thermo.evolve(Batched(law), group, system.T, system.mu, events=False)
        group = [thermo.Reservoir(gas) for gas in GASES[::2]]
        slow = ReservoirDynamics(law, Reservoirs(group), np.array(system.T))
        start = slow.pack(np.array(system.T), np.array(system.mu))
        exact = integrate(slow, start, mine.t[-1], 1e-12, 5000, never).solution
        assert route(mine) == AT_ONCE
        error = np.abs(mine.solution.at(mine.t) - exact.at(mine.t)) / slow.scale(start)
        assert np.max(error) < 1e-9

    @pytest.mark.parametrize("figure", [1, 2, 3])
    def test_the_density_matrix_is_evolved_by_its_own_flows(self, figure):
        # its plain flows are only the beginning: the stage equations hold for the checked ones
        system = FIGURES[figure]
        law = system.density_matrix()
        path = thermo.evolve(law, system.reservoirs(GASES[2]), system.T, system.mu, events=False)
        assert route(path) == AT_ONCE
        slow = ReservoirDynamics(law, Reservoirs(system.reservoirs(GASES[2])), np.array(system.T))
        edges = path.solution.t[:-1]  # the last step is cut where it arrives
        values = path.solution.at(path.solution.steps(len(edges)).grid(radau(STAGES).nodes))
        stages = values[1:].reshape(-1, STAGES, values.shape[1])
        starts = values[:-1:STAGES]
        rates = slow(stages.reshape(-1, values.shape[1])).reshape(stages.shape)
        left = starts[:, None] + np.diff(edges)[:, None, None] * (radau(STAGES).matrix @ rates)
        assert np.max(np.abs(left - stages) / slow.scale(values[0])) < 1e-12

    def test_a_wrong_coarse_solution_changes_nothing(self):
        slow, start = of_figure(2)
        right = solve_at_once(slow, start, 1e6, 1e-10, 2000, None).solution
        edges, values = coarse(slow, scalar_rates(slow), start, 1e6, None, 1e-4, 2.0)
        wrong = values * (1 + 1e-3 * np.sin(np.arange(values.size)).reshape(values.shape))
        wrong[0, 0] = values[0, 0]
        fine_edges, fine = refine(slow, edges, wrong, 1e-10, 2000, lambda: None)
        again = radau(STAGES).solution(fine_edges, fine)
        t = np.linspace(0, 1e6, 300)
        assert np.max(np.abs(again.at(t) - right.at(t))) < 1e-9 * 20


class TestStarts:
    @pytest.mark.parametrize("away", [1e-1, 1e-2, 1e-3, 1e-4, 1e-5])
    def test_near_equilibrium(self, away):
        system = FIGURES[1]
        goal = thermo.equilibrium(system.reservoirs(GASES[2]), system.T, system.mu)
        T, mu = goal.T * np.array([1 + away, 1 - away]), goal.mu * np.array([1 - away / 3, 1.0])
        group = system.reservoirs(GASES[2])
        path = thermo.evolve(system.closed_form(), group, T, mu, events=False)
        assert route(path) == AT_ONCE
        slow = ReservoirDynamics(system.closed_form(), Reservoirs(group), T)
        exact = integrate(slow, slow.pack(T, mu), path.t[-1], 1e-12, 5000, never).solution
        error = np.abs(path.solution.at(path.t) - exact.at(path.t)) / slow.scale(slow.pack(T, mu))
        assert np.max(error) < 1e-9

    @pytest.mark.parametrize("seed", range(20))
    def test_of_any_kind(self, seed):
        # cold, dilute, uneven: quick or not, it ends where it should and hides no mistake of ours
        rng = np.random.default_rng(seed)
        n = int(rng.integers(2, 5))
        law = random_law(rng, int(rng.integers(1, 4)), n)
        group = [thermo.Reservoir(GASES[2], c) for c in 10 ** rng.uniform(-2, 2, n)]
        T, mu = 10 ** rng.uniform(-1, 0.7, n), rng.uniform(-3, 21, n)
        path = thermo.evolve(law, group, T, mu, events=False)
        assert path.outcome in ("equilibrated", "stalled")
        assert max(path.conservation) < 5e-12

    def test_a_law_that_evolves_reservoirs_itself(self):
        system = FIGURES[2]
        inner = system.closed_form()
        group = system.reservoirs(GASES[0])

        class Nested:
            batched = True
            asked = False

            def __call__(self, T, mu):
                if not self.asked:
                    self.asked = True
                    thermo.evolve(inner, group, system.T, system.mu, events=False)
                return inner(T, mu)

        path = thermo.evolve(Nested(), group, system.T, system.mu, events=False)
        assert path.outcome == "equilibrated"


class TestWhatItLeaves:
    def test_too_many_reservoirs_for_its_memory(self):
        n = 45
        law = random_law(np.random.default_rng(0), 2, n)
        slow = flow(law, [GASES[0]] * n, np.ones(n))
        y = slow.pack(np.linspace(0.8, 1.2, n), np.linspace(17, 19, n))
        with pytest.raises(NotAtOnce, match="steps would be too many"):
            solve_at_once(slow, y, 1e10, 1e-6, 2000, None)

    def test_a_coarse_solution_of_something_else(self):
        slow, start = of_figure(2)
        edges, values = coarse(slow, scalar_rates(slow), start, 1e6, None, 1e-4, 2.0)
        far = values.copy()
        far[1:] += [0.01, -0.01, 0.06, -0.06]  # off the slow path: it would relax at once
        with pytest.raises(NotAtOnce, match="Newton's method does not converge"):
            refine(slow, edges, far, 1e-10, 2000, lambda: None)

    def test_more_steps_than_allowed(self):
        slow, start = of_figure(2)
        assert solve_at_once(slow, start, 1e6, 1e-10, 2000, None).outcome == "t_final"
        with pytest.raises(NotAtOnce, match="steps would be too many"):
            solve_at_once(slow, start, 1e6, 1e-10, 10, None)

    def test_no_end_in_sight(self):
        slow, start = of_figure(2)
        with pytest.raises(NotAtOnce, match="no end is known"):
            solve_at_once(slow, start, np.inf, 1e-6, 2000, None)

    def test_rest_away_from_equilibrium(self):
        # one level passes energy only with particles: at equal occupation nothing flows
        system = oqs.QuadraticSystem.from_energies([18.0])
        law = oqs.closed_form(system, [oqs.Contact(oqs.flat(1e-3))] * 2)
        T, mu = [0.5, 1.0], [18.2, 17.0]
        path = thermo.evolve(law, [thermo.Reservoir(GASES[2])] * 2, T, mu, events=False)
        assert path.outcome == "stalled"
        assert route(path) == "step by step: the coarse run rests away from equilibrium"

    def test_nothing_that_moves(self):
        law = random_law(np.random.default_rng(0), 2, 2)
        group = [thermo.Reservoir(GASES[0])] * 2
        path = thermo.evolve(law, group, [1.0, 1.0], [18.0, 18.0], t_final=10.0, events=False)
        assert route(path) == "no step"
        assert np.all(path.T == 1.0)

    def test_a_law_of_one_state_at_a_time(self):
        pair = LinearPair()
        path = thermo.evolve(pair.law, [thermo.Reservoir(LinearGas())] * 2, [1.0, 2.0], [1.0, 0.0])
        assert route(path) == "step by step: batching states does not pay for the law"

    def test_a_law_that_only_says_it_takes_many_states(self):
        system = FIGURES[2]
        inner = system.closed_form()

        def law(T, mu):
            flows = inner(T, mu)
            if T.ndim == 1:
                return flows
            return oqs.Flows.of(flows.particle[0], flows.energy[0], mu[0])

        law.batched = True
        group = system.reservoirs(GASES[0])
        with pytest.raises(thermo.EvolutionFailed, match=r"says `batched`.*T\[\.\.\., j\]"):
            thermo.evolve(law, group, system.T, system.mu)

    def test_a_gas_left_behind_is_told_as_always(self):
        # reservoir 1 warms to mu/T < 4, where the expanded gas ends
        system = DotsBetweenReservoirs((1.0, 2.0), (0.05, 1.5), (0.3, 6.1), (1e-2, 1e-2))
        gas = thermo.SommerfeldGas(2.0)
        with pytest.raises(thermo.EvolutionFailed, match="must be at least 4 T") as caught:
            thermo.evolve(
                system.closed_form(),
                system.reservoirs(gas),
                system.T,
                system.mu,
                tolerance=1e-3,
                t_final=1e5,
                events=False,
            )
        assert 0 < caught.value.trajectory.t[-1] < 1e5


class TestFaults:
    """Mistakes of the route's own code surface; what law and gas refuse is a reason."""

    @pytest.mark.parametrize("error", [TypeError, ValueError, IndexError, KeyError, RuntimeError])
    @pytest.mark.parametrize(
        ("module", "name"),
        [
            ("coarse_run", "grid"),
            ("coarse_run", "_to_the_goal"),
            ("simultaneous", "_inverse"),
            ("simultaneous", "_shifts"),
            ("simultaneous", "_divided"),
            ("solve", "scalar_rates"),
            ("solve", "_ended"),
        ],
    )
    def test_a_planted_fault_surfaces(self, module, name, error, monkeypatch):
        def faulty(*_, **__):
            raise error("planted")

        monkeypatch.setattr(
            importlib.import_module(f"thermo.evolution.at_once.{module}"), name, faulty
        )
        system = FIGURES[1]
        with pytest.raises(error, match="planted"):
            thermo.evolve(
                system.closed_form(), system.reservoirs(GASES[0]), system.T, system.mu, events=False
            )

    @pytest.mark.parametrize("error", [TypeError, KeyError, RuntimeError])
    def test_a_fault_of_the_law_surfaces(self, error):
        law = Batched(FIGURES[1].closed_form())
        calls = []

        def faulty(T, mu):
            calls.append(None)
            if len(calls) > 5:
                raise error("planted")
            return law(T, mu)

        faulty.batched = True
        system = FIGURES[1]
        with pytest.raises(error, match="planted"):
            thermo.evolve(faulty, system.reservoirs(GASES[0]), system.T, system.mu, events=False)

    def test_what_the_law_refuses_is_the_reason(self):
        law = FIGURES[1].closed_form()

        def picky(T, mu):
            if np.ndim(T) == 2 and len(T) > 30:
                raise ValueError("no crowds")
            return law(T, mu)

        picky.batched = True
        system = FIGURES[1]
        path = thermo.evolve(picky, system.reservoirs(GASES[0]), system.T, system.mu, events=False)
        assert route(path) == "step by step: a trial state is refused: no crowds"
        assert path.outcome == "equilibrated"


def test_it_ends_at_t_final_and_its_events_are_confirmed():
    system = FIGURES[2]
    arguments = system.closed_form(), system.reservoirs(GASES[0]), system.T, system.mu
    path = thermo.evolve(*arguments, rtol=1e-6, t_final=3e5, tolerance=1e-3)
    assert path.outcome == "t_final"
    assert path.t[-1] == 3e5
    exact = thermo.evolve(*arguments, t_final=3e5)
    assert [e.kind for e in path.events] == [e.kind for e in exact.events]
    for mine, other in zip(path.events, exact.events, strict=True):
        assert mine.time == pytest.approx(other.time, rel=1e-3)
    assert route(path) == route(exact) == AT_ONCE


def test_events_are_those_found_step_by_step(monkeypatch):
    system = FIGURES[4]
    arguments = system.closed_form(), system.reservoirs(GASES[0]), system.T, system.mu
    quickly = thermo.evolve(*arguments).events
    monkeypatch.setattr(
        importlib.import_module("thermo.evolution.evolve"), "solve_at_once", never_at_once
    )
    slowly = thermo.evolve(*arguments).events
    assert len(quickly) == len(slowly) > 30

    def name(event):
        return event.kind, event.reservoirs

    for mine, other in zip(sorted(quickly, key=name), sorted(slowly, key=name), strict=True):
        assert name(mine) == name(other)
        assert mine.time == pytest.approx(other.time, rel=1e-5)
        assert mine.value == pytest.approx(other.value, rel=1e-8)
