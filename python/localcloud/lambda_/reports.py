"""The metrics that Lambda reports to CloudWatch.

AWS: Lambda Developer Guide, Types of metrics for Lambda functions.
"""

from __future__ import annotations

from localcloud.context import MetricStore


def function_ran(
    metrics: MetricStore,
    *,
    name: str,
    seconds: float,
    failed: bool,
    account: str,
    region: str,
    alias: tuple[str, str] | None = None,
) -> None:
    """Report one run: Invocations, Errors, Throttles (0) and Duration in milliseconds.

    Args:
        alias: The qualifier of the request and the version that ran. With it, the metrics are there for the version or
            alias too. None if the request had no qualifier.
    """
    values: list[tuple[str, float, str]] = [
        ("Invocations", 1, "Count"),
        ("Errors", int(failed), "Count"),
        ("Throttles", 0, "Count"),
        ("Duration", seconds * 1000, "Milliseconds"),
    ]
    for dimensions in _dimensions(name, alias):
        metrics.put_all("AWS/Lambda", dimensions, values, account=account, region=region)


def function_throttled(
    metrics: MetricStore, *, name: str, account: str, region: str, alias: tuple[str, str] | None = None
) -> None:
    """Report one throttled call: Throttles. AWS counts it neither as an invocation nor as an error."""
    for dimensions in _dimensions(name, alias):
        metrics.put("AWS/Lambda", "Throttles", dimensions, 1, "Count", account=account, region=region)


def _dimensions(name: str, alias: tuple[str, str] | None) -> list[dict[str, str]]:
    """The function as a whole; with a qualifier the version or alias, and an alias's version, too."""
    whole = {"FunctionName": name}
    if alias is None:
        return [whole]
    qualifier, version = alias
    part = {**whole, "Resource": f"{name}:{qualifier}"}
    return [whole, part] if qualifier == version else [whole, part, {**part, "ExecutedVersion": version}]


def event_received(metrics: MetricStore, *, name: str, account: str, region: str) -> None:
    """Report an event that was accepted to run later: AsyncEventsReceived."""
    _one(metrics, "AsyncEventsReceived", name, account, region)


def event_age(metrics: MetricStore, *, seconds: float, name: str, account: str, region: str) -> None:
    """Report how long an event has waited when its function is invoked: AsyncEventAge in milliseconds."""
    dimensions = {"FunctionName": name}
    metrics.put(
        "AWS/Lambda", "AsyncEventAge", dimensions, seconds * 1000, "Milliseconds", account=account, region=region
    )


def event_dropped(metrics: MetricStore, *, name: str, account: str, region: str) -> None:
    """Report an event that has ended without success: AsyncEventsDropped."""
    _one(metrics, "AsyncEventsDropped", name, account, region)


def dead_letter_lost(metrics: MetricStore, *, name: str, account: str, region: str) -> None:
    """Report an event that its dead-letter queue did not take: DeadLetterErrors."""
    _one(metrics, "DeadLetterErrors", name, account, region)


def record_lost(metrics: MetricStore, *, name: str, account: str, region: str) -> None:
    """Report a record that its destination did not take: DestinationDeliveryFailures."""
    _one(metrics, "DestinationDeliveryFailures", name, account, region)


def recursion_stopped(metrics: MetricStore, *, name: str, account: str, region: str) -> None:
    """Report a run in a circle that was stopped: RecursiveInvocationsDropped."""
    _one(metrics, "RecursiveInvocationsDropped", name, account, region)


def _one(metrics: MetricStore, metric: str, name: str, account: str, region: str) -> None:
    metrics.put("AWS/Lambda", metric, {"FunctionName": name}, 1, "Count", account=account, region=region)
