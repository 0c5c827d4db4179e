"""Finds the images of a batch: the objects of an S3 prefix, the pictures of a folder, or the lines of a CSV file.

Example::

    >>> Path("list.csv").write_text("image\\ns3://b/one.png\\ns3://b/two.png\\ns3://b/one.png\\n")
    51
    >>> [image.key for image in in_file(Path("list.csv"))]
    ['one.png', 'two.png']
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from scones.dataset import pictures
from scones.errors import InputError
from scones.s3 import explained, is_uri, split
from scones.service.workflow import SIGNATURES

THREADS = 16
#: Where batches are in the environment's bucket. A listing leaves out what they have made.
BATCHES = "batches/"
_COLUMNS = ("image", "image_url")


@dataclass(frozen=True, slots=True)
class BatchImage:
    """One image of a batch.

    Attributes:
        name: The image as its user knows it: its ``s3://`` URL, or its path in the folder.
        etag: The object's ETag, by which a changed object is known. Empty if it is not known.
        modified: The time of the object. None if it is not known.
        problem: Why a file is not uploaded. Empty if it is.
    """

    name: str
    bucket: str
    key: str
    etag: str = ""
    modified: datetime | None = None
    problem: str = ""


def listed(s3: Any, uri: str, tell: Callable[[str], None] = lambda text: None) -> list[BatchImage]:
    """The objects below ``s3://BUCKET/PREFIX``, except the marks of folders and what batches have made.

    Args:
        tell: Called with what was passed over.

    Raises:
        InputError: there is none, or the text is no such URL.
        CloudError: S3 refused the listing, or cannot be reached.
    """
    try:
        bucket, prefix = split(uri)
    except ValueError as error:
        raise InputError(str(error), hint="give s3://BUCKET/PREFIX, a folder or a CSV file") from None
    found, folders, own = [], 0, 0
    with explained(f"{uri} cannot be listed"):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for one in page.get("Contents", ()):
                key = one["Key"]
                if key.endswith("/") and not one["Size"]:
                    folders += 1
                elif key.startswith(BATCHES) and not prefix.startswith(BATCHES):
                    own += 1
                else:
                    etag = one["ETag"].strip('"')
                    found.append(BatchImage(f"s3://{bucket}/{key}", bucket, key, etag, one["LastModified"]))
    for count, what in ((folders, "marks of folders"), (own, f"objects of earlier batches ({BATCHES})")):
        if count:
            tell(f"{uri}: {count:,} {what} are passed over")
    if not found:
        raise InputError(f"{uri} has no objects", hint=f"look at what is there: aws s3 ls s3://{bucket}/")
    return found


def in_file(path: Path, tell: Callable[[str], None] = lambda text: None) -> list[BatchImage]:
    """The images that a CSV file names, each once.

    The header row has a column ``image`` (or ``image_url``) with ``s3://`` URLs, or the two columns ``s3_bucket`` and
    ``s3_key``. Other columns are ignored. A file without a header is a list of URLs, one a line.

    Raises:
        InputError: the file cannot be read, or a line names no object in S3.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    found: dict[tuple[str, str], BatchImage] = {}
    named = 0
    for number, uri in _uris(path, lines):
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
        tell(f"{path}: {named - len(found):,} images are named more than once, and are classified once")
    return list(found.values())


def _uris(path: Path, lines: list[str]) -> Iterator[tuple[int, str]]:
    """Each line's number and URL."""
    filled = next((line for line in lines if line.strip()), "")
    header = [name.strip().lower() for name in next(csv.reader([filled]), [])]
    column = next((name for name in _COLUMNS if name in header), None)
    if column is None and not {"s3_bucket", "s3_key"} <= set(header) and not is_uri(filled.strip()):
        raise InputError(f"{path} has the columns {', '.join(header) or 'of an empty file'}", hint=_forms(path))
    reader = csv.reader(lines)
    seen = is_uri(filled.strip())
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if not seen:
            seen = True
            continue
        row = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        if is_uri(filled.strip()):
            yield reader.line_num, cells[0].strip()
        elif column:
            yield reader.line_num, row.get(column, "")
        else:
            yield reader.line_num, f"s3://{row.get('s3_bucket', '')}/{row.get('s3_key', '')}"


def _forms(path: Path) -> str:
    return f"{path.name} needs a header row with the column image (s3://BUCKET/KEY), or with s3_bucket and s3_key"


def uploaded(
    s3: Any,
    folder: Path,
    bucket: str,
    prefix: str,
    *,
    tell: Callable[[str], None] = lambda text: None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[BatchImage]:
    """The pictures of a folder, uploaded to ``<prefix><digest>/<file's name>``.

    What is there already is not sent again. The digest is of the content. So a changed file is another object, and a
    run that was interrupted sends the rest.

    Args:
        on_progress: Called with the number of pictures that are there, and with the number of all.

    Raises:
        InputError: the folder holds no picture, or cannot be read.
        CloudError: S3 refused a request, or cannot be reached.
    """
    try:
        found, passed = pictures.inside(folder)
    except OSError as error:
        raise InputError(f"{folder} cannot be read: {error.strerror}") from None
    if not found:
        there = f":\n{pictures.listing(passed)}" if passed else ""
        raise InputError(f"the folder {folder} holds no {pictures.NAMES}{there}")
    pictures.told(passed, str(folder), tell)

    def send(path: Path) -> BatchImage:
        name = path.relative_to(folder).as_posix()
        try:
            content = pictures.sendable(path.read_bytes())
        except (OSError, ValueError) as error:
            return BatchImage(name, bucket, "", problem=f"the file {pictures.reason(error)}")
        digest = hashlib.sha256(content).hexdigest()
        key = f"{prefix}{digest[:16]}/{_plain(path.name)}"
        if key not in there_already:
            kind = next((kind for signature, (_, kind) in SIGNATURES.items() if content.startswith(signature)), None)
            s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType=kind or "application/octet-stream")
        return BatchImage(name, bucket, key, digest)

    with explained(f"{folder} cannot be uploaded to s3://{bucket}/{prefix}"):
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        there_already = {one["Key"] for page in pages for one in page.get("Contents", ())}
        pool = ThreadPoolExecutor(THREADS)
        try:
            images = []
            for image in pool.map(send, found):
                images.append(image)
                on_progress(len(images), len(found))
            return images
        finally:
            pool.shutdown(cancel_futures=True)


def _plain(name: str) -> str:
    """A file's name as the end of a key: the functions refuse control characters."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)
