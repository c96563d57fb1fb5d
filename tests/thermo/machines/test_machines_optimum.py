"""Optimisation of devices: known optima, bounds, determinism, failures, bad arguments."""

import numpy as np
import pytest

import oqs
import thermo
from thermo import progress

BOX = {"x": (-1.0, 3.0), "y": (0.0, 10.0)}


def bowl(x, y):
    return (x - 1.25) ** 2 + 0.1 * (y - 7.0) ** 2 - 3.0


def many_basins(x, y):
    return bowl(x, y) + 0.4 * np.sin(9 * (x - 1.25)) ** 2 + 0.4 * np.sin(3 * (y - 7.0)) ** 2


def test_a_search_shows_how_far_it_is(monkeypatch, capsys):
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    shown = thermo.optimise(bowl, BOX, goal="minimum", progress=True)
    said = capsys.readouterr().err
    assert "optimising" in said
    assert "%" in said
    assert thermo.optimise(bowl, BOX, goal="minimum", progress=False) == shown
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("function", [bowl, many_basins])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_known_minimum(function, seed):
    found = thermo.optimise(function, BOX, goal="minimum", seed=seed)
    assert found.parameters["x"] == pytest.approx(1.25, abs=1e-6)
    assert found.parameters["y"] == pytest.approx(7.0, abs=1e-6)
    assert found.value == function(**found.parameters)
    assert found.value == pytest.approx(-3.0, abs=1e-12)
    assert found.at_bounds == ()


def test_a_maximum_is_the_minimum_of_the_negative():
    high = thermo.optimise(lambda x, y: -bowl(x, y), BOX)
    low = thermo.optimise(bowl, BOX, goal="minimum")
    assert high.parameters == low.parameters
    assert high.value == -low.value


def test_a_kink():
    found = thermo.optimise(lambda x: abs(x - 0.3), {"x": (-1.0, 1.0)}, goal="minimum")
    assert found.parameters["x"] == pytest.approx(0.3, abs=1e-7)


def test_an_optimum_at_a_bound_is_said():
    found = thermo.optimise(lambda x, y: x - (y - 3) ** 2, BOX)
    assert found.at_bounds == ("x",)
    assert found.parameters["x"] == pytest.approx(3.0, abs=1e-7)
    assert found.parameters["y"] == pytest.approx(3.0, abs=1e-5)


def test_the_same_seed_gives_the_same_bits_and_every_call_is_counted():
    calls = []

    def counted(x, y):
        calls.append((x, y))
        return many_basins(x, y)

    first = thermo.optimise(counted, BOX, seed=3)
    assert first.evaluations == len(calls)
    assert thermo.optimise(many_basins, BOX, seed=3) == first
    points = np.array(calls)
    assert points.min(axis=0)[0] >= -1.0
    assert points.max(axis=0)[1] <= 10.0


def test_parameters_are_read_only():
    found = thermo.optimise(bowl, BOX, goal="minimum")
    with pytest.raises(TypeError):
        found.parameters["x"] = 0.0


def test_an_objective_that_raises_says_where():
    def law(x):
        if x > 0.5:
            raise ValueError("no such device")
        return x

    with pytest.raises(thermo.OptimisationFailed, match=r"at \{'x': 0.*no such device") as caught:
        thermo.optimise(law, {"x": (0.0, 1.0)})
    assert caught.value.parameters["x"] > 0.5
    assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.parametrize("value", [np.nan, np.inf, "1", None])
def test_an_objective_that_is_no_finite_number_is_refused(value):
    with pytest.raises(thermo.OptimisationFailed, match="`objective` must be"):
        thermo.optimise(lambda x: value, {"x": (0.0, 1.0)})


def test_too_few_evaluations_end_with_the_message_of_scipy():
    with pytest.raises(thermo.OptimisationFailed, match="Maximum number of") as caught:
        thermo.optimise(many_basins, BOX, goal="minimum", max_evaluations=60)
    assert set(caught.value.parameters) == {"x", "y"}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"objective": 1.0}, TypeError, "`objective` must be callable"),
        ({"bounds": {}}, TypeError, "`bounds` must be a mapping"),
        ({"bounds": [(0, 1)]}, TypeError, "`bounds` must be a mapping"),
        ({"bounds": {"x": 1.0}}, TypeError, r"must give \(lowest, highest\) for 'x'"),
        ({"bounds": {"x": (1.0, 1.0)}}, ValueError, "must give lowest < highest for 'x'"),
        ({"bounds": {"x": (0.0, np.inf)}}, ValueError, r"`bounds\['x'\]` must be finite"),
        ({"goal": "best"}, ValueError, "`goal` must be 'maximum' or 'minimum'"),
        ({"seed": -1}, ValueError, "`seed` must be at least 0"),
        ({"max_evaluations": 0}, ValueError, "`max_evaluations` must be at least 1"),
        ({"tolerance": 0.0}, ValueError, "`tolerance` must be positive"),
    ],
)
def test_bad_arguments_are_one_sentence_before_anything_is_asked(change, error, message):
    def never(**parameters):
        raise AssertionError("the objective was asked")

    arguments = {"objective": never, "bounds": {"x": (0.0, 1.0)}} | change
    with pytest.raises(error, match=message):
        thermo.optimise(**arguments)


def run(w):
    contacts = [oqs.Contact(oqs.power_law(1e-4, 0.5)) for _ in range(2)]
    law = oqs.closed_form(oqs.QuadraticSystem.from_energies([w, w + 0.4]), contacts)
    group = [thermo.Reservoir(thermo.SommerfeldGas(1.5)) for _ in range(2)]
    return thermo.evolve(law, group, [0.6, 1.0], [20.8, 16.0], t_final=3e5, events=False)


def test_deepest_cooling():
    best = thermo.deepest_cooling(run, {"w": (20.8, 22.0)}, tolerance=1e-4)
    depth = {w: thermo.cooling(run(w))[0].depth for w in (21.1, 21.2, 21.4, 21.5)}
    assert best.value < min(depth.values())
    assert 21.2 < best.parameters["w"] < 21.4
    # a parabola through three points about it has its bottom there
    w = best.parameters["w"] + np.array([-0.05, 0.0, 0.05])
    values = [thermo.cooling(run(x))[0].depth for x in w]
    bottom = -np.polyfit(w - w[1], values, 2)[1] / (2 * np.polyfit(w - w[1], values, 2)[0])
    assert abs(bottom) < 2e-3


def test_ready_objectives_refuse_what_is_not_theirs():
    with pytest.raises(thermo.OptimisationFailed, match="`machine` must return a Device"):
        thermo.maximum_power(lambda w: w, {"w": (0.0, 1.0)})
    with pytest.raises(thermo.OptimisationFailed, match="`path` must be a Trajectory"):
        thermo.deepest_cooling(lambda w: w, {"w": (0.0, 1.0)})
    with pytest.raises(thermo.OptimisationFailed, match="`reservoir` must be an index below 2"):
        thermo.deepest_cooling(run, {"w": (21.0, 22.0)}, reservoir=2)
