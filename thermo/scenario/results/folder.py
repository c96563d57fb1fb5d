"""The folder of results: made beside its place and renamed, so that two runs never mix."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import sqlite3
from collections.abc import Iterator
from typing import Any, final

from thermo.files import write_whole
from thermo.scenario.results.naming import (
    BATCHES,
    FORMAT,
    LOCK,
    POINTS,
    SCENARIO,
    SUMMARY,
    TRAJECTORIES,
    UNFINISHED,
    FolderError,
    former,
    give_name,
    is_free,
)


@final
class ResultFolder:
    """A folder under its working name until `publish` gives it its own.

    Made by `result_folder`.

    Parameters
    ----------
    target : where the results will be.
    staging : where files are written until then.
    lock : on `staging`, held until the end.
    """

    def __init__(self, target: pathlib.Path, staging: pathlib.Path, lock: Lock) -> None:
        self.target = target
        self.staging = staging
        self._lock = lock
        self._finished = False

    @property
    def points(self) -> pathlib.Path:
        """File of an unfinished sweep's points."""
        return self.staging / POINTS

    @property
    def batches(self) -> pathlib.Path:
        """File of an unfinished ensemble's batches of trajectories."""
        return self.staging / BATCHES

    @property
    def to_go_on_with(self) -> bool:
        """Whether an unfinished task has left what --resume goes on with."""
        return any((self.staging / name).exists() for name in UNFINISHED)

    @property
    def has_parts(self) -> bool:
        """Whether an unfinished task has left what it had finished: points, or trajectories."""
        return self.to_go_on_with or (self.staging / TRAJECTORIES).exists()

    def files(self) -> list[str]:
        """Return the names of the files written so far, in order, without the summary."""
        return sorted({p.name for p in self.staging.iterdir()} - {SUMMARY, LOCK})

    def publish(self, summary: dict[str, Any]) -> None:
        """Write the summary and give the folder its name, in the place of a former run's.

        Raises FolderError if something else has taken the name meanwhile, and OSError if there is
        no room for the summary; all files stay under the working name then.
        """
        self._finished = True
        content = {"format": FORMAT, **summary, "files": self.files()}
        text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False)
        write_whole(self.staging / SUMMARY, text + "\n")
        self._lock.release()  # first: Windows moves no folder with an open file in it
        give_name(self.staging, self.target)

    def close(self) -> None:
        """Release the folder; remove it if nothing is finished in it."""
        unused = not self._finished and not self.points.exists()
        self._lock.release()
        if unused:
            shutil.rmtree(self.staging, ignore_errors=True)


@contextlib.contextmanager
def result_folder(
    target: pathlib.Path, *, overwrite: bool, resume: str | None = None
) -> Iterator[ResultFolder]:
    """Reserve a folder for one run; what is not published by the end is removed, but for points.

    Parameters
    ----------
    target : must not exist, be empty, or with `overwrite` hold a former run and nothing else.
    resume : SHA-256 of the scenario whose interrupted or killed run is gone on with: its points
        are in the folder then.

    Raises
    ------
    FolderError
        before anything is computed, naming the folder and the remedy.
    """
    place = target.resolve()
    _refuse_place(place, target)
    staging = place.with_name(f".{place.name}.running")
    lock = claim(staging, target)
    if former(staging) is not None:  # killed, or out of names, when all was finished
        lock.release()
        _name_former(staging, place, target)
        lock = claim(staging, target)
    folder = ResultFolder(place, staging, lock)
    try:
        killed = _left_by_killed(folder, target, overwrite, resume)
        interrupted = _left_by_interrupted(place, target, overwrite, resume)
        _refuse_others(place, target, overwrite or interrupted)
        _clear(staging, killed)
        left = [name for name in UNFINISHED if (place / name).is_file()]
        if interrupted and not killed and left:
            for name in (SCENARIO, *left):  # what tells whose the points are first
                partial = staging / f".{name}.partial"
                shutil.copyfile(place / name, partial)
                partial.replace(staging / name)
        yield folder
    finally:
        folder.close()


def _clear(staging: pathlib.Path, but_points: bool) -> None:
    for path in staging.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != LOCK and not (
            but_points and path.name.startswith((*UNFINISHED, SCENARIO))
        ):
            path.unlink()


def _left_by_killed(
    folder: ResultFolder, target: pathlib.Path, overwrite: bool, resume: str | None
) -> bool:
    """Return whether points of a run that was killed are gone on with."""
    if not folder.to_go_on_with:
        return False
    if resume is None and not overwrite:
        raise FolderError(
            f"A run into {str(target)!r} was killed; the points that it finished are in "
            f"{str(folder.staging)!r}. Give --resume to go on with it, or --overwrite to begin "
            "anew."
        )
    if resume is None:
        return False
    try:
        theirs = hashlib.sha256((folder.staging / SCENARIO).read_bytes()).hexdigest()
    except OSError:
        theirs = ""  # killed while it went on with another
    if theirs != resume:
        raise FolderError(
            f"The run into {str(target)!r} that was killed is of another scenario, so it cannot be "
            "resumed. Give --overwrite instead of --resume to begin anew, or another name."
        )
    return True


def _left_by_interrupted(
    place: pathlib.Path, target: pathlib.Path, overwrite: bool, resume: str | None
) -> bool:
    """Return whether the folder holds an unfinished run of the scenario that is resumed."""
    summary = None if resume is None else former(place)
    if summary is None:
        return False
    same = summary["scenario"]["sha256"] == resume
    if same and not summary["complete"]:
        return True
    if overwrite:
        return False
    problem = "is complete" if same else "is of another scenario"
    raise FolderError(
        f"The run in {str(target)!r} {problem}, so it cannot be resumed. Leave out --resume."
    )


def _name_former(staging: pathlib.Path, place: pathlib.Path, target: pathlib.Path) -> None:
    """Give a finished folder its name after all."""
    if not is_free(place) and former(place) is None:
        raise FolderError(
            f"Results of a finished run into {str(target)!r} are in {str(staging)!r}, as other "
            "things have the name. Move either away, or give another name."
        )
    give_name(staging, place)


def _refuse_place(place: pathlib.Path, target: pathlib.Path) -> None:
    if not place.parent.is_dir():
        raise FolderError(
            f"The folder {str(target)!r} must be in an existing folder, but "
            f"{str(place.parent)!r} is none. Make it first."
        )
    if os.path.lexists(place) and not place.is_dir():
        raise FolderError(
            f"The results must go to a folder, but {str(target)!r} is a file. Give another name."
        )


def _refuse_others(place: pathlib.Path, target: pathlib.Path, overwrite: bool) -> None:
    if is_free(place):
        return
    if former(place) is None:
        raise FolderError(
            f"The folder {str(target)!r} is not empty and holds other things than a run's results, "
            "so it is not replaced. Give another name."
        )
    if not overwrite:
        raise FolderError(
            f"The folder {str(target)!r} holds the results of a run. Give --overwrite to replace "
            "them, or another name."
        )


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
