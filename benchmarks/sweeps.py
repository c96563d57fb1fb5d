"""A point of a sweep that costs nothing itself: what the table and the store take."""

from __future__ import annotations

import pathlib
import tempfile

from timing import Task, Timing, best

import thermo


def product(a: int, b: int) -> int:
    return a * b


def stored(points: int) -> Timing:
    """Return seconds a point into a store, and of the same sweep that keeps none."""
    grid = {"a": list(range(points // 100)), "b": list(range(100))}

    def into_a_store() -> None:
        with tempfile.TemporaryDirectory() as folder:
            thermo.sweep(product, grid, store=pathlib.Path(folder, "points.db"), progress=False)

    ours = best(into_a_store) / points
    return Timing(ours, best(lambda: thermo.sweep(product, grid, progress=False)) / points)


TASKS = {
    "stored": Task("a stored point of a sweep, by points", (1000, 10_000), stored, "kept nowhere"),
}
