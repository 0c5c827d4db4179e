"""A state machine starts a training job, waits for it, and stops it."""

from __future__ import annotations

import json
from typing import Any

TRAIN = "arn:aws:states:::sagemaker:createTrainingJob.sync"


def machine(cloud: Any, name: str, request: dict[str, Any]) -> str:
    state = {"Type": "Task", "Resource": TRAIN, "Parameters": request, "End": True}
    return cloud.client("stepfunctions").create_state_machine(
        name=name,
        definition=json.dumps({"StartAt": "Train", "States": {"Train": state}}),
        roleArn="arn:aws:iam::123456789012:role/scones",
    )["stateMachineArn"]


def test_a_task_waits_for_its_training_job_and_gives_its_description(cloud, job_request, wait_for):
    client = cloud.client("stepfunctions")
    request = job_request("states-sync", hyperparameters={"epochs": "1"})
    arn = client.start_execution(stateMachineArn=machine(cloud, "states-sync", request))["executionArn"]
    found = wait_for(lambda: client.describe_execution(executionArn=arn), lambda one: one["status"] != "RUNNING")
    assert found["status"] == "SUCCEEDED", found
    described = json.loads(found["output"])
    assert described["TrainingJobStatus"] == "Completed"
    assert described["ModelArtifacts"]["S3ModelArtifacts"].endswith("model.tar.gz")


def test_a_job_that_fails_fails_its_task_with_the_reason(cloud, job_request, wait_for):
    client = cloud.client("stepfunctions")
    request = job_request("states-sync-fails", hyperparameters={"num_layers": "21"})
    arn = client.start_execution(stateMachineArn=machine(cloud, "states-sync-fails", request))["executionArn"]
    found = wait_for(lambda: client.describe_execution(executionArn=arn), lambda one: one["status"] != "RUNNING")
    assert (found["status"], found["error"]) == ("FAILED", "States.TaskFailed")
    assert "num_layers" in json.loads(found["cause"])["FailureReason"]


def test_a_stopped_execution_stops_its_job(cloud, job_request, wait_for):
    client, sagemaker = cloud.client("stepfunctions"), cloud.client("sagemaker")
    request = job_request("states-sync-stops", hyperparameters={"epochs": "500"})
    arn = client.start_execution(stateMachineArn=machine(cloud, "states-sync-stops", request))["executionArn"]

    def submitted(found: dict[str, Any]) -> bool:
        return "TaskSubmitted" in [event["type"] for event in found["events"]]

    wait_for(lambda: client.get_execution_history(executionArn=arn), submitted)
    client.stop_execution(executionArn=arn)
    wait_for(
        lambda: sagemaker.describe_training_job(TrainingJobName="states-sync-stops"),
        lambda one: one["TrainingJobStatus"] == "Stopped",
    )
