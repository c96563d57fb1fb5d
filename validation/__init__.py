"""What proves `oqs` and `thermo`: checks with a measured number, run by `python -m validation`.

A family of checks is a module of this package, listed in `validation.families.FAMILIES`.
"""

from validation.bounds import Bound, Relation, at_least, at_most, within
from validation.check import Check, CheckResult, Measurement, Status, check
from validation.suite import Suite, run_suite, select

__all__ = [
    "Bound",
    "Check",
    "CheckResult",
    "Measurement",
    "Relation",
    "Status",
    "Suite",
    "at_least",
    "at_most",
    "check",
    "run_suite",
    "select",
    "within",
]
