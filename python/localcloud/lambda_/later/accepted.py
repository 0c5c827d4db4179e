"""Events that were accepted to run later (InvocationType Event). They are kept until nothing remains to be done.

AWS: Lambda Developer Guide, "Invoking a Lambda function asynchronously": Lambda answers when the event is in its queue.

Example::

    >>> from localcloud.durability.database import Database
    >>> accepted = Accepted(Database())
    >>> event = accepted.add("arn:aws:lambda:us-east-1:123456789012:function:f", '{"n": 1}', now=0.0)
    >>> event.payload, event.attempts
    ('{"n": 1}', 0)
    >>> accepted.keep(replace(event, attempts=1))
    >>> [one.attempts for one in accepted.waiting()]
    [1]
    >>> accepted.done(event)
    >>> accepted.waiting()
    []
"""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from localcloud.durability.database import Change, Database
from localcloud.identifiers import new_uuid

TABLE = "CREATE TABLE IF NOT EXISTS asynchronous (number INTEGER PRIMARY KEY, content TEXT NOT NULL)"
WRITE = "INSERT OR REPLACE INTO asynchronous VALUES (?, ?)"
REMOVE = "DELETE FROM asynchronous WHERE number = ?"


@dataclass(frozen=True)
class LastAnswer:
    """What the last run of an event's function answered.

    Attributes:
        version: The version that ran, ``$LATEST`` or a number.
        payload: JSON text.
        failed: Whether it is a function's error.
    """

    version: str
    payload: str
    failed: bool


@dataclass(frozen=True)
class AcceptedEvent:
    """An event that Lambda has accepted.

    Attributes:
        number: Its number in the database.
        arn: The ARN of the request, with its qualifier if it has one.
        payload: JSON text, as it was sent.
        request_id: The id of the request. All its runs have it.
        accepted: When it was accepted, in seconds since 1970.
        due: When it may run, or run again.
        attempts: How often the function has run.
        throttles: How often in a row it could not run.
        skipped: The seconds that it would have waited on AWS, and has not waited here.
        trace: The X-Amzn-Trace-Id of its runs.
        answer: What the last run answered.
        refusal: The status and the message of the last attempt that could not run.
        ended: The condition in which it has ended, such as ``Success``. None if it has not.
    """

    number: int
    arn: str
    payload: str
    request_id: str
    accepted: float
    due: float
    attempts: int = 0
    throttles: int = 0
    skipped: float = 0.0
    trace: str | None = None
    answer: LastAnswer | None = None
    refusal: tuple[int, str] | None = None
    ended: str | None = None

    @property
    def function_arn(self) -> str:
        """The function's ARN, without a qualifier.

        Example::

            >>> arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
            >>> AcceptedEvent(1, f"{arn}:live", "{}", "8f3a", 0.0, 0.0).function_arn == arn
            True
        """
        return ":".join(self.arn.split(":")[:7])

    @property
    def name(self) -> str:
        """The function's name."""
        return self.arn.split(":")[6]

    @property
    def qualifier(self) -> str | None:
        """The version or the alias of the request. None if it has none."""
        return next(iter(self.arn.split(":")[7:]), None)

    @property
    def account(self) -> str:
        """The function's account."""
        return self.arn.split(":")[4]

    @property
    def region(self) -> str:
        """The function's region."""
        return self.arn.split(":")[3]


class Accepted:
    """The accepted events of one cloud."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.declare(TABLE)
        ((last,),) = database.read("SELECT coalesce(max(number), 0) FROM asynchronous")
        self._numbers = itertools.count(last + 1)

    def add(
        self, arn: str, payload: str, *, now: float, trace: str | None = None, ended: str | None = None
    ) -> AcceptedEvent:
        """Keep an event. It is kept when this returns.

        Args:
            arn: The ARN of the request, with its qualifier.
            payload: JSON text.
            now: Seconds since 1970.
            trace: The X-Amzn-Trace-Id of its runs.
            ended: The condition in which it ends before it runs. None if it may run.
        """
        number, request_id = next(self._numbers), new_uuid()
        event = AcceptedEvent(number, arn, payload, request_id, accepted=now, due=now, trace=trace, ended=ended)
        self.keep(event)
        return event

    def keep(self, event: AcceptedEvent) -> None:
        """Keep what has become of an event."""
        self._database.now(WRITE, [(event.number, json.dumps(asdict(event)))])

    def done(self, event: AcceptedEvent) -> None:
        """Nothing remains to be done for an event."""
        self._database.now(*self.removal(event))

    def removal(self, event: AcceptedEvent) -> Change:
        """What is to be written when nothing remains to be done, together with what else changes then."""
        return REMOVE, [(event.number,)]

    def waiting(self) -> list[AcceptedEvent]:
        """All events for which something remains to be done, in the order in which they were accepted."""
        rows = self._database.read("SELECT content FROM asynchronous ORDER BY number")
        return [_read(json.loads(content)) for (content,) in rows]


def _read(found: dict[str, Any]) -> AcceptedEvent:
    answer, refusal = found["answer"], found["refusal"]
    return replace(
        AcceptedEvent(**found),
        answer=LastAnswer(**answer) if answer else None,
        refusal=(refusal[0], refusal[1]) if refusal else None,
    )
