"""Reads and writes objects of the local cloud's S3 in its own process.

Example::

    >>> from moto import mock_aws
    >>> with mock_aws():
    ...     bucket = s3_backends["123456789012"]["aws"].create_bucket("images", "us-east-1")
    ...     version = write("123456789012", "s3://images/cats/a.txt", b"meow")
    ...     read("123456789012", "s3://images/cats/a.txt")
    b'meow'

A write sends the bucket's notifications and uses its default encryption, as a call over HTTP does.
"""

from __future__ import annotations

from collections.abc import Iterator

from moto.core.exceptions import ServiceException
from moto.s3.models import FakeDeleteMarker, FakeKey, S3Backend, s3_backends


def split(uri: str) -> tuple[str, str]:
    """The bucket, and the key or prefix, of an S3 URI.

    Example::

        >>> split("s3://images/cats/a.png")
        ('images', 'cats/a.png')

    Raises:
        ValueError: The text is not an S3 URI.
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise ValueError(f"'{uri}' is not an address in S3: it must begin with s3://BUCKET/")
    return bucket, key


def has_bucket(account: str, name: str) -> bool:
    """Whether a bucket exists."""
    try:
        _backend(account).get_bucket(name)
    except ServiceException:
        return False
    return True


def listing(account: str, bucket: str, prefix: str) -> Iterator[tuple[str, FakeKey]]:
    """All objects whose key begins with ``prefix``, as pairs of key and object, in the order of their keys.

    An object's content is its ``.value``. A versioned object is its newest version. A bucket that does not exist has no
    objects.
    """
    if not has_bucket(account, bucket):
        return
    keys = _backend(account).get_bucket(bucket).keys
    for name in sorted(dict.copy(keys)):
        found = keys.get(name) if name.startswith(prefix) else None
        if found is not None and not isinstance(found, FakeDeleteMarker):
            yield name, found


def read(account: str, uri: str) -> bytes | None:
    """An object's content; None if there is no such object or bucket."""
    found = find(account, uri)
    return found.value if found else None


def find(account: str, uri: str) -> FakeKey | None:
    """An object, with its content in ``.value``; None if there is no such object or bucket.

    Raises:
        ValueError: The text is not an S3 URI.
    """
    bucket, key = split(uri)
    if not has_bucket(account, bucket):
        return None
    return _backend(account).get_object(bucket, key) or None


def write(account: str, uri: str, content: bytes, *, kms_key_id: str | None = None) -> str:
    """Put an object.

    Returns:
        The id of its version; ``null`` in a bucket without versioning.

    Raises:
        ServiceException: The bucket does not exist.
    """
    bucket, key = split(uri)
    encryption = "aws:kms" if kms_key_id else None
    return _backend(account).put_object(bucket, key, content, encryption=encryption, kms_key_id=kms_key_id).version_id


def delete(account: str, uri: str, *, version: str | None = None) -> None:
    """Delete an object as DeleteObject does, or permanently delete one version.

    An object that does not exist is no error.

    Raises:
        ServiceException: The bucket does not exist.
    """
    bucket, key = split(uri)
    _backend(account).delete_object(bucket, key, version)


def _backend(account: str) -> S3Backend:
    return s3_backends[account]["aws"]
