"""What happens because of itself: Lambda stops functions, also through queues, topics and buckets; EventBridge stops
events among buses."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from .conftest import eventually, sending_policy
from .test_asynchronous import messages, total
from .test_events import queue, received

HERE = "us-east-1:123456789012"
RUNS = 16
numbers = itertools.count(1)


def code(again: str) -> str:
    """A function that does something because of which it runs again."""
    return f"import boto3, json, os\ndef handler(event, context):\n    {again}\n"


@pytest.fixture
def queues(cloud: Any) -> Any:
    """Makes queues that other services may send to, and returns the URL and the ARN."""
    made = []

    def make(**attributes: str) -> tuple[str, str]:
        name = f"tests-loops-{next(numbers)}"
        arn = f"arn:aws:sqs:{HERE}:{name}"
        given = {"Policy": sending_policy(arn, "sns", "s3"), **attributes}
        made.append(cloud.client("sqs").create_queue(QueueName=name, Attributes=given)["QueueUrl"])
        return made[-1], arn

    yield make
    for url in made:
        cloud.client("sqs").delete_queue(QueueUrl=url)


def allow(cloud: Any, function: str, service: str) -> None:
    cloud.client("lambda").add_permission(
        FunctionName=function, StatementId=service, Action="lambda:InvokeFunction", Principal=f"{service}.amazonaws.com"
    )


@pytest.mark.parametrize("through", ["topic", "bucket"])
def test_a_function_that_runs_through_a_topic_or_a_bucket_is_stopped_and_its_event_is_left(
    cloud, function, queues, through
):
    left, name = queues(), f"tests-loops-{through}"
    sns, s3 = cloud.client("sns"), cloud.client("s3")
    arn = f"arn:aws:sns:{HERE}:{name}"
    again = {
        "topic": f"boto3.client('sns').publish(TopicArn='{arn}', Message='on')",
        "bucket": f"boto3.client('s3').put_object(Bucket='{name}', Key='on', Body=b'1')",
    }
    made = function(code(again[through]), DeadLetterConfig={"TargetArn": left[1]})
    if through == "topic":
        sns.create_topic(Name=name)
        allow(cloud, made, "sns")
        sns.subscribe(TopicArn=arn, Protocol="lambda", Endpoint=made)
        sns.publish(TopicArn=arn, Message="begin")
    else:
        s3.create_bucket(Bucket=name)
        allow(cloud, made, "s3")
        one = {"LambdaFunctionArn": made, "Events": ["s3:ObjectCreated:*"]}
        s3.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration={"LambdaFunctionConfigurations": [one]}
        )
        s3.put_object(Bucket=name, Key="begin", Body=b"1")
    (letter,) = messages(cloud, left[0], 1)
    (record,) = json.loads(letter["Body"])["Records"]
    assert record["Sns"]["Message"] == "on" if through == "topic" else record["s3"]["object"]["key"] == "on"
    assert total(cloud, made, "RecursiveInvocationsDropped") == 1
    assert total(cloud, made, "Invocations") == RUNS
    if through == "topic":
        sns.delete_topic(TopicArn=arn)


@pytest.mark.parametrize("topic", [False, True], ids=["a queue", "a topic and a queue"])
def test_a_message_that_comes_of_itself_goes_to_its_queues_dead_letters(cloud, function, queues, topic):
    """Lambda refuses it as often as the queue's redrive policy says. A message that has nothing to do with it runs."""
    dead = queues()
    redrive = json.dumps({"deadLetterTargetArn": dead[1], "maxReceiveCount": 1})
    url, arn = queues(VisibilityTimeout="4", RedrivePolicy=redrive)
    name = f"tests-loops-{next(numbers)}"
    again = f"boto3.client('sqs').send_message(QueueUrl={url!r}, MessageBody='on')"
    if topic:
        sns = cloud.client("sns")
        target = sns.create_topic(Name=name)["TopicArn"]
        sns.subscribe(TopicArn=target, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
        again = f"boto3.client('sns').publish(TopicArn={target!r}, Message='on')"
    only = "if event['Records'][0]['body'] in ('begin', 'on'): "
    made = function(code(only + again), Timeout=4)
    warm = json.dumps({"Records": [{"body": "no message"}]})  # a cold start must not outlast the visibility timeout
    cloud.client("lambda").invoke(FunctionName=made, Payload=warm)
    mapping = cloud.client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName=made, BatchSize=1)[
        "UUID"
    ]
    cloud.client("sqs").send_message(QueueUrl=url, MessageBody="begin")
    (letter,) = messages(cloud, dead[0], 1)
    assert letter["Body"] == "on"
    assert total(cloud, made, "Invocations") == 1 + RUNS
    assert total(cloud, made, "RecursiveInvocationsDropped") == 1
    cloud.client("sqs").send_message(QueueUrl=url, MessageBody="something else")
    eventually(lambda: total(cloud, made, "Invocations") == 1 + RUNS + 1)
    cloud.client("lambda").delete_event_source_mapping(UUID=mapping)


def test_two_buses_never_send_an_event_to_and_fro(cloud, role):
    """A third bus gets nothing either: EventBridge sends an event on once."""
    events = cloud.client("events")
    url, arn = queue(cloud, "tests-loops-heard")
    names = ["tests-loop-a", "tests-loop-b"]
    buses = [events.create_event_bus(Name=name)["EventBusArn"] for name in names]
    for name, other in zip(names, reversed(buses), strict=True):
        events.put_rule(Name="loop", EventBusName=name, EventPattern='{"source": ["tests.loop"]}')
        events.put_targets(
            Rule="loop",
            EventBusName=name,
            Targets=[{"Id": "bus", "Arn": other, "RoleArn": role}, {"Id": "queue", "Arn": arn, "Input": f'"{name}"'}],
        )
    entry = {"Source": "tests.loop", "DetailType": "Test", "Detail": "{}", "EventBusName": names[0]}
    events.put_events(Entries=[entry])
    assert {received(cloud, url) for _ in names} == set(names)
    cloud.client("sqs").delete_queue(QueueUrl=url)
    said = f"rule/{names[1]}/loop does not send an event on to {buses[0]}"
    eventually(lambda: said in (cloud.state / "cloud.log").read_text())
    assert (cloud.state / "cloud.log").read_text().count("does not send an event on to") == 1
    for name in names:
        events.remove_targets(Rule="loop", EventBusName=name, Ids=["bus", "queue"])
        events.delete_rule(Name="loop", EventBusName=name)
        events.delete_event_bus(Name=name)


def test_a_rule_whose_events_come_of_one_another_goes_on_is_named_and_can_be_disabled(cloud, function):
    """AWS stops no loop through EventBridge."""
    events, name = cloud.client("events"), "tests-loops-rule"
    entry = {"Source": name, "DetailType": "Test", "Detail": "{}"}
    made = function(code(f"boto3.client('events').put_events(Entries=[{entry!r}])"))
    arn = events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))["RuleArn"]
    allow(cloud, made, "events")
    events.put_targets(Rule=name, Targets=[{"Id": "function", "Arn": made}])
    events.put_events(Entries=[entry])
    eventually(lambda: total(cloud, made, "Invocations") > 2 * RUNS)
    events.disable_rule(Name=name)
    said = (cloud.state / "cloud.log").read_text()
    assert f"{arn} goes round in a circle: {RUNS} of its events have come of one another" in said

    def at_rest() -> bool:
        before = total(cloud, made, "Invocations")
        return total(cloud, made, "Invocations") == before == total(cloud, made, "AsyncEventsReceived")

    eventually(at_rest)
    assert total(cloud, made, "RecursiveInvocationsDropped") == 0
    events.remove_targets(Rule=name, Ids=["function"])
    events.delete_rule(Name=name)


def test_an_entry_for_a_bus_that_does_not_exist_is_dropped_and_the_others_are_sent(cloud):
    events = cloud.client("events")
    url, arn = queue(cloud, "tests-loops-neighbour")
    events.put_rule(Name="tests-loops-neighbour", EventPattern='{"source": ["tests.neighbours"]}')
    events.put_targets(Rule="tests-loops-neighbour", Targets=[{"Id": "queue", "Arn": arn}])
    entry = {"Source": "tests.neighbours", "DetailType": "Test", "Detail": '{"n": 1}'}
    answered = events.put_events(
        Entries=[{**entry, "EventBusName": "tests-no-such-bus"}, entry, {**entry, "Detail": ""}]
    )
    assert answered["FailedEntryCount"] == 1
    assert ["EventId" in one for one in answered["Entries"]] == [True, True, False]
    assert received(cloud, url)["detail"] == {"n": 1}
    assert "Event bus tests-no-such-bus does not exist" in (cloud.state / "cloud.log").read_text()
    events.remove_targets(Rule="tests-loops-neighbour", Ids=["queue"])
    events.delete_rule(Name="tests-loops-neighbour")
