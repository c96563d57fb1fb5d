"""Whether worker processes are available, and what cannot be pickled for them."""

from __future__ import annotations

import functools
import multiprocessing
import pickle
import sys
from typing import Any


def check_sendable(name: str, value: Any, remedy: str) -> None:
    """Raise TypeError where another process could not have the value.

    Parameters
    ----------
    name : the argument's, for the message.
    remedy : what the user can do: a sentence.
    """
    refusal = _refusal(value)
    if refusal is not None:
        culprit = _culprit(value, name, set())
        subject = f"is {value!r}" if culprit == name else f"`{culprit}` is not"
        raise TypeError(
            f"Argument `{name}` must be importable by other processes, but {subject} ({refusal}). "
            f"{remedy}"
        ) from refusal
    # a process that does not begin as a copy of this one runs the main file again, if there is one
    interactive = getattr(sys.modules["__main__"], "__file__", None) is None
    copied = multiprocessing.get_start_method() == "fork"
    if getattr(value, "__module__", None) == "__main__" and interactive and not copied:
        raise TypeError(
            f"Argument `{name}` must be importable by other processes, but is {value!r}, "
            f"defined in an interactive session. {remedy}"
        )


def check_processes(name: str, number: int, remedy: str) -> None:
    """Raise ValueError unless this process can have so many others."""
    if number < 1:
        raise ValueError(
            f"Argument `{name}` must be at least one process, but is {number}. {remedy}"
        )
    if multiprocessing.current_process().daemon:
        raise ValueError(
            f"Argument `{name}` must leave the work to this process, which is a daemon and may "
            f"have no others (as a worker of Dask), but is {number}. {remedy}"
        )


def _refusal(value: Any) -> Exception | None:
    try:
        pickle.dumps(value)
    except Exception as error:  # pickling runs the code of whatever the value holds
        return error
    return None


def _culprit(value: Any, path: str, inside: set[int]) -> str:
    """Return the path of the innermost part that cannot be pickled."""
    if id(value) in inside:
        return path
    for name, part in _parts(value).items():
        if _refusal(part) is not None:
            return _culprit(part, f"{path}{name}", inside | {id(value)})
    return path


def _parts(value: Any) -> dict[str, Any]:
    if isinstance(value, functools.partial):
        numbered = {f".args[{index}]": part for index, part in enumerate(value.args)}
        named = {f".keywords[{name!r}]": part for name, part in value.keywords.items()}
        return {".func": value.func, **numbered, **named}
    if isinstance(value, (list, tuple)):
        return {f"[{index}]": part for index, part in enumerate(value)}
    if isinstance(value, dict):
        return {f"[{key!r}]": part for key, part in value.items()}
    if hasattr(value, "__self__"):  # a method
        return {".__self__": value.__self__}
    try:
        state = value.__getstate__()  # what is pickled of an object
    except Exception:  # its own code; then the object is to blame, not a part
        return {}
    slots = state if isinstance(state, tuple) else (state,)
    return {f".{k}": v for part in slots if isinstance(part, dict) for k, v in part.items()}
