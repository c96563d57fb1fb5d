"""Where the results of a sweep are kept as they come: one SQLite file, safe against kill -9."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from typing import final

from thermo.sweeps.identity import Identity
from thermo.sweeps.outcome import Outcome, digest, packed, unpacked

FORMAT = "oqs-thermo sweep 4"

_COLUMNS = "point, data, error, version"


@final
class StoreError(RuntimeError):
    """A store cannot be written to, as on a full disk; the message says what to do."""


@final
class DamagedStore(ValueError):
    """A store holds other bytes than were written to it; the message says what to do."""


@final
class Store:
    """Outcomes by point. A transaction each: what was written stays, what was not never half is.

    Several processes may write to one file at a time. Every outcome is kept with a digest of all
    that is known of it, so that none is read as anything else than was written.

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
        with self._damage_told():
            tables = {n for (n,) in self._connection.execute("SELECT name FROM sqlite_master")}
        if tables and "facts" not in tables:
            raise ValueError(
                f"Argument `store` must be a file written by thermo.sweep, or not exist yet, but "
                f"{self._path!r} is a database of something else. Give another name."
            )
        if not tables:
            if os.path.getsize(self._path) > 0:
                raise self._damaged("it holds no tables")
            with self._failure_told():
                self._create(identity)
        with self._damage_told():
            facts = dict(self._connection.execute("SELECT name, value FROM facts"))
        if facts.get("format") != FORMAT:
            raise ValueError(
                f"Argument `store` must be a file written by this version of thermo.sweep, but "
                f"{self._path!r} has the format {facts.get('format')!r}. Give another name."
            )
        if facts.get("digest") != _digest_of_facts(facts):
            raise self._damaged("what it says of its function is not what was written")
        self._compare(facts, identity)

    def _damaged(self, what: object) -> DamagedStore:
        return DamagedStore(
            f"Argument `store` must hold what was written to it, but {self._path!r} is damaged "
            f"({what}). Move it away, or give another name, and compute anew."
        )

    @contextlib.contextmanager
    def _damage_told(self) -> Iterator[None]:
        """Raise what goes wrong in reading as an error that names the file and the remedy."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise self._failed(error) from error
            raise self._damaged(error) from error
        except (sqlite3.DatabaseError, UnicodeDecodeError, TypeError, OverflowError) as error:
            if "file is not a database" in str(error):
                raise
            raise self._damaged(error) from error

    @contextlib.contextmanager
    def _failure_told(self) -> Iterator[None]:
        """Raise what goes wrong in writing as an error that names the file and the remedy."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise self._failed(error) from error
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error

    def _failed(self, error: sqlite3.OperationalError) -> StoreError:
        return StoreError(
            f"The store {self._path!r} cannot be used now ({error}). What is in it is kept: when "
            "this is mended (room made on the disk, say), the same call computes only what is "
            "missing."
        )

    def _create(self, identity: Identity) -> None:
        """Write tables and facts at once; if another process was first, leave its own."""
        facts = {
            "format": FORMAT,
            "function": identity.function,
            "label": identity.label,
            "parameters": identity.parameters(),
        }
        with self._transaction():
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT)"
            )
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS outcomes"
                " (point TEXT PRIMARY KEY, data BLOB, error TEXT, version TEXT, digest TEXT)"
            )
            self._connection.executemany(
                "INSERT OR IGNORE INTO facts VALUES (?, ?)",
                [*facts.items(), ("digest", _digest_of_facts(facts))],
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
        """Return all outcomes by point.

        Raises DamagedStore if the file, or one of the outcomes, is not what was written.
        """
        with self._damage_told():
            # rows whose page is not found would be missed without a word
            (said,) = self._connection.execute("PRAGMA integrity_check(1)").fetchone()
            if said != "ok":
                raise self._damaged(said)
            rows = self._connection.execute(f"SELECT {_COLUMNS}, digest FROM outcomes").fetchall()
        for *row, kept in rows:
            if kept != digest(row):
                raise self._damaged(f"the outcome of {row[0]!r} is not what was written")
        return {
            point: Outcome(unpacked(data), error, version)
            for point, data, error, version, _ in rows
        }

    def write(self, point: str, outcome: Outcome) -> None:
        """Keep an outcome; it is on disk when this returns. Values stay, errors are replaced.

        Raises StoreError if the disk is full, or the file cannot be written for another reason.
        """
        row = (point, packed(outcome.values), outcome.error, outcome.version)
        with self._failure_told(), self._transaction():
            self._connection.execute(
                f"INSERT INTO outcomes ({_COLUMNS}, digest) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (point) DO UPDATE SET data = excluded.data, error = excluded.error,"
                " version = excluded.version, digest = excluded.digest WHERE outcomes.error != ''",
                (*row, digest(row)),
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


def _digest_of_facts(facts: Mapping[str, str]) -> str:
    return digest(facts.get(name) for name in ("format", "function", "label", "parameters"))
