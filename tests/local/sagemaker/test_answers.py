"""Every answer has the fields that AWS's model requires, and those that AWS always answers.

SageMaker's SDK reads both: v3 makes objects of the answers whose required fields must be there
(``sagemaker.core.shapes``), and v2 takes a job's description apart (``Estimator.attach``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from moto.core.utils import get_service_model

from localcloud.sagemaker.searching.expressions import compiled

ARTIFACT = "s3://bucket/model.tar.gz"
IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
ROLE = "arn:aws:iam::123456789012:role/scones"
NAME = "tests-answers"


@pytest.fixture(scope="module")
def sagemaker(cloud: Any) -> Any:
    return cloud.client("sagemaker")


@pytest.fixture(scope="module")
def made(sagemaker: Any, trained: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """One resource of each kind. The parameters that describe it, by the operation."""
    container = {"Image": IMAGE, "ModelDataUrl": ARTIFACT}
    sagemaker.create_model(ModelName=NAME, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variant = {"VariantName": "A", "ModelName": NAME, "InstanceType": "ml.t2.medium", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=NAME, ProductionVariants=[variant])
    sagemaker.create_model_package_group(ModelPackageGroupName=NAME)
    package = sagemaker.create_model_package(ModelPackageGroupName=NAME)["ModelPackageArn"]
    sagemaker.create_model_card(ModelCardName=NAME, Content="{}", ModelCardStatus="Draft")
    return {
        "DescribeTrainingJob": {"TrainingJobName": trained["TrainingJobName"]},
        "DescribeModel": {"ModelName": NAME},
        "DescribeEndpointConfig": {"EndpointConfigName": NAME},
        "DescribeModelPackageGroup": {"ModelPackageGroupName": NAME},
        "DescribeModelPackage": {"ModelPackageName": package},
        "DescribeModelCard": {"ModelCardName": NAME},
        "ListTrainingJobs": {},
        "ListModels": {},
        "ListEndpointConfigs": {},
        "ListModelPackageGroups": {},
        "ListModelPackages": {"ModelPackageGroupName": NAME},
        "ListModelCards": {},
    }


def test_every_answer_has_what_awss_model_requires(
    sagemaker: Any, made: dict[str, dict[str, str]], lacking: Callable[..., list[str]]
) -> None:
    names = {operation: method for method, operation in sagemaker.meta.method_to_api_mapping.items()}
    found = {
        operation: lacking(operation, getattr(sagemaker, names[operation])(**given))
        for operation, given in made.items()
    }
    # AWS's answers about a version have no name, though the model requires one ("View the details of a model version").
    assert found.pop("DescribeModelPackage") == ["ModelPackageName"]
    assert {operation: fields for operation, fields in found.items() if fields} == {}


def test_a_training_job_answers_what_aws_always_answers(trained: Mapping[str, Any]) -> None:
    assert trained["OutputDataConfig"]["KmsKeyId"] == ""
    assert "VolumeKmsKeyId" not in trained["ResourceConfig"]
    for channel in trained["InputDataConfig"]:
        assert (channel["CompressionType"], channel["RecordWrapperType"]) == ("None", "None")
    assert trained["AlgorithmSpecification"]["EnableSageMakerMetricsTimeSeries"] is True


def test_a_model_answers_what_aws_always_answers(sagemaker: Any, made: dict[str, dict[str, str]]) -> None:
    model = sagemaker.describe_model(**made["DescribeModel"])
    assert model["EnableNetworkIsolation"] is False
    assert model["PrimaryContainer"] == {
        "Image": IMAGE,
        "ModelDataUrl": ARTIFACT,
        "Mode": "SingleModel",
        "Environment": {},
    }


def test_a_version_of_a_model_package_is_called_by_its_group_and_number(
    sagemaker: Any, made: dict[str, dict[str, str]]
) -> None:
    package = sagemaker.describe_model_package(**made["DescribeModelPackage"])
    again = sagemaker.describe_model_package(ModelPackageName=f"{NAME}/{package['ModelPackageVersion']}")
    assert again["ModelPackageArn"] == package["ModelPackageArn"]


@pytest.fixture
def search(sagemaker: Any) -> Callable[..., list[Any]]:
    """The names of the training jobs that Search finds: ``search(Name=…, Operator=…, Value=…)``."""

    def find(*filters: dict[str, Any], **more: Any) -> list[Any]:
        expression = {"Filters": list(filters)} if filters else None
        given = {**({"SearchExpression": expression} if expression else {}), **more}
        found = sagemaker.search(Resource="TrainingJob", **given)["Results"]
        return [one["TrainingJob"]["TrainingJobName"] for one in found]

    return find


def test_a_training_job_is_found_by_every_property(
    trained: Mapping[str, Any], search: Callable[..., list[Any]]
) -> None:
    name = trained["TrainingJobName"]
    channel = trained["InputDataConfig"][0]["ChannelName"]
    metric = trained["FinalMetricDataList"][0]
    for filters in (
        {"Name": "TrainingJobName", "Value": name},
        {"Name": "ModelArtifacts.S3ModelArtifacts", "Value": trained["ModelArtifacts"]["S3ModelArtifacts"]},
        {"Name": "OutputDataConfig.S3OutputPath", "Operator": "Contains", "Value": "s3://"},
        {"Name": "HyperParameters.num_classes", "Operator": "GreaterThanOrEqualTo", "Value": "2"},
        {"Name": "ResourceConfig.InstanceCount", "Operator": "LessThan", "Value": "2"},
        {"Name": f"Metrics.{metric['MetricName']}", "Operator": "LessThanOrEqualTo", "Value": str(metric["Value"] + 1)},
        {"Name": "Tags.project", "Value": "scones"},
        {"Name": "InputDataConfig.ChannelName", "Operator": "In", "Value": f"nothing, {channel}"},
        {"Name": "CreationTime", "Operator": "GreaterThan", "Value": "2020-01-01T00:00:00"},
        {"Name": "EnableNetworkIsolation", "Value": "false"},
        {"Name": "FailureReason", "Operator": "NotExists"},
    ):
        assert name in search(filters), filters
        if "Value" in filters and filters.get("Operator") is None:
            assert name not in search({**filters, "Operator": "NotEquals"}), filters


def test_what_search_does_not_have_is_refused_by_name(sagemaker: Any, search: Callable[..., list[Any]]) -> None:
    for filters, words in (
        ([{"Name": "NoSuch.Property", "Value": "1"}], "Unknown property name: NoSuch.Property"),
        ([{"Name": "TrainingJobName", "Operator": "GreaterThan", "Value": "a"}], "not supported for text properties"),
        ([{"Name": "CreationTime", "Operator": "LessThan", "Value": "soon"}], "must be a time"),
        ([{"Name": "ResourceConfig.InstanceCount", "Value": "many"}], "must be a number"),
        (
            [{"Name": name, "Operator": "Contains", "Value": "a"} for name in ("TrainingJobName", "RoleArn")],
            "limit of 1",
        ),
    ):
        with pytest.raises(sagemaker.exceptions.ClientError, match=words) as raised:
            search(*filters)
        assert raised.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(sagemaker.exceptions.ClientError, match="Invalid NextToken"):
        search(NextToken="?")


def test_search_takes_expressions_apart_sorts_and_pages(
    sagemaker: Any, trained: Mapping[str, Any], made: dict[str, dict[str, str]]
) -> None:
    channel = trained["InputDataConfig"][0]
    prefix = "InputDataConfig"
    uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
    nested = {
        "NestedPropertyName": prefix,
        "Filters": [
            {"Name": f"{prefix}.ChannelName", "Value": channel["ChannelName"]},
            {"Name": f"{prefix}.DataSource.S3DataSource.S3Uri", "Operator": "Contains", "Value": uri},
        ],
    }
    nothing = {"Filters": [{"Name": "TrainingJobName", "Value": "nothing"}]}
    expression = {"Operator": "Or", "SubExpressions": [nothing], "NestedFilters": [nested]}
    answer = sagemaker.search(Resource="TrainingJob", SearchExpression=expression)
    assert trained["TrainingJobName"] in [one["TrainingJob"]["TrainingJobName"] for one in answer["Results"]]
    assert answer["TotalHits"]["Value"] == len(answer["Results"])
    for name in ("b", "a", "c"):
        sagemaker.create_model_package_group(ModelPackageGroupName=f"{NAME}-{name}")
    pages = sagemaker.get_paginator("search").paginate(
        Resource="ModelPackageGroup",
        SearchExpression={"Filters": [{"Name": "ModelPackageGroupName", "Operator": "Contains", "Value": f"{NAME}-"}]},
        SortBy="ModelPackageGroupName",
        SortOrder="Ascending",
        PaginationConfig={"PageSize": 2},
    )
    found = [[one["ModelPackageGroup"]["ModelPackageGroupName"][-1] for one in page["Results"]] for page in pages]
    assert found == [["a", "b"], ["c"]]


@pytest.mark.parametrize(
    ("rate", "found"), [("nan", False), ("inf", True), ("-inf", False), ("2.9", True), ("1.9", False)]
)
def test_a_hyperparameter_without_end_is_compared_too(rate: str, found: bool) -> None:
    """Compared with an integer, a number is one too. One that is none spoiled each later search."""
    asked = {"Name": "HyperParameters.learning_rate", "Operator": "GreaterThan", "Value": "1"}
    holds = compiled({"Filters": [asked]}, get_service_model("sagemaker").shape_for("TrainingJob"))
    assert holds({"HyperParameters": {"learning_rate": rate}}) is found


@pytest.mark.parametrize(
    "kind",
    [
        *(
            "TrainingJob",
            "HyperParameterTuningJob",
            "Endpoint",
            "Model",
            "ModelPackage",
            "ModelPackageGroup",
            "ModelCard",
        ),
        *("Experiment", "ExperimentTrial", "ExperimentTrialComponent", "Pipeline", "FeatureGroup", "Project", "Image"),
    ],
)
def test_every_kind_of_resource_can_be_searched(sagemaker: Any, made: dict[str, dict[str, str]], kind: str) -> None:
    results = sagemaker.search(Resource=kind)["Results"]
    there = kind in ("TrainingJob", "Model", "ModelPackage", "ModelPackageGroup", "ModelCard")
    assert bool(results) == there or kind in ("HyperParameterTuningJob", "Endpoint")
