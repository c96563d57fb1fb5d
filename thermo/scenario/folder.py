"""The folder of results: made beside its place and renamed, so that two runs never mix."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
from collections.abc import Iterator
from typing import Any, Final, final

FORMAT: Final = "oqs-thermo run 1"
SUMMARY: Final = "summary.json"


@final
class FolderError(ValueError):
    """The folder of results cannot be used as it is; the message says what to do."""


@final
class ResultFolder:
    """A folder under its working name until `publish` gives it its own.

    Made by `result_folder`.

    Parameters
    ----------
    target : where the results will be.
    staging : where files are written until then.

    Attributes
    ----------
    finished : whether the results are complete, under whichever of the two names.
    """

    def __init__(self, target: pathlib.Path, staging: pathlib.Path) -> None:
        self.target = target
        self.staging = staging
        self.finished = False

    def files(self) -> list[str]:
        """Return the names of the files written so far, in order, without the summary."""
        return sorted(path.name for path in self.staging.iterdir() if path.name != SUMMARY)

    def publish(self, summary: dict[str, Any]) -> None:
        """Write the summary and give the folder its name, in the place of a former run's.

        Raises FolderError if something else has taken the name meanwhile.
        """
        content = {"format": FORMAT, **summary, "files": self.files()}
        text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False)
        (self.staging / SUMMARY).write_text(text + "\n", encoding="utf-8")
        self.finished = True
        replaced = self.staging.with_name(f"{self.staging.name}.replaced")
        if former(self.target) is not None:
            self.target.replace(replaced)
        try:
            self.staging.replace(self.target)
        except OSError as error:
            if replaced.exists():
                replaced.replace(self.target)
            raise FolderError(
                f"The results could not be named {str(self.target)!r} ({error.strerror}): "
                f"they are in {str(self.staging)!r}."
            ) from error
        shutil.rmtree(replaced, ignore_errors=True)


@contextlib.contextmanager
def result_folder(target: pathlib.Path, *, overwrite: bool) -> Iterator[ResultFolder]:
    """Reserve a folder for one run; what is not published by the end is removed.

    Parameters
    ----------
    target : must not exist, be empty, or with `overwrite` hold a former run and nothing else.

    Raises
    ------
    FolderError
        before anything is computed, naming the folder and the remedy.
    """
    place = target.resolve()
    _refuse(place, target, overwrite)
    staging = place.with_name(f".{place.name}.running")
    try:
        staging.mkdir()
    except FileExistsError:
        raise FolderError(
            f"Another run is writing {str(target)!r}, or was killed. Wait for it, or remove "
            f"{str(staging)!r} if no run is going on."
        ) from None
    except OSError as error:
        raise FolderError(
            f"The folder {str(target)!r} cannot be made ({error.strerror}). Choose another place."
        ) from error
    folder = ResultFolder(place, staging)
    try:
        yield folder
    finally:
        if not folder.finished:
            shutil.rmtree(staging, ignore_errors=True)


def former(folder: pathlib.Path) -> dict[str, Any] | None:
    """Return the summary of a run whose folder this is, and nothing but its files; else None."""
    try:
        found: dict[str, Any] = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        ours = {SUMMARY, *found["files"]}
        same = found["format"] == FORMAT and set(os.listdir(folder)) <= ours
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if same else None


def _refuse(place: pathlib.Path, target: pathlib.Path, overwrite: bool) -> None:
    if not place.parent.is_dir():
        raise FolderError(
            f"The folder {str(target)!r} must be in an existing folder, but "
            f"{str(place.parent)!r} is none. Make it first."
        )
    if not os.path.lexists(place):
        return
    if not place.is_dir():
        raise FolderError(
            f"The results must go to a folder, but {str(target)!r} is a file. Give another name."
        )
    if not any(place.iterdir()):
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
