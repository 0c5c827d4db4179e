"""An environment with a model registry, training jobs and a bucket in memory."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.validate import validate_parameters

from scones import settings
from scones.model import registry
from scones.training import registering

GROUP = "scones-dev"
JOB = "scones-dev-20260101-120000"
IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
ARTIFACT = b"a model" * 400_000  # longer than one block of the hash
FINGERPRINT = "5f" * 32

SERVICE = botocore.session.get_session().get_service_model("sagemaker")


def refuse(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)


class SageMaker:
    """A model registry and training jobs in memory. botocore's model of the API checks the calls."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.packages: dict[str, dict[str, Any]] = {}
        self.tags: list[dict[str, str]] = []

    def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:
        return self.jobs[TrainingJobName]

    def list_tags(self, ResourceArn: str) -> dict[str, Any]:
        return {"Tags": self.tags}

    def create_model_package(self, **asked: Any) -> dict[str, Any]:
        validate_parameters(asked, SERVICE.operation_model("CreateModelPackage").input_shape)
        number = len(self.packages) + 1
        arn = f"arn:aws:sagemaker:us-east-1:123456789012:model-package/{GROUP}/{number}"
        created = datetime(2026, 1, number, tzinfo=UTC)
        self.packages[arn] = {**asked, "ModelPackageArn": arn, "ModelPackageVersion": number, "CreationTime": created}
        return {"ModelPackageArn": arn}

    def describe_model_package(self, ModelPackageName: str) -> dict[str, Any]:
        return self.packages[ModelPackageName]

    def update_model_package(self, **asked: Any) -> None:
        validate_parameters(asked, SERVICE.operation_model("UpdateModelPackage").input_shape)
        self.packages[asked["ModelPackageArn"]]["ModelApprovalStatus"] = asked["ModelApprovalStatus"]

    def get_paginator(self, action: str) -> SageMaker:
        assert action == "list_model_packages"
        return self

    def paginate(self, ModelPackageGroupName: str) -> list[dict[str, Any]]:
        assert ModelPackageGroupName == GROUP
        return [{"ModelPackageSummaryList": [package]} for package in self.packages.values()]


class S3:
    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}

    def get_object(self, Bucket: str, Key: str, IfMatch: str | None = None) -> dict[str, Any]:
        try:
            content = self.objects[Bucket, Key]
        except KeyError:
            raise refuse("NoSuchKey", "GetObject") from None
        return {"Body": StreamingBody(io.BytesIO(content), len(content))}

    def head_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if (Bucket, Key) not in self.objects:
            raise refuse("404", "HeadObject")
        content = self.objects[Bucket, Key]
        return {"ETag": f'"{hashlib.md5(content).hexdigest()}"', "ContentLength": len(content)}

    def put_object(self, Bucket: str, Key: str, Body: Any, ChecksumSHA256: str, **asked: Any) -> None:
        content = Body.read()
        assert base64.b64decode(ChecksumSHA256) == hashlib.sha256(content).digest()
        self.objects[Bucket, Key] = content


class Logs:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def describe_log_streams(self, **asked: Any) -> dict[str, Any]:
        if not self.lines:  # the retention period is over
            raise refuse("ResourceNotFoundException", "DescribeLogStreams")
        return {"logStreams": [{"logStreamName": f"{JOB}/algo-1-1767268800"}]}

    def get_log_events(self, nextToken: str | None = None, **asked: Any) -> dict[str, Any]:
        events = [] if nextToken else [{"message": line} for line in self.lines]
        return {"events": events, "nextForwardToken": "f/1"}


class Cloud:
    """An environment with its clients and one completed job, whose artifact cannot be read."""

    job = JOB

    def __init__(self, folder: Path) -> None:
        found = settings.load("dev", variables={})
        self.environment = dataclasses.replace(found, root=folder, pin_path=folder / "deep" / "model.tfvars.json")
        self.said: list[str] = []
        self.sagemaker, self.s3, self.logs = SageMaker(), S3(), Logs()
        self.sagemaker.tags = [{"Key": "GitCommit", "Value": "1f0c"}]
        self.train(JOB, accuracy=0.91)

    def client(self, environment: settings.Environment, service: str) -> Any:
        return getattr(self, service)

    def train(self, name: str, *, accuracy: float | None, status: str = "Completed", **changes: Any) -> None:
        classes = changes.pop("classes", ["bicycle", "motorcycle"])
        source = {"S3DataType": "S3Prefix", "S3Uri": "s3://scones/datasets/5f/train/"}
        metrics = {} if accuracy is None else {"train:accuracy": 0.99, "validation:accuracy": accuracy}
        now = datetime(2026, 1, 1, tzinfo=UTC)
        self.sagemaker.jobs[name] = {
            "TrainingJobName": name,
            "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}",
            "TrainingJobStatus": status,
            "SecondaryStatus": status,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "ModelArtifacts": {"S3ModelArtifacts": f"s3://scones/models/{name}/output/model.tar.gz"},
            "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
            "FinalMetricDataList": [
                {"MetricName": metric, "Value": value, "Timestamp": now} for metric, value in metrics.items()
            ],
            **changes,
        }
        self.s3.objects["scones", f"models/{name}/output/model.tar.gz"] = ARTIFACT
        description = {"classes": classes, "fingerprint": FINGERPRINT}
        self.s3.objects["scones", "datasets/5f/dataset.json"] = json.dumps(description).encode()

    def put(self, key: str, content: bytes) -> str:
        self.s3.objects["scones", key] = content
        return f"s3://scones/{key}"

    def register(self, name: str = JOB, **options: Any) -> registry.Version:
        return registering.register(
            self.environment, name, group=GROUP, warn=self.said.append, client=self.client, **options
        )

    def bring(
        self, place: Any, classes: tuple[str, ...], dataset: Any = None, calibrate: bool = True
    ) -> registry.Version:
        return registry.register_artifact(
            self.environment,
            registry.ForeignModel(place, classes, dataset, calibrate),
            group=GROUP,
            bucket="scones",
            warn=self.said.append,
            client=self.client,
        )

    def pin(self, version: int, *, approve: bool = False) -> registry.Version:
        return registry.pin(self.environment, version, approve=approve, group=GROUP, client=self.client)

    @property
    def pinned(self) -> registry.PinnedModel:
        return registry.read_pin(self.environment.pin_path)


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return Cloud(tmp_path)
