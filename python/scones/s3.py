"""Parses S3 URIs, and empties buckets.

Example::

    >>> split("s3://scones-dev-1/models/job/output/model.tar.gz")
    ('scones-dev-1', 'models/job/output/model.tar.gz')
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

SCHEME = "s3://"
_PAGE = 1000  # the most keys that DeleteObjects accepts


def is_uri(text: str) -> bool:
    """Whether a text starts with ``s3://``."""
    return text.startswith(SCHEME)


def split(uri: str) -> tuple[str, str]:
    """Split ``s3://BUCKET/KEY`` into bucket and key. The key may be empty.

    Raises:
        ValueError: ``uri`` has another form.
    """
    bucket, _, key = uri.removeprefix(SCHEME).partition("/")
    if not is_uri(uri) or not bucket:
        raise ValueError(f"'{uri}' is not s3://BUCKET/KEY")
    return bucket, key


def delete_versions(s3: Any, bucket: str, *, keep: tuple[str, ...] = ()) -> int:
    """Delete all versions of all objects in a bucket.

    Args:
        s3: A boto3 S3 client.
        keep: Prefixes of keys that are not deleted.

    Returns:
        The number of deleted versions and delete markers.

    Raises:
        PermissionError: S3 refused to delete a version.
    """
    count = 0
    for batch in _batches(s3, bucket, keep):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
        for error in answer.get("Errors", [])[:1]:
            raise PermissionError(f"s3://{bucket}/{error['Key']} cannot be deleted: {error['Message']}")
        count += len(batch)
    return count


def _batches(s3: Any, bucket: str, keep: tuple[str, ...]) -> Iterator[list[dict[str, str]]]:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [
            {"Key": one["Key"], "VersionId": one["VersionId"]}
            for one in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            if not (keep and one["Key"].startswith(keep))
        ]
        for begin in range(0, len(found), _PAGE):
            yield found[begin : begin + _PAGE]
