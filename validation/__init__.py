"""What proves `oqs` and `thermo`: checks with a measured number, run by `python -m validation`.

A family of checks is a module in `validation.families`, listed there in ROOMS.
"""

from validation.framework.bounds import Bound, Relation, at_least, at_most, within
from validation.framework.check import Check, CheckResult, Measurement, Status, check
from validation.framework.suite import Suite, run_suite, select

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
