"""Counts what a local cloud holds, by kind, from its database alone. The cloud may run or not.

Example::

    >>> import sqlite3
    >>> connection = sqlite3.connect(":memory:")
    >>> _ = connection.executescript("CREATE TABLE topic (name); CREATE TABLE queue (name)")
    >>> _ = connection.execute("INSERT INTO queue VALUES ('mine')")
    >>> count(connection)
    {'queue': 1, 'topic': 0}
    >>> words(count(connection)), words({})
    ('1 queue', 'nothing')
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

#: Tables that hold nothing of a user's.
_OWN = frozenset({"fact"})


def count(connection: sqlite3.Connection) -> dict[str, int]:
    """How many of each kind there are.

    Args:
        connection: A connection that only reads.

    Raises:
        sqlite3.DatabaseError: the database is damaged.
    """
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    return {
        name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
        for (name,) in tables
        if name not in _OWN and not name.startswith("sqlite_")
    }


def words(holds: Mapping[str, int]) -> str:
    """The counts in one line, for people."""
    return ", ".join(f"{number:,} {kind}" for kind, number in holds.items() if number) or "nothing"
