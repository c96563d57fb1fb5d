"""Every check fails when the fault it guards against is planted: a check that cannot fail is none.

A module of tests/faults holds a list FAULTS for the families it names in FAMILIES, each check of
which must have one. New families add a module there and its name to TABLES.
"""

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
CHECKS = {check.name: check for check in families.load()}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f.check}: {f.label}")
def test_the_check_sees_the_fault(monkeypatch, fault):
    few_samples(monkeypatch)
    fault.plant(monkeypatch)
    result = CHECKS[fault.check].run()
    assert result.status is Status.FAILED, result


@pytest.mark.parametrize(
    "name", sorted(c.name for table in TABLES for c in families.load(table.FAMILIES))
)
def test_every_check_has_a_fault(name):
    assert name in {fault.check for fault in FAULTS}


def test_every_fault_is_another():
    assert len({(fault.check, fault.label) for fault in FAULTS}) == len(FAULTS)
