"""A killed cloud goes on: training from its last checkpoint, tuning with its trials, endpoints with their captures."""

from __future__ import annotations

import io
import json
import os
import signal
import tarfile
from typing import Any

import pytest

from localcloud import control
from tests.conftest import LocalCloud
from tests.local.conftest import eventually

from . import test_transform
from .conftest import BUCKET, IMAGE, ROLE, fill, png, request

pytestmark = pytest.mark.slow


class Killable(LocalCloud):
    """A cloud of this file's own."""

    def kill_and_start(self) -> None:
        """End the cloud without a warning, and start it again."""
        os.kill(self.running.pid, signal.SIGKILL)
        eventually(lambda: not control.is_alive(self.state))
        self.use(control.up(self.state, tethered=True))

    def end_and_start(self) -> None:
        """End the cloud as ``invoke local.down`` does, and start it again."""
        control.down(self.state)
        self.use(control.up(self.state, tethered=True))

    def job(self, name: str) -> dict[str, Any]:
        return self.client("sagemaker").describe_training_job(TrainingJobName=name)

    def ended(self, name: str) -> dict[str, Any]:
        return eventually(
            lambda: job if (job := self.job(name))["TrainingJobStatus"] not in ("InProgress", "Stopping") else None,
            seconds=120,
        )

    def log(self, name: str) -> str:
        logs, group = self.client("logs"), {"logGroupName": "/aws/sagemaker/TrainingJobs"}
        try:
            found = logs.filter_log_events(**group, logStreamNamePrefix=name)
        except logs.exceptions.ResourceNotFoundException:  # no job has logged anything yet
            return ""
        return "\n".join(event["message"] for event in found["events"])

    def parameters(self, name: str) -> bytes:
        """The parameters in a job's artifact."""
        content = self.client("s3").get_object(Bucket=BUCKET, Key=f"models/{name}/output/model.tar.gz")["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            member = next(one for one in archive if one.name.endswith(".params"))
            found = archive.extractfile(member)
            assert found is not None
            return found.read()


@pytest.fixture(scope="module")
def killable(tmp_path_factory):
    state = tmp_path_factory.mktemp("kept") / "local"
    cloud = Killable(control.up(state, port=0, tethered=True))
    cloud.role("scones")
    cloud.role("scones-training")
    fill(cloud.client("s3"))
    yield cloud
    control.down(state)


@pytest.fixture(scope="module")
def interrupted(killable):
    """A training job whose cloud was killed after its second epoch."""
    long = {"epochs": "12"}
    killable.client("sagemaker").create_training_job(**request("interrupted", hyperparameters=long))
    eventually(lambda: "Epoch[1] Validation-accuracy" in killable.log("interrupted"), seconds=90)
    killable.kill_and_start()
    return killable.ended("interrupted")


def test_training_goes_on_from_its_last_checkpoint_and_gives_the_same_model(killable, interrupted):
    assert interrupted["TrainingJobStatus"] == "Completed", interrupted.get("FailureReason")
    assert "Going on after epoch" in killable.log("interrupted")
    killable.client("sagemaker").create_training_job(**request("whole", hyperparameters={"epochs": "12"}))
    assert killable.ended("whole")["TrainingJobStatus"] == "Completed"
    assert killable.parameters("whole") == killable.parameters("interrupted")


@pytest.mark.nightly
def test_a_job_that_was_stopping_stops(killable, interrupted):
    sagemaker = killable.client("sagemaker")
    sagemaker.create_training_job(**request("stopping", hyperparameters={"epochs": "500"}))
    eventually(lambda: "Epoch[1] Validation-accuracy" in killable.log("stopping"), seconds=90)
    sagemaker.stop_training_job(TrainingJobName="stopping")
    killable.kill_and_start()
    assert killable.ended("stopping")["TrainingJobStatus"] == "Stopped"
    assert killable.parameters("stopping")


@pytest.mark.nightly
def test_tuning_goes_on_with_its_trials(killable, interrupted):
    whole = request("unused", hyperparameters={"epochs": "6"})
    static = {name: value for name, value in whole["HyperParameters"].items() if name != "learning_rate"}
    whole = {name: whole[name] for name in whole if name not in ("TrainingJobName", "HyperParameters", "Environment")}
    whole["StaticHyperParameters"] = static
    whole["AlgorithmSpecification"] = {"TrainingImage": IMAGE, "TrainingInputMode": "File"}
    ranges = {"ContinuousParameterRanges": [{"Name": "learning_rate", "MinValue": "0.001", "MaxValue": "0.1"}]}
    sagemaker = killable.client("sagemaker")
    sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="tuning",
        HyperParameterTuningJobConfig={
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:accuracy"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 1},
            "ParameterRanges": ranges,
        },
        TrainingJobDefinition=whole,
    )
    eventually(lambda: "Epoch[0] Validation-accuracy" in killable.log("tuning-001"), seconds=90)
    killable.kill_and_start()

    def described() -> Any:
        found = killable.client("sagemaker").describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="tuning")
        return found if found["HyperParameterTuningJobStatus"] not in ("InProgress", "Stopping") else None

    found = eventually(described, seconds=120)
    assert found["HyperParameterTuningJobStatus"] == "Completed"
    assert found["TrainingJobStatusCounters"]["Completed"] == 2


def config(cloud: LocalCloud, name: str, job: dict[str, Any]) -> str:
    """An endpoint configuration with data capture that serves a job's model."""
    sagemaker = cloud.client("sagemaker")
    container = {"Image": IMAGE, "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"]}
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{BUCKET}/captures",
        "CaptureOptions": [{"CaptureMode": "Output"}],
    }
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], DataCaptureConfig=capture)
    return name


def status(cloud: LocalCloud, name: str = "kept") -> dict[str, Any]:
    return cloud.client("sagemaker").describe_endpoint(EndpointName=name)


def asked(cloud: LocalCloud) -> list[float]:
    answer = cloud.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="kept", ContentType="application/x-image", Body=png(0, 7)
    )
    return json.loads(answer["Body"].read())


def captured(cloud: LocalCloud) -> int:
    s3 = cloud.client("s3")
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="captures/kept/").get("Contents", [])
    return sum(s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read().count(b"\n") for one in listed)


def test_an_endpoint_answers_again_and_every_answered_request_is_captured_once(killable, interrupted):
    sagemaker = killable.client("sagemaker")
    sagemaker.create_endpoint(EndpointName="kept", EndpointConfigName=config(killable, "one", interrupted))
    eventually(lambda: status(killable)["EndpointStatus"] == "InService", seconds=60)
    before = asked(killable)
    for _ in range(2):
        for _ in range(9):
            asked(killable)
        killable.kill_and_start()
        assert asked(killable) == before, "the first request waits until the model is there again"
    eventually(lambda: captured(killable) >= 1 + 2 * 10)
    assert captured(killable) == 1 + 2 * 10


@pytest.mark.parametrize("moment", ["at once", "while it bakes"])
def test_an_update_that_was_interrupted_finishes(killable, interrupted, moment):
    name = f"update-{moment.replace(' ', '-')}"
    config(killable, name, interrupted)
    policy = {"Type": "CANARY", "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50}, "WaitIntervalInSeconds": 3}
    killable.client("sagemaker").update_endpoint(
        EndpointName="kept",
        EndpointConfigName=name,
        DeploymentConfig={"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": policy}},
    )
    if moment == "while it bakes":
        pending = "PendingDeploymentSummary"
        eventually(
            lambda: status(killable)[pending]["ProductionVariants"][0]["VariantStatus"][0]["Status"] == "Baking",
            seconds=60,
        )
    killable.kill_and_start()
    assert asked(killable)
    found = eventually(lambda: one if (one := status(killable))["EndpointStatus"] == "InService" else None, seconds=60)
    assert found["EndpointConfigName"] == name
    assert "PendingDeploymentSummary" not in found


def test_an_endpoint_that_was_being_deleted_is_gone(killable):
    killable.client("sagemaker").delete_endpoint(EndpointName="kept")
    killable.kill_and_start()
    eventually(lambda: not killable.client("sagemaker").list_endpoints()["Endpoints"])


@pytest.fixture(scope="module")
def transformer(killable, tmp_path_factory):
    """What a transform job needs: a model."""
    test_transform.prepare(killable, tmp_path_factory.mktemp("model"))


@pytest.mark.parametrize("objects", [100, pytest.param(400, marks=pytest.mark.nightly)])
def test_a_transform_job_goes_on_with_the_objects_that_it_has_not_written(killable, transformer, objects):
    s3, name = killable.client("s3"), f"killed-{objects}"
    for number in range(objects):
        s3.put_object(Bucket=test_transform.BUCKET, Key=f"many-{objects}/{number:03}.png", Body=png(0, number))
    killable.client("sagemaker").create_transform_job(**test_transform.asked(name, f"many-{objects}/"))

    def written() -> int:
        listed = killable.client("s3").list_objects_v2(Bucket=test_transform.BUCKET, Prefix=f"out/{name}/")
        return listed["KeyCount"]

    eventually(written, seconds=60)
    killable.kill_and_start()
    before = written()
    eventually(lambda: written() > before, seconds=60)
    killable.end_and_start()
    job = test_transform.ended(killable, name)
    assert job["TransformJobStatus"] == "Completed", job
    assert len(test_transform.outputs(killable, name)) == objects


@pytest.mark.nightly
def test_training_goes_on_after_the_cloud_was_taken_down(killable):
    killable.client("sagemaker").create_training_job(**request("down", hyperparameters={"epochs": "12"}))
    eventually(lambda: "Epoch[1] Validation-accuracy" in killable.log("down"), seconds=90)
    killable.end_and_start()
    assert killable.ended("down")["TrainingJobStatus"] == "Completed"
    assert "Epoch[11] Validation-accuracy" in killable.log("down")
