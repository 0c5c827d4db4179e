"""Parses S3 URIs, lists objects, empties buckets, and explains why S3 refuses.

Example::

    >>> split("s3://scones-dev-1/models/job/output/model.tar.gz")
    ('scones-dev-1', 'models/job/output/model.tar.gz')
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scones.errors import CloudError

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


def objects(s3: Any, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    """All objects below a prefix, as ListObjectsV2 describes them: Key, Size, ETag, LastModified.

    Args:
        s3: A boto3 S3 client.
    """
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", ())


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Raise CloudError if S3 refuses a request of the block, or cannot be reached.

    Args:
        what: What fails then, with its URI: ``s3://BUCKET/KEY cannot be read``.

    Raises:
        CloudError: one of these, with S3's reason and the next step.

    Example::

        >>> from botocore.exceptions import ClientError
        >>> with explained("s3://scones-dev/a cannot be read"):
        ...     raise ClientError({"Error": {"Code": "AccessDenied", "Message": "Access Denied"}}, "GetObject")
        Traceback (most recent call last):
        scones.errors.CloudError: s3://scones-dev/a cannot be read: Access Denied (AccessDenied, GetObject)
        see whose credentials these are with: aws sts get-caller-identity
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        found = error.response.get("Error", {})
        code = str(found.get("Code", ""))
        raise CloudError(
            f"{what}: {found.get('Message', 'refused')} ({code}, {error.operation_name})",
            hint=_HINTS.get(code, "run the same command again; if S3 refuses again, its reason above says why"),
        ) from None
    except BotoCoreError as error:
        raise CloudError(
            f"{what}: {error}", hint="check the network and the credentials, then run the same command again"
        ) from None


_WHO = "see whose credentials these are with: aws sts get-caller-identity"
_AGAIN = "log in again, or take other credentials"
_HINTS = {
    "AccessDenied": _WHO,
    "403": _WHO,
    "ExpiredToken": _AGAIN,
    "InvalidAccessKeyId": _AGAIN,
    "SignatureDoesNotMatch": _AGAIN,
    "NoSuchBucket": "create the bucket with: invoke tf.apply --stack foundation",
    "404": "look for it with: aws s3 ls",
    "NoSuchKey": "look for it with: aws s3 ls",
}


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
