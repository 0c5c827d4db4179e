"""A write with a condition looks and writes in one step. Copies and uploads in parts have conditions too.

moto: ``s3/responses.py``, ``S3Response.put_object`` and ``delete_object`` look at the object's ETag and then change it,
so that two writers that ask at once may both win. ``copy_object`` ignores If-Match and If-None-Match, and
``_key_response_post`` the If-Match of CompleteMultipartUpload.

AWS: of several conditional writes to a key the first one wins, and the others fail with 412 Precondition Failed. With
If-Match, a key that has no object is answered with 404 (Amazon S3 User Guide, "How to prevent object overwrites with
conditional writes"; Amazon S3 API Reference, CopyObject and CompleteMultipartUpload).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

from moto.s3.exceptions import MissingKey, PreconditionFailed
from moto.s3.models import FakeKey
from moto.s3.responses import S3Response

# Requests that change the same object share one of these locks, and others nearly never do.
LOCKS = tuple(threading.RLock() for _ in range(64))


def apply() -> None:
    """Wrap moto's functions."""
    for name in ("put_object", "copy_object", "delete_object"):
        setattr(S3Response, name, _one_by_one(getattr(S3Response, name), checks=name == "copy_object"))
    post = S3Response._key_response_post

    def key_response_post(
        self: S3Response, request: Any, body: bytes, bucket_name: str, query: dict[str, Any], key_name: str
    ) -> Any:
        if not (upload := query.get("uploadId")):
            return post(self, request, body, bucket_name, query, key_name)
        with _lock(bucket_name, key_name):
            there = self.backend.get_object(bucket_name, key_name)
            if not (there and there.multipart and there.multipart.id == upload[0]):  # the same request once more
                _check(self, there)
            return post(self, request, body, bucket_name, query, key_name)

    S3Response._key_response_post = key_response_post


def _one_by_one(change: Callable[[S3Response], Any], *, checks: bool) -> Callable[[S3Response], Any]:
    """The same change, while no other request changes the object.

    Args:
        checks: Whether the conditions must be checked, because moto does not.
    """

    @wraps(change)
    def wrapped(self: S3Response) -> Any:
        key = self.parse_key_name()
        with _lock(self.bucket_name, key):
            if checks:
                _check(self, self.backend.get_object(self.bucket_name, key))
            return change(self)

    return wrapped


def _lock(bucket: str, key: str) -> threading.RLock:
    return LOCKS[hash((bucket, key)) % len(LOCKS)]


def _check(response: S3Response, there: FakeKey | None) -> None:
    """Check a request's conditions against the object that is there.

    Raises:
        MissingKey: If-Match, and there is none.
        PreconditionFailed: Another one is there than the request expects.
    """
    if (wanted := response.headers.get("If-Match")) is not None:
        if there is None:
            raise MissingKey
        if wanted.strip('"') != there.etag.strip('"'):
            raise PreconditionFailed("If-Match")
    if response.headers.get("If-None-Match") == "*" and there is not None:
        raise PreconditionFailed("If-None-Match")
