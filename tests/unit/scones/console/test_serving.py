"""What an endpoint serves, and the stages of an update, from DescribeEndpoint's answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from scones.console import serving
from scones.console.serving import ServedModel, ServedModels

PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/scones-dev/"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


class SageMaker:
    """Two configurations: one with a candidate and a shadow, and its successor. It counts what it is asked."""

    class exceptions:
        ClientError = ClientError

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.endpoint: dict[str, Any] = {
            "EndpointName": "scones-dev",
            "EndpointStatus": "Updating",
            "EndpointConfigName": "one",
            "LastModifiedTime": NOW,
            "ProductionVariants": [
                {"VariantName": "AllTraffic", "CurrentWeight": 9.0, "DesiredWeight": 9.0, "CurrentInstanceCount": 1},
                {"VariantName": "Candidate", "CurrentWeight": 1.0, "DesiredWeight": 0.0, "CurrentInstanceCount": 1},
            ],
            "ShadowProductionVariants": [{"VariantName": "Shadow", "CurrentWeight": 1.0}],
        }

    def describe_endpoint(self, EndpointName: str) -> dict[str, Any]:
        return self.endpoint

    def describe_endpoint_config(self, EndpointConfigName: str) -> dict[str, Any]:
        self.asked.append(EndpointConfigName)
        if EndpointConfigName == "gone":
            raise ClientError({"Error": {"Code": "ValidationException", "Message": "gone"}}, "DescribeEndpointConfig")
        variants = {"AllTraffic": "m1", "Candidate": "m2"}
        return {
            "ProductionVariants": [
                {"VariantName": name, "ModelName": model, "InstanceType": "ml.m5.large"}
                for name, model in variants.items()
            ],
            "ShadowProductionVariants": [{"VariantName": "Shadow", "ModelName": "m1"}],
        }

    def describe_model(self, ModelName: str) -> dict[str, Any]:
        return {"ModelArn": ModelName}

    def list_tags(self, ResourceArn: str) -> dict[str, Any]:
        return {"Tags": [{"Key": "ModelPackage", "Value": f"{PACKAGE}{ResourceArn[1:]}"}]}


def test_each_package_has_its_variants_and_their_share() -> None:
    sagemaker = SageMaker()
    found = serving.answering(sagemaker, ServedModels(sagemaker), "scones-dev")
    assert found == {f"{PACKAGE}1": "AllTraffic, 90 %; Shadow, a shadow", f"{PACKAGE}2": "Candidate, 10 %"}
    assert serving.answering(sagemaker, ServedModels(sagemaker), None) == {}


def test_a_configuration_is_read_once_and_one_that_is_gone_has_no_models() -> None:
    sagemaker = SageMaker()
    models = ServedModels(sagemaker)
    assert models.of("one")["Candidate"] == ServedModel("m2", f"{PACKAGE}2", "ml.m5.large")
    assert models.of("one")["Candidate"].version == 2
    assert models.of("gone") == {}
    assert sagemaker.asked == ["one", "gone"]


def test_an_update_is_shown_with_its_stages_weights_and_counts() -> None:
    sagemaker = SageMaker()
    sagemaker.endpoint["PendingDeploymentSummary"] = {
        "EndpointConfigName": "two",
        "StartTime": NOW,
        "ProductionVariants": [
            {
                "VariantName": "AllTraffic",
                "DesiredWeight": 1.0,
                "DesiredInstanceCount": 2,
                "VariantStatus": [{"Status": "Baking", "StartTime": NOW}],
            }
        ],
    }
    found = serving.described(sagemaker.endpoint, ServedModels(sagemaker))
    assert (found["status"], found["kind"]) == ("Updating", "run")
    shown = [(one["name"], one["shadow"], one["share"], one["version"]) for one in found["variants"]]
    assert shown == [("AllTraffic", False, 0.9, 1), ("Candidate", False, 0.1, 2), ("Shadow", True, None, 1)]
    assert (found["variants"][1]["weight"], found["variants"][1]["wanted_weight"]) == (1.0, 0.0)
    (pending,) = found["pending"]["variants"]
    assert (pending["wanted_instances"], pending["stages"][0]["status"]) == (2, "Baking")


def test_without_an_update_capture_and_alarms_are_shown() -> None:
    sagemaker = SageMaker()
    sagemaker.endpoint |= {
        "EndpointStatus": "InService",
        "DataCaptureConfig": {"EnableCapture": True, "CaptureStatus": "Started", "CurrentSamplingPercentage": 100},
        "LastDeploymentConfig": {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "rollback-5xx"}]}},
    }
    found = serving.described(sagemaker.endpoint, ServedModels(sagemaker))
    assert (found["pending"], found["kind"], found["guards"]) == (None, "good", ["rollback-5xx"])
    assert (found["capture"]["on"], found["capture"]["percent"]) == (True, 100)
    sagemaker.endpoint["DataCaptureConfig"]["CaptureStatus"] = "Stopped"
    assert not serving.described(sagemaker.endpoint, ServedModels(sagemaker))["capture"]["on"]
