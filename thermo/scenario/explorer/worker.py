"""Computes beside the page, so that sliders move while a slow system is worked out."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping
from typing import Any, final

from bokeh.document import Document

Values = Mapping[str, float]


@final
class Superseded(BaseException):
    """Ends the computation of what is no longer asked for; no solver takes it for a failure."""


@final
class Worker:
    """Computes, in a thread of its own, what was asked last; what was asked before it is dropped.

    Parameters
    ----------
    compute : answer of numbers by their keys; called in the thread. Its second argument is to be
        called now and then: it raises `Superseded` when something else is asked for by then.
    show : of an answer; called where the page may be changed, only of what was asked last.
    document : of the reader's browser.
    changed : called where the page may be changed when `busy` may have changed.
    """

    def __init__(
        self,
        compute: Callable[[Values, Callable[[], None]], Any],
        show: Callable[[Any], None],
        document: Document,
        changed: Callable[[], None],
    ) -> None:
        self._compute, self._show = compute, show
        self._document, self._changed = document, changed
        self._lock = threading.Lock()
        self._next: tuple[int, Values] | None = None
        self._running = False
        self._asked = self._answered = 0

    @property
    def busy(self) -> bool:
        """Whether the answer to what was asked last is still to be shown."""
        return self._answered < self._asked

    def ask(self, values: Values) -> None:
        """Have this computed, and return at once."""
        self._asked += 1
        with self._lock:
            self._next = self._asked, values
            begin = not self._running
            self._running = True
        if begin:  # a thread that does not keep the process alive: Ctrl-C ends it at once
            threading.Thread(target=self._work, daemon=True).start()
        self._changed()

    def _work(self) -> None:
        while True:
            with self._lock:
                if self._next is None:
                    self._running = False
                    return
                number, values = self._next
                self._next = None
            try:
                answer = self._compute(values, self._go_on)
                show = functools.partial(self._show, answer)
            except Superseded:
                continue
            except BaseException as error:  # the page's loop raises it, as if it had computed
                show = functools.partial(_raise, error)
            self._document.add_next_tick_callback(functools.partial(self._shown, number, show))

    def _go_on(self) -> None:
        if self._next is not None:
            raise Superseded

    def _shown(self, number: int, show: Callable[[], None]) -> None:
        if number == self._asked:
            self._answered = number
            self._changed()
            show()


def _raise(error: BaseException) -> None:
    raise error
