"""Bounds what one request may cost: its size, its depth, and the time in which it arrives.

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

Two parts work together. :func:`limited` makes a request handler that waits for a client only so long, and that takes a
bounded number of connections. :class:`Limits` reads the body of a request, and refuses one that is too large, that does
not arrive, or that would exhaust a parser's stack.
"""

from __future__ import annotations

import io
import re
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from werkzeug.serving import WSGIRequestHandler

from localcloud import incoming, log
from localcloud.refusals import refusal

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

MOST_CONNECTIONS = 1000
KEPT_SECONDS = 60.0  # how long a connection may be open without a request
HEADER_SECONDS = 20.0
#: S3 ends a connection that is silent for so long (Amazon S3 API Reference, "Error responses", RequestTimeout).
SILENT_SECONDS = 20.0
BODY_SECONDS = 60.0  # and a second more for each megabyte
ANSWER_SECONDS = 600.0  # a client may read an answer slowly, because it works on what it has read

#: AWS Lambda's limit for CreateFunction. Its packages are the largest requests except S3's.
LARGEST_REQUEST = 70_167_211  # bytes
#: S3 takes 5 GB in one request. The local cloud keeps a request in memory.
LARGEST_OBJECT = 1 << 30  # bytes
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
            answer = refusal(
                service, refused.code, str(refused), status=refused.status, target="HTTP_X_AMZ_TARGET" in environ
            )
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
    length, stream = environ.get("CONTENT_LENGTH") or "", environ["wsgi.input"]
    coding = environ.get("HTTP_TRANSFER_ENCODING", "").strip().lower()
    if (coding and (coding != "chunked" or length)) or (length and not re.fullmatch(r"[0-9]{1,19}", length)):
        # RFC 9112, section 6.3: such a message may be meant to hide a second one.
        raise Refused("InvalidRequest", f"the body has Content-Length {length!r} and Transfer-Encoding {coding!r}")
    try:
        if coding:
            return b"".join(_chunks(stream, most, in_s3=in_s3))
        if int(length or 0) > most:
            raise _too_large(int(length), most, in_s3=in_s3)
        return b"".join(_parts(stream, int(length or 0)))
    except TimeoutError:
        raise Refused(
            "RequestTimeout",
            "Your socket connection to the server was not read from or written to within the timeout period. Idle "
            "connections will be closed.",
        ) from None


def _parts(stream: Any, length: int) -> Iterable[bytes]:
    while length > 0:
        part = stream.read(min(length, PART))
        if not part:
            raise Refused("IncompleteBody", f"The request body terminated unexpectedly: {length} bytes are missing")
        length -= len(part)
        yield part


def _chunks(stream: Any, most: int, *, in_s3: bool) -> Iterable[bytes]:
    """The data of a body in HTTP's chunked coding (RFC 9112, section 7.1)."""
    total = 0
    while True:
        found = re.fullmatch(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n", stream.readline(1024))
        if not found:
            raise Refused("IncompleteBody", "The request body is not in HTTP's chunked coding")
        size = int(found[1], 16)
        total += size
        if total > most:
            raise _too_large(total, most, in_s3=in_s3)
        if not size:
            break
        yield from _parts(stream, size)
        if stream.readline(3) not in (b"\r\n", b"\n"):
            raise Refused("IncompleteBody", "The request body is not in HTTP's chunked coding")
    for _ in range(100):  # the trailer
        if stream.readline(65_537) in (b"\r\n", b"\n", b""):
            return
    raise Refused("IncompleteBody", "The request body has too many trailer fields")


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
    elif start[:1] in (b"<", b"\xef", b"\xfe", b"\xff", b"\0") and not _uploads(environ):
        readable = start[:1] in (b"<", b"\xef") and b"\0" not in start
        if not readable or b"<!DOCTYPE" in body or b"<!ENTITY" in body or xml_depth(body) > DEEPEST:
            raise Refused(
                "MalformedXML",
                "The XML you provided was not well-formed or did not validate against our published schema: it must "
                f"be UTF-8 without a DOCTYPE, and have at most {DEEPEST} elements inside one another",
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


class _Input(io.RawIOBase):
    """What a client sends, with a limit for the time of each part and of the whole."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._end = 0.0
        self.ended = False

    def allow(self, seconds: float) -> None:
        """Begin a new span in which data may arrive."""
        self._end = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(min(left, SILENT_SECONDS))
        try:
            size = self._connection.recv_into(buffer)
        finally:
            self._connection.settimeout(ANSWER_SECONDS)
        self.ended = not size
        return size


def limited(handler: type[WSGIRequestHandler], *, connections: int = MOST_CONNECTIONS) -> type[WSGIRequestHandler]:
    """A request handler that waits for a client only so long, and that takes so many connections at once.

    Args:
        handler: The request handler.
        connections: One more connection is told to come again later.
    """
    places = threading.BoundedSemaphore(connections)

    class Limited(handler):  # type: ignore[misc, valid-type]
        rfile: Any

        def setup(self) -> None:
            super().setup()
            self.rfile.close()
            self._input = _Input(self.connection)
            self.rfile = io.BufferedReader(self._input, PART >> 4)

        def handle(self) -> None:
            if not places.acquire(blocking=False):
                log.line(f"refused (SlowDown): more than {connections} connections at once")
                self.connection.sendall(_slow_down(connections))
                return
            try:
                super().handle()
            finally:
                places.release()

        def handle_one_request(self) -> None:
            try:
                self._input.allow(KEPT_SECONDS)
                self.rfile.peek(1)
                self._input.allow(HEADER_SECONDS)
                super().handle_one_request()
            except (ConnectionError, TimeoutError):
                self.close_connection = True

        def parse_request(self) -> bool:
            try:
                found = super().parse_request()
            except TimeoutError:
                self._refuse(408, f"the header did not arrive within {HEADER_SECONDS:.0f} seconds")
                return False
            if found and self._input.ended:  # Python's parser takes what has arrived for the whole header
                self._refuse(400, "the header is cut short")
                return False
            return bool(found)

        def handle_expect_100(self) -> bool:
            return True  # run_wsgi answers

        def run_wsgi(self) -> None:
            length = self.headers.get("Content-Length", "")
            size = min(int(length), LARGEST_OBJECT) if re.fullmatch(r"[0-9]{1,19}", length) else 0
            if size == LARGEST_OBJECT:
                del self.headers["Expect"]  # the client need not begin
            self._input.allow(BODY_SECONDS + size / 1e6)
            super().run_wsgi()

        def make_environ(self) -> dict[str, Any]:
            found = super().make_environ()
            found["wsgi.input"] = self.rfile  # Limits reads chunked bodies
            if len(lengths := set(self.headers.get_all("Content-Length") or [])) > 1:
                found["CONTENT_LENGTH"] = ", ".join(sorted(lengths))
            return dict(found)

        def _refuse(self, status: int, words: str) -> None:
            log.line(f"refused ({status}): {words}")
            BaseHTTPRequestHandler.send_error(self, status, words)

    return Limited


def allow_descriptors(wanted: int = 4 * MOST_CONNECTIONS) -> None:
    """Raise this process's limit of open files as far as the system lets it.

    It is often 1024. A server that has used it up can accept no connection, and asks for one again and again.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _slow_down(connections: int) -> bytes:
    words = f"Please reduce your request rate: the local cloud takes {connections} connections at once."
    body = f"<Error><Code>SlowDown</Code><Message>{words}</Message></Error>"
    head = "HTTP/1.1 503 Slow Down\r\nContent-Type: text/xml\r\nx-amzn-errortype: SlowDown\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()
