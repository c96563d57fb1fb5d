"""Files that a report is written to: refused early, where they cannot be written."""

from __future__ import annotations

import pathlib

from thermo.files import partial_name


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
    trial = partial_name(path)
    try:
        trial.touch(exist_ok=False)
        trial.unlink()
    except OSError as error:
        raise ValueError(
            f"Argument `{argument}` must name a file in a folder that can be written, but "
            f"{str(folder)!r} cannot ({error.strerror}). Choose another."
        ) from error
