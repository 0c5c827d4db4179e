"""The file in which a local cloud keeps what must outlive its process.

It is an SQLite database with a write-ahead log. A transaction is whole or absent, also after ``kill -9``. It is not
forced to the disk (``synchronous=NORMAL``), because an fsync costs more than all the rest. After a power failure the
last transactions may be missing, but those that are there are whole (sqlite.org/wal.html, Performance
considerations).

Example::

    >>> database = Database(Path("cloud.sqlite"))
    >>> database.declare("CREATE TABLE IF NOT EXISTS line (number INTEGER PRIMARY KEY, text TEXT NOT NULL)")
    >>> database.now("INSERT INTO line VALUES (?, ?)", [(1, "kept before the call returns")])
    >>> database.soon("INSERT INTO line VALUES (?, ?)", [(2, "kept with the next change")])
    >>> database.read("SELECT text FROM line ORDER BY number")
    [('kept before the call returns',), ('kept with the next change',)]
    >>> database.close()
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from localcloud import log

#: How long a change of :meth:`Database.soon` waits at most, in seconds.
SOON_SECONDS = 0.25
Rows = Sequence[Sequence[Any]]
Change = tuple[str, Rows]


class Database:
    """One SQLite file. Threads may use it at once.

    Attributes:
        lock: Held while the database is used. Whoever guards what belongs to rows holds it too.

    Args:
        path: The file. None keeps everything in memory, for clouds that live for one test.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self.lock = threading.RLock()
        self._waiting: list[Change] = []
        self._gatherers: list[Callable[[], list[Change]]] = []
        self._arrived = threading.Event()
        self._depth = 0
        self._closed = False
        threading.Thread(target=self._write_what_waits, name="database", daemon=True).start()

    def declare(self, statement: str) -> None:
        """Create a table or an index: ``CREATE … IF NOT EXISTS``."""
        with self.lock:
            self._connection.execute(statement)

    def now(self, statement: str, rows: Rows) -> None:
        """Execute a statement for each row, with all that waits. The change is kept when this returns.

        Raises:
            sqlite3.Error: The database cannot be written. A change that is wrong is not kept. One for which there is no
                space is kept when there is.
        """
        with self.lock:
            self._waiting.append((statement, rows))
            self._commit()

    def soon(self, statement: str, rows: Rows) -> None:
        """As :meth:`now`, but a moment later, together with other changes. Nobody may have been told of the change."""
        with self.lock:
            self._waiting.append((statement, rows))
        self._arrived.set()

    def gather(self, gatherer: Callable[[], list[Change]]) -> Callable[[], None]:
        """Ask a store for its changes now and then, so that it can add up many small changes to a few.

        Args:
            gatherer: Returns the changes since its last call: a statement and its rows. It runs in any thread.

        Returns:
            A function that the store calls when its first change waits. Do not call it with a lock that the gatherer
            takes.
        """
        with self.lock:
            self._gatherers.append(gatherer)
        return self._arrived.set

    def together(self) -> AbstractContextManager[None]:
        """Keep all changes of the block in one transaction, if it ends without an error. Other threads wait."""
        return _Together(self)

    def _begin(self) -> int:
        """Begin a block of :meth:`together`. Returns how many changes wait."""
        self.lock.acquire()
        self._depth += 1
        return len(self._waiting)

    def _end(self, before: int, *, failed: bool) -> None:
        try:
            self._depth -= 1
            if failed:
                del self._waiting[before:]
            elif not self._depth:
                self._commit()
        finally:
            self.lock.release()

    def flush(self) -> None:
        """Keep all that waits, also in the stores that gather. In a block of :meth:`together`, its end does that."""
        with self.lock:
            if not (self._depth or self._closed):
                for gatherer in self._gatherers:
                    self._waiting += gatherer()
            self._commit()

    def _commit(self) -> None:
        """Keep all that waits here. What the stores gather comes a moment later: otherwise they could gather little."""
        with self.lock:
            if self._depth or self._closed or not self._waiting:
                return
            waiting, self._waiting = self._waiting, []
            try:
                self._execute(waiting)
            except BaseException as error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError):  # such as a full disk: the next writing may succeed
                    self._waiting = waiting + self._waiting
                    self._arrived.set()
                raise

    def _execute(self, changes: list[Change]) -> None:
        if len(changes) == len(changes[0][1]) == 1:  # it is a transaction by itself
            self._connection.execute(changes[0][0], changes[0][1][0])
            return
        self._connection.execute("BEGIN IMMEDIATE")
        for statement, rows in changes:
            if len(rows) == 1:
                self._connection.execute(statement, rows[0])
            else:
                self._connection.executemany(statement, rows)
        self._connection.execute("COMMIT")

    def read(self, statement: str, values: Sequence[Any] = (), *, gathered: bool = False) -> list[tuple[Any, ...]]:
        """The rows of a query. It sees what waits, too, unless the disk is full.

        Args:
            gathered: Whether it must see what the stores gather.
        """
        with self.lock:
            with contextlib.suppress(sqlite3.OperationalError):  # what waits is still there, and is written later
                if gathered:
                    self.flush()
                else:
                    self._commit()
            return self._connection.execute(statement, values).fetchall()

    def close(self) -> None:
        """Keep all that waits, and close the file."""
        with self.lock:
            self.flush()
            self._closed = True
            self._connection.close()
        self._arrived.set()

    def _write_what_waits(self) -> None:
        while not self._closed:
            self._arrived.wait()
            self._arrived.clear()
            threading.Event().wait(SOON_SECONDS)
            try:
                self.flush()
            except sqlite3.Error as error:
                log.failure(error)


class _Together(AbstractContextManager[None]):
    """A block of :meth:`Database.together`. An execution has twenty of them, and a generator would cost more."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._before = 0

    def __enter__(self) -> None:
        self._before = self._database._begin()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._database._end(self._before, failed=kind is not None)
