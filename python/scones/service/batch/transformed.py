"""Runs a batch as a Batch Transform job, and reads its outputs and what its log says of images without one.

Example::

    >>> begin = "2026-11-30T06:00:00.000:[sagemaker logs]: b/a.png: "
    >>> status = LogEvent(1, "job-1/i-1/data-log", f"{begin}Bad HTTP status received from algorithm: 400")
    >>> more = LogEvent(2, "job-1/i-1/data-log", f"{begin}it is no image")
    >>> refused([status, more], {"b/a.png": None})
    {'b/a.png': ('InvalidImageError', 'Bad HTTP status received from algorithm: 400 it is no image')}

Formats: SageMaker Developer Guide, "Use Batch Transform": an object's output has the object's path and ``.out``. The
job goes on if one object fails, and then it ends as Failed. Its stream ``JOB/INSTANCE/data-log`` names those objects.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from scones.errors import InputError, WorkflowError
from scones.s3 import explained, objects, split
from scones.service.batch.rows import BatchRow, answered
from scones.service.batch.sources import BatchImage, abreast
from scones.service.batch.standing import Batch, BatchStart, BatchTurn

LOG_GROUP = "/aws/sagemaker/TransformJobs"
ENDED = ("Completed", "Failed", "Stopped")
# CreateTransformJob: MaxConcurrentTransforms x MaxPayloadInMB is at most 100. An image has at most 6 MB.
PAYLOAD_MB = 6
AT_ONCE = 8


class LogEvent(NamedTuple):
    """An event of CloudWatch Logs: its time in milliseconds since 1970, its stream and its text."""

    timestamp: int
    stream: str
    message: str


_SAID = re.compile(r"^.*?:\[sagemaker logs\]: (.*)$")


def check(images: Sequence[BatchImage]) -> None:
    """Raise InputError if the images are in more than one bucket, which a manifest cannot name."""
    buckets = sorted({image.bucket for image in images})
    if len(buckets) > 1:
        raise InputError(
            f"a transform job reads one bucket; these images are in {', '.join(buckets)}",
            hint="take --how map, or one batch for each bucket",
        )


def begin(
    s3: Any, sagemaker: Any, model: str, instance_type: str, batch: Batch, images: Sequence[BatchImage], number: int
) -> BatchStart:
    """Write the manifest of the images, and start a transform job on it.

    Args:
        model: The SageMaker model's name.
        number: The turn's. SageMaker refuses a second job of the same name, also when the first has ended.

    Returns:
        The job of this number: this one, or the one that somebody else has started.

    Raises:
        InputError: the images are in more than one bucket, which a manifest cannot name.
        CloudError: S3 refused the manifest, or cannot be reached.
    """
    check(images)
    name = f"{batch.workload}-{batch.run(number)}"
    body = json.dumps([{"prefix": f"s3://{images[0].bucket}/"}, *(image.key for image in images)]).encode()
    key = batch.manifest(number, body, "json")
    with explained(f"s3://{batch.bucket}/{key} cannot be written"):
        s3.put_object(Bucket=batch.bucket, Key=key, Body=body, ContentType="application/json")
    source = {"S3DataType": "ManifestFile", "S3Uri": f"s3://{batch.bucket}/{key}"}
    try:
        sagemaker.create_transform_job(
            TransformJobName=name,
            ModelName=model,
            MaxConcurrentTransforms=AT_ONCE,
            MaxPayloadInMB=PAYLOAD_MB,
            BatchStrategy="SingleRecord",
            TransformInput={"DataSource": {"S3DataSource": source}, "ContentType": "application/x-image"},
            TransformOutput={
                "S3OutputPath": f"s3://{batch.bucket}/{batch.output(number)}",
                "Accept": "application/json",
            },
            TransformResources={"InstanceType": instance_type, "InstanceCount": 1},
        )
    except sagemaker.exceptions.ResourceInUse:
        return BatchStart(name, is_ours=False)
    return BatchStart(name, is_ours=True)


def _jobs(batch: Batch) -> str:
    """What the names of the batch's jobs begin with. ``invoke down`` knows by it whose they are."""
    return f"{batch.workload}-{batch.name}-"


def turn(sagemaker: Any, batch: Batch) -> BatchTurn:
    """The batch's turn, which is to be found before its rows are read: then all earlier runs are in them."""
    found: dict[int, Mapping[str, Any]] = {}
    for page in sagemaker.get_paginator("list_transform_jobs").paginate(NameContains=_jobs(batch)):
        for one in page["TransformJobSummaries"]:
            number = one["TransformJobName"].removeprefix(_jobs(batch))
            if number.isdecimal():
                found[int(number)] = one
    last = max(found, default=0)
    if last and found[last]["TransformJobStatus"] not in ENDED:
        return BatchTurn(last, str(found[last]["TransformJobName"]))
    return BatchTurn(last + 1)


def follow(
    s3: Any,
    sagemaker: Any,
    batch: Batch,
    job: str,
    total: int,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    wait: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Mapping[str, Any]:
    """Wait until a job has ended.

    Args:
        total: The number of images of the job.
        on_progress: Called with the number of the job's outputs, and with ``total``.

    Returns:
        DescribeTransformJob's answer.
    """
    listing, prefix = 0.0, batch.output(_number(job))
    while True:
        found: Mapping[str, Any] = sagemaker.describe_transform_job(TransformJobName=job)
        if found["TransformJobStatus"] in ENDED:
            return found
        if (began := clock()) >= listing:
            on_progress(sum(1 for _ in objects(s3, batch.bucket, prefix)), total)
            listing = clock() + 9 * (clock() - began)  # a listing of many outputs takes a tenth of the time at most
        wait(1.0)


def _number(job: str) -> int:
    return int(job.rpartition("-")[2])


def check_ended(s3: Any, logs: Any, batch: Batch, found: Mapping[str, Any]) -> None:
    """Raise an error if a job says that it is Completed, and an image of it has neither an output nor an error.

    Args:
        found: DescribeTransformJob's answer.

    Raises:
        WorkflowError: there are such images. Another run would leave them too.
        CloudError: S3 or CloudWatch Logs refused a request, or cannot be reached.
    """
    if found["TransformJobStatus"] != "Completed":
        return
    job, (bucket, manifest) = (
        found["TransformJobName"],
        split(found["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]),
    )
    prefix = batch.output(_number(job))
    with explained(f"the outputs in s3://{batch.bucket}/{prefix} cannot be listed"):
        source, keys = _manifest(s3, bucket, manifest)
        paths = {one["Key"].removeprefix(prefix).removesuffix(".out") for one in objects(s3, batch.bucket, prefix)}
    there = placed(keys, paths)
    without = {f"{source}/{key}": None for key in keys if key not in there}
    if without:
        events = (event for event in _data_log(logs, batch) if event.stream.startswith(f"{job}/"))
        named = refused(events, without)
        without = {place: None for place in without if place not in named}
    if without:
        raise WorkflowError(
            f"{job} is Completed, but {len(without):,} of its {len(keys):,} images have neither an output nor an error,"
            f" such as s3://{next(iter(without))}",
            hint=f"see where its outputs are: aws s3 ls --recursive s3://{batch.bucket}/{prefix}",
        )


def _manifest(s3: Any, bucket: str, key: str) -> tuple[str, list[str]]:
    """The bucket and the keys of a manifest's images."""
    first, *keys = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    return split(first["prefix"])[0], keys


def placed(keys: Iterable[str], paths: Collection[str]) -> dict[str, str]:
    """Which output is whose, by key. The paths are those of one job's outputs, without ``.out``.

    SageMaker's documentation says that an output lies "in a corresponding subfolder" of the output path, and leaves
    open what that is for the keys of a manifest (API reference, TransformOutput). So an output may have folders more
    than the key, or fewer, if the two fit to nothing else.

    Example::

        >>> placed(["a/1.png", "b/2.png", "c/3.png", "d/3.png"], ["a/1.png", "bucket/b/2.png", "3.png"])
        {'a/1.png': 'a/1.png', 'b/2.png': 'bucket/b/2.png'}
    """
    keys = list(keys)
    found = {key: key for key in keys if key in paths}
    lacking, spare = {key for key in keys if key not in found}, {path for path in paths if path not in found}
    pairs = {(key, path) for path in spare for key in _tails(path) if key in lacking}
    pairs |= {(key, path) for key in lacking for path in _tails(key) if path in spare}
    of_key, of_path = Counter(key for key, _ in pairs), Counter(path for _, path in pairs)
    return found | {key: path for key, path in sorted(pairs) if of_key[key] == of_path[path] == 1}


def _tails(path: str) -> Iterator[str]:
    """A path without its first folder, without its first two, and so on."""
    while "/" in path:
        path = path.partition("/")[2]
        yield path


def read(s3: Any, logs: Any, batch: Batch, images: Sequence[BatchImage]) -> Iterator[BatchRow]:
    """The rows of all runs of the batch.

    An output that is older than its image is of another version of it, and gives no row.

    Raises:
        CloudError: S3 or CloudWatch Logs refused a request, or cannot be reached.
    """
    with explained(f"the outputs in s3://{batch.bucket}/{batch.outputs} cannot be read"):
        there = _outputs(s3, batch, images)
        found = [image for image in images if image.key in there]

        def row(image: BatchImage) -> BatchRow:
            body = s3.get_object(Bucket=batch.bucket, Key=there[image.key])["Body"].read()
            return _row(BatchRow(image.bucket, image.key, image.etag), body, batch)

        yield from abreast(row, found)
    done = {(image.bucket, image.key) for image in found}
    missing = {f"{image.bucket}/{image.key}": image for image in images if (image.bucket, image.key) not in done}
    if missing:
        times = {place: image.modified for place, image in missing.items()}
        with explained(f"the log {LOG_GROUP} of the batch {batch.name} cannot be read"):
            for place, (error, cause) in refused(_data_log(logs, batch), times).items():
                image = missing[place]
                yield BatchRow(image.bucket, image.key, image.etag, error=error, cause=cause)


def refused(events: Iterable[LogEvent], places: Mapping[str, datetime | None]) -> dict[str, tuple[str, str]]:
    """The objects that the logs of jobs complain of, with an error and its cause: what the last job says of each.

    Args:
        events: The events of the streams data-log, the oldest first.
        places: The objects of interest, ``BUCKET/KEY``, with their times. What was said before is of another version.
    """
    said: dict[str, tuple[str, list[str]]] = {}
    for event in events:
        found = _SAID.match(event.message)
        text = found[1] if found else ""
        at = text.find(": ")
        while at >= 0 and text[:at] not in places:
            at = text.find(": ", at + 1)
        if at < 0:
            continue
        place = text[:at]
        changed = places[place]
        if changed is not None and event.timestamp < changed.timestamp() * 1000:
            continue
        stream, parts = said.get(place, (event.stream, []))
        said[place] = (event.stream, [*(parts if stream == event.stream else []), text[at + 2 :].strip()])
    return {
        place: _error(" ".join(part for part in parts if part and part != "Message:"))
        for place, (_, parts) in said.items()
    }


def _error(cause: str) -> tuple[str, str]:
    status = re.search(r"Bad HTTP status received from algorithm: (\d+)", cause)
    if status is None:
        return "NoAnswer", cause
    return ("InvalidImageError" if status[1].startswith("4") else "ModelError"), cause


def _row(row: BatchRow, body: bytes, batch: Batch) -> BatchRow:
    try:
        found = json.loads(body)
        found = found["prediction"] if isinstance(found, dict) else found
        if len(found) == len(batch.labels) and all(isinstance(one, int | float) for one in found):
            return answered(row, found, batch.labels, model_version=batch.model_version)
    except (ValueError, KeyError, TypeError):
        pass
    cause = f"the output is not {len(batch.labels)} probabilities: {body[:100]!a}"
    return BatchRow(row.bucket, row.key, row.etag, error="InvalidInferenceError", cause=cause)


def _outputs(s3: Any, batch: Batch, images: Sequence[BatchImage]) -> dict[str, str]:
    """The key of the last output of every image that has one, by the image's key."""
    runs: dict[int, dict[str, datetime]] = {}
    for one in objects(s3, batch.bucket, batch.outputs):
        run, _, path = one["Key"].removeprefix(batch.outputs).partition("/")
        if run.isdecimal():
            runs.setdefault(int(run), {})[path.removesuffix(".out")] = one["LastModified"]
    of_key = {image.key: image for image in images if image.key}
    found: dict[str, str] = {}
    for number, paths in sorted(runs.items()):
        whose = placed(of_key, paths)
        if any(key != path for key, path in whose.items()):  # it may be the output of an image that is not asked for
            prefix = f"{batch.manifests}{number}-"
            manifests = [_manifest(s3, batch.bucket, one["Key"])[1] for one in objects(s3, batch.bucket, prefix)]
            whose = placed({key for keys in manifests for key in keys}, paths)
        for key, path in whose.items():
            if key in of_key and _is_of(of_key[key], paths[path]):
                found[key] = f"{batch.output(number)}{path}.out"
    return found


def _is_of(image: BatchImage, written: datetime) -> bool:
    return image.modified is None or image.modified <= written


def _data_log(logs: Any, batch: Batch) -> Iterator[LogEvent]:
    """The events of the batch's jobs on single objects, the oldest first. None before the first job of all."""
    try:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=LOG_GROUP, logStreamNamePrefix=_jobs(batch)
        )
        for page in pages:
            for event in page["events"]:
                if event["logStreamName"].endswith("/data-log"):
                    yield LogEvent(event["timestamp"], event["logStreamName"], event["message"])
    except logs.exceptions.ResourceNotFoundException:
        return
