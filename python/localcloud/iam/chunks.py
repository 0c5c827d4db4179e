r"""Reads a body in the coding ``aws-chunked``, and verifies the signatures of its chunks. Pure.

Example::

    >>> body = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"
    >>> sent = {"HTTP_X_AMZ_CONTENT_SHA256": UNSIGNED_TRAILER, "HTTP_X_AMZ_TRAILER": "x-amz-checksum-crc32"}
    >>> found = read(body, {**sent, "HTTP_X_AMZ_DECODED_CONTENT_LENGTH": "5"})
    >>> found.data, found.trailer
    (b'hello', {'x-amz-checksum-crc32': 'NhCmhg=='})

AWS: Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload in Multiple
Chunks" (the chunks, their signatures) and "... Including Trailing Headers" (the trailer and its signature); "Error
responses" (the error codes).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = f"{SIGNED}-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
SMALLEST = 8192  # bytes: "Only the last chunk is allowed to have a size less than 8192 bytes"
SIZE = re.compile(rb"([0-9a-fA-F]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?")
TRAILER_SIGNATURE = "x-amz-trailer-signature"
LONGEST_LINE = 8192  # bytes
NOTHING = hashlib.sha256(b"").hexdigest()


class BadChunks(Exception):
    """A body that is not as the coding demands.

    Attributes:
        code: S3's error code.
        status: The HTTP status.
    """

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass(frozen=True)
class Chunked:
    """A decoded body.

    Attributes:
        chunks: The data of each chunk and its signature, which is empty for unsigned chunks. The last one has no data.
        trailer: The trailing headers, by their names in lower case, without the signature.
        signature: The signature of the trailer; empty without one.
    """

    chunks: list[tuple[bytes, str]]
    trailer: Mapping[str, str]
    signature: str

    @property
    def data(self) -> bytes:
        """The data of all chunks."""
        return b"".join(data for data, _ in self.chunks)


def is_chunked(environ: Mapping[str, Any]) -> bool:
    """Whether the body of a request is in this coding."""
    return environ.get("HTTP_X_AMZ_CONTENT_SHA256", "") in (SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER)


def read(body: bytes, environ: Mapping[str, Any]) -> Chunked:
    """Decode the body of a request.

    Raises:
        BadChunks: The body is not in this coding, or is not as long as the request's header says, or its trailer is
            not the one that the header announces.
    """
    kind = environ["HTTP_X_AMZ_CONTENT_SHA256"]
    length = environ.get("HTTP_X_AMZ_DECODED_CONTENT_LENGTH", "")
    if not re.fullmatch(r"[0-9]{1,19}", length):
        raise BadChunks(
            "MissingContentLength", "You must provide the x-amz-decoded-content-length HTTP header.", status=411
        )
    chunks: list[tuple[bytes, str]] = []
    at = 0
    while not chunks or chunks[-1][0]:
        line, at = _line(body, at)
        found = SIZE.fullmatch(line)
        if found is None or bool(found[2]) != (kind != UNSIGNED_TRAILER):
            raise BadChunks("IncompleteBody", f"The request body has no chunk after {sum(map(_size, chunks))} bytes.")
        size = int(found[1], 16)
        data = body[at : at + size]
        if len(data) < size or (size and body[at + size : at + size + 2] != b"\r\n"):
            raise BadChunks("IncompleteBody", "The request body terminated unexpectedly")
        chunks.append((data, (found[2] or b"").decode()))
        at += size + 2 if size else 0
    if any(len(data) < SMALLEST for data, _ in chunks[:-2]):
        raise BadChunks(
            "InvalidChunkSizeError",
            f"Only the last chunk is allowed to have a size less than {SMALLEST} bytes",
            status=403,
        )
    if sum(map(_size, chunks)) != int(length):
        raise BadChunks(
            "IncompleteBody", "You did not provide the number of bytes specified by x-amz-decoded-content-length."
        )
    trailer = _trailer(body[at:])
    signature = trailer.pop(TRAILER_SIGNATURE, "")
    announced = {name.strip().lower() for name in environ.get("HTTP_X_AMZ_TRAILER", "").split(",") if name.strip()}
    if set(trailer) != announced or bool(signature) != (kind == SIGNED_TRAILER) or (trailer and kind == SIGNED):
        raise BadChunks(
            "MalformedTrailerError",
            "The request contained trailing data that was not well-formed or did not conform to our published schema.",
        )
    return Chunked(chunks, trailer, signature)


def verified(found: Chunked, *, signing_key: bytes, date: str, scope: str, seed: str) -> bool:
    """Whether all chunks, and the trailer, have the right signatures.

    Args:
        found: The body.
        signing_key: The key of the request's scope.
        date: The request's date, ``20260102T030405Z``.
        scope: The request's scope, ``20260102/us-east-1/s3/aws4_request``.
        seed: The signature of the request's headers. Each signature covers the one before it.
    """
    before, right = seed, True
    for data, signature in found.chunks:
        lines = ["AWS4-HMAC-SHA256-PAYLOAD", date, scope, before, NOTHING, hashlib.sha256(data).hexdigest()]
        before = hmac.digest(signing_key, "\n".join(lines).encode(), "sha256").hex()
        right &= hmac.compare_digest(before, signature)
    if found.signature:
        trailer = "".join(f"{name}:{value}\n" for name, value in found.trailer.items())
        lines = ["AWS4-HMAC-SHA256-TRAILER", date, scope, before, hashlib.sha256(trailer.encode()).hexdigest()]
        expected = hmac.digest(signing_key, "\n".join(lines).encode(), "sha256").hex()
        right &= hmac.compare_digest(expected.encode(), found.signature.encode())
    return right


def _size(chunk: tuple[bytes, str]) -> int:
    return len(chunk[0])


def _line(body: bytes, at: int) -> tuple[bytes, int]:
    """The line that begins at a byte, and where the next one begins."""
    end = body.find(b"\r\n", at, at + LONGEST_LINE)
    if end < 0:
        raise BadChunks("IncompleteBody", "The request body terminated unexpectedly")
    return body[at:end], end + 2


def _trailer(text: bytes) -> dict[str, str]:
    """The trailing headers. AWS's example ends the lines in other ways than its grammar, so both ways are read."""
    lines = [line.strip() for line in text[:LONGEST_LINE].decode("latin-1").splitlines()]
    pairs = [line.partition(":")[::2] for line in lines if line]
    return {name.strip().lower(): value.strip() for name, value in pairs}
