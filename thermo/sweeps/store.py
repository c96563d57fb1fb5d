"""Where the results of a sweep are kept as they come: one SQLite file, safe against kill -9."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Final, final

from thermo.sweeps.identity import Identity
from thermo.sweeps.outcome import Outcome, digest, packed
from thermo.sweeps.store_file import COLUMNS, DamagedStore, StoreError, StoreFile

_DELAY: Final = 0.9  # seconds that an outcome may wait for others to be written with it


@final
class Store:
    """Outcomes by point. What a transaction wrote stays, what it did not write never half is.

    A transaction waits for the disk, 10 ms and more, so outcomes that come within a second are
    written together: a process that is killed loses the last second at most. Several processes may
    write to one file at a time. Every outcome is kept with a digest of all that is known of it, so
    that none is read as anything else than was written.

    Parameters
    ----------
    path : file; made if missing.
    identity : of the function swept; a store of another one is refused.
    plan : of which part of which grid the store is; "" where it may be any.
    """

    def __init__(self, path: str | os.PathLike[str], identity: Identity, plan: str) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[object, ...]] = []
        self._written = float("-inf")
        self._timer: threading.Timer | None = None
        self._error: StoreError | DamagedStore | None = None
        self._file = StoreFile(path, create=True)
        with self._file.opening():
            if not self._file.has_tables():
                self._file.create({**identity.texts(), "plan": plan})
            self._compare(self._file.facts(), identity, plan)

    def _compare(self, facts: Mapping[str, str], identity: Identity, plan: str) -> None:
        """Raise ValueError, naming the first difference, if the results are not this function's."""
        theirs = {
            "the function": facts["function"],
            "the label": facts["label"],
            **json.loads(facts["parameters"]),
        }
        ours = {"the function": identity.function, "the label": identity.label, **identity.facts}
        for what in [*ours, *theirs]:
            if ours.get(what) != theirs.get(what):
                raise ValueError(
                    f"Argument `store` must hold results of {identity.function} as it is now, but "
                    f"in {self._file.path!r} {what} is {theirs.get(what, 'absent')}, now "
                    f"{ours.get(what, 'absent')}. Give another name."
                )
        if facts["plan"] != plan:
            raise ValueError(
                f"Argument `store` must be of one part of one grid, but {self._file.path!r} was "
                f"written for {_told(facts['plan'])}, now {_told(plan)}. Give each part a file of "
                "its own."
            )

    def read(self) -> dict[str, Outcome]:
        """Return all outcomes by point.

        Raises DamagedStore if the file, or one of the outcomes, is not what was written.
        """
        return self._file.outcomes()

    def write(self, point: str, outcome: Outcome) -> None:
        """Keep an outcome; it is on disk within a second. Values stay, errors are replaced.

        Raises StoreError, here or at the next call, if the disk is full, or the file cannot be
        written for another reason.
        """
        row = (point, packed(outcome.values), outcome.error, outcome.version)
        with self._lock:
            self._raise_error()
            self._waiting.append((*row, digest(row)))
            if time.monotonic() - self._written > _DELAY:
                self._flush()
            elif self._timer is None:
                self._timer = threading.Timer(_DELAY, self._on_time)
                self._timer.daemon = True
                self._timer.start()

    def _on_time(self) -> None:
        with self._lock:
            try:
                self._flush()
            except (StoreError, DamagedStore) as error:  # raised in the sweep's own thread
                self._error = error

    def _flush(self) -> None:
        """Write what waits, all of it or nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            with self._file.writing():
                self._file.connection.executemany(
                    f"INSERT INTO outcomes ({COLUMNS}, digest) VALUES (?, ?, ?, ?, ?)"
                    " ON CONFLICT (point) DO UPDATE SET data = excluded.data,"
                    " error = excluded.error, version = excluded.version,"
                    " digest = excluded.digest WHERE outcomes.error != ''",
                    self._waiting,
                )
            self._waiting = []
        self._written = time.monotonic()

    def _raise_error(self) -> None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def close(self) -> None:
        """Write what waits and close the file; raises StoreError as `write` does."""
        with self._lock:
            try:
                self._raise_error()
                self._flush()
            finally:
                self._file.connection.close()


@contextlib.contextmanager
def open_store(
    path: str | os.PathLike[str] | None, identity: Identity, plan: str = ""
) -> Iterator[Store | None]:
    """Open a store for the time of a sweep, or none."""
    if path is None:
        yield None
        return
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(
            f"Argument `store` must be the name of a file, or None, but is {path!r}. "
            "Give a name such as 'map.db'."
        )
    store = Store(path, identity, plan)
    try:
        yield store
    finally:
        store.close()


def _told(plan: str) -> str:
    if not plan:
        return "the whole of a grid"
    content = json.loads(plan)
    axes = ", ".join(f"{name} ({len(values)})" for name, values in content["axes"].items())
    return f"part {content['index']}/{content['count']} of the axes {axes}"
