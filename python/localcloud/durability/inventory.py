"""Counts what a local cloud holds, by kind, from its database alone. The cloud may run or not.

Example::

    >>> import sqlite3
    >>> connection = sqlite3.connect(":memory:")
    >>> _ = connection.executescript("CREATE TABLE part (name, holds); CREATE TABLE execution (status)")
    >>> _ = connection.execute("INSERT INTO part VALUES ('sqs/123456789012/us-east-1', '{\\"queue\\": 2}')")
    >>> _ = connection.execute("INSERT INTO execution VALUES ('RUNNING')")
    >>> count(connection)
    {'queue': 2, 'execution': 1, 'running execution': 1}
    >>> words(count(connection)), words({"alias": 2}), words({})
    ('2 queues, 1 execution, 1 running execution', '2 aliases', 'nothing')
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping

#: What is counted by rows: the kind, the table, and which of its rows.
_ROWS = (
    ("object", "object", ""),
    ("execution", "execution", ""),
    ("running execution", "execution", "WHERE status = 'RUNNING'"),
    ("log event", "log_event", ""),
    ("trace segment", "segment", ""),
)


def count(connection: sqlite3.Connection) -> dict[str, int]:
    """How many of each kind there are. Kinds of which there is none are left out.

    Args:
        connection: A connection that only reads.

    Raises:
        sqlite3.DatabaseError: the database is damaged.
    """
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    found: Counter[str] = Counter()
    if "part" in tables:
        for (holds,) in connection.execute("SELECT holds FROM part ORDER BY name"):
            found.update(json.loads(holds))
    if "states" in tables:
        for (content,) in connection.execute("SELECT content FROM states"):
            found["state machine"] += len(json.loads(content)["machines"])
    for kind, table, which in _ROWS:
        if table in tables:
            found[kind] += connection.execute(f"SELECT count(*) FROM {table} {which}").fetchone()[0]
    return {kind: number for kind, number in found.items() if number}


def words(holds: Mapping[str, int]) -> str:
    """The counts in one line, for people."""
    return (
        ", ".join(f"{number:,} {kind if number == 1 else _plural(kind)}" for kind, number in holds.items()) or "nothing"
    )


def _plural(kind: str) -> str:
    return f"{kind}es" if kind.endswith("s") else f"{kind}s"
