"""Events that were accepted and are on their way to a target. They are kept until they have arrived.

AWS: EventBridge User Guide, "Event bus targets": an event is delivered at least once.

Example::

    >>> pending = PendingEvents(Database())
    >>> origin = Origin("uploads", "arn:aws:events:us-east-1:123456789012:rule/uploads", "123456789012", "us-east-1")
    >>> delivery = pending.add(origin, {"Arn": "arn:aws:sqs:us-east-1:123456789012:q"}, {"id": "6f2e"}, 1000.0)
    >>> [one.origin.name for one in pending.all()]
    ['uploads']
    >>> statement, rows = pending.arrived(delivery)
    >>> rows
    [(1,)]
"""

from __future__ import annotations

import itertools
import json
import threading
import uuid
from dataclasses import asdict, dataclass
from typing import Any

from localcloud.durability.database import Change, Database

#: The table of EventBridge's rules. Every other sender has a table of its own.
RULES = "delivery"


@dataclass(frozen=True)
class Origin:
    """What sends an event: a rule, a schedule or a bucket."""

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
        begun: When it was accepted, in seconds since 1970.
        due: When it is tried next.
        attempts: How often it has failed so far.
        trace: The X-Amzn-Trace-Id of the chain to which it belongs.
    """

    number: int
    origin: Origin
    target: dict[str, Any]
    event: Any
    name: str
    begun: float = 0.0
    due: float = 0.0
    attempts: int = 0
    trace: str | None = None


class PendingEvents:
    """The events on their way, of one cloud and one kind of sender.

    Args:
        table: The name of the table.
    """

    def __init__(self, database: Database, table: str = RULES) -> None:
        self._database, self._table = database, table
        database.declare(f"CREATE TABLE IF NOT EXISTS {table} (number INTEGER PRIMARY KEY, content TEXT NOT NULL)")
        ((last,),) = database.read(f"SELECT coalesce(max(number), 0) FROM {table}")
        self._numbers = itertools.count(last + 1)
        self._lock = threading.Lock()

    def made(
        self,
        origin: Origin,
        target: dict[str, Any],
        event: Any,
        now: float,
        *,
        name: str | None = None,
        trace: str | None = None,
    ) -> tuple[Delivery, Change]:
        """A delivery, and what is to be written so that it is kept.

        Args:
            name: The delivery's name, if the sender has one that it makes again after a crash.
            trace: The X-Amzn-Trace-Id of its chain.
        """
        with self._lock:
            number = next(self._numbers)
        own = event.get("id") if isinstance(event, dict) else None
        name = name or "_".join(filter(None, (own, str(uuid.uuid4()))))
        delivery = Delivery(number, origin, target, event, name, begun=now, due=now, trace=trace)
        return delivery, self._kept(delivery)

    def add(self, origin: Origin, target: dict[str, Any], event: Any, now: float, trace: str | None = None) -> Delivery:
        """Keep an event. It is kept when this returns.

        Args:
            trace: The X-Amzn-Trace-Id of its chain.
        """
        delivery, (statement, rows) = self.made(origin, target, event, now, trace=trace)
        self._database.now(statement, rows)
        return delivery

    def postponed(self, delivery: Delivery) -> Change:
        """What is to be written when an event is to be tried again."""
        return self._kept(delivery)

    def arrived(self, delivery: Delivery) -> Change:
        """What is to be written when an event has arrived, together with what it has changed there."""
        return f"DELETE FROM {self._table} WHERE number = ?", [(delivery.number,)]

    def all(self) -> list[Delivery]:
        """All events that have not arrived, in their order."""
        rows = self._database.read(f"SELECT number, content FROM {self._table} ORDER BY number")
        found = [(number, json.loads(content)) for number, content in rows]
        return [Delivery(number, **{**one, "origin": Origin(**one["origin"])}) for number, one in found]

    def _kept(self, delivery: Delivery) -> Change:
        content = json.dumps({name: value for name, value in asdict(delivery).items() if name != "number"})
        return f"INSERT OR REPLACE INTO {self._table} VALUES (?, ?)", [(delivery.number, content)]
