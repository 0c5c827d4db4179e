"""What Lambda, SageMaker hosting and EventBridge report to CloudWatch, by names and units that AWS documents.

AWS: Lambda Developer Guide, Types of metrics for Lambda functions; SageMaker Developer Guide, SageMaker AI endpoint
invocation metrics; EventBridge User Guide, Monitoring Amazon EventBridge.
"""

from __future__ import annotations

from localcloud.metrics.store import Metrics


def function_ran(metrics: Metrics, *, name: str, seconds: float, failed: bool, account: str, region: str) -> None:
    """A function ran: Invocations, Errors, Duration in milliseconds, and no throttle."""
    values = [("Invocations", 1, "Count"), ("Errors", int(failed), "Count"), ("Throttles", 0, "Count")]
    values.append(("Duration", seconds * 1000, "Milliseconds"))
    for metric, value, unit in values:
        metrics.put("AWS/Lambda", metric, {"FunctionName": name}, value, unit, account=account, region=region)


def function_throttled(metrics: Metrics, *, name: str, account: str, region: str) -> None:
    """A call was refused: Throttles. AWS counts it neither as an invocation nor as an error."""
    metrics.put("AWS/Lambda", "Throttles", {"FunctionName": name}, 1, "Count", account=account, region=region)


def endpoint_invoked(
    metrics: Metrics,
    *,
    endpoint: str,
    variant: str,
    status: int,
    model_seconds: float,
    overhead_seconds: float,
    account: str,
    region: str,
) -> None:
    """A variant was asked: Invocations, its errors by what its container answered, and both latencies in microseconds.

    Args:
        status: The container's; below 100 where it gave none, which counts as a 5xx.
    """
    client, server = 400 <= status < 500, status >= 500 or status < 100
    values = [
        ("Invocations", 1, "None"),
        ("Invocation4XXErrors", int(client), "None"),
        ("Invocation5XXErrors", int(server), "None"),
        ("InvocationModelErrors", int(client or server), "None"),
        ("ModelLatency", model_seconds * 1e6, "Microseconds"),
        ("OverheadLatency", overhead_seconds * 1e6, "Microseconds"),
    ]
    dimensions = {"EndpointName": endpoint, "VariantName": variant}
    for metric, value, unit in values:
        metrics.put("AWS/SageMaker", metric, dimensions, value, unit, account=account, region=region)


def rule_matched(metrics: Metrics, *, rule: str, targets: int, account: str, region: str) -> None:
    """An event matched a rule: TriggeredRules, and an Invocation a target."""
    for metric, value in (("TriggeredRules", 1), ("Invocations", targets)):
        metrics.put("AWS/Events", metric, {"RuleName": rule}, value, "Count", account=account, region=region)
