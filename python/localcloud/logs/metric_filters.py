"""Log metric filters that count: each event of a group is matched when it arrives, and puts the filter's metric.

moto stores filters but does not apply them (``logs/metric_filters.py``). It also keeps a second filter of the same
name, and it removes items from a list while it iterates over the list.

AWS: a filter puts its metric value for each event that matches, and its default value for each other event. Its name
is unique in a log group, and a second PutMetricFilter replaces it (CloudWatch Logs API Reference, PutMetricFilter).
"""

from __future__ import annotations

import json
from typing import Any

from moto.logs.exceptions import InvalidParameterException
from moto.logs.metric_filters import MetricFilters
from moto.logs.models import LogsBackend, LogStream

from localcloud.context import MetricStore
from localcloud.logs import patterns
from localcloud.logs.finding import backend_for_events


def install(metrics: MetricStore) -> None:
    """Apply the filters of a group to each of its new events."""
    put_events, add, put_filter = LogStream.put_log_events, MetricFilters.add_filter, LogsBackend.put_metric_filter

    def put_metric_filter(self: LogsBackend, name: str, pattern: str, group: str, transformations: Any) -> None:
        try:
            patterns.compile_pattern(pattern)
        except patterns.UnknownPattern as error:
            raise InvalidParameterException(str(error)) from None
        put_filter(self, name, pattern, group, transformations)

    def add_filter(self: MetricFilters, filter_name: str, pattern: str, group: str, transformations: Any) -> None:
        self.delete_filter(filter_name, group)
        add(self, filter_name, pattern, group, transformations)

    def delete_filter(self: MetricFilters, filter_name: str | None = None, log_group_name: str | None = None) -> Any:
        gone = (filter_name, log_group_name)
        self.metric_filters = [one for one in self.metric_filters if (one["filterName"], one["logGroupName"]) != gone]
        return self.metric_filters

    def put_log_events(self: LogStream, log_events: list[dict[str, Any]]) -> str:
        token = put_events(self, log_events)
        group = self.log_group
        backend = backend_for_events(group.account_id, group.region)
        filters = backend.filters.metric_filters if backend else []
        found = [one for one in filters if one["logGroupName"] == group.name]
        for event in log_events if found else ():
            parsed = _parsed(event["message"])
            for one in found:
                _count(one, parsed, metrics, group.account_id, group.region)
        return token

    LogsBackend.put_metric_filter = put_metric_filter
    MetricFilters.add_filter, MetricFilters.delete_filter = add_filter, delete_filter
    LogStream.put_log_events = put_log_events


def _parsed(message: str) -> Any:
    try:
        return json.loads(message)
    except ValueError:
        return None


def _count(found: dict[str, Any], event: Any, metrics: MetricStore, account: str, region: str) -> None:
    matches = patterns.compile_pattern(found["filterPattern"])(event)
    for one in found["metricTransformations"]:
        given = one["metricValue"] if matches else one.get("defaultValue")
        if isinstance(given, str) and given.startswith("$"):
            given = patterns.select(event, given)
        try:
            value = float(given)
        except (TypeError, ValueError):
            continue  # no default value, or not a number: AWS puts nothing either
        dimensions = {
            name: str(patterns.select(event, selector))
            for name, selector in (one.get("dimensions") or {}).items()
            if patterns.select(event, selector) is not patterns.MISSING
        }
        metrics.put(
            one["metricNamespace"],
            one["metricName"],
            dimensions,
            value,
            one.get("unit") or "None",
            account=account,
            region=region,
        )
