"""The scenarios that come with the package: the paper's figures and worked examples."""

from __future__ import annotations

import os
import pathlib
from typing import Final

from thermo.scenario.schema.place import Place
from thermo.scenario.schema.table import unknown

_FOLDER: Final = pathlib.Path(__file__).parent / "shipped"


def examples() -> tuple[str, ...]:
    """Return the names of the shipped scenarios, in alphabetical order."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def is_example(name: str | os.PathLike[str]) -> bool:
    """Return whether a shipped scenario has this name."""
    return os.fspath(name) in examples()


def example(name: str) -> pathlib.Path:
    """Return the file of a shipped scenario; ScenarioError, with the nearest name, for no such."""
    if name not in examples():
        raise unknown(Place("shipped", name), name, examples())
    return _FOLDER / f"{name}.toml"
