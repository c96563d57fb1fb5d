"""Keep small linear algebra on one thread, where BLAS threads cost more than they bring."""

from __future__ import annotations

import contextlib
import functools

from threadpoolctl import ThreadpoolController

_WORTH_THREADS = 1000


@functools.cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def one_thread_below(size: int) -> contextlib.AbstractContextManager[object]:
    """Return a context in which BLAS uses one thread, if matrices of `size` do not repay more.

    Below a few dozen rows BLAS does not start threads, and nothing is done.
    """
    if size <= 24 or size >= _WORTH_THREADS:
        return contextlib.nullcontext()
    limiter: contextlib.AbstractContextManager[object] = _controller().limit(
        limits=1, user_api="blas"
    )
    return limiter
