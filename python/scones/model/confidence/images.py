"""Reads validation images as files, from a data set on this machine or in S3.

Example::

    >>> from pathlib import Path
    >>> from scones.dataset import Sample, build
    >>> images = images_of(build(Sample(train=4, test=1), ("bicycle", "motorcycle"), Path("build/dataset")))
    >>> images.files[0][1:4], sorted(images.labels.tolist())
    (b'PNG', [0, 1])
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scones.dataset.progress import begin
from scones.errors import DatasetError
from scones.s3 import explained, split

if TYPE_CHECKING:
    from rich.progress import Progress

    from scones.dataset import Dataset

SPLIT = "validation"
THREADS = 8  # fewer than the connections of a client of scones.aws


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Images and their labels.

    Attributes:
        files: The bytes of PNG or JPEG files.
        labels: int64, shape (images,).
    """

    files: tuple[bytes, ...]
    labels: np.ndarray


def images_of(dataset: Dataset) -> LabelledImages:
    """A data set's validation images.

    Raises:
        DatasetError: there are no images, or one cannot be read.
    """
    try:
        found = [(one.path.read_bytes(), one.label) for one in dataset.images(SPLIT)]
    except OSError as error:
        raise DatasetError(
            f"{error.filename} cannot be read: {error.strerror}", hint="build the data set again: invoke etl"
        ) from None
    return _together(found, str(dataset.root))


def stored_images(s3: Any, uri: str, *, progress: Progress | None = None) -> LabelledImages:
    """Download the validation images of a data set that ``invoke etl --upload`` or ``invoke train`` has uploaded.

    Args:
        s3: A boto3 S3 client.
        uri: ``s3://BUCKET/datasets/<fingerprint>``.

    Raises:
        DatasetError: ``validation.lst`` or an image is missing, or the list has another format.
        CloudError: S3 refused to give one, or cannot be reached.
    """
    bucket, prefix = split(uri.rstrip("/"))

    def read(name: str) -> bytes:
        from botocore.exceptions import ClientError

        key = f"{prefix}/{name}"
        with explained(f"s3://{bucket}/{key} cannot be read"):
            try:
                return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            except ClientError as error:
                if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchBucket"):
                    raise DatasetError(f"s3://{bucket}/{key} is not there") from None
                raise

    listed = _listed(read(f"{SPLIT}.lst"), f"{uri}/{SPLIT}.lst")
    done = begin(progress, "Fetching validation images", len(listed))
    with ThreadPoolExecutor(THREADS, thread_name_prefix="validation") as pool:
        try:
            files = list(pool.map(_counted(read, done), [f"{SPLIT}/{name}" for _, name in listed]))
        finally:
            pool.shutdown(cancel_futures=True)
    return _together([(file, label) for file, (label, _) in zip(files, listed, strict=True)], uri)


def _counted(read: Callable[[str], bytes], done: Callable[[int], None]) -> Callable[[str], bytes]:
    def counted(name: str) -> bytes:
        found = read(name)
        done(1)
        return found

    return counted


def _listed(content: bytes, uri: str) -> list[tuple[int, str]]:
    """Labels and names in a ``.lst`` file. Each line has an index, a label and a name, separated by tabs."""
    found = []
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
        fields = line.split("\t")
        try:
            label = int(float(fields[1]))
        except (IndexError, ValueError):
            label = -1
        if len(fields) != 3 or label < 0:
            raise DatasetError(f"{uri}, line {number}: {line[:100]!r} is not an index, one label and a file name")
        found.append((label, fields[2]))
    return found


def _together(found: list[tuple[bytes, int]], origin: str) -> LabelledImages:
    if not found:
        raise DatasetError(f"{origin} has no validation images")
    return LabelledImages(tuple(file for file, _ in found), np.array([label for _, label in found], np.int64))
