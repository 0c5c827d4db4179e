"""Error answers in the format of each service's protocol. AWS's clients read the code and the message from them.

Each error is also written to the log.

Example::

    >>> refusal("sagemaker", "ValidationException", "no such model").get_data(as_text=True)
    refused (ValidationException): no such model
    '{"__type": "ValidationException", "message": "no such model"}'
    >>> refusal("s3", "AccessDenied", "no", status=403).get_data(as_text=True)
    refused (AccessDenied): no
    '<Error><Code>AccessDenied</Code><Message>no</Message></Error>'
"""

from __future__ import annotations

import json
import uuid
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from flask import Response
from moto.core.utils import get_service_model

from localcloud import log


def refusal(service: str, code: str, message: str, *, status: int = 400, target: bool = False) -> Response:
    """The answer for an error. The error is logged too.

    Args:
        service: boto3's name of the service.
        code: AWS's error code, such as ``AccessDenied``.
        message: A sentence for people.
        status: The HTTP status.
        target: Whether the request named its action in X-Amz-Target. The answer is then JSON for every service.
    """
    log.line(f"refused ({code}): {message}")
    if target or "json" in protocol(service):
        body = json.dumps({"__type": code, "message": message})
        return Response(body, status, headers={"x-amzn-errortype": code}, mimetype="application/json")
    request_id = uuid.uuid4()
    error = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    if protocol(service) == "ec2":
        error = f"<Response><Errors>{error}</Errors><RequestID>{request_id}</RequestID></Response>"
    elif service not in ("s3", "s3bucket_path"):
        error = f"<ErrorResponse>{error}<RequestId>{request_id}</RequestId></ErrorResponse>"
    return Response(error, status, mimetype="text/xml")


def protocol(service: str) -> str:
    """A service's first protocol; ``json`` for a name that is not a service's.

    Example::

        >>> protocol("s3"), protocol("sagemaker"), protocol("-")
        ('rest-xml', 'json', 'json')
    """
    try:
        return get_service_model(service).protocol
    except UnknownServiceError:
        return "json"
