"""``invoke down`` ends each kind of resource that tasks make outside of Terraform: here their own code makes it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from imageclassification import ranges
from imageclassification.hyperparameters import parse
from scones import aws, settings
from scones.model.image import image_uri
from scones.model.registry.creation import create
from scones.notebook import identity
from scones.service.workflow.images import upload
from scones.settings import TRAINING_LOGS, Tuning
from scones.terraform import down
from scones.terraform.state import TerraformState
from scones.training import job, logs, tuning
from scones.training.spec import JobSpec
from tests.local.conftest import eventually
from tests.local.sagemaker.conftest import SIZE, png

BUCKET, GROUP = "scones-taken-1", "scones-taken"
LONG = {"num_classes": "2", "num_training_samples": "8", "num_layers": "20", "image_shape": f"3,{SIZE},{SIZE}"}
LONG |= {"epochs": "5000", "mini_batch_size": "8", "learning_rate": "0.01"}


class Applied:
    """The stacks of an environment whose resources Terraform has destroyed already, as far as this test goes."""

    def __init__(self, environment: settings.Environment, outputs: dict[str, Any]) -> None:
        self.environment, self.name, self._outputs = environment, "foundation", outputs
        self.backend = SimpleNamespace(bucket="", read=self._read, exists=lambda: False, delete=lambda: None)

    def _read(self, name: str) -> TerraformState:
        return TerraformState(self._outputs if name == "foundation" else {}, ())


@pytest.fixture
def environment(cloud: Any) -> settings.Environment:
    return dataclasses.replace(settings.load("local"), name="taken", cloud_path=cloud.state / "cloud.json")


@pytest.fixture
def role(cloud: Any) -> str:
    return cloud.role("scones-taken-training")


@pytest.fixture
def spec(cloud: Any, role: str) -> JobSpec:
    """A job of some hours, with few small images."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for split in ("train", "validation"):
        for index in range(8):
            s3.put_object(Bucket=BUCKET, Key=f"datasets/5f/{split}/{index}.png", Body=png(index % 2, index))
        rows = "".join(f"{index}\t{index % 2}\t{index}.png\n" for index in range(8))
        s3.put_object(Bucket=BUCKET, Key=f"datasets/5f/{split}.lst", Body=rows)
    return JobSpec(f"s3://{BUCKET}/datasets/5f", parse(LONG), BUCKET, role)


@pytest.mark.slow
@pytest.mark.nightly
def test_all_that_tasks_have_made_ends(
    cloud: Any, environment: settings.Environment, spec: JobSpec, role: str, tmp_path: Path
) -> None:
    sagemaker, s3, iam = cloud.client("sagemaker"), cloud.client("s3"), cloud.client("iam")
    logs.limit(cloud.client("logs"), 30)
    [group] = cloud.client("logs").describe_log_groups(logGroupNamePrefix=TRAINING_LOGS)["logGroups"]
    assert group["retentionInDays"] == 30

    searched = ranges.merge([ranges.read_range("learning_rate=0.01:0.3")])
    limits = Tuning(max_jobs=4, max_parallel_jobs=1, strategy="Random")
    made = [tuning.start(environment, spec, searched, limits=limits)]  # tune-taken-…
    made += [tuning.start(environment, spec, searched, limits=limits, name="my-search")]
    made += [job.start(environment, spec, name="my-job")]
    sagemaker.create_model_package_group(ModelPackageGroupName=GROUP)
    artifact = f"s3://{BUCKET}/models/x/output/model.tar.gz"
    s3.put_object(Bucket=BUCKET, Key="models/x/output/model.tar.gz", Body=b"model")
    facts: dict[str, Any] = {"class_labels": ("a", "b"), "metrics": {}, "dataset_fingerprint": "5f", "git_commit": "1"}
    facts |= {"job": "x", "artifact_sha256": "0" * 64}
    create(environment, sagemaker, GROUP, origin="x", image_uri=image_uri("us-east-1"), artifact_uri=artifact, **facts)
    (tmp_path / "one.png").write_bytes(png(0, 0))
    upload(s3, BUCKET, tmp_path / "one.png")
    s3.put_object(Bucket=BUCKET, Key="captures/scones-taken/AllTraffic/2026/01/01/00/one.jsonl", Body=b"{}")
    identity.forget(dataclasses.replace(environment, name="local"))  # another test's
    notebooks = identity.role(environment, None)

    def streams() -> set[str]:
        found = cloud.client("logs").describe_log_streams(logGroupName=TRAINING_LOGS)["logStreams"]
        return {one["logStreamName"].split("/")[0] for one in found}

    def trials() -> list[str]:
        return [name for name in streams() if name.startswith(("tune-taken-", "my-search-"))]

    eventually(lambda: "my-job" in streams() and len(trials()) == 2, seconds=60)

    outputs = {"bucket": BUCKET, "model_package_group_name": GROUP, "training_role_arn": role}
    steps = down.steps(environment, everything=True, stack=lambda *_: Applied(environment, outputs), client=aws.client)
    done = {step.what: step.take() for step in steps}
    assert int(done["executions and jobs that run"].split()[0]) >= 3
    for status in ("InProgress", "Stopping"):
        running = sagemaker.list_training_jobs(StatusEquals=status)["TrainingJobSummaries"]
        assert [one for one in running if one["TrainingJobName"].startswith(("my-", "tune-taken"))] == []
        searches = sagemaker.list_hyper_parameter_tuning_jobs(StatusEquals=status)["HyperParameterTuningJobSummaries"]
        assert [one for one in searches if one["HyperParameterTuningJobName"] in made] == []
    assert sagemaker.list_model_packages(ModelPackageGroupName=GROUP)["ModelPackageSummaryList"] == []
    assert s3.list_object_versions(Bucket=BUCKET).get("Versions", []) == []
    groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix=TRAINING_LOGS)["logGroups"]
    assert groups == [] or not [name for name in streams() if name.startswith(("my-", "tune-taken"))]
    assert identity.forget(environment) == "deleted"
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName=notebooks.rpartition("/")[2])
    assert identity.forget(environment) == "nothing was there"
