"""A package whose public names are imported where they are first asked for, as by lazy_loader.

The stub `__init__.pyi` beside a package's `__init__.py` says once where each of its names is
defined: to type checkers, and to `lazy`. This is how scientific Python does it (SPEC 1).
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import pathlib
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

_Thing = TypeVar("_Thing", bound=Callable[..., Any])

IMPORTING: Final = threading.RLock()
"""Held while a name is looked up: threads that import modules which import each other deadlock."""


def exported(thing: _Thing) -> _Thing:
    """Return the class or function as one of its top package: decorates every public name.

    Pickles and stores then name the package, and outlive a move to another room.
    """
    thing.__module__ = thing.__module__.partition(".")[0]
    return thing


def lazy(
    package: str, init: str
) -> tuple[Callable[[str], Any], Callable[[], list[str]], tuple[str, ...]]:
    """Return `__getattr__`, `__dir__` and `__all__` of a package.

    `package`, `init`: its `__name__` and `__file__`.
    """
    homes = _homes(pathlib.Path(init).with_suffix(".pyi"))
    names = tuple(sorted(name for name in homes if not name.startswith("__")))

    def find(name: str) -> Any:
        if name in homes:
            with IMPORTING:
                value = getattr(importlib.import_module(homes[name]), name)
            setattr(sys.modules[package], name, value)  # the next time it is there
            return value
        room = f"{package}.{name}"
        hidden = name.startswith("_") or not name.isidentifier()
        if hidden or importlib.util.find_spec(room) is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        with IMPORTING:
            return importlib.import_module(room)

    return find, lambda: sorted(homes), names


def _homes(stub: pathlib.Path) -> Mapping[str, str]:
    """Return {name: the module that defines it}, as the stub says."""
    return {
        alias.name: str(line.module)
        for line in ast.parse(stub.read_text(encoding="utf-8")).body
        if isinstance(line, ast.ImportFrom)
        for alias in line.names
    }
