"""The local cloud accepts only names that AWS allows, so a name never leads to a path outside its folder."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.core.utils import get_service_model

from localcloud.constraints import message, violations
from localcloud.paths import Outside, inside

from .conftest import eventually

HOSTILE = ["../../escaped", "/etc/escaped", "a/b", "a\0b", "..", "a\nb", "x" * 300]
ROLE = "arn:aws:iam::123456789012:role/x"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"


def channel(name: str) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/x"}}
    return {"ChannelName": name, "DataSource": source}


def job(name: str, channels: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "InputDataConfig": channels,
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "ResourceConfig": {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }


VARIANT = {"VariantName": "a", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
# For each name: the service, the operation, its parameters, and the part of AWS's documentation.
NAMES = {
    "endpoint": (
        "sagemaker",
        "create_endpoint",
        lambda name: {"EndpointName": name, "EndpointConfigName": "c"},
        "endpointName",
    ),
    "model": ("sagemaker", "create_model", lambda name: {"ModelName": name, "ExecutionRoleArn": ROLE}, "modelName"),
    "variant": (
        "sagemaker",
        "create_endpoint_config",
        lambda name: {"EndpointConfigName": "c", "ProductionVariants": [VARIANT | {"VariantName": name}]},
        "productionVariants.1.member.variantName",
    ),
    "job": ("sagemaker", "create_training_job", lambda name: job(name, [channel("train")]), "trainingJobName"),
    "channel": (
        "sagemaker",
        "create_training_job",
        lambda name: job("tests-names", [channel("train"), channel(name)]),
        "inputDataConfig.2.member.channelName",
    ),
    "log group": ("logs", "create_log_group", lambda name: {"logGroupName": name + "?"}, "logGroupName"),
}


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
@pytest.mark.parametrize("kind", NAMES)
def test_a_name_of_another_pattern_is_refused_where_it_is_read(cloud, kind, name):
    if (kind, name) == ("channel", ".."):
        pytest.skip("AWS's own pattern allows it: the job fails instead, in the test below")
    service, operation, given, place = NAMES[kind]
    before = sorted(cloud.state.parent.rglob("*escaped*"))
    with pytest.raises(ClientError) as refused:
        getattr(cloud.client(service), operation)(**given(name))
    error = refused.value.response["Error"]
    assert error["Code"] == ("InvalidParameterException" if service == "logs" else "ValidationException")
    assert error["Message"].startswith("1 validation error detected: Value '")
    assert f"at '{place}' failed to satisfy constraint: Member must " in error["Message"]
    assert sorted(cloud.state.parent.rglob("*escaped*")) == before


def test_a_role_is_refused_in_the_same_way(cloud):
    """The role allows everything, so only the name can be the reason of the refusal."""
    role = cloud.role("tests-names")
    keys = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    import boto3

    client = boto3.client(
        "sagemaker",
        region_name="us-east-1",
        endpoint_url=cloud.endpoint,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    with pytest.raises(ClientError, match=r"'\.\./x' at 'endpointName'"):
        client.create_endpoint(EndpointName="../x", EndpointConfigName="c")


def test_a_channel_that_is_called_as_the_folder_above_fails_its_job(cloud):
    """AWS's pattern for a channel's name allows it."""
    cloud.client("s3").create_bucket(Bucket="tests-names")
    for key in ("data/a.png", "data/b.png"):
        cloud.client("s3").put_object(Bucket="tests-names", Key=key, Body=b"x")
    sagemaker = cloud.client("sagemaker")
    request = job("tests-names-above", [channel("train"), channel("validation"), channel("..")])
    for one in request["InputDataConfig"]:
        one["DataSource"]["S3DataSource"]["S3Uri"] = "s3://tests-names/data"
    request["OutputDataConfig"]["S3OutputPath"] = "s3://tests-names/out"
    request["RoleArn"] = cloud.role("tests-names-training")
    request["HyperParameters"] = {"num_classes": "2", "num_training_samples": "2"}
    sagemaker.create_training_job(**request)
    ended = eventually(
        lambda: (
            (found := sagemaker.describe_training_job(TrainingJobName="tests-names-above"))["TrainingJobStatus"]
            == "Failed"
            and found
        )
    )
    assert ended["FailureReason"] == "ClientError: 'input/data/..' is not a path inside the folder"


def test_an_object_whose_key_is_no_path_fails_its_job_with_a_reason(cloud):
    """S3 accepts any key, but not every key can be a file of a channel."""
    from localcloud.sagemaker.training.sources import StagingError, relative

    for key in ("data/../../escaped", "data/..", "data//../x"):
        with pytest.raises(StagingError, match="cannot be a file's path"):
            relative(key, "data/")


class TestInside:
    def test_a_plain_name_is_below_its_folder(self, tmp_path):
        assert inside(tmp_path, "endpoints", "scones-local", "1f") == tmp_path / "endpoints" / "scones-local" / "1f"
        assert inside(tmp_path, "..data") == tmp_path / "..data"

    @pytest.mark.parametrize(
        "names", [("..",), ("a", ".."), ("a/../b",), ("/etc",), ("a", "/etc"), ("a\0",), ("",), (".",)]
    )
    def test_nothing_leads_out_of_it(self, tmp_path, names):
        with pytest.raises(Outside):
            inside(tmp_path, *names)

    def test_nor_does_a_link(self, tmp_path):
        (tmp_path / "root").mkdir()
        (tmp_path / "root" / "link").symlink_to(tmp_path)
        with pytest.raises(Outside):
            inside(tmp_path / "root", "link", "x")


class TestConstraints:
    def shape(self, service: str, operation: str) -> Any:
        return get_service_model(service).operation_model(operation).input_shape

    def test_every_place_is_named(self):
        found = violations(
            self.shape("sagemaker", "CreateTrainingJob"),
            {"TrainingJobName": "-", "InputDataConfig": [{"ChannelName": "a/b"}], "HyperParameters": {"k": "v" * 3000}},
        )
        assert [one.place for one in found if one.kind == "other"] == [
            "trainingJobName",
            "hyperParameters.k.member",
            "inputDataConfig.1.member.channelName",
        ]
        assert message(found[:3]).startswith("3 validation errors detected: Value '-' at 'trainingJobName'")

    def test_what_is_right_is_let_through(self):
        assert violations(self.shape("sagemaker", "DeleteEndpoint"), {"EndpointName": "scones-local"}) == []
        assert violations(None, {"anything": 1}) == []

    def test_a_tag_in_any_script_is_right(self):
        """AWS's pattern for tags uses Java's Unicode classes."""
        tags = {
            "Tags": [{"Key": "Straße", "Value": "北京 + 1"}],
            "ResourceArn": "arn:aws:sagemaker:us-east-1:123456789012:x/y",
        }
        assert violations(self.shape("sagemaker", "AddTags"), tags) == []

    def test_a_text_that_would_be_matched_for_ever_is_refused_soon(self):
        name = "a" + "-" * 60 + "!"
        assert violations(self.shape("sagemaker", "DeleteEndpoint"), {"EndpointName": name})
