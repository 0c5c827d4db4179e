"""The metrics that SageMaker hosting reports to CloudWatch.

AWS: SageMaker Developer Guide, SageMaker AI endpoint metrics, and SageMaker AI endpoint invocation metrics. Its page
Auto-Rollback Configuration and Monitoring adds that the invocation metrics are also there for each endpoint
configuration, from its fleet's first request on.
"""

from __future__ import annotations

from dataclasses import dataclass

from localcloud.context import MetricStore

#: The namespace of what instances report.
NAMESPACE = "/aws/sagemaker/Endpoints"


@dataclass(frozen=True)
class Invocation:
    """One request to a variant.

    Attributes:
        variant: The variant's name.
        config: The name of the endpoint configuration of the fleet that got it.
        status: The HTTP status of the container. 0 if it gave no answer, which counts as a 5xx.
        model_seconds: The time of the container.
        overhead_seconds: The rest of the time.
    """

    variant: str
    config: str
    status: int
    model_seconds: float
    overhead_seconds: float


def instance_used(
    metrics: MetricStore, percent: float, *, endpoint: str, variant: str, account: str, region: str
) -> None:
    """Report how much of a processor the container of a variant used in the last minute."""
    dimensions = {"EndpointName": endpoint, "VariantName": variant}
    where = {"account": account, "region": region}
    metrics.put(NAMESPACE, "CPUUtilization", dimensions, percent, "Percent", **where)


def endpoint_invoked(metrics: MetricStore, invocation: Invocation, *, endpoint: str, account: str, region: str) -> None:
    """Report one request: Invocations, the error metrics and both latencies in microseconds."""
    status = invocation.status
    client, server = 400 <= status < 500, status >= 500 or status < 100
    values: list[tuple[str, float, str]] = [
        ("Invocations", 1, "None"),
        ("Invocation4XXErrors", int(client), "None"),
        ("Invocation5XXErrors", int(server), "None"),
        ("InvocationModelErrors", int(client or server), "None"),
        ("ModelLatency", invocation.model_seconds * 1e6, "Microseconds"),
        ("OverheadLatency", invocation.overhead_seconds * 1e6, "Microseconds"),
    ]
    both = {"EndpointName": endpoint, "VariantName": invocation.variant}
    for dimensions in (both, {**both, "EndpointConfigName": invocation.config}):
        for metric, value, unit in values:
            metrics.put("AWS/SageMaker", metric, dimensions, value, unit, account=account, region=region)
