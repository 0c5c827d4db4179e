"""Downloads an endpoint's captured files from S3: the hours of a period, and only files that are new or changed.

Example (not run: it needs an AWS account)::

    found = download(s3, "s3://scones-dev-123456789012/captures", "scones-dev", Path("build/captures/dev"),
                     period=period.parse("7d", None))
    found.paths, found.new, found.unchanged

Below a capture configuration's destination, keys are ``<endpoint>/<variant>/yyyy/mm/dd/hh/<mm-ss-mmm>-<uuid>.jsonl``.
The service stack gives each configuration a destination of its own, ``<uri>/<endpoint>/<models>``, where ``<models>``
names what it serves (:mod:`scones.service.capture.models`). Other configurations capture to ``<uri>`` itself. Both are
downloaded.

The hour is the hour of the upload, some minutes after the request: real files of hour 12 hold events of 11:58. So the
download reaches one hour past the period's end. :func:`scones.service.capture.read` then filters by the events' times.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imageclassification import files
from scones.s3 import explained, split
from scones.service.capture.models import packages_in
from scones.service.capture.period import Period

if TYPE_CHECKING:
    from rich.progress import Progress

LATEST_UPLOAD = timedelta(hours=1)
INDEX = "index.json"
_HOUR = "%Y/%m/%d/%H"
# This pattern also keeps a key such as captures/e/v/../../x from being written outside the folder.
_FILE = re.compile(r"\d{4}/\d{2}/\d{2}/\d{2}/[A-Za-z0-9_-]+\.jsonl")
_VARIANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


@dataclass(frozen=True)
class Downloaded:
    """The result of a download.

    Attributes:
        paths: All files of the period, new or not, sorted.
        new: The number of files downloaded.
        unchanged: The number of files already present with the object's size and ETag.
        size: The number of bytes downloaded.
    """

    paths: tuple[Path, ...]
    new: int
    unchanged: int
    size: int


@dataclass(frozen=True)
class _Object:
    key: str
    size: int
    etag: str
    path: Path


def download(
    s3: Any,
    uri: str,
    endpoint: str,
    folder: Path,
    *,
    period: Period = Period(),  # noqa: B008 (immutable)
    workers: int = 8,
    progress: Progress | None = None,
) -> Downloaded:
    """Download a period's captured files into ``folder``. A file appears whole or not at all.

    Args:
        s3: A boto3 S3 client; its pool should hold ``workers`` connections.
        uri: The capture configuration's destination, ``s3://BUCKET/PREFIX``.
        folder: Receives the files under their keys below ``uri``, and ``index.json``, which holds their ETags.
        period: The hours to download.
        workers: The number of parallel downloads.
        progress: Shows a bar for the download.

    Raises:
        CloudError: S3 refused, or cannot be reached. The files downloaded until then stay.
    """
    bucket, place = split(uri.rstrip("/"))
    prefix = f"{place}/{endpoint}/".lstrip("/")
    with explained(f"the captures under s3://{bucket}/{prefix} cannot be listed"):
        objects = list(_objects(s3, bucket, prefix, endpoint, folder / endpoint, period))
    index = _index(folder)
    missing = [one for one in objects if not _here(one, index)]
    bar = progress.add_task("downloading captures", total=len(missing)) if progress else None
    pool = ThreadPoolExecutor(workers, thread_name_prefix="capture")
    try:
        running = {pool.submit(_get, s3, bucket, one): one for one in missing}
        for done in as_completed(running):
            done.result()
            index[running[done].key] = [running[done].size, running[done].etag]
            if progress and bar is not None:
                progress.advance(bar)
    finally:
        pool.shutdown(cancel_futures=True)
        if missing:
            files.write(folder / INDEX, json.dumps(index, indent=0, sort_keys=True))
    return Downloaded(
        paths=tuple(sorted(one.path for one in objects)),
        new=len(missing),
        unchanged=len(objects) - len(missing),
        size=sum(one.size for one in missing),
    )


def _objects(s3: Any, bucket: str, prefix: str, endpoint: str, folder: Path, period: Period) -> Iterator[_Object]:
    """The objects of a period. Keys sort by time, so each listing starts at its first hour and stops after its last."""
    pages = s3.get_paginator("list_objects_v2")

    def folders(below: str) -> list[str]:
        found = pages.paginate(Bucket=bucket, Prefix=below, Delimiter="/")
        return [one["Prefix"].removeprefix(prefix) for page in found for one in page.get("CommonPrefixes", [])]

    variants = []
    for name in folders(prefix):
        if packages_in(name.rstrip("/")):
            variants += folders(f"{prefix}{name}{endpoint}/")
        else:
            variants.append(name)
    last = (period.until + LATEST_UPLOAD).strftime(_HOUR) if period.until else "~"
    for variant in variants:
        if not _VARIANT.fullmatch(variant.rstrip("/").rpartition("/")[2]):
            continue
        start = f"{prefix}{variant}"
        after = {"StartAfter": start + period.since.strftime(_HOUR)} if period.since else {}
        for page in pages.paginate(Bucket=bucket, Prefix=start, **after):
            names = [(found["Key"].removeprefix(start), found) for found in page.get("Contents", [])]
            for name, found in names:
                if _FILE.fullmatch(name) and name[: len("yyyy/mm/dd/hh")] <= last:
                    yield _Object(found["Key"], found["Size"], found["ETag"], folder / variant / name)
            if names and names[-1][0][: len("yyyy/mm/dd/hh")] > last:
                break


def _get(s3: Any, bucket: str, one: _Object) -> None:
    with explained(f"s3://{bucket}/{one.key} cannot be downloaded"):
        content = s3.get_object(Bucket=bucket, Key=one.key)["Body"].read()
    files.write(one.path, content)


def _here(one: _Object, index: dict[str, Any]) -> bool:
    return index.get(one.key) == [one.size, one.etag] and one.path.is_file() and one.path.stat().st_size == one.size


def _index(folder: Path) -> dict[str, Any]:
    """The sizes and ETags of the downloaded files. A lost or damaged index only costs a new download."""
    try:
        found = json.loads((folder / INDEX).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
