"""The family of bosonic reservoirs passes on few samples, and in full."""

import pytest
from faults import bosonic
from few_samples import few_samples

from validation import Status, families, run_suite

CHECKS = families.load(bosonic.FAMILIES)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_passes_on_few_samples(monkeypatch, check):
    few_samples(monkeypatch)
    result = check.run(seed=1)
    assert result.status is Status.PASSED, result


@pytest.mark.slow
def test_passes_in_full():
    suite = run_suite(CHECKS, seed=7)
    assert suite.passed, [r for r in suite.results if r.status is not Status.PASSED]
