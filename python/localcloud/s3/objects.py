"""Objects of the local cloud's own S3, read and written in its process.

Example::

    objects.write("123456789012", "s3://bucket/models/job/output/model.tar.gz", content)
    objects.read("123456789012", "s3://bucket/models/job/output/model.tar.gz")

Notifications and the bucket's default encryption apply as they do to a call over HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator

from moto.core.exceptions import ServiceException
from moto.s3.models import FakeDeleteMarker, FakeKey, S3Backend, s3_backends


def split(uri: str) -> tuple[str, str]:
    """The bucket and the key or prefix of an ``s3://`` address.

    Raises:
        ValueError: it is none.
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise ValueError(f"'{uri}' is not an address in S3: it must begin with s3://BUCKET/")
    return bucket, key


def has_bucket(account: str, name: str) -> bool:
    """Whether there is such a bucket."""
    try:
        _backend(account).get_bucket(name)
    except ServiceException:
        return False
    return True


def listing(account: str, bucket: str, prefix: str) -> Iterator[tuple[str, FakeKey]]:
    """Every object whose key begins with ``prefix``, by key, however many there are; of a versioned one, the newest.

    ``.value`` of what comes beside the key is its content. There are none in a bucket that does not exist.
    """
    if not has_bucket(account, bucket):
        return
    keys = _backend(account).get_bucket(bucket).keys
    for name in sorted(dict.copy(keys)):
        found = keys.get(name) if name.startswith(prefix) else None
        if found is not None and not isinstance(found, FakeDeleteMarker):
            yield name, found


def read(account: str, uri: str) -> bytes | None:
    """An object's content; None where there is no such object or bucket."""
    found = find(account, uri)
    return found.value if found else None


def find(account: str, uri: str) -> FakeKey | None:
    """An object, whose ``.value`` is its content; None where there is no such object or bucket.

    Raises:
        ValueError: it is no address in S3.
    """
    bucket, key = split(uri)
    if not has_bucket(account, bucket):
        return None
    return _backend(account).get_object(bucket, key) or None


def write(account: str, uri: str, content: bytes, *, kms_key_id: str | None = None) -> str:
    """Put an object; the version that it is, ``null`` in a bucket without versions.

    Raises:
        ServiceException: there is no such bucket.
    """
    bucket, key = split(uri)
    encryption = "aws:kms" if kms_key_id else None
    return _backend(account).put_object(bucket, key, content, encryption=encryption, kms_key_id=kms_key_id).version_id


def delete(account: str, uri: str, *, version: str | None = None) -> None:
    """Delete an object as DeleteObject does, or one version of it for good; one that is gone already is no matter.

    Raises:
        ServiceException: there is no such bucket.
    """
    bucket, key = split(uri)
    _backend(account).delete_object(bucket, key, version)


def _backend(account: str) -> S3Backend:
    return s3_backends[account]["aws"]
