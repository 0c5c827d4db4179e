"""InvokeEndpoint: sends a request to a variant's container, and answers with its answer or with SageMaker's error.

The errors are those of InvokeEndpoint's API reference: ValidationError (400) for an error of the caller, ModelError
(424) for an error of the container, ServiceUnavailable (503) during a restart. A serverless variant with as many
requests as its MaxConcurrency answers ThrottlingException (400), one of AWS's common errors.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from moto.core.exceptions import ServiceException

from localcloud.sagemaker.hosting import copies
from localcloud.sagemaker.hosting.copies import PREFIX
from localcloud.sagemaker.hosting.endpoint import Endpoint
from localcloud.sagemaker.hosting.reports import Invocation
from localcloud.sagemaker.hosting.serving import ContainerAnswer, NoAnswer, ServingProcess

LARGEST_BODY = 6 * 1024 * 1024  # InvokeEndpoint's API reference: "Body: Maximum length of 6291456"
# Parameters of InvokeEndpoint that the local cloud does not support.
UNSUPPORTED = (
    "target-model",
    "target-container-hostname",
    "enable-explanations",
    "inference-component",
    "session-id",
    "prefix-aware-id",
)

# An endpoint answers during an update and during its rollback.
ANSWERING = ("InService", "Updating", "RollingBack")

Response = tuple[int, dict[str, str], bytes]


def invoke(endpoint: Endpoint | None, name: str, body: bytes, headers: Mapping[str, str], *, account: str) -> Response:
    """Answer one request.

    Args:
        endpoint: The endpoint. None if it does not exist.
        name: The endpoint name of the request.
        headers: The request's headers, with names in lower case.
        account: The caller's account.

    Returns:
        Status, headers and body of the answer.

    Example::

        >>> status, headers, body = invoke(None, "scones", b"", {}, account="123456789012")
        >>> status, headers["x-amzn-errortype"], body
        (400, 'ValidationError', b'{"Message": "Endpoint scones of account 123456789012 not found."}')
    """
    if endpoint is None:
        return refusal(f"Endpoint {name} of account {account} not found.")
    if endpoint.endpoint_status not in ANSWERING:
        return refusal(
            f"Endpoint {name} of account {account} is not InService: its status is {endpoint.endpoint_status}."
        )
    if len(body) > LARGEST_BODY:
        return refusal(
            f"1 validation error detected: Value at 'body' failed to satisfy constraint: "
            f"Member must have length less than or equal to {LARGEST_BODY}"
        )
    for parameter in UNSUPPORTED:
        if headers.get(PREFIX + parameter):
            return refusal(f"the local cloud does not support the header X-Amzn-SageMaker-{parameter.title()}")
    began = time.monotonic()
    try:
        with endpoint.lease(headers.get(PREFIX + "target-variant")) as lease:
            variant, process, plan = lease.variant, lease.process, lease.plan
            if lease.shadow:
                copies.send(endpoint, lease, body, headers)
            if lease.throttled:
                return _error(400, "ThrottlingException", {"message": "Rate exceeded"})
            if process is None:
                overhead = time.monotonic() - began
                endpoint.report(Invocation(variant.name, plan.config_name, 503, 0, overhead_seconds=overhead))
                return _error(503, "ServiceUnavailable", {"Message": f"The container of {variant.name} is restarting."})
            asked = time.monotonic()
            try:
                answer = process.invoke(body, copies.container_headers(headers))
            except NoAnswer as error:
                if not process.alive:
                    endpoint.restart(variant, process)
                answer = ContainerAnswer(0, {}, str(error).encode())
            took = time.monotonic() - asked
            overhead = time.monotonic() - began - took
            endpoint.report(Invocation(variant.name, plan.config_name, answer.status, took, overhead))
            if not 200 <= answer.status < 300:
                return model_error(process, account, answer)
            content_type = answer.headers.get("content-type", "application/octet-stream")
            copies.keep(endpoint, variant, plan, body, headers, answer)
    except ServiceException as error:
        return refusal(error.message)
    given = {"Content-Type": content_type, "x-Amzn-Invoked-Production-Variant": variant.name}
    # The container decides: CustomAttributes of the answer are those that the container returns.
    if attributes := answer.headers.get(PREFIX + "custom-attributes"):
        given["X-Amzn-SageMaker-Custom-Attributes"] = attributes
    return 200, given, answer.body


def refusal(message: str) -> Response:
    """A ValidationError."""
    return _error(400, "ValidationError", {"Message": message})


def model_error(process: ServingProcess, account: str, answer: ContainerAnswer) -> Response:
    """A ModelError, with the container's status and message and a link to its log."""
    text = answer.body.decode(errors="replace")
    stream = process.stream
    whose = "client" if 400 <= answer.status < 500 else "server"
    console = f"https://{stream.region}.console.aws.amazon.com/cloudwatch/home?region={stream.region}"
    message = (
        f'Received {whose} error ({answer.status}) from primary with message "{text}". '
        f"See {console}#logEventViewer:group={stream.group} in account {account} for more information."
    )
    return _error(
        424,
        "ModelError",
        {
            "Message": message,
            "OriginalStatusCode": answer.status,
            "OriginalMessage": text,
            "LogStreamArn": stream.arn,
        },
    )


def _error(status: int, kind: str, body: Mapping[str, Any]) -> Response:
    headers = {"Content-Type": "application/json", "x-amzn-errortype": kind}
    return status, headers, json.dumps(body).encode()
