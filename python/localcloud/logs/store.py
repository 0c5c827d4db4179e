"""The events of log streams, in the cloud's database.

moto keeps the groups and streams themselves. A stream is found by its account, region, group and name, so a stream that
was unpickled finds its events again. Event rows are ordered by time, and by arrival if the time is the same. Two
indexes lead to them: by stream and by group.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from localcloud.durability.database import Change, Database

TABLES = (
    """CREATE TABLE IF NOT EXISTS log_group (number INTEGER PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL,
    name TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS log_stream (number INTEGER PRIMARY KEY, "group" INTEGER NOT NULL, name TEXT NOT NULL,
    bytes INTEGER NOT NULL, first INTEGER, last INTEGER, ingested INTEGER, writes INTEGER NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS log_event (number INTEGER PRIMARY KEY, "group" INTEGER NOT NULL,
    stream INTEGER NOT NULL, time INTEGER NOT NULL, ingested INTEGER NOT NULL, message TEXT NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS log_event_stream ON log_event (stream, time)",
    'CREATE INDEX IF NOT EXISTS log_event_group ON log_event ("group", time)',
    # Streams that are deleted, while their events are not.
    "CREATE TABLE IF NOT EXISTS log_gone (stream INTEGER PRIMARY KEY)",
)
#: How many events are read or deleted at once, so that nobody waits long for the database.
CHUNK = 2000
FIRST, LAST = (-1, 0), (1 << 62, 0)

GroupKey = tuple[str, str, str]  # account, region, name
Place = tuple[int, int]  # time and number: where an event stands among the others


class StoredEvent(NamedTuple):
    """One event. Times are in milliseconds since 1970."""

    event_id: int
    timestamp: int
    ingestion_time: int
    message: str
    stream: str

    @property
    def place(self) -> Place:
        """Where it stands among the others."""
        return self.timestamp, self.event_id


@dataclass(slots=True)
class GroupFacts:
    """A group's number, which identifies it also after one with the same name was deleted, and its streams by name."""

    number: int
    streams: dict[str, StreamFacts] = field(default_factory=dict)


@dataclass(slots=True)
class StreamFacts:
    """What is known of a stream without reading its events.

    Attributes:
        number: Identifies the stream, also after one with the same name was deleted.
        group: The number of its group.
        name: Its name.
        bytes: The size of its messages.
        first, last: The times of the oldest and of the latest event.
        ingested: When the latest events arrived.
        writes: How often events arrived.
    """

    number: int
    group: int
    name: str
    bytes: int = 0
    first: int | None = None
    last: int | None = None
    ingested: int | None = None
    writes: int = 0


class LogStore:
    """Keeps and finds log events."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        for statement in TABLES:
            database.declare(statement)
        self._groups: dict[GroupKey, GroupFacts] = {}
        by_number = {}
        for number, account, region, name in database.read("SELECT * FROM log_group"):
            by_number[number] = self._groups[account, region, name] = GroupFacts(number)
        for row in database.read("SELECT * FROM log_stream"):
            facts = StreamFacts(*row)
            by_number[facts.group].streams[facts.name] = facts
        used = "SELECT number FROM log_group UNION SELECT number FROM log_stream UNION SELECT stream FROM log_gone"
        self._numbers = itertools.count(1 + (database.read(f"SELECT max(number) FROM ({used})")[0][0] or 0))
        self._events = itertools.count(1 + (database.read("SELECT max(number) FROM log_event")[0][0] or 0))
        self._new_groups: dict[int, GroupKey] = {}
        self._new: list[tuple[Any, ...]] = []
        self._changed: dict[int, StreamFacts] = {}
        self._wake = database.gather(self._gathered)

    def begin(self, group: GroupKey, stream: str) -> None:
        """A stream is new. Events of an earlier stream of the same name are not its own."""
        self.forget(group, stream)
        with self._lock:
            facts = self._facts(group, stream)
            self._changed[facts.number] = facts
        self._wake()

    def put(self, group: GroupKey, stream: str, events: Sequence[Mapping[str, Any]], ingested: int) -> list[int]:
        """Add events, with the keys ``timestamp`` and ``message``. Returns their numbers."""
        with self._lock:
            facts = self._facts(group, stream)
            first = not self._new
            numbers = []
            for one in events:
                number, time, message = next(self._events), one["timestamp"], one["message"]
                numbers.append(number)
                self._new.append((number, facts.group, facts.number, time, ingested, message))
                facts.bytes += len(message)
                facts.first = time if facts.first is None else min(facts.first, time)
                facts.last = time if facts.last is None else max(facts.last, time)
            facts.ingested = ingested
            facts.writes += 1
            self._changed[facts.number] = facts
        if first:
            self._wake()
        return numbers

    def flush(self) -> None:
        """Keep what was put before this returns."""
        self._database.flush()

    def facts(self, group: GroupKey, stream: str) -> StreamFacts:
        """What is known of a stream."""
        with self._lock:
            return self._facts(group, stream)

    def read(
        self,
        group: GroupKey,
        streams: Collection[str] | None = None,
        *,
        after: Place = FIRST,
        before: Place = LAST,
        newest: bool = False,
    ) -> Iterator[StoredEvent]:
        """The events of a group, or of some of its streams, between two places. They are read as they are used.

        Args:
            newest: Whether the latest event comes first.
        """
        with self._lock:
            facts = self._groups.get(group)
            names = {one.number: one.name for one in facts.streams.values()} if facts else {}
        if facts is None:
            return iter(())
        wanted = [number for number, name in names.items() if streams is not None and name in streams]
        span = (after, before, newest)
        if streams is None:
            return self._scan('"group"', facts.number, names, span)
        scans = [self._scan("stream", number, names, span) for number in wanted]
        return heapq.merge(*scans, key=lambda event: event.place, reverse=newest)

    def forget(self, group: GroupKey, stream: str | None = None) -> None:
        """A stream was deleted, or a group with all its streams. The events are deleted by :meth:`clean`."""
        with self._lock:
            facts = self._groups.get(group)
            if facts is None:
                return
            names = list(facts.streams) if stream is None else [stream]
            gone = [(facts.streams.pop(name).number,) for name in names if name in facts.streams]
            for (number,) in gone:
                self._changed.pop(number, None)
            if stream is None:
                del self._groups[group]
                self._new_groups.pop(facts.number, None)
        if gone:
            self._database.soon("INSERT OR IGNORE INTO log_gone VALUES (?)", gone)
            self._database.soon("DELETE FROM log_stream WHERE number = ?", gone)
        if stream is None:
            self._database.soon("DELETE FROM log_group WHERE number = ?", [(facts.number,)])

    def clean(self, oldest: Mapping[GroupKey, int]) -> None:
        """Delete the events of deleted streams, and those that are older than their group keeps events.

        Args:
            oldest: The time of the oldest events that each group keeps, for groups that do not keep them for ever.
        """
        for (stream,) in self._database.read("SELECT stream FROM log_gone", gathered=True):
            for _ in self._deleted("stream = ?", (stream,)):
                pass
            self._database.soon("DELETE FROM log_gone WHERE stream = ?", [(stream,)])
        for group, time in oldest.items():
            if facts := self._groups.get(group):
                for sizes in self._deleted('"group" = ? AND time < ?', (facts.number, time)):
                    self._shrink(facts, sizes)

    def _scan(
        self, column: str, number: int, names: Mapping[int, str], span: tuple[Place, Place, bool]
    ) -> Iterator[StoredEvent]:
        after, before, newest = span
        order = "DESC" if newest else "ASC"
        query = (
            f"SELECT number, time, ingested, message, stream FROM log_event WHERE {column} = ? AND time BETWEEN ? AND ?"
            f" AND (time, number) > (?, ?) AND (time, number) < (?, ?) ORDER BY time {order}, number {order}"
            f" LIMIT {CHUNK}"
        )
        while True:
            rows = self._database.read(query, (number, after[0], before[0], *after, *before), gathered=True)
            for event, time, ingested, message, stream in rows:
                if stream in names:
                    yield StoredEvent(event, time, ingested, message, names[stream])
            if len(rows) < CHUNK:
                return
            last = (rows[-1][1], rows[-1][0])
            after, before = (after, last) if newest else (last, before)

    def _deleted(self, where: str, given: tuple[Any, ...]) -> Iterator[dict[int, int]]:
        """Delete events, some at a time. Yields the size of their messages by the streams' numbers."""
        query = f"SELECT number, stream, length(message) FROM log_event WHERE {where} LIMIT {CHUNK}"
        while rows := self._database.read(query, given, gathered=True):
            sizes: dict[int, int] = {}
            for _, stream, size in rows:
                sizes[stream] = sizes.get(stream, 0) + size
            self._database.now("DELETE FROM log_event WHERE number = ?", [(number,) for number, _, _ in rows])
            yield sizes

    def _shrink(self, group: GroupFacts, sizes: Mapping[int, int]) -> None:
        query = "SELECT min(time), max(time) FROM log_event WHERE stream = ?"
        spans = {stream: self._database.read(query, (stream,), gathered=True)[0] for stream in sizes}
        with self._lock:
            for facts in group.streams.values():
                if facts.number in sizes:
                    facts.bytes -= sizes[facts.number]
                    facts.first, facts.last = spans[facts.number]
                    self._changed[facts.number] = facts
        self._wake()

    def _facts(self, group: GroupKey, stream: str) -> StreamFacts:
        found = self._groups.get(group)
        if found is None:
            found = self._groups[group] = GroupFacts(next(self._numbers))
            self._new_groups[found.number] = group
        facts = found.streams.get(stream)
        if facts is None:
            facts = found.streams[stream] = StreamFacts(next(self._numbers), found.number, stream)
        return facts

    def _gathered(self) -> list[Change]:
        with self._lock:
            groups = [(number, *key) for number, key in self._new_groups.items()]
            streams = [_row(facts) for facts in self._changed.values()]
            events, self._new, self._changed, self._new_groups = self._new, [], {}, {}
        changes: list[Change] = [
            ("INSERT INTO log_group VALUES (?, ?, ?, ?)", groups),
            ("INSERT OR REPLACE INTO log_stream VALUES (?, ?, ?, ?, ?, ?, ?, ?)", streams),
            ("INSERT INTO log_event VALUES (?, ?, ?, ?, ?, ?)", events),
        ]
        return [(statement, rows) for statement, rows in changes if rows]


def _row(facts: StreamFacts) -> tuple[Any, ...]:
    places = (facts.bytes, facts.first, facts.last, facts.ingested, facts.writes)
    return facts.number, facts.group, facts.name, *places
