"""Bounds what one request may cost: its size and its depth.

Example::

    >>> def count(environ, start_response):
    ...     start_response("200 OK", [])
    ...     return [str(len(environ["wsgi.input"].read())).encode()]
    >>> request = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "9", "wsgi.input": io.BytesIO(b"x" * 9)}
    >>> Limits(count)(request, lambda status, headers: print(status))
    200 OK
    [b'9']
    >>> _ = Limits(count)({**request, "CONTENT_LENGTH": "10000000000"}, lambda status, headers: print(status))
    refused (RequestEntityTooLargeException): Request must be smaller than 70167211 bytes, and it has 10000000000
    413 REQUEST ENTITY TOO LARGE

:class:`Limits` reads the body of a request, and refuses one that is too large, that does not arrive, or that would
exhaust a parser's stack. How long a client may take, and how many may come at once, is the server's business
(:mod:`localcloud.http.server`).
"""

from __future__ import annotations

import io
import re
import resource
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from localcloud import incoming
from localcloud.constraints import MALFORMED
from localcloud.http.requests import Malformed
from localcloud.refusals import form_of, refusal

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

#: AWS Lambda's limit for CreateFunction. Its packages are the largest requests except S3's.
LARGEST_REQUEST = 70_167_211  # bytes
#: S3 takes 5 GB in one request. The local cloud keeps a request in memory.
LARGEST_OBJECT = 1 << 30  # bytes
#: The services whose requests are XML; "-" for an unsigned request, which may be for S3. Other services' bodies that
#: are not JSON are data, such as a picture for an endpoint.
XML = ("s3", "-")
DEEPEST = 256  # lists, objects or elements inside one another; Python's parsers call themselves for each
PART = 1 << 20
#: What is in the query of a request that uploads an object's data.
UPLOAD = re.compile(r"(?:(?:x-id|partNumber|uploadId|X-Amz-[\w-]+|AWSAccessKeyId|Signature|Expires)=[^&]*&?)*")


class Refused(Exception):
    """A body that is not accepted.

    Attributes:
        code: AWS's error code.
        status: The HTTP status.
    """

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class Limits:
    """A WSGI application around another one, which finds the whole body of each request in memory."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        named = incoming.scope(environ)
        service = named[1] if named else "-"
        # An unsigned request may be for S3.
        in_s3 = service in ("s3", "-") and "HTTP_X_AMZ_TARGET" not in environ
        try:
            body = _body(environ, LARGEST_OBJECT if in_s3 and named else LARGEST_REQUEST, in_s3=service == "s3")
            _check_depth(environ, body, service)
        except Refused as refused:
            answer = refusal(service, refused.code, str(refused), status=refused.status, form=form_of(environ))
            # The rest of the body is not read, so the connection cannot carry another request.
            answer.headers["Connection"] = "close"
            return answer(environ, start_response)
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("wsgi.input_terminated", None)
        return self._application(environ, start_response)


def _body(environ: dict[str, Any], most: int, *, in_s3: bool) -> bytes:
    """A request's body.

    Raises:
        Refused: It has more than ``most`` bytes, does not arrive, or ends too early.
    """
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > most:
        raise _too_large(length, most, in_s3=in_s3)
    parts, total = [], 0
    try:
        while part := environ["wsgi.input"].read(PART):
            total += len(part)
            if total > most:
                raise _too_large(total, most, in_s3=in_s3)
            parts.append(part)
    except TimeoutError:
        raise Refused(
            "RequestTimeout",
            "Your socket connection to the server was not read from or written to within the timeout period. Idle "
            "connections will be closed.",
        ) from None
    except Malformed as malformed:
        raise Refused("IncompleteBody", f"The request body terminated unexpectedly: {malformed}") from None
    return b"".join(parts)


def _too_large(length: int, most: int, *, in_s3: bool) -> Refused:
    if in_s3:
        words = f"Your proposed upload exceeds the maximum allowed size: {length} bytes, and {most} are allowed"
        return Refused("EntityTooLarge", f"{words}; upload it in parts")
    words = f"Request must be smaller than {most} bytes, and it has {length}"
    return Refused("RequestEntityTooLargeException", words, status=413)


def _check_depth(environ: dict[str, Any], body: bytes, service: str) -> None:
    """Check a body that a parser will read.

    Raises:
        Refused: It is JSON or XML of more than ``DEEPEST`` levels, or XML with declarations of entities.
    """
    start = body[:64].lstrip()
    if "HTTP_X_AMZ_TARGET" in environ or (service != "s3" and start[:1] in (b"{", b"[")):
        if body.count(b"[") + body.count(b"{") > DEEPEST and json_depth(body) > DEEPEST:
            code = "InvalidRequestContentException" if service == "lambda" else "SerializationException"
            raise Refused(code, f"the request has more than {DEEPEST} lists and objects inside one another")
    elif service in XML and start[:1] in (b"<", b"\xef", b"\xfe", b"\xff", b"\0") and not _uploads(environ):
        readable = start[:1] in (b"<", b"\xef") and b"\0" not in start
        if not readable or b"<!DOCTYPE" in body or b"<!ENTITY" in body or xml_depth(body) > DEEPEST:
            raise Refused(
                "MalformedXML",
                f"{MALFORMED}: it must be UTF-8 without a DOCTYPE, and have at most {DEEPEST} elements inside one "
                "another",
            )


def _uploads(environ: dict[str, Any]) -> bool:
    """Whether the body is an object's data, which nobody parses."""
    return environ["REQUEST_METHOD"] == "PUT" and bool(UPLOAD.fullmatch(environ.get("QUERY_STRING", "")))


def json_depth(text: bytes) -> int:
    """How many lists and objects are inside one another.

    Example::

        >>> json_depth(b'{"a": [[1], "[[[["]}')
        3
    """
    return _depth(
        1 if found[0] in b"[{" else -1
        for found in re.finditer(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[][{}]', text, re.DOTALL)
        if found[0][:1] != b'"'
    )


def xml_depth(text: bytes) -> int:
    """How many elements are inside one another.

    Example::

        >>> xml_depth(b'<?xml version="1.0"?><a><b/><c>1</c><!-- <d> --></a>')
        2
    """
    tags = re.finditer(
        rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)|<(/?)[^<>]*?(/?)>", text, re.DOTALL
    )
    return _depth(-1 if tag[1] else 1 for tag in tags if tag[1] is not None and not tag[2])


def _depth(steps: Iterable[int]) -> int:
    """The largest sum of the first steps; of more than ``DEEPEST``, the first one."""
    # Neither pattern above can fail after it has read on, so a hostile text takes no more time than another one.
    depth = deepest = 0
    for step in steps:
        depth += step
        deepest = max(deepest, depth)
        if deepest > DEEPEST:
            break
    return deepest


def allow_descriptors(wanted: int = 4096) -> None:
    """Raise this process's limit of open files as far as the system lets it.

    It is often 1024. A server that has used it up can accept no connection, and asks for one again and again.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
