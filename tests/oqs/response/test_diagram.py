"""Stability diagrams: plateaus in closed form, derivatives, noise point by point, refusals."""

import numpy as np
import pytest

import oqs

LEFT, RIGHT, U, T = 0.01, 0.02, 1.2, 0.02


def contacts():
    return [oqs.Contact(oqs.flat(g)) for g in (LEFT, RIGHT)]


def dot(gate):
    return oqs.davies(oqs.anderson_dot(-gate, U=U), contacts())


def test_the_plateaus_of_an_anderson_dot_are_those_of_large_bias():
    """One electron enters at 2 g_L and leaves at g_R; where both levels conduct, two do at once."""
    gate = [0.3, 0.6]
    found = oqs.stability_diagram(dot, gate, [1.0, 1.8], T)
    one = 2 * LEFT * RIGHT / (2 * LEFT + RIGHT)
    both = 2 * LEFT * RIGHT / (LEFT + RIGHT)
    assert found.current[0, 0] == pytest.approx(one, rel=1e-3)
    assert found.current[1, 1] == pytest.approx(both, rel=1e-5)
    fano = (4 * LEFT**2 + RIGHT**2) / (2 * LEFT + RIGHT) ** 2
    assert found.fano[0, 0] == pytest.approx(fano, rel=1e-3)
    assert found.fano[1, 1] == pytest.approx((LEFT**2 + RIGHT**2) / (LEFT + RIGHT) ** 2, rel=1e-4)
    assert np.all(np.abs(found.conductance[[0, 1], [0, 1]]) < 1e-4)


def test_the_conductance_is_the_derivative_of_the_current():
    bias = np.array([0.3, 0.3 - 2e-4, 0.3 - 1e-4, 0.3 + 1e-4, 0.3 + 2e-4])
    found = oqs.stability_diagram(dot, [0.1, 0.14, 0.9], bias, T)
    far, near, back, farther = (found.current[:, k] for k in (4, 3, 2, 1))
    slope = (-far + 8 * near - 8 * back + farther) / 12e-4
    np.testing.assert_allclose(found.conductance[:, 0], slope, rtol=1e-8, atol=1e-13)


def test_every_point_is_that_of_the_statistics():
    gate, bias = [-0.2, 0.5], [-0.7, 0.2]
    shares, at = [0.8, -0.2], {"T": [0.05, 0.08]}
    found = oqs.stability_diagram(dot, gate, bias, at["T"], mu=0.1, shares=shares, reservoir=1)
    for row, g in enumerate(gate):
        for column, V in enumerate(bias):
            mu = 0.1 + V * np.array(shares)
            stats = oqs.counting_statistics(dot(g), at["T"], mu)
            slopes = oqs.flow_law(dot(g)).jacobian(at["T"], mu).particle_mu
            assert found.current[row, column] == pytest.approx(stats.flows.particle[1], rel=1e-11)
            assert found.fano[row, column] == pytest.approx(stats.fano(1), rel=1e-10)
            assert found.conductance[row, column] == pytest.approx(slopes[1] @ shares, rel=1e-11)


def test_a_blocked_spin_channel_conducts_less_at_larger_bias():
    """Parallel dots of which the second blocks the first: negative differential conductance."""
    rates = [
        oqs.Contact(oqs.flat(0.01), np.diag([1.0, 1.0])),
        oqs.Contact(oqs.flat(0.01), np.diag([1.0, 0.01])),
    ]
    system = oqs.InteractingSystem.from_terms(np.diag([0.0, 0.5]), {(0, 1): 20.0})
    found = oqs.stability_diagram(lambda _: oqs.davies(system, rates), [0.0], [0.6, 1.0, 1.4], T)
    assert found.conductance[0, 1] < -0.01
    assert found.current[0, 2] < found.current[0, 0]
    assert found.fano[0, 2] > 1


@pytest.mark.parametrize("cold", [1.0, 1e-3])
def test_one_level_and_many_reservoirs(cold):
    def level(gate):
        return oqs.davies(oqs.QuadraticSystem([[-gate]]), [oqs.Contact(oqs.flat(0.01))] * 3)

    found = oqs.stability_diagram(level, [0.0], [0.0], cold, shares=[1.0, 0.0, -1.0])
    assert found.current[0, 0] == 0.0
    assert np.isposinf(found.fano[0, 0])
    assert found.conductance[0, 0] == pytest.approx(0.01 / (4 * cold), rel=1e-12)


def test_a_diagram_shows_itself_and_is_a_table():
    found = oqs.stability_diagram(dot, [0.1, 0.2, 0.3], [0.1, 0.2], T)
    assert repr(found).startswith("Stability diagram: gate: 0.1, 0.3 (3)")
    table = found.to_dataset()
    assert table.conductance.dims == ("gate", "bias")
    assert not found.current.flags.writeable


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"build": 3}, TypeError, "Argument `build` must be a function, but is 3"),
        ({"build": lambda _: 3}, TypeError, "Argument `build` must return a model, but at gate 0"),
        ({"gate": []}, ValueError, r"Argument `gate` must have shape \(m,\) with m >= 1"),
        ({"bias": [[0.1]]}, ValueError, r"Argument `bias` must have shape \(m,\)"),
        ({"bias": [np.nan]}, ValueError, r"Argument `bias` must be finite, but holds nan"),
        ({"T": [0.1, 0.1, 0.1]}, ValueError, r"Argument `T` must have shape \(2,\)"),
        ({"T": -0.1}, ValueError, r"Argument `T` must be positive"),
        ({"shares": [1.0, 0, -1]}, ValueError, r"Argument `shares` must have one entry for each"),
        ({"shares": 1.0}, ValueError, r"Argument `shares` must have shape \(n,\)"),
        ({"reservoir": 2}, IndexError, r"Argument `reservoir` must be an index below 2"),
        ({"mu": "x"}, TypeError, r"Argument `mu` must be a real number"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(change, error, message):
    arguments = {"build": dot, "gate": [0.0], "bias": [0.1], "T": T, **change}
    with pytest.raises(error, match=message):
        oqs.stability_diagram(**arguments)
