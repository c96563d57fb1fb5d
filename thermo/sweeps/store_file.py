"""The SQLite file of a sweep's store: its facts and outcomes, and what may be wrong with it."""

from __future__ import annotations

import contextlib
import os
import pathlib
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, final

from thermo.sweeps.outcome import Outcome, digest, unpacked

FORMAT: Final = "oqs-thermo sweep 5"
COLUMNS: Final = "point, data, error, version"
_FACTS: Final = ("format", "function", "label", "parameters", "plan")


@final
class StoreError(RuntimeError):
    """A store cannot be written to, as on a full disk; the message says what to do."""


@final
class DamagedStore(ValueError):
    """A store holds other bytes than were written to it; the message says what to do."""


@final
class Contents(NamedTuple):
    """What a store holds."""

    path: str  # of its file
    # what was swept: format, function, label, parameters, plan, each as text
    facts: Mapping[str, str]
    outcomes: Mapping[str, Outcome]  # by point


@final
class StoreFile:
    """A connection to a store, and the errors that name its file.

    Parameters
    ----------
    path : of the file; with `create` it is made if missing.
    argument : what messages call it.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, create: bool, argument: str = "store"
    ) -> None:
        # an absolute name: ":memory:" and "" mean something else to SQLite
        self.path = os.path.abspath(os.fsdecode(path))
        self._argument = argument
        self._or_new = ", or not exist yet" if create else ""
        if not create and not os.path.isfile(self.path):
            raise ValueError(
                f"Argument `{argument}` must be files written by thermo.sweep, but {self.path!r} "
                "is no file. Was that part run, and its store named so?"
            )
        address = pathlib.Path(self.path).as_uri() + ("" if create else "?mode=ro")
        try:
            # transactions begin where a store says so, from whichever thread it does
            self.connection = sqlite3.connect(
                address, timeout=60.0, isolation_level=None, check_same_thread=False, uri=True
            )
        except sqlite3.DatabaseError as error:
            raise self._unusable(error) from error

    @contextlib.contextmanager
    def opening(self) -> Iterator[None]:
        """Close the connection where the file turns out to be none of a store."""
        try:
            yield
        except BaseException as error:
            self.connection.close()
            if isinstance(error, sqlite3.DatabaseError):
                raise self._unusable(error) from error
            raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Raise what goes wrong in reading as an error that names the file and the remedy."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise self._failed(error) from error
            raise self.damaged(error) from error
        except (sqlite3.DatabaseError, UnicodeDecodeError, TypeError, OverflowError) as error:
            if "file is not a database" in str(error):
                raise
            raise self.damaged(error) from error

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Write all or nothing, waiting for other writers to end.

        Raises what goes wrong as an error that names the file and the remedy.
        """
        try:
            with self.connection:
                self.connection.execute("BEGIN IMMEDIATE")
                yield
        except sqlite3.OperationalError as error:
            raise self._failed(error) from error
        except sqlite3.DatabaseError as error:
            raise self.damaged(error) from error

    def has_tables(self) -> bool:
        """Whether it holds a store; raises ValueError for a database of something else."""
        with self.reading():
            tables = {n for (n,) in self.connection.execute("SELECT name FROM sqlite_master")}
        if tables and "facts" not in tables:
            raise ValueError(
                f"Argument `{self._argument}` must be written by thermo.sweep{self._or_new}, "
                f"but {self.path!r} is a database of something else. Give another name."
            )
        if not tables and os.path.getsize(self.path) > 0:
            raise self.damaged("it holds no tables")
        return bool(tables)

    def create(self, facts: Mapping[str, str]) -> None:
        """Write tables and facts at once; if another process was first, leave its own."""
        with self.writing():
            self.connection.execute(
                "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT)"
            )
            self.connection.execute(
                "CREATE TABLE IF NOT EXISTS outcomes"
                " (point TEXT PRIMARY KEY, data BLOB, error TEXT, version TEXT, digest TEXT)"
            )
            rows = [("format", FORMAT), *facts.items()]
            self.connection.executemany(
                "INSERT OR IGNORE INTO facts VALUES (?, ?)",
                [*rows, ("digest", _digest_of_facts(dict(rows)))],
            )

    def facts(self) -> dict[str, str]:
        """Return what was swept; raises ValueError for another format, DamagedStore for damage."""
        with self.reading():
            facts = dict(self.connection.execute("SELECT name, value FROM facts"))
        if facts.get("format") != FORMAT:
            raise ValueError(
                f"Argument `{self._argument}` must be written by this version of thermo.sweep, but "
                f"{self.path!r} has the format {facts.get('format')!r}. Give another name."
            )
        if facts.get("digest") != _digest_of_facts(facts):
            raise self.damaged("what it says of its function is not what was written")
        return facts

    def outcomes(self) -> dict[str, Outcome]:
        """Return all outcomes by point.

        Raises DamagedStore if the file, or one of the outcomes, is not what was written.
        """
        with self.reading():
            # rows whose page is not found would be missed silently
            (said,) = self.connection.execute("PRAGMA integrity_check(1)").fetchone()
            if said != "ok":
                raise self.damaged(said)
            rows = self.connection.execute(f"SELECT {COLUMNS}, digest FROM outcomes").fetchall()
        for *row, kept in rows:
            if kept != digest(row):
                raise self.damaged(f"the outcome of {row[0]!r} is not what was written")
        return {
            point: Outcome(unpacked(data), error, version)
            for point, data, error, version, _ in rows
        }

    def damaged(self, what: object) -> DamagedStore:
        """Return the error of a file that holds other bytes than were written."""
        return DamagedStore(
            f"Argument `{self._argument}` must hold what was written to it, but {self.path!r} is "
            f"damaged ({what}). Move it away, or give another name, and compute anew."
        )

    def _unusable(self, error: sqlite3.DatabaseError) -> ValueError:
        folder = os.path.dirname(self.path)
        if not os.path.isdir(folder):
            return ValueError(
                f"Argument `{self._argument}` must be a file in a folder that exists, but there is "
                f"no {folder!r}. Make it first."
            )
        return ValueError(
            f"Argument `{self._argument}` must be a file written by thermo.sweep{self._or_new}, "
            f"but {self.path!r} is not usable ({error}). Give another name."
        )

    def _failed(self, error: sqlite3.OperationalError) -> StoreError:
        return StoreError(
            f"The store {self.path!r} cannot be used now ({error}). What is in it is kept: when "
            "this is mended (room made on the disk, say), the same call computes only what is "
            "missing."
        )


def read_store(path: str | os.PathLike[str], argument: str) -> Contents:
    """Return what a store holds, without changing it.

    Raises TypeError, ValueError if it is none, which call it by the name of the argument.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(
            f"Argument `{argument}` must be names of files, but one is {path!r}. Give a list, such "
            "as sorted(pathlib.Path('out').glob('part-*.db'))."
        )
    file = StoreFile(path, create=False, argument=argument)
    with file.opening():
        if not file.has_tables():
            raise file.damaged("it is empty")
        facts, outcomes = file.facts(), file.outcomes()
    file.connection.close()
    return Contents(file.path, facts, outcomes)


def _digest_of_facts(facts: Mapping[str, str]) -> str:
    return digest(facts.get(name) for name in _FACTS)
