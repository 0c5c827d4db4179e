"""The inbox says what has no result and why, takes nothing away by looking, and tries again what may pass."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from scones.service import inbox

NOW = datetime(2026, 1, 28, 12, tzinfo=UTC)
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:scones-dev-classify-image"


@pytest.fixture
def sqs() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("sqs", region_name="us-east-1")


@pytest.fixture
def arrival(sqs: Any) -> dict[str, Any]:
    def made(name: str) -> dict[str, Any]:
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return {"name": name, "url": url, "arn": arn}

    queues = {}
    for name in ("arrivals", "endings"):
        dead = made(f"scones-dev-{name}-dead")
        queues[name] = {**made(f"scones-dev-{name}"), "dead_letters": dead}
        policy = {"deadLetterTargetArn": dead["arn"], "maxReceiveCount": 5}
        sqs.set_queue_attributes(QueueUrl=queues[name]["url"], Attributes={"RedrivePolicy": json.dumps(policy)})
    return {"queues": queues}


@dataclass
class Moving:
    """SQS with the operation that moto lacks."""

    sqs: Any
    moved: list[dict[str, str]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sqs, name)

    def start_message_move_task(self, **given: str) -> None:
        self.moved.append(given)


@dataclass
class Machine:
    """Step Functions with executions that have ended."""

    executions: list[dict[str, Any]]
    redriven: list[str] = field(default_factory=list)
    started: dict[str, str] = field(default_factory=dict)

    class exceptions:
        class ExecutionDoesNotExist(ClientError): ...

    def get_paginator(self, _: str) -> Machine:
        return self

    def paginate(self, stateMachineArn: str, statusFilter: str) -> list[dict[str, Any]]:
        assert stateMachineArn == MACHINE
        return [{"executions": [one for one in self.executions if one["status"] == statusFilter]}]

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        for one in self.executions:
            if one["executionArn"] == executionArn:
                return one
        raise self.exceptions.ExecutionDoesNotExist({"Error": {"Code": "ExecutionDoesNotExist"}}, "DescribeExecution")

    def start_execution(self, stateMachineArn: str, name: str, input: str) -> None:
        self.started[name] = input

    def redrive_execution(self, executionArn: str) -> None:
        if executionArn.endswith("gone"):
            raise ClientError({"Error": {"Code": "ExecutionDoesNotExist", "Message": "no"}}, "RedriveExecution")
        self.redriven.append(executionArn.rpartition(":")[2])


def ended(name: str, error: str | None, status: str = "FAILED", hours: float = 1, redrivable: bool = True) -> dict:
    return {
        "executionArn": f"{MACHINE.replace(':stateMachine:', ':execution:')}:{name}",
        "name": name,
        "status": status,
        "stopDate": NOW - timedelta(hours=hours),
        "input": json.dumps({"s3_bucket": "b", "s3_key": f"incoming/{name}.png"}),
        "redriveStatus": "REDRIVABLE" if redrivable else "NOT_REDRIVABLE",
        **({"error": error, "cause": f"because of {error}"} if error else {}),
    }


def send(sqs: Any, queue: dict[str, Any], *keys: str) -> None:
    for key in keys:
        event = {"detail-type": "Object Created", "detail": {"bucket": {"name": "b"}, "object": {"key": key}}}
        sqs.send_message(QueueUrl=queue["url"], MessageBody=json.dumps(event))


def look(sqs: Any, sfn: Machine, arrival: dict[str, Any]) -> inbox.Inbox:
    return inbox.look(sqs, sfn, arrival, MACHINE, since=NOW - timedelta(days=1))


def test_what_waits_and_what_was_given_up_is_told_and_stays(sqs: Any, arrival: dict[str, Any]) -> None:
    queues = arrival["queues"]
    send(sqs, queues["arrivals"], "incoming/waits.png")
    send(sqs, queues["arrivals"]["dead_letters"], *(f"incoming/{number}.png" for number in range(12)))
    sqs.send_message(QueueUrl=queues["endings"]["dead_letters"]["url"], MessageBody="{")
    for _ in range(2):
        found = look(sqs, Machine([]), arrival)
        assert found.waiting == {"arrivals": inbox.QueueLoad(1, 0, 12), "endings": inbox.QueueLoad(0, 0, 1)}
        told = {(one.queue, one.subject) for one in found.dead}
        assert told == {
            *(("arrivals", f"s3://b/incoming/{number}.png") for number in range(12)),
            ("endings", "a message that is no event"),
        }


def test_failed_arrivals_have_their_reason_the_newest_first(sqs: Any, arrival: dict[str, Any]) -> None:
    sfn = Machine(
        [
            ended("arrival-old", "States.Timeout", hours=30),
            ended("by-hand", "States.Timeout"),
            ended("arrival-a", "States.Timeout", hours=3),
            ended("arrival-b", None, status="ABORTED", hours=2),
            ended("arrival-c", "ThresholdConfidenceNotMet", hours=1),
        ]
    )
    found = look(sqs, sfn, arrival).failed
    assert [(one.name, one.error, one.may_pass) for one in found] == [
        ("arrival-c", "ThresholdConfidenceNotMet", False),
        ("arrival-b", "ABORTED", True),
        ("arrival-a", "States.Timeout", True),
    ]
    assert (found[0].image, found[0].cause) == (
        "s3://b/incoming/arrival-c.png",
        "because of ThresholdConfidenceNotMet",
    )


def again(sqs: Any, sfn: Machine, arrival: dict[str, Any], errors: Sequence[str] = ()) -> inbox.Retried:
    return inbox.retry(sqs, sfn, arrival, MACHINE, since=NOW - timedelta(days=1), errors=errors)


def test_another_try_moves_dead_letters_and_tries_what_it_can_help(sqs: Any, arrival: dict[str, Any]) -> None:
    """A failed execution has ended in a Fail state, which a redrive enters again. So another one starts."""
    queues = arrival["queues"]
    send(sqs, queues["arrivals"]["dead_letters"], "incoming/1.png")
    sfn = Machine(
        [
            ended("arrival-a", "EndpointUnavailableError"),
            ended("arrival-refused", "ImageRefusedError"),
            ended("arrival-late", None, status="TIMED_OUT"),
            ended("arrival-unsure", "ThresholdConfidenceNotMet"),
            ended("arrival-old", None, status="ABORTED", redrivable=False),
            ended("arrival-gone", None, status="ABORTED"),
            ended("arrival-cat", "NotOneOfTheClasses"),
        ]
    )
    moving = Moving(sqs)
    done = again(moving, sfn, arrival)
    assert done.moved == {"arrivals": 1}
    assert moving.moved == [
        {"SourceArn": queues["arrivals"]["dead_letters"]["arn"], "DestinationArn": queues["arrivals"]["arn"]}
    ]
    assert sfn.redriven == ["arrival-late"]
    assert sfn.started == {
        "arrival-a-r1": sfn.executions[0]["input"],
        "arrival-refused-r1": sfn.executions[1]["input"],
        "arrival-old-r1": sfn.executions[4]["input"],
    }
    assert done.refused.keys() == {"arrival-gone"}


def test_a_named_error_is_tried_again_though_it_comes_from_the_picture(sqs: Any, arrival: dict[str, Any]) -> None:
    sfn = Machine([ended("arrival-unsure", "ThresholdConfidenceNotMet"), ended("arrival-a", "States.Timeout")])
    again(sqs, sfn, arrival, errors=["ThresholdConfidenceNotMet"])
    assert list(sfn.started) == ["arrival-unsure-r1"]


def test_only_the_last_try_of_an_object_counts(sqs: Any, arrival: dict[str, Any]) -> None:
    running = {**ended("arrival-runs-r1", None), "status": "RUNNING"}
    sfn = Machine(
        [
            ended("arrival-twice", "States.Timeout", hours=3),
            ended("arrival-twice-r1", "States.Timeout", hours=2),
            ended("arrival-runs", "States.Timeout"),
            running,
        ]
    )
    assert [one.name for one in look(sqs, sfn, arrival).failed] == ["arrival-twice-r1"]
    again(sqs, sfn, arrival)
    assert list(sfn.started) == ["arrival-twice-r2"]


def test_all_are_tried_again_however_many_failed(sqs: Any, arrival: dict[str, Any]) -> None:
    unsure = [ended(f"arrival-unsure-{number}", "ThresholdConfidenceNotMet") for number in range(150)]
    sfn = Machine([*unsure, *(ended(f"arrival-{number}", "States.Timeout", hours=5) for number in range(150))])
    found = look(sqs, sfn, arrival)
    assert (len(found.failed), found.more_failed) == (100, 200)
    assert len(again(sqs, sfn, arrival).started) == 150


def test_the_last_result_of_an_object_counts_and_the_time_is_bounded(sqs: Any) -> None:
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="bucket")
    arrival = {"uri": "s3://bucket/incoming/", "results_uri": "s3://bucket/results/"}
    for execution, name, status, at in (
        ("one", "a.png", "FAILED", "2026-01-28T09:00:00.000+00:00"),
        ("two", "a.png", "SUCCEEDED", "2026-01-28T10:00:00.000+00:00"),
        ("three", "other.png", "SUCCEEDED", "2026-01-28T10:00:00.000+00:00"),
    ):
        body = {"image_url": f"s3://bucket/incoming/{name}", "status": status, "ended_at": at, "error": "Boom"}
        s3.put_object(Bucket="bucket", Key=f"results/dt=2026-01-28/{execution}.json", Body=json.dumps(body))
    found = inbox.wait_for(s3, arrival, ["a.png", "late.png"], seconds=0)
    assert {name: inbox.ending(one) for name, one in found.items()} == {"a.png": "passed"}
