"""Captures a request and its answer, and sends copies of requests to the shadow variant.

SageMaker's developer guide, "Shadow variants": the caller gets only the production variant's answer. The shadow's
answer is captured under the shadow's name. A failing copy has no effect on the caller.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from localcloud.sagemaker.hosting import capture
from localcloud.sagemaker.hosting.endpoint import Endpoint
from localcloud.sagemaker.hosting.plan import EndpointPlan, Variant
from localcloud.sagemaker.hosting.reports import Invocation
from localcloud.sagemaker.hosting.routing import Lease
from localcloud.sagemaker.hosting.serving import ContainerAnswer, NoAnswer

PREFIX = "x-amzn-sagemaker-"

_pool = ThreadPoolExecutor(2, thread_name_prefix="shadow")


def container_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that the container gets.

    Example::

        >>> container_headers({"content-type": "image/png", "x-amzn-sagemaker-inference-id": "7", "host": "localhost"})
        {'Content-Type': 'image/png'}
    """
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
    """Capture a request and its answer, if the plan has data capture and the request is in the sample."""
    config = plan.capture
    if config is None or not capture.sampled(config):
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
    """Send a copy to the lease's shadow process in a thread, and release the process afterwards."""
    shadow = lease.shadow
    assert shadow is not None  # the caller sends a copy only if the lease has a shadow

    def work() -> None:
        began, status = time.monotonic(), 0
        try:
            answer = shadow.invoke(body, container_headers(headers))
            status = answer.status
            if 200 <= answer.status < 300:
                keep(endpoint, lease.plan.shadows[0], lease.plan, body, headers, answer)
        except NoAnswer as error:
            shadow.stream.write(f"a copied request was not answered: {error}")
        finally:
            shadow.release()
            took = time.monotonic() - began
            plan = lease.plan
            endpoint.report(Invocation(plan.shadows[0].name, plan.config_name, status, took, overhead_seconds=0))

    _pool.submit(work)
