"""Events: exactly located where the answer is known, complete, and none made of noise."""

import itertools
import math

import numpy as np
import pytest
from scipy.optimize import brentq
from slow_systems import FIGURES, LinearPair

import thermo
from thermo.evolution.dynamics import ReservoirDynamics
from thermo.evolution.events.detection import find_events
from thermo.evolution.events.events import Event
from thermo.evolution.events.signals import extrema_of, sign_changes
from thermo.evolution.evolve import evolve
from thermo.numerics.interpolation import PiecewisePolynomial

# the temperatures cross, turn, and meet again only at the end
CROSSING = LinearPair(g=0.5, s=-0.2, p=-0.6, k=0.4)
GAS = thermo.SommerfeldGas(1.5)


def figure(number, **options):
    system = FIGURES[number]
    return evolve(system.closed_form(), system.reservoirs(GAS), system.T, system.mu, **options)


def kinds(events):
    return [(event.kind, event.reservoirs) for event in events]


def root(function, times):
    """Return the first root of a function among increasing times."""
    values = [function(t) for t in times]
    k = next(k for k in range(len(times) - 1) if values[k] * values[k + 1] < 0)
    return brentq(function, times[k], times[k + 1], xtol=1e-14)


class TestExactlyLocated:
    times = np.linspace(1e-3, 6, 400)

    def path(self, pair=CROSSING, law=None):
        return evolve(law or pair.law, pair.reservoirs(), pair.T, pair.mu)

    def test_crossing_of_temperatures(self):
        when = root(lambda t: CROSSING.differences(t)[1], self.times)
        events = [e for e in self.path().crossings if e.kind == "T crossing"]
        assert [e.reservoirs for e in events] == [(0, 1)]
        assert events[0].time == pytest.approx(when, rel=1e-9)
        assert events[0].value == pytest.approx(CROSSING.exact(when)[0][0], rel=1e-9)

    def test_crossing_of_potentials(self):
        pair = LinearPair(g=0.2, s=0.8, p=0.05, k=0.5, T=(2.5, 1.0), mu=(2.0, 1.5))
        when = root(lambda t: pair.differences(t)[0], self.times)
        events = [e for e in self.path(pair).crossings if e.kind == "mu crossing"]
        assert len(events) == 1
        assert events[0].time == pytest.approx(when, rel=1e-9)
        assert events[0].value == pytest.approx(pair.exact(when)[1][0], rel=1e-9)

    @pytest.mark.parametrize(("place", "kind"), [(1, "T minimum"), (0, "T maximum")])
    def test_extremum_of_a_temperature(self, place, kind):
        def slope(t):
            T, mu = CROSSING.exact(t)
            return -CROSSING.law(T, mu).heat[place] / CROSSING.gas.c

        when = root(slope, self.times)
        events = [e for e in self.path().extrema if (e.kind, e.reservoirs) == (kind, (place,))]
        assert len(events) == 1
        # the time of an extremum is as uncertain as the slope of the curve, not as the curve
        assert events[0].time == pytest.approx(when, rel=1e-8)
        assert events[0].value == pytest.approx(CROSSING.exact(when)[0][place], rel=1e-9)

    def test_omega_bar(self):
        class Law:
            frequencies = np.array([-5.0, 0.5])

            def __call__(self, T, mu):
                return CROSSING.law(T, mu)

        def omega_bar(t):
            T, mu = CROSSING.exact(t)
            return (T[0] * mu[1] - T[1] * mu[0]) / (T[0] - T[1])

        path = self.path(law=Law())
        events = path.window_events
        assert "omega-bar diverges" in [e.kind for e in events]
        for event in events:
            before, after = omega_bar(event.time * 0.9999), omega_bar(event.time * 1.0001)
            if event.kind == "omega-bar diverges":
                assert event.value == math.inf
                assert before * after < 0
                assert min(abs(before), abs(after)) > 1e3
            else:
                assert omega_bar(event.time) == pytest.approx(event.value, rel=1e-7)
                inside = [-5.0 < w < 0.5 for w in (before, after)]
                assert inside == [
                    event.kind == "omega-bar leaves",
                    event.kind == "omega-bar enters",
                ]
        # and none is missing
        fine = np.linspace(0, path.t[-1], 20_001)
        inside = [-5.0 < omega_bar(t) < 0.5 for t in fine]
        changes = np.count_nonzero(np.diff(inside))
        assert changes == sum(e.kind != "omega-bar diverges" for e in events) > 0


@pytest.mark.parametrize("number", [2, 4, 5])
def test_all_events_of_a_figure(number):
    """Against a search without finesse on a fine grid, which only counts."""
    path = figure(number)
    times = np.unique(np.concatenate([path.t, np.geomspace(1e-3, path.t[-1], 60_000)]))
    state = path.at(times)
    n, floor = len(path.capacities), 1e-8
    expected = {}
    for (name, values), (i, j) in itertools.product(
        (("T", state.T), ("mu", state.mu)), itertools.combinations(range(n), 2)
    ):
        difference = values[:, i] / values[:, j] - 1
        signs = np.sign(difference[abs(difference) > 2 * floor])
        expected[f"{name} crossing", (i, j)] = np.count_nonzero(np.diff(signs))
    for (name, values), j in itertools.product((("T", state.T), ("mu", state.mu)), range(n)):
        curve = values[:, j] / values[0, j]
        extrema = 0
        extreme, direction = curve[0], 0
        for value in curve:  # a turn is a way back of more than the floor
            if direction * (value - extreme) >= 0:
                extreme = value
                direction = direction or np.sign(value - curve[0])
            elif abs(value - extreme) > floor:
                extrema += 1
                extreme, direction = value, -direction
        expected[name, (j,)] = extrema
    found = dict.fromkeys(expected, 0)
    for event in path.crossings:
        found[event.kind, event.reservoirs] += 1
    for event in path.extrema:
        found[event.kind.split()[0], event.reservoirs] += 1
    assert found == expected
    assert sum(found.values()) >= 3


class TestFigures:
    def test_figure_1_cools_the_coldest(self):
        path = figure(1)
        assert kinds(path.extrema) == [("T minimum", (0,)), ("T maximum", (1,))]
        assert path.extrema[0].value / 0.6 == pytest.approx(0.615, abs=5e-4)
        assert path.crossings == ()

    def test_figure_2_flips_the_temperatures(self):
        path = figure(2)
        assert kinds(path.crossings) == [("T crossing", (0, 1))]
        assert kinds(path.window_events) == [
            ("omega-bar diverges", (0, 1)),
            ("omega-bar enters", (0, 1)),
        ]

    def test_events_are_states_of_the_trajectory(self):
        path = figure(5)
        assert [e.time for e in path.events] == sorted(e.time for e in path.events)
        assert len(path.events) == sum(map(len, (path.crossings, path.extrema, path.window_events)))
        for event in (*path.crossings, *path.extrema):
            state = path.at(event.time)
            values = state.T if event.kind.startswith("T") else state.mu
            for j in event.reservoirs:
                assert values[j] == pytest.approx(event.value, rel=1e-8)

    def test_the_same_at_another_tolerance(self):
        loose_events, tight_events = (figure(5, rtol=rtol).events for rtol in (1e-9, 1e-11))
        for loose, tight in zip(loose_events, tight_events, strict=True):
            assert (loose.kind, loose.reservoirs) == (tight.kind, tight.reservoirs)
            assert loose.time == pytest.approx(tight.time, rel=1e-6)


class TestNoise:
    def test_beyond_equilibrium(self):
        ended, noisy = figure(2), figure(2, t_final=1e12)
        differences = noisy.T[noisy.t > 3 * ended.t[-1]] @ [1, -1]
        assert np.count_nonzero(np.diff(np.sign(differences))) > 0  # there is noise
        assert kinds(noisy.events) == kinds(ended.events)

    def test_start_near_equilibrium(self):
        path = evolve(
            FIGURES[2].closed_form(),
            FIGURES[2].reservoirs(GAS),
            [0.9, 0.9 * (1 + 3e-9)],
            [18.0, 18.0],
            t_final=1e8,
        )
        assert path.events == ()

    def test_what_a_tighter_solution_does_not_show_is_dropped(self):
        slow = ReservoirDynamics(CROSSING.law, thermo.Reservoirs(CROSSING.reservoirs()), np.ones(2))

        def line(end):
            # ln T_1 from -0.1 to `end`, the rest constant
            coefficients = [
                [[-0.1, 0, 5, 4], [0, 0, 0, 0]],
                [[-0.1, 0, 5, 4], [end + 0.1, 0, 0, 0]],
            ]
            return PiecewisePolynomial([0, 1], [0, 0], [1, 1], coefficients)

        asked = []

        def crosses(t):
            asked.append(t)
            return line(0.05), 1e-12

        events = find_events(slow, line(0.1), 1e-10, None, crosses)
        assert kinds(events)[0] == ("T crossing", (0, 1))
        assert events[0].time == pytest.approx(2 / 3)  # located on the tighter one
        assert asked == [1.0]
        assert find_events(slow, line(0.1), 1e-10, None, lambda t: (line(-0.01), 1e-12)) == ()
        # without a candidate nothing is integrated again
        assert find_events(slow, line(-0.01), 1e-10, None, pytest.fail) == ()


class TestSearch:
    def test_sign_changes_ignore_what_is_below_the_floor(self):
        values = np.array([1, 0.5, 0.01, -0.01, 0.01, -0.3, -1, -0.01, 0.02, -0.5, 0.4])
        assert sign_changes(values, 0.1) == [(1, 5), (9, 10)]
        assert sign_changes(np.array([0.0, 1.0, 2.0]), 0.1) == []
        assert sign_changes(np.zeros(5), 0.1) == []

    @pytest.mark.parametrize(
        ("curve", "expected"),
        [
            ([0, 1, 0], [(1, 2, False)]),
            ([0, 1, 0.95, 1.2, 0], [(3, 4, False)]),
            ([0, -1, 1], [(1, 2, True)]),
            ([0, 0.05, -1, 1], [(2, 3, True)]),
            ([0, 1, 2, 3], []),
            ([0, 0, 0], []),
            ([0], []),
            ([0, 2, 1, 1.05, 0.5, 1.5], [(1, 2, False), (4, 5, True)]),
            ([1, 1 - 0.09, 1, 0.92, 1], []),
        ],
    )
    def test_extrema_by_more_than_the_floor(self, curve, expected):
        assert extrema_of(np.array(curve, dtype=float), 0.1) == expected

    def test_two_crossings_in_one_step(self):
        slow = ReservoirDynamics(CROSSING.law, thermo.Reservoirs(CROSSING.reservoirs()), np.ones(2))
        # ln T_1 = 0.1 (s - 0.3)(s - 0.7) on a single step
        rows = [
            [[0.021, 0, 5, 4]] + [[0] * 4] * 2,
            [[0.021, 0, 5, 4], [-0.1, 0, 0, 0], [0.1, 0, 0, 0]],
        ]
        path = PiecewisePolynomial([0, 1], [0, 0], [1, 1], rows)
        events = find_events(slow, path, 1e-10, None, lambda t: (path, 1e-12))
        times = [e.time for e in events if e.kind == "T crossing"]
        assert times == pytest.approx([0.3, 0.7])


def test_not_looked_for_is_not_none():
    path = figure(2, events=False)
    for name in ("events", "crossings", "extrema", "window_events"):
        with pytest.raises(ValueError, match="events=True"):
            getattr(path, name)


def test_event_is_plain_data():
    event = Event("T crossing", (0, 1), 2.0, 0.9)
    assert event == Event("T crossing", (0, 1), 2.0, 0.9)
    with pytest.raises(AttributeError):
        event.time = 3.0


class TestEveryExtremum:
    """However shallow, however near the start: a minimum that a run passes is passed again."""

    GASES = (GAS, thermo.FermiDiracGas(1.5))

    @pytest.mark.parametrize("gas", GASES, ids=repr)
    @pytest.mark.parametrize("before", [0.5, 0.9, 0.995, 0.9995])
    def test_a_minimum_just_after_the_start(self, before, gas):
        system = FIGURES[1]
        arguments = system.closed_form(), system.reservoirs(gas)
        whole = evolve(*arguments, system.T, system.mu)
        (lowest,) = [e for e in whole.extrema if e.kind == "T minimum"]
        T, mu = whole.at(before * lowest.time)
        path = evolve(*arguments, T, mu)
        assert 1 - lowest.value / T[0] > 2e-8  # above the floor
        (again,) = [e for e in path.extrema if e.kind == "T minimum"]
        assert again.reservoirs == (0,)
        assert again.time == pytest.approx((1 - before) * lowest.time, rel=1e-4)
        assert again.value == pytest.approx(lowest.value, rel=1e-8)

    def test_of_figure_4_from_anywhere(self):
        system = FIGURES[4]
        arguments = system.closed_form(), system.reservoirs(GAS)
        whole = evolve(*arguments, system.T, system.mu)
        for event in [e for e in whole.extrema if e.kind.startswith("T")]:
            start = 0.97 * event.time
            T, mu = whole.at(start)
            curve = whole.at(np.linspace(start, event.time, 50)).T[:, event.reservoirs[0]]
            if np.ptp(curve) < 3e-8 * curve[0]:
                continue
            path = evolve(*arguments, T, mu)
            found = [e for e in path.extrema if (e.kind, e.reservoirs) == event_name(event)]
            assert min(abs(e.value / event.value - 1) for e in found) < 1e-8

    @pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
    @pytest.mark.parametrize("share", [0.0, 1e-3, 0.3])
    def test_cooling_tells_of_the_same(self, number, share):
        system = FIGURES[number]
        arguments = system.closed_form(), system.reservoirs(GAS)
        whole = evolve(*arguments, system.T, system.mu)
        path = evolve(*arguments, *whole.at(share * whole.t[-1] * 1e-3))
        for j, told in enumerate(thermo.cooling(path)):
            minima = [e for e in path.extrema if (e.kind, e.reservoirs) == ("T minimum", (j,))]
            values = {e.value: e.time for e in minima} | {path.T[0, j]: 0.0}
            values |= {path.T[-1, j]: path.t[-1]}
            lowest = min(values)
            assert told.lowest == pytest.approx(lowest, rel=1e-8)
            if lowest < path.T[0, j] * (1 - 1e-7):
                assert told.time == pytest.approx(values[lowest], rel=1e-3)

    def test_two_crossings_between_points_of_any_grid(self):
        # mu_1 - mu_2 = (s - a)(s - b) on one step, a and b a thousandth apart
        slow = ReservoirDynamics(CROSSING.law, thermo.Reservoirs(CROSSING.reservoirs()), np.ones(2))
        a, b = 0.4321, 0.4331
        rows = [
            [[0.0, 0.1, 4 + a * b, 4]] + [[0] * 4] * 2,
            [[0.0, 0.1, 4 + a * b, 4], [0.0, 0.0, -a - b, 0.0], [0.0, 0.0, 1.0, 0.0]],
        ]
        path = PiecewisePolynomial([0, 1], [0, 0], [1, 1], rows)
        events = find_events(slow, path, 1e-10, None, lambda t: (path, 1e-12))
        times = [e.time for e in events if e.kind == "mu crossing"]
        assert times == pytest.approx([a, b], rel=1e-9)


def event_name(event):
    return event.kind, event.reservoirs
