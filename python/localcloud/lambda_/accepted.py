"""Events that were accepted to run later (InvocationType Event). They are kept until they have run.

AWS: Lambda Developer Guide, "Invoking a Lambda function asynchronously": Lambda answers when the event is in its queue.

Example::

    >>> from localcloud.durability.database import Database
    >>> accepted = Accepted(Database())
    >>> number = accepted.add("arn:aws:lambda:us-east-1:123456789012:function:f", {"n": 1})
    >>> accepted.waiting()
    [(1, 'arn:aws:lambda:us-east-1:123456789012:function:f', {'n': 1})]
    >>> accepted.done(number)
    >>> accepted.waiting()
    []
"""

from __future__ import annotations

import itertools
import json
from typing import Any

from localcloud.durability.database import Database

TABLE = "CREATE TABLE IF NOT EXISTS accepted (number INTEGER PRIMARY KEY, arn TEXT NOT NULL, event TEXT NOT NULL)"


class Accepted:
    """The accepted events of one cloud."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.declare(TABLE)
        ((last,),) = database.read("SELECT coalesce(max(number), 0) FROM accepted")
        self._numbers = itertools.count(last + 1)

    def add(self, arn: str, event: Any) -> int:
        """Keep an event, and return its number. It is kept when this returns.

        Args:
            arn: The ARN of the request, with its qualifier.
        """
        number = next(self._numbers)
        self._database.now("INSERT INTO accepted VALUES (?, ?, ?)", [(number, arn, json.dumps(event))])
        return number

    def done(self, number: int) -> None:
        """An event has run."""
        self._database.now("DELETE FROM accepted WHERE number = ?", [(number,)])

    def waiting(self) -> list[tuple[int, str, Any]]:
        """The number, the ARN and the event of all that have not run, in their order."""
        rows = self._database.read("SELECT number, arn, event FROM accepted ORDER BY number")
        return [(number, arn, json.loads(event)) for number, arn, event in rows]
