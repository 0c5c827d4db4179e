r"""Reads one HTTP/1.1 request from a stream into a WSGI environment.

Example::

    >>> import io
    >>> sent = b"PUT /images/a%20b?tagging HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
    >>> environ = read(io.BytesIO(sent), lambda: None)
    >>> environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"], environ["HTTP_HOST"]
    ('PUT', '/images/a b', 'tagging', 'localhost')
    >>> environ["wsgi.input"].read()
    b'abc'

Source: RFC 9112, "HTTP/1.1"; PEP 3333, "Python Web Server Gateway Interface".
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import unquote

LONGEST_LINE = 65_536  # bytes
MOST_HEADERS = 200
LONGEST_LENGTH = 18  # digits of Content-Length; Python reads no number of more than some thousand
#: Where a WSGI environment has the headers with an underscore in their name. WSGI could not tell them from others.
UNDERSCORED = "localcloud.underscored"
_NAME = re.compile(r"[!#$%&'*+.^`|~0-9A-Za-z_-]+")
_METHOD = re.compile(r"[A-Z]+")
_ABSOLUTE = re.compile(r"https?://([^/?]*)(.*)", re.IGNORECASE)


class Malformed(Exception):
    """A request that cannot be read.

    Attributes:
        status: The status line's code and words, ``400 Bad Request``.
    """

    def __init__(self, message: str, status: str = "400 Bad Request") -> None:
        super().__init__(message)
        self.status = status


class Stream(Protocol):
    """Where a request is read from: a buffered stream of bytes."""

    def readline(self, size: int = ..., /) -> bytes:
        """The next line with its end."""

    def read(self, size: int = ..., /) -> bytes:
        """So many bytes, or fewer at the end."""


class Body:
    """The body of a request. It ends where the request says.

    Args:
        stream: The connection's stream.
        length: The number of bytes; None if the body comes in chunks.
        proceed: Is called before the first byte is read. None: the client does not wait for ``100 Continue``.
    """

    def __init__(self, stream: Stream, length: int | None, proceed: Callable[[], None] | None = None) -> None:
        self._stream, self._left, self._proceed = stream, length or 0, proceed
        self._chunked = length is None

    @property
    def whole(self) -> bool:
        """Whether all of the body has been read."""
        return not self._chunked and not self._left

    def finish(self, most: int) -> bool:
        """Read what is left, so that the next request can be read. False: the connection cannot be kept.

        Args:
            most: The most bytes to read.
        """
        if self._proceed is not None and not self.whole:
            return False  # the client may send the body, or not
        try:
            while most > 0 and not self.whole:
                most -= max(len(self.read(most)), 1)
        except Malformed:
            return False
        return self.whole

    def read(self, size: int = -1) -> bytes:
        """The next bytes, or all that are left.

        Raises:
            Malformed: A chunk is not what it says, or the connection ended before the body.
        """
        if self.whole or size == 0:
            return b""
        if self._proceed is not None:
            proceed, self._proceed = self._proceed, None
            proceed()
        if not self._chunked:
            return self._some(size)
        parts: list[bytes] = []
        wanted = sys.maxsize if size < 0 else size
        while wanted and (self._left or self._next_chunk()):
            parts.append(self._some(wanted))
            wanted -= len(parts[-1])
            if not self._left:
                self._stream.readline(3)  # the line end after the chunk
        return b"".join(parts)

    def _some(self, size: int) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        found = self._stream.read(wanted)
        if len(found) < wanted:
            raise Malformed("the connection ended before the request's body")
        self._left -= wanted
        return found

    def _next_chunk(self) -> bool:
        line = self._stream.readline(LONGEST_LINE)
        try:
            self._left = int(line.partition(b";")[0].strip(), 16)
        except ValueError:
            raise Malformed(f"a chunk begins with {line[:40]!r}, not with its length") from None
        if self._left < 0:
            raise Malformed("a chunk has a negative length")
        if self._left:
            return True
        self._chunked = False
        while self._stream.readline(LONGEST_LINE).strip():  # the trailer
            pass
        return False


def read(stream: Stream, proceed: Callable[[], None]) -> dict[str, Any] | None:
    """The next request as a WSGI environment, without the keys that describe the server. None: there is none.

    Args:
        stream: A buffered stream of the connection.
        proceed: Sends ``100 Continue``.

    Raises:
        Malformed: It is no request of HTTP/1.
    """
    line = stream.readline(LONGEST_LINE + 1)
    if line in (b"\r\n", b"\n"):  # "a server that is expecting to receive a request-line SHOULD ignore" one (2.2)
        line = stream.readline(LONGEST_LINE + 1)
    if not line:
        return None
    if len(line) > LONGEST_LINE:
        raise Malformed("the request's address is too long", "414 URI Too Long")
    method, target, protocol = _request_line(line.decode("latin-1"))
    environ: dict[str, Any] = {"REQUEST_METHOD": method, "SERVER_PROTOCOL": protocol, "SCRIPT_NAME": ""}
    underscored: list[tuple[str, str]] = []
    for name, value in _headers(stream):
        if "_" in name:
            underscored.append((name, value))
            continue
        key = _key(name)
        if not key.startswith("HTTP_") and environ.get(key, value) != value:
            raise Malformed(f"the request has two headers {name}")
        environ[key] = f"{environ[key]},{value}" if key.startswith("HTTP_") and key in environ else value
    if underscored:
        environ[UNDERSCORED] = underscored
    environ.update(_address(target, environ))
    length = _length(environ)
    waits = environ.get("HTTP_EXPECT", "").lower() == "100-continue"
    environ["wsgi.input"] = Body(stream, length, proceed if waits else None)
    environ["wsgi.input_terminated"] = True
    return environ


def keeps(environ: dict[str, Any]) -> bool:
    """Whether a client keeps the connection after the answer.

    Example::

        >>> keeps({"SERVER_PROTOCOL": "HTTP/1.1"}), keeps({"SERVER_PROTOCOL": "HTTP/1.0"})
        (True, False)
    """
    said = environ.get("HTTP_CONNECTION", "").lower()
    return "close" not in said if environ["SERVER_PROTOCOL"] == "HTTP/1.1" else "keep-alive" in said


def _request_line(line: str) -> tuple[str, str, str]:
    parts = line.rstrip("\r\n").split(" ")
    if len(parts) != 3 or not _METHOD.fullmatch(parts[0]) or not parts[1]:
        raise Malformed(f"the request begins with {line[:80]!r}: it is no request of HTTP/1.1")
    if parts[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise Malformed(f"the request has the version {parts[2][:20]!r}", "505 HTTP Version Not Supported")
    return parts[0], parts[1], parts[2]


def _headers(stream: Stream) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    while True:
        line = stream.readline(LONGEST_LINE + 1)
        if line in (b"\r\n", b"\n"):
            return found
        if len(line) > LONGEST_LINE or len(found) >= MOST_HEADERS:
            raise Malformed("the request's headers are too large", "431 Request Header Fields Too Large")
        if not line.endswith(b"\n"):
            raise Malformed("the connection ended before the request's headers")
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not _is_name(name):
            raise Malformed(f"the request has the header {line[:80]!r}: it is none")
        found.append((name, value.strip(" \t\r\n")))


@lru_cache(maxsize=256)
def _key(name: str) -> str:
    """The key of a header in a WSGI environment."""
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


@lru_cache(maxsize=256)
def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def _address(target: str, environ: dict[str, Any]) -> dict[str, str]:
    """The keys of the request's target. An absolute one replaces the header Host (RFC 9112, 3.2.2)."""
    found = {}
    path = target
    if absolute := _ABSOLUTE.fullmatch(target):
        found["HTTP_HOST"], path = absolute[1], absolute[2] or "/"
    elif not target.startswith("/") and target != "*":
        raise Malformed(f"the request's address is {target[:80]!r}: it must begin with /")
    if path.startswith("//"):
        path = target = f"/{path.lstrip('/')}"
    path, _, query = path.partition("?")
    given = _bytes_as_text(target)
    return found | {
        "PATH_INFO": _bytes_as_text(unquote(path)) if "%" in path else _bytes_as_text(path),
        "QUERY_STRING": _bytes_as_text(query),
        "REQUEST_URI": given,
        "RAW_URI": given,
    }


def _bytes_as_text(text: str) -> str:
    """WSGI's form of text: each byte of its UTF-8 is one character (PEP 3333, "Unicode Issues")."""
    return text if text.isascii() else text.encode().decode("latin-1")


def _length(environ: dict[str, Any]) -> int | None:
    """The length of the body; None if it comes in chunks."""
    coding = environ.get("HTTP_TRANSFER_ENCODING")
    given = environ.get("CONTENT_LENGTH")
    if coding is not None:
        if coding.lower() != "chunked":
            raise Malformed(f"the request has the Transfer-Encoding {coding[:40]!r}", "501 Not Implemented")
        if given is not None:  # "a server MAY reject a request that contains both" (RFC 9112, 6.1)
            raise Malformed("the request has both Transfer-Encoding and Content-Length")
        return None
    if given is None:
        return 0
    if not (given.isascii() and given.isdecimal()) or len(given) > LONGEST_LENGTH:
        raise Malformed(f"the request has the Content-Length {given[:40]!r}")
    return int(given)
