"""The slow evolution against exact answers, references in other variables, and its own laws."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from slow_systems import FIGURES, DotsBetweenReservoirs, LinearPair

import oqs
import thermo
from thermo.evolution.evolve import EvolutionFailed, evolve
from thermo.evolution.trajectory import Trajectory
from thermo.reservoirs.rates import sommerfeld_rates

GASES = [thermo.SommerfeldGas(1.5), thermo.FermiDiracGas(1.5)]
by_gas = pytest.mark.parametrize("gas", GASES, ids=lambda gas: type(gas).__name__)


def run(system, gas, **options):
    options = {"events": False} | options
    return evolve(system.closed_form(), system.reservoirs(gas), system.T, system.mu, **options)


def random_system(seed):
    rng = np.random.default_rng(seed)
    n, modes = int(rng.integers(2, 5)), int(rng.integers(2, 5))
    mu = rng.uniform(14, 22, n)
    return DotsBetweenReservoirs(
        tuple(np.sort(rng.uniform(mu.min(), mu.max() + 2, modes))),
        tuple(rng.uniform(0.4, 1.5, n)),
        tuple(mu),
        tuple(10 ** rng.uniform(-5, -3, n)),
    )


class TestAgainstExactAnswers:
    @pytest.mark.parametrize(
        "pair",
        [
            LinearPair(),
            LinearPair(s=0.2, p=0.3, k=0.4),
            LinearPair(g=1e-7, k=3e-4, T=(1e-3, 5.0)),
            LinearPair(mu=(2.0, -1.0), T=(2.0, 2.0)),
        ],
        ids=["plain", "thermoelectric", "stiff", "mu through zero"],
    )
    def test_matrix_exponential(self, pair):
        path = evolve(pair.law, pair.reservoirs(), pair.T, pair.mu)
        assert path.outcome == "equilibrated"
        for t in np.concatenate([path.t[::7], np.linspace(0, path.t[-1], 20)]):
            T, mu = pair.exact(t)
            state = path.at(t)
            np.testing.assert_allclose(state.T, T, rtol=1e-8)
            np.testing.assert_allclose(state.mu, mu, atol=1e-8 * max(map(abs, pair.mu)))

    @pytest.mark.parametrize("rtol", [1e-5, 1e-7, 1e-9, 1e-11])
    def test_error_follows_the_tolerance(self, rtol):
        pair = LinearPair(s=0.2, p=0.3, k=0.4)
        path = evolve(
            pair.law, pair.reservoirs(), pair.T, pair.mu, t_final=5.0, rtol=rtol, tolerance=1e-2
        )
        T = np.array([pair.exact(t)[0] for t in path.t])
        assert np.max(abs(path.T / T - 1)) < 100 * rtol

    @pytest.mark.parametrize("figure", [2, 5])
    def test_other_variables_and_another_method(self, figure):
        # T and x = mu/T by the closed form of Eqs. (24), (25), explicit Runge-Kutta of order 8
        system = FIGURES[figure]
        n, law = len(system.T), system.closed_form()

        def rate(_, y):
            T, mu = y[:n], y[:n] * y[n:]
            flows = law(T, mu)
            rates = sommerfeld_rates(1.5, 1.0, T, mu, flows.particle, flows.energy)
            return np.concatenate([rates.temperature, rates.ratio])

        path = run(system, GASES[0], t_final=1e6)
        start = np.concatenate([system.T, np.divide(system.mu, system.T)])
        times = np.geomspace(1e2, 1e6, 40)
        reference = solve_ivp(
            rate, (0, 1e6), start, method="DOP853", t_eval=times, rtol=1e-12, atol=1e-12
        ).y.T
        state = path.at(times)
        np.testing.assert_allclose(state.T, reference[:, :n], rtol=1e-8)
        np.testing.assert_allclose(state.mu, reference[:, :n] * reference[:, n:], rtol=1e-8)

    def test_density_matrix_and_closed_form_agree_all_along(self):
        system = FIGURES[2]
        closed = run(system, GASES[0])
        full = evolve(
            system.density_matrix(), system.reservoirs(GASES[0]), system.T, system.mu, events=False
        )
        times = np.geomspace(1e2, min(closed.t[-1], full.t[-1]), 200)
        np.testing.assert_allclose(full.at(times).T, closed.at(times).T, rtol=1e-8)
        np.testing.assert_allclose(full.at(times).mu, closed.at(times).mu, rtol=1e-8)
        assert full.t[-1] == pytest.approx(closed.t[-1], rel=1e-2)


class TestLaws:
    @by_gas
    @pytest.mark.parametrize("figure", FIGURES)
    def test_figures(self, figure, gas):
        system = FIGURES[figure]
        self.holds(run(system, gas), system, gas)

    @by_gas
    @pytest.mark.parametrize("seed", range(5))
    def test_random_systems(self, seed, gas):
        system = random_system(seed)
        self.holds(run(system, gas), system, gas)

    @staticmethod
    def holds(path, system, gas):
        assert path.outcome == "equilibrated"
        assert max(path.conservation) < 1e-9
        total = path.entropy.sum(axis=1)
        assert np.min(np.diff(total)) > -1e-13 * total[0]  # rounding
        goal = thermo.equilibrium(system.reservoirs(gas), system.T, system.mu)
        assert np.max(abs(path.T[-1] / goal.T - 1)) <= 1.0001e-6
        assert np.max(abs(path.mu[-1] / goal.mu - 1)) <= 1.0001e-6
        clausius = np.sum(path.heat / path.T, axis=1)
        assert np.all(clausius <= 1e-12 * np.sum(abs(path.heat / path.T), axis=1))

    def test_conservation_is_measured(self):
        # a law that leaks a part in 10^5: conservation must say so
        pair = LinearPair()

        def leaking(T, mu):
            flows = pair.law(T, mu)
            return oqs.Flows.of(flows.particle + np.array([1e-5, 0]), flows.energy, mu)

        path = evolve(leaking, pair.reservoirs(), pair.T, pair.mu, t_final=2.0)
        assert path.conservation.number == pytest.approx(2e-5 / 4, rel=1e-6)
        assert path.conservation.energy < 1e-9

    def test_entropy_grows_by_the_heat(self):
        system = FIGURES[2]
        path = run(system, GASES[0])
        nodes, weights = np.polynomial.legendre.leggauss(4)
        half = np.diff(path.t)[:, None] / 2
        times = path.t[:-1, None] + half * (1 + nodes)
        state = path.at(times)
        rate = -np.sum(system.closed_form()(state.T, state.mu).heat / state.T, axis=-1)
        total = path.entropy.sum(axis=1)
        assert total[-1] - total[0] == pytest.approx(np.sum(half * weights * rate), rel=1e-8)

    def test_capacities_and_mixed_gases(self):
        system = FIGURES[2]
        mixed = [thermo.Reservoir(GASES[0], 3.0), thermo.Reservoir(GASES[1], 0.5)]
        path = evolve(system.closed_form(), mixed, system.T, system.mu, events=False)
        goal = thermo.equilibrium(mixed, system.T, system.mu)
        assert path.outcome == "equilibrated"
        assert max(path.conservation) < 1e-9
        np.testing.assert_allclose(path.mu[-1], goal.mu, rtol=2e-6)
        # time scales with the capacity at fixed rates
        larger = [thermo.Reservoir(GASES[0], 30.0), thermo.Reservoir(GASES[1], 5.0)]
        slower = evolve(system.closed_form(), larger, system.T, system.mu, events=False)
        assert slower.t[-1] == pytest.approx(10 * path.t[-1], rel=1e-3)

    def test_energy_scale(self):
        system, scale = FIGURES[2], 1e3
        rates = [c * scale**0.5 for c in system.rates]  # gamma scales as an energy
        scaled = DotsBetweenReservoirs(
            tuple(scale * w for w in system.frequencies),
            tuple(scale * T for T in system.T),
            tuple(scale * m for m in system.mu),
            tuple(rates),
        )
        unit, large = run(system, GASES[0]), run(scaled, GASES[0])
        # N scales as scale^(3/2), flows as scale
        times = np.geomspace(1e2, 1e7, 50)
        np.testing.assert_allclose(
            large.at(times * scale**0.5).T / scale, unit.at(times).T, rtol=1e-8
        )

    def test_nondegenerate_exact_gas(self):
        gas = thermo.FermiDiracGas(1.5)
        system = DotsBetweenReservoirs((0.5, 2.0), (0.8, 1.0), (-3.0, 0.5), (1e-4, 1e-4))
        path = run(system, gas)
        assert path.outcome == "equilibrated"
        assert path.mu[0].min() < 0 < path.mu[0].max()
        assert max(path.conservation) < 1e-9


class TestOutcomes:
    def test_one_frequency_stalls(self):
        # tight coupling: the evolution rests where all (w - mu_j)/T_j agree
        w = 21.1
        system = DotsBetweenReservoirs((w,), (0.6, 1.0), (20.8, 16.0), (1e-4, 1e-4))
        path = run(system, GASES[0])
        assert path.outcome == "stalled"
        x = (w - path.mu[-1]) / path.T[-1]
        assert x[0] == pytest.approx(x[1], rel=1e-6)
        goal = thermo.equilibrium(system.reservoirs(GASES[0]), system.T, system.mu)
        assert np.max(abs(path.T[-1] / goal.T - 1)) > 0.01

    @pytest.mark.parametrize("ratio", [1e-3, 1e-5, 1e-7])
    def test_slow_is_not_stalled(self, ratio):
        # the same with a second mode that is `ratio` times slower
        def weak(w):
            return 1e-4 * np.where(np.asarray(w) > 21.3, ratio, 1.0)

        system = oqs.QuadraticSystem.from_energies([21.1, 21.5])
        law = oqs.closed_form(system, [oqs.Contact(rate=weak), oqs.Contact(rate=weak)])
        reservoirs = FIGURES[1].reservoirs(GASES[0])
        path = evolve(law, reservoirs, [0.6, 1.0], [20.8, 16.0], events=False)
        assert path.outcome == "equilibrated"
        assert max(path.conservation) < 1e-9

    def test_parts_without_contact_stall(self):
        first = FIGURES[2].closed_form()

        def pairs(T, mu):
            a, b = first(T[:2], mu[:2]), first(T[2:], mu[2:])
            return oqs.Flows.of(
                np.concatenate([a.particle, b.particle]), np.concatenate([a.energy, b.energy]), mu
            )

        reservoirs = [thermo.Reservoir(GASES[0]) for _ in range(4)]
        path = evolve(pairs, reservoirs, [0.8, 1.0, 0.7, 0.9], [18.8, 18.0, 17.0, 17.5])
        assert path.outcome == "stalled"
        assert path.T[-1, 0] == pytest.approx(path.T[-1, 1], rel=1e-6)
        assert path.T[-1, 2] == pytest.approx(path.T[-1, 3], rel=1e-6)

    def test_no_flow_stalls_at_once(self):
        def still(T, mu):
            return oqs.Flows.of([0.0, 0.0], [0.0, 0.0], mu)

        path = evolve(still, FIGURES[2].reservoirs(GASES[0]), [0.8, 1.0], [18.8, 18.0])
        assert path.outcome == "stalled"
        assert path.t.tolist() == [0.0]
        assert path.events == ()

    def test_a_start_in_equilibrium_ends_at_once(self):
        path = run(FIGURES[2], GASES[0])
        again = evolve(
            FIGURES[2].closed_form(),
            FIGURES[2].reservoirs(GASES[0]),
            path.T[-1],
            path.mu[-1],
            tolerance=1.01e-6,
        )
        assert again.outcome == "equilibrated"
        assert len(again.t) == 1
        assert again.at(0.0).T.tolist() == path.T[-1].tolist()

    def test_t_final_ends_there(self):
        path = run(FIGURES[2], GASES[0], t_final=1e5)
        assert path.outcome == "t_final"
        assert path.t[-1] == 1e5
        assert path.equilibrium is None
        whole = run(FIGURES[2], GASES[0])
        np.testing.assert_allclose(path.T[-1], whole.at(1e5).T, rtol=1e-8)

    def test_t_final_beyond_equilibrium(self):
        path = run(FIGURES[2], GASES[0], t_final=1e12)
        assert path.t[-1] == 1e12
        np.testing.assert_allclose(path.T[-1], path.T[-1, 0], rtol=1e-8)

    def test_the_end_does_not_depend_on_the_steps(self):
        ends = [run(FIGURES[2], GASES[0], rtol=rtol).t[-1] for rtol in (1e-9, 1e-10, 1e-11)]
        assert np.ptp(ends) / ends[0] < 1e-2

    def test_one_reservoir(self):
        def alone(T, mu):
            return oqs.Flows.of([0.0], [0.0], mu)

        assert evolve(alone, [thermo.Reservoir(GASES[0])], [1.0], [20.0]).outcome == "equilibrated"


class TestFailures:
    def test_law_that_fails_later(self):
        pair = LinearPair()

        def fails(T, mu):
            flows = pair.law(T, mu)
            return oqs.Flows.of(flows.particle * (np.nan if mu[0] < 2.5 else 1), flows.energy, mu)

        with pytest.raises(EvolutionFailed, match=r"finite flows, but at T = \[.*mu = \[2\.4") as e:
            evolve(fails, pair.reservoirs(), pair.T, pair.mu)
        path = e.value.trajectory
        assert path.outcome == "failed"
        assert 2.5 <= path.mu[-1, 0] < 2.7
        for k, t in enumerate(path.t):
            np.testing.assert_allclose(path.T[k], pair.exact(t)[0], rtol=1e-8)

    def test_exception_of_the_law_is_the_cause(self):
        pair = LinearPair()

        def fails(T, mu):
            if mu[0] < 2.5:
                raise ZeroDivisionError("the user's own")
            return pair.law(T, mu)

        with pytest.raises(EvolutionFailed, match=r"ZeroDivisionError after t = 0\.\d+: the") as e:
            evolve(fails, pair.reservoirs(), pair.T, pair.mu)
        assert isinstance(e.value.__cause__, ZeroDivisionError)

    def test_gas_left_behind(self):
        # heat runs from cold to hot until the expansion in T/mu means nothing
        def pump(T, mu):
            return oqs.Flows.of([0.0, 0.0], [-0.1, 0.1], mu)

        reservoirs = FIGURES[2].reservoirs(GASES[0])
        with pytest.raises(EvolutionFailed, match="Use FermiDiracGas") as e:
            evolve(pump, reservoirs, [4.5, 4.5], [20.0, 20.0], t_final=1e4)
        path = e.value.trajectory
        assert 4.0 <= path.mu[-1, 0] / path.T[-1, 0] < 4.2

    def test_too_few_steps(self):
        with pytest.raises(EvolutionFailed, match="7 steps") as e:
            run(FIGURES[2], GASES[0], max_steps=7)
        assert len(e.value.trajectory.solution.t) == 8

    def test_solution_that_ends(self):
        # heat leaves one reservoir at a constant rate: T = 0 is reached at t = 5
        def drain(T, mu):
            return oqs.Flows.of([0.0, 0.0], [0.2, -0.2], mu)

        pair = LinearPair()
        with pytest.raises(
            EvolutionFailed, match=r"after t = (5|4\.9999)|leads on from t = (5|4\.9999)"
        ) as e:
            evolve(drain, pair.reservoirs(), pair.T, pair.mu, t_final=10.0)
        path = e.value.trajectory
        assert path.t[-1] == pytest.approx(5.0, rel=1e-6)
        np.testing.assert_allclose(path.T[:, 0], 1 - 0.2 * path.t, atol=1e-8)

    def test_flows_that_jump(self):
        # towards the jump from both sides: no solution leads on
        pair = LinearPair()

        def jumps(T, mu):
            flows = pair.law(T, mu)
            sign = 1 if mu[0] > 2.5 else -1
            return oqs.Flows.of(sign * flows.particle, sign * flows.energy, mu)

        with pytest.raises(EvolutionFailed, match="max_steps") as e:
            evolve(jumps, pair.reservoirs(), pair.T, pair.mu, max_steps=300)
        assert e.value.trajectory.mu[-1, 0] == pytest.approx(2.5, rel=1e-6)

    def test_noise_is_not_called_stalled(self):
        pair = LinearPair()
        rng = np.random.default_rng(1)

        def noisy(T, mu):
            flows = pair.law(T, mu)
            noise = 1 + 0.3 * rng.normal()
            return oqs.Flows.of(flows.particle * noise, flows.energy * noise, mu)

        with pytest.raises(EvolutionFailed, match="300 steps"):
            evolve(noisy, pair.reservoirs(), pair.T, pair.mu, max_steps=300)

    def test_drifted_totals_are_not_called_stalled(self):
        pair = LinearPair()

        def leaking(T, mu):
            flows = pair.law(T, mu)
            return oqs.Flows.of(flows.particle * [1.0, 0.9], flows.energy, mu)

        with pytest.raises(EvolutionFailed, match="do not sum to zero"):
            evolve(leaking, pair.reservoirs(), pair.T, pair.mu)


class TestBadInput:
    @pytest.mark.parametrize(
        ("change", "error", "words"),
        [
            ({"T": [0.8, 1.0, 1.2]}, ValueError, r"`T` must have shape \(2,\)"),
            ({"mu": [18.0]}, ValueError, r"`mu` must have shape \(2,\)"),
            ({"T": [0.8, -1.0]}, ValueError, "`T` must be positive"),
            ({"mu": [18.0, np.nan]}, ValueError, "`mu` must be finite"),
            ({"mu": [18.0, 0.5]}, ValueError, "FermiDiracGas"),
            ({"reservoirs": []}, ValueError, "`reservoirs` must hold at least one"),
            ({"t_final": 0.0}, ValueError, "`t_final` must be positive"),
            ({"t_final": -1.0}, ValueError, "runs backwards"),
            ({"t_final": np.nan}, ValueError, "`t_final` must be finite"),
            ({"t_final": "long"}, TypeError, "`t_final` must be a real number"),
            ({"rtol": 1e-13}, ValueError, "`rtol` must be at least 1e-11"),
            ({"rtol": 0}, ValueError, "`rtol` must be positive"),
            ({"tolerance": 1e-9}, ValueError, "`tolerance` must be at least"),
            ({"max_steps": 0}, ValueError, "`max_steps` must be at least 1"),
            ({"law": lambda T, mu: (0.0, 0.0)}, TypeError, "`law` must return oqs.Flows"),
            ({"law": None}, TypeError, "`law` must be callable"),
            (
                {"law": lambda T, mu: oqs.Flows.of([1, 1, 1], [1, 1, 1], 0.0)},
                ValueError,
                "each of the 2 reservoirs",
            ),
            (
                {"law": lambda T, mu: oqs.Flows.of([np.inf, 1], [1, 1], [1.0, 1.0])},
                ValueError,
                r"finite flows, but at T = \[0.8, 1.0\]",
            ),
        ],
        ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
    )
    def test_one_sentence_before_integrating(self, change, error, words):
        system = FIGURES[2]
        arguments = {
            "law": system.closed_form(),
            "reservoirs": system.reservoirs(GASES[0]),
            "T": system.T,
            "mu": system.mu,
        } | change
        with pytest.raises(error, match=words):
            evolve(**arguments)

    def test_law_of_other_reservoirs(self):
        with pytest.raises(ValueError, match="one for each of the 2 of the law, but holds 3"):
            evolve(
                FIGURES[2].closed_form(),
                [thermo.Reservoir(GASES[0])] * 3,
                [1.0, 1.0, 1.1],
                [18.0, 19.0, 19.0],
            )

    def test_gas_that_breaks_thermodynamics(self):
        class Wrong:
            number = staticmethod(lambda T, mu: mu + 0 * T)
            energy = staticmethod(lambda T, mu: mu**2 + T)
            entropy = staticmethod(lambda T, mu: np.log(T) + 0 * mu)
            check = staticmethod(lambda T, mu: None)

            @staticmethod
            def jacobian(T, mu):
                one = np.ones_like(T)
                return np.moveaxis(np.array([[0 * one, one], [one, 2 * mu]]), (0, 1), (-2, -1))

        pair = LinearPair()
        with pytest.raises(ValueError, match="obey dE/dmu"):
            evolve(pair.law, [thermo.Reservoir(Wrong())] * 2, pair.T, pair.mu)


def test_result_is_read_only():
    path = run(FIGURES[2], GASES[0], t_final=1e4)
    assert isinstance(path, Trajectory)
    for array in (path.t, path.T, path.mu, path.N, path.E, path.entropy, path.heat):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0
