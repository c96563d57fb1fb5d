"""Radau IIA collocation: its defining integrals, its order, its stability."""

import numpy as np
import pytest
from scipy.linalg import expm

from thermo.numerics.collocation import radau, take_step


@pytest.mark.parametrize("stages", [1, 2, 3, 5, 9])
def test_integrals_of_powers_are_exact(stages):
    method = radau(stages)
    assert method.nodes[-1] == 1
    for power in range(stages):
        integral = method.nodes ** (power + 1) / (power + 1)
        np.testing.assert_allclose(
            method.matrix @ method.nodes**power, integral, rtol=1e-12, atol=1e-15
        )
    # the last row is the Radau quadrature: exact to degree 2 s - 2, not beyond
    weights = method.matrix[-1]
    for power in range(2 * stages - 1):
        assert weights @ method.nodes**power == pytest.approx(1 / (power + 1), rel=1e-12)
    if stages < 5:  # the next is wrong by 1e-10 for s = 9
        beyond = 2 * stages - 1
        assert weights @ method.nodes**beyond != pytest.approx(1 / (beyond + 1), rel=1e-6)


def test_two_stages_are_the_textbooks():
    np.testing.assert_allclose(radau(2).matrix, [[5 / 12, -1 / 12], [3 / 4, 1 / 4]], rtol=1e-14)


def test_coefficients_of_a_polynomial():
    method = radau(3)
    x = np.append(-1.0, 2 * method.nodes - 1)
    values = 1 + 2 * x - 3 * x**2 + 5 * x**3
    np.testing.assert_allclose(method.monomial @ values, [1, 2, -3, 5], rtol=1e-13)
    # 5 x^3 = 2 P_3 + 3 P_1, -3 x^2 = -2 P_2 - 1
    np.testing.assert_allclose(method.legendre @ values, [0, 5, -2, 2], atol=1e-13)


def step(rate, jacobian, y, h, stages, newton="simplified"):
    def linearised(values):
        return rate(values), np.array([jacobian(value) for value in values])

    kept = jacobian(y) if newton == "simplified" else None
    guess = np.tile(y, (stages, 1))
    return take_step(radau(stages), rate, linearised, kept, h, y, guess, np.ones(len(y)), 1e-13)


both = pytest.mark.parametrize("newton", ["simplified", "full"])


@both
@pytest.mark.parametrize("stages", [2, 3, 4])
def test_order_at_the_end(stages, newton):
    # y' = cos(t) y as an autonomous system
    def rate(y):
        return np.stack([np.cos(y[:, 1]) * y[:, 0], np.ones(len(y))], axis=1)

    def jacobian(y):
        return np.array([[np.cos(y[1]), -np.sin(y[1]) * y[0]], [0.0, 0.0]])

    errors = []
    for count in (16, 32):
        y = np.array([1.0, 0.0])
        for _ in range(count):
            y = step(rate, jacobian, y, 2 / count, stages, newton).values[-1]
        errors.append(abs(y[0] - np.exp(np.sin(2.0))))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2 * stages - 1, abs=0.8)


def test_all_along_a_step():
    matrix = np.array([[-1.0, 0.5], [0.2, -2.0]])
    taken = step(lambda y: y @ matrix.T, lambda y: matrix, np.array([1.0, -1.0]), 1.0, 9)
    for node, value in zip(radau(9).nodes, taken.values[1:], strict=True):
        np.testing.assert_allclose(value, expm(matrix * node) @ [1.0, -1.0], atol=10 * taken.error)
    assert 1e-12 < taken.error < 1e-6


def test_what_has_decayed_costs_nothing():
    matrix = np.diag([-1e12, 0.0])
    taken = step(lambda y: y @ matrix.T, lambda y: matrix, np.array([1.0, 1.0]), 1.0, 9)
    assert abs(taken.values[-1, 0]) < 1e-10
    assert taken.values[-1, 1] == 1.0


def test_divergence_is_said():
    # y' = y^2 from 1 ends at t = 1
    assert step(lambda y: y**2, lambda y: np.diag(2 * y), np.array([1.0]), 1.5, 5) is None


@pytest.mark.parametrize(("noise", "solved"), [(1e-15, True), (4e-14, True), (1e-11, False)])
def test_what_rounding_leaves_of_the_stage_equations_counts_as_error(noise, solved):
    # y' = -y, known to some noise: there the changes of Newton's iteration come to rest
    rng = np.random.default_rng(1)

    def rate(y):
        return -y + rng.choice([-1, 1], y.shape) * noise

    taken = step(rate, lambda y: np.diag([-1.0]), np.array([1.0]), 0.1, 9, "full")
    assert (taken is not None) == solved
    if solved:
        assert abs(taken.values[-1, 0] - np.exp(-0.1)) < taken.error + noise < 1e-13
