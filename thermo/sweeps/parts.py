"""A sweep in parts, each by a process of its own, independent of the others."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, final

from oqs.deferred import xr
from oqs.exports import exported
from thermo.sweeps.dataset import Agreement, attributes_of, labelled
from thermo.sweeps.identity import IDENTITY
from thermo.sweeps.outcome import Outcome, point_key, points_of
from thermo.sweeps.store_file import Contents, read_store


@final
class Part(NamedTuple):
    """Part i of n: the points i, i + n, i + 2 n, ... of a grid.

    Neighbouring points often take as long as each other, so all parts take about as long.
    """

    place: int
    among: int

    def __str__(self) -> str:
        return f"{self.place}/{self.among}"

    def points(self, total: int) -> range:
        """Return the indices of its points among `total`."""
        return range(self.place, total, self.among)

    def outcome(self) -> Outcome:
        """Return what stands in the table for a point of another part."""
        return Outcome(None, f"not computed: it is not in part {self}")


def checked_part(part: object, total: int, argument: str = "part") -> Part:
    """Return (index, count) as a Part, None as the whole; raise unless it is one of `total` points.

    Raises TypeError or ValueError, which call it by the name of the argument.
    """
    if part is None:
        return Part(0, 1)
    remedy = "Give (i, n) with 0 <= i < n, such as (0, 10) for the first of ten."
    if (
        not isinstance(part, tuple)
        or len(part) != 2
        or any(isinstance(x, bool) or not isinstance(x, int) for x in part)
    ):
        raise TypeError(f"Argument `part` must be two whole numbers, but is {part!r}. {remedy}")
    index, count = part
    if not 0 <= index < count:
        raise ValueError(f"Argument `part` must be (i, n), 0 <= i < n, but is {part!r}. {remedy}")
    if count > total:
        raise ValueError(
            f"Argument `{argument}` must be one of at most {total} parts, as many as the grid has "
            f"points, but is {Part(index, count)}. Give fewer parts."
        )
    return Part(index, count)


def plan(axes: Mapping[str, list[Any]], part: Part) -> str:
    """Return what a store keeps of a part and its grid, as JSON."""
    return json.dumps({"axes": axes, "index": part.place, "count": part.among})


@exported
def merge(stores: Iterable[str | os.PathLike[str]]) -> xr.Dataset:
    """Return the table of a sweep whose parts were computed into stores of their own.

    Parameters
    ----------
    stores : the files, one for each part, in any order: thermo.sweep(..., store=file, part=(i, n)).

    Returns
    -------
    xarray.Dataset
        the same as of one sweep over the whole grid.

    Raises
    ------
    TypeError, ValueError
        if a file is missing, no store, or of a sweep without `part`; if two are of different
        functions, parameters, grids or numbers of parts; if a part is missing, there twice, or not
        finished, each by its name.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> def square(a):
    ...     return a**2
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = [pathlib.Path(folder, f"part-{i}.db") for i in range(2)]
    ...     for i, file in enumerate(files):
    ...         _ = thermo.sweep(square, {"a": [1, 2, 3, 4]}, store=file, part=(i, 2))
    ...     table = thermo.merge(files)
    >>> table["value"].values
    array([ 1,  4,  9, 16])
    """
    if isinstance(stores, (str, os.PathLike)) or not isinstance(stores, Iterable):
        raise TypeError(
            f"Argument `stores` must be several files, but is {stores!r}. "
            "Give a list, such as sorted(pathlib.Path('out').glob('part-*.db'))."
        )
    return merged(stores, "stores")


def merged(stores: Iterable[str | os.PathLike[str]], argument: str) -> xr.Dataset:
    """Return the table of these stores; errors call them by the name of the argument."""
    parts = _by_part([read_store(store, argument) for store in stores], argument)
    axes = json.loads(parts[0].facts["plan"])["axes"]
    agreement = Agreement(axes)
    keys = [point_key(point) for point in points_of(axes)]
    for part, contents in enumerate(parts):
        _check_finished(contents, Part(part, len(parts)), keys, argument)
    outcomes = [parts[place % len(parts)].outcomes[key] for place, key in enumerate(keys)]
    for outcome in outcomes:
        agreement.check(outcome)
    return labelled(axes, outcomes, attributes_of(parts[0].facts, outcomes))


def _by_part(stores: list[Contents], argument: str) -> list[Contents]:
    """Return the stores in the order of their parts, after all checks."""
    if not stores:
        raise ValueError(
            f"Argument `{argument}` must name all parts, but is empty. Give one store a part."
        )
    plans = [json.loads(store.facts["plan"] or "{}") for store in stores]
    parts: dict[int, Contents] = {}
    for store, plan_of_it in zip(stores, plans, strict=True):
        if not plan_of_it:
            raise ValueError(
                f"Argument `{argument}` must be of sweeps with `part`, but {store.path!r} is of a "
                "whole grid. The sweep that wrote it returns its table."
            )
        _check_alike(stores[0], store, argument)
        index, count = plan_of_it["index"], plan_of_it["count"]
        if index in parts:
            raise ValueError(
                f"Argument `{argument}` must hold each part once, but part {index}/{count} is "
                f"there twice, in {parts[index].path!r} and {store.path!r}. Leave one out."
            )
        parts[index] = store
    missing = [index for index in range(count) if index not in parts]
    if missing:
        raise ValueError(
            f"Argument `{argument}` must hold all {count} parts, but lacks "
            f"{', '.join(f'part {index}/{count}' for index in missing)}. Run what is missing, or "
            "name it too."
        )
    return [parts[index] for index in range(count)]


def _check_alike(first: Contents, other: Contents, argument: str) -> None:
    """Raise ValueError unless two stores are of one sweep."""
    ours, theirs = json.loads(first.facts["plan"] or "{}"), json.loads(other.facts["plan"])
    for what, a, b in (
        *((name, first.facts[name], other.facts[name]) for name in IDENTITY),
        ("grid", ours.get("axes"), theirs["axes"]),
        ("number of parts", ours.get("count"), theirs["count"]),
    ):
        if a != b:
            raise ValueError(
                f"Argument `{argument}` must be of one sweep, but {first.path!r} and "
                f"{other.path!r} differ in their {what}. Leave one out."
            )


def _check_finished(contents: Contents, part: Part, keys: list[str], argument: str) -> None:
    own = [keys[place] for place in part.points(len(keys))]
    done = sum(key in contents.outcomes for key in own)
    if done < len(own):
        raise ValueError(
            f"Argument `{argument}` must hold finished parts, but {contents.path!r} holds {done} "
            f"of the {len(own)} points of part {part}. Run it again: it goes on where it ended."
        )
