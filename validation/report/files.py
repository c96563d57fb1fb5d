"""Files that a report is written to: refused early, replaced whole, never left half written."""

from __future__ import annotations

import os
import pathlib


def refuse_unwritable(argument: str, path: pathlib.Path) -> None:
    """Raise ValueError, naming the argument, unless a file can be put at `path`.

    Called before anything is computed: a long run whose report cannot be kept is a loss.
    """
    folder = path.parent
    if path.exists() and not path.is_file():
        raise ValueError(
            f"Argument `{argument}` must name a file, but {str(path)!r} is none. "
            "Give the name of a file to write."
        )
    if not folder.is_dir():
        raise ValueError(
            f"Argument `{argument}` must name a file in an existing folder, but {str(folder)!r} "
            "is none. Make it first."
        )
    trial = _partial(path)
    try:
        trial.touch(exist_ok=False)
        trial.unlink()
    except OSError as error:
        raise ValueError(
            f"Argument `{argument}` must name a file in a folder that can be written, but "
            f"{str(folder)!r} cannot ({error.strerror}). Choose another."
        ) from error


def write_whole(path: pathlib.Path, content: str | bytes) -> None:
    """Write text (as UTF-8) or bytes beside `path` and rename: readers see all of it or none."""
    partial = _partial(path)
    try:
        with partial.open("xb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _partial(path: pathlib.Path) -> pathlib.Path:
    """Return a name in the same folder, so that the rename stays on one file system."""
    return path.with_name(f".{path.name}.{os.getpid()}.partial")
