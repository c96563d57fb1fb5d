"""Where the results of a sweep are kept as they come: one SQLite file, safe against kill -9."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from thermo.sweep_identity import Identity

FORMAT = "oqs-thermo sweep 2"

Values = Mapping[str, NDArray[Any]]


@final
class Outcome(NamedTuple):
    """What became of one point: its values, or the error that it raised.

    Parameters
    ----------
    values : arrays by name, or None.
    error : text, empty where there are values.
    version : of the package that computed it.
    """

    values: Values | None
    error: str
    version: str = ""


@final
class Store:
    """Outcomes by point. A transaction each: what was written stays, what was not never half is.

    Several processes may write to one file at a time.

    Parameters
    ----------
    path : file; made if missing.
    identity : of the function swept; a store of another one is refused.
    """

    def __init__(self, path: str | os.PathLike[str], identity: Identity) -> None:
        # an absolute name: ":memory:" and "" mean something else to SQLite
        self._path = os.path.abspath(os.fsdecode(path))
        try:
            # transactions begin where this module says so
            self._connection = sqlite3.connect(self._path, timeout=60.0, isolation_level=None)
        except sqlite3.DatabaseError as error:
            raise self._unusable(error) from error
        try:
            self._prepare(identity)
        except BaseException as error:
            self._connection.close()
            if isinstance(error, sqlite3.DatabaseError):
                raise self._unusable(error) from error
            raise

    def _unusable(self, error: sqlite3.DatabaseError) -> ValueError:
        return ValueError(
            f"Argument `store` must be a file written by thermo.sweep, or not exist yet, but "
            f"{self._path!r} is not usable ({error}). Give another name."
        )

    def _prepare(self, identity: Identity) -> None:
        tables = {name for (name,) in self._connection.execute("SELECT name FROM sqlite_master")}
        if tables and "facts" not in tables:
            raise ValueError(
                f"Argument `store` must be a file written by thermo.sweep, or not exist yet, but "
                f"{self._path!r} is a database of something else. Give another name."
            )
        if not tables:
            self._create(identity)
        facts = dict(self._connection.execute("SELECT name, value FROM facts"))
        if facts.get("format") != FORMAT:
            raise ValueError(
                f"Argument `store` must be a file written by this version of thermo.sweep, but "
                f"{self._path!r} has the format {facts.get('format')!r}. Give another name."
            )
        self._compare(facts, identity)

    def _create(self, identity: Identity) -> None:
        """Write tables and facts at once; if another process was first, leave its own."""
        with self._transaction():
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT)"
            )
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS outcomes"
                " (point TEXT PRIMARY KEY, data BLOB, error TEXT, version TEXT)"
            )
            self._connection.executemany(
                "INSERT OR IGNORE INTO facts VALUES (?, ?)",
                [
                    ("format", FORMAT),
                    ("function", identity.function),
                    ("label", identity.label),
                    ("parameters", identity.parameters()),
                ],
            )

    def _compare(self, facts: Mapping[str, str], identity: Identity) -> None:
        """Raise ValueError, naming the first difference, if the results are not this function's."""
        theirs = {
            "the function": facts["function"],
            "the label": facts["label"],
            **json.loads(facts["parameters"]),
        }
        ours = {
            "the function": identity.function,
            "the label": identity.label,
            **identity.facts,
        }
        for what in [*ours, *theirs]:
            if ours.get(what) != theirs.get(what):
                raise ValueError(
                    f"Argument `store` must hold results of {identity.function} as it is now, but "
                    f"in {self._path!r} {what} is {theirs.get(what, 'absent')}, now "
                    f"{ours.get(what, 'absent')}. Give another name."
                )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """Write all or nothing, waiting for other writers to end."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield

    def read(self) -> dict[str, Outcome]:
        """Return all outcomes by point."""
        rows = self._connection.execute("SELECT point, data, error, version FROM outcomes")
        return {
            point: Outcome(_unpacked(data), error, version) for point, data, error, version in rows
        }

    def write(self, point: str, outcome: Outcome) -> None:
        """Keep an outcome; it is on disk when this returns. Values stay, errors are replaced."""
        with self._transaction():
            self._connection.execute(
                "INSERT INTO outcomes VALUES (?, ?, ?, ?) ON CONFLICT (point) DO UPDATE SET"
                " data = excluded.data, error = excluded.error, version = excluded.version"
                " WHERE outcomes.error != ''",
                (point, _packed(outcome.values), outcome.error, outcome.version),
            )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


@contextlib.contextmanager
def open_store(path: str | os.PathLike[str] | None, identity: Identity) -> Iterator[Store | None]:
    """Open a store for the time of a sweep, or none."""
    if path is None:
        yield None
        return
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(
            f"Argument `store` must be the name of a file, or None, but is {path!r}. "
            "Give a name such as 'map.db'."
        )
    store = Store(path, identity)
    try:
        yield store
    finally:
        store.close()


def point_key(point: Mapping[str, Any]) -> str:
    """Return the text that identifies a point: floats by their shortest exact digits."""
    return json.dumps(dict(point), sort_keys=True)


def _packed(values: Values | None) -> bytes | None:
    if values is None:
        return None
    buffer = io.BytesIO()
    # by position: a name such as "file" would be taken for an argument of savez.
    # evaluate() lets numbers and text pass only, so nothing is pickled
    np.savez(buffer, np.array(list(values), dtype=np.str_), *values.values())
    return buffer.getvalue()


def _unpacked(data: bytes | None) -> Values | None:
    if data is None:
        return None
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        names, *values = (arrays[f"arr_{index}"] for index in range(len(arrays.files)))
    return dict(zip(names.tolist(), values, strict=True))
