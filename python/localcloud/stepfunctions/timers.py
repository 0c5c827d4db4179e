"""One thread that watches the clock for everybody.

Example::

    >>> rung = threading.Event()
    >>> Timers(time.time).at(time.time() + 0.01, rung.set)
    >>> rung.wait(5)
    True
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable

from localcloud import log

#: The longest sleep, in seconds, so that a clock that was set is noticed.
LONGEST_SLEEP = 1.0


class Timers:
    """Calls functions when their moments have come, one after the other. They must be quick.

    Args:
        now: The clock, in seconds since 1970.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def at(self, moment: float, call: Callable[[], None]) -> None:
        """Call a function at a moment, in seconds since 1970."""
        with self._changed:
            heapq.heappush(self._due, (moment, next(self._count), call))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="states-timers", daemon=True)
                self._thread.start()
            elif self._due[0][0] == moment:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._due or self._due[0][0] > self._now():
                    ahead = self._due[0][0] - self._now() if self._due else LONGEST_SLEEP
                    self._changed.wait(max(0.0, min(ahead, LONGEST_SLEEP)))
                call = heapq.heappop(self._due)[2]
            try:
                call()
            except Exception as error:  # noqa: BLE001 - the other timers must still ring
                log.failure(error)
