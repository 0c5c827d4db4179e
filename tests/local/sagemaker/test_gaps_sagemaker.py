"""The local cloud closes gaps in moto's SageMaker. Every test here fails on plain moto."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
ARTIFACT = "s3://bucket/model.tar.gz"
ROLE = "arn:aws:iam::123456789012:role/scones"
numbers = itertools.count()


@pytest.fixture(scope="module")
def sagemaker(cloud: Any) -> Any:
    return cloud.client("sagemaker")


@pytest.fixture
def name() -> str:
    return f"gaps-{next(numbers)}"


@pytest.fixture
def group(sagemaker: Any, name: str) -> Iterator[str]:
    sagemaker.create_model_package_group(ModelPackageGroupName=name, ModelPackageGroupDescription="of a test")
    yield name
    for package in sagemaker.list_model_packages(ModelPackageGroupName=name)["ModelPackageSummaryList"]:
        sagemaker.delete_model_package(ModelPackageName=package["ModelPackageArn"])
    sagemaker.delete_model_package_group(ModelPackageGroupName=name)


@pytest.fixture
def add_version(sagemaker: Any, group: str) -> Callable[..., str]:
    def add(**changes: Any) -> str:
        specification = {
            "Containers": [{"Image": IMAGE, "ModelDataUrl": ARTIFACT}],
            "SupportedContentTypes": ["image/png"],
            "SupportedResponseMIMETypes": ["application/json"],
        }
        request = {"ModelPackageGroupName": group, "InferenceSpecification": specification, **changes}
        return sagemaker.create_model_package(**request)["ModelPackageArn"]

    return add


def make_model(sagemaker: Any, name: str, **changes: Any) -> dict[str, Any]:
    container = {"Image": IMAGE, "ModelDataUrl": ARTIFACT}
    sagemaker.create_model(**{"ModelName": name, "ExecutionRoleArn": ROLE, "PrimaryContainer": container, **changes})
    return sagemaker.describe_model(ModelName=name)


def make_config(sagemaker: Any, name: str, **changes: Any) -> dict[str, Any]:
    variant = {"VariantName": "A", "ModelName": name, "InstanceType": "ml.t2.medium", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(**{"EndpointConfigName": name, "ProductionVariants": [variant], **changes})
    return sagemaker.describe_endpoint_config(EndpointConfigName=name)


def test_a_model_answers_without_what_it_was_made_without(sagemaker: Any, name: str) -> None:
    model = make_model(sagemaker, name)
    assert not {"VpcConfig", "Containers"} & set(model)


def test_a_model_keeps_its_network_isolation_and_vpc(sagemaker: Any, name: str) -> None:
    vpc = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
    model = make_model(sagemaker, name, EnableNetworkIsolation=True, VpcConfig=vpc)
    assert model["EnableNetworkIsolation"] is True
    assert model["VpcConfig"] == vpc


def test_a_configuration_answers_without_what_it_was_made_without(sagemaker: Any, name: str) -> None:
    make_model(sagemaker, name)
    config = make_config(sagemaker, name)
    assert set(config) == {
        "EndpointConfigName",
        "EndpointConfigArn",
        "ProductionVariants",
        "CreationTime",
        "ResponseMetadata",
    }


def test_a_configuration_keeps_every_field(sagemaker: Any, name: str) -> None:
    make_model(sagemaker, name)
    fields: dict[str, Any] = {
        "DataCaptureConfig": {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": "s3://bucket/captures",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
        },
        "ShadowProductionVariants": [
            {"VariantName": "S", "ModelName": name, "InstanceType": "ml.t2.medium", "InitialInstanceCount": 1}
        ],
        "EnableNetworkIsolation": True,
        "KmsKeyId": "alias/key",
    }
    config = make_config(sagemaker, name, **fields)
    assert {field: config.get(field) for field in fields} == fields


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {
                "PrimaryContainer": {
                    "Image": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
                    "ModelDataUrl": ARTIFACT,
                }
            },
            "sagemaker-xgboost:1.7-1', which the local cloud cannot run",
        ),
        ({"PrimaryContainer": {"Image": IMAGE}}, "ModelDataUrl"),
        (
            {"PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": ARTIFACT, "Mode": "MultiModel"}},
            "with PrimaryContainer.Mode 'MultiModel'",
        ),
        (
            {"PrimaryContainer": None, "Containers": [{"Image": IMAGE, "ModelDataUrl": ARTIFACT}] * 2},
            "with 2 Containers",
        ),
        ({"PrimaryContainer": None}, "has 0 containers"),
    ],
)
def test_a_model_that_cannot_be_served_is_refused_when_it_is_made(
    sagemaker: Any, name: str, changes: dict[str, Any], words: str
) -> None:
    container = {"Image": IMAGE, "ModelDataUrl": ARTIFACT}
    request = {"ModelName": name, "ExecutionRoleArn": ROLE, "PrimaryContainer": container, **changes}
    with pytest.raises(ClientError, match=re.escape(words)):
        sagemaker.create_model(**{field: value for field, value in request.items() if value is not None})
    assert name not in [one["ModelName"] for one in sagemaker.list_models(NameContains=name)["Models"]]


def test_a_model_of_a_package_that_cannot_be_served_is_refused(
    sagemaker: Any, name: str, add_version: Callable[..., str]
) -> None:
    container = {"Image": IMAGE, "ModelDataUrl": ARTIFACT}
    source = {"S3DataSource": {"S3Uri": "s3://bucket/a/", "S3DataType": "S3Prefix", "CompressionType": "None"}}
    for containers, words in (
        ([container] * 2, "has 2 containers"),
        ([{"Image": IMAGE, "ModelDataSource": source}], "does not support ModelDataSource"),
    ):
        specification = {
            "Containers": containers,
            "SupportedContentTypes": ["image/png"],
            "SupportedResponseMIMETypes": ["application/json"],
        }
        package = add_version(InferenceSpecification=specification, ModelApprovalStatus="Approved")
        with pytest.raises(ClientError, match=words):
            make_model(sagemaker, name, PrimaryContainer={"ModelPackageName": package})


def test_a_configuration_that_cannot_be_deployed_is_refused_when_it_is_made(sagemaker: Any, name: str) -> None:
    make_model(sagemaker, name)
    variant = {"VariantName": "A", "ModelName": name, "InstanceType": "ml.t2.medium", "InitialInstanceCount": 1}
    component = {"VariantName": "A", "InstanceType": "ml.t2.medium", "InitialInstanceCount": 1}
    for changes, words in (
        ({"ProductionVariants": [component]}, "does not support inference components"),
        ({"ExecutionRoleArn": ROLE}, "with ExecutionRoleArn"),
        ({"ShadowProductionVariants": [{**variant, "VariantName": one} for one in "BC"]}, "2 shadow variants"),
    ):
        with pytest.raises(ClientError, match=words):
            make_config(sagemaker, name, **changes)


def test_refuses_a_name_that_is_taken(sagemaker: Any, name: str, group: str) -> None:
    make_model(sagemaker, name)
    make_config(sagemaker, name)
    with pytest.raises(ClientError, match="Cannot create already existing model"):
        make_model(sagemaker, name)
    with pytest.raises(ClientError, match="Cannot create already existing endpoint configuration"):
        make_config(sagemaker, name)
    with pytest.raises(ClientError, match="Model Package Group already exists"):
        sagemaker.create_model_package_group(ModelPackageGroupName=group)


def test_versions_count_up_and_a_deleted_number_is_not_given_again(
    sagemaker: Any, group: str, add_version: Callable[..., str]
) -> None:
    arns = [add_version(), add_version()]
    assert [arn.rpartition("/")[2] for arn in arns] == ["1", "2"]
    sagemaker.delete_model_package(ModelPackageName=arns[0])
    arns.append(add_version())
    assert arns[2].endswith(f"/{group}/3")
    versions = sagemaker.list_model_packages(ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending")
    assert [each["ModelPackageVersion"] for each in versions["ModelPackageSummaryList"]] == [3, 2]
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_model_package(ModelPackageName=arns[0])


def test_a_group_with_versions_cannot_be_deleted_and_an_empty_one_can(sagemaker: Any, name: str) -> None:
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    arn = sagemaker.create_model_package(ModelPackageGroupName=name)["ModelPackageArn"]
    with pytest.raises(ClientError, match="still contains Model Packages"):
        sagemaker.delete_model_package_group(ModelPackageGroupName=name)
    sagemaker.delete_model_package(ModelPackageName=arn)
    sagemaker.delete_model_package_group(ModelPackageGroupName=name)
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_model_package_group(ModelPackageGroupName=name)


def test_a_version_waits_for_approval_and_answers_with_all_it_was_made_with(
    sagemaker: Any, group: str, add_version: Callable[..., str]
) -> None:
    fields: dict[str, Any] = {
        "ModelPackageDescription": "the first",
        "ModelMetrics": {"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://b/m"}}},
        "MetadataProperties": {"CommitId": "abc", "Repository": "scones"},
        "CustomerMetadataProperties": {"validation:accuracy": "0.91"},
        "SkipModelValidation": "All",
        "SourceUri": "s3://bucket/source",
        "Domain": "COMPUTER_VISION",
        "Task": "IMAGE_CLASSIFICATION",
    }
    group_arn = sagemaker.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
    arn = add_version(ModelPackageGroupName=group_arn, **fields)
    package = sagemaker.describe_model_package(ModelPackageName=arn)
    assert {field: package.get(field) for field in fields} == fields
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert (package["ModelPackageGroupName"], package["ModelPackageVersion"]) == (group, 1)
    assert package["InferenceSpecification"]["Containers"] == [{"Image": IMAGE, "ModelDataUrl": ARTIFACT}]


def test_approving_keeps_metadata_and_metadata_keeps_approval(sagemaker: Any, add_version: Callable[..., str]) -> None:
    arn = add_version(CustomerMetadataProperties={"commit": "abc", "dataset": "1f"})
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="good")
    sagemaker.update_model_package(
        ModelPackageArn=arn,
        CustomerMetadataProperties={"commit": "def", "owner": "me"},
        CustomerMetadataPropertiesToRemove=["dataset"],
    )
    package = sagemaker.describe_model_package(ModelPackageName=arn)
    assert (package["ModelApprovalStatus"], package["ApprovalDescription"]) == ("Approved", "good")
    assert package["CustomerMetadataProperties"] == {"commit": "def", "owner": "me"}


def test_versions_are_listed_by_approval(sagemaker: Any, group: str, add_version: Callable[..., str]) -> None:
    add_version()
    approved = add_version(ModelApprovalStatus="Approved")
    found = sagemaker.list_model_packages(ModelPackageGroupName=group, ModelApprovalStatus="Approved")
    assert [each["ModelPackageArn"] for each in found["ModelPackageSummaryList"]] == [approved]


def test_a_model_needs_an_approved_package(sagemaker: Any, name: str, add_version: Callable[..., str]) -> None:
    arn = add_version()
    with pytest.raises(ClientError, match="its approval status is PendingManualApproval"):
        make_model(sagemaker, name, PrimaryContainer={"ModelPackageName": arn})
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    assert make_model(sagemaker, name, PrimaryContainer={"ModelPackageName": arn})["ModelName"] == name


def test_tags_are_replaced_by_key_and_removed(sagemaker: Any, group: str, add_version: Callable[..., str]) -> None:
    arn = sagemaker.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}])
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["b"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "2"}]
    assert sagemaker.list_tags(ResourceArn=add_version())["Tags"] == [{"Key": "a", "Value": "2"}]


def test_refuses_tags_of_a_version(add_version: Callable[..., str]) -> None:
    with pytest.raises(ClientError, match="those of its group"):
        add_version(Tags=[{"Key": "a", "Value": "1"}])


def test_tags_of_what_does_not_exist_are_refused(sagemaker: Any) -> None:
    for kind in ("model", "model-package-group", "no-such-kind"):
        with pytest.raises(ClientError) as refused:
            sagemaker.list_tags(ResourceArn=f"arn:aws:sagemaker:us-east-1:123456789012:{kind}/nothing")
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_sagemakers_own_sdk_reads_and_approves(cloud: Any, group: str, add_version: Callable[..., str]) -> None:
    """``ModelPackage.create`` does not work on AWS either: it reads a name that AWS's answer lacks."""
    import boto3

    arn = add_version(CustomerMetadataProperties={"commit": "abc"})
    session = boto3.Session(cloud.running.access_key_id, cloud.running.secret_access_key, region_name="us-east-1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", cloud.endpoint)
        from sagemaker.core.resources import ModelPackage, ModelPackageGroup

        found = ModelPackageGroup.get(group, session=session, region="us-east-1")
        package = ModelPackage.get(arn, session=session, region="us-east-1")
        package.update(model_approval_status="Approved")
        package.refresh()
    assert found.model_package_group_status == "Completed"
    assert package.model_approval_status == "Approved"
    assert package.customer_metadata_properties == {"commit": "abc"}


@pytest.mark.parametrize(
    ("operation", "parameters", "message"),
    [
        (
            f"{verb}_{kind}",
            {f"{parameter}Name": "none"},
            f'Could not find {name} "arn:aws:sagemaker:us-east-1:123456789012:{kind.replace("_", "-")}/none".',
        )
        for verb in ("describe", "delete")
        for kind, parameter, name in (
            ("model", "Model", "model"),
            ("endpoint", "Endpoint", "endpoint"),
            ("endpoint_config", "EndpointConfig", "endpoint configuration"),
        )
    ]
    + [
        (f"{verb}_{kind}_job", {f"{parameter}JobName": "none"}, message)
        for verb in ("describe", "stop")
        for kind, parameter, message in (
            ("training", "Training", "Requested resource not found."),
            ("transform", "Transform", "Could not find requested job with name: none"),
            (
                "hyper_parameter_tuning",
                "HyperParameterTuning",
                "Amazon SageMaker can't find a tuning job called none. Type another name.",
            ),
        )
    ]
    + [
        (
            f"{verb}_model_package",
            {parameter: f"arn:aws:sagemaker:us-east-1:123456789012:model-package/{name}"},
            f"ModelPackage arn:aws:sagemaker:us-east-1:123456789012:model-package/{name} does not exist.",
        )
        for verb, parameter, name in (
            ("describe", "ModelPackageName", "none/1"),
            ("delete", "ModelPackageName", "none/2"),
            ("update", "ModelPackageArn", "none/3"),
        )
    ]
    + [
        (
            "describe_model_package_group",
            {"ModelPackageGroupName": "none"},
            "ModelPackageGroup arn:aws:sagemaker:us-east-1:123456789012:model-package-group/none does not exist.",
        ),
        (
            "create_endpoint",
            {"EndpointName": "none", "EndpointConfigName": "none"},
            'Could not find endpoint configuration "arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/none".',
        ),
        (
            "update_endpoint",
            {"EndpointName": "none", "EndpointConfigName": "none"},
            'Could not find endpoint "arn:aws:sagemaker:us-east-1:123456789012:endpoint/none".',
        ),
    ],
)
def test_what_is_missing_is_said_as_programs_read_it(
    sagemaker: Any, operation: str, parameters: dict[str, str], message: str
) -> None:
    with pytest.raises(ClientError) as missing:
        getattr(sagemaker, operation)(**parameters)
    error = missing.value.response["Error"]
    assert error["Message"] == message
    assert error["Code"] == ("ResourceNotFound" if "tuning" in operation else "ValidationException")


def test_models_are_listed_by_name_and_time_in_pages(sagemaker: Any) -> None:
    for letter in "bca":
        make_model(sagemaker, f"listed-{letter}")
    some: dict[str, Any] = {"NameContains": "listed-"}

    def names(**asked: Any) -> list[str]:
        return [one["ModelName"] for one in sagemaker.list_models(**some, **asked)["Models"]]

    assert names() == ["listed-a", "listed-c", "listed-b"]
    assert names(SortBy="Name", SortOrder="Ascending") == ["listed-a", "listed-b", "listed-c"]
    first = sagemaker.list_models(**some, MaxResults=2)
    assert [one["ModelName"] for one in first["Models"]] == ["listed-a", "listed-c"]
    assert first["Models"][0]["ModelArn"].endswith(":model/listed-a")
    assert names(MaxResults=2, NextToken=first["NextToken"]) == ["listed-b"]
    assert names(CreationTimeBefore=first["Models"][0]["CreationTime"] - timedelta(hours=1)) == []
    assert sagemaker.list_models(NameContains="nobody-made-it")["Models"] == []
    with pytest.raises(ClientError, match="NextToken 'x' is not from this action"):
        sagemaker.list_models(NextToken="x")
