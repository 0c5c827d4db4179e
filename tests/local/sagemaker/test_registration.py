"""A model trained in the local cloud is calibrated and registered. So is a model from elsewhere."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imageclassification.predictor import Predictor
from scones import settings
from scones.model import artifacts, registry
from scones.training import registering

pytestmark = pytest.mark.filterwarnings("error")

GROUP = "registration-tests"
CLASSES = ("red", "blue")


@pytest.fixture(scope="module")
def environment(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> settings.Environment:
    """The environment local in its own folder, with the tests' cloud and a model package group."""
    folder = tmp_path_factory.mktemp("registration")
    cloud.client("sagemaker").create_model_package_group(ModelPackageGroupName=GROUP)
    return dataclasses.replace(
        settings.load("local", variables={}),
        root=folder,
        pin_path=folder / "model.tfvars.json",
        cloud_path=cloud.state / "cloud.json",
    )


@pytest.fixture(scope="module")
def job(cloud: Any, bucket: str, images: Any, job_request: Any, finish: Any) -> str:
    """A job on a data set that the project uploaded, with enough images for calibration."""
    s3 = cloud.client("s3")
    for split, count in (("train", 16), ("validation", 24)):
        rows = []
        for index in range(count):
            name = f"{index:03}.png"
            s3.put_object(Bucket=bucket, Key=f"datasets/ab/{split}/{name}", Body=images(index % 2, index))
            rows.append(f"{index}\t{index % 2}\t{name}\n")
        s3.put_object(Bucket=bucket, Key=f"datasets/ab/{split}.lst", Body="".join(rows))
    description = {"classes": CLASSES, "fingerprint": "ab" * 32}
    s3.put_object(Bucket=bucket, Key="datasets/ab/dataset.json", Body=json.dumps(description))
    asked = job_request("registered", hyperparameters={"num_training_samples": "16", "epochs": "2"})
    for channel in asked["InputDataConfig"]:
        name = channel["ChannelName"]
        place = f"{name.removesuffix('_lst')}.lst" if name.endswith("_lst") else f"{name}/"
        channel["DataSource"]["S3DataSource"]["S3Uri"] = f"s3://{bucket}/datasets/ab/{place}"
    cloud.client("sagemaker").create_training_job(**asked)
    assert finish("registered")["TrainingJobStatus"] == "Completed"
    return "registered"


def test_a_job_s_model_is_registered_calibrated_once(
    cloud: Any, environment: settings.Environment, bucket: str, job: str, images: Any
) -> None:
    said: list[str] = []
    version = registering.register(environment, job, group=GROUP, warn=said.append)
    assert said == []
    model = version.model
    assert model.artifact_uri == f"s3://{bucket}/models/{job}/calibrated/model.tar.gz"
    assert {"temperature", "validation:ece", "validation:ece_calibrated"} <= model.metrics.keys()
    path = artifacts.fetch(environment, model.artifact_uri)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == model.artifact_sha256
    own = Predictor.load(artifacts.fetch(environment, f"s3://{bucket}/models/{job}/output/model.tar.gz"))
    shown = [images(label, 900 + label) for label in (0, 1)]
    np.testing.assert_allclose(
        Predictor.load(path).logits(shown), own.logits(shown) / model.metrics["temperature"], rtol=1e-4, atol=1e-4
    )
    assert registering.register(environment, job, group=GROUP) == version
    assert registry.pin(environment, version.version, approve=True, group=GROUP).model == model
    assert registry.read_pin(environment.pin_path) == model


def test_an_artifact_from_elsewhere_goes_into_the_bucket_and_waits_for_approval(
    cloud: Any, environment: settings.Environment, bucket: str, job: str, tmp_path: Path
) -> None:
    path = artifacts.fetch(environment, f"s3://{bucket}/models/{job}/output/model.tar.gz")
    version = registry.register_artifact(environment, registry.ForeignModel(path, CLASSES), group=GROUP, bucket=bucket)
    assert (version.status, version.accuracy, version.job[:9]) == ("PendingManualApproval", None, "imported/")
    kept = artifacts.fetch(environment, version.model.artifact_uri)
    assert kept.read_bytes() == path.read_bytes()
    assert (
        registry.register_artifact(environment, registry.ForeignModel(path, CLASSES), group=GROUP, bucket=bucket)
        == version
    )
