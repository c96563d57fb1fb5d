"""The paper's parameter sets: as printed, and with the properties that the paper says they have."""

import numpy as np
import pytest
from slow_systems import FIGURES

import oqs
import thermo
from validation.systems.cases import CASES, FIGURE_1, FIGURE_2, FIGURE_3, FIGURE_4, FIGURE_5

EACH = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def test_there_is_one_case_per_figure():
    assert [case.name for case in CASES] == [f"figure {n}" for n in range(1, 6)]
    assert [(len(c.energies), len(c.T)) for c in CASES] == [(2, 2), (2, 2), (2, 2), (2, 4), (6, 5)]


@EACH
def test_a_case_is_a_system_its_contacts_and_its_reservoirs(case):
    n = len(case.T)
    system, contacts, reservoirs = case.system(), case.contacts(), case.reservoirs()
    np.testing.assert_array_equal(system.energies, np.sort(case.energies))
    assert [c.name for c in contacts] == [r.name for r in reservoirs] == list(case.names)
    assert [r.capacity for r in reservoirs] == [1.0] * n
    assert {r.gas for r in reservoirs} == {thermo.SommerfeldGas(alpha=1.5)}
    w = np.array([16.0, 25.0])
    gamma = np.array([c.gamma(w) for c in contacts])
    np.testing.assert_allclose(gamma, case.prefactors[:, None] * [4.0, 5.0], rtol=1e-15)
    flows = oqs.closed_form(system, contacts)(case.T, case.mu)
    assert flows.reservoirs == n


@EACH
def test_cases_are_data_that_nobody_can_change(case):
    for field in ("energies", "T", "mu", "prefactors", "capacities"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(case, field)[0] = 1.0
    with pytest.raises(AttributeError):
        case.alpha = 2.0
    assert case.reference.startswith("arXiv:2412.15355, Fig. ")


@EACH
def test_cases_are_what_is_printed(case):
    """The shipped scenarios, from which the cases are read, against the tests' own numbers."""
    printed = FIGURES[int(case.name[-1])]
    assert sorted(case.energies) == sorted(printed.frequencies)
    assert case.T.tolist() == list(printed.T)
    assert case.mu.tolist() == list(printed.mu)
    np.testing.assert_allclose(case.prefactors, printed.rates, rtol=1e-14)
    assert (case.exponent, case.alpha) == (0.5, 1.5)


@EACH
def test_the_gases_are_degenerate_enough_for_the_truncated_law(case):
    # Sommerfeld's expansion of the paper: mu/T is large everywhere
    assert np.min(case.mu / case.T) > 15


def test_another_gas_may_fill_the_reservoirs():
    gas = thermo.FermiDiracGas(alpha=1.5)
    assert all(reservoir.gas is gas for reservoir in FIGURE_4.reservoirs(gas))


def test_figure_1_the_coldest_reservoir_loses_heat():
    flows = oqs.closed_form(FIGURE_1.system(), FIGURE_1.contacts())(FIGURE_1.T, FIGURE_1.mu)
    assert np.argmin(FIGURE_1.T) == 0
    assert flows.heat[0] > 0
    assert oqs.clausius_sum(flows, FIGURE_1.T) < 0


def test_figures_2_and_3_differ_in_one_temperature():
    np.testing.assert_array_equal(FIGURE_2.energies, FIGURE_3.energies)
    np.testing.assert_array_equal(FIGURE_2.mu, FIGURE_3.mu)
    np.testing.assert_array_equal(FIGURE_2.T != FIGURE_3.T, [False, True])
    assert "1.07" in FIGURE_3.note


def test_figure_4_has_the_printed_ratios_of_rates():
    ratios = FIGURE_4.prefactors / FIGURE_4.prefactors[1]
    np.testing.assert_allclose(ratios, [10, 1, 10, 0.05], rtol=1e-15)


def test_figure_5_has_a_weak_second_contact():
    ratios = FIGURE_5.prefactors / FIGURE_5.prefactors[0]
    np.testing.assert_allclose(ratios, [1, 0.1, 1, 0.5, 0.5], rtol=1e-15)
