"""SageMaker's SDK 2 does what a course's notebook does with it: ``programs/sdk2.py``, run once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

import pytest

from tests.compatibility.conftest import Step

pytestmark = [pytest.mark.slow, pytest.mark.nightly]

BUCKET = "sagemaker-us-east-1-123456789012"
ROLE = "arn:aws:iam::123456789012:role/service-role/AmazonSageMaker-ExecutionRole-notebook"
IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
REASON = "ClientError: train.lst line 2 has label 1, but num_classes is 1"


@pytest.fixture(scope="module")
def steps(steps_of: Callable[[int], Mapping[str, Step]]) -> Mapping[str, Step]:
    return steps_of(2)


def test_the_session_is_the_notebooks(steps: Mapping[str, Step]) -> None:
    assert steps["session"].gave == {
        "bucket": BUCKET,
        "role": ROLE,
        "caller": ROLE,
        "account": "123456789012",
        "region": "us-east-1",
    }


def test_data_goes_to_s3_and_comes_back(steps: Mapping[str, Step]) -> None:
    gave = steps["data"].gave
    assert (gave["data"], gave["one"]) == (f"s3://{BUCKET}/data", f"s3://{BUCKET}/one/train.lst")
    assert gave["listed"] == [f"s3://{BUCKET}/data/test/{number}.png" for number in range(8)]
    assert len(gave["back"]) == 16
    assert (gave["text"], gave["read"].splitlines()[0]) == ("some text", "0\t0\t0.png")
    assert gave["missing"].startswith("NoSuchKey: ")


def test_fit_shows_the_jobs_log_to_its_end(steps: Mapping[str, Step]) -> None:
    gave, said = steps["fit"].gave, steps["fit"].said
    assert gave["artifact"] == f"s3://{BUCKET}/models/{gave['job']}/output/model.tar.gz"
    assert gave["image"] == IMAGE
    assert gave["described"]["TrainingJobStatus"] == "Completed"
    order = (
        "Starting - Preparing",
        "Epoch[0] Train-accuracy=",
        "Epoch[1] Validation-accuracy=",
        "Completed - Training",
    )
    places = [said.find(part) for part in order]
    assert -1 not in places
    assert places == sorted(places)
    assert re.search(r"^Training seconds: \d+$", said, re.MULTILINE)


def test_the_log_and_the_metrics_are_there_afterwards(steps: Mapping[str, Step]) -> None:
    assert steps["logs"].raised is None
    assert "Epoch[1] Validation-accuracy=" in steps["logs"].said
    metrics = {row["metric_name"] for row in steps["analytics"].gave}
    assert {"train:accuracy", "validation:accuracy"} <= metrics


def test_a_job_of_an_earlier_day_is_attached(steps: Mapping[str, Step]) -> None:
    gave = steps["attach"].gave
    assert gave["artifact"] == steps["fit"].gave["artifact"]
    assert (gave["image"], gave["role"], gave["instance"]) == (IMAGE, ROLE, "ml.p3.2xlarge")
    assert gave["hyperparameters"]["image_shape"] == "3,28,28"
    assert "Completed - Training job completed" in steps["attach"].said  # attach shows the statuses, not the log


def test_waiting_for_a_failed_job_raises_its_reason(steps: Mapping[str, Step]) -> None:
    gave = steps["failed_job"].gave
    assert gave["status"] == "Failed"
    assert f"Failed. Reason: {REASON}" in gave["text"]
    assert REASON in steps["failed_job"].said  # the log has it too


def test_a_job_is_stopped(steps: Mapping[str, Step]) -> None:
    assert steps["stopped_job"].gave == "Stopped"


def test_deploy_answers_and_captures(steps: Mapping[str, Step]) -> None:
    deployed = steps["deploy"].gave["description"]
    assert deployed["EndpointStatus"] == "InService"
    assert deployed["DataCaptureConfig"] | {"KmsKeyId": ""} == {
        "KmsKeyId": "",
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{BUCKET}/captures",
    }
    gave = steps["predict"].gave
    assert sum(json.loads(gave["raw"])) == pytest.approx(1)
    assert gave["named"] == gave["by_argument"] == json.loads(gave["raw"])
    record = steps["captured"].gave["records"][0]
    assert record["captureData"]["endpointInput"]["observedContentType"] == "image/png"
    assert json.loads(record["captureData"]["endpointOutput"]["data"]) == gave["named"]
    assert f"/captures/{steps['deploy'].gave['endpoint']}/AllTraffic/" in steps["captured"].gave["files"][0]


def test_a_bad_request_raises_the_models_error(steps: Mapping[str, Step]) -> None:
    gave = steps["predict"].gave
    assert gave["not_an_image"].startswith("ModelError: ")
    assert "Received client error (400) from primary" in gave["not_an_image"]
    assert "(ValidationError)" in gave["nowhere"]
    assert "Endpoint none of account 123456789012 not found." in gave["nowhere"]


def test_capture_is_changed_and_switched_off(steps: Mapping[str, Step]) -> None:
    gave = steps["capture_changes"].gave
    assert (gave["changed"]["CurrentSamplingPercentage"], gave["changed"]["DestinationS3Uri"]) == (
        50,
        f"s3://{BUCKET}/other",
    )
    assert (gave["off"]["EnableCapture"], gave["off"]["CaptureStatus"]) == (False, "Stopped")
    assert gave["answers"] == 2


def test_an_endpoint_gets_more_instances(steps: Mapping[str, Step]) -> None:
    assert steps["update"].gave == 2


def test_a_model_is_registered_approved_and_deployed_from_the_registry(steps: Mapping[str, Step]) -> None:
    gave = steps["register"].gave
    assert gave["arn"] == "arn:aws:sagemaker:us-east-1:123456789012:model-package/compatibility/1"
    package, specification = gave["description"], gave["description"]["InferenceSpecification"]
    assert package["ModelApprovalStatus"] == "Approved"
    assert package["ModelPackageDescription"] == "two classes"
    assert specification["Containers"][0]["Image"] == IMAGE
    assert specification["Containers"][0]["ModelDataUrl"] == steps["fit"].gave["artifact"]
    assert specification["SupportedContentTypes"] == ["image/png"]
    assert specification["SupportedRealtimeInferenceInstanceTypes"] == ["ml.m5.xlarge"]
    assert [one["ModelPackageArn"] for one in gave["listed"]] == [gave["arn"]]
    assert steps["deploy_package"].gave == steps["predict"].gave["named"]


def test_a_model_of_an_artifact_alone_answers_the_same(steps: Mapping[str, Step]) -> None:
    gave = steps["deploy_model"].gave
    assert gave["answer"] == steps["predict"].gave["named"]
    assert gave["capture"] is None
    assert (
        f'Could not find endpoint "arn:aws:sagemaker:us-east-1:123456789012:endpoint/{gave["endpoint"]}"'
        in (gave["left"])
    )


def test_a_batch_is_transformed(steps: Mapping[str, Step]) -> None:
    gave = steps["transform"].gave
    assert gave["files"] == [f"s3://{BUCKET}/answers/{number}.png.out" for number in range(8)]
    assert gave["answer"]["prediction"] == pytest.approx(steps["predict"].gave["named"])


def test_a_tuner_finds_its_best_trial(steps: Mapping[str, Step]) -> None:
    gave = steps["tune"].gave
    trials = {trial["TrainingJobName"]: trial["FinalObjectiveValue"] for trial in gave["trials"]}
    assert len(trials) == 2
    assert trials[gave["best"]] == max(trials.values())
    assert f"/{gave['best']}/" in gave["artifact"]


def test_what_the_local_cloud_does_not_do_is_refused_by_name(steps: Mapping[str, Step]) -> None:
    gave = steps["refused"].gave
    for name, operation in (
        ("monitor", "sagemaker:CreateDataQualityJobDefinition"),
        ("processor", "sagemaker:CreateProcessingJob"),
        ("asynchronous", "sagemaker:CreateEndpointConfig with AsyncInferenceConfig"),
    ):
        assert f"(NotImplemented) when calling the {operation.split()[0][10:]} operation" in gave[name]
        assert gave[name].endswith(f"the local cloud does not support {operation}")
    assert "sagemaker-xgboost:1.7-1', which the local cloud cannot run" in gave["algorithm"]


def test_the_last_cell_leaves_nothing(steps: Mapping[str, Step]) -> None:
    assert steps["clean"].gave is True
