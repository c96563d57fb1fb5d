"""Keep small linear algebra on one thread, where BLAS threads cost more than they bring."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

from threadpoolctl import LibController, ThreadpoolController

_WORTH_THREADS = 1000


@functools.cache
def _libraries() -> list[LibController]:
    return [
        library for library in ThreadpoolController().lib_controllers if library.user_api == "blas"
    ]


@contextlib.contextmanager
def one_thread_below(size: int) -> Iterator[None]:
    """Let BLAS use one thread in this context, if matrices of `size` do not repay more.

    Below a few dozen rows BLAS does not start threads, and nothing is done. Threads are counted
    and set by threadpoolctl, but without its limiter, which takes as long as a whole solution of a
    hundred states.
    """
    if size <= 24 or size >= _WORTH_THREADS:
        yield
        return
    several = [(lib, n) for lib in _libraries() if (n := lib.get_num_threads()) not in (None, 1)]
    try:
        for library, _ in several:
            library.set_num_threads(1)
        yield
    finally:
        for library, count in several:
            library.set_num_threads(count)
