"""(N, E) -> (T, mu) for every gas, from any start, or a sentence that says why not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thermo.gases import CombinedGas, FermiDiracGas, SommerfeldGas, TabulatedGas, invert
from thermo.gases.descent import descend

ENERGIES = np.linspace(-2.0, 3.0, 60)
TABLE = TabulatedGas(ENERGIES, 0.1 + 0.3 * ENERGIES**2)


class Users:
    """A gas with the protocol's five methods only: no estimate, nothing joint."""

    def __init__(self, gas):
        self.gas = gas

    def __repr__(self):
        return "Users()"

    def number(self, T, mu):
        return self.gas.number(T, mu)

    def energy(self, T, mu):
        return self.gas.energy(T, mu)

    def entropy(self, T, mu):
        return self.gas.entropy(T, mu)

    def jacobian(self, T, mu):
        return self.gas.jacobian(T, mu)

    def check(self, T, mu):
        self.gas.check(T, mu)


def assert_inverts(gas, T, mu, **guess):
    """The state comes back as exactly as doubles hold it: T to (mu/T)^2 eps, mu to eps."""
    N, E = gas.number(T, mu), gas.energy(T, mu)
    found_T, found_mu = invert(gas, N, E, **guess)
    assert found_T.shape == found_mu.shape == np.broadcast_shapes(np.shape(T), np.shape(mu))
    spread = 1 + np.maximum(mu / np.asarray(T), 0) ** 2
    assert np.all(np.abs(found_T / T - 1) < 2e-14 * spread)
    assert np.all(
        np.abs(found_mu - mu) < 4e-14 * (np.abs(mu) + T) + 2e-14 * spread * T**2 / abs(mu)
    )
    assert np.all(np.abs(gas.number(found_T, found_mu) - N) <= 1e-12 * N)
    assert np.all(np.abs(gas.energy(found_T, found_mu) - E) <= 1e-12 * np.abs(E))


@pytest.mark.parametrize("alpha", [0.5, 1.0, 1.5, 2.0, 3.0, 7.5])
def test_exact_gas(alpha):
    rng = np.random.default_rng(7)
    x = np.concatenate([rng.uniform(-30, 50, 60), 10 ** rng.uniform(0, 5.5, 60)])
    T = 10 ** rng.uniform(-3, 3, x.size)
    assert_inverts(FermiDiracGas(alpha), T, x * T)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 1.5, 2.0, 3.0, 7.5])
def test_sommerfeld_gas(alpha):
    rng = np.random.default_rng(7)
    gas = SommerfeldGas(alpha)
    x = gas.smallest_ratio * 10 ** rng.uniform(0, 5, 60)
    T = 10 ** rng.uniform(-3, 3, x.size)
    assert_inverts(gas, T, x * T)


@given(
    gas=st.sampled_from([FermiDiracGas(0.5), FermiDiracGas(1.5), SommerfeldGas(1.5)]),
    x=st.floats(-30, 1e4),
    T=st.floats(1e-3, 1e3),
    T_factor=st.floats(-6, 6),
    mu_factor=st.floats(-3, 3),
    shift=st.floats(-30, 30),
)
@settings(max_examples=60, deadline=None)
def test_a_poor_guess_costs_time_only(gas, x, T, T_factor, mu_factor, shift):
    if isinstance(gas, SommerfeldGas):
        x = 4.5 + abs(x)
    if abs(x) < 1e-3:
        x = 1.0
    guess = T * 10**T_factor, x * T * mu_factor + shift * T
    assert_inverts(Users(gas), T, x * T, guess=guess)


@pytest.mark.parametrize(
    ("T", "mu"), [(0.1, -3.0), (0.1, 1.0), (0.05, 2.5), (3.0, 2.0), (1.0, -8.0)]
)
def test_table(T, mu):
    number, energy = TABLE.number(T, mu), TABLE.energy(T, mu)
    for gas in (TABLE, Users(TABLE)):
        found = invert(gas, number, energy)
        assert np.array(found) == pytest.approx([T, mu], rel=1e-10)


def test_combined_gas():
    gas = CombinedGas(((SommerfeldGas(1.5), 2.0), (FermiDiracGas(0.5), 5.0)))
    assert_inverts(gas, np.array([1.0, 3.0]), np.array([20.0, 100.0]))


def test_fast_and_guarded_routes_agree():
    gas = FermiDiracGas(1.5)
    T, mu = np.array([0.6, 1.0, 30.0]), np.array([20.8, 16.0, -40.0])
    N, E = gas.number(T, mu), gas.energy(T, mu)
    fast = np.array(invert(gas, N, E))
    for j in range(3):
        guarded = descend(gas, float(N[j]), float(E[j]), [(1.0, 1.0)])
        assert np.array(guarded) == pytest.approx(fast[:, j], rel=1e-12)


def test_shapes():
    gas = FermiDiracGas(1.5)
    N, E = gas.number(1.0, 2.0), gas.energy(1.0, 2.0)
    for shape in ((), (1,), (2, 3)):
        T, mu = invert(gas, np.full(shape, N), E, guess=(1.1, 1.5))
        assert T.shape == mu.shape == shape
        assert pytest.approx(1.0, rel=1e-13) == T
        assert pytest.approx(2.0, rel=1e-13) == mu


GROUND = 0.6 * 1.5 ** (2 / 3)  # of one particle at alpha = 3/2


@pytest.mark.parametrize(
    ("gas", "N", "E", "words"),
    [
        (FermiDiracGas(1.5), 1.0, 0.99 * GROUND, "above the ground-state energy 0.786"),
        (FermiDiracGas(1.5), 1.0, GROUND, "above the ground-state energy 0.786"),
        (SommerfeldGas(1.5), 1.0, 0.1, "above the ground-state energy 0.786"),
        (SommerfeldGas(1.5), 1.0, 3.0, "within the validity of SommerfeldGas"),
        (Users(FermiDiracGas(1.5)), 1.0, 0.99 * GROUND, "above the ground-state energy of Users"),
        (Users(SommerfeldGas(1.5)), 1.0, 0.1, "above the ground-state energy of Users"),
        (Users(SommerfeldGas(1.5)), 1.0, 3.0, "within the validity of Users"),
        (TABLE, 99.0, 1.0, "`N` must be between 0 and the number of states"),
        (TABLE, 1.0, -2.1, "between the ground-state energy .* and the energy"),
        (TABLE, 1.0, 2.5, "between the ground-state energy .* and the energy"),
        (Users(TABLE), 1.0, -2.1, "above the ground-state energy of Users"),
        (Users(TABLE), 1.0, 2.5, "within the validity of Users"),
        (FermiDiracGas(1.5), 0.0, 1.0, "`N` must be positive"),
        (FermiDiracGas(1.5), np.nan, 1.0, "`N` must be finite"),
        (FermiDiracGas(1.5), 1.0, np.inf, "`E` must be finite"),
    ],
)
def test_no_state_is_a_sentence(gas, N, E, words):
    with pytest.raises(ValueError, match=words):
        invert(gas, N, E)


def test_one_impossible_entry_among_good_ones_is_told():
    gas = FermiDiracGas(1.5)
    with pytest.raises(ValueError, match="ground-state energy"):
        invert(gas, [1.0, 1.0], [2.0, 0.1], guess=(1.0, 1.0))


def test_a_guess_must_be_a_state():
    for guess, words in (((-1.0, 1.0), "`guess`"), ((1.0, np.nan), "`guess` must be finite")):
        with pytest.raises(ValueError, match=words):
            invert(FermiDiracGas(1.5), 1.0, 2.0, guess=guess)


def test_a_result_outside_the_validity_is_refused():
    table = TabulatedGas([0.0, 1.0, 2.0], [1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="finer table"):
        invert(table, 1.0, 0.501)
