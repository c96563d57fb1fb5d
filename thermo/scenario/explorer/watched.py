"""A flow law that can be stopped between two calls."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, final

from oqs.flows import Flows


@final
class Watched:
    """A flow law, the same in everything, that calls `check` first whenever it is asked for flows.

    Parameters
    ----------
    law : any. check : raises what is to end the evolution that asks.
    """

    def __init__(self, law: Any, check: Callable[[], None]) -> None:
        self._law, self._check = law, check

    def __call__(self, T: Any, mu: Any) -> Flows:
        """Return the flows of the law."""
        self._check()
        return self._law(T, mu)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._law, name)
        if not inspect.ismethod(value):
            return value

        @functools.wraps(value)
        def checked(*arguments: Any, **options: Any) -> Any:
            self._check()
            return value(*arguments, **options)

        return checked
