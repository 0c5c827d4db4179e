"""The metrics of one local cloud, in its database.

There is one row for each metric, unit and second with data. Values are added up in memory before they are written, so
that a value costs some microseconds. Old rows are rolled up, so the file's size levels off.

AWS: "Data points with a period of less than 60 seconds are available for 3 hours", those of 60 seconds for 15 days,
those of 300 seconds for 63 days, and those of an hour for 455 days (Amazon CloudWatch User Guide, Metrics retention).

If the cloud is slow on purpose (:mod:`localcloud.latency`), data are written at once, and read later.
"""

from __future__ import annotations

import itertools
import json
import math
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localcloud.cloudwatch.series import Datum, packed, together, unpacked
from localcloud.latency import NONE, Latency

if TYPE_CHECKING:
    from localcloud.cloudwatch.clock import Clock
    from localcloud.durability.database import Change, Database

HOUR, DAY = 3600, 86400
#: From which age on, in seconds, data points are that many seconds long.
LEVELS = ((3 * HOUR, 60), (15 * DAY, 300), (63 * DAY, HOUR))
OLDEST = 455 * DAY
TABLES = (
    """CREATE TABLE IF NOT EXISTS metric (number INTEGER PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL,
    namespace TEXT NOT NULL, name TEXT NOT NULL, dimensions TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS metric_data (metric INTEGER NOT NULL, time INTEGER NOT NULL, unit TEXT NOT NULL,
    total REAL NOT NULL, count REAL NOT NULL, low REAL NOT NULL, high REAL NOT NULL, "values" BLOB NOT NULL,
    PRIMARY KEY (metric, time, unit)) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS metric_rolled (seconds INTEGER PRIMARY KEY, until INTEGER NOT NULL)",
)
NEW = "INSERT INTO metric VALUES (?, ?, ?, ?, ?, ?)"
ADD = """INSERT INTO metric_data VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    total = total + excluded.total, count = count + excluded.count, low = min(low, excluded.low),
    high = max(high, excluded.high), "values" = CAST("values" || excluded."values" AS BLOB)"""

Key = tuple[str, str, str, str, tuple[tuple[str, str], ...]]


def key_of(account: str, region: str, namespace: str, name: str, dimensions: Mapping[str, str]) -> Key:
    """What identifies a metric: its exact set of dimensions, too."""
    return account, region, namespace, name, tuple(sorted(dimensions.items()))


def resolution(age: float) -> int:
    """The length of the data points of an age, both in seconds.

    Example::

        >>> [resolution(hours * 3600) for hours in (2, 4, 24 * 16, 24 * 64)]
        [1, 60, 300, 3600]
    """
    return next((seconds for since, seconds in reversed(LEVELS) if age >= since), 1)


@dataclass(slots=True)
class _Metric:
    number: int
    changed: int = 0  # the number of the latest change of any metric that was one of this metric


@dataclass(slots=True)
class _Sum:
    """Values that are not written yet."""

    total: float
    count: float
    low: float
    high: float
    values: dict[float, float]


class Metrics:
    """Stores metrics, and answers questions about them.

    Args:
        database: Where they are kept.
        clock: Their time.
        latency: Says how late they are read.
    """

    def __init__(self, database: Database, clock: Clock, latency: Latency = NONE) -> None:
        self._clock, self._latency = clock, latency
        self._database = database
        self._lock = threading.Lock()
        for table in TABLES:
            database.declare(table)
        self._metrics: dict[Key, _Metric] = {}
        for number, *names, dimensions in database.read("SELECT * FROM metric"):
            key = (*names, tuple((name, value) for name, value in json.loads(dimensions)))
            self._metrics[key] = _Metric(number)
        self._numbers = itertools.count(1 + max((one.number for one in self._metrics.values()), default=0))
        self._changes = itertools.count(1)
        self._new: list[Sequence[Any]] = []
        self._sums: dict[tuple[int, int, str], _Sum] = {}
        self._wake = database.gather(self._gathered)

    def now(self) -> float:
        """The time of metrics and alarms, in seconds since 1970."""
        return self._clock.now()

    def late(self, namespace: str, name: str, dimensions: Mapping[str, str], *, account: str, region: str) -> float:
        """How many seconds late the data of a metric are there."""
        return self.late_of(key_of(account, region, namespace, name, dimensions))

    def late_of(self, key: Key) -> float:
        """As :meth:`late`, for a metric's key."""
        return self._latency.late(*key)

    def _there(self, key: Key, end: float) -> float:
        """The end of a span, or where a metric's data are not there yet."""
        late = self.late_of(key)
        return min(end, self.now() - late) if late else end

    def put(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        value: float,
        unit: str = "None",
        *,
        account: str,
        region: str,
    ) -> None:
        """Put one value of a service with the current time. GetMetricData, ListMetrics and alarms see it."""
        self.put_all(namespace, dimensions, [(name, value, unit)], account=account, region=region)

    def put_all(
        self,
        namespace: str,
        dimensions: Mapping[str, str],
        values: Iterable[tuple[str, float, str]],
        *,
        account: str,
        region: str,
    ) -> None:
        """Put values of several metrics that have the same dimensions: names, values and units."""
        moment, named, first = int(self.now()), tuple(sorted(dimensions.items())), False
        with self._lock:
            for name, value, unit in values:
                key, one = (account, region, namespace, name, named), float(value)
                first |= self._add(key, moment, unit, one, 1.0, one, one, ((one, 1.0),))
        if first:
            self._wake()

    def add(self, data: Iterable[tuple[Key, Datum]]) -> None:
        """Put data that a client has sent. They are kept when this returns."""
        now = self.now()
        with self._lock:
            for key, one in data:
                seconds = resolution(now - one.time)
                moment = math.floor(one.time / seconds) * seconds
                self._add(key, moment, one.unit, one.total, one.count, one.low, one.high, one.values.items())
        self._database.flush()

    def between(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        begin: float,
        end: float,
        *,
        unit: str | None = None,
        account: str,
        region: str,
    ) -> Sequence[Datum]:
        """A metric's data in a span of seconds since 1970. The span includes its begin and excludes its end."""
        rows = self._rows(key_of(account, region, namespace, name, dimensions), begin, end, unit)
        return [
            Datum(time, total, count, low, high, unit, unpacked(values))
            for time, total, count, low, high, unit, values in rows
        ]

    def periods(
        self, key: Key, begin: float, end: float, period: float, *, unit: str | None = None, values: bool = False
    ) -> dict[int, Datum]:
        """A metric's data in each period of a span, by the period's number. Periods without data are left out.

        Args:
            key: The metric.
            begin: Where the span and its first period begin, in seconds since 1970.
            end: Where the span ends. The last period may be cut by it.
            period: The length of a period in seconds.
            unit: Only data of this unit; by default of all units.
            values: Whether the data need their values, for percentiles.

        Returns:
            Data with the time of their oldest row.
        """
        metric = self._metrics.get(key)
        if metric is None:
            return {}
        number, where = f"CAST((time - {begin!r}) / {period!r} AS INTEGER)", "metric = ? AND time >= ? AND time < ?"
        given: tuple[Any, ...] = (metric.number, begin, self._there(key, end))
        if unit is not None:
            where, given = where + " AND unit = ?", (*given, unit)
        known: dict[int, list[Mapping[float, float]]] = {}
        if values:
            query = f'SELECT {number}, "values" FROM metric_data WHERE {where}'
            for slot, found in self._database.read(query, given, gathered=True):
                known.setdefault(slot, []).append(unpacked(found))
        return {
            slot: Datum(time, total, count, low, high, unit, together(known.get(slot, ())))
            for slot, time, total, count, low, high, unit in self._database.read(
                f"SELECT {number}, min(time), sum(total), sum(count), min(low), max(high), max(unit) FROM metric_data"
                f" WHERE {where} GROUP BY 1",
                given,
                gathered=True,
            )
        }

    def next_time(self, key: Key, moment: float) -> float | None:
        """The time of a metric's first data at or after a moment."""
        metric = self._metrics.get(key)
        query = "SELECT min(time) FROM metric_data WHERE metric = ? AND time >= ?"
        return self._database.read(query, (metric.number, moment), gathered=True)[0][0] if metric else None

    def changed(self, key: Key) -> int:
        """A number that grows with each new value of a metric."""
        metric = self._metrics.get(key)
        return metric.changed if metric else 0

    def listed(self, account: str, region: str, since: float) -> Iterator[Key]:
        """The metrics of an account with data since a moment, in the order in which they came."""
        with self._lock:
            known = [(key, one.number) for key, one in self._metrics.items() if key[:2] == (account, region)]
        for key, number in known:
            query = "SELECT 1 FROM metric_data WHERE metric = ? AND time >= ? AND time < ? LIMIT 1"
            if self._database.read(query, (number, since, self._there(key, math.inf)), gathered=True):
                yield key

    def alarm_state(self, name: str, *, account: str, region: str) -> str | None:
        """``OK``, ``ALARM`` or ``INSUFFICIENT_DATA`` at the last evaluation; None if there is no such alarm."""
        from moto.cloudwatch.models import cloudwatch_backends

        alarm = cloudwatch_backends[account][region].alarms.get(name)
        return alarm.state_value if alarm else None

    def roll_up(self) -> None:
        """Merge what is old into longer data points, and forget what is too old."""
        now = self.now()
        known = dict(self._database.read("SELECT seconds, until FROM metric_rolled", gathered=True))
        numbers = [number for (number,) in self._database.read("SELECT number FROM metric", gathered=True)]
        for age, seconds in LEVELS:
            until = math.floor((now - age) / seconds) * seconds
            if until <= (done := known.get(seconds, 0)):
                continue
            for number in numbers:
                self._merge(number, done, until, seconds)
            self._database.soon("INSERT OR REPLACE INTO metric_rolled VALUES (?, ?)", [(seconds, until)])
        forgotten = int(now) - OLDEST
        self._database.soon(
            "DELETE FROM metric_data WHERE metric = ? AND time < ?", [(number, forgotten) for number in numbers]
        )
        self._forget()

    def _add(
        self,
        key: Key,
        moment: int,
        unit: str,
        total: float,
        count: float,
        low: float,
        high: float,
        values: Iterable[tuple[float, float]],
    ) -> bool:
        """Add values to those that wait. Returns whether they are the first that wait."""
        metric = self._metrics.get(key)
        if metric is None:
            metric = self._metrics[key] = _Metric(next(self._numbers))
            self._new.append((metric.number, *key[:4], json.dumps(key[4])))
        metric.changed = next(self._changes)
        place = (metric.number, moment, unit)
        found = self._sums.get(place)
        if found is None:
            self._sums[place] = _Sum(total, count, low, high, dict(values))
            return len(self._sums) == 1
        found.total += total
        found.count += count
        found.low = min(found.low, low)
        found.high = max(found.high, high)
        for value, times in values:
            found.values[value] = found.values.get(value, 0.0) + times
        return False

    def _gathered(self) -> list[Change]:
        with self._lock:
            if not self._sums:
                return []
            new, sums, self._new, self._sums = self._new, self._sums, [], {}
        rows = [(*place, one.total, one.count, one.low, one.high, packed(one.values)) for place, one in sums.items()]
        return [(NEW, new), (ADD, rows)] if new else [(ADD, rows)]

    def _rows(self, key: Key, begin: float, end: float, unit: str | None = None) -> list[tuple[Any, ...]]:
        metric = self._metrics.get(key)
        if metric is None:
            return []
        query = 'SELECT time, total, count, low, high, unit, "values" FROM metric_data'
        query += " WHERE metric = ? AND time >= ? AND time < ? AND unit = ifnull(?, unit)"
        return self._database.read(query, (metric.number, begin, self._there(key, end), unit), gathered=True)

    def _merge(self, number: int, begin: int, end: int, seconds: int) -> None:
        """Merge a metric's rows of a span into rows of that many seconds. The rows of an hour are one transaction."""
        span, place = "WHERE metric = ? AND time >= ? AND time < ?", begin
        while True:
            query = f"SELECT min(time) FROM metric_data {span}"
            first = self._database.read(query, (number, place, end), gathered=True)[0][0]
            if first is None:
                return
            begin = first - first % seconds
            place = min(end, begin + max(HOUR, seconds))
            with self._database.together():
                rows = self._database.read(f"SELECT * FROM metric_data {span}", (number, begin, place), gathered=True)
                self._database.now(f"DELETE FROM metric_data {span}", [(number, begin, place)])
                self._database.now(ADD, _merged(rows, seconds))

    def _forget(self) -> None:
        """Forget the metrics that have no data any more."""
        empty = "SELECT number FROM metric WHERE NOT EXISTS (SELECT 1 FROM metric_data WHERE metric = number)"
        with self._database.together():
            gone = {number for (number,) in self._database.read(empty, gathered=True)}
            with self._lock:
                gone -= {number for number, _, _ in self._sums}
                self._metrics = {key: one for key, one in self._metrics.items() if one.number not in gone}
            self._database.now("DELETE FROM metric WHERE number = ?", [(number,) for number in gone])


def _merged(rows: Iterable[tuple[Any, ...]], seconds: int) -> list[tuple[Any, ...]]:
    found: dict[tuple[int, int, str], list[tuple[Any, ...]]] = {}
    for number, time, unit, *rest in rows:
        found.setdefault((number, time - time % seconds, unit), []).append(tuple(rest))
    merged = []
    for place, parts in found.items():
        totals, counts, lows, highs, values = zip(*parts, strict=True)
        known = packed(together(unpacked(one) for one in values))
        merged.append((*place, sum(totals), sum(counts), min(lows), max(highs), known))
    return merged
