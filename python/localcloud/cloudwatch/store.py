"""The metrics of one local cloud. They are moto's, with an index so that alarms find them fast."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localcloud.cloudwatch.series import Datum, Series

Key = tuple[str, str, str, str, frozenset[tuple[str, str]]]


@dataclass
class Metrics:
    """Stores metrics, finds them for alarms, and reads the state of alarms."""

    _series: dict[Key, Series] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _clock: Path | None = None

    def now(self) -> float:
        """The time of metrics and alarms, in seconds since 1970."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            return time.time() + float(self._clock.read_text() if self._clock else 0)
        return time.time()

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
        from moto.cloudwatch.models import cloudwatch_backends

        pairs = [{"Name": key, "Value": text} for key, text in dimensions.items()]
        datum = {"MetricName": name, "Dimensions": pairs, "Value": float(value), "Unit": unit}
        cloudwatch_backends[account][region].put_metric_data(namespace, [datum])

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
        """A metric's data in a span of seconds since 1970. A metric is identified by its exact set of dimensions."""
        with self._lock:
            found = self._series.get((account, region, namespace, name, frozenset(dimensions.items())))
            return found.between(begin, end, unit=unit) if found else []

    def alarm_state(self, name: str, *, account: str, region: str) -> str | None:
        """``OK``, ``ALARM`` or ``INSUFFICIENT_DATA`` at the last evaluation; None if there is no such alarm."""
        from moto.cloudwatch.models import cloudwatch_backends

        alarm = cloudwatch_backends[account][region].alarms.get(name)
        return alarm.state_value if alarm else None

    def install(self, *, clock: Path) -> None:
        """Index the data of every PutMetricData, from clients and from the services.

        Args:
            clock: A file with the seconds by which the clock of metrics and alarms is ahead. It need not exist.
        """
        from moto.cloudwatch.models import CloudWatchBackend

        self._clock = clock
        put = CloudWatchBackend.put_metric_data

        def put_metric_data(backend: CloudWatchBackend, namespace: str, metric_data: list[dict[str, Any]]) -> None:
            timed = [{"Timestamp": _moment(self.now()), **member} for member in metric_data]
            put(backend, namespace, timed)
            with self._lock:
                for member in timed:
                    pairs = frozenset((one["Name"], one["Value"]) for one in member.get("Dimensions") or ())
                    key = (backend.account_id, backend.region_name, namespace, member["MetricName"], pairs)
                    series = self._series.setdefault(key, Series())
                    for datum in _data(member):
                        series.add(datum)

        CloudWatchBackend.put_metric_data = put_metric_data


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)  # moto compares times without a zone


def _data(member: Mapping[str, Any]) -> list[Datum]:
    """The data in one member of PutMetricData's MetricData."""
    given = member["Timestamp"]
    moment = (given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp()
    unit = member.get("Unit") or "None"
    if statistics := member.get("StatisticValues"):
        total, count = float(statistics["Sum"]), float(statistics["SampleCount"])
        return [Datum(moment, total, count, float(statistics["Minimum"]), float(statistics["Maximum"]), unit)]
    values = [float(value) for value in member.get("Values") or [member.get("Value", 0.0)]]
    counts = [float(count) for count in member.get("Counts") or [1.0] * len(values)]
    pairs = zip(values, counts, strict=True)
    return [Datum(moment, value * count, count, value, value, unit) for value, count in pairs]
