"""Complete Fermi-Dirac integrals against mpmath's polylogarithm and against exact identities."""

import math

import mpmath
import numpy as np
import pytest

from thermo.gases.fermi_integrals import fermi_dirac_integral, moment_table

EXPONENTS = (1e-3, 0.3, 0.5, 1.0, 1.0001, 1.5, 2.0, 3.0, 7.3)
# both sides of every seam: -40 (classical), 0 (scaling), 4 (quadrature), 48 (Sommerfeld series)
RATIOS = (-700.0, -50.0, -40.01, -39.9, -7.3, -0.01, 0.0, 0.4, 3.99, 4.01, 13.2, 47.99, 48.01)
LARGE = (61.0, 333.0, 1e4, 1e6)


def exact_integral(s, x):
    """F_s(x) for real s > -2 by quadrature of 28 digits; by parts where t^s is not integrable."""
    s, x = mpmath.mpf(s), mpmath.mpf(x)
    if x < -1:
        return mpmath.nsum(
            lambda k: (-1) ** (int(k) + 1) * mpmath.exp(k * x) / mpmath.mpf(k) ** (s + 1),
            [1, 90],
        )

    def f(t):
        return 1 / (1 + mpmath.exp(t - x))

    near = [x + d for d in (-25, -9, -3, 0, 3, 9, 25) if x + d > 1]
    pieces = [0, 1, *near, max(x, 0) + 70, max(x, 0) + 150]
    if s > 0:
        return mpmath.quad(lambda t: t**s * f(t), pieces) / mpmath.gamma(s + 1)
    if s > -1:
        return mpmath.quad(lambda t: t ** (s + 1) * f(t) * (1 - f(t)), pieces) / mpmath.gamma(s + 2)
    return mpmath.quad(
        lambda t: t ** (s + 2) * f(t) * (1 - f(t)) * (1 - 2 * f(t)), pieces
    ) / mpmath.gamma(s + 3)


def exact_moments(alpha, x):
    """The five columns of the table, differences taken in many digits."""
    alpha, x = mpmath.mpf(alpha), mpmath.mpf(x)
    upper, middle, lower = (exact_integral(alpha - k, x) for k in (0, 1, 2))
    gamma = mpmath.gamma(alpha)
    return (
        gamma * middle,
        gamma * alpha * upper,
        gamma * ((alpha + 1) * upper - x * middle),
        gamma * lower,
        gamma * (alpha * middle - x * lower),
    )


@pytest.fixture(autouse=True)
def digits():
    with mpmath.workdps(28):
        yield


def moments(alpha, x):
    """The table's five columns with their powers of the stretch put back, as mpmath numbers."""
    found = moment_table(alpha)(np.array([x]))
    r = mpmath.mpf(found.stretch[0])
    powers = (alpha, alpha + 1, alpha - 1, alpha - 1, alpha - 2)
    return [mpmath.mpf(found[c][0]) * r ** powers[c] for c in range(5)]


@pytest.mark.parametrize("alpha", EXPONENTS)
def test_moments_are_mpmaths(alpha):
    for x in RATIOS:
        with mpmath.workdps(52 if alpha == 1 else 28):  # its last column is e^-x of the terms
            exact_columns = exact_moments(alpha, x)
        for column, (found, exact) in enumerate(zip(moments(alpha, x), exact_columns, strict=True)):
            if alpha == 1.0 and column == 4 and x > 48:
                assert found == 0
                assert exact < 1e-18
                continue
            # for alpha < 1 the last column crosses 0 near x = 0 with the slope 1/(4 alpha)
            crossing = column == 4 and alpha < 1 and 0 <= x < 1
            scale = max(abs(exact), 0.25 / alpha) if crossing else abs(exact)
            assert abs(found - exact) < 2e-14 * scale, (alpha, x, column)


@pytest.mark.parametrize("alpha", [1e-3, 0.05, 0.3, 0.5, 1.5, 2.7, 20.0, 100.0])
def test_pieces_meet_at_every_seam(alpha):
    """Each piece at its end, u = 1, is the next at its beginning, u = -1; the series' as well."""
    pieces = moment_table(alpha).coefficients.transpose(2, 0, 1)  # (pieces, terms, columns)
    ends = pieces[:-1].sum(axis=1)
    begins = (pieces[1:, ::2] - pieces[1:, 1::2]).sum(axis=1)
    scale = np.abs(ends)
    if alpha < 1:
        scale[:, 4] = np.maximum(scale[:, 4], np.abs(pieces[1:, 0, 4]))  # it crosses 0
    assert np.all(np.abs(ends - begins) < 2e-15 * max(15, alpha) * scale)


@pytest.mark.parametrize("x", LARGE)
@pytest.mark.parametrize("alpha", [2.0, 3.0, 4.0])
def test_far_tail_is_the_exact_polynomial(alpha, x):
    """For integer s the Sommerfeld series ends, and is exact up to e^-x."""
    y = mpmath.pi**2 / mpmath.mpf(x) ** 2
    number = {
        2.0: mpmath.mpf(x) ** 2 * (1 / mpmath.mpf(2) + y / 6),
        3.0: mpmath.mpf(x) ** 3 * (1 / mpmath.mpf(3) + y / 3),
        4.0: mpmath.mpf(x) ** 4 * (1 / mpmath.mpf(4) + y / 2 + 7 * y**2 / 60),
    }[alpha]
    entropy = {
        2.0: mpmath.mpf(x) * mpmath.pi**2 / 3,
        3.0: mpmath.mpf(x) ** 2 * (mpmath.pi**2 / 3 + 7 * mpmath.pi**2 * y / 45),
        4.0: mpmath.mpf(x) ** 3 * (mpmath.pi**2 / 3 + 7 * mpmath.pi**2 * y / 15),
    }[alpha]
    found = moments(alpha, x)
    assert abs(found[0] / number - 1) < 1e-14
    assert abs(found[2] / entropy - 1) < 1e-14


@pytest.mark.parametrize("s", [-0.9, -0.5, 0.0, 0.5, 1.0, 1.5, 2.2])
def test_integral_is_mpmaths_from_minus_50_to_10000(s):
    for eta in (-50.0, -11.3, -1.0, 0.7, 9.9, 44.4, 57.0, 900.0, 1e4):
        exact = exact_integral(s, eta) if eta < 60 else exact_far(s, eta)
        assert abs(fermi_dirac_integral(s, eta) / exact - 1) < 2e-14, (s, eta)


def exact_far(s, eta):
    """F_s = 2 sum_k eta(2k) eta^(s+1-2k)/Gamma(s+2-2k), to the smallest term; error e^-eta."""
    total = mpmath.mpf(0)
    for k in range(25):
        term = 2 * mpmath.altzeta(2 * k) * mpmath.rgamma(mpmath.mpf(s) + 2 - 2 * k)
        total += term * mpmath.mpf(eta) ** (s + 1 - 2 * k)
    return total


def test_order_zero_is_a_logarithm():
    eta = np.linspace(-60, 60, 1001)
    assert fermi_dirac_integral(0, eta) == pytest.approx(np.logaddexp(0, eta), rel=2e-14)


def test_shape_underflow_and_range():
    assert fermi_dirac_integral(0.5, np.zeros((2, 3, 0))).shape == (2, 3, 0)
    assert fermi_dirac_integral(0.5, 1.0).shape == ()
    values = fermi_dirac_integral(0.5, [-1e6, -1e3, -800.0, 1e6])
    assert values[:3].tolist() == [0, 0, 0]
    assert values[3] == pytest.approx(1e9 / math.gamma(2.5), rel=1e-11)
    assert fermi_dirac_integral(99.0, 1e4) == pytest.approx(
        float(mpmath.mpf(10) ** 400 / mpmath.factorial(100)), rel=1e-3
    )


def test_many_blocks_are_the_single_values():
    x = np.linspace(-45, 70, 20001)
    whole = moment_table(1.5)(x)
    for i in (0, 8191, 8192, 16384, 20000):
        single = moment_table(1.5)(x[i : i + 1])
        assert [c[i] for c in whole] == pytest.approx([c[0] for c in single], rel=1e-15)


@pytest.mark.parametrize(
    ("s", "eta", "error", "words"),
    [
        (-1.0, 0.0, ValueError, "`s` must be between -0.999 and 99"),
        (100.0, 0.0, ValueError, "`s` must be between"),
        ("half", 0.0, TypeError, "`s` must be a real number"),
        (0.5, np.nan, ValueError, "`eta` must be finite"),
        (0.5, 1j, TypeError, "`eta` must hold real numbers"),
    ],
)
def test_bad_arguments_are_named(s, eta, error, words):
    with pytest.raises(error, match=words):
        fermi_dirac_integral(s, eta)
