"""Sends a request of an operation as it is, without botocore's own checks, and reads the whole answer.

Example (not run: it needs a running cloud)::

    sent(client, client.meta.service_model.operation_model("DeleteEndpoint"), {"EndpointName": "a"})
    # Answered(status=400, code='ValidationException', message='Could not find endpoint …', body=b'{"__type": …')
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import OperationModel

#: What a client needs to send requests as they are.
AS_IT_IS = Config(
    parameter_validation=False,
    inject_host_prefix=False,
    retries={"total_max_attempts": 1},
    read_timeout=120,
    s3={"addressing_style": "path"},
)


@dataclass(frozen=True)
class Answered:
    """An answer.

    Attributes:
        status: The HTTP status; 0 if there is none.
        code: AWS's error code; None if the operation was carried out.
        message: What the error says.
        unsent: Why botocore did not send the request; None if it did.
    """

    status: int
    code: str | None = None
    message: str = ""
    unsent: str | None = None


def prepare(client: Any) -> None:
    """Let a client send every request to its endpoint. S3 Control's requests go to a host of the account's own."""

    def to_the_endpoint(request: Any, **_: Any) -> None:
        found = urlsplit(request.url)
        request.url = urlsplit(client.meta.endpoint_url)._replace(path=found.path, query=found.query).geturl()

    client.meta.events.register("before-sign", to_the_endpoint)


def sent(client: Any, operation: OperationModel, parameters: Mapping[str, Any]) -> Answered:
    """Send a request once.

    Args:
        client: boto3's client of the service, with :data:`AS_IT_IS`.
        operation: The operation in the client's model.
        parameters: The request by botocore's names.
    """
    try:
        answer = getattr(client, xform_name(operation.name))(**parameters)
    except ClientError as error:
        told = error.response["Error"]
        status = error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
        return Answered(status, told.get("Code", ""), told.get("Message", ""))
    except (BotoCoreError, ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        return Answered(0, unsent=f"{type(error).__name__}: {error}")
    return Answered(answer["ResponseMetadata"]["HTTPStatusCode"])
