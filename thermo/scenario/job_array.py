"""Which part of a sweep a command line computes: its --part, or the task of a SLURM job array."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Mapping
from typing import Final

from thermo.scenario.results.naming import PART, FolderError
from thermo.sweeps.parts import Part, merged

_TASK: Final = "SLURM_ARRAY_TASK_ID"


def asked_part(text: str | None, environment: Mapping[str, str]) -> Part | None:
    """Return the part i/n of --part, else that of a SLURM array's task, else None: all.

    The tasks of an array count from SLURM_ARRAY_TASK_MIN in steps of SLURM_ARRAY_TASK_STEP; parts
    count from 0. Raises FolderError, an error of the command line, for anything else.
    """
    if text is not None:
        if re.fullmatch(r"\d+/\d+", text) is None:
            raise FolderError(
                f"Argument `--part` must be i/n, such as 0/10, the first of ten, but is {text!r}."
            )
        place, among = map(int, text.split("/"))
    elif _TASK in environment:
        task, first, step, among = (
            _number(environment, f"SLURM_ARRAY_TASK_{name}", default)
            for name, default in (("ID", 0), ("MIN", 0), ("STEP", 1), ("COUNT", 0))
        )
        place = (task - first) // step
    else:
        return None
    if not place < among:
        said = f"`--part` must be i/n with 0 <= i < n, but is {place}/{among}."
        raise FolderError(f"Argument {said} Parts count from 0.")
    return Part(place, among)


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, str(default))
    if re.fullmatch(r"\d+", text) is None:
        raise FolderError(
            f"The environment's {name} must be a whole number, but is {text!r}. Give --part i/n."
        )
    return int(text)


def part_folder(target: pathlib.Path, part: Part) -> pathlib.Path:
    """Return the folder of one part's results, beside those of the others."""
    return target.with_name(f"{target.name}-part-{part.place}-of-{part.among}")


def part_stores(folders: list[str]) -> tuple[pathlib.Path, ...]:
    """Return the stores in folders of parts; FolderError unless they make one table."""
    stores = tuple(pathlib.Path(folder, PART) for folder in folders)
    for store in stores:
        if not store.is_file():
            raise FolderError(
                f"Argument `--merge` must name folders of parts, but {str(store.parent)!r} holds "
                f"no {PART}. Finish that part with --part and --resume."
            )
    if stores:
        try:
            merged(stores, "--merge")  # before anything is computed
        except ValueError as error:
            raise FolderError(str(error)) from error
    return stores
