"""A function over a labelled grid, resumable: thermo.sweep."""

from __future__ import annotations

import concurrent.futures
import contextlib
import inspect
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import positive_number, true_or_false
from oqs.deferred import xr
from oqs.exports import exported
from oqs.version import __version__
from thermo.progress import ProgressBar
from thermo.sweeps.dataset import Agreement, attributes_of, labelled
from thermo.sweeps.executors import Cluster, check_executor, evaluated
from thermo.sweeps.identity import identify
from thermo.sweeps.outcome import point_key, points_of
from thermo.sweeps.parts import checked_part, plan
from thermo.sweeps.store import open_store


@exported
def sweep(
    function: Callable[..., object],
    grid: Mapping[str, ArrayLike],
    *,
    store: str | os.PathLike[str] | None = None,
    label: str | None = None,
    executor: int | concurrent.futures.Executor | Cluster | None = None,
    timeout: float | None = None,
    retry: bool = False,
    part: tuple[int, int] | None = None,
    progress: bool | None = None,
) -> xr.Dataset:
    """Evaluate function(**point) at every point of a grid and return labelled arrays.

    Parameters
    ----------
    function : takes one value of each axis by name; returns a number, or a mapping of names to
        numbers, texts or arrays of one shape throughout. For processes it must be importable
        (defined at the top of a module or script, not a lambda); Dask takes any.
    grid : {axis: values (m,)}; the points are all combinations.
    store : file that keeps each result as it comes. A later call with the same function and file,
        after whatever end, computes only the points that are not in it. The file knows the
        function by its name and the values bound to it (functools.partial, fields of a callable
        object, closures, defaults). Its code is not compared: if you change it, change `label`.
    label : your word for the version of the function; a lambda needs one. It also stands for bound
        objects that are no plain data.
    executor : None: in this process. A number: that many local processes. Any
        concurrent.futures.Executor, or a dask.distributed.Client.
    timeout : seconds that a point may take, with a number of processes as `executor`. One that
        takes longer is ended and recorded as TimeoutError. None waits for ever.
    retry : compute again the points whose error is in the store.
    part : (i, n) with 0 <= i < n: only every n-th point, from point i on, as one of n processes
        that know nothing of each other, such as the tasks of a job array; each with a store of its
        own. `thermo.merge` makes one table of the stores; here the points of other parts say so in
        `error`. None is the whole.
    progress : show a bar; None does so on a terminal once the sweep takes over a second.

    Returns
    -------
    xarray.Dataset
        a variable for every name returned ("value" for a bare number) with the axes as dimensions,
        and `error`, text that is empty where the point succeeded. Failed points hold NaN. Arrays
        get further dimensions, called <name>_0, <name>_1. The attributes name the function, its
        label and parameters, and the versions of this package that computed the points.

    Raises
    ------
    TypeError, ValueError
        before anything is computed, for an empty or two-dimensional axis, a function without these
        arguments or that cannot be sent to the executor, a store of another function or of other
        parameters; as it is seen, for names or shapes that differ from point to point. Errors of
        the function itself are recorded, sys.exit among them, and with a number of processes also
        the death of the process that computed a point.
    RuntimeError
        if the executor stops; what was finished is in the store.

    Examples
    --------
    >>> def power(V, w):
    ...     law = oqs.closed_form(
    ...         oqs.QuadraticSystem.from_energies([w]), [oqs.Contact(oqs.flat(0.01))] * 2
    ...     )
    ...     return thermo.device(law([1.0, 2.0], [V, 0.0]), [1.0, 2.0], [V, 0.0]).power
    >>> table = thermo.sweep(power, {"V": [0.2, 0.4], "w": [1.5, 2.5, 3.5]})
    >>> table["value"].dims, table["value"].shape
    (('V', 'w'), (2, 3))
    >>> (1e4 * table["value"].sel(V=0.4).values).round(3)
    array([1.422, 2.272, 2.099])
    """
    axes = _axes(grid)
    true_or_false("retry", retry, "True computes again what ended in an error.")
    points = points_of(axes)
    mine = checked_part(part, len(points))
    _check_call(function, points[0])
    if timeout is not None:
        positive_number("timeout", timeout, "It is the time of one point in seconds. Or None.")
    check_executor(executor, function, timeout)
    identity = identify(function, label, stored=store is not None)
    keys = [point_key(point) for point in points]
    agreement = Agreement(axes)
    with (
        open_store(store, identity, "" if part is None else plan(axes, mine)) as kept,
        ProgressBar(f"sweeping {len(mine.points(len(points)))} points", progress) as bar,
    ):
        finished = {} if kept is None else kept.read()
        outcomes = {
            k: finished[k] for k in keys if k in finished and not (retry and finished[k].error)
        }
        for outcome in outcomes.values():
            agreement.check(outcome)
        own = mine.points(len(points))
        wanted = [i for i in own if keys[i] not in outcomes]
        with contextlib.closing(evaluated(function, points, wanted, executor, timeout)) as coming:
            for index, outcome in coming:
                agreement.check(outcome)
                outcome = outcome._replace(version=__version__)
                outcomes[keys[index]] = outcome
                if kept is not None:
                    kept.write(keys[index], outcome)
                bar.update(len(outcomes) / len(own))
    results = [outcomes.get(key, mine.outcome()) for key in keys]
    return labelled(axes, results, attributes_of(identity.texts(), outcomes.values()))


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


def _check_call(function: Callable[..., object], point: Mapping[str, Any]) -> None:
    if not callable(function):
        raise TypeError(
            f"Argument `function` must be callable, but is {function!r}. Give a function of the "
            "axes of the grid."
        )
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some compiled functions have none
        return
    try:
        signature.bind(**point)
    except TypeError as error:
        raise TypeError(
            f"Argument `function` must take the axes of the grid, {list(point)}, by name, but "
            f"{error}. Rename the axes, or fix other arguments with functools.partial."
        ) from error
