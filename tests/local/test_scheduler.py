"""EventBridge Scheduler calls its targets in the schedule's role, at their moments."""

from __future__ import annotations

import contextlib
import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from botocore.exceptions import ClientError

from .conftest import ended, eventually, sending_policy

HERE = "us-east-1:123456789012"
SOON = "rate(1 hour)"  # without a StartDate it fires at once
numbers = itertools.count(1)


@pytest.fixture
def schedule(cloud, role):
    """Makes a schedule, and returns its name: ``schedule(target, ScheduleExpression=…)``."""
    made = []

    def make(target: dict[str, Any], **given: Any) -> str:
        name = f"tests-schedule-{next(numbers)}"
        cloud.client("scheduler").create_schedule(
            **{
                "Name": name,
                "ScheduleExpression": SOON,
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {"RoleArn": role, **target},
                **given,
            }
        )
        made.append((given.get("GroupName", "default"), name))
        return name

    yield make
    for group, name in made:
        with contextlib.suppress(cloud.client("scheduler").exceptions.ResourceNotFoundException):
            cloud.client("scheduler").delete_schedule(GroupName=group, Name=name)


@pytest.fixture
def queue(cloud):
    name = f"tests-scheduled-{next(numbers)}"
    return cloud.client("sqs").create_queue(QueueName=name)["QueueUrl"], f"arn:aws:sqs:{HERE}:{name}"


def letter(cloud: Any, url: str) -> dict[str, Any]:
    asked = {"QueueUrl": url, "MessageAttributeNames": ["All"], "WaitTimeSeconds": 1}
    (found,) = eventually(lambda: cloud.client("sqs").receive_message(**asked).get("Messages"))
    cloud.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=found["ReceiptHandle"])
    return found


def test_a_queue_gets_the_input_with_what_it_asks_of_the_firing(cloud, queue, schedule):
    given = '{"from": "<aws.scheduler.schedule-arn>", "try": "<aws.scheduler.attempt-number>"}'
    name = schedule({"Arn": queue[1], "Input": given})
    found = json.loads(letter(cloud, queue[0])["Body"])
    assert found == {"from": f"arn:aws:scheduler:{HERE}:schedule/default/{name}", "try": "1"}


def test_a_one_time_schedule_in_a_time_zone_fires_and_is_deleted_when_it_says_so(cloud, queue, schedule):
    moment = datetime.now(ZoneInfo("Asia/Tokyo")) + timedelta(seconds=1)
    name = schedule(
        {"Arn": queue[1]},
        ScheduleExpression=f"at({moment:%Y-%m-%dT%H:%M:%S})",
        ScheduleExpressionTimezone="Asia/Tokyo",
        ActionAfterCompletion="DELETE",
    )
    event = json.loads(letter(cloud, queue[0])["Body"])
    assert (event["source"], event["detail-type"], event["detail"]) == ("aws.scheduler", "Scheduled Event", "{}")
    assert event["time"] == f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    with pytest.raises(ClientError, match=f"Schedule {name} does not exist"):
        cloud.client("scheduler").get_schedule(Name=name)


def test_functions_topics_state_machines_and_buses_are_called(cloud, function, state_machine, queue, schedule):
    url, arn = queue
    made = function(
        "import json, boto3\n"
        "def handler(event, context):\n"
        f"    boto3.client('sqs').send_message(QueueUrl={url!r}, MessageBody=json.dumps(event))\n"
    )
    schedule({"Arn": made, "Input": '{"to": "function"}'})
    assert json.loads(letter(cloud, url)["Body"]) == {"to": "function"}
    topic = cloud.client("sns").create_topic(Name="tests-scheduled")["TopicArn"]
    policy = sending_policy(arn, "sns", "events")
    cloud.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    schedule({"Arn": topic, "Input": "to a topic"})
    assert json.loads(letter(cloud, url)["Body"])["Message"] == "to a topic"
    machine = state_machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    schedule({"Arn": machine, "Input": '{"to": "machine"}'})
    client = cloud.client("stepfunctions")
    (execution,) = eventually(lambda: client.list_executions(stateMachineArn=machine)["executions"])
    assert json.loads(ended(client, execution["executionArn"])["output"]) == {"to": "machine"}
    events = cloud.client("events")
    events.put_rule(Name="tests-scheduled", EventPattern='{"source": ["tests.scheduled"]}')
    events.put_targets(Rule="tests-scheduled", Targets=[{"Id": "queue", "Arn": arn}])
    parameters = {"Source": "tests.scheduled", "DetailType": "Nightly"}
    bus = f"arn:aws:events:{HERE}:event-bus/default"
    schedule({"Arn": bus, "EventBridgeParameters": parameters, "Input": '{"to": "bus"}'})
    found = json.loads(letter(cloud, url)["Body"])
    assert (found["detail-type"], found["detail"]) == ("Nightly", {"to": "bus"})
    events.remove_targets(Rule="tests-scheduled", Ids=["queue"])
    events.delete_rule(Name="tests-scheduled")


def test_a_universal_target_calls_an_operation_with_its_parameters(cloud, schedule):
    parameters = {"logGroupName": "/tests/scheduled"}
    schedule({"Arn": "arn:aws:scheduler:::aws-sdk:cloudwatchlogs:createLogGroup", "Input": json.dumps(parameters)})
    logs = cloud.client("logs")
    eventually(lambda: logs.describe_log_groups(logGroupNamePrefix="/tests/scheduled")["logGroups"])


def test_a_call_that_the_role_may_not_make_goes_to_the_dead_letter_queue(cloud, queue, schedule):
    url, arn = queue
    closed = cloud.client("sqs").create_queue(QueueName="tests-scheduled-closed")["QueueUrl"]
    allow = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}
    name = schedule(
        {
            "Arn": f"arn:aws:sqs:{HERE}:tests-scheduled-closed",
            "RoleArn": cloud.role("tests-scheduled-role", allow),
            "Input": "hello",
            "DeadLetterConfig": {"Arn": arn},
        }
    )
    found = letter(cloud, url)
    said = {key: value["StringValue"] for key, value in found["MessageAttributes"].items()}
    assert json.loads(found["Body"])["MessageBody"] == "hello"
    assert said["SCHEDULE_ARN"] == f"arn:aws:scheduler:{HERE}:schedule/default/{name}"
    assert said["TARGET_ARN"] == f"arn:aws:sqs:{HERE}:tests-scheduled-closed"
    assert "AccessDenied" in said["ERROR_CODE"]
    assert "is not authorized to perform: sqs:SendMessage" in said["ERROR_MESSAGE"]
    assert "Messages" not in cloud.client("sqs").receive_message(QueueUrl=closed)


def test_a_schedule_that_is_disabled_or_not_begun_does_not_fire_until_it_is_updated(cloud, role, queue, schedule):
    url, arn = queue
    quiet = schedule({"Arn": arn, "Input": "quiet"}, State="DISABLED")
    schedule({"Arn": arn, "Input": "later"}, StartDate=datetime.now(UTC) + timedelta(hours=1))
    schedule({"Arn": arn, "Input": "marker"})
    assert letter(cloud, url)["Body"] == "marker"
    scheduler = cloud.client("scheduler")
    found = scheduler.get_schedule(Name=quiet)
    scheduler.update_schedule(
        Name=quiet,
        ScheduleExpression=SOON,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={**found["Target"], "Input": "now"},
        ActionAfterCompletion="DELETE",
    )
    assert letter(cloud, url)["Body"] == "now"
    assert scheduler.get_schedule(Name=quiet)["ActionAfterCompletion"] == "DELETE"


@pytest.mark.parametrize(
    ("target", "given", "words"),
    [
        ({}, {"ScheduleExpression": "rate(10 seconds)"}, r"Invalid Schedule Expression rate\(10 seconds\)\."),
        ({}, {"ScheduleExpression": "cron(0 1 * * * *)"}, "Invalid Schedule Expression cron"),
        ({}, {"ScheduleExpression": "at(2026-02-30T00:00:00)"}, "Invalid Schedule Expression at"),
        ({}, {"ScheduleExpressionTimezone": "Mars/Olympus"}, "Timezone Mars/Olympus"),
        ({}, {"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "MaximumWindowInMinutes must be provided"),
        ({"Arn": f"arn:aws:sagemaker:{HERE}:pipeline/p"}, {}, "cannot invoke the target arn:aws:sagemaker"),
        ({"Arn": f"arn:aws:ecs:{HERE}:cluster/c"}, {}, "cannot invoke the target arn:aws:ecs"),
        ({"Arn": f"arn:aws:events:{HERE}:event-bus/default"}, {}, "EventBridgeParameters must be provided"),
        ({"Arn": "arn:aws:scheduler:::aws-sdk:sqs:getQueueUrl"}, {}, "only reads"),
        ({"Arn": "arn:aws:scheduler:::aws-sdk:sqs:fly"}, {}, "is not an operation"),
        ({"Arn": "arn:aws:scheduler:::aws-sdk:eks:createCluster"}, {}, "does not have this operation"),
        ({"RoleArn": "arn:aws:iam::123456789012:role/none"}, {}, "must allow AWS EventBridge Scheduler to assume"),
    ],
)
def test_what_could_never_fire_is_refused(cloud, schedule, target, given, words):
    with pytest.raises(ClientError, match=words) as refused:
        schedule({"Arn": f"arn:aws:sqs:{HERE}:tests", **target}, **given)
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_a_group_that_does_not_exist_is_named_and_a_deleted_one_takes_its_schedules_with_it(cloud, queue, schedule):
    scheduler = cloud.client("scheduler")
    with pytest.raises(ClientError, match="Schedule group tests-none does not exist"):
        schedule({"Arn": queue[1]}, GroupName="tests-none")
    scheduler.create_schedule_group(Name="tests-group")
    name = schedule({"Arn": queue[1], "Input": "grouped"}, GroupName="tests-group")
    assert letter(cloud, queue[0])["Body"] == "grouped"
    scheduler.delete_schedule_group(Name="tests-group")
    with pytest.raises(ClientError, match="does not exist"):
        scheduler.get_schedule(GroupName="tests-group", Name=name)


def test_the_same_request_with_the_same_token_makes_one_schedule(cloud, queue, role):
    scheduler = cloud.client("scheduler")
    given = {
        "Name": "tests-token",
        "ScheduleExpression": "rate(1 day)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": queue[1], "RoleArn": role},
        "ClientToken": "one",
    }
    assert scheduler.create_schedule(**given) | {"ResponseMetadata": None} == scheduler.create_schedule(**given) | {
        "ResponseMetadata": None
    }
    for other in ({"ClientToken": "two"}, {"ScheduleExpression": "rate(2 days)"}):
        with pytest.raises(scheduler.exceptions.ConflictException):
            scheduler.create_schedule(**{**given, **other})
    scheduler.delete_schedule(Name="tests-token")


def test_a_group_is_made_once_and_keeps_its_schedules(cloud, queue, schedule):
    scheduler = cloud.client("scheduler")
    for _ in range(2):
        scheduler.create_schedule_group(Name="tests-token", ClientToken="one")
    name = schedule({"Arn": queue[1]}, GroupName="tests-token")
    with pytest.raises(scheduler.exceptions.ConflictException):
        scheduler.create_schedule_group(Name="tests-token")
    assert scheduler.get_schedule(Name=name, GroupName="tests-token")["Name"] == name
    scheduler.delete_schedule_group(Name="tests-token")


def test_a_schedule_that_has_ended_is_refused(cloud, queue, schedule):
    with pytest.raises(ClientError, match=r"ValidationException.*EndDate"):
        schedule({"Arn": queue[1]}, EndDate=datetime.now(UTC) - timedelta(days=1))
