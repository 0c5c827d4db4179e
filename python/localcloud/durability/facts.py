"""What a local cloud knows about itself from one process to the next: its port, its root user's secret, its end.

The facts are a table of the cloud's database. :func:`read` changes nothing in the folder, and the cloud may run or not.
So it tells a cloud that was ended from one that crashed.

Example::

    >>> folder = Path("build/local")
    >>> folder.mkdir(parents=True)
    >>> read(folder) is None
    True
    >>> database = Database(folder / DATABASE)
    >>> begin(database, port=5566, root_secret="secret", now=100.0)
    >>> read(folder).crashed
    True
    >>> end(database, now=200.0)
    >>> database.close()
    >>> found = read(folder)
    >>> found.crashed, found.port, found.ended
    (False, 5566, 200.0)
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.durability import inventory
from localcloud.durability.database import Database
from localcloud.durability.errors import Unreadable

DATABASE = "cloud.sqlite"
#: The version of everything that a cloud keeps: its tables, and the folders beside its database.
FORMAT = 1
#: The folders that hold contents whose descriptions are in the database.
CONTENTS = ("objects", "blobs")
_TABLE = "CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"


@dataclass(frozen=True)
class CloudFacts:
    """The facts of a cloud.

    Attributes:
        port: The port that it had last.
        root_secret: The secret access key of the account's root user.
        started: When its last process started, in seconds since 1970.
        ended: When that process ended in order. None if it runs or crashed.
        holds: What it holds, by kind.
    """

    port: int
    root_secret: str = field(repr=False)
    started: float
    ended: float | None
    holds: Mapping[str, int]

    @property
    def crashed(self) -> bool:
        """Whether the last process did not end in order. It holds only if no process runs now."""
        return self.ended is None

    @property
    def is_empty(self) -> bool:
        """Whether the cloud holds nothing."""
        return not any(self.holds.values())


def read(state: Path, *, whole: bool = False) -> CloudFacts | None:
    """The facts of a folder's cloud. None for a new cloud.

    Args:
        whole: Check the whole database (``PRAGMA quick_check``), not only the pages that are read.

    Raises:
        Unreadable: the database is damaged, missing, or of another version.
    """
    path = state / DATABASE
    if not path.exists():
        log = path.with_name(f"{path.name}-wal")
        if log.exists() and log.stat().st_size:  # SQLite would throw it away
            raise Unreadable(f"{path} is missing, though its log {log.name} is there")
        _refuse_contents(state, f"{path} is missing")
        return None
    if not path.stat().st_size:
        raise Unreadable(f"{path} is empty: it has 0 bytes")
    try:
        with _reading(path) as connection:
            if whole and (found := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise Unreadable(f"{path} is damaged: {found}")
            if not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                _refuse_contents(state, f"{path} holds nothing")
                return None  # its first process was killed before it had made the first table
            facts = dict(connection.execute("SELECT name, value FROM fact").fetchall())
            _check_format(path, facts.get("format"))
            return CloudFacts(
                port=int(facts["port"]),
                root_secret=facts["root_secret"],
                started=float(facts["started"]),
                ended=float(facts["ended"]) if facts["ended"] else None,
                holds=inventory.count(connection),
            )
    except sqlite3.DatabaseError as error:
        raise Unreadable(f"{path} is damaged: {error}") from None
    except (KeyError, ValueError) as error:
        raise Unreadable(f"{path} is damaged: its facts are not whole: {error}") from None


def _refuse_contents(state: Path, what: str) -> None:
    for name in CONTENTS:
        if any((state / name).glob("*")):
            raise Unreadable(f"{what}, though {state / name} holds contents")


def begin(database: Database, *, port: int, root_secret: str, now: float) -> None:
    """Write down that a process has started."""
    with database.together():  # a database without a table is a new one, so the table and its rows appear at once
        database.now(_TABLE, [()])
        _write(database, format=FORMAT, port=port, root_secret=root_secret, started=now, ended="")


def end(database: Database, *, now: float) -> None:
    """Write down that the process ends in order. Everything else must have been kept before."""
    _write(database, ended=now)


def _write(database: Database, **facts: object) -> None:
    database.now("INSERT OR REPLACE INTO fact VALUES (?, ?)", [(name, str(value)) for name, value in facts.items()])


def _check_format(path: Path, found: str | None) -> None:
    if found == str(FORMAT):
        return
    age = "a newer" if found and found.isdigit() and int(found) > FORMAT else "an older"
    raise Unreadable(
        f"{path} has format {found}, which {age} version of this project wrote; this one reads {FORMAT}",
        instead="go on with the version that wrote it",
    )


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that changes nothing. Without a log, it does not even make SQLite's files beside the database."""
    how = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "immutable=1"
    with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True)) as connection:
        yield connection
