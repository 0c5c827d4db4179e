"""Calls of services, against AWS's recorded answers: parameters, results, errors and causes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from localcloud.stepfunctions.integrations import Caller, Integrations
from localcloud.stepfunctions.language.resources import resource
from localcloud.stepfunctions.language.scope import StateFailure

EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:machine:one"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:machine"
CALLER = Caller("arn:aws:iam::123456789012:role/states", "123456789012", "us-east-1", EXECUTION)
MOMENT = datetime(2026, 1, 28, 10, tzinfo=UTC)


@dataclass
class Service:
    """A client that answers every operation with the next answer, and keeps what it was asked."""

    answers: list[Any]
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        def operation(**parameters: Any) -> Any:
            self.asked.append((name, parameters))
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return operation


def integrations(monkeypatch: pytest.MonkeyPatch, *answers: Any) -> tuple[Integrations, Service]:
    service = Service(list(answers))
    found = Integrations(SimpleNamespace(actions={}, endpoint="http://127.0.0.1"))  # type: ignore[arg-type]
    monkeypatch.setattr(found._clients, "of", lambda name, caller: service)
    return found, service


def refused(code: str, message: str, status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, "x"
    )


def call(found: Integrations, what: str, arguments: Any) -> Any:
    named = resource(f"arn:aws:states:::{what}")
    assert named is not None
    return found.call(named, arguments, CALLER)


def test_a_message_that_is_an_object_is_sent_as_text(monkeypatch):
    found, sqs = integrations(monkeypatch, {"MD5OfMessageBody": "0" * 32, "MessageId": "0" * 36})
    output = call(found, "sqs:sendMessage", {"QueueUrl": "http://a.b/c", "MessageBody": {"é": [1, None]}}).output
    assert sqs.asked == [("send_message", {"QueueUrl": "http://a.b/c", "MessageBody": '{"é":[1,null]}'})]
    assert output["SdkHttpMetadata"]["AllHttpHeaders"]["Content-Length"] == ["106"]
    assert output["SdkResponseMetadata"] == {"RequestId": output["SdkHttpMetadata"]["HttpHeaders"]["x-amzn-RequestId"]}
    assert sorted(output) == ["MD5OfMessageBody", "MessageId", "SdkHttpMetadata", "SdkResponseMetadata"]


@pytest.mark.parametrize(
    ("what", "arguments", "error", "cause"),
    [
        (
            "sqs:sendMessage",
            {"QueueUrl": "http://a.b/c", "MessageBody": None},
            "SQS.AmazonSQSException",
            "The request must contain the parameter MessageBody. (Service: AmazonSQS; Status Code: 400; "
            "Error Code: MissingParameter; Request ID: ",
        ),
        (
            "sqs:sendMessage",
            {"QueueUrl": "http://no-such-queue", "MessageBody": "a"},
            "SQS.SdkClientException",
            "Unable to execute HTTP request: no-such-queue: Name or service not known",
        ),
        (
            "sns:publish",
            {"TopicArn": "a", "Message": "b", "Colour": "red"},
            "States.Runtime",
            """The Parameters '{"TopicArn":"a","Message":"b","Colour":"red"}' could not be used to start the Task: """
            """[The field "Colour" is not supported by Step Functions]""",
        ),
    ],
)
def test_a_call_that_cannot_be_made_is_not_made(monkeypatch, what, arguments, error, cause):
    found, service = integrations(monkeypatch)
    with pytest.raises(StateFailure) as failed:
        call(found, what, arguments)
    assert failed.value.error == error
    assert failed.value.cause.startswith(cause)
    assert service.asked == []


@pytest.mark.parametrize(
    ("what", "arguments", "answer", "error", "cause"),
    [
        (
            "sns:publish",
            {"TopicArn": "a", "Message": "b"},
            refused("NotFound", "Topic does not exist", 404),
            "SNS.NotFoundException",
            "Topic does not exist (Service: AmazonSNS; Status Code: 404; Error Code: NotFound; Request ID: ",
        ),
        (
            "states:startExecution",
            {"StateMachineArn": "a"},
            refused("StateMachineDoesNotExist", "State Machine Does Not Exist: 'a'"),
            "StepFunctions.StateMachineDoesNotExistException",
            "State Machine Does Not Exist: 'a' (Service: AWSStepFunctions; Status Code: 400; "
            "Error Code: StateMachineDoesNotExist; Request ID: ",
        ),
        (
            "aws-sdk:s3:getObject",
            {"Bucket": "a", "Key": "b"},
            refused("NoSuchKey", "The specified key does not exist.", 404),
            "S3.NoSuchKeyException",
            "The specified key does not exist. (Service: S3, Status Code: 404, Request ID: ",
        ),
        (
            "aws-sdk:s3:getObject",
            {"Bucket": "a", "Key": "b"},
            refused("AccessDenied", "User: a is not authorized", 403),
            "S3.S3Exception",
            "User: a is not authorized (Service: S3, Status Code: 403, Request ID: ",
        ),
        (
            "aws-sdk:sfn:sendTaskSuccess",
            {"TaskToken": "a", "Output": "b"},
            refused("InvalidToken", "Invalid Token: 'Invalid token'"),
            "Sfn.InvalidTokenException",
            "Invalid Token: 'Invalid token' (Service: Sfn, Status Code: 400, Request ID: ",
        ),
        (
            "aws-sdk:sqs:getQueueUrl",
            {"QueueName": "a"},
            EndpointConnectionError(endpoint_url="http://a"),
            "Sqs.SdkClientException",
            "Unable to execute HTTP request: ",
        ),
    ],
)
def test_an_error_has_the_name_of_the_sdk_for_java(monkeypatch, what, arguments, answer, error, cause):
    found, _ = integrations(monkeypatch, answer)
    with pytest.raises(StateFailure) as failed:
        call(found, what, arguments)
    assert failed.value.error == error
    assert failed.value.cause.startswith(cause)


def test_an_sdk_answer_is_json_with_capitals_and_nothing_of_http(monkeypatch):
    answered = {"executionArn": EXECUTION, "startDate": MOMENT, "ResponseMetadata": {"HTTPStatusCode": 200}}
    found, sfn = integrations(monkeypatch, answered)
    output = call(found, "aws-sdk:sfn:startExecution", {"StateMachineArn": "a", "Input": {"k": 1}, "Name": None}).output
    assert sfn.asked == [("start_execution", {"stateMachineArn": "a", "input": '{"k":1}'})]
    assert output == {"ExecutionArn": EXECUTION, "StartDate": "2026-01-28T10:00:00Z"}


@pytest.mark.parametrize("body", ["text data", {"Dict": "Value"}, ["List"], False, 0])
def test_a_body_is_the_json_text_of_its_value(monkeypatch, body):
    found, s3 = integrations(monkeypatch, {"ETag": '"a"'})
    assert call(found, "aws-sdk:s3:putObject", {"Bucket": "a", "Key": "b", "Body": body}).output == {"ETag": '"a"'}
    assert s3.asked[0][1]["ContentType"] == "text/plain; charset=UTF-8"
    assert s3.asked[0][1]["Body"] == json.dumps(body, separators=(",", ":")).encode()


def test_events_carry_the_machine_and_the_execution(monkeypatch):
    found, events = integrations(monkeypatch, {"Entries": [{"EventId": "a"}], "FailedEntryCount": 0})
    entry = {"Detail": {"a": 1}, "DetailType": "t", "Source": "s", "Resources": ["first"]}
    output = call(found, "events:putEvents", {"Entries": [entry]}).output
    sent = events.asked[0][1]["Entries"][0]
    assert sent["Resources"] == ["first", MACHINE, EXECUTION]
    assert sent["Detail"] == '{"a":1}'
    assert output == {"Entries": [{"EventId": "a"}], "FailedEntryCount": 0}


def test_one_failed_entry_fails_the_task(monkeypatch):
    answered = {"Entries": [{"EventId": "a"}, {"ErrorCode": "MalformedDetail"}], "FailedEntryCount": 1}
    found, _ = integrations(monkeypatch, answered)
    with pytest.raises(StateFailure) as failed:
        call(found, "events:putEvents", {"Entries": [{}, {}]})
    assert failed.value.error == "EventBridge.FailedEntry"
    assert json.loads(failed.value.cause) == answered


def test_a_nested_execution_is_watched_and_stopped(monkeypatch):
    described = {"executionArn": EXECUTION, "status": "RUNNING", "input": "{}", "startDate": MOMENT, "redriveCount": 0}
    ended = {**described, "status": "SUCCEEDED", "output": '{"a":1}', "stopDate": MOMENT}
    found, sfn = integrations(
        monkeypatch, {"executionArn": EXECUTION, "startDate": MOMENT}, described, ended, {"stopDate": MOMENT}
    )
    answer = call(found, "states:startExecution.sync:2", {"StateMachineArn": "a", "Input": {}})
    assert answer.output["StartDate"] == int(MOMENT.timestamp() * 1000)
    job = json.loads(json.dumps(answer.job))
    assert found.poll(job, CALLER) is None
    assert found.poll(job, CALLER) == {
        "ExecutionArn": EXECUTION,
        "Input": {},
        "Output": {"a": 1},
        "StartDate": int(MOMENT.timestamp() * 1000),
        "Status": "SUCCEEDED",
        "StopDate": int(MOMENT.timestamp() * 1000),
    }
    found.stop(job, CALLER)
    assert sfn.asked[-1] == ("stop_execution", {"executionArn": EXECUTION})


@pytest.mark.parametrize(("pattern", "status"), [("sync", "FAILED"), ("sync:2", "TIMED_OUT"), ("sync", "ABORTED")])
def test_a_nested_execution_that_fails_is_the_cause(monkeypatch, pattern, status):
    described = {"executionArn": EXECUTION, "status": status, "input": "{}", "error": "E", "cause": "C"}
    found, _ = integrations(monkeypatch, {"executionArn": EXECUTION}, described)
    job = call(found, f"states:startExecution.{pattern}", {"StateMachineArn": "a"}).job
    with pytest.raises(StateFailure) as failed:
        found.poll(job, CALLER)
    assert failed.value.error == "States.TaskFailed"
    cause = json.loads(failed.value.cause)
    assert (cause["Error"], cause["Cause"], cause["Status"], cause["ExecutionArn"]) == ("E", "C", status, EXECUTION)


def test_a_training_job_is_watched_by_its_name(monkeypatch):
    found, sagemaker = integrations(
        monkeypatch,
        {"TrainingJobArn": "arn"},
        {"TrainingJobName": "train", "TrainingJobStatus": "InProgress"},
        {"TrainingJobName": "train", "TrainingJobStatus": "Failed", "FailureReason": "AlgorithmError: exit code 1"},
        {},
    )
    arguments = {"TrainingJobName": "train", "RoleArn": "r", "OutputDataConfig": {"S3OutputPath": "s3://a"}}
    job = call(found, "sagemaker:createTrainingJob.sync", arguments).job
    assert found.poll(job, CALLER) is None
    assert sagemaker.asked[-1] == ("describe_training_job", {"TrainingJobName": "train"})
    with pytest.raises(StateFailure) as failed:
        found.poll(job, CALLER)
    assert failed.value.error == "States.TaskFailed"
    assert json.loads(failed.value.cause)["FailureReason"] == "AlgorithmError: exit code 1"
    found.stop(job, CALLER)
    assert sagemaker.asked[-1] == ("stop_training_job", {"TrainingJobName": "train"})
