"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import pathlib


def write_whole(path: pathlib.Path, content: str | bytes) -> None:
    """Write text (as UTF-8) or bytes beside `path` and rename: readers see all of it or none.

    Raises OSError where there is no room or no right to write; what was there before stays.
    """
    partial = partial_name(path)
    try:
        with partial.open("xb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def partial_name(path: pathlib.Path) -> pathlib.Path:
    """Return a name in the same folder, so that the rename stays on one file system."""
    return path.with_name(f".{path.name}.{os.getpid()}.partial")
