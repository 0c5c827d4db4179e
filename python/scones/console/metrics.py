"""An endpoint's requests, errors and latency from CloudWatch, as columns for charts.

Example::

    >>> from datetime import UTC
    >>> begin = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> found = {"Timestamps": [begin + timedelta(minutes=1)], "Values": [3.0]}
    >>> column(found, times(begin, begin + timedelta(minutes=3)), missing=0.0)
    [0.0, 3.0, 0.0]

API: Amazon CloudWatch API reference, GetMetricData; Amazon SageMaker Developer Guide, "Monitor Amazon SageMaker with
Amazon CloudWatch", endpoint invocation metrics.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

NAMESPACE = "AWS/SageMaker"
HOURS = 3
PERIOD = 60  # seconds
MICROSECONDS = 1e3  # of a millisecond; SageMaker's latencies are in microseconds


@dataclass(frozen=True)
class ChartMetric:
    """A metric of a variant, as a chart shows it.

    Attributes:
        chart: ``requests``, ``errors`` or ``latency``.
        name: CloudWatch's name.
        statistic: CloudWatch's name of the statistic.
        label: What the chart calls it, after the variant's name.
        missing: What a minute without a value means. None leaves it out.
        scale: What a value is divided by.
    """

    chart: str
    name: str
    statistic: str
    label: str
    missing: float | None = 0.0
    scale: float = 1.0


METRICS = (
    ChartMetric("requests", "Invocations", "Sum", ""),
    ChartMetric("errors", "Invocation4XXErrors", "Sum", "4xx"),
    ChartMetric("errors", "Invocation5XXErrors", "Sum", "5xx"),
    ChartMetric("latency", "ModelLatency", "Average", "mean", None, MICROSECONDS),
    ChartMetric("latency", "ModelLatency", "Maximum", "longest", None, MICROSECONDS),
)


def read(cloudwatch: Any, endpoint: str, variants: Sequence[str], now: datetime) -> dict[str, Any]:
    """The charts of the last three hours: for each its ``labels`` and ``columns``, the first of them the times.

    Args:
        cloudwatch: A boto3 CloudWatch client.
        variants: The names of the variants.
        now: The end of the period.
    """
    end = datetime.fromtimestamp(now.timestamp() // PERIOD * PERIOD, now.tzinfo) + timedelta(seconds=PERIOD)
    begin = end - timedelta(hours=HOURS)
    wanted = [(metric, variant) for variant in variants for metric in METRICS]
    queries = [_query(number, metric, endpoint, variant) for number, (metric, variant) in enumerate(wanted)]
    found: dict[str, dict[str, list[Any]]] = {}
    if queries:
        pages = cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries, StartTime=begin, EndTime=end
        )
        for page in pages:
            for one in page["MetricDataResults"]:
                known = found.setdefault(one["Id"], {"Timestamps": [], "Values": []})
                known["Timestamps"] += one["Timestamps"]
                known["Values"] += one["Values"]
    minutes = times(begin, end)
    charts: dict[str, Any] = {}
    for number, (metric, variant) in enumerate(wanted):
        chart = charts.setdefault(metric.chart, {"labels": [], "columns": [minutes]})
        chart["labels"].append(f"{variant} {metric.label}".strip())
        values = column(found.get(f"m{number}", {}), minutes, missing=metric.missing)
        chart["columns"].append([None if value is None else value / metric.scale for value in values])
    return charts


def _query(number: int, metric: ChartMetric, endpoint: str, variant: str) -> dict[str, Any]:
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}]
    return {
        "Id": f"m{number}",
        "MetricStat": {
            "Metric": {"Namespace": NAMESPACE, "MetricName": metric.name, "Dimensions": dimensions},
            "Period": PERIOD,
            "Stat": metric.statistic,
        },
    }


def times(begin: datetime, end: datetime) -> list[int]:
    """The begins of all minutes of a period, in seconds since 1970."""
    return list(range(int(begin.timestamp()), int(end.timestamp()), PERIOD))


def column(found: Mapping[str, Sequence[Any]], minutes: Sequence[int], *, missing: float | None) -> list[float | None]:
    """A metric's value for each minute.

    Args:
        found: ``Timestamps`` and ``Values``, as GetMetricData gives them.
        missing: The value of a minute without one.
    """
    pairs = zip(found.get("Timestamps", ()), found.get("Values", ()), strict=True)
    known = {int(moment.timestamp()): float(value) for moment, value in pairs}
    return [known.get(minute, missing) for minute in minutes]
