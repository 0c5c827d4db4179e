"""The answers about objects name the encryption, and PutObject's names the type of the checksum.

moto: ``s3/models.py``, ``FakeKey`` has no encryption by default. ``s3/responses.py``, ``S3Response.put_object`` answers
with a checksum without its type, and does not keep the type.

AWS: since January 2023 every new object has ServerSideEncryption AES256 at least (Amazon S3 User Guide, "Setting
default server-side encryption behavior for Amazon S3 buckets"). The checksum of an object that is put in one piece has
the ChecksumType FULL_OBJECT (Amazon S3 API Reference, PutObject).
"""

from __future__ import annotations

from typing import Any

from moto.s3.models import FakeKey
from moto.s3.responses import S3Response


def apply() -> None:
    """Wrap moto's functions."""
    shown, put = FakeKey.response_dict.fget, S3Response.put_object

    def response_dict(self: FakeKey) -> dict[str, Any]:
        return {"x-amz-server-side-encryption": "AES256", **shown(self)}

    def put_object(self: S3Response) -> Any:
        status, headers, body = put(self)
        if any(name.lower().startswith("x-amz-checksum-") for name in headers):
            headers.setdefault("x-amz-checksum-type", "FULL_OBJECT")
            key = self.backend.get_object(self.bucket_name, self.parse_key_name())
            key.checksum_type = key.checksum_type or "FULL_OBJECT"
        return status, headers, body

    FakeKey.response_dict, S3Response.put_object = property(response_dict), put_object
