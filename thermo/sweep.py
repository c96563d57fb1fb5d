"""A function over a labelled grid: in this process, on local processes, or on a cluster."""

from __future__ import annotations

import concurrent.futures
import contextlib
import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from thermo.progress import ProgressBar
from thermo.sweep_store import Outcome, open_store, point_key

_IN_FLIGHT = 256  # points handed to an executor and not yet back: bounds memory and loss


@runtime_checkable
class Cluster(Protocol):
    """What gives an executor: dask.distributed.Client."""

    def get_executor(self) -> concurrent.futures.Executor:
        """Return an executor of the concurrent.futures kind."""
        ...


def sweep(
    function: Callable[..., object],
    grid: Mapping[str, ArrayLike],
    *,
    store: str | os.PathLike[str] | None = None,
    executor: int | concurrent.futures.Executor | Cluster | None = None,
    retry: bool = False,
    progress: bool | None = None,
) -> xr.Dataset:
    """Evaluate function(**point) at every point of a grid and return labelled arrays.

    Parameters
    ----------
    function : takes one value of each axis by name; returns a number, or a mapping of names to
        numbers or arrays of one shape throughout. For processes and clusters it must be importable
        (defined in a module or script, not in a lambda).
    grid : {axis: values (m,)}; the points are all combinations.
    store : file that keeps each result as it comes. A later call with the same function and file,
        after whatever end, computes only the points that are not in it.
    executor : None: in this process. A number: that many local processes. Any
        concurrent.futures.Executor, or a dask.distributed.Client.
    retry : compute again the points whose error is in the store.
    progress : show a bar; None does so on a terminal once the sweep takes over a second.

    Returns
    -------
    xarray.Dataset
        a variable for every name returned ("value" for a bare number) with the axes as dimensions,
        and `error`, text that is empty where the point succeeded. Failed points hold NaN. Arrays
        get further dimensions, called <name>_0, <name>_1.

    Raises
    ------
    TypeError, ValueError
        for an empty or two-dimensional axis, a store of another function, results whose names or
        shapes differ from point to point. Errors of the function itself are recorded.
    """
    axes = _axes(grid)
    points = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    if not callable(function):
        raise TypeError(f"Argument `function` must be callable, but is {function!r}.")
    keys = [point_key(point) for point in points]
    with (
        open_store(store, _name(function)) as kept,
        ProgressBar(f"sweeping {len(points)} points", progress) as bar,
    ):
        outcomes = {} if kept is None else kept.read()
        if retry:
            outcomes = {key: o for key, o in outcomes.items() if not o.error}
        wanted = [i for i, key in enumerate(keys) if key not in outcomes]
        done = len(points) - len(wanted)
        for index, outcome in _evaluated(function, points, wanted, executor):
            outcomes[keys[index]] = outcome
            if kept is not None:
                kept.write(keys[index], outcome)
            done += 1
            bar.update(done / len(points))
    return _dataset(axes, [outcomes[key] for key in keys])


def _axes(grid: Mapping[str, ArrayLike]) -> dict[str, list[Any]]:
    remedy = "Give {name: values}, such as {'mu': np.linspace(16, 20, 5)}."
    if not isinstance(grid, Mapping) or not grid:
        raise TypeError(
            f"Argument `grid` must be a mapping with at least one axis, but is {grid!r}. {remedy}"
        )
    axes = {}
    for name, values in grid.items():
        array = np.asarray(values)
        if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "biufU":
            raise ValueError(
                f"Argument `grid` must hold numbers or names of shape (m,) for each axis, but "
                f"axis {name!r} has shape {array.shape} and type {array.dtype}. {remedy}"
            )
        if len(np.unique(array)) != array.size:
            raise ValueError(
                f"Argument `grid` must hold each value of an axis once, but axis {name!r} repeats "
                f"some. {remedy}"
            )
        axes[str(name)] = array.tolist()
    return axes


def _name(function: Callable[..., object]) -> str:
    kind = type(function)
    return (
        f"{getattr(function, '__module__', kind.__module__)}."
        f"{getattr(function, '__qualname__', kind.__qualname__)}"
    )


def evaluate(function: Callable[..., object], point: Mapping[str, Any]) -> Outcome:
    """Return what became of one point: on a cluster this runs on the workers."""
    try:
        returned = function(**point)
        named = returned if isinstance(returned, Mapping) else {"value": returned}
        values = {str(name): np.asarray(value) for name, value in named.items()}
        for name, value in values.items():
            if value.dtype.kind not in "biufcU":
                raise TypeError(f"{name!r} is {type(named[name]).__name__}, not numbers or text")
    except Exception as error:  # the point failed; the sweep goes on and says so
        return Outcome(None, f"{type(error).__name__}: {error}")
    return Outcome(values, "")


def _evaluated(
    function: Callable[..., object],
    points: list[dict[str, Any]],
    wanted: list[int],
    executor: int | concurrent.futures.Executor | Cluster | None,
) -> Iterator[tuple[int, Outcome]]:
    """Yield outcomes as they come."""
    if executor is None:
        for index in wanted:
            yield index, evaluate(function, points[index])
        return
    with _pool(executor) as pool:
        waiting = iter(wanted)
        flying: dict[concurrent.futures.Future[Outcome], int] = {}
        try:
            while True:
                for index in itertools.islice(waiting, _IN_FLIGHT - len(flying)):
                    flying[pool.submit(evaluate, function, points[index])] = index
                if not flying:
                    return
                ready, _ = concurrent.futures.wait(
                    flying, return_when=concurrent.futures.FIRST_COMPLETED
                )
                for future in ready:
                    yield flying.pop(future), _outcome(future)
        finally:  # Ctrl-C, or an error: what has not begun is not begun
            for future in flying:
                future.cancel()


def _outcome(future: concurrent.futures.Future[Outcome]) -> Outcome:
    """Return a future's outcome; a worker that died is the point's error, not the sweep's."""
    error = future.exception()
    if isinstance(error, concurrent.futures.BrokenExecutor):
        raise error  # the whole pool is gone: resume from the store
    return future.result() if error is None else Outcome(None, f"{type(error).__name__}: {error}")


@contextlib.contextmanager
def _pool(
    executor: int | concurrent.futures.Executor | Cluster,
) -> Iterator[concurrent.futures.Executor]:
    if isinstance(executor, int) and not isinstance(executor, bool):
        if executor < 1:
            raise ValueError(
                f"Argument `executor` must be at least one process, but is {executor}. "
                "Give None to compute in this process."
            )
        with concurrent.futures.ProcessPoolExecutor(executor) as pool:
            yield pool
    elif isinstance(executor, concurrent.futures.Executor):
        yield executor
    elif isinstance(executor, Cluster):
        yield executor.get_executor()
    else:
        raise TypeError(
            f"Argument `executor` must be None, a number of processes, an Executor or a "
            f"dask.distributed.Client, but is {executor!r}."
        )


def _dataset(axes: dict[str, list[Any]], outcomes: list[Outcome]) -> xr.Dataset:
    shape = tuple(len(values) for values in axes.values())
    errors = np.array([o.error for o in outcomes], dtype=object).reshape(shape)
    variables: dict[str, Any] = {
        "error": (tuple(axes), errors, {"long_name": "why a point failed; empty where it did not"})
    }
    names = next((tuple(o.values) for o in outcomes if o.values is not None), ())
    for name in names:
        stacked = _stacked(name, outcomes, names).reshape(*shape, *_shape(name, outcomes))
        inner = tuple(f"{name}_{axis}" for axis in range(stacked.ndim - len(shape)))
        variables[name] = ((*axes, *inner), stacked)
    return xr.Dataset(variables, {name: list(values) for name, values in axes.items()})


def _shape(name: str, outcomes: list[Outcome]) -> tuple[int, ...]:
    return next(o.values[name].shape for o in outcomes if o.values is not None)


def _stacked(name: str, outcomes: list[Outcome], names: tuple[str, ...]) -> NDArray[Any]:
    """Return the values of all points, missing ones where a point failed."""
    shape = _shape(name, outcomes)
    good = [o.values for o in outcomes if o.values is not None]
    for values in good:
        if tuple(values) != names or values[name].shape != shape:
            raise ValueError(
                f"Argument `function` must return the same names and shapes at every point, but "
                f"returned {name!r} with shape {shape} at one and "
                f"{ {n: v.shape for n, v in values.items()} } at another."
            )
    kind = np.result_type(*(values[name] for values in good))
    if len(good) < len(outcomes) and kind.kind in "biu":
        kind = np.dtype(np.float64)  # room for NaN
    missing = np.full(shape, "" if kind.kind == "U" else np.nan, dtype=kind)
    return np.array([missing if o.values is None else o.values[name] for o in outcomes], dtype=kind)
