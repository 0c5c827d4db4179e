"""Uploads a data set to S3. Objects that are already there are not sent again.

Example (not run: it needs a bucket)::

    s3 = aws.client(environment, "s3", max_connections=THREADS)
    upload(dataset, s3, "scones-data")     # 's3://scones-data/datasets/3f9a…'

One listing finds the objects that are already there. ``dataset.json`` is sent last, so a prefix that has it is
complete. After an interruption, the next upload sends the rest.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scones.dataset.progress import begin
from scones.dataset.stored import DESCRIPTION, SPLITS, Dataset
from scones.errors import DatasetError
from scones.s3 import explained, objects

if TYPE_CHECKING:
    from rich.progress import Progress

THREADS = 16

_TYPES = {
    ".png": "image/png",
    ".json": "application/json",
    ".lst": "text/tab-separated-values; charset=utf-8",
    ".rec": "application/x-recordio",
}


def upload(
    dataset: Dataset,
    s3: Any,
    bucket: str,
    *,
    images: bool = True,
    progress: Progress | None = None,
    threads: int = THREADS,
) -> str:
    """Put a data set under ``datasets/<fingerprint>/`` of a bucket.

    Args:
        s3: A boto3 S3 client. Its connection pool should have ``threads`` connections.
        images: Whether to send the images. A job that trains on the RecordIO files does not read them.
        threads: The number of files to send at a time.

    Returns:
        ``s3://BUCKET/datasets/<fingerprint>``. The channels of a training job are below it.

    Raises:
        DatasetError: a file of the data set is missing.
        CloudError: S3 refused a request, or cannot be reached.
    """
    uri = f"s3://{bucket}/datasets/{dataset.fingerprint}"
    with explained(f"the data set in {dataset.root} cannot be uploaded to {uri}"):
        _send_missing(dataset, list(_files(dataset, images)), s3, bucket, progress, threads)
    return uri


def _send_missing(
    dataset: Dataset, files: list[Path], s3: Any, bucket: str, progress: Progress | None, threads: int
) -> None:
    prefix = f"datasets/{dataset.fingerprint}/"
    there = _listing(s3, bucket, prefix)
    done = begin(progress, f"Uploading to s3://{bucket}", len(files) + 1)

    def send(path: Path) -> None:
        key = prefix + path.relative_to(dataset.root).as_posix()
        try:
            content = path.read_bytes()
        except OSError as error:
            raise DatasetError(f"{path} cannot be read: {error.strerror}", hint="build it again: invoke etl") from None
        if not _same(s3, bucket, key, content, there.get(key)):
            s3.put_object(
                Bucket=bucket,
                Key=key,
                Body=content,
                ContentType=_TYPES[path.suffix],
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=_sha256(content),
            )
        done(1)

    with ThreadPoolExecutor(threads) as pool:
        sent = [pool.submit(send, path) for path in files]
        try:
            for future in wait(sent, return_when=FIRST_EXCEPTION).done:
                future.result()
        finally:
            pool.shutdown(cancel_futures=True)
    send(dataset.root / DESCRIPTION)


def _files(dataset: Dataset, images: bool) -> Iterator[Path]:
    """All files but ``dataset.json``, and but the images if they are not asked for."""
    for split in SPLITS:
        yield dataset.root / f"{split}.lst"
        if dataset.recordio:
            yield dataset.records(split)
        if images:
            yield from (image.path for image in dataset.images(split))


def _listing(s3: Any, bucket: str, prefix: str) -> dict[str, dict[str, Any]]:
    return {entry["Key"]: entry for entry in objects(s3, bucket, prefix)}


def _same(s3: Any, bucket: str, key: str, content: bytes, there: dict[str, Any] | None) -> bool:
    if there is None or there["Size"] != len(content):
        return False
    if there["ETag"].strip('"') == hashlib.md5(content, usedforsecurity=False).hexdigest():
        return True
    # With SSE-KMS the ETag is not an MD5. Then compare the checksum that was sent with the object.
    head = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    return head.get("ChecksumSHA256") == _sha256(content)


def _sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()
