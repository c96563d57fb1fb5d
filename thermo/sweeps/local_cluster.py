"""Whether a Dask cluster on this machine has workers: without, a sweep would wait for ever."""

from __future__ import annotations

import sys
import time
from typing import Any, Final, final

PATIENCE: Final = 60.0  # seconds: a process that is started again takes a few
_GLANCE: Final = 5.0  # seconds from one question to the scheduler to the next


@final
class NoWorkers(RuntimeError):
    """A local cluster has lost all its workers, and none came back."""


@final
class LocalCluster:
    """The workers of a `distributed.LocalCluster`: asked for when nothing comes back.

    Its processes are started again when they die, but not always: one that dies while it starts
    is given up, and a cluster whose workers are all gone says nothing. Any other cluster is trusted
    to bring workers, be it after hours in the queue of a batch system.

    Parameters
    ----------
    executor : what was given to the sweep.
    """

    def __init__(self, executor: object) -> None:
        cluster = getattr(executor, "cluster", None)
        distributed = sys.modules.get("distributed")  # there, if a client of it is
        local = distributed is not None and isinstance(cluster, distributed.LocalCluster)
        self._client: Any = executor if local else None
        self._seen = self._asked = time.monotonic()

    def lost(self) -> NoWorkers | None:
        """Return the error to stop with, once there was no worker for a minute."""
        now = time.monotonic()
        if self._client is None or now < self._asked + _GLANCE:
            return None
        self._asked = now
        if self._client.scheduler_info()["workers"]:
            self._seen = now
        if now < self._seen + PATIENCE:
            return None
        return NoWorkers(f"the local cluster has had no worker for {PATIENCE:g} s")
