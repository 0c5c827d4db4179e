"""Training jobs and endpoints have only their role's permissions. The failure names the missing permission."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import BUCKET, IMAGE

OBJECTS = f"arn:aws:s3:::{BUCKET}"
STATEMENTS = {
    "list": {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": OBJECTS},
    "read": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{OBJECTS}/data/*"},
    "write": {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{OBJECTS}/models/*"},
    "logs": {"Effect": "Allow", "Action": "logs:*", "Resource": "*"},
    "metrics": {"Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*"},
    "pull": {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"},
}


@pytest.fixture(scope="module")
def lacking(cloud: Any) -> Any:
    """Makes a role with every permission that training needs except one."""
    made: dict[str, str] = {}

    def make(missing: str) -> str:
        if missing not in made:
            given = [statement for name, statement in STATEMENTS.items() if name != missing]
            made[missing] = cloud.role(f"tests-without-{missing}", *given)
        return made[missing]

    return make


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("pull", "is not authorized to perform: ecr:GetAuthorizationToken"),
        ("read", "Data download failed:AccessDenied: User: arn:aws:sts::123456789012:assumed-role/tests-without-read/"),
        ("write", "Data upload failed:User:"),
    ],
)
def test_a_job_fails_whose_role_lacks_what_it_needs(cloud, job_request, finish, lacking, missing, reason):
    name = f"without-{missing}"
    asked = job_request(name, hyperparameters={"epochs": "1"}, RoleArn=lacking(missing))
    cloud.client("sagemaker").create_training_job(**asked)
    found = finish(name)
    assert found["TrainingJobStatus"] == "Failed"
    assert found["FailureReason"].startswith("ClientError: ")
    assert reason in found["FailureReason"]


def test_a_job_with_a_key_of_its_own_fails_whose_role_may_not_encrypt(cloud, job_request, finish):
    """S3 needs only kms:GenerateDataKey of the role. SageMaker's documentation asks for kms:Encrypt as well."""
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    uses = {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": key}
    asked = job_request("without-encrypt", hyperparameters={"epochs": "1"})
    asked["OutputDataConfig"] = {**asked["OutputDataConfig"], "KmsKeyId": key}
    asked["RoleArn"] = cloud.role("tests-without-encrypt", *STATEMENTS.values(), uses)
    cloud.client("sagemaker").create_training_job(**asked)
    reason = finish("without-encrypt")["FailureReason"]
    assert reason.startswith("ClientError: Data upload failed:User:")
    assert "is not authorized to perform: kms:Encrypt" in reason


def test_a_job_whose_role_may_not_look_for_its_data_is_refused_at_the_call(cloud, job_request, lacking):
    with pytest.raises(ClientError, match=r"No S3 objects found .* is not authorized to perform: s3:ListBucket"):
        cloud.client("sagemaker").create_training_job(**job_request("without-list", RoleArn=lacking("list")))


def test_a_job_whose_role_may_not_log_trains_without_a_log_and_without_metrics_in_cloudwatch(
    cloud, job_request, finish, lacking
):
    role = lacking("logs")
    cloud.client("iam").put_role_policy(
        RoleName=role.rpartition("/")[2],
        PolicyName="tests",
        PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [STATEMENTS[name] for name in ("list", "read", "write", "pull")]}
        ),
    )
    cloud.client("sagemaker").create_training_job(
        **job_request("silent", hyperparameters={"epochs": "1"}, RoleArn=role)
    )
    assert finish("silent")["TrainingJobStatus"] == "Completed"
    streams = cloud.client("logs").describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix="silent/"
    )["logStreams"]
    assert streams == []
    dimension = {"Name": "TrainingJobName", "Value": "silent"}
    metrics = cloud.client("cloudwatch").list_metrics(Dimensions=[dimension])["Metrics"]
    assert metrics == []


def test_a_jobs_metrics_are_in_cloudwatch(cloud, trained):
    dimension = {"Name": "TrainingJobName", "Value": trained["TrainingJobName"]}
    found = cloud.client("cloudwatch").list_metrics(Namespace="/aws/sagemaker/TrainingJobs", Dimensions=[dimension])
    assert {one["MetricName"] for one in found["Metrics"]} >= {"validation:accuracy", "train:accuracy"}


def test_an_endpoint_fails_whose_models_role_may_not_read_the_artifact(cloud, trained, wait_for):
    sagemaker = cloud.client("sagemaker")
    role = cloud.role("tests-no-artifact", STATEMENTS["pull"])
    container = {"Image": IMAGE, "ModelDataUrl": trained["ModelArtifacts"]["S3ModelArtifacts"]}
    sagemaker.create_model(ModelName="no-artifact", PrimaryContainer=container, ExecutionRoleArn=role)
    variant = {"VariantName": "A", "ModelName": "no-artifact", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName="no-artifact", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="no-artifact", EndpointConfigName="no-artifact")
    found = wait_for(
        lambda: sagemaker.describe_endpoint(EndpointName="no-artifact"),
        lambda endpoint: endpoint["EndpointStatus"] != "Creating",
    )
    assert found["EndpointStatus"] == "Failed"
    assert "the role passed to CreateModel has permissions to download the model" in found["FailureReason"]
    sagemaker.delete_endpoint(EndpointName="no-artifact")
