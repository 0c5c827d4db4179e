"""What SageMaker hosting reports to CloudWatch.

AWS: SageMaker Developer Guide, SageMaker AI endpoint invocation metrics.
"""

from __future__ import annotations

from localcloud.context import MetricStore


def endpoint_invoked(
    metrics: MetricStore,
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
