"""Every check fails when the fault it guards against is planted: a check that cannot fail is none.

A module of tests/faults holds a list FAULTS for the families it names in FAMILIES, each check of
which must have one. New families add a module there and its name to TABLES. A fault is planted once
for all the checks that must see it: they share their samples.
"""

import itertools

import pytest
from faults import (
    bosonic,
    close_levels,
    fluctuations,
    heat,
    interacting,
    machines,
    open_system,
    response,
    slow_scale,
    small_reservoirs,
    trust,
)
from few_samples import few_samples

from validation import Status, families

TABLES = (
    open_system,
    interacting,
    bosonic,
    close_levels,
    fluctuations,
    response,
    trust,
    slow_scale,
    small_reservoirs,
    machines,
    heat,
)
FAULTS = [fault for table in TABLES for fault in table.FAULTS]
PLANTED = [
    list(group)
    for _, group in itertools.groupby(FAULTS, key=lambda fault: (fault.plant, fault.label))
]
CHECKS = {check.name: check for check in families.load()}


@pytest.mark.parametrize(
    "planted",
    [pytest.param(p, marks=pytest.mark.slow) if p[0].slow else p for p in PLANTED],
    ids=lambda planted: f"{planted[0].label}: {', '.join(fault.check for fault in planted)}",
)
def test_the_checks_see_the_fault(monkeypatch, planted):
    few_samples(monkeypatch)
    planted[0].plant(monkeypatch)
    for fault in planted:
        result = CHECKS[fault.check].run()
        assert result.status is Status.FAILED, result


@pytest.mark.parametrize(
    "name", sorted(c.name for table in TABLES for c in families.load(table.FAMILIES))
)
def test_every_check_has_a_fault(name):
    assert name in {fault.check for fault in FAULTS}


def test_every_fault_is_another():
    assert len({(fault.check, fault.label) for fault in FAULTS}) == len(FAULTS)
