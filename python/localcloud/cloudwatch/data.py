"""PutMetricData, GetMetricData, GetMetricStatistics and ListMetrics, answered from the store.

moto keeps every value in a list (``cloudwatch/models.py``), reads all of them for each answer, ignores
ExtendedStatistics, lets data points begin at the first value, and returns no results of metric math.

AWS: Amazon CloudWatch API Reference. A start is rounded down to whole minutes, or to the data points that there still
are (GetMetricStatistics, StartTime). ListMetrics returns metrics with data in the past two weeks, 500 at a time. There
are two differences from AWS: S3's daily metrics of storage are always of today, as in moto, and Metrics Insights is
refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterCombination, InvalidParameterValue, ValidationError
from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from localcloud.cloudwatch import expressions
from localcloud.cloudwatch.series import PLAIN, Datum, is_statistic, statistic
from localcloud.cloudwatch.store import DAY, Key, Metrics, key_of, resolution

PAGE = 500
LISTED = 14 * DAY


def install(metrics: Metrics) -> None:
    """Let the operations use the store."""

    def put_metric_data(self: CloudWatchBackend, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        for number, member in enumerate(metric_data, 1):
            self._validate_parameters_put_metric_data(member, number)
        now = metrics.now()
        keys = [_key(self, {"Namespace": namespace, **member}) for member in metric_data]
        metrics.add((key, one) for key, member in zip(keys, metric_data, strict=True) for one in _data(member, now))

    def get_metric_data(
        self: CloudWatchBackend,
        queries: list[dict[str, Any]],
        start_time: datetime,
        end_time: datetime,
        scan_by: str = "TimestampAscending",
    ) -> list[dict[str, Any]]:
        begin, end = _span(start_time, end_time)
        found: dict[str, dict[float, float]] = {}
        for query in (one for one in queries if "MetricStat" in one):
            asked = query["MetricStat"]
            found[query["Id"]] = _values(self, metrics, asked, begin, end)
        for query in (one for one in queries if "MetricStat" not in one):
            found[query["Id"]] = _computed(query["Expression"], found)
        return [
            _result(query, found[query["Id"]], descending=scan_by == "TimestampDescending")
            for query in queries
            if query.get("ReturnData", True)
        ]

    def list_metrics(
        self: CloudWatchBackend, next_token: str | None, namespace: str, metric_name: str, dimensions: Any
    ) -> tuple[str | None, list[dict[str, Any]]]:
        if next_token and not next_token.isdecimal():
            raise InvalidParameterValue("Request parameter NextToken is invalid")
        since = metrics.now() - LISTED
        known = [*metrics.listed(self.account_id, self.region_name, since), *_of_s3(self, namespace)]
        wanted = [one for one in known if _matches(one, namespace, metric_name, dimensions or ())]
        begin = int(next_token or 0)
        rest = str(begin + PAGE) if len(wanted) > begin + PAGE else None
        return rest, [_listed(key) for key in wanted[begin : begin + PAGE]]

    def get_metric_statistics(self: CloudWatchResponse) -> ActionResult:
        asked = self._get_params()
        plain, extended = asked.get("Statistics") or [], asked.get("ExtendedStatistics") or []
        if not plain and not extended:
            raise InvalidParameterCombination("Must specify either Statistics or ExtendedStatistics")
        begin, end = _span(asked["StartTime"], asked["EndTime"])
        period = int(asked["Period"])
        percentiles = [_known(name) for name in extended]
        data = _read(self.cloudwatch_backend, metrics, asked, (begin, end, period), values=bool(extended))
        points = []
        for moment, datum in data:
            point: dict[str, Any] = {"Timestamp": _moment(moment), "Unit": datum.unit}
            point |= {name: statistic(name, [datum]) for name in plain if name in PLAIN}
            if extended:
                found = {name: statistic(name, [datum]) for name in percentiles}
                point["ExtendedStatistics"] = {name: value for name, value in found.items() if value is not None}
            points.append(point)
        return ActionResult({"Label": asked["MetricName"], "Datapoints": points})

    CloudWatchBackend.put_metric_data = put_metric_data
    CloudWatchBackend.get_metric_data = get_metric_data
    CloudWatchBackend.list_metrics = list_metrics
    CloudWatchResponse.get_metric_statistics = get_metric_statistics


def _span(start: datetime, end: datetime) -> tuple[float, float]:
    if start >= end:
        raise ValidationError("The parameter StartTime must be less than the parameter EndTime.")
    return _seconds(start), _seconds(end)


def _known(name: str) -> str:
    if not is_statistic(name):
        raise InvalidParameterValue(f"The local cloud does not support the statistic {name}: use {PLAIN} or p0 to p100")
    return name


def _values(
    backend: CloudWatchBackend, metrics: Metrics, asked: Mapping[str, Any], begin: float, end: float
) -> dict[float, float]:
    name = _known(asked["Stat"])
    span = (begin, end, int(asked["Period"]))
    data = _read(backend, metrics, {**asked["Metric"], "Unit": asked.get("Unit")}, span, values=name not in PLAIN)
    found = {moment: statistic(name, [datum]) for moment, datum in data}
    return {moment: value for moment, value in found.items() if value is not None}


def _read(
    backend: CloudWatchBackend,
    metrics: Metrics,
    asked: Mapping[str, Any],
    span: tuple[float, float, int],
    *,
    values: bool,
) -> list[tuple[float, Datum]]:
    """The data points of a span (begin, end, period) and their begins, the oldest first."""
    begin, end, period = span
    oldest = max(resolution(metrics.now() - begin), min(period, 60))
    begin = math.floor(begin / oldest) * oldest
    key, unit = _key(backend, asked), asked.get("Unit") or None
    found = metrics.periods(key, begin, end, period, unit=unit, values=values)
    for stored, datum in _of_s3(backend, asked["Namespace"]).items():
        if stored == key and begin <= datum.time < end and unit in (None, datum.unit):
            found[int((datum.time - begin) // period)] = datum
    return [(begin + number * period, found[number]) for number in sorted(found)]


def _computed(expression: str, found: Mapping[str, Mapping[float, float]]) -> dict[float, float]:
    """The values of an expression wherever one of the metrics has a value."""
    values = {}
    try:
        expressions.evaluate(expression, dict.fromkeys(found))
        for moment in sorted({moment for one in found.values() for moment in one}):
            value = expressions.evaluate(expression, {name: one.get(moment) for name, one in found.items()})
            if value is not None:
                values[moment] = value
    except expressions.UnknownExpression as error:
        raise ValidationError(str(error)) from None
    return values


def _result(query: Mapping[str, Any], values: Mapping[float, float], *, descending: bool) -> dict[str, Any]:
    asked = query.get("MetricStat")
    name = f"{asked['Metric']['MetricName']} {asked['Stat']}" if asked else query["Id"]
    moments = sorted(values, reverse=descending)
    return {
        "id": query["Id"],
        "label": query.get("Label") or name,
        "values": [values[moment] for moment in moments],
        "timestamps": [_moment(moment) for moment in moments],
        "status_code": "Complete",
    }


def _of_s3(backend: CloudWatchBackend, namespace: str | None) -> dict[Key, Datum]:
    """The metrics of S3's storage. moto computes them from the buckets."""
    if namespace not in (None, "", "AWS/S3"):
        return {}
    found = {}
    for one in backend.aws_metric_data:
        where = (backend.account_id, backend.region_name, one.namespace, one.name)
        key = key_of(*where, {pair.name: pair.value for pair in one.dimensions})
        found[key] = Datum.of(float(one.value), time=_seconds(one.timestamp), unit=one.unit)
    return found


def _matches(key: Key, namespace: str | None, name: str | None, dimensions: Iterable[Mapping[str, str]]) -> bool:
    pairs = dict(key[4])
    return (
        (not namespace or namespace == key[2])
        and (not name or name == key[3])
        and all(one["Name"] in pairs and one.get("Value") in (None, pairs[one["Name"]]) for one in dimensions)
    )


def _listed(key: Key) -> dict[str, Any]:
    pairs = [{"Name": name, "Value": value} for name, value in key[4]]
    return {"Namespace": key[2], "MetricName": key[3], "Dimensions": pairs}


def _key(backend: CloudWatchBackend, asked: Mapping[str, Any]) -> Key:
    pairs: Sequence[Mapping[str, str]] = asked.get("Dimensions") or ()
    return key_of(
        backend.account_id,
        backend.region_name,
        asked["Namespace"],
        asked["MetricName"],
        {one["Name"]: one["Value"] for one in pairs},
    )


def _data(member: Mapping[str, Any], now: float) -> list[Datum]:
    """The data in one member of PutMetricData's MetricData."""
    moment = _seconds(member["Timestamp"]) if member.get("Timestamp") else now
    unit = member.get("Unit") or "None"
    if given := member.get("StatisticValues"):
        total, count, low, high = (float(given[name]) for name in ("Sum", "SampleCount", "Minimum", "Maximum"))
        return [Datum(moment, total, count, low, high, unit, {low: count} if low == high else {})]
    values = [float(value) for value in member.get("Values") or [member.get("Value", 0.0)]]
    counts = [float(count) for count in member.get("Counts") or [1.0] * len(values)]
    return [Datum.of(value, time=moment, count=count, unit=unit) for value, count in zip(values, counts, strict=True)]


def _seconds(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)  # moto writes times without a zone
