"""What is said of S3 in more than one place: an object's address, and a bucket that is emptied.

Example::

    bucket, key = split("s3://scones-dev-1/models/job/output/model.tar.gz")
    delete_versions(client, "scones-dev-1", keep=("datasets/", "models/"))     # 1204
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

SCHEME = "s3://"
_PAGE = 1000  # DeleteObjects takes so many keys


def is_uri(text: str) -> bool:
    """Whether a text is the address of something in S3."""
    return text.startswith(SCHEME)


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of ``s3://BUCKET/KEY``; the key is empty where it has none.

    Raises:
        ValueError: it is no such address.
    """
    bucket, _, key = uri.removeprefix(SCHEME).partition("/")
    if not is_uri(uri) or not bucket:
        raise ValueError(f"'{uri}' is not s3://BUCKET/KEY")
    return bucket, key


def delete_versions(s3: Any, bucket: str, *, keep: tuple[str, ...] = ()) -> int:
    """Delete every version of every object in a bucket; says how many.

    Args:
        s3: A boto3 S3 client.
        keep: What begins with one of these stays.

    Raises:
        PermissionError: S3 refuses to delete one.
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
