"""Carries accepted events to their targets, in threads of its own, and tries again what may succeed later.

An event's arrival is kept in the same transaction as what it changes in the target. Threads are made when they are
needed, and sleep until the next delivery is due.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from localcloud import log
from localcloud.durability.backends import Backends
from localcloud.durability.database import Change
from localcloud.events import failures
from localcloud.events.failures import LONGEST_PAUSE, Undelivered, exhausted, explained
from localcloud.events.pending import Delivery, PendingEvents

#: How many deliveries are carried out at once.
MOST_THREADS = 8


class Carriage(Protocol):
    """How one kind of sender reaches its targets."""

    def carry(self, delivery: Delivery) -> None:
        """Deliver once. Any exception is a failed attempt."""

    def bury(self, delivery: Delivery, failure: Undelivered, limit: str | None) -> None:
        """Deal with what is never delivered.

        Args:
            limit: The limit of the RetryPolicy that was reached; None if the failure does not pass.
        """


class Courier:
    """The deliveries of one kind of sender.

    Args:
        now: The clock, in seconds since 1970.
        pause: The seconds before the next attempt, by the number of those that have failed.
    """

    def __init__(
        self,
        backends: Backends,
        pending: PendingEvents,
        carriage: Carriage,
        now: Callable[[], float] = time.time,
        pause: Callable[[int], float] = failures.pause,
    ) -> None:
        self._backends, self._pending, self._carriage, self._now, self._pause = backends, pending, carriage, now, pause
        self._waiting: list[tuple[float, int, Delivery]] = []
        self._changed = threading.Condition()
        self._threads = self._idle = 0

    def take(self, delivery: Delivery) -> None:
        """Carry out a delivery that is kept, when it is due."""
        with self._changed:
            heapq.heappush(self._waiting, (delivery.due, delivery.number, delivery))
            if len(self._waiting) > self._idle and self._threads < MOST_THREADS:
                self._threads += 1
                threading.Thread(target=self._work, name="deliveries", daemon=True).start()
            self._changed.notify()

    def resume(self) -> None:
        """Go on with what had not arrived when the cloud ended."""
        for delivery in self._pending.all():
            self.take(delivery)

    def _work(self) -> None:
        while True:
            delivery = self._next()
            try:
                again = self._attempt(delivery)
            except Exception as error:  # noqa: BLE001 - what happened could not be kept: it is tried again
                log.failure(error)
                again = replace(delivery, due=self._now() + LONGEST_PAUSE)
            if again:
                self.take(again)

    def _next(self) -> Delivery:
        with self._changed:
            while True:
                seconds = self._waiting[0][0] - self._now() if self._waiting else None
                if seconds is not None and seconds <= 0:
                    return heapq.heappop(self._waiting)[2]
                self._idle += 1
                # A clock that is set forward is noticed within a minute.
                self._changed.wait(None if seconds is None else min(seconds, LONGEST_PAUSE))
                self._idle -= 1

    def _attempt(self, delivery: Delivery) -> Delivery | None:
        """Deliver once, and keep how it went. Returns the delivery if it is to be tried again."""
        with self._backends.change() as also:
            again, change = self._outcome(delivery)
            also.append(change)
        return again

    def _outcome(self, delivery: Delivery) -> tuple[Delivery | None, Change]:
        try:
            self._carriage.carry(delivery)
        except Exception as error:  # noqa: BLE001 - whatever it is, the event is tried again or buried
            failure, attempts = explained(error), delivery.attempts + 1
            due = self._now() + self._pause(attempts)
            policy = delivery.target.get("RetryPolicy")
            limit = exhausted(policy, attempts=attempts, age=due - delivery.begun) if failure.passing else None
            if failure.passing and limit is None:
                again = replace(delivery, attempts=attempts, due=due)
                return again, self._pending.postponed(again)
            to = delivery.target["Arn"]
            log.line(f"{delivery.origin.arn} did not reach {to}: {failure.code}: {failure.message}")
            self._carriage.bury(delivery, failure, limit)
        return None, self._pending.arrived(delivery)
