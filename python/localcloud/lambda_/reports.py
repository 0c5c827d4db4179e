"""The metrics that Lambda reports to CloudWatch.

AWS: Lambda Developer Guide, Types of metrics for Lambda functions.
"""

from __future__ import annotations

from localcloud.context import MetricStore


def function_ran(metrics: MetricStore, *, name: str, seconds: float, failed: bool, account: str, region: str) -> None:
    """Report one run: Invocations, Errors, Throttles (0) and Duration in milliseconds."""
    values: list[tuple[str, float, str]] = [
        ("Invocations", 1, "Count"),
        ("Errors", int(failed), "Count"),
        ("Throttles", 0, "Count"),
        ("Duration", seconds * 1000, "Milliseconds"),
    ]
    for metric, value, unit in values:
        metrics.put("AWS/Lambda", metric, {"FunctionName": name}, value, unit, account=account, region=region)


def function_throttled(metrics: MetricStore, *, name: str, account: str, region: str) -> None:
    """Report one throttled call: Throttles. AWS counts it neither as an invocation nor as an error."""
    metrics.put("AWS/Lambda", "Throttles", {"FunctionName": name}, 1, "Count", account=account, region=region)
