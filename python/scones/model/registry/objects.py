"""Reads and hashes the registry's objects in S3.

Example (not run: it needs a bucket)::

    sha256(s3, "s3://BUCKET/models/job/output/model.tar.gz")      # '5f1c…'
"""

from __future__ import annotations

import hashlib
from typing import Any

from scones.errors import RegistryError
from scones.s3 import explained, split

BLOCK = 1 << 20


def read(s3: Any, uri: str) -> bytes:
    """An object's bytes.

    Raises:
        RegistryError: the object does not exist.
        CloudError: S3 refused to give it, or cannot be reached.
    """
    with explained(f"{uri} cannot be read"):
        return _get(s3, uri).read()


def sha256(s3: Any, uri: str) -> str:
    """The SHA-256 of an object's bytes, in hexadecimal.

    Raises:
        RegistryError: the object does not exist.
        CloudError: S3 refused to give it, or cannot be reached.
    """
    digest = hashlib.sha256()
    with explained(f"{uri} cannot be read"):
        for block in _get(s3, uri).iter_chunks(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _get(s3: Any, uri: str) -> Any:
    from botocore.exceptions import ClientError

    bucket, key = split(uri)
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"]
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchBucket"):
            raise RegistryError(
                f"{uri} is gone", hint="train again, or pin a version whose artifact exists: invoke models"
            ) from None
        raise
