"""The families of checks, and the checks in them."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from types import ModuleType

from validation.framework.check import Check

ROOMS: Mapping[str, tuple[str, ...]] = {
    "open_system": (
        "system",
        "generator",
        "flows",
        "entropy",
        "clausius",
        "interacting",
        "degenerate",
        "bosonic",
        "close_levels",
        "counting",
        "response",
        "trust",
    ),
    "finite_reservoirs": (
        "reservoirs",
        "slow_evolution",
        "equilibrium",
        "coevolution",
        "heat_reservoirs",
        "small_reservoirs",
        "machines",
        "table_one",
        "paper_figures",
    ),
}
"""Folders of this package and their modules that define checks, in the order of the suite."""

FAMILIES: tuple[str, ...] = tuple(family for room in ROOMS.values() for family in room)


def load(families: Iterable[str] = FAMILIES) -> tuple[Check, ...]:
    """Import these modules of the package and return their checks, in order."""
    return collect(importlib.import_module(module_name(family)) for family in families)


def module_name(family: str) -> str:
    """Return the full name of the module that defines this family."""
    (room,) = (room for room, members in ROOMS.items() if family in members)
    return f"{__name__}.{room}.{family}"


def collect(modules: Iterable[ModuleType]) -> tuple[Check, ...]:
    """Return the checks that these modules define, in the order of definition.

    Raises ValueError if a module defines none, or two checks have the same name.
    """
    checks: dict[str, Check] = {}
    for module in modules:
        # a check imported from another family belongs to that one
        family = module.__name__.rpartition(".")[2]
        own = [c for c in vars(module).values() if isinstance(c, Check) and c.family == family]
        if not own:
            raise ValueError(
                f"Family `{family}` must define at least one check, but has none. "
                "Decorate its functions with @check, or take it off the list."
            )
        for check in own:
            if check.name in checks:
                raise ValueError(
                    f"Names of checks must be unique, but `{check.path}` and "
                    f"`{checks[check.name].path}` share one. Rename either."
                )
            checks[check.name] = check
    return tuple(checks.values())
