"""Why all steps cannot be solved at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import final

import scipy

from oqs import StationaryStateNotFound


@final
class NotAtOnce(Exception):
    """The steps of an evolution cannot be solved at once; the message says why."""


@contextlib.contextmanager
def trial_states() -> Iterator[None]:
    """Raise NotAtOnce where law or gas refuse a trial state: step by step it may not be met.

    Around calls of them only, so that mistakes elsewhere surface; theirs do so step by step.
    """
    try:
        yield
    except (ValueError, ArithmeticError, StationaryStateNotFound) as error:
        raise NotAtOnce(f"a trial state is refused: {error}") from error
    except scipy.integrate.ODEintWarning as error:
        raise NotAtOnce(f"LSODA gives up: {error}") from error
