"""Shared by the tests of the local SageMaker: small images in S3, requests, and a model that was really trained."""

from __future__ import annotations

import io
import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from botocore.model import Shape
from PIL import Image

BUCKET = "sagemaker-tests"
IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
ROLE = "arn:aws:iam::123456789012:role/scones-training"
SIZE = 20  # pixels a side


@pytest.fixture(scope="session", autouse=True)
def roles(cloud: Any) -> None:
    """Roles for the tests' models and jobs. They allow everything."""
    cloud.role("scones")
    cloud.role("scones-training")


def png(label: int, seed: int) -> bytes:
    """A noisy picture: mostly red for the first class, mostly blue for the second."""
    noise = random.Random(1000 * label + seed)
    strong, weak = (200, 60) if label == 0 else (60, 200)
    pixels = bytes(
        max(0, min(255, base + noise.randrange(-40, 40))) for _ in range(SIZE * SIZE) for base in (strong, 120, weak)
    )
    buffer = io.BytesIO()
    Image.frombytes("RGB", (SIZE, SIZE), pixels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="session")
def images() -> Callable[[int, int], bytes]:
    """Draws a PNG of a class, by class and seed."""
    return png


def fill(s3: Any) -> None:
    """Make a bucket with pictures of two classes under ``data/``, in the algorithm's layout."""
    s3.create_bucket(Bucket=BUCKET)
    for split, count in (("train", 24), ("validation", 8)):
        rows = []
        for index in range(count):
            name = f"{index % 2}/{index:03}.png"
            s3.put_object(
                Bucket=BUCKET, Key=f"data/{split}/{name}", Body=png(index % 2, index + 100 * (split != "train"))
            )
            rows.append(f"{index}\t{index % 2}\t{name}\n")
        s3.put_object(Bucket=BUCKET, Key=f"data/lst/{split}.lst", Body="".join(rows))


def request(name: str, *, hyperparameters: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    """CreateTrainingJob's parameters for a job of a few seconds. The arguments replace the defaults."""

    def channel(name: str, prefix: str, content_type: str = "application/x-image") -> dict[str, Any]:
        source = {
            "S3DataType": "S3Prefix",
            "S3Uri": f"s3://{BUCKET}/{prefix}",
            "S3DataDistributionType": "FullyReplicated",
        }
        return {"ChannelName": name, "ContentType": content_type, "DataSource": {"S3DataSource": source}}

    return {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "HyperParameters": {
            "num_classes": "2",
            "num_training_samples": "24",
            "num_layers": "20",
            "image_shape": f"3,{SIZE},{SIZE}",
            "epochs": "8",
            "learning_rate": "0.01",
            "mini_batch_size": "8",
            **(hyperparameters or {}),
        },
        "InputDataConfig": [
            channel("train", "data/train"),
            channel("validation", "data/validation/"),
            channel("train_lst", "data/lst/train.lst"),
            channel("validation_lst", "data/lst/validation.lst"),
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
        "ResourceConfig": {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "Environment": {"OMP_NUM_THREADS": "1"},
        **changes,
    }


@pytest.fixture(scope="session")
def bucket(cloud: Any) -> str:
    """The bucket of :func:`fill`."""
    fill(cloud.client("s3"))
    return BUCKET


@pytest.fixture(scope="session")
def job_request(bucket: str) -> Callable[..., dict[str, Any]]:
    """:func:`request`, with the bucket there."""
    return request


@pytest.fixture(scope="session")
def wait_for() -> Callable[..., Any]:
    """Call a function until its result satisfies a condition, and return the result."""

    def wait(look: Callable[[], Any], until: Callable[[Any], bool], seconds: float = 60.0) -> Any:
        deadline = time.monotonic() + seconds
        while True:
            found = look()
            if until(found):
                return found
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {seconds:g} s in vain; last seen: {found}")
            time.sleep(0.05)

    return wait


@pytest.fixture(scope="session")
def finish(cloud: Any, wait_for: Callable[..., Any]) -> Callable[[str], dict[str, Any]]:
    """Wait until a training job has ended, and return its description."""

    def run(name: str) -> dict[str, Any]:
        return wait_for(
            lambda: cloud.client("sagemaker").describe_training_job(TrainingJobName=name),
            lambda job: job["TrainingJobStatus"] not in ("InProgress", "Stopping"),
            seconds=120,
        )

    return run


@pytest.fixture(scope="session")
def trained(cloud: Any, job_request: Any, finish: Any) -> dict[str, Any]:
    """A training job that has completed."""
    cloud.client("sagemaker").create_training_job(
        **job_request("trained", Tags=[{"Key": "project", "Value": "scones"}])
    )
    return finish("trained")


def missing(shape: Shape, value: Any, path: str = "") -> Iterator[str]:
    """The fields that a shape requires and an answer lacks."""
    if shape.type_name == "structure":
        for name in shape.metadata.get("required", []):
            if value.get(name) is None:
                yield f"{path}{name}"
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from missing(member, value[name], f"{path}{name}.")
    elif shape.type_name == "list":
        for one in value:
            yield from missing(shape.member, one, path)


@pytest.fixture(scope="session")
def lacking(cloud: Any) -> Callable[[str, Mapping[str, Any]], list[str]]:
    """The fields that AWS's model requires of an operation's answer, and that an answer lacks."""
    model = cloud.client("sagemaker").meta.service_model

    def find(operation: str, answer: Mapping[str, Any]) -> list[str]:
        return list(missing(model.operation_model(operation).output_shape, answer))

    return find
