"""What becomes of a request besides its answer: it is captured, and a copy of it goes to the shadow variant.

Example::

    keep(endpoint, variant, plan, body, headers, answer)
    send(endpoint, lease, body, headers)

SageMaker's developer guide, "Shadow variants": the caller gets the production variant's answer alone; the shadow's is
captured, under its own name. Whatever happens to a copy, the caller does not notice.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from localcloud.sagemaker.hosting import capture
from localcloud.sagemaker.hosting.endpoint import Endpoint
from localcloud.sagemaker.hosting.plan import EndpointPlan, Variant
from localcloud.sagemaker.hosting.routing import Lease
from localcloud.sagemaker.hosting.serving import ContainerAnswer, NoAnswer

PREFIX = "x-amzn-sagemaker-"

_pool = ThreadPoolExecutor(2, thread_name_prefix="shadow")


def container_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that reach a container."""
    kept = {"Content-Type": headers.get("content-type"), "Accept": headers.get("accept")}
    kept["X-Amzn-SageMaker-Custom-Attributes"] = headers.get(PREFIX + "custom-attributes")
    return {name: value for name, value in kept.items() if value}


def keep(
    endpoint: Endpoint,
    variant: Variant,
    plan: EndpointPlan,
    body: bytes,
    headers: Mapping[str, str],
    answer: ContainerAnswer,
) -> None:
    """Capture a request and its answer, where the plan says so and this one is drawn."""
    config = plan.capture
    if not capture.sampled(config):
        return
    line = capture.event(
        config,
        request=capture.Message(headers.get("content-type", ""), body),
        answer=capture.Message(answer.headers.get("content-type", "application/octet-stream"), answer.body),
        now=datetime.now(UTC),
        inference_id=headers.get(PREFIX + "inference-id"),
        custom_attributes=headers.get(PREFIX + "custom-attributes"),
    )
    name = endpoint.endpoint_name
    target = capture.Target(
        endpoint.role(variant), config["DestinationS3Uri"], name, variant.name, config.get("KmsKeyId")
    )
    endpoint.captures.add(target, line)


def send(endpoint: Endpoint, lease: Lease, body: bytes, headers: Mapping[str, str]) -> None:
    """Send a copy to the shadow that the lease has reserved, and release it when it has answered."""

    def work() -> None:
        began, status = time.monotonic(), 0
        try:
            answer = lease.shadow.invoke(body, container_headers(headers))
            status = answer.status
            if 200 <= answer.status < 300:
                keep(endpoint, lease.plan.shadows[0], lease.plan, body, headers, answer)
        except NoAnswer as error:
            lease.shadow.stream.write(f"a copied request was not answered: {error}")
        finally:
            lease.shadow.release()
            took = time.monotonic() - began
            endpoint.report(lease.plan.shadows[0].name, status=status, model_seconds=took, overhead_seconds=0)

    _pool.submit(work)
