"""EventBridge hears of SageMaker's models, packages, jobs and endpoints when their status changes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .conftest import IMAGE, ROLE

HERE = "us-east-1:123456789012"
QUEUE = f"arn:aws:sqs:{HERE}:tests-status-changes"
Gathered = Callable[[str, int], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def gathered(cloud: Any) -> Iterator[Gathered]:
    """Waits for a number of events about one resource, ``gathered(resource, number)``, and returns them in order."""
    events, sqs = cloud.client("events"), cloud.client("sqs")
    allow = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**allow, "Resource": QUEUE}]})
    url = sqs.create_queue(QueueName="tests-status-changes", Attributes={"Policy": policy})["QueueUrl"]
    events.put_rule(Name="tests-status-changes", EventPattern='{"source": ["aws.sagemaker"]}')
    events.put_targets(Rule="tests-status-changes", Targets=[{"Id": "queue", "Arn": QUEUE}])
    seen: list[dict[str, Any]] = []

    def gather(resource: str, number: int) -> list[dict[str, Any]]:
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up:
            found = [one for one in seen if one["resources"] == [resource]]
            if len(found) >= number:
                return found
            for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get(
                "Messages", []
            ):
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                seen.append(json.loads(message["Body"]))
        raise AssertionError(f"{number} events about {resource} did not come; these did: {seen}")

    yield gather
    events.remove_targets(Rule="tests-status-changes", Ids=["queue"])
    events.delete_rule(Name="tests-status-changes")


def test_a_model_package_is_told_when_it_is_made_and_when_it_is_approved(cloud, gathered):
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="told")
    container = {"Image": IMAGE, "ModelDataUrl": "s3://models/model.tar.gz"}
    specification = {
        "Containers": [container],
        "SupportedContentTypes": ["image/png"],
        "SupportedResponseMIMETypes": ["application/json"],
    }
    arn = sagemaker.create_model_package(ModelPackageGroupName="told", InferenceSpecification=specification)[
        "ModelPackageArn"
    ]
    sagemaker.update_model_package(ModelPackageArn=arn, CustomerMetadataProperties={"a": "b"})
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="good")
    made, approved = sorted(gathered(arn, 2), key=lambda one: one["detail"]["ModelApprovalStatus"], reverse=True)
    assert made["detail-type"] == approved["detail-type"] == "SageMaker Model Package State Change"
    assert made["detail"]["ModelApprovalStatus"] == "PendingManualApproval"
    assert made["detail"]["InferenceSpecification"] == specification
    assert (made["detail"]["ModelPackageGroupName"], made["detail"]["ModelPackageVersion"]) == ("told", 1)
    assert approved["detail"] | {"ModelPackageStatus": "Completed", "ApprovalDescription": "good"} == approved["detail"]
    assert approved["detail"]["CustomerMetadataProperties"] == {"a": "b"}


def test_a_training_job_is_told_at_each_status_until_its_end(cloud, job_request, finish, gathered):
    request = job_request("told", OutputDataConfig={"S3OutputPath": "s3://no-such-bucket/models"})
    arn = cloud.client("sagemaker").create_training_job(**request, Tags=[{"Key": "a", "Value": "b"}])["TrainingJobArn"]
    reason = finish("told")["FailureReason"]
    begun, failed = sorted(gathered(arn, 2), key=lambda one: one["detail"]["LastModifiedTime"])
    assert begun["detail-type"] == "SageMaker Training Job State Change"
    assert (begun["detail"]["TrainingJobStatus"], begun["detail"]["SecondaryStatus"]) == ("InProgress", "Starting")
    assert failed["detail"]["TrainingJobStatus"] == failed["detail"]["SecondaryStatus"] == "Failed"
    assert (failed["detail"]["FailureReason"], failed["detail"]["Tags"]) == (reason, {"a": "b"})
    assert failed["detail"]["HyperParameters"] == request["HyperParameters"]
    assert failed["detail"]["TrainingEndTime"] >= failed["detail"]["CreationTime"] > 1_600_000_000_000


def test_a_tuning_job_is_told_when_it_begins_and_ends(cloud, job_request, gathered):
    training = job_request("told-tuning", OutputDataConfig={"S3OutputPath": "s3://no-such-bucket/models"})
    static = training.pop("HyperParameters")
    del training["TrainingJobName"], static["learning_rate"]
    ranges = {"ContinuousParameterRanges": [{"Name": "learning_rate", "MinValue": "0.001", "MaxValue": "0.1"}]}
    arn = cloud.client("sagemaker").create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="told-tuning",
        HyperParameterTuningJobConfig={
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:accuracy"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1},
            "ParameterRanges": ranges,
        },
        TrainingJobDefinition={**training, "StaticHyperParameters": static},
    )["HyperParameterTuningJobArn"]
    events = gathered(arn, 2)
    assert {one["detail-type"] for one in events} == {"SageMaker HyperParameter Tuning Job State Change"}
    assert {one["detail"]["HyperParameterTuningJobStatus"] for one in events} == {"InProgress", "Failed"}
    ended = max(events, key=lambda one: one["detail"]["LastModifiedTime"])
    assert ended["detail"]["TrainingJobStatusCounters"]["NonRetryableError"] == 1


def test_a_transform_job_is_told_when_it_begins_and_when_it_fails(cloud, bucket, gathered):
    sagemaker = cloud.client("sagemaker")
    cloud.client("s3").put_object(Bucket=bucket, Key="told/a.png", Body=b"1")
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{bucket}/nowhere/model.tar.gz"}
    sagemaker.create_model(ModelName="told-batch", ExecutionRoleArn=ROLE, PrimaryContainer=container)
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/told/"}}
    arn = sagemaker.create_transform_job(
        TransformJobName="told",
        ModelName="told-batch",
        TransformInput={"DataSource": source, "ContentType": "application/x-image"},
        TransformOutput={"S3OutputPath": f"s3://{bucket}/out/"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        Tags=[{"Key": "a", "Value": "b"}],
    )["TransformJobArn"]
    begun, failed = sorted(gathered(arn, 2), key=lambda one: one["detail"]["TransformJobStatus"], reverse=True)
    assert begun["detail-type"] == failed["detail-type"] == "SageMaker Transform Job State Change"
    assert (begun["detail"]["TransformJobStatus"], failed["detail"]["TransformJobStatus"]) == ("InProgress", "Failed")
    described = sagemaker.describe_transform_job(TransformJobName="told")
    assert failed["detail"]["FailureReason"] == described["FailureReason"]
    assert (failed["detail"]["ModelName"], failed["detail"]["Tags"]) == ("told-batch", {"a": "b"})
    assert failed["detail"]["TransformInput"]["DataSource"] == source
    assert failed["detail"]["TransformEndTime"] >= failed["detail"]["CreationTime"] > 1_600_000_000_000
    sagemaker.delete_model(ModelName="told-batch")


def test_a_model_card_is_told_with_each_of_its_versions(cloud, gathered):
    sagemaker = cloud.client("sagemaker")
    arn = sagemaker.create_model_card(ModelCardName="told", Content="{}", ModelCardStatus="Draft")["ModelCardArn"]
    sagemaker.update_model_card(ModelCardName="told", ModelCardStatus="Approved")
    drafted, approved = sorted(gathered(arn, 2), key=lambda one: one["detail"]["ModelCardVersion"])
    assert drafted["detail-type"] == "SageMaker Model Card State Change"
    assert [one["detail"]["ModelCardStatus"] for one in (drafted, approved)] == ["Draft", "Approved"]
    assert "Content" not in approved["detail"]
    sagemaker.delete_model_card(ModelCardName="told")


def test_an_endpoint_with_its_model_and_configuration_is_told_from_its_making_to_its_deletion(
    cloud, bucket, wait_for, gathered
):
    sagemaker = cloud.client("sagemaker")
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{bucket}/nowhere/model.tar.gz"}
    model = sagemaker.create_model(ModelName="told", ExecutionRoleArn=ROLE, PrimaryContainer=container)["ModelArn"]
    variant = {"VariantName": "all", "ModelName": "told", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    config = sagemaker.create_endpoint_config(EndpointConfigName="told", ProductionVariants=[variant])[
        "EndpointConfigArn"
    ]
    arn = sagemaker.create_endpoint(EndpointName="told", EndpointConfigName="told")["EndpointArn"]
    wait_for(
        lambda: sagemaker.describe_endpoint(EndpointName="told"), lambda found: found["EndpointStatus"] == "Failed"
    )
    sagemaker.delete_endpoint(EndpointName="told")
    statuses = {one["detail"]["EndpointStatus"] for one in gathered(arn, 4)}
    assert statuses == {"CREATING", "FAILED", "DELETING", "DELETED"}
    sagemaker.delete_endpoint_config(EndpointConfigName="told")
    sagemaker.delete_model(ModelName="told")
    assert {one["detail-type"] for one in gathered(config, 2)} == {"SageMaker Endpoint Config State Change"}
    assert {one["detail-type"] for one in gathered(model, 2)} == {"SageMaker Model State Change"}
