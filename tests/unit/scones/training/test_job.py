"""Training jobs: the request, the progress while they run, and the messages when they fail."""

from __future__ import annotations

import dataclasses
import time
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from imageclassification.errors import HyperparameterError
from scones import settings
from scones.errors import InputError, SettingsError, StoppedError, TrainingError
from scones.model.image import image_uri
from scones.training import job
from scones.training.progress import Progress
from scones.training.recipe import BACKBONE, FINE_TUNING, SMALL_IMAGES, TRANSFER, for_epochs
from scones.training.request import check_instance_type, hyperparameters, new_name
from scones.training.spec import JobSpec, Placement

NAME = "scones-dev-20260101-120000"
ARN = f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{NAME}"
ROLE = "arn:aws:iam::123456789012:role/scones-dev-training"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
DATASET = "s3://scones-dev/datasets/0123abcd"
IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"


def environment(**training: Any) -> settings.Environment:
    found = settings.load("dev", variables={})
    return dataclasses.replace(found, training=dataclasses.replace(found.training, **training))


class Cloud:
    """Stubbed clients. An unexpected call or parameter fails the test."""

    def __init__(self) -> None:
        made = {
            service: boto3.client(service, "us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
            for service in ("sagemaker", "logs")
        }
        self._clients = made
        self._stubs = {service: Stubber(client) for service, client in made.items()}
        for stub in self._stubs.values():
            stub.activate()

    def client(self, environment: settings.Environment, service: str) -> Any:
        return self._clients[service]

    def __getitem__(self, service: str) -> Stubber:
        return self._stubs[service]

    def describes(self, status: str = "InProgress", secondary: str = "Training", **changes: Any) -> None:
        answer = described(status, secondary, **changes)
        self["sagemaker"].add_response("describe_training_job", answer, {"TrainingJobName": NAME})

    def logs(self, *lines: str, token: str = "f/1", after: str | None = None) -> None:
        """Answer one read of the log: the lines, then the same token again, as at the end of a stream."""
        where = {"logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamName": f"{NAME}/algo-1-1767268800"}
        events = [{"timestamp": 1, "message": line, "ingestionTime": 1} for line in lines]
        answers = [(events, after), ([], token)] if token != after else [([], after)]
        for found, asked in answers:
            self["logs"].add_response(
                "get_log_events",
                {"events": found, "nextForwardToken": token, "nextBackwardToken": "b/0"},
                {**where, "startFromHead": True, **({"nextToken": asked} if asked else {})},
            )

    def has_log_stream(self, exists: bool = True) -> None:
        names = [{"logStreamName": f"{NAME}/algo-1-1767268800"}] if exists else []
        self["logs"].add_response("describe_log_streams", {"logStreams": names})

    def assert_used_up(self) -> None:
        for stub in self._stubs.values():
            stub.assert_no_pending_responses()


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def described(status: str = "InProgress", secondary: str = "Training", **changes: Any) -> dict[str, Any]:
    channel = {
        "ChannelName": "train",
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{DATASET}/train/"}},
    }
    return {
        "TrainingJobName": NAME,
        "TrainingJobArn": ARN,
        "ModelArtifacts": {"S3ModelArtifacts": f"s3://scones-dev/models/{NAME}/output/model.tar.gz"},
        "TrainingJobStatus": status,
        "SecondaryStatus": secondary,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "ResourceConfig": {"VolumeSizeInGB": 30},
        "StoppingCondition": {},
        "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
        "HyperParameters": {"epochs": "2"},
        "InputDataConfig": [channel],
        **changes,
    }


def run_log(epoch: int, train: float, validation: float) -> list[str]:
    """The log lines of an epoch, in the built-in algorithm's form."""
    stamp = "[01/01/2026 12:00:00 INFO 140123]"
    return [
        f"{stamp} Epoch[{epoch}] Batch [20]#011Speed: 187.95 samples/sec#011accuracy={train - 0.1:.6f}",
        f"{stamp} Epoch[{epoch}] Train-accuracy={train:.6f}",
        f"{stamp} Epoch[{epoch}] Time cost=5.100",
        f"{stamp} Epoch[{epoch}] Validation-accuracy={validation:.6f}",
        f"{stamp} Storing the best model with validation accuracy: {validation:.6f}",
    ]


def start(cloud: Cloud, **changes: Any) -> str:
    place = environment(**changes.pop("training", {}))
    tags, sleep = changes.pop("tags", None), changes.pop("sleep", time.sleep)
    spec = JobSpec(DATASET, hyperparameters(place, classes=2, samples=900), "scones-dev", ROLE, **changes)
    return job.start(place, spec, name=NAME, tags=tags, client=cloud.client, sleep=sleep)


def expect_creation(cloud: Cloud) -> dict[str, Any]:
    """Answer CreateTrainingJob, and return its request."""
    seen: dict[str, Any] = {}
    cloud["sagemaker"].add_response("create_training_job", {"TrainingJobArn": ARN})
    cloud["sagemaker"].client.meta.events.register(
        "provide-client-params.sagemaker.CreateTrainingJob", lambda params, **_: seen.update(params)
    )
    cloud.describes()
    return seen


def test_asks_for_the_built_in_algorithm_on_a_gpu_with_images_and_lists(cloud: Cloud) -> None:
    asked = expect_creation(cloud)
    assert start(cloud, tags={"GitCommit": "1f0c"}) == NAME
    assert asked["AlgorithmSpecification"] == {"TrainingImage": IMAGE, "TrainingInputMode": "File"}
    assert asked["ResourceConfig"] == {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30}
    assert asked["OutputDataConfig"] == {"S3OutputPath": "s3://scones-dev/models"}
    assert asked["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    assert asked["RoleArn"] == ROLE
    assert channels_of(asked) == {
        "train": ("application/x-image", f"{DATASET}/train/"),
        "validation": ("application/x-image", f"{DATASET}/validation/"),
        "train_lst": ("application/x-image", f"{DATASET}/train.lst"),
        "validation_lst": ("application/x-image", f"{DATASET}/validation.lst"),
    }
    assert asked["HyperParameters"]["num_training_samples"] == "900"
    assert all(isinstance(value, str) for value in asked["HyperParameters"].values())
    assert {tag["Key"]: tag["Value"] for tag in asked["Tags"]} == {
        "Project": "scones",
        "Environment": "dev",
        "Workload": "scones-dev",
        "GitCommit": "1f0c",
    }


def test_the_container_has_no_network_wherever_the_job_runs(cloud: Cloud) -> None:
    asked = expect_creation(cloud)
    start(cloud)
    assert asked["EnableNetworkIsolation"]
    assert "VpcConfig" not in asked


def test_runs_in_the_foundations_network_with_its_model_under_the_foundations_key(cloud: Cloud) -> None:
    """The disk gets no key, because the instances' local disks accept none (API reference, ResourceConfig)."""
    asked = expect_creation(cloud)
    outputs = {"kms_key_arn": KEY, "vpc": {"subnet_ids": ["subnet-1", "subnet-2"], "security_group_ids": ["sg-1"]}}
    start(cloud, placement=Placement.of(outputs))
    assert asked["VpcConfig"] == {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
    assert asked["OutputDataConfig"] == {"S3OutputPath": "s3://scones-dev/models", "KmsKeyId": KEY}
    assert "VolumeKmsKeyId" not in asked["ResourceConfig"]


def channels_of(asked: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {
        entry["ChannelName"]: (entry["ContentType"], entry["DataSource"]["S3DataSource"]["S3Uri"])
        for entry in asked["InputDataConfig"]
    }


def test_asks_for_recordio_a_model_to_start_from_and_its_own_checkpoints(cloud: Cloud) -> None:
    asked = expect_creation(cloud)
    start(cloud, recordio=True, model_uri="s3://scones-dev/models/earlier/output/model.tar.gz")
    assert channels_of(asked) == {
        "train": ("application/x-recordio", f"{DATASET}/train.rec"),
        "validation": ("application/x-recordio", f"{DATASET}/validation.rec"),
        "model": ("application/x-sagemaker-model", "s3://scones-dev/models/earlier/output/model.tar.gz"),
    }
    checkpoints = {"S3Uri": f"s3://scones-dev/checkpoints/{NAME}", "LocalPath": "/opt/ml/checkpoints"}
    assert asked["CheckpointConfig"] == checkpoints


def test_pretrained_weights_of_small_images_need_a_model(cloud: Cloud) -> None:
    chosen = hyperparameters(environment(), classes=2, samples=900, overrides={"use_pretrained_model": "1"})
    spec = JobSpec(DATASET, chosen, "scones-dev", ROLE)
    with pytest.raises(HyperparameterError, match="the container's own weights are for 3,224,224"):
        job.start(environment(), spec, name=NAME, client=cloud.client)
    expect_creation(cloud)
    spec = dataclasses.replace(spec, model_uri="s3://scones-dev/models/a/model.tar.gz")
    assert job.start(environment(), spec, name=NAME, client=cloud.client)


@pytest.mark.parametrize(
    ("instance_type", "why"),
    [
        ("ml.p2.xlarge", "AWS retires"),
        ("ml.p3.2xlarge", "AWS retires"),
        ("ml.m5.large", "a CPU's"),
        ("ml.p4d.24xlarge", "not documented for"),
        ("g4dn.xlarge", "no SageMaker instance type"),
    ],
)
def test_refuses_an_instance_type_that_the_algorithm_does_not_train_on(
    cloud: Cloud, instance_type: str, why: str
) -> None:
    with pytest.raises(SettingsError, match=why) as refused:
        start(cloud, training={"instance_type": instance_type})
    assert instance_type in refused.value.message
    assert "ml.g4dn.xlarge" in refused.value.hint
    cloud.assert_used_up()


@pytest.mark.parametrize("instance_type", ["ml.g4dn.xlarge", "ml.g4dn.12xlarge", "ml.g5.2xlarge"])
def test_takes_the_gpu_instance_types_of_the_algorithms_documentation(instance_type: str) -> None:
    check_instance_type(instance_type)


@pytest.mark.parametrize("name", ["ends-", "under_score", "a" * 64, f"a{'-' * 62}b", ""])
def test_refuses_a_name_that_sagemaker_would_refuse(name: str) -> None:
    spec = JobSpec(DATASET, hyperparameters(environment(), classes=2, samples=900), "b", ROLE)
    with pytest.raises(InputError, match="cannot be a training job's name"):
        job.request(environment(), spec, name=name, tags={})


def test_its_own_name_says_where_and_when() -> None:
    assert new_name(environment(), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "scones-dev-20260102-030405"


def test_the_image_needs_no_network_and_an_unknown_region_is_refused_by_name() -> None:
    assert image_uri("us-east-1") == IMAGE
    with pytest.raises(SettingsError, match="atlantis-1"):
        image_uri("atlantis-1")


def test_what_a_person_sets_outranks_the_environment_which_outranks_the_recipe() -> None:
    place = environment(hyperparameters={"epochs": "7", "mini_batch_size": "16"})
    chosen = hyperparameters(place, classes=3, samples=900, overrides={"epochs": "2"})
    assert (chosen.epochs, chosen.mini_batch_size, chosen.num_classes) == (2, 16, 3)
    with pytest.raises(HyperparameterError, match="epoks"):
        hyperparameters(place, classes=3, samples=900, overrides={"epoks": "2"})


@pytest.mark.parametrize(("epochs", "steps"), [("40", (20, 32)), ("10", (5, 8)), ("1", (1,))])
def test_with_other_epochs_the_rate_falls_after_the_same_share_of_them_and_the_last_is_kept(
    epochs: str, steps: tuple[int, ...]
) -> None:
    chosen = hyperparameters(environment(), classes=2, samples=900, overrides={"epochs": epochs})
    assert chosen.lr_scheduler_step == steps
    assert chosen.checkpoint_frequency is not None
    assert int(epochs) % chosen.checkpoint_frequency == 0
    own = hyperparameters(environment(), classes=2, samples=900, overrides={"epochs": epochs, "lr_scheduler_step": "3"})
    assert own.lr_scheduler_step == (3,)


@pytest.mark.parametrize("recipe", [SMALL_IMAGES, FINE_TUNING, TRANSFER, BACKBONE])
@pytest.mark.parametrize("epochs", [None, *range(1, 130)])
def test_every_recipe_keeps_the_last_epoch_and_leaves_a_model_where_a_job_is_cut_off(
    recipe: dict[str, str], epochs: int | None
) -> None:
    """A job that is stopped has the last parameters that were kept: at most an eighth of the epochs is lost."""
    chosen = recipe if epochs is None else for_epochs(recipe, epochs)
    asked, every = int(chosen["epochs"]), int(chosen["checkpoint_frequency"])
    assert asked % every == 0
    assert every == 1 or asked // every >= 8


def test_an_empty_value_leaves_a_hyperparameter_to_the_algorithm() -> None:
    chosen = hyperparameters(environment(), classes=2, samples=900, overrides={"checkpoint_frequency": ""})
    assert chosen.checkpoint_frequency is None
    assert "checkpoint_frequency" not in chosen.to_strings()


def test_a_gpu_quota_of_nought_is_explained(cloud: Cloud) -> None:
    said = "The account-level service limit 'ml.g4dn.xlarge for training job usage' is 0 Instances"
    cloud["sagemaker"].add_client_error("create_training_job", "ResourceLimitExceeded", said)
    with pytest.raises(TrainingError) as refused:
        start(cloud)
    assert said in refused.value.message
    assert "Service Quotas" in refused.value.hint
    assert "'ml.g4dn.xlarge for training job usage'" in refused.value.hint


def test_a_name_that_is_taken_can_be_followed_instead(cloud: Cloud) -> None:
    cloud["sagemaker"].add_client_error("create_training_job", "ResourceInUse", "must be unique")
    with pytest.raises(TrainingError) as refused:
        start(cloud)
    assert f"--attach {NAME}" in refused.value.hint


def refuse_the_role(cloud: Cloud, times: int) -> None:
    said = f"Could not assume role {ROLE}. Please ensure that the role exists and allows principal 'sagemaker…"
    for _ in range(times):
        cloud["sagemaker"].add_client_error("create_training_job", "ValidationException", said)


def test_a_role_that_sagemaker_does_not_know_yet_is_waited_for(cloud: Cloud) -> None:
    waits: list[float] = []
    refuse_the_role(cloud, 2)
    expect_creation(cloud)
    assert start(cloud, sleep=waits.append) == NAME
    assert waits == [2.0, 4.0]
    cloud.assert_used_up()


def test_a_role_that_sagemaker_never_knows_is_not_waited_for_longer_than_half_a_minute(cloud: Cloud) -> None:
    waits: list[float] = []
    refuse_the_role(cloud, 9)
    with pytest.raises(ClientError, match="Could not assume role"):
        start(cloud, sleep=waits.append)
    assert 20 <= sum(waits) <= 30


def test_follows_a_job_to_its_end_reading_every_log_line_once(cloud: Cloud) -> None:
    cloud.describes(secondary="Starting")
    cloud.has_log_stream(False)  # no log yet
    cloud.describes()
    cloud.has_log_stream()
    cloud.logs(*run_log(0, 0.6, 0.7))
    metrics = [{"MetricName": "validation:accuracy", "Value": 0.8, "Timestamp": datetime(2026, 1, 1, tzinfo=UTC)}]
    cloud.describes("Completed", "Completed", FinalMetricDataList=metrics, BillableTimeInSeconds=120)
    cloud.logs(*run_log(1, 0.9, 0.8), token="f/2", after="f/1")
    seen: list[Progress] = []
    outcome = job.follow(environment(), NAME, seen.append, client=cloud.client, sleep=lambda seconds: None)
    cloud.assert_used_up()
    assert [progress.secondary_status for progress in seen] == ["Starting", "Training", "Completed"]
    assert [progress.epochs_done for progress in seen] == [0, 1, 2]
    assert outcome.progress.epochs == 2
    assert outcome.progress.train == {0: 0.6, 1: 0.9}
    assert outcome.progress.validation == {0: 0.7, 1: 0.8}
    assert outcome.progress.stored == 0.8
    assert outcome.job.metrics == {"validation:accuracy": 0.8}
    assert outcome.job.artifact_uri == f"s3://scones-dev/models/{NAME}/output/model.tar.gz"
    assert outcome.job.dataset_uri == DATASET
    assert outcome.job.billable_seconds == 120


def test_waits_for_a_log_that_comes_after_the_jobs_end(cloud: Cloud) -> None:
    cloud.describes("Completed", "Completed")
    cloud.has_log_stream(False)
    cloud.describes("Completed", "Completed")
    cloud.has_log_stream()
    cloud.logs(*run_log(0, 0.6, 0.7))
    outcome = job.follow(environment(), NAME, client=cloud.client, sleep=lambda seconds: None)
    assert outcome.progress.stored == 0.7


def test_does_not_wait_for_a_best_model_where_every_so_many_epochs_are_kept(cloud: Cloud) -> None:
    cloud.describes("Completed", "Completed")
    cloud.has_log_stream()
    cloud.logs(
        "Epoch[0] Validation-accuracy=0.700000",
        'Saved checkpoint to "/opt/ml/model/image-classification-0001.params"',
    )
    outcome = job.follow(environment(), NAME, client=cloud.client, sleep=lambda seconds: None)
    cloud.assert_used_up()
    assert outcome.progress.kept == 0.7


def test_a_failed_job_says_why_with_the_last_lines_of_its_log(cloud: Cloud) -> None:
    reason = "ClientError: num_classes is 2, but the list has label 2"
    cloud.describes("Failed", "Failed", FailureReason=reason)
    cloud.has_log_stream()
    cloud.logs(*(f"line {number}" for number in range(30)))
    with pytest.raises(TrainingError) as failed:
        job.follow(environment(), NAME, client=cloud.client, sleep=lambda seconds: None)
    assert reason in failed.value.message
    assert "line 29" in failed.value.message
    assert "line 9\n" not in failed.value.message  # only the last 20


def test_a_stopped_job_says_that_its_best_model_can_be_registered(cloud: Cloud) -> None:
    cloud.describes("Stopped", "MaxRuntimeExceeded")
    cloud.has_log_stream()
    cloud.logs(*run_log(0, 0.6, 0.7))
    with pytest.raises(TrainingError, match="max_runtime_seconds") as stopped:
        job.follow(environment(), NAME, client=cloud.client, sleep=lambda seconds: None)
    assert f"invoke register --job {NAME} --env dev" in stopped.value.hint


def test_a_job_that_someone_stopped_is_told_from_one_that_took_too_long(cloud: Cloud) -> None:
    cloud.describes("Stopped", "Stopped")
    cloud.has_log_stream()
    cloud.logs(*run_log(0, 0.6, 0.7))
    with pytest.raises(StoppedError, match="someone stopped it"):
        job.follow(environment(), NAME, client=cloud.client, sleep=lambda seconds: None)


def with_channels(**uris: str) -> list[dict[str, Any]]:
    return [
        {"ChannelName": name, "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}
        for name, uri in uris.items()
    ]


CHECKPOINTS = {"CheckpointConfig": {"S3Uri": f"s3://scones-dev/checkpoints/{NAME}"}}


@pytest.mark.parametrize(("status", "secondary"), [("Failed", "Failed"), ("Stopped", "Stopped")])
def test_a_job_that_left_a_checkpoint_says_how_to_go_on(cloud: Cloud, status: str, secondary: str) -> None:
    cloud.describes(status, secondary, FailureReason="AlgorithmError: , exit code: 137", **CHECKPOINTS)
    cloud.has_log_stream()
    cloud.logs(*run_log(0, 0.6, 0.7))
    with pytest.raises(TrainingError) as ended:
        job.follow(environment(), NAME, client=cloud.client, sleep=lambda seconds: None)
    assert f"to resume after epoch 1 of 2: invoke train --resume {NAME} --env dev" in ended.value.hint


def test_a_job_that_never_got_anywhere_is_not_said_to_go_on(cloud: Cloud) -> None:
    cloud.describes("Failed", "Failed", FailureReason="ClientError: num_classes is 2", **CHECKPOINTS)
    cloud.has_log_stream()
    cloud.logs("one line")
    with pytest.raises(TrainingError) as failed:
        job.follow(environment(), NAME, client=cloud.client, sleep=lambda seconds: None)
    assert failed.value.hint is None


def test_a_job_tells_what_another_needs_to_go_on_with_it(cloud: Cloud) -> None:
    channels = with_channels(train=f"{DATASET}/train.rec", model="s3://scones-dev/models/a/model.tar.gz")
    cloud.describes("Failed", "Failed", InputDataConfig=channels, **CHECKPOINTS)
    found = job.resumable(environment(), NAME, client=cloud.client)
    assert (found.dataset_uri, found.recordio) == (DATASET, True)
    assert found.model_uri == "s3://scones-dev/models/a/model.tar.gz"
    assert found.checkpoint_uri == f"s3://scones-dev/checkpoints/{NAME}"
    assert found.hyperparameters == {"epochs": "2"}


VALIDATION_ONLY = {"InputDataConfig": with_channels(validation=f"{DATASET}/validation/")}


@pytest.mark.parametrize(
    ("status", "changes", "said", "hint"),
    [
        ("InProgress", CHECKPOINTS, "still runs", f"invoke train --attach {NAME}"),
        ("Completed", CHECKPOINTS, "nothing to resume", f"invoke train --model s3://scones-dev/models/{NAME}"),
        ("Failed", {}, "has no checkpoints", "invoke train"),
        ("Failed", CHECKPOINTS | VALIDATION_ONLY, "no data .* no channel 'train', only: validation", "invoke train"),
    ],
)
def test_refuses_to_go_on_with_a_job_that_needs_or_allows_none(
    cloud: Cloud, status: str, changes: dict[str, Any], said: str, hint: str
) -> None:
    cloud.describes(status, "Training", **changes)
    with pytest.raises(TrainingError, match=said) as refused:
        job.resumable(environment(), NAME, client=cloud.client)
    assert hint in refused.value.hint


def test_stops_a_running_job_and_leaves_one_that_has_ended(cloud: Cloud) -> None:
    cloud.describes()
    cloud["sagemaker"].add_response("stop_training_job", {}, {"TrainingJobName": NAME})
    job.stop(environment(), NAME, client=cloud.client)
    cloud.describes("Completed", "Completed")
    job.stop(environment(), NAME, client=cloud.client)
    cloud.assert_used_up()


def test_a_job_that_does_not_exist_is_named(cloud: Cloud) -> None:
    cloud["sagemaker"].add_client_error("describe_training_job", "ValidationException", "Requested resource not found.")
    with pytest.raises(TrainingError, match=f"no training job '{NAME}'"):
        job.describe(environment(), NAME, client=cloud.client)
