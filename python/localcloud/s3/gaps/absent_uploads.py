"""A part of an upload that does not exist is refused.

moto: ``s3/models.py``, ``S3Backend.upload_part`` and ``upload_part_copy`` fail with a KeyError.

AWS: NoSuchUpload, 404 (Amazon S3 API Reference, "Error responses").
"""

from __future__ import annotations

from typing import Any

from moto.s3.exceptions import NoSuchUpload
from moto.s3.models import S3Backend


def apply() -> None:
    """Wrap moto's functions."""
    for action in ("upload_part", "upload_part_copy"):
        _wrap(action)


def _wrap(action: str) -> None:
    carry_out = getattr(S3Backend, action)

    def checked(self: S3Backend, bucket_name: str, multipart_id: str, *further: Any, **named: Any) -> Any:
        if multipart_id not in self.get_bucket(bucket_name).multiparts:
            raise NoSuchUpload(upload_id=multipart_id)
        return carry_out(self, bucket_name, multipart_id, *further, **named)

    setattr(S3Backend, action, checked)
