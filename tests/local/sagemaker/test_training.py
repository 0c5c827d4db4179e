"""CreateTrainingJob really trains, with SageMaker's statuses, log lines and errors."""

from __future__ import annotations

import io
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.filterwarnings("error")

GPU = {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1}


@pytest.fixture(scope="module")
def sagemaker(cloud: Any) -> Any:
    return cloud.client("sagemaker")


def log(cloud: Any, name: str) -> list[str]:
    logs = cloud.client("logs")
    group = "/aws/sagemaker/TrainingJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]
    assert len(streams) == 1
    assert re.fullmatch(rf"{name}/algo-1-\d{{10}}", streams[0]["logStreamName"])
    events = logs.get_log_events(logGroupName=group, logStreamName=streams[0]["logStreamName"], startFromHead=True)
    return [event["message"] for event in events["events"]]


def test_a_job_completes_and_leaves_the_algorithms_artifact(cloud: Any, trained: dict[str, Any], bucket: str) -> None:
    assert trained["TrainingJobStatus"] == trained["SecondaryStatus"] == "Completed"
    assert trained["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{bucket}/models/trained/output/model.tar.gz"
    content = cloud.client("s3").get_object(Bucket=bucket, Key="models/trained/output/model.tar.gz")["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        names = sorted(archive.getnames())
    assert names[1:] == ["image-classification-symbol.json", "model-shapes.json"]
    assert re.fullmatch(r"image-classification-\d{4}\.params", names[0])


def test_a_job_passes_through_sagemakers_statuses_with_times_and_messages(trained: dict[str, Any]) -> None:
    transitions = trained["SecondaryStatusTransitions"]
    assert [step["Status"] for step in transitions] == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert all(step["StatusMessage"] and step["StartTime"] <= step["EndTime"] for step in transitions)
    assert trained["TrainingStartTime"] < trained["TrainingEndTime"]
    assert trained["BillableTimeInSeconds"] == trained["TrainingTimeInSeconds"] >= 1


def test_final_metrics_are_the_last_in_the_log(cloud: Any, trained: dict[str, Any]) -> None:
    metrics = {metric["MetricName"]: metric["Value"] for metric in trained["FinalMetricDataList"]}
    assert set(metrics) == {
        "train:accuracy",
        "validation:accuracy",
        "train:accuracy:epoch",
        "validation:accuracy:epoch",
    }
    lines = log(cloud, "trained")
    last = [float(found[1]) for line in lines if (found := re.search(r"Epoch\[7\] Validation-accuracy=(\S+)", line))]
    assert metrics["validation:accuracy"] == pytest.approx(last[-1])


def test_every_field_of_the_request_comes_back(trained: dict[str, Any], job_request: Any, sagemaker: Any) -> None:
    asked = job_request("trained")
    always = {"CompressionType": "None", "RecordWrapperType": "None"}
    asked["InputDataConfig"] = [{**always, **channel} for channel in asked["InputDataConfig"]]
    asked["OutputDataConfig"] = {"KmsKeyId": "", **asked["OutputDataConfig"]}
    for field, value in asked.items():
        if field != "AlgorithmSpecification":
            assert trained[field] == value, field
    assert {metric["Name"] for metric in trained["AlgorithmSpecification"]["MetricDefinitions"]} >= {"train:accuracy"}
    assert sagemaker.list_tags(ResourceArn=trained["TrainingJobArn"])["Tags"] == [{"Key": "project", "Value": "scones"}]
    summaries = sagemaker.list_training_jobs(NameContains="trained")["TrainingJobSummaries"]
    assert [summary["TrainingJobStatus"] for summary in summaries if summary["TrainingJobName"] == "trained"] == [
        "Completed"
    ]


def test_a_jobs_working_folder_is_gone_when_it_has_ended(cloud: Any, trained: dict[str, Any], wait_for: Any) -> None:
    wait_for(lambda: (Path(cloud.state) / "training" / "trained").exists(), lambda there: not there)


def test_refuses_a_name_that_was_used(sagemaker: Any, trained: dict[str, Any], job_request: Any) -> None:
    with pytest.raises(sagemaker.exceptions.ResourceInUse, match="already exists"):
        sagemaker.create_training_job(**job_request("trained"))


def test_log_and_metrics_can_be_followed_while_the_job_runs_and_a_stopped_job_keeps_its_best_model(
    cloud: Any, sagemaker: Any, job_request: Any, finish: Any, wait_for: Any, bucket: str
) -> None:
    sagemaker.create_training_job(**job_request("stopped", hyperparameters={"epochs": "5000"}))
    running = wait_for(
        lambda: sagemaker.describe_training_job(TrainingJobName="stopped"), lambda job: job.get("FinalMetricDataList")
    )
    assert (running["TrainingJobStatus"], running["SecondaryStatus"]) == ("InProgress", "Training")
    wait_for(lambda: log(cloud, "stopped"), lambda lines: any("best model" in line for line in lines))
    sagemaker.stop_training_job(TrainingJobName="stopped")
    job = finish("stopped")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    assert "FailureReason" not in job
    assert [step["Status"] for step in job["SecondaryStatusTransitions"]][-3:] == ["Stopping", "Uploading", "Stopped"]
    cloud.client("s3").head_object(Bucket=bucket, Key="models/stopped/output/model.tar.gz")
    with pytest.raises(ClientError, match="the training job is in status Stopped"):
        sagemaker.stop_training_job(TrainingJobName="stopped")


def test_a_job_past_its_time_is_stopped(sagemaker: Any, job_request: Any, finish: Any) -> None:
    request = job_request("too-long", hyperparameters={"epochs": "5000"}, StoppingCondition={"MaxRuntimeInSeconds": 1})
    sagemaker.create_training_job(**request)
    job = finish("too-long")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_a_bad_hyperparameter_fails_the_job_as_the_clients_error(sagemaker: Any, job_request: Any, finish: Any) -> None:
    sagemaker.create_training_job(**job_request("bad-value", hyperparameters={"num_layers": "21"}))
    job = finish("bad-value")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: ")
    assert "21" in job["FailureReason"]
    assert job["FailureReason"].endswith(", exit code: 2")


@pytest.mark.parametrize("uri", ["s3://{}/nowhere", "s3://{}/data/train/none", "s3://no-such-bucket-here/data"])
@pytest.mark.parametrize("kind", ["S3Prefix", "ManifestFile"])
def test_a_job_without_data_is_refused_at_the_call(
    sagemaker: Any, job_request: Any, bucket: str, uri: str, kind: str
) -> None:
    request = job_request("no-data")
    source = request["InputDataConfig"][1]["DataSource"]["S3DataSource"]
    source |= {"S3Uri": uri.format(bucket), "S3DataType": kind}
    with pytest.raises(ClientError) as refused:
        sagemaker.create_training_job(**request)
    error = refused.value.response["Error"]
    assert error["Code"] == "ValidationException"
    assert error["Message"].startswith(f'No S3 objects found under S3 URL "{source["S3Uri"]}" given in input data')
    with pytest.raises(ClientError, match=r"Requested resource not found\."):
        sagemaker.describe_training_job(TrainingJobName="no-data")


SPOT = {"EnableManagedSpotTraining": True}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (SPOT, "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds"),
        (SPOT | {"StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 59}}, "It must be present"),
        (SPOT | {"StoppingCondition": {"MaxWaitTimeInSeconds": 86_399}}, "It must be present"),  # a day is the default
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60}},
            "It is only supported when EnableManagedSpotTraining is set to true",
        ),
        (
            {
                "AlgorithmSpecification": {
                    "TrainingImage": "image-classification:1",
                    "TrainingInputMode": "File",
                    "MetricDefinitions": [{"Name": "own", "Regex": "own=(.*)"}],
                }
            },
            "You can't override the metric definitions for Amazon SageMaker algorithms",
        ),
        ({"HyperParameters": {f"key{number}": "1" for number in range(101)}}, "less than or equal to 100"),
    ],
)
def test_a_request_that_aws_refuses_is_refused_at_the_call(
    sagemaker: Any, job_request: Any, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ClientError, match=reason) as refused:
        sagemaker.create_training_job(**{**job_request("refused-at-once"), **changes})
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError, match=r"Requested resource not found\."):
        sagemaker.describe_training_job(TrainingJobName="refused-at-once")


def test_two_channels_of_one_name_are_refused_at_the_call(sagemaker: Any, job_request: Any) -> None:
    request = job_request("twice")
    request["InputDataConfig"].append(request["InputDataConfig"][0])
    with pytest.raises(ClientError, match="Duplicate channel name 'train'"):
        sagemaker.create_training_job(**request)


def test_a_spot_job_trains(sagemaker: Any, job_request: Any, finish: Any) -> None:
    limits = {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 3600}
    wanted = SPOT | {"StoppingCondition": limits}
    sagemaker.create_training_job(**job_request("spot", hyperparameters={"epochs": "1"}, **wanted))
    job = finish("spot")
    assert (job["TrainingJobStatus"], job["EnableManagedSpotTraining"]) == ("Completed", True)
    assert job["StoppingCondition"] == limits


@pytest.mark.parametrize("samples", ["20", "1000"])
def test_a_wrong_number_of_training_samples_trains_on_all_of_them(
    sagemaker: Any, job_request: Any, finish: Any, samples: str
) -> None:
    name = f"samples-{samples}"
    sagemaker.create_training_job(**job_request(name, hyperparameters={"epochs": "1", "num_training_samples": samples}))
    assert finish(name)["TrainingJobStatus"] == "Completed"


def test_a_missing_output_bucket_is_found_before_training(sagemaker: Any, job_request: Any, finish: Any) -> None:
    sagemaker.create_training_job(
        **job_request("no-output", OutputDataConfig={"S3OutputPath": "s3://no-such-bucket-here/x"})
    )
    job = finish("no-output")
    assert "NoSuchBucket" in job["FailureReason"]
    assert [step["Status"] for step in job["SecondaryStatusTransitions"]] == ["Starting", "Failed"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"RoleArn": "just-a-name-and-no-arn"}, "Value 'just-a-name-and-no-arn' at 'roleArn'"),
        ({"TrainingJobName": "under_score"}, "Value 'under_score' at 'trainingJobName'"),
        (
            {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}},
            "ml.m5.large is not supported by algorithm image-classification",
        ),
        (
            {"ResourceConfig": {"InstanceType": "ml.z9.huge", "InstanceCount": 1, "VolumeSizeInGB": 1}},
            "Value 'ml.z9.huge' at 'resourceConfig.instanceType'",
        ),
        (
            {"ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 1}},
            "instanceCount is 2",
        ),
        (
            {"ResourceConfig": {**GPU, "VolumeKmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/1"}},
            "VolumeKmsKeyId is not supported for instance type ml.g4dn.xlarge, which has local storage",
        ),
        (
            {"VpcConfig": {"Subnets": ["subnet-0"], "SecurityGroupIds": ["sg-0"]}},
            "vpcConfig: The subnet ID 'subnet-0' does not exist",
        ),
        (
            {"AlgorithmSpecification": {"TrainingImage": "1.dkr.ecr/xgboost:1", "TrainingInputMode": "File"}},
            "'1.dkr.ecr/xgboost:1', which the local cloud cannot run",
        ),
        (
            {"CheckpointConfig": {"S3Uri": "s3://bucket/checkpoints", "LocalPath": "/tmp/mine"}},
            "checkpointConfig.localPath is /tmp/mine; the algorithm keeps its checkpoints in /opt/ml/checkpoints",
        ),
        (
            {"CheckpointConfig": {"S3Uri": "bucket/checkpoints"}},
            "Value 'bucket/checkpoints' at 'checkpointConfig.s3Uri'",
        ),
    ],
)
def test_refuses_by_name(sagemaker: Any, job_request: Any, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=re.escape(message)) as refused:
        sagemaker.create_training_job(**{**job_request("refused"), **change})
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize(
    ("channel", "source", "message"),
    [
        ({}, {"S3DataType": "Converse"}, "does not support S3DataType Converse"),
        (
            {},
            {"S3DataType": "AugmentedManifestFile", "AttributeNames": ["source-ref", "class"]},
            "AugmentedManifestFile goes with input mode Pipe, not File",
        ),
        ({"InputMode": "Pipe"}, {"S3DataType": "AugmentedManifestFile"}, "AugmentedManifestFile needs AttributeNames"),
        ({"InputMode": "FastFile"}, {"S3DataType": "ManifestFile"}, "FastFile goes with S3DataType S3Prefix"),
        ({"CompressionType": "Gzip"}, {}, "CompressionType Gzip goes with input mode Pipe, not File"),
        ({"RecordWrapperType": "RecordIO"}, {}, "RecordWrapperType RecordIO goes with input mode Pipe, not File"),
    ],
)
def test_refuses_a_channel_by_name(
    sagemaker: Any, job_request: Any, channel: dict[str, Any], source: dict[str, Any], message: str
) -> None:
    request = job_request("refused")
    request["InputDataConfig"][0].update(channel)
    request["InputDataConfig"][0]["DataSource"]["S3DataSource"].update(source)
    with pytest.raises(ClientError, match=re.escape(message)):
        sagemaker.create_training_job(**request)


def test_sagemakers_own_sdk_follows_a_job(cloud: Any, trained: dict[str, Any]) -> None:
    import boto3

    session = boto3.Session(cloud.running.access_key_id, cloud.running.secret_access_key, region_name="us-east-1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", cloud.endpoint)
        from sagemaker.core.resources import TrainingJob

        job = TrainingJob.get("trained", session=session, region="us-east-1")
        job.refresh()
    assert job.training_job_status == "Completed"
    assert job.model_artifacts.s3_model_artifacts == trained["ModelArtifacts"]["S3ModelArtifacts"]
