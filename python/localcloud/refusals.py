"""What the local cloud refuses, in the form of each service's protocol, so that AWS's clients read code and message.

Example::

    refusal("sagemaker", "ValidationException", "…")            # {"__type": "ValidationException", "message": "…"}
    refusal("s3", "AccessDenied", "…", status=403)              # <Error><Code>AccessDenied</Code>…
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
    """An error's answer, which is logged too.

    Args:
        service: boto3's name of the service.
        target: Whether the request named its action in X-Amz-Target: its answer is JSON then, whatever the service's
            first protocol.
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
    """A service's first protocol, ``rest-xml``; moto's own pages speak JSON."""
    try:
        return get_service_model(service).protocol
    except UnknownServiceError:
        return "json"
