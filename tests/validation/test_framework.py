"""The framework of checks: what passes, what fails, what is an error, and that each is data."""

import math
import pathlib
import types

import numpy as np
import pytest

from validation import (
    Bound,
    Check,
    Measurement,
    Relation,
    Status,
    at_least,
    at_most,
    check,
    families,
    run_suite,
    select,
    within,
)


def make(name="a check", tolerance=1e-12, equation="Eq. (10)", value=0.0, family=None):
    """A check that returns `value`, or calls it."""

    def body():
        return value() if callable(value) else value

    if family is not None:
        body.__module__ = f"validation.{family}"
    return check(
        name, equation=equation, reference="a test", tolerance=tolerance, claim="it holds"
    )(body)


def raiser(error):
    def raises():
        raise error

    return raises


@pytest.mark.parametrize(
    ("value", "tolerance", "status"),
    [
        (1e-12, 1e-12, "passed"),
        (np.nextafter(1e-12, 1), 1e-12, "failed"),
        (np.float32(0.25), 0.25, "passed"),
        (3, 3, "passed"),
        (-1.0, 0.0, "passed"),
        (math.nan, 1e300, "failed"),
        (-math.inf, 1.0, "failed"),
        (0.5, at_most(0.4), "failed"),
        (0.5, at_least(0.5), "passed"),
        (0.49, at_least(0.5), "failed"),
        (math.inf, at_least(0.5), "failed"),
        (math.nan, at_least(0.5), "failed"),
        (0.615, within(0.6, 0.02), "passed"),
        (0.579, within(0.6, 0.02), "failed"),
        (0.621, within(0.6, 0.02), "failed"),
        (math.nan, within(0.6, 0.02), "failed"),
        (Measurement(0.615, reference=0.6), 0.02, "passed"),
        (Measurement(0.615, reference=0.6), 0.01, "failed"),
        (Measurement(0.615, reference=math.nan), 0.01, "error"),
        (Measurement(0.615, reference=0.6), within(0.6, 0.02), "error"),
        (True, 1.0, "error"),
        ("0.1", 1.0, "error"),
        (None, 1.0, "error"),
        (1e-14 + 0j, 1.0, "error"),
        (np.zeros(2), 1.0, "error"),
    ],
)
def test_verdicts(value, tolerance, status):
    result = make(value=value, tolerance=tolerance).run()
    assert result.status == status
    assert (result.measured is None) == (status == "error")
    assert bool(result.reason) == (status != "passed")


def test_a_reference_found_by_the_check_becomes_the_target():
    result = make(value=Measurement(0.615, 0.6, detail="Fig. 1"), tolerance=0.02).run()
    assert result.bound == within(0.6, 0.02)
    assert result.detail == "Fig. 1"
    assert str(result.bound) == "0.6 +- 0.02"


def test_the_reason_of_a_failure_says_measured_and_bound():
    assert make(value=3e-9).run().reason == "measured 3e-09, but must be <= 1e-12"
    assert make(value=math.nan).run().reason == "measured nan, but must be finite and <= 1e-12"
    below = make(value=0.1, tolerance=at_least(0.5)).run()
    assert below.reason == "measured 0.1, but must be >= 0.5"


def test_an_exception_is_an_error_result_that_says_type_message_and_place():
    result = make(value=raiser(LookupError("no such mode"))).run()
    assert result.status is Status.ERROR
    assert result.reason.startswith("LookupError: no such mode (in ")
    assert "test_framework, line " in result.reason
    assert "/" not in result.reason


def test_an_overflow_in_a_check_is_an_error():
    result = make(value=lambda: float(np.exp(np.array(1e9)) * 0)).run()
    assert result.status is Status.ERROR
    assert "RuntimeWarning: overflow" in result.reason


def test_what_stops_the_interpreter_is_not_swallowed():
    with pytest.raises(SystemExit):
        make(value=raiser(SystemExit(3))).run()


def test_random_numbers_depend_on_seed_and_name_only():
    def draws(name):
        @check(name, equation="Eq. (3)", reference="a test", tolerance=1.0, claim="it holds")
        def body(rng):
            return rng.random()

        return body

    first = draws("one").run(seed=5).measured
    run = run_suite([draws("two"), draws("one")], seed=5)
    assert first == run.results[1].measured
    assert len({first, run.results[0].measured, draws("one").run(seed=6).measured}) == 3


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": ""}, "`name` must be one line"),
        ({"name": "two\nlines"}, "`name` must be one line"),
        ({"claim": " padded"}, "`claim` must be one line"),
        ({"equation": 10}, "`equation` must be text"),
        ({"reference": "a\x0bb"}, "`reference` must be one line"),
        ({"tolerance": "1e-12"}, "`tolerance` must be a real number"),
        ({"tolerance": math.nan}, "`tolerance` must be finite"),
    ],
)
def test_a_check_that_cannot_be_reported_is_refused(change, error):
    good = {"name": "n", "equation": "e", "reference": "r", "tolerance": 1.0, "claim": "c"}
    with pytest.raises((TypeError, ValueError), match=error):
        check(**(good | change))


def test_a_check_takes_nothing_or_a_generator():
    decorate = check("n", equation="e", reference="r", tolerance=1.0, claim="c")
    with pytest.raises(TypeError, match="must take no argument or one named `rng`"):
        decorate(lambda system: 0.0)


@pytest.mark.parametrize(
    ("build", "error"),
    [
        (lambda: within(0.6, -0.1), "`tolerance` must be >= 0"),
        (lambda: within(math.inf, 0.1), "`target` must be finite"),
        (lambda: at_least(None), "`tolerance` must be a real number"),
        (lambda: Bound(Relation.WITHIN, 0.1), "`target` must be given for WITHIN only"),
        (lambda: Bound(Relation.AT_MOST, 0.1, 0.6), "`target` must be given for WITHIN only"),
    ],
)
def test_a_bound_that_means_nothing_is_refused(build, error):
    with pytest.raises((TypeError, ValueError), match=error):
        build()


def test_a_suite_runs_on_past_failures_and_errors():
    checks = [
        make("bad", value=1.0, family="flows"),
        make("broken", value=raiser(ValueError("x")), family="entropy"),
        make("good", family="flows"),
    ]
    seen = []
    suite = run_suite(checks, on_start=lambda c: seen.append(c.name), on_result=seen.append)
    assert [r.status for r in suite.results] == ["failed", "error", "passed"]
    assert seen[::2] == ["bad", "broken", "good"]
    assert tuple(seen[1::2]) == suite.results
    assert [suite.count(s) for s in Status] == [1, 1, 1, 0]
    assert {k: len(v) for k, v in suite.families.items()} == {"flows": 2, "entropy": 1}
    assert not suite.passed
    assert not suite.interrupted
    assert run_suite(checks[2:]).passed


def test_an_interrupted_suite_keeps_what_finished_and_has_not_passed():
    checks = [make("one"), make("two", value=raiser(KeyboardInterrupt())), make("three")]
    suite = run_suite(checks)
    assert [r.name for r in suite.results] == ["one"]
    assert suite.interrupted
    assert not suite.passed


def test_an_interrupt_while_reporting_loses_no_result():
    suite = run_suite([make("one"), make("two")], on_result=lambda _: raiser(KeyboardInterrupt())())
    assert [r.name for r in suite.results] == ["one"]
    assert suite.interrupted


def test_nothing_to_run_is_no_success():
    with pytest.raises(ValueError, match="`checks` must hold at least one check"):
        run_suite([])
    with pytest.raises(ValueError, match="`seed` must be >= 0"):
        run_suite([make()], seed=-1)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("flows", ["solvers agree", "Spohn [all]"]),
        ("FLOWS/sol", ["solvers agree"]),
        ("(10)", ["solvers agree"]),
        ("[all]", ["Spohn [all]"]),
        ("*agree", ["solvers agree", "rates agree"]),
        ("solvers ?gree", ["solvers agree"]),
        ("flows/*", ["solvers agree", "Spohn [all]"]),
    ],
)
def test_only(pattern, names):
    checks = [
        make("solvers agree", family="flows"),
        make("Spohn [all]", family="flows", equation="Eqs. (15)-(18)"),
        make("rates agree", family="rates", equation="Eq. (5)"),
    ]
    assert [c.name for c in select(checks, pattern)] == names


def test_only_that_matches_nothing_names_what_is_close():
    checks = [make("solvers agree", family="flows")]
    with pytest.raises(ValueError, match=r"nothing matches 'flaws'\. Close: 'flows'"):
        select(checks, "flaws")
    with pytest.raises(ValueError, match=r"nothing matches 'zzz'\. See --list"):
        select(checks, "zzz")


def module(name, *checks):
    made = types.ModuleType(f"validation.{name}")
    for index, item in enumerate(checks):
        setattr(made, f"check_{index}", item)
    return made


def test_a_family_is_the_checks_that_its_module_defines():
    one, two = make("one", family="flows"), make("two", family="flows")
    borrowed = make("three", family="entropy")
    assert families.collect([module("flows", two, borrowed, one)]) == (two, one)


def test_names_are_unique_and_families_not_empty():
    twins = [module(f, make("one", family=f)) for f in ("flows", "entropy")]
    with pytest.raises(ValueError, match=r"unique, but `entropy/one` and `flows/one` share one"):
        families.collect(twins)
    with pytest.raises(ValueError, match=r"`flows` must define at least one check"):
        families.collect([module("flows", make("one", family="entropy"))])


def test_every_module_with_checks_is_on_the_list_of_families():
    with_checks = {
        path.stem
        for path in pathlib.Path(families.__file__).parent.rglob("*.py")
        if "\n@claim(" in path.read_text(encoding="utf-8")
    }
    assert with_checks == set(families.FAMILIES)
    assert all(isinstance(item, Check) for item in families.load())
