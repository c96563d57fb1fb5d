"""A fault that can be planted in the project, and the check that must see it."""

import dataclasses
from collections.abc import Callable
from typing import final

import pytest

import oqs


@final
@dataclasses.dataclass(frozen=True)
class Fault:
    """`plant(monkeypatch)` breaks something; `check` (its name) must then fail.

    `slow` where the check takes seconds and another fault of it is planted in the default run.
    """

    check: str
    label: str
    plant: Callable[[pytest.MonkeyPatch], None]
    slow: bool = False


def faults(plant, label, *checks, slow=False):
    """The same fault, seen by each of these checks."""
    return [Fault(check, label, plant, slow) for check in checks]


def wrapping(owner, name, change):
    """Plant: whatever the function `name` of a module or class returns goes through `change`."""

    def plant(monkeypatch):
        original = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *args, **kwargs: change(original(*args, **kwargs)))

    return plant


class ChangedLaw:
    """A flow law whose flows are changed on the way out."""

    def __init__(self, law, change):
        self._law, self._change = law, change

    def __getattr__(self, name):
        return getattr(self._law, name)

    def __call__(self, T, mu):
        flows = self._law(T, mu)
        return oqs.Flows.of(*self._change(flows), mu)
