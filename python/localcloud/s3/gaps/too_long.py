"""S3 refuses a key of more than 1,024 bytes, and user-defined metadata of more than 2 KB.

moto: ``s3/responses.py``, ``S3Response`` takes any key and any metadata.

AWS: Amazon S3 User Guide, "Naming Amazon S3 objects": 1,024 bytes in UTF-8. "Working with object metadata": 2 KB, "the
sum of the number of bytes in the UTF-8 encoding of each key and value". The codes and words are in the API Reference,
"Error responses".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.s3.exceptions import S3ClientError
from moto.s3.responses import S3Response

LONGEST_KEY = 1024  # bytes
LARGEST_METADATA = 2048  # bytes
PREFIX = "x-amz-meta-"


class KeyTooLong(S3ClientError):
    code = "KeyTooLongError"

    def __init__(self) -> None:
        super().__init__("KeyTooLongError", "Your key is too long")


class MetadataTooLarge(S3ClientError):
    code = "MetadataTooLarge"

    def __init__(self) -> None:
        super().__init__("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")


def apply() -> None:
    """Wrap moto's function."""
    answer = S3Response._key_response

    def checked(self: S3Response, request: Any, full_url: str) -> Any:
        if len(self.parse_key_name().encode(errors="surrogatepass")) > LONGEST_KEY:
            raise KeyTooLong
        if request.method in ("PUT", "POST") and metadata_size(request.headers) > LARGEST_METADATA:
            raise MetadataTooLarge
        return answer(self, request, full_url)

    S3Response._key_response = checked


def metadata_size(headers: Mapping[str, str]) -> int:
    """The size of the user-defined metadata that a request sets, in bytes.

    Example::

        >>> metadata_size({"x-amz-meta-label": "über", "content-type": "image/png"})
        10
    """
    named = {name.lower(): value for name, value in headers.items()}
    if "x-amz-copy-source" in named and named.get("x-amz-metadata-directive") != "REPLACE":
        return 0
    pairs = [(name.removeprefix(PREFIX), value) for name, value in named.items() if name.startswith(PREFIX)]
    return sum(len(name.encode()) + len(value.encode(errors="surrogatepass")) for name, value in pairs)
