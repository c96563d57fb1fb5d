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

_FORMAT = "oqs-thermo sweep 1"

Values = Mapping[str, NDArray[Any]]


@final
class Outcome(NamedTuple):
    """What became of one point: its values, or the error that it raised."""

    values: Values | None
    error: str


@final
class Store:
    """Outcomes by point. A transaction each: what was written stays, what was not never half is.

    Parameters
    ----------
    path : file; made if missing.
    function : name of the function swept; a store of another one is refused.
    """

    def __init__(self, path: str | os.PathLike[str], function: str) -> None:
        self._path = os.fspath(path)
        try:
            self._connection = sqlite3.connect(self._path, timeout=60.0)
            self._prepare(function)
        except sqlite3.DatabaseError as error:
            raise ValueError(
                f"Argument `store` must be a file written by thermo.sweep, or not exist yet, but "
                f"{self._path!r} is not usable ({error}). Give another name."
            ) from error

    def _prepare(self, function: str) -> None:
        tables = {name for (name,) in self._connection.execute("SELECT name FROM sqlite_master")}
        if tables and "facts" not in tables:
            raise ValueError(
                f"Argument `store` must be a file written by thermo.sweep, or not exist yet, but "
                f"{self._path!r} is a database of something else. Give another name."
            )
        with self._connection as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value)")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS outcomes"
                " (point TEXT PRIMARY KEY, data BLOB, error TEXT)"
            )
            connection.execute("INSERT OR IGNORE INTO facts VALUES ('format', ?)", (_FORMAT,))
            connection.execute("INSERT OR IGNORE INTO facts VALUES ('function', ?)", (function,))
        facts = dict(self._connection.execute("SELECT name, value FROM facts"))
        if facts["format"] != _FORMAT:
            raise ValueError(
                f"Argument `store` must be a file written by this version of thermo.sweep, but "
                f"{self._path!r} has the format {facts['format']!r}. Give another name."
            )
        if facts["function"] != function:
            raise ValueError(
                f"Argument `store` must hold results of {function}, but {self._path!r} holds those "
                f"of {facts['function']}. Give another name."
            )

    def read(self) -> dict[str, Outcome]:
        """Return all outcomes by point."""
        rows = self._connection.execute("SELECT point, data, error FROM outcomes")
        return {point: Outcome(_unpacked(data), error) for point, data, error in rows}

    def write(self, point: str, outcome: Outcome) -> None:
        """Keep an outcome; it is on disk when this returns."""
        with self._connection as connection:
            connection.execute(
                "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?)",
                (point, _packed(outcome.values), outcome.error),
            )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


@contextlib.contextmanager
def open_store(path: str | os.PathLike[str] | None, function: str) -> Iterator[Store | None]:
    """Open a store for the time of a sweep, or none."""
    if path is None:
        yield None
        return
    store = Store(path, function)
    try:
        yield store
    finally:
        store.close()


def point_key(point: Mapping[str, Any]) -> str:
    """Return the text that identifies a point: floats by their shortest exact digits."""
    return json.dumps({name: _plain(value) for name, value in point.items()}, sort_keys=True)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _packed(values: Values | None) -> bytes | None:
    if values is None:
        return None
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **values)
    return buffer.getvalue()


def _unpacked(data: bytes | None) -> Values | None:
    if data is None:
        return None
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
