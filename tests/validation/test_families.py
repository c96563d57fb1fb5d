"""The families of the open system pass, at any seed, and their samples are what they say."""

import collections

import numpy as np
import pytest
from few_samples import KINDS, few_samples

import oqs
from validation import Status, at_least, families, run_suite, within
from validation.framework import deviation
from validation.framework.check import worst
from validation.framework.claim import claim
from validation.systems import random_systems
from validation.systems.settings import published

Case = collections.namedtuple("Case", "name value")
CHECKS = families.load(families.ROOMS["open_system"])


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_passes_on_few_samples(monkeypatch, check):
    few_samples(monkeypatch)
    result = check.run(seed=1)
    assert result.status is Status.PASSED, result


@pytest.mark.slow
def test_passes_in_full():
    suite = run_suite(CHECKS, seed=7)
    assert suite.passed, [r for r in suite.results if r.status is not Status.PASSED]


def test_each_equation_of_the_open_system_has_a_check():
    equations = {check.equation for check in CHECKS}
    expected = ["(2)", "(3)", "(7)", "(8)", "(9)", "(10)", "(14)", "(15)-(18)", "(31)", "(32)-(34)"]
    for equation in expected:
        assert any(equation in found for found in equations), equation


@pytest.mark.parametrize("degenerate", [False, True])
def test_modes_of_samples_are_well_determined(degenerate):
    # of levels 2e-5 apart, which one draw in thousands has, LAPACKs know the modes to 1e-11 only
    rng = np.random.default_rng(7)
    for _ in range(1000):
        h = random_systems._hermitian(rng, 3, 1.0, degenerate=degenerate)
        gaps = np.diff(np.linalg.eigvalsh(h))
        assert np.all((gaps < 1e-13) | (gaps > 0.0099))
        assert np.sum(gaps < 1e-13) == degenerate


@pytest.mark.parametrize("kind", KINDS)
def test_samples_repeat_from_a_seed_and_span_the_scales(kind):
    first, again = (
        list(getattr(random_systems, kind)(np.random.default_rng(3), 6)) for _ in range(2)
    )
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a.T, b.T)
        np.testing.assert_array_equal(a.mu, b.mu)
        np.testing.assert_array_equal(a.hamiltonian, b.hamiltonian)
    scales = [s.system.energy_scale for s in first]
    assert max(scales) / min(scales) > 1e5
    more = list(getattr(random_systems, kind)(np.random.default_rng(3), 3))
    np.testing.assert_array_equal(more[2].T, first[2].T)  # a sample does not depend on the count


def test_samples_are_of_their_kind():
    rng = np.random.default_rng(0)
    for setting in random_systems.collective_baths(rng, 6):
        assert np.min(np.diff(setting.levels)) < 1e-12 * setting.system.energy_scale
        with pytest.raises((ValueError, oqs.NonUniqueStationaryState)):
            oqs.closed_form(setting.quadratic, setting.contacts)
    for setting in random_systems.distinct_levels(rng, 6):
        assert np.min(np.diff(setting.levels), initial=1.0) > 1e-7 * setting.system.energy_scale
    for setting in random_systems.interacting(rng, 3):
        with pytest.raises(TypeError, match="must be quadratic"):
            _ = setting.quadratic


def test_random_states_are_states():
    setting = next(random_systems.interacting(np.random.default_rng(1), 1))
    rho = random_systems.random_state(np.random.default_rng(2), setting.system)
    assert np.trace(rho) == pytest.approx(1)
    assert np.linalg.eigvalsh(rho)[0] > 1e-3 / len(rho)


def test_published_settings_are_the_five_figures():
    assert [s.name for s in published()] == [f"figure {k}" for k in range(1, 6)]


def test_deviation_is_relative_and_refuses_to_broadcast():
    assert deviation.deviation([1.0, 2.0], [1.0, 4.0]) == 0.5
    assert deviation.deviation([1.0, 2.0], [1.0, 4.0], scale=[1.0, 8.0]) == 0.25
    with pytest.raises(ValueError, match="cannot compare shape"):
        deviation.deviation([1.0], [1.0, 1.0])


def test_nan_is_the_largest_and_nothing_is_refused():
    assert np.isnan(deviation.largest(1.0, float("nan"), 2.0))
    assert deviation.largest([1.0, 3.0], (x for x in [2.0])) == 3.0
    with pytest.raises(ValueError, match="zero-size array"):
        deviation.largest([])
    found = worst([("a", 1.0), ("b", float("nan")), ("c", 2.0)])
    assert np.isnan(found.value)
    assert found.detail == "3 cases, worst: b"
    with pytest.raises(ValueError, match="not enough values"):
        worst([])


def test_exponents_are_those_of_powers():
    x = [1.0, 2.0, 4.0]
    fitted = list(deviation.exponents(x, [[3 * v**2, v**-0.5] for v in x]))
    np.testing.assert_allclose(fitted, [2.0, -0.5], rtol=1e-12)


def test_a_claim_over_cases_gives_the_worst_and_shares_the_rng():
    def cases(rng):
        return (Case(f"case {k}", k + rng.random()) for k in range(3))

    @claim("e", "r", within(0.5, 0.1), over=cases)
    def measures_one(case, rng):
        """Say it.

        More of it.
        """
        yield case.value if rng.random() < 2 else np.nan
        yield 0.5

    result = measures_one.run(seed=1)
    assert 2 <= result.measured < 3
    assert result.detail == "3 cases, worst: case 2"
    assert (result.name, result.claim) == ("measures one", "Say it.")
    assert result.family == __name__.rpartition(".")[2]  # by which a check is filed


@pytest.mark.parametrize(
    ("tolerance", "value"), [(3.0, 2.0), (at_least(-2.0), -1.0), (within(1.5, 3.0), -1.0)]
)
@pytest.mark.parametrize("named", [False, True])
def test_of_what_is_yielded_the_worst_by_the_bound_counts(tolerance, value, named):
    @claim("e", "r", tolerance, name="of another name")
    def several():
        """Say it."""
        for x in (1.0, -1.0, 2.0):
            yield (f"x = {x}", x) if named else x

    result = several.run()
    assert (result.status, result.measured) == (Status.PASSED, value)
    assert result.name == "of another name"
    detail = f"3 cases, worst: x = {value}" if named else "3 values from -1 to 2"
    assert result.detail == detail


@pytest.mark.parametrize("tolerance", [3.0, at_least(-2.0), within(1.5, 3.0)])
def test_a_nan_that_is_yielded_fails_and_nothing_yielded_is_an_error(tolerance):
    @claim("e", "r", tolerance)
    def lost(rng):
        """Say it."""
        yield from (1.0, np.nan, 2.0)

    @claim("e", "r", tolerance)
    def nothing():
        """Say it."""
        yield from ()

    assert lost.run().status is Status.FAILED
    assert nothing.run().status is Status.ERROR
