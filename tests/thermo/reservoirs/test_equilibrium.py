"""Eq. (6) for any mix of reservoirs, and its closed form (29)."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thermo.gases import FermiDiracGas, SommerfeldGas, TabulatedGas
from thermo.reservoirs.equilibrium import constant_density_equilibrium, equilibrium
from thermo.reservoirs.reservoir import Reservoir

FIGURES = [
    pytest.param([0.6, 1.0], [20.8, 16.0], id="fig1"),
    pytest.param([0.8, 1.0], [18.8, 18.0], id="fig2"),
    pytest.param([0.3, 0.2, 0.1, 0.15], [21.0, 19.0, 20.2, 20.9], id="fig4"),
    pytest.param([1.0, 0.6, 0.8, 0.7, 0.8], [20.5, 18.0, 20.0, 17.0, 21.0], id="fig5"),
]


def totals(reservoirs, T, mu):
    T, mu = np.broadcast_to(T, len(reservoirs)), np.broadcast_to(mu, len(reservoirs))
    return [
        math.fsum(getattr(r, name)(t, m) for r, t, m in zip(reservoirs, T, mu, strict=True))
        for name in ("number", "energy", "entropy")
    ]


def assert_equilibrium(reservoirs, T, mu):
    found = equilibrium(reservoirs, T, mu)
    before, after = totals(reservoirs, T, mu), totals(reservoirs, found.T, found.mu)
    assert found.number_residual <= 1e-12
    assert found.energy_residual <= 1e-12
    assert after[:2] == pytest.approx(before[:2], rel=1e-12)
    assert after[2] >= before[2] * (1 - 1e-12)
    return found


@pytest.mark.parametrize("gas", [SommerfeldGas, FermiDiracGas])
@pytest.mark.parametrize(("T", "mu"), FIGURES)
def test_the_papers_figures(gas, T, mu):
    found = assert_equilibrium([Reservoir(gas(1.5)) for _ in T], T, mu)
    assert np.mean(T) < found.T


@pytest.mark.parametrize(("T", "mu"), FIGURES)
def test_constant_density_is_the_solver(T, mu):
    capacities = np.arange(1.0, len(T) + 1)
    closed = constant_density_equilibrium(capacities, T, mu)
    truncated = equilibrium([Reservoir(SommerfeldGas(1.0), c) for c in capacities], T, mu)
    exact = equilibrium([Reservoir(FermiDiracGas(1.0), c) for c in capacities], T, mu)
    assert closed == pytest.approx((truncated.T, truncated.mu), rel=1e-13)
    # N and E differ by T e^(-x) and less; mu/(pi^2 T/3) is how T answers to E
    x = min(np.min(np.array(mu) / T), exact.mu / exact.T)
    assert closed == pytest.approx((exact.T, exact.mu), rel=20 * math.exp(-x) + 1e-13)
    assert closed[0] != exact.T


def test_equilibrium_is_a_fixed_point():
    reservoirs = [Reservoir(FermiDiracGas(1.5), 2.0), Reservoir(FermiDiracGas(0.5), 3.0)]
    found = equilibrium(reservoirs, [0.7, 0.7], [-1.0, -1.0])
    assert (found.T, found.mu) == pytest.approx((0.7, -1.0), rel=1e-13)


def test_one_reservoir_keeps_its_state():
    found = equilibrium([Reservoir(FermiDiracGas(1.5), 1e20)], [0.7], [20.0])
    assert (found.T, found.mu) == pytest.approx((0.7, 20.0), rel=1e-11)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.5, 1.0, 1.5, 2.0, 3.0]),
            st.floats(1e-3, 1e3),
            st.floats(1e-2, 10.0),
            st.floats(-500.0, 500.0),
        ),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=40, deadline=None)
def test_any_mix_of_exact_gases(parts):
    reservoirs = [Reservoir(FermiDiracGas(alpha), capacity) for alpha, capacity, _, _ in parts]
    T, mu = [part[2] for part in parts], [part[2] * part[3] for part in parts]
    found = equilibrium(reservoirs, T, mu)
    before, after = totals(reservoirs, T, mu), totals(reservoirs, found.T, found.mu)
    assert after[:2] == pytest.approx(before[:2], rel=2e-12)
    conditioning = 1e-12 + 1e-15 * max(1, found.mu / found.T) ** 2  # of T, from the rounding of E
    assert after[2] >= before[2] * (1 - conditioning)


def test_three_kinds_of_gas_together():
    table = TabulatedGas(np.linspace(-1, 2, 31), np.ones(31))
    reservoirs = [
        Reservoir(SommerfeldGas(1.5)),
        Reservoir(FermiDiracGas(0.5), 2.0),
        Reservoir(table, 3.0),
    ]
    assert_equilibrium(reservoirs, [0.01, 1.0, 1.0], [50.0, -3.0, 1.0])


@pytest.mark.parametrize(
    ("reservoirs", "T", "mu", "error", "words"),
    [
        ([], [], [], ValueError, "`reservoirs` must hold at least one"),
        ([FermiDiracGas(1.5)], [1.0], [1.0], TypeError, "must hold Reservoir objects"),
        ([Reservoir(FermiDiracGas(1.5))], [1.0, 2.0], [1.0], ValueError, r"`T` must have shape"),
        ([Reservoir(FermiDiracGas(1.5))], [1.0], [[1.0]], ValueError, r"`mu` must have shape"),
        ([Reservoir(FermiDiracGas(1.5))], [0.0], [1.0], ValueError, "`T` must be positive"),
        ([Reservoir(FermiDiracGas(1.5))], [1.0], [np.nan], ValueError, "`mu` must be finite"),
        ([Reservoir(SommerfeldGas(1.5))], [1.0], [2.0], ValueError, r"mu/T is 2\. Use Fermi"),
        (
            [Reservoir(SommerfeldGas(1.5)), Reservoir(FermiDiracGas(1.5))],
            [1.0, 20.0],
            [6.0, 0.0],
            ValueError,
            "must lead to an equilibrium within the validity of every gas",
        ),
    ],
)
def test_bad_arguments_are_named(reservoirs, T, mu, error, words):
    with pytest.raises(error, match=words):
        equilibrium(reservoirs, T, mu)


@pytest.mark.parametrize(
    ("capacities", "T", "words"),
    [
        ([1.0, -1.0], [1.0, 1.0], "`capacities` must be positive"),
        (1.0, [1.0], "`capacities` must have shape"),
        ([1.0, 1.0], [1.0], r"`T` must have shape \(2,\)"),
    ],
)
def test_closed_form_names_bad_arguments(capacities, T, words):
    with pytest.raises(ValueError, match=words):
        constant_density_equilibrium(capacities, T, [5.0, 5.0])
