"""Error answers in the format of each service's protocol. AWS's clients read the code and the message from them.

Each error is also written to the log.

Example::

    >>> refusal("sagemaker", "ValidationException", "no such model").get_data(as_text=True)
    refused (ValidationException): no such model
    '{"__type": "ValidationException", "message": "no such model"}'
    >>> refusal("s3", "AccessDenied", "no", status=403).get_data(as_text=True)
    refused (AccessDenied): no
    '<Error><Code>AccessDenied</Code><Message>no</Message></Error>'
    >>> refusal("fms", "NotImplemented", "no", form="cbor").get_data()
    refused (NotImplemented): no
    b'\xa2f__typenNotImplementedgmessagebno'
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any, Literal
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from flask import Response
from moto.core.utils import get_service_model

from localcloud import log

#: The form of an answer that the request decides, whatever the service's first protocol is.
Form = Literal["json", "cbor"]
#: What a request and its answer say of Smithy's RPC v2 protocol.
CBOR = "rpc-v2-cbor"


def form_of(environ: Mapping[str, Any]) -> Form | None:
    """The form that a request asks for; None if its service decides."""
    if environ.get("HTTP_SMITHY_PROTOCOL") == CBOR:
        return "cbor"
    return "json" if "HTTP_X_AMZ_TARGET" in environ else None


def refusal(service: str, code: str, message: str, *, status: int = 400, form: Form | None = None) -> Response:
    """The answer for an error. The error is logged too.

    Args:
        service: boto3's name of the service.
        code: AWS's error code, such as ``AccessDenied``.
        message: A sentence for people.
        status: The HTTP status.
        form: The form that the request asks for. None leaves it to the service.
    """
    log.line(f"refused ({code}): {message}")
    if form == "cbor":
        told = b"\xa2" + b"".join(_cbor(text) for text in ("__type", code, "message", message))
        return Response(told, status, headers={"smithy-protocol": CBOR}, mimetype="application/cbor")
    if form == "json" or "json" in protocol(service):
        body = json.dumps({"__type": code, "message": message})
        return Response(body, status, headers={"x-amzn-errortype": code}, mimetype="application/json")
    request_id = uuid.uuid4()
    error = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    if protocol(service) == "ec2":
        error = f"<Response><Errors>{error}</Errors><RequestID>{request_id}</RequestID></Response>"
    elif service not in ("s3", "s3bucket_path"):
        error = f"<ErrorResponse>{error}<RequestId>{request_id}</RequestId></ErrorResponse>"
    return Response(error, status, mimetype="text/xml")


def _cbor(text: str) -> bytes:
    """A text in CBOR (RFC 8949).

    Example::

        >>> _cbor("a" * 24)[:2].hex()
        '7818'
    """
    content = text.encode()
    size = len(content)
    if size < 24:
        return bytes([0x60 + size]) + content
    width = 1 if size < 1 << 8 else 2 if size < 1 << 16 else 4
    return bytes([{1: 0x78, 2: 0x79, 4: 0x7A}[width]]) + size.to_bytes(width, "big") + content


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
