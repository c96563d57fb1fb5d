"""The outcomes of a sweep as labelled arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from oqs.deferred import xr
from thermo.sweeps.identity import IDENTITY
from thermo.sweeps.outcome import Outcome, Values
from thermo.sweeps.store_file import FORMAT


@final
class Agreement:
    """Checks, as outcomes come, that all points return the same names and shapes.

    Parameters
    ----------
    axes : names of the grid's axes, which no value may have.
    """

    def __init__(self, axes: Mapping[str, object]) -> None:
        self._taken = {*axes, "error"}
        self._shapes: dict[str, tuple[int, ...]] | None = None

    def check(self, outcome: Outcome) -> None:
        """Raise ValueError at the first outcome that does not fit those before it."""
        if outcome.values is None:
            return
        shapes = {name: value.shape for name, value in sorted(outcome.values.items())}
        if clash := self._taken & shapes.keys():
            raise ValueError(
                f"Argument `function` must return names other than its arguments and 'error', but "
                f"returned {sorted(clash)}. Rename them."
            )
        if self._shapes is None:
            self._shapes = shapes
        if shapes != self._shapes:
            raise ValueError(
                f"Argument `function` must return the same names and shapes at every point, but "
                f"returned {self._shapes} at one and {shapes} at another. Pad with NaN, or return "
                "what has one shape."
            )


def labelled(
    axes: Mapping[str, list[Any]], outcomes: list[Outcome], attributes: Mapping[str, str]
) -> xr.Dataset:
    """Return the outcomes, in the order of the grid, with the axes as dimensions."""
    shape = tuple(len(values) for values in axes.values())
    errors = np.array([o.error for o in outcomes], dtype=np.str_).reshape(shape)
    variables: dict[str, Any] = {
        "error": (tuple(axes), errors, {"long_name": "why a point failed; empty where it did not"})
    }
    good = [o.values for o in outcomes if o.values is not None]
    for name in good[0] if good else ():
        stacked = _stacked(name, outcomes, good)
        inner = tuple(f"{name}_{axis}" for axis in range(stacked.ndim - 1))
        variables[name] = ((*axes, *inner), stacked.reshape(*shape, *stacked.shape[1:]))
    return xr.Dataset(variables, {name: list(values) for name, values in axes.items()}, attributes)


def attributes_of(swept: Mapping[str, str], outcomes: Iterable[Outcome]) -> dict[str, str]:
    """Return what a table says of its origin: what was swept, and by which versions."""
    versions = sorted({outcome.version for outcome in outcomes})
    return {
        **{name: swept[name] for name in IDENTITY},
        "version": ", ".join(versions),
        "store_format": FORMAT,
    }


def _stacked(name: str, outcomes: list[Outcome], good: list[Values]) -> NDArray[Any]:
    """Return the values of all points, (points, ...), missing ones where a point failed."""
    kind = np.result_type(*(values[name] for values in good))
    if len(good) == len(outcomes):
        return np.array([values[name] for values in good], dtype=kind)
    if kind.kind in "biu":
        kind = np.dtype(np.float64)  # room for NaN
    missing = np.full(good[0][name].shape, "" if kind.kind == "U" else np.nan, dtype=kind)
    return np.array([missing if o.values is None else o.values[name] for o in outcomes], dtype=kind)
