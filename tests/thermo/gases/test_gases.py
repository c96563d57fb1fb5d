"""Every gas obeys thermodynamics, and each is what it says it is."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from thermo.gases import (
    CombinedGas,
    EquationOfState,
    FermiDiracGas,
    SommerfeldGas,
    TabulatedGas,
    sommerfeld_d,
    sommerfeld_q,
)
from thermo.gases.fermi_integrals import fermi_dirac_integral

ENERGIES = np.linspace(-2.0, 6.0, 81)
TABLE = TabulatedGas(ENERGIES, 0.2 + (ENERGIES - 1) ** 2)
GASES = [
    *(pytest.param(SommerfeldGas(a), id=f"sommerfeld-{a}") for a in (0.5, 1.0, 1.5, 2.0, 3.0)),
    *(pytest.param(FermiDiracGas(a), id=f"exact-{a}") for a in (0.5, 1.0, 1.5, 2.0, 3.0)),
    pytest.param(TABLE, id="table"),
    pytest.param(CombinedGas(((SommerfeldGas(1.5), 2.0), (TABLE, 0.5))), id="combined"),
]
T = np.array([0.3, 1.0, 0.02, 7.0])


def states_of(gas):
    """T and mu inside the validity of the gas: degenerate, and classical where it may be."""
    ratio = np.array([20.0, 5.5, 300.0, 6.0])
    if isinstance(gas, FermiDiracGas):
        ratio = np.array([-9.0, 2.0, 300.0, 49.5])
    if isinstance(gas, CombinedGas):
        return np.array([0.3, 1.0, 0.1, 7.0]), np.array([6.0, 5.5, 30.0, 42.0])
    if isinstance(gas, TabulatedGas):
        return np.array([0.3, 1.0, 0.06, 7.0]), np.array([-3.0, 1.0, 4.0, 9.0])
    return T, ratio * T


def difference(function, T, mu, direction):
    """A derivative of order 6 in the step by central differences."""
    scale = 1e-2 * T
    total = 0
    for k, weight in ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60)):
        h = k * scale
        up = (T + h, mu) if direction == "T" else (T, mu + h)
        down = (T - h, mu) if direction == "T" else (T, mu - h)
        total = total + weight * (function(*up) - function(*down)) / scale
    return total


@pytest.mark.parametrize("gas", GASES)
def test_jacobian_is_the_derivative(gas):
    T, mu = states_of(gas)
    jacobian = gas.jacobian(T, mu)
    for row, function in ((0, gas.number), (1, gas.energy)):
        size = np.abs(function(T, mu))
        for column, direction in ((0, "T"), (1, "mu")):
            found = difference(function, T, mu, direction)
            error = np.abs(jacobian[:, row, column] - found)
            assert np.all(error < 2e-9 * np.abs(found) + 1e-12 * size / T)


@pytest.mark.parametrize("gas", GASES)
def test_first_law_and_maxwell(gas):
    """T dS = dE - mu dN in both directions; dS/dmu = dN/dT follows and is tested by itself."""
    T, mu = states_of(gas)
    jacobian = gas.jacobian(T, mu)
    by_T = difference(gas.entropy, T, mu, "T")
    by_mu = difference(gas.entropy, T, mu, "mu")
    heat = jacobian[:, 1, :] - mu[:, None] * jacobian[:, 0, :]
    noise = 1e-11 * gas.entropy(T, mu) / T
    assert np.all(np.abs(by_T - heat[:, 0] / T) < 2e-9 * np.abs(by_T) + noise)
    assert np.all(np.abs(by_mu - heat[:, 1] / T) < 2e-9 * np.abs(by_mu) + noise + 1e-12 * mu**2)
    assert np.all(np.abs(by_mu - jacobian[:, 0, 0]) < 2e-9 * np.abs(by_mu) + noise)


@pytest.mark.parametrize("gas", GASES)
def test_shapes_and_single_calls(gas):
    T, mu = states_of(gas)
    whole = gas.state(T[:, None], mu)
    assert whole.number.shape == (4, 4)
    assert whole.jacobian.shape == (4, 4, 2, 2)
    assert isinstance(gas, EquationOfState)
    same = np.arange(4)
    for name in ("number", "energy", "entropy", "jacobian"):
        alone = getattr(gas, name)(T, mu)
        assert alone == pytest.approx(getattr(whole, name)[same, same], rel=1e-14)
    assert np.shape(gas.number(float(T[0]), float(mu[0]))) == ()
    gas.check(T, mu)


@given(
    alpha=st.sampled_from([0.5, 1.0, 1.5, 3.0]),
    T=st.floats(1e-3, 1e3),
    x=st.floats(-1e3, 1e6),
)
@example(alpha=0.5, T=0.001466751098632813, x=-712.0)
@settings(max_examples=200, deadline=None)
def test_exact_gas_holds_at_any_ratio(alpha, T, x):
    """Finite everywhere, S = ((1 + 1/alpha) E - mu N)/T to its own rounding, stable."""
    gas = FermiDiracGas(alpha)
    mu = x * T
    number, energy, entropy, jacobian = gas.state(T, mu)
    x = mu / T
    assert np.all(np.isfinite([number, energy, entropy, *jacobian.ravel()]))
    terms = (1 + 1 / alpha) * energy / T, x * number
    # numbers below the normal ones are known to their spacing, here times x or 1/T
    spacing = 4 * np.finfo(np.float64).smallest_subnormal * (1 + abs(x) + (1 + 1 / alpha) / T)
    assert abs(entropy - (terms[0] - terms[1])) <= 1e-13 * (terms[0] + abs(terms[1])) + spacing
    if number > 1e-290:
        assert jacobian[0, 1] > 0
        assert jacobian[1, 0] / T > (mu * jacobian[0, 0] / T + jacobian[0, 0] ** 2 / jacobian[0, 1])


@pytest.mark.parametrize("alpha", [0.5, 1.0, 1.5, 2.0, 3.0])
def test_exact_gas_is_its_integrals(alpha):
    T, x = 0.7, np.array([-30.0, -1.0, 3.0, 20.0, 200.0])
    gas = FermiDiracGas(alpha)
    number = math.gamma(alpha) * T**alpha * fermi_dirac_integral(alpha - 1, x)
    energy = math.gamma(alpha + 1) * T ** (alpha + 1) * fermi_dirac_integral(alpha, x)
    assert gas.number(T, x * T) == pytest.approx(number, rel=1e-13)
    assert gas.energy(T, x * T) == pytest.approx(energy, rel=1e-13)


def test_classical_limit_is_the_ideal_gas():
    """mu << -T: E = alpha N T, N = Gamma(alpha) T^alpha e^x, Sackur-Tetrode entropy."""
    T, x = 2.0, -60.0
    number, energy, entropy, _ = FermiDiracGas(1.5).state(T, x * T)
    assert number == pytest.approx(math.gamma(1.5) * T**1.5 * math.exp(x), rel=1e-14)
    assert energy == pytest.approx(1.5 * number * T, rel=1e-14)
    assert entropy == pytest.approx(number * (2.5 - x), rel=1e-14)


@pytest.mark.parametrize("alpha", [0.5, 1.5, 2.7])
def test_sommerfeld_tends_to_exact_like_x_to_minus_4(alpha):
    """The error of N is the first term left out, to a part of order x^-2."""
    left_out = 7 * math.pi**4 / 360 * alpha * (alpha - 1) * (alpha - 2) * (alpha - 3)
    for x in (16.0, 40.0, 160.0):
        error = SommerfeldGas(alpha).number(1.0, x) / FermiDiracGas(alpha).number(1.0, x) - 1
        # truncated - exact = -(first term left out)
        assert error == pytest.approx(-left_out / x**4, rel=80 / x**2)


def test_truncation_at_the_papers_parameters():
    error = SommerfeldGas(1.5).number(1.0, 16.0) / FermiDiracGas(1.5).number(1.0, 16.0) - 1
    assert error == pytest.approx(-1.7e-5, abs=1e-6)


@pytest.mark.parametrize("alpha", [1.0, 2.0])
def test_sommerfeld_is_exact_up_to_exponentials(alpha):
    for x in (10.0, 20.0, 30.0):
        difference = SommerfeldGas(alpha).number(1.0, x) - FermiDiracGas(alpha).number(1.0, x)
        rounding = 1e-14 * x**alpha
        assert abs(difference) == pytest.approx(math.exp(-x), rel=1e-2, abs=rounding)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 1.5, 2.0, 3.0])
def test_q_and_d_are_the_gas(alpha):
    T, x = 0.7, np.array([5.0, 14.0, 300.0])
    gas = SommerfeldGas(alpha)
    assert gas.number(T, x * T) == pytest.approx(T**alpha * sommerfeld_q(alpha, x) / alpha)
    energy = T ** (alpha + 1) * sommerfeld_q(alpha + 1, x) / (alpha + 1)
    assert gas.energy(T, x * T) == pytest.approx(energy, rel=1e-14)
    lower, middle, upper = (sommerfeld_q(a, x) for a in (alpha - 1, alpha, alpha + 1))
    terms = lower * upper
    identity = terms - middle**2 - math.pi**2 / 3 * sommerfeld_d(alpha, x)
    assert np.all(np.abs(identity) < 1e-14 * terms)
    jacobian = gas.jacobian(T, x * T)
    determinant = jacobian[:, 0, 0] * jacobian[:, 1, 1] - jacobian[:, 0, 1] * jacobian[:, 1, 0]
    expected = -(math.pi**2 / 3) * T ** (2 * alpha - 1) * sommerfeld_d(alpha, x)
    assert determinant == pytest.approx(expected, rel=1e-12)


def test_table_is_the_piecewise_linear_gas():
    """g = eps^(alpha-1) of alpha = 1 and 2 is piecewise linear: the exact gas, its tail cut."""
    energies = np.linspace(0.0, 60.0, 121)
    for alpha in (1.0, 2.0):
        table = TabulatedGas(energies, energies ** (alpha - 1))
        exact = FermiDiracGas(alpha)
        for T, mu in ((0.5, 5.0), (0.8, -2.0), (1.0, 20.0)):
            for name in ("number", "energy", "entropy", "jacobian"):
                found, true = getattr(table, name)(T, mu), getattr(exact, name)(T, mu)
                assert np.asarray(found) == pytest.approx(np.asarray(true), rel=1e-11, abs=1e-12)


def test_table_is_hashable_data():
    again = TabulatedGas(list(ENERGIES), list(TABLE.density_of_states))
    assert again == TABLE
    assert hash(again) == hash(TABLE)
    assert TabulatedGas([0, 1], [1, 1]) != TABLE
    assert repr(TABLE) == "TabulatedGas(81 energies from -2 to 6)"
    with pytest.raises(ValueError, match="read-only"):
        TABLE.energies[0] = 1


def test_sommerfeld_validity():
    gas = SommerfeldGas(1.5)
    assert gas.smallest_ratio == 4.0
    gas.check([1.0, 0.5], [4.0, 8.0])
    for alpha in (1.1, 1.5, 2.5, 3.05, 3.3, 4.0, 10.0):
        assert SommerfeldGas(alpha).smallest_ratio > 1.1 * SommerfeldGas(alpha).singular_ratio
    singular = gas.singular_ratio
    assert sommerfeld_d(1.5, singular) == pytest.approx(0, abs=1e-15)
    with pytest.raises(ValueError, match=r"singular there, but mu/T is 1\.15\. Use FermiDiracGas"):
        gas.check(1.0, 1.15)
    with pytest.raises(ValueError, match=r"at least 4 T .* mu/T is 3\.5\. Use FermiDiracGas"):
        gas.check([1.0, 2.0], [20.0, 7.0])
    with pytest.raises(
        ValueError, match=r"`mu` must be positive .* mu/T is -2\. Use FermiDiracGas"
    ):
        gas.number(1.0, [1.0, -2.0])


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: SommerfeldGas(0), ValueError, "`alpha` must be positive, but is 0.0"),
        (lambda: SommerfeldGas(np.nan), ValueError, "`alpha` must be finite"),
        (lambda: FermiDiracGas(-1.5), ValueError, "`alpha` must be positive"),
        (lambda: FermiDiracGas("3/2"), TypeError, "`alpha` must be a real number"),
        (lambda: FermiDiracGas(101), ValueError, "`alpha` must be between 0.001 and 100"),
        (lambda: FermiDiracGas(1.5).number(0.0, 1.0), ValueError, "`T` must be positive"),
        (lambda: FermiDiracGas(1.5).number([1.0, np.nan], 1.0), ValueError, "`T` .* holds nan"),
        (lambda: FermiDiracGas(1.5).energy(1.0, np.inf), ValueError, "`mu` must be finite"),
        (lambda: FermiDiracGas(1.5).check(1.0, 1e200), ValueError, "mu up to 1e.200 overflows"),
        (lambda: FermiDiracGas(9.0).number(1e40, 0.0), ValueError, "T up to 1e.40 .* overflows"),
        (lambda: SommerfeldGas(9.0).energy(1.0, 1e40), ValueError, "mu up to 1e.40 overflows"),
        (lambda: TABLE.entropy(1e-308, 3e3), ValueError, "overflows. Choose a larger unit"),
        (lambda: TabulatedGas([0, 1, 1], [1, 1, 1]), ValueError, "`energies` .* ascend"),
        (lambda: TabulatedGas([0], [1]), ValueError, "`energies` must hold at least two"),
        (lambda: TabulatedGas([0, 1], [1]), ValueError, "`density_of_states` must have shape"),
        (lambda: TabulatedGas([0, 1], [1, -1]), ValueError, "must be >= 0"),
        (lambda: TabulatedGas([0, 1], [0, 0]), ValueError, "somewhere positive"),
        (lambda: TABLE.check(0.01, 1.0), ValueError, "`T` must be at least half .* finer table"),
    ],
)
def test_bad_arguments_are_named(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_table_accepts_a_coarse_part_far_from_mu():
    table = TabulatedGas([0.0, 0.1, 0.2, 50.0, 100.0], [1, 1, 1, 1, 1])
    table.check(1.0, -60.0)
    with pytest.raises(ValueError, match=r"one is 49\.8 wide"):
        table.check(1.0, 10.0)


def test_a_ratio_just_below_the_smallest_is_told_in_all_its_digits():
    with pytest.raises(ValueError, match=r"at least 4 T .* mu/T is 3\.9999999999999996\. Use"):
        SommerfeldGas(alpha=1.5).check(1.0, np.nextafter(4.0, 0.0))
