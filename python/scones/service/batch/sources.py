"""Finds the images of a batch: the objects of an S3 prefix, the pictures of a folder, or the lines of a CSV file.

Example::

    >>> lines = "image,taken\\ns3://b/one.png,Monday\\ns3://b/two.png,Tuesday\\n"
    >>> [uri for _, uri in _uris(Path("list.csv"), lines)]
    ['s3://b/one.png', 's3://b/two.png']
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from scones.dataset import pictures
from scones.drawing import printable
from scones.errors import InputError
from scones.s3 import explained, is_uri, objects, split
from scones.service.workflow import kind_of

THREADS = 16
Given = TypeVar("Given")
Got = TypeVar("Got")
#: Where batches are in the environment's bucket.
BATCHES = "batches/"
_COLUMNS = ("image", "image_url")


@dataclass(frozen=True, slots=True)
class BatchImage:
    """One image of a batch.

    Attributes:
        name: The image as its user knows it: its ``s3://`` URL, or its path in the folder.
        etag: The object's ETag, by which a changed object is known. Empty if it is not known.
        modified: The time of the object. None if it is not known.
        problem: Why a file cannot be sent. Empty if it can.
        path: The file, if it is one.
    """

    name: str
    bucket: str
    key: str
    etag: str = ""
    modified: datetime | None = None
    problem: str = ""
    path: Path | None = None


def abreast(do: Callable[[Given], Got], given: Iterable[Given]) -> Iterator[Got]:
    """What a function makes of each, in their order, some at a time. Few of many are in memory at once.

    Example::

        >>> list(abreast(len, ["one", "three"]))
        [3, 5]
    """
    rest, pool = iter(given), ThreadPoolExecutor(THREADS)
    try:
        while part := list(islice(rest, 100 * THREADS)):
            yield from pool.map(do, part)
    finally:
        pool.shutdown(cancel_futures=True)


def listed(
    s3: Any,
    uri: str,
    tell: Callable[[str], None] = lambda text: None,
    *,
    own: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> list[BatchImage]:
    """The objects below ``s3://BUCKET/PREFIX``, except the marks of folders and the workflow's own objects.

    Args:
        tell: Called with what was passed over.
        own: The prefixes of objects that are the workflow's own and no pictures, by bucket.

    Raises:
        InputError: there is none, all are the workflow's own, or the text is no such URL.
        CloudError: S3 refused the listing, or cannot be reached.
    """
    try:
        bucket, prefix = split(uri)
    except ValueError as error:
        raise InputError(str(error), hint="give s3://BUCKET/PREFIX, a folder or a CSV file") from None
    kept = tuple(own.get(bucket, ()))
    if prefix.startswith(kept):
        raise InputError(
            f"{uri} has the workflow's own objects, which are no pictures",
            hint=f"give another folder than {', '.join(kept)}",
        )
    found, folders, passed = [], 0, 0
    with explained(f"{uri} cannot be listed"):
        for one in objects(s3, bucket, prefix):
            key = one["Key"]
            if key.endswith("/") and not one["Size"]:
                folders += 1
            elif key.startswith(kept):
                passed += 1
            else:
                etag = one["ETag"].strip('"')
                found.append(BatchImage(f"s3://{bucket}/{key}", bucket, key, etag, one["LastModified"]))
    for count, what in ((folders, "folder marks"), (passed, f"objects of the workflow ({', '.join(kept)})")):
        if count:
            tell(f"{uri}: passed over: {count:,} {what}")
    if not found:
        raise InputError(f"{uri} has no objects", hint=f"look at what is there: aws s3 ls s3://{bucket}/")
    return found


def in_file(s3: Any, path: Path, tell: Callable[[str], None] = lambda text: None) -> list[BatchImage]:
    """The images that a CSV file names, each once.

    The header row has a column ``image`` (or ``image_url``) with ``s3://`` URLs, or the two columns ``s3_bucket`` and
    ``s3_key``. Other columns are ignored. A file without a header is a list of URLs, one a line. S3 is asked for each
    object's ETag, so that one that has changed is classified again.

    Raises:
        InputError: the file cannot be read, or a line names no object in S3.
        CloudError: S3 cannot be reached.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    found: dict[tuple[str, str], BatchImage] = {}
    named = 0
    for number, uri in _uris(path, text):
        named += 1
        try:
            bucket, key = split(uri)
        except ValueError:
            bucket = key = ""
        if not key:
            raise InputError(f"{path}, line {number}: {uri!r} is not s3://BUCKET/KEY", hint=_forms(path))
        found.setdefault((bucket, key), BatchImage(uri, bucket, key))
    if not found:
        raise InputError(f"{path} names no image", hint=_forms(path))
    if named > len(found):
        tell(f"{path}: {named:,} lines name {len(found):,} images; each is classified once")
    with explained(f"the images of {path} cannot be looked up"):
        return list(abreast(lambda image: _stamped(s3, image), found.values()))


def _stamped(s3: Any, image: BatchImage) -> BatchImage:
    """The image with its ETag and its time. As it is if S3 does not say: the function then says why."""
    from botocore.exceptions import ClientError

    try:
        there = s3.head_object(Bucket=image.bucket, Key=image.key)
    except ClientError:
        return image
    return replace(image, etag=there["ETag"].strip('"'), modified=there["LastModified"])


def _uris(path: Path, text: str) -> Iterator[tuple[int, str]]:
    """Each line's number and URL."""
    first = next((line for line in text.split("\n") if line.strip()), "").strip()
    if is_uri(first):
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield number, line.strip()
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = ((reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells))
        header = [name.strip().lower() for name in next(rows, (0, []))[1]]
        column = next((name for name in _COLUMNS if name in header), None)
        if column is None and not {"s3_bucket", "s3_key"} <= set(header):
            has = f"has the columns {', '.join(header)}" if header else "is empty"
            raise InputError(f"{path} {has}", hint=_forms(path))
        for number, cells in rows:
            row = dict(zip(header, cells, strict=False))
            place = row.get(column, "") if column else f"s3://{row.get('s3_bucket', '')}/{row.get('s3_key', '')}"
            yield number, place.strip() if column else place
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: {error}", hint=_forms(path)) from None


def _forms(path: Path) -> str:
    return f"{path.name} needs a header row with the column image (s3://BUCKET/KEY), or with s3_bucket and s3_key"


def in_folder(
    folder: Path, bucket: str, prefix: str, tell: Callable[[str], None] = lambda text: None
) -> list[BatchImage]:
    """The pictures of a folder, and where :func:`upload` puts them: ``<prefix><digest>/<file's name>``.

    The digest is of the content, so a changed file is another object. Nothing is uploaded here.

    Raises:
        InputError: the folder holds no picture, or cannot be read.
    """
    try:
        found, passed = pictures.inside(folder)
    except OSError as error:
        raise InputError(f"{folder} cannot be read: {error.strerror}") from None
    if not found:
        there = f":\n{pictures.listing(passed)}" if passed else ""
        raise InputError(f"the folder {folder} holds no {pictures.NAMES}{there}")
    pictures.told(passed, str(folder), tell)

    def placed(path: Path) -> BatchImage:
        # A name that is no UTF-8 could stand in no table.
        name = os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "replace")
        try:
            digest = hashlib.sha256(pictures.sendable(path.read_bytes())).hexdigest()
        except (OSError, ValueError) as error:
            return BatchImage(name, bucket, "", problem=f"the file {pictures.reason(error)}")
        key = f"{prefix}{digest[:16]}/{printable(name.rpartition('/')[2])}"
        return BatchImage(name, bucket, key, digest, path=path)

    return list(abreast(placed, found))


def upload(
    s3: Any,
    bucket: str,
    prefix: str,
    images: Sequence[BatchImage],
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Upload the files of images that are not in the bucket yet. So a run that was interrupted sends the rest.

    Args:
        prefix: What all their keys begin with.
        on_progress: Called with the number of images that are there, and with the number of all.

    Raises:
        InputError: a file has changed or gone since it was looked at.
        CloudError: S3 refused a request, or cannot be reached.
    """
    files = [image for image in images if image.path]

    def send(image: BatchImage) -> None:
        if image.key in there or image.path is None:
            return
        try:
            content = pictures.sendable(image.path.read_bytes())
        except (OSError, ValueError):
            content = b""
        if hashlib.sha256(content).hexdigest() != image.etag:
            raise InputError(f"{image.name} has changed while it was uploaded", hint="run the same command again")
        _, kind = kind_of(content) or ("", "application/octet-stream")
        s3.put_object(Bucket=bucket, Key=image.key, Body=content, ContentType=kind)

    with explained(f"the images cannot be uploaded to s3://{bucket}/{prefix}"):
        there = {one["Key"] for one in objects(s3, bucket, prefix)}
        for done, _ in enumerate(abreast(send, files), 1):
            on_progress(done, len(files))
