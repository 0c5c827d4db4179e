"""Bytes that are too large to be written again and again: functions' packages and layers.

Each is kept once, by a name that stands for its content, and is deleted at the next start when nothing refers to it.

Example::

    >>> blobs = Blobs(Database())
    >>> blobs.put("9f86d0…", b"a zip")
    >>> blobs.get("9f86d0…")
    b'a zip'
    >>> blobs.drop_unused()     # at a start, after everything that is still there has been read
    0
"""

from __future__ import annotations

from localcloud.durability.database import Database

TABLE = "CREATE TABLE IF NOT EXISTS blob (name TEXT PRIMARY KEY, content BLOB NOT NULL)"


class Blobs:
    """The blobs of one cloud."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: set[str] = set()
        self._read: set[str] = set()
        database.declare(TABLE)

    def put(self, name: str, content: bytes) -> None:
        """Keep bytes.

        Args:
            name: Differs for different bytes: a digest of them.
        """
        if name not in self._known:
            self._database.now("INSERT OR IGNORE INTO blob VALUES (?, ?)", [(name, content)])
            self._known.add(name)

    def get(self, name: str) -> bytes:
        """The bytes with a name.

        Raises:
            KeyError: There are none.
        """
        found = self._database.read("SELECT content FROM blob WHERE name = ?", (name,))
        if not found:
            raise KeyError(name)
        self._known.add(name)
        self._read.add(name)
        return bytes(found[0][0])

    def drop_unused(self) -> int:
        """Delete the blobs that nobody has read, and return their number."""
        unused = [(name,) for (name,) in self._database.read("SELECT name FROM blob") if name not in self._read]
        self._known.difference_update(name for (name,) in unused)
        if unused:
            self._database.now("DELETE FROM blob WHERE name = ?", unused)
        return len(unused)


def fetched(blobs: Blobs, name: str) -> bytes:
    """What a pickle says in place of a blob's bytes."""
    return blobs.get(name)


class Held:
    """Stands in a pickle's state for a blob."""

    def __init__(self, blobs: Blobs, name: str) -> None:
        self._blobs, self._name = blobs, name

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return fetched, (self._blobs, self._name)
