"""SageMaker's SDK 3 does what a notebook does with it: ``programs/sdk3.py``, run once."""

from __future__ import annotations

import json
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
    return steps_of(3)


def test_the_session_is_the_notebooks(steps: Mapping[str, Step]) -> None:
    assert steps["session"].gave == {"bucket": BUCKET, "role": ROLE, "region": "us-east-1", "image": IMAGE}
    assert steps["data"].gave == [f"s3://{BUCKET}/data/test/{number}.png" for number in range(8)]


def test_a_trainer_trains_and_shows_the_jobs_log(steps: Mapping[str, Step]) -> None:
    gave = steps["train"].gave
    assert (gave["status"], gave["artifact"]) == (
        "Completed",
        f"s3://{BUCKET}/models/{gave['job']}/output/model.tar.gz",
    )
    assert "Epoch[1] Validation-accuracy=" in steps["train"].said


def test_a_job_is_found_again(steps: Mapping[str, Step]) -> None:
    gave, job = steps["jobs"].gave, steps["train"].gave["job"]
    assert (gave["image"], gave["listed"]) == (IMAGE, [job])
    assert gave["hyperparameters"]["num_classes"] == "2"
    assert 0 <= gave["metrics"]["validation:accuracy"] <= 1
    assert gave["seconds"] > 0
    assert gave["missing"].endswith("when calling the DescribeTrainingJob operation: Requested resource not found.")


def test_waiting_for_a_failed_job_raises_its_reason(steps: Mapping[str, Step]) -> None:
    gave = steps["failed_job"].gave
    for raised in (gave["raised"], gave["waited"]):
        assert raised.startswith("FailedStatusError: ")
        assert f"Failure Reason: {REASON}" in raised
    assert gave["reason"].startswith(REASON)


def test_a_job_is_stopped(steps: Mapping[str, Step]) -> None:
    assert steps["stopped_job"].gave == {"ended": True, "status": "Stopped"}


def test_a_builder_deploys_a_trainers_model_with_capture(steps: Mapping[str, Step]) -> None:
    assert steps["build"].gave == {
        "model": "built",
        "artifact": steps["train"].gave["artifact"],
        "status": "InService",
        "capture": f"s3://{BUCKET}/captures-3",
    }
    answer = steps["invoke"].gave["answer"]
    assert sum(answer) == pytest.approx(1)
    assert steps["invoke"].gave["not_an_image"].startswith("ModelError: ")
    record = steps["captured"].gave[0]
    assert record["endpointInput"]["observedContentType"] == "image/png"
    assert json.loads(record["endpointOutput"]["data"]) == answer


def test_a_model_is_registered_and_approved(steps: Mapping[str, Step]) -> None:
    arn = "arn:aws:sagemaker:us-east-1:123456789012:model-package/compatibility-3/1"
    assert steps["register"].gave == {
        "arn": arn,
        "pending": "PendingManualApproval",
        "status": "Approved",
        "artifact": steps["train"].gave["artifact"],
        "types": ["image/png"],
        "instances": ["ml.m5.xlarge"],
        "listed": [arn],
    }


def test_resources_are_made_updated_and_deleted_one_by_one(steps: Mapping[str, Step]) -> None:
    assert steps["resources"].gave == {"instances": 2, "left": []}


def test_a_batch_is_transformed(steps: Mapping[str, Step]) -> None:
    gave = steps["transform"].gave
    assert gave["status"] == "Completed"
    assert gave["files"] == [f"s3://{BUCKET}/answers-3/{number}.png.out" for number in range(8)]
    assert gave["answer"]["prediction"] == pytest.approx(steps["invoke"].gave["answer"])


def test_a_tuner_finds_its_best_trial(steps: Mapping[str, Step]) -> None:
    assert "-00" in steps["tune"].gave


def test_a_serverless_endpoint_answers_the_same(steps: Mapping[str, Step]) -> None:
    assert steps["serverless"].gave == steps["invoke"].gave["answer"]


def test_what_the_local_cloud_does_not_do_is_refused_by_name(steps: Mapping[str, Step]) -> None:
    gave = steps["refused"].gave
    assert gave["processor"].endswith("the local cloud does not support sagemaker:CreateProcessingJob")
    assert gave["asynchronous"].endswith(
        "the local cloud does not support sagemaker:CreateEndpointConfig with AsyncInferenceConfig"
    )
