"""Checks that S3 has received what the client sent: Content-MD5, checksums in headers, and checksums in trailers.

Example::

    >>> def store(environ, start_response):
    ...     start_response("200 OK", [])
    ...     return [b"stored"]
    >>> upload = {"REQUEST_METHOD": "PUT", "HTTP_X_AMZ_CHECKSUM_CRC32": "NhCmhg==", "wsgi.input": io.BytesIO(b"hullo")}
    >>> _ = Integrity(store, lambda environ: "s3")(upload, lambda status, headers: print(status))
    refused (BadDigest): The CRC32 you specified did not match the calculated checksum.
    400 BAD REQUEST

AWS: Amazon S3 User Guide, "Checking object integrity in Amazon S3"; Amazon S3 API Reference, "Error responses" and
PutObject. The CRCs are those of zlib, of RFC 3720 ("CRC32C") and of NVM Express ("CRC64NVME"), in big-endian order.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from localcloud.iam.chunks import BadChunks, is_chunked, read
from localcloud.refusals import refusal

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

CRC32C, CRC64NVME = 0x82F63B78, 0x9A6C9329AC4BC9B5  # the polynomials, with the bits reversed


class Integrity:
    """A WSGI application around another one. It looks at S3's requests.

    Args:
        application: The other application. Requests are in memory when they come here.
        service_of: Returns boto3's name of the service that a request is for.
    """

    def __init__(self, application: WSGIApplication, service_of: Callable[[dict[str, Any]], str]) -> None:
        self._application = application
        self._service_of = service_of

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] in ("PUT", "POST") and self._service_of(environ) == "s3":
            body = environ["wsgi.input"].read()
            environ["wsgi.input"] = io.BytesIO(body)
            try:
                check(environ, body)
            except BadChunks as bad:
                return refusal("s3", bad.code, str(bad), status=bad.status)(environ, start_response)
        return self._application(environ, start_response)


def check(environ: Mapping[str, Any], body: bytes) -> None:
    """Check the body of one request.

    Raises:
        BadChunks: The body is not what a header or a trailer says.
    """
    sums = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if _is_checksum(name)}
    if is_chunked(environ):
        found = read(body, environ)
        body = found.data
        sums |= {name: value for name, value in found.trailer.items() if name.rpartition("-")[2] in CHECKSUMS}
    elif md5 := environ.get("HTTP_CONTENT_MD5"):
        if _decoded(md5, 16) is None:
            raise BadChunks("InvalidDigest", "The Content-MD5 you specified was invalid.")
        if _decoded(md5, 16) != hashlib.md5(body, usedforsecurity=False).digest():
            raise BadChunks("BadDigest", "The Content-MD5 you specified did not match what we received.")
    if _is_of_the_object(environ):
        return
    if len(sums) > 1:
        raise BadChunks(
            "InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        )
    for name, value in sums.items():
        algorithm = name.rpartition("-")[2]
        expected = CHECKSUMS[algorithm](body)
        if _decoded(value, len(expected)) is None:
            raise BadChunks("InvalidRequest", f"Value for {name} header is invalid.")
        if _decoded(value, len(expected)) != expected:
            raise BadChunks(
                "BadDigest", f"The {algorithm.upper()} you specified did not match the calculated checksum."
            )


def _is_checksum(name: str) -> bool:
    return name.startswith("HTTP_X_AMZ_CHECKSUM_") and name.rpartition("_")[2].lower() in CHECKSUMS


def _is_of_the_object(environ: Mapping[str, Any]) -> bool:
    """Whether a checksum is the whole object's: CompleteMultipartUpload has the parts' list as its body."""
    return environ["REQUEST_METHOD"] == "POST" and "uploadId=" in environ.get("QUERY_STRING", "")


def _decoded(value: str, length: int) -> bytes | None:
    """The bytes of a Base64 text; None if it does not have so many."""
    try:
        found = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if len(found) == length else None


@cache
def _table(polynomial: int) -> tuple[int, ...]:
    found = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ polynomial if value & 1 else value >> 1
        found.append(value)
    return tuple(found)


def _crc(data: bytes, polynomial: int, size: int) -> bytes:
    """A CRC of ``size`` bytes that begins and ends with all bits inverted. It takes 0.1 s for a megabyte."""
    table, ones = _table(polynomial), (1 << 8 * size) - 1
    value = ones
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ value >> 8
    return (value ^ ones).to_bytes(size, "big")


CHECKSUMS: Mapping[str, Callable[[bytes], bytes]] = {
    "crc32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "crc32c": lambda data: _crc(data, CRC32C, 4),
    "crc64nvme": lambda data: _crc(data, CRC64NVME, 8),
    "sha1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "sha256": lambda data: hashlib.sha256(data).digest(),
}
