"""An environment in which tasks can start jobs, with a small archive, moto's S3 and SageMaker, and a foundation."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from moto import mock_aws

from scones import aws, settings

FEW = ["mini_batch_size=8"]  # the archive has 36 training images


@pytest.fixture
def printed_json(capfd: pytest.CaptureFixture[str]) -> Callable[[str], Any]:
    """Reads the document that a task has printed, and checks it against the task's published schema.

    It reads what the process has written, so that nothing else may stand there, also nothing of a child process.
    """
    schemas = json.loads((settings.ROOT / "docs" / "json-schemas.json").read_text())["$defs"]

    def read(task: str) -> Any:
        document = json.loads(capfd.readouterr().out)
        Draft202012Validator(schemas[task]).validate(document)
        return document

    return read


class Workplace:
    """An environment in its own folder, with moto's S3 and SageMaker and an applied foundation."""

    def __init__(self, environment: settings.Environment) -> None:
        self.environment = environment
        self.s3 = aws.client(environment, "s3")
        self.s3.create_bucket(Bucket="scones")

    def asked(self, name: str) -> dict[str, Any]:
        """The request for a training job, as SageMaker got it."""
        return aws.client(self.environment, "sagemaker").describe_training_job(TrainingJobName=name)

    def asked_to_tune(self, name: str) -> dict[str, Any]:
        """The request for a tuning job, as SageMaker got it."""
        sagemaker = aws.client(self.environment, "sagemaker")
        return sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)

    def uploaded(self) -> set[str]:
        """The keys in the bucket."""
        return {one["Key"] for one in self.s3.list_objects_v2(Bucket="scones").get("Contents", [])}


@pytest.fixture
def workplace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, archive: Path) -> Iterator[Workplace]:
    """A workplace whose data is the small archive. Terraform does not run."""
    outputs = {"bucket": "scones", "training_role_arn": "arn:aws:iam::123456789012:role/training", "kms_key_arn": "key"}
    environment = dataclasses.replace(
        settings.load("dev", variables={}), root=tmp_path, classes=("bicycle", "motorcycle")
    )
    monkeypatch.setenv("CIFAR100_ARCHIVE", str(archive))
    monkeypatch.setattr("scones.settings.load", lambda *_: environment)
    monkeypatch.setattr("scones.training.quota.check", lambda *_, **__: None)  # moto has no quotas of SageMaker
    monkeypatch.setattr("scones.tasks.prepare.foundation", lambda *_: contextlib.nullcontext(outputs))
    with mock_aws():
        yield Workplace(environment)
