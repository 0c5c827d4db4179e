"""Deliveries that fail are tried again by their RetryPolicy, and are kept meanwhile."""

from __future__ import annotations

import queue
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from localcloud.durability.backends import Backends
from localcloud.durability.database import Database
from localcloud.durability.pickling import Pickling
from localcloud.events.courier import Courier
from localcloud.events.failures import Undelivered
from localcloud.events.pending import Delivery, Origin, PendingEvents
from localcloud.iam.roles import CannotAssume

ORIGIN = Origin("r", "arn:aws:events:us-east-1:123456789012:rule/r", "123456789012", "us-east-1")
QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"


@dataclass
class Failing:
    """Fails a number of times, and notes the end of each delivery."""

    times: int
    error: Exception
    ended: queue.Queue[Any] = field(default_factory=queue.Queue)
    tried: list[str] = field(default_factory=list)

    def carry(self, delivery: Delivery) -> None:
        self.tried.append(delivery.name)
        if len(self.tried) <= self.times:
            raise self.error
        self.ended.put(delivery.attempts)

    def bury(self, delivery: Delivery, failure: Undelivered, limit: str | None) -> None:
        self.ended.put((failure.code, delivery.attempts, limit))


def begun(database: Database, carriage: Failing, policy: dict[str, int], pause: float = 0.0) -> Courier:
    pending = PendingEvents(database)
    courier = Courier(Backends(database, Pickling()), pending, carriage, pause=lambda attempts: pause)
    courier.take(pending.add(ORIGIN, {"Arn": QUEUE, "RetryPolicy": policy}, {"id": "1"}, time.time()))
    return courier


@pytest.mark.parametrize(
    ("times", "error", "policy", "pause", "end"),
    [
        (2, TimeoutError("slow"), {}, 0.0, 2),
        (9, TimeoutError("slow"), {"MaximumRetryAttempts": 3}, 0.0, ("INTERNAL_ERROR", 3, "MaximumRetryAttempts")),
        (9, TimeoutError("slow"), {"MaximumRetryAttempts": 0}, 0.0, ("INTERNAL_ERROR", 0, "MaximumRetryAttempts")),
        (
            9,
            TimeoutError(""),
            {"MaximumEventAgeInSeconds": 60},
            61.0,
            ("INTERNAL_ERROR", 0, "MaximumEventAgeInSeconds"),
        ),
        (9, CannotAssume("arn:aws:iam::1:role/r", "events"), {}, 0.0, ("NO_PERMISSIONS", 0, None)),
    ],
)
def test_what_may_pass_is_tried_again_until_a_limit(times, error, policy, pause, end):
    carriage = Failing(times, error)
    begun(Database(), carriage, policy, pause)
    assert carriage.ended.get(timeout=60) == end
    assert len(set(carriage.tried)) == 1


def test_what_waits_for_its_next_attempt_is_there_after_a_restart(tmp_path: Path):
    path, first = tmp_path / "cloud.sqlite", Failing(1, TimeoutError())
    database = Database(path)
    begun(database, first, {}, pause=3600.0)
    give_up = time.monotonic() + 60
    while PendingEvents(database).all()[0].attempts == 0 and time.monotonic() < give_up:
        time.sleep(0.01)
    database.close()
    (kept,) = PendingEvents(Database(path)).all()
    assert (kept.attempts, kept.target["Arn"], kept.name) == (1, QUEUE, first.tried[0])
    assert kept.due > time.time() + 3000


def test_one_slow_target_does_not_hold_up_the_others():
    database, release = Database(), queue.Queue[None]()

    class Slow(Failing):
        def carry(self, delivery: Delivery) -> None:
            if delivery.event["id"] == "slow":
                release.get(timeout=60)
            self.ended.put(delivery.event["id"])

    carriage, pending = Slow(0, TimeoutError()), PendingEvents(database)
    courier = Courier(Backends(database, Pickling()), pending, carriage)
    for name in ("slow", "quick"):
        courier.take(pending.add(ORIGIN, {"Arn": QUEUE}, {"id": name}, time.time()))
    assert carriage.ended.get(timeout=60) == "quick"
    release.put(None)
    assert carriage.ended.get(timeout=60) == "slow"
