"""Names of a run's folder and files, and how a finished folder gets its own."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
from typing import Any, Final, final

FORMAT: Final = "oqs-thermo run 1"
SUMMARY: Final = "summary.json"
SCENARIO: Final = "scenario.toml"
POINTS: Final = "sweep.points"
"""File of an unfinished sweep's points."""
BATCHES: Final = "stochastic.points"
"""File of an unfinished ensemble's batches of trajectories."""
UNFINISHED: Final = (POINTS, BATCHES)
"""Files that --resume goes on with."""
PART: Final = "sweep.part"
"""File of a finished part of a sweep, for --merge."""
TRAJECTORIES: Final = "stochastic.nc"
"""File of the trajectories of jumps, those that were finished of an interrupted run too."""
LOCK: Final = "running.lock"
"""File that a run locks for as long as it goes on."""


@final
class FolderError(ValueError):
    """The folder of results cannot be used as it is; the message says what to do."""


def former(folder: pathlib.Path) -> dict[str, Any] | None:
    """Return the summary of a run whose folder this is, and nothing but its files; else None."""
    try:
        summary: dict[str, Any] = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        ours = {SUMMARY, LOCK, *summary["files"]}
        same = summary["format"] == FORMAT and set(os.listdir(folder)) <= ours
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return summary if same else None


def is_free(place: pathlib.Path) -> bool:
    """Return whether nothing is there, or an empty folder."""
    return not os.path.lexists(place) or (place.is_dir() and not any(place.iterdir()))


def give_name(staging: pathlib.Path, target: pathlib.Path) -> None:
    """Rename a folder, in the place of a former run's or an empty one.

    Raises FolderError if something else has the name.
    """
    replaced = staging.with_name(f"{staging.name}.replaced")
    try:
        if former(target) is not None:
            shutil.rmtree(replaced, ignore_errors=True)  # left by a run that was killed here
            target.replace(replaced)
        elif os.path.lexists(target):
            target.rmdir()  # refuses what is not empty; Windows renames onto nothing that exists
        staging.replace(target)
    except OSError as error:
        if replaced.exists() and not os.path.lexists(target):
            replaced.replace(target)
        raise FolderError(
            f"The results could not be named {str(target)!r} ({error.strerror}): "
            f"they are in {str(staging)!r}."
        ) from error
    shutil.rmtree(replaced, ignore_errors=True)
