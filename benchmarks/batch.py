"""Measures a batch on a local cloud: ten thousand images by Batch Transform or by Distributed Map.

Example (not run: it starts a cloud and takes minutes)::

    with tempfile.TemporaryDirectory() as folder, ours(Path(folder, "cloud")) as server:
        prepare(server, Path(folder), pictures(None, 10_000), hostile=100, layers=20, shape=(3, 28, 28))
        run = transform(server, 10_000)
    run.seconds, run.answered, run.refused

Some of the images are no pictures: files that are cut short, web pages, empty files, pictures of 30,000 x 30,000. Each
of them must be refused by name, and all others must have an answer. The time counts from the request that starts the
batch until the cloud says that it has ended. The upload of the images is before that, and does not count.
"""

from __future__ import annotations

import io
import json
import os
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.callers import REGION
from benchmarks.cloud import ACCOUNT, IMAGE, ROOT, Server, function_of, role_of, state
from benchmarks.serve import fresh, noise
from imageclassification import files
from scones.errors import SconesError
from scones.service import definition, packaging

BUCKET, MODEL, PREFIX = "bench-batch", "bench-batch", "images/"
FUNCTION, MACHINE = "bench-classify-batch", "bench-classify-batch"
UPLOADERS = 4
LABELS = ("bicycle", "motorcycle")
PARALLEL = 8  # of transform: payloads at once. 8 x 6 MB is below the 100 MB of MaxConcurrentTransforms x MaxPayloadInMB
AT_MOST = 8  # of map: children at once
LOOK_SECONDS = 0.5
LONGEST_SECONDS = 1800.0
TRANSFORM, MAP = "transform", "map"


@dataclass(frozen=True)
class BatchFigures:
    """The figures of one batch.

    Attributes:
        how: ``transform`` or ``map``.
        images: The number of images, with those that are no pictures.
        answered: The number of images with probabilities.
        refused: The number of images that were refused by name.
        status: What the cloud says of the job or the execution at its end.
        seconds: From the request that starts the batch until its end.
        processor: CPU seconds of the cloud's own process.
        children: CPU seconds of its child processes that lived at the end: containers and functions.
        memory: MB of the cloud's own process while it ran, at equal intervals, the last one at its end.
    """

    how: str
    images: int
    answered: int
    refused: int
    status: str
    seconds: float
    processor: float
    children: float
    memory: tuple[float, ...]

    @property
    def per_second(self) -> float:
        """Images a second."""
        return round(self.images / self.seconds, 1)


def pictures(folder: Path | None, count: int) -> list[bytes]:
    """PNG files: those below a folder, again and again if they are too few. Without a folder, they are drawn.

    Raises:
        SconesError: There is no PNG file below the folder.
    """
    if folder is None:
        return list(_repeated(_drawn(min(count, 200)), count))
    paths = sorted(folder.rglob("*.png"))[:count]
    if not paths:
        raise SconesError(f"there is no PNG file below {folder}", hint="build a data set: invoke etl")
    return list(_repeated([path.read_bytes() for path in paths], count))


def _repeated(contents: Sequence[bytes], count: int) -> Iterator[bytes]:
    for number in range(count):
        yield contents[number % len(contents)]


def _drawn(count: int) -> list[bytes]:
    import numpy as np
    from PIL import Image

    from scones.dataset import sample

    found = []
    for number in range(count):
        file = io.BytesIO()
        drawing = sample.draw(sample.CLASSES[number % 2], np.random.default_rng(number))
        Image.fromarray(drawing).save(file, "PNG")
        found.append(file.getvalue())
    return found


def broken(number: int, picture: bytes) -> bytes:
    """A file that is no picture, made of one. Each number from 0 to 6 gives another kind.

    Example::

        >>> broken(1, b"")
        b'<!doctype html><title>502 Bad Gateway</title>'
    """
    kinds: tuple[Callable[[], bytes], ...] = (
        lambda: picture[: len(picture) // 2],
        lambda: b"<!doctype html><title>502 Bad Gateway</title>",
        lambda: b"",
        lambda: b"not a picture\n" * 20,
        lambda: _head(30_000, 30_000),
        lambda: picture[:30] + bytes(3) + picture[33:],
        lambda: noise()[8:],
    )
    return kinds[number % len(kinds)]()


def _head(width: int, height: int) -> bytes:
    """The beginning of a PNG of a size that nobody can hold in memory."""
    content = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"")
    parts = [struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one)) for one in (content, data)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def prepare(
    server: Server, folder: Path, images: Sequence[bytes], *, hostile: int, layers: int, shape: tuple[int, int, int]
) -> None:
    """Put the images into a bucket, and make a model of an untrained network.

    Args:
        folder: The folder for the artifact.
        images: The images, as PNG files.
        hostile: So many of them are replaced by files that are no pictures.
        layers: The number of layers of the network.
        shape: The shape of its images.
    """
    s3 = server.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    artifact = fresh(folder / "model.tar.gz", num_layers=layers, image_shape=shape)
    s3.put_object(Bucket=BUCKET, Key="model.tar.gz", Body=artifact.read_bytes())
    every = len(images) // hostile if hostile else 0

    def put(number: int) -> None:
        place, rest = divmod(number, every) if every else (0, 1)
        body = broken(place, images[number]) if rest == 0 and place < hostile else images[number]
        s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}{number:06}.png", Body=body)

    with ThreadPoolExecutor(UPLOADERS) as uploaders:
        list(uploaders.map(put, range(len(images))))
    server.client("sagemaker").create_model(
        ModelName=MODEL,
        ExecutionRoleArn=role_of(server),
        PrimaryContainer={"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"},
    )


def transform(server: Server, images: int, *, parallel: int = PARALLEL, name: str = "bench") -> BatchFigures:
    """Run a transform job over all images of :func:`prepare`.

    Args:
        images: Their number.
        parallel: MaxConcurrentTransforms.
        name: The job's name.
    """
    with _watched(server) as seen:
        ended = wait(begin_transform(server, parallel=parallel, name=name))
    return seen.run(TRANSFORM, images, len(outputs(server, name)), len(refused(server, name)), ended)


def begin_transform(server: Server, *, parallel: int = PARALLEL, name: str = "bench") -> Callable[[], str | None]:
    """Start a transform job over all images. Returns a function that says how it has ended, or None while it runs."""
    sagemaker = server.client("sagemaker")
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{PREFIX}"}
    sagemaker.create_transform_job(
        TransformJobName=name,
        ModelName=MODEL,
        BatchStrategy="SingleRecord",
        MaxConcurrentTransforms=parallel,
        TransformInput={"DataSource": {"S3DataSource": source}, "ContentType": "application/x-image"},
        TransformOutput={"S3OutputPath": f"s3://{BUCKET}/out/{name}"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )

    def status() -> str | None:
        found = sagemaker.describe_transform_job(TransformJobName=name)["TransformJobStatus"]
        return None if found in ("InProgress", "Stopping") else str(found)

    return status


def outputs(server: Server, name: str) -> list[str]:
    """The keys of the answers that a transform job has written."""
    pages = server.client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"out/{name}/")
    return [one["Key"] for page in pages for one in page.get("Contents", [])]


def refused(server: Server, name: str) -> set[str]:
    """The images that the data-log of a transform job names."""
    pages = (
        server.client("logs")
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName="/aws/sagemaker/TransformJobs", logStreamNamePrefix=f"{name}/", filterPattern=f'"{PREFIX}"'
        )
    )
    lines = [event["message"] for page in pages for event in page["events"]]
    return {line.split(": ")[1] for line in lines if f": {BUCKET}/{PREFIX}" in line}


def deploy_map(server: Server) -> None:
    """Make the state machine of batches, its function, and an endpoint of :func:`prepare`'s model with data capture."""
    role, sagemaker = role_of(server), server.client("sagemaker")
    sagemaker.create_endpoint_config(
        EndpointConfigName=MODEL,
        ProductionVariants=[{"VariantName": "AllTraffic", "ModelName": MODEL, "InitialInstanceCount": 1,
                             "InstanceType": "ml.m5.large"}],
        DataCaptureConfig={"EnableCapture": True, "InitialSamplingPercentage": 100,
                           "DestinationS3Uri": f"s3://{BUCKET}/captures",
                           "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]},
    )  # fmt: skip
    sagemaker.create_endpoint(EndpointName=MODEL, EndpointConfigName=MODEL)
    variables = {
        "ENDPOINT_NAME": MODEL,
        "CLASS_LABELS": json.dumps(LABELS),
        "MODEL_PACKAGE": f"arn:aws:sagemaker:{REGION}:{ACCOUNT[server.name]}:model-package/bench/1",
        "CONFIDENCE_THRESHOLD": "0.5",
        "PINNED_VARIANT": "AllTraffic",
    }
    code = packaging.build(ROOT / "lambdas" / "classify_batch")
    function_of(server, role, FUNCTION, code, variables, TracingConfig={"Mode": "Active"})
    given = definition.values("aws", REGION, ACCOUNT[server.name], {"classify-batch": FUNCTION})
    numbers = json.loads((ROOT / "terraform" / "stacks" / "service" / "batch.json").read_text())
    given |= {"bucket": BUCKET, "at_most": str(AT_MOST), "tolerated_failure_percentage": "5"}
    given["images_a_child"] = str(definition.images_a_child(len(LABELS), numbers))
    server.client("stepfunctions").create_state_machine(
        name=MACHINE,
        roleArn=role,
        definition=definition.render((ROOT / "asl" / "classify_batch.asl.json").read_text(), given),
    )
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=MODEL, WaiterConfig={"Delay": 1, "MaxAttempts": 120})


def by_map(server: Server, images: int, *, name: str = "bench") -> BatchFigures:
    """Run the state machine of :func:`deploy_map` over all images of :func:`prepare`.

    Args:
        images: Their number.
        name: The execution's name, and the batch's.
    """
    with _watched(server) as seen:
        ended = wait(begin_map(server, name=name))
    found = rows(server, name)
    answered = {row["s3_key"] for row in found if row["probabilities"] is not None}
    without = {row["s3_key"] for row in found if row["probabilities"] is None and row["error"]}
    return seen.run(MAP, images, len(answered), len(without), ended)


def begin_map(server: Server, *, name: str = "bench") -> Callable[[], str | None]:
    """Start the state machine over all images. Returns a function that says how it has ended, or None while it runs."""
    stepfunctions = server.client("stepfunctions")
    execution = stepfunctions.start_execution(
        stateMachineArn=f"arn:aws:states:{REGION}:{ACCOUNT[server.name]}:stateMachine:{MACHINE}",
        name=name,
        input=json.dumps({"bucket": BUCKET, "prefix": PREFIX}),
    )["executionArn"]

    def status() -> str | None:
        found = stepfunctions.describe_execution(executionArn=execution)["status"]
        return None if found == "RUNNING" else str(found)

    return status


def rows(server: Server, name: str) -> list[dict[str, Any]]:
    """All rows that ResultWriter has written for a batch, as often as it has."""
    s3 = server.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"batches/{name}/results/")
    keys = [one["Key"] for page in pages for one in page.get("Contents", []) if "/SUCCEEDED_" in one["Key"]]
    children = [child for key in keys for child in json.load(s3.get_object(Bucket=BUCKET, Key=key)["Body"])]
    return [row for child in children for row in json.loads(child["Output"])["rows"]]


def wait(status: Callable[[], str | None]) -> str:
    """Wait until a batch has ended, and return how.

    Raises:
        SconesError: It takes half an hour.
    """
    give_up = time.monotonic() + LONGEST_SECONDS
    while (found := status()) is None:
        if time.monotonic() > give_up:
            raise SconesError(f"the batch has not ended within {LONGEST_SECONDS:g} s")
        time.sleep(LOOK_SECONDS)
    return found


class _Seen:
    """What a cloud's process took while it was watched."""

    def __init__(self, pid: int) -> None:
        self._pid, self._began, self._before = pid, time.monotonic(), _processors(pid)
        self._seconds = 0.0
        self._after: Mapping[int, float] = {}
        self._memory: list[float] = []

    def look(self) -> None:
        if found := state(self._pid):
            self._memory.append(found.memory_mb)

    def took(self) -> None:
        """Note the processors' time. The children are gone soon after a batch."""
        self._after = {**self._after, **_processors(self._pid)}
        self._seconds = time.monotonic() - self._began

    def run(self, how: str, images: int, answered: int, refused: int, status: str) -> BatchFigures:
        used = {pid: seconds - self._before.get(pid, 0.0) for pid, seconds in self._after.items()}
        own = used.pop(self._pid, 0.0)
        return BatchFigures(
            how,
            images,
            answered,
            refused,
            status,
            seconds=round(self._seconds, 1),
            processor=round(own, 1),
            children=round(sum(used.values()), 1),
            memory=tuple(self._memory),
        )


@contextmanager
def _watched(server: Server) -> Iterator[_Seen]:
    seen, ending = _Seen(server.pid), threading.Event()

    def watch() -> None:
        while not ending.wait(LOOK_SECONDS):
            seen.look()
            seen.took()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        ending.set()
        watcher.join()
        seen.look()
        seen.took()


def _processors(pid: int) -> dict[int, float]:
    """The CPU seconds of a process and of all below it, by their numbers. Empty if the system does not tell."""
    found, waiting = {}, [pid]
    while waiting:
        one = waiting.pop()
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            for thread in Path(f"/proc/{one}/task").iterdir():
                waiting += map(int, (thread / "children").read_text().split())
        except OSError:  # it has just ended
            continue
        found[one] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


def save(path: Path, runs: Sequence[BatchFigures]) -> Path:
    """Writes the figures as JSON. Returns the path."""
    content = {
        "load_average": round(os.getloadavg()[0], 2),
        "runs": [{**asdict(run), "per_second": run.per_second} for run in runs],
    }
    return files.write(path, json.dumps(content, indent=1) + "\n")


def table(runs: Sequence[BatchFigures]) -> Any:
    """The table of the figures: a row for each way."""
    from rich.table import Table

    notes = ["CPU: seconds of the cloud's process, and of its containers and functions",
             "memory: MB of the cloud's process, halfway and at the end"]  # fmt: skip
    shown = Table(title="A batch", title_justify="left", caption="\n".join(notes), caption_justify="left")
    shown.add_column("how", min_width=8)
    for name in ("images", "answered", "refused", "seconds", "a second", "CPU s", "memory", "status"):
        shown.add_column(name, justify="right", no_wrap=True)
    for run in runs:
        memory = f"{run.memory[len(run.memory) // 2]:.0f} {run.memory[-1]:.0f}" if run.memory else ""
        shown.add_row(
            run.how,
            str(run.images),
            str(run.answered),
            str(run.refused),
            f"{run.seconds:.1f}",
            f"{run.per_second:.1f}",
            f"{run.processor:.0f} {run.children:.0f}",
            memory,
            run.status,
        )
    return shown
