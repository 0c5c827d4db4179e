"""Events that were accepted and are on their way to a target. They are kept until they have arrived.

AWS: EventBridge User Guide, "Event bus targets": an event is delivered at least once.

Example::

    >>> pending = PendingEvents(Database())
    >>> origin = Origin("uploads", "arn:aws:events:us-east-1:123456789012:rule/uploads", "123456789012", "us-east-1")
    >>> delivery = pending.add(origin, {"Arn": "arn:aws:sqs:us-east-1:123456789012:q"}, {"id": "6f2e"})
    >>> [one.origin.name for one in pending.all()]
    ['uploads']
    >>> statement, rows = pending.arrived(delivery)
    >>> rows
    [(1,)]
"""

from __future__ import annotations

import itertools
import json
import uuid
from dataclasses import asdict, dataclass
from typing import Any

from localcloud.durability.database import Change, Database

TABLE = "CREATE TABLE IF NOT EXISTS delivery (number INTEGER PRIMARY KEY, content TEXT NOT NULL)"


@dataclass(frozen=True)
class Origin:
    """The rule that sends an event."""

    name: str
    arn: str
    account: str
    region: str


@dataclass(frozen=True)
class Delivery:
    """One event on its way to one target.

    Attributes:
        number: Its number in the database.
        target: The target, as PutTargets has it.
        event: The event, as the target receives it.
        name: A name that is this delivery's own. It is the same one when the event is sent again after a crash.
    """

    number: int
    origin: Origin
    target: dict[str, Any]
    event: dict[str, Any]
    name: str


class PendingEvents:
    """The events on their way, of one cloud."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.declare(TABLE)
        ((last,),) = database.read("SELECT coalesce(max(number), 0) FROM delivery")
        self._numbers = itertools.count(last + 1)

    def add(self, origin: Origin, target: dict[str, Any], event: dict[str, Any]) -> Delivery:
        """Keep an event. It is kept when this returns."""
        delivery = Delivery(next(self._numbers), origin, target, event, f"{event['id']}_{uuid.uuid4()}")
        content = json.dumps({name: value for name, value in asdict(delivery).items() if name != "number"})
        self._database.now("INSERT INTO delivery VALUES (?, ?)", [(delivery.number, content)])
        return delivery

    def arrived(self, delivery: Delivery) -> Change:
        """What is to be written when an event has arrived, together with what it has changed there."""
        return "DELETE FROM delivery WHERE number = ?", [(delivery.number,)]

    def all(self) -> list[Delivery]:
        """All events that have not arrived, in their order."""
        rows = self._database.read("SELECT number, content FROM delivery ORDER BY number")
        found = [(number, json.loads(content)) for number, content in rows]
        return [Delivery(number, **{**one, "origin": Origin(**one["origin"])}) for number, one in found]
