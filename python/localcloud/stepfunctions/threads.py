"""Threads for calls that wait: as many as there are calls at once, and few when there are few.

Python's own pool never gives a thread back. After a burst of executions hundreds would stay.

Example::

    >>> done = threading.Event()
    >>> CallThreads(10).submit(done.set)
    >>> done.wait(5)
    True
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from localcloud import log

IDLE_SECONDS = 10.0  # a thread without a call ends after them


class CallThreads:
    """Runs functions in threads.

    Args:
        most: The most threads at once. Further calls wait for one of them.
        idle: The seconds after which a thread without a call ends.
    """

    def __init__(self, most: int, *, idle: float = IDLE_SECONDS) -> None:
        self._most, self._idle_seconds = most, idle
        self._waiting: queue.SimpleQueue[Callable[[], Any]] = queue.SimpleQueue()
        self._threads = self._idle = 0
        self._lock = threading.Lock()
        self._own = threading.local()

    def follow(self, call: Callable[..., Any], *given: Any) -> None:
        """Run a function soon, and in this thread if it runs a function that was given here, which must end soon.

        To wake another thread for what this one can do at once would cost more than many a call.
        """
        todo = partial(call, *given)
        if getattr(self._own, "follows", False) and self._waiting.empty():  # else it would come before its turn
            self._own.follows, self._own.next = False, todo
        else:
            self.submit(self._followed, todo)

    def _followed(self, todo: Callable[[], Any]) -> None:
        """Run a function, and what is to follow it."""
        own, ahead = self._own, [todo]
        while ahead:
            own.follows, own.next = True, None
            try:
                ahead.pop()()
            except Exception as error:  # noqa: BLE001 - what follows must go on
                log.failure(error)
            finally:
                own.follows, after = False, own.next
                own.next = None
            if after is not None:
                ahead.append(after)

    def submit(self, call: Callable[..., Any], *given: Any) -> None:
        """Run a function soon. An error of it is logged."""
        todo = partial(call, *given)
        with self._lock:
            if self._idle > self._waiting.qsize() or self._threads >= self._most:
                self._waiting.put(todo)
                return
            self._threads += 1
        threading.Thread(target=self._run, args=(todo,), name="states", daemon=True).start()

    def _run(self, todo: Callable[[], Any]) -> None:
        while True:
            try:
                todo()
            except Exception as error:  # noqa: BLE001 - the other calls must go on
                log.failure(error)
            del todo  # it may hold an execution, while this thread waits
            with self._lock:
                self._idle += 1
            try:
                todo = self._waiting.get(timeout=self._idle_seconds)
            except queue.Empty:
                with self._lock:
                    self._idle -= 1
                    if self._waiting.empty():
                        self._threads -= 1
                        return
                    todo = self._waiting.get()
            else:
                with self._lock:
                    self._idle -= 1
