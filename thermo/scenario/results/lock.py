"""A lock on the folder that a run writes: the system takes it away with the process, if killed."""

from __future__ import annotations

import contextlib
import pathlib
import sqlite3
from typing import final

from thermo.scenario.results.naming import LOCK, FolderError

_TRIES = 3


@final
class Lock:
    """The right to write into a folder. SQLite's lock on a file: the same on every system."""

    def __init__(self, connection: sqlite3.Connection, file: pathlib.Path) -> None:
        self._connection = connection
        self._file = file

    def release(self) -> None:
        """Give it up; more than once does nothing more."""
        self._connection.close()
        with contextlib.suppress(OSError):  # another run may hold it open already (Windows)
            self._file.unlink(missing_ok=True)


def claim(staging: pathlib.Path, target: pathlib.Path) -> Lock:
    """Return the lock on a folder, which is made if need be.

    Raises FolderError, naming the target, if another run has it or it cannot be made.
    """
    file = staging / LOCK
    for _ in range(_TRIES):
        try:
            staging.mkdir(exist_ok=True)
            connection = sqlite3.connect(file, timeout=0.0, isolation_level=None)
        except (OSError, sqlite3.DatabaseError) as error:
            raise _not_made(target, getattr(error, "strerror", error)) from error
        try:
            connection.execute("PRAGMA journal_mode = OFF")  # nothing is ever written
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            connection.close()
            if "locked" not in str(error):
                raise _not_made(target, error) from error
            break
        if file.exists():
            return Lock(connection, file)
        connection.close()  # the run that had it gave the folder its name just now
    raise FolderError(f"Another run is writing {str(target)!r}. Wait for it, or give another name.")


def _not_made(target: pathlib.Path, reason: object) -> FolderError:
    return FolderError(
        f"The folder {str(target)!r} cannot be made ({reason}). Choose another place."
    )
