"""How a command line ends: one line for what went wrong, and an exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Final, final

from oqs.errors import NonUniqueStationaryState
from thermo.scenario.results.naming import FolderError
from thermo.scenario.schema.place import ScenarioError

VERIFIED: Final = 0
"""Computed, and every check passed."""
NOT_VERIFIED: Final = 1
"""A check or a computation failed."""
USAGE: Final = 2
"""The scenario or the command line is wrong."""
INTERRUPTED: Final = 130
UNREAD: Final = 141
"""The output's reader has gone, as after `| head`."""

EPILOG: Final = (
    "Exit status: 0 computed and every check passed, 1 a check or a computation failed, 2 wrong "
    "scenario or arguments, 130 interrupted. docs/scenarios.md describes the scenario file."
)


@final
class ExtraMissing(ValueError):
    """A command needs a package of an extra that is not installed."""


def exit_status(call: Callable[[], int]) -> int:
    """Return the call's exit status, or that of what it raises, said in one line on stderr.

    Errors that the user cannot mend are faults of the program and are left to Python, but for
    solvers that give up (RuntimeError).
    """
    try:
        status = call()
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return _told("interrupted", INTERRUPTED)
    except BrokenPipeError:
        discard_output()
        return UNREAD
    except ScenarioError as error:
        # a state that is not unique is found by computing
        failed = isinstance(error.__cause__, NonUniqueStationaryState)
        return _told(f"error: {error}", NOT_VERIFIED if failed else USAGE)
    except (FolderError, ExtraMissing) as error:
        return _told(f"error: {error}", USAGE)
    except (RuntimeError, MemoryError) as error:
        return _told(f"error: {type(error).__name__}: {error}", NOT_VERIFIED)


def discard_output() -> None:
    """Leave what is still to be written: flushing it would raise again when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _told(text: str, status: int) -> int:
    print(text, file=sys.stderr)
    return status
