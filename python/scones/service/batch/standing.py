"""A batch, its place in S3, and which of its images have been done.

Example::

    >>> batch = Batch("day-1a2b", "map", "data", "scones-dev", "arn:…:model-package/g/3", ("bicycle", "car"))
    >>> batch.results, batch.model_version
    ('batches/day-1a2b/results/', 3)
    >>> done = BatchStanding({("b", "one.png"): BatchRow("b", "one.png", error="InvalidImageError")})
    >>> images = [BatchImage(f"s3://b/{key}", "b", key) for key in ("one.png", "two.png")]
    >>> [image.key for image in done.left(images)]
    ['two.png']
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from scones.service.batch.rows import BatchRow, judged
from scones.service.batch.sources import BATCHES, BatchImage

How = Literal["map", "transform"]


@dataclass(frozen=True)
class Batch:
    """One batch.

    Attributes:
        name: Its name, the same for the same source, way and model.
        how: ``map`` or ``transform``.
        bucket: The environment's bucket.
        workload: What the environment's names begin with, such as ``scones-dev``.
        package: The ARN of the model package that answers.
        labels: The names of the classes, in label order.
    """

    name: str
    how: How
    bucket: str
    workload: str
    package: str
    labels: tuple[str, ...]

    @property
    def folder(self) -> str:
        """The prefix of what the batch's runs write."""
        return f"{BATCHES}{self.name}/"

    def run(self, number: int) -> str:
        """The name of one of its runs: of its execution, and the end of its job's name."""
        return f"{self.name}-{number}"

    @property
    def inputs(self) -> str:
        """The prefix of a folder's uploaded pictures. Functions and model may read what is below ``images/``."""
        return f"images/{self.name}/"

    @property
    def manifests(self) -> str:
        """The prefix of the manifests: what each run has to do."""
        return f"{self.folder}manifests/"

    def manifest(self, number: int, content: bytes, kind: str) -> str:
        """The key of a run's manifest. Runs with other images have other manifests, also under the same number."""
        return f"{self.manifests}{number}-{hashlib.sha256(content).hexdigest()[:12]}.{kind}"

    @property
    def results(self) -> str:
        """The prefix of the files that ResultWriter writes."""
        return f"{self.folder}results/"

    @property
    def outputs(self) -> str:
        """The prefix of the outputs of all transform jobs."""
        return f"{self.folder}out/"

    def output(self, number: int) -> str:
        """The prefix of the outputs of one run's job."""
        return f"{self.outputs}{number}/"

    @property
    def model_version(self) -> int | None:
        """The model package's version. None if the ARN has none."""
        number = self.package.rpartition("/")[2]
        return int(number) if number.isdecimal() else None


@dataclass(frozen=True)
class BatchTurn:
    """Where a batch is in its row of runs.

    Runs of a batch have the numbers 1, 2, 3, …, and their executions and jobs are named after them. AWS gives a name to
    one execution or job only. So of those who find the same turn, one starts it, and the others find it there.

    Attributes:
        number: The number of the run that goes on, or else of the next one.
        going: The run that goes on: an execution's ARN, or a job's name. None if all have ended.
    """

    number: int
    going: str | None = None


@dataclass(frozen=True)
class BatchStart:
    """A run that was started, or was found in its place.

    Attributes:
        place: The execution's ARN, or the job's name.
        is_ours: Whether this was started here, or does the very same.
    """

    place: str
    is_ours: bool


def name_of(source: str, how: str, package: str) -> str:
    """A batch's name: the end of its source, and a digest of source, way and model. At most 34 characters.

    A transform job's name, which has 63 at most, also has the environment's and the run's.

    Example::

        >>> name_of("s3://b/2026/Yesterday's photos/", "map", "arn:…/3")
        'Yesterday-s-photos-...'
    """
    digest = hashlib.sha256("\0".join((source, how, package)).encode(errors="surrogateescape")).hexdigest()[:12]
    stem = re.sub(r"[^A-Za-z0-9]+", "-", source.rstrip("/").rpartition("/")[2])[:21].strip("-")
    return "-".join(part for part in (stem, digest) if part)


@dataclass(frozen=True)
class BatchStanding:
    """What earlier runs of a batch have done.

    Attributes:
        done: The rows by bucket and key.
    """

    done: Mapping[tuple[str, str], BatchRow] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[BatchRow]) -> BatchStanding:
        """The standing after rows, the oldest first. A later row replaces an earlier one, but no answer is lost."""
        return cls().and_then(rows)

    def and_then(self, rows: Iterable[BatchRow]) -> BatchStanding:
        """The standing after further rows."""
        done = dict(self.done)
        for row in rows:
            before = done.get((row.bucket, row.key))
            if before is None or row.is_final or not before.is_final or before.etag != row.etag:
                done[row.bucket, row.key] = row
        return BatchStanding(done)

    def left(self, images: Iterable[BatchImage]) -> list[BatchImage]:
        """The images that are still to do: without a row, with one that another try may mend, or changed since.

        Two files with the same name and content are one object, and one image here.
        """
        found = {(one.bucket, one.key): one for one in images if not one.problem and not self._is_done(one)}
        return list(found.values())

    def rows(self, images: Iterable[BatchImage], *, threshold: float) -> Iterator[BatchRow]:
        """One row for each image, in their order, judged by a threshold."""
        for image in images:
            row = self._row(image)
            if row is None:
                error, cause = ("InvalidImageError", image.problem) if image.problem else ("NoAnswer", None)
                row = BatchRow(image.bucket, image.key, image.etag, error=error, cause=cause)
            yield judged(row, threshold=threshold)

    def _is_done(self, image: BatchImage) -> bool:
        row = self._row(image)
        return row is not None and row.is_final

    def _row(self, image: BatchImage) -> BatchRow | None:
        """The image's row. None if the object has changed since: then it has another ETag."""
        row = self.done.get((image.bucket, image.key))
        changed = row is not None and row.etag and image.etag and row.etag != image.etag
        return None if changed else row
