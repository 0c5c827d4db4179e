"""Reads which operation a request asks for, and its parameters, by botocore's models.

Example::

    >>> environ = {
    ...     "REQUEST_METHOD": "POST", "RAW_URI": "/2015-03-31/functions/f/invocations", "HTTP_HOST": "localhost",
    ...     "wsgi.input": io.BytesIO(b"{}"),
    ... }
    >>> parsed(Buffered(environ), "lambda")
    ('Invoke', {'FunctionName': 'f', 'Payload': b'{}'})

What the address of a request means is remembered. What its headers, its query and its body say is read each time.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import EnvironHeaders, determine_request_protocol
from moto.core.request import Request as HttpRequest
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

#: In these protocols neither the headers nor the body choose among operations, but for X-Amz-Target.
BY_ADDRESS = ("json", "rest-json")
#: Addresses whose operations are remembered.
MOST_ROUTES = 4096


class Buffered:
    """A request whose body is in memory, so that it can be read again.

    Attributes:
        environ: The WSGI environment.
        body: The body.
    """

    def __init__(self, environ: dict[str, Any]) -> None:
        self.environ = environ
        self.body: bytes = environ["wsgi.input"].read()
        environ["wsgi.input"] = io.BytesIO(self.body)
        environ["CONTENT_LENGTH"] = str(len(self.body))

    @cached_property
    def http(self) -> HttpRequest:
        """The request as moto sees it. It is made only for those who ask: most requests need none."""
        request = HttpRequest(self.environ)
        request.stream = io.BytesIO(self.body)
        request.get_data()  # a form is then read from there, and the environment keeps its stream
        return request


def parsed(request: Buffered, service: str) -> tuple[str, Mapping[str, Any]]:
    """The operation that a request asks for, and its parameters by botocore's names.

    Args:
        service: boto3's name.

    Raises:
        NotFound: The service has no such operation.
        NotImplementedError: moto does not read the request's protocol.
    """
    request = _uncompressed(request, service)
    environ, model = request.environ, get_service_model(service)
    protocol = determine_request_protocol(model, environ.get("CONTENT_TYPE"))
    plain = protocol in BY_ADDRESS
    name, in_path = _routed(request, service, plain=plain)
    values = request.http.values if environ.get("QUERY_STRING") or not plain else MultiDict[str, str]()
    parser: Callable[..., Any] = PROTOCOL_PARSERS[protocol]
    found = parser(model.operation_model(name)).parse(
        {"values": values, "headers": EnvironHeaders(environ), "body": request.body, "url_params": in_path}
    )
    return name, {**in_path, **found}


def _uncompressed(request: Buffered, service: str) -> Buffered:
    """A request whose body is not compressed. botocore compresses large ones, as of PutMetricData; moto reads both.

    In S3, the encoding belongs to the object.
    """
    if service == "s3" or request.environ.get("HTTP_CONTENT_ENCODING") != "gzip":
        return request
    plain = {name: value for name, value in request.environ.items() if name != "HTTP_CONTENT_ENCODING"}
    return Buffered({**plain, "wsgi.input": io.BytesIO(gzip.decompress(request.body))})


def _routed(request: Buffered, service: str, *, plain: bool) -> tuple[str, Mapping[str, Any]]:
    """The operation's name, and the parameters in the path.

    Args:
        plain: Whether the request's protocol is one of ``BY_ADDRESS``.
    """
    if plain:
        environ = request.environ
        found = _route(
            service,
            environ["REQUEST_METHOD"],
            environ.get("RAW_URI") or environ.get("PATH_INFO", ""),
            environ.get("HTTP_HOST", ""),
            environ.get("CONTENT_TYPE", ""),
            environ.get("HTTP_X_AMZ_TARGET"),
        )
        if found is not None:
            return found
    operation, in_path = get_service_router(service).match(request.http)
    return operation.name, in_path


@lru_cache(maxsize=MOST_ROUTES)
def _route(
    service: str, method: str, address: str, host: str, kind: str, target: str | None
) -> tuple[str, Mapping[str, Any]] | None:
    """The operation and the parameters in the path of a request without a body. None if that does not tell.

    An operation that needs a header of its own is not found here: another request may lack it.
    """
    path, _, query = address.partition("?")
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "RAW_URI": address, "QUERY_STRING": query}
    headers = {"HTTP_HOST": host, "CONTENT_TYPE": kind, **({"HTTP_X_AMZ_TARGET": target} if target else {})}
    try:
        operation, in_path = get_service_router(service).match(HttpRequest({**environ, **headers}))
    except NotFound:
        return None
    return operation.name, MappingProxyType(in_path)
