"""The queue of accepted events: each is processed when it is due, and not too many of one function at once.

A function with reserved concurrency gets no more events at once than that, so its events wait here rather than fail.

Example::

    >>> from localcloud.lambda_.later.accepted import AcceptedEvent
    >>> seen = threading.Event()
    >>> queue = EventQueue(lambda event: seen.set(), most=lambda event: 1)
    >>> queue.put(AcceptedEvent(1, "arn:aws:lambda:us-east-1:123456789012:function:f", "{}", "8f3a", 0.0, due=0.0))
    >>> seen.wait(10)
    True
"""

from __future__ import annotations

import heapq
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable

from localcloud import log
from localcloud.lambda_.later.accepted import AcceptedEvent


class EventQueue:
    """The events of one cloud that wait.

    Args:
        process: Processes an event that is due, in a thread of its own. If it puts the event back, it comes again.
        most: How many events of an event's function may be processed at once, at least 1.
        now: The time in seconds since 1970.
    """

    def __init__(
        self,
        process: Callable[[AcceptedEvent], None],
        most: Callable[[AcceptedEvent], int],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._process, self._most, self._now = process, most, now
        #: The waiting events of each function, the one that is due first in front.
        self._waiting: defaultdict[str, list[tuple[float, int, AcceptedEvent]]] = defaultdict(list)
        self._running: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._begun = False

    def put(self, event: AcceptedEvent) -> None:
        """Let an event wait until it is due."""
        with self._changed:
            heapq.heappush(self._waiting[event.function_arn], (event.due, event.number, event))
            if not self._begun:
                self._begun = True
                threading.Thread(target=self._hand_out, name="lambda-events", daemon=True).start()
            self._changed.notify()

    def _hand_out(self) -> None:
        while True:
            with self._changed:
                due, pause = self._due()
                if not due:
                    self._changed.wait(pause)
            for event in due:
                threading.Thread(target=self._run, args=(event,), daemon=True).start()

    def _due(self) -> tuple[list[AcceptedEvent], float | None]:
        """The events to process now, and the seconds until the next one is due; None if none waits for its time."""
        now, due, pause = self._now(), [], None
        for function, waiting in list(self._waiting.items()):
            free = max(1, self._most(waiting[0][2])) - self._running[function]
            while waiting and free > 0 and waiting[0][0] <= now:
                due.append(heapq.heappop(waiting)[2])
                self._running[function] += 1
                free -= 1
            if not waiting:
                del self._waiting[function]
            elif free > 0:
                pause = min(waiting[0][0] - now, pause if pause is not None else waiting[0][0] - now)
        return due, pause

    def _run(self, event: AcceptedEvent) -> None:
        try:
            self._process(event)
        except Exception as error:  # noqa: BLE001 - it is kept, and the next start of the cloud goes on with it
            log.failure(error)
        finally:
            with self._changed:
                self._running[event.function_arn] -= 1
                if not self._running[event.function_arn]:
                    del self._running[event.function_arn]
                self._changed.notify()
