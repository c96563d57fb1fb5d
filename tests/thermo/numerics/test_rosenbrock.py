"""The Rosenbrock step against its order, and the place where a step turns."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from thermo.ensembles.batch_run import extrema_within
from thermo.numerics.rosenbrock import ORDER, take_steps


def pendulum(y):
    return np.stack([y[:, 1], -(y[:, 0] ** 3) - 0.3 * y[:, 1]], axis=1)


def pendulum_jacobian(y):
    jacobian = np.zeros((len(y), 2, 2))
    jacobian[:, 0, 1] = 1.0
    jacobian[:, 1, 0] = -3 * y[:, 0] ** 2
    jacobian[:, 1, 1] = -0.3
    return jacobian


def test_end_is_of_order_five_and_the_curve_of_order_four():
    exact = solve_ivp(
        lambda t, y: pendulum(y[None])[0],
        (0, 2),
        [1.0, 0.5],
        method="DOP853",
        rtol=1e-13,
        atol=1e-14,
        dense_output=True,
    ).sol
    ends, betweens = [], []
    for steps in (50, 100):
        h, y, between = 2 / steps, np.array([[1.0, 0.5]]), 0.0
        for i in range(steps):
            step = take_steps(pendulum, y, pendulum(y), pendulum_jacobian(y), np.array([h]))
            for s in (0.2, 0.5, 0.8):
                between = max(between, np.abs(step.at(s)[0] - exact((i + s) * h)).max())
            y = step.end
        ends.append(np.abs(y[0] - exact(2.0)).max())
        betweens.append(between)
    assert np.log2(ends[0] / ends[1]) == pytest.approx(ORDER, abs=0.5)
    assert np.log2(betweens[0] / betweens[1]) == pytest.approx(ORDER, abs=0.5)  # h^5 in one step
    assert ends[1] < 1e-11  # a digit mistyped in the coefficients shows


def test_stiff_parts_decay_at_once():
    """L-stability: what decays within a step is gone after it, by the error estimate too."""
    fast = np.array([-1e3, -1e6, -1e12])
    y = np.ones((3, 1))
    step = take_steps(
        lambda y: fast[:, None] * y, y, fast[:, None] * y, fast[:, None, None], y[:, 0]
    )
    assert np.all(np.abs(step.end[:, 0]) < 30 / -fast)
    assert np.all(np.abs(step.error[:, 0]) < 30 / -fast)


def test_turning_points_of_polynomials_of_degree_four():
    rng = np.random.default_rng(0)
    curves = [np.polynomial.Polynomial(c) for c in rng.uniform(-1, 1, (400, 5))]
    slopes = [curve.deriv() for curve in curves]
    pairs = [(c, d) for c, d in zip(curves, slopes, strict=True) if d(0.0) * d(1.0) < 0]
    assert len(pairs) > 50
    s, value = extrema_within(np.array([curve.coef for curve, _ in pairs]).T)
    assert np.all((s > 0) & (s < 1))
    for (curve, slope), at, found in zip(pairs, s, value, strict=True):
        assert slope(at) == pytest.approx(0, abs=1e-7)
        assert found == pytest.approx(curve(at), abs=1e-13)


def test_powers_are_those_of_the_curve():
    y = np.array([[1.0, 0.5], [0.3, -0.2]])
    step = take_steps(pendulum, y, pendulum(y), pendulum_jacobian(y), np.array([0.3, 1.0]))
    for s in (0.0, 0.3, 1.0):
        found = np.tensordot(s ** np.arange(5), step.powers(), 1)
        np.testing.assert_allclose(found, step.at(s), rtol=0, atol=1e-14)
