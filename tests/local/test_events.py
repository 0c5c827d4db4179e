"""EventBridge delivers events to targets in the local cloud, and transforms them as AWS documents."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.events.inputs import transformed

from .conftest import ended, eventually, sending_policy

RULE = "arn:aws:events:us-east-1:123456789012:rule/tests"
EVENT = {
    "id": "1",
    "time": "2026-01-02T03:04:05Z",
    "source": "tests",
    "detail": {"key": 'a "b".png', "n": 2, "on": True},
}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ('{"key": <key>, "n": <n>}', {"key": 'a "b".png', "n": 2}),
        ('{"text": "<key> has <n>"}', {"text": 'a "b".png has 2'}),
        ('"<key> is <on>"', 'a "b".png is true'),
        ('{"all": <detail>}', {"all": {"key": 'a "b".png', "n": 2, "on": True}}),
        ('{"missing": <missing>, "text": "<missing>"}', {"missing": None, "text": ""}),
        ('{"rule": <aws.events.rule-name>}', {"rule": "tests"}),
        ('{"event": <aws.events.event.json>}', {"event": EVENT}),
        ('{"kept": "<not a variable>"}', {"kept": "<not a variable>"}),
    ],
)
def test_templates_are_filled_inside_and_outside_of_quotes(template, filled):
    paths = {"key": "$.detail.key", "n": "$.detail.n", "on": "$.detail.on", "detail": "$.detail", "missing": "$.no"}
    assert json.loads(transformed({"InputPathsMap": paths, "InputTemplate": template}, EVENT, RULE)) == filled


@pytest.fixture
def rule(cloud):
    """Makes a rule with a pattern and one target. The rule is deleted after the test."""
    events, made = cloud.client("events"), []

    def make(name: str, pattern: dict[str, Any], target: dict[str, Any]) -> None:
        events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        made.append(name)
        events.put_targets(Rule=name, Targets=[{"Id": "target", **target}])

    yield make
    for name in made:
        events.remove_targets(Rule=name, Ids=["target"])
        events.delete_rule(Name=name)


def send(cloud: Any, source: str, detail: Any) -> None:
    entry = {"Source": source, "DetailType": "Test", "Detail": json.dumps(detail)}
    assert cloud.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


def policy(action: str, resource: str) -> str:
    """A policy that lets EventBridge send."""
    events = {"Service": "events.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": events, "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def queue(cloud: Any, name: str, **attributes: str) -> tuple[str, str]:
    arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    attributes = {"Policy": policy("sqs:SendMessage", arn), **attributes}
    return cloud.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"], arn


def received(cloud: Any, url: str) -> Any:
    message = eventually(lambda: cloud.client("sqs").receive_message(QueueUrl=url).get("Messages"))[0]
    return json.loads(message["Body"])


def test_an_uploaded_image_starts_the_state_machine(cloud, role, state_machine, rule):
    s3, client = cloud.client("s3"), cloud.client("stepfunctions")
    s3.create_bucket(Bucket="tests-uploads")
    s3.put_bucket_notification_configuration(
        Bucket="tests-uploads", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    machine = state_machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    paths = {"bucket": "$.detail.bucket.name", "key": "$.detail.object.key"}
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"object": {"key": [{"prefix": "in/"}]}},
    }
    rule(
        "tests-uploads",
        pattern,
        {
            "Arn": machine,
            "RoleArn": role,
            "InputTransformer": {"InputPathsMap": paths, "InputTemplate": '{"s3_bucket": <bucket>, "s3_key": <key>}'},
        },
    )
    s3.put_object(Bucket="tests-uploads", Key="elsewhere/a.png", Body=b"1")
    s3.put_object(Bucket="tests-uploads", Key="in/a b.png", Body=b"1")
    (execution,) = eventually(lambda: client.list_executions(stateMachineArn=machine)["executions"])
    found = ended(client, execution["executionArn"])
    assert json.loads(found["output"]) == {"s3_bucket": "tests-uploads", "s3_key": "in/a b.png"}


def test_s3s_events_say_what_happened(cloud, rule):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="tests-told")
    s3.put_bucket_notification_configuration(
        Bucket="tests-told", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    url, arn = queue(cloud, "tests-told")
    rule("tests-told", {"source": ["aws.s3"], "detail": {"bucket": {"name": ["tests-told"]}}}, {"Arn": arn})
    s3.put_object(Bucket="tests-told", Key="a.png", Body=b"123")
    event = received(cloud, url)
    assert (event["detail-type"], event["detail"]["reason"]) == ("Object Created", "PutObject")
    assert event["resources"] == ["arn:aws:s3:::tests-told"]
    assert event["time"].endswith("Z")
    found = event["detail"]["object"]
    assert (found["key"], found["size"], found["etag"]) == ("a.png", 3, "202cb962ac59075b964b07152d234b70")
    assert "version-id" not in found
    s3.delete_object(Bucket="tests-told", Key="a.png")
    event = received(cloud, url)
    assert (event["detail-type"], event["detail"]["deletion-type"]) == ("Object Deleted", "Permanently Deleted")


def test_a_function_is_invoked_with_the_event(cloud, function, rule):
    url, _ = queue(cloud, "tests-from-function")
    arn = function(
        "import json, boto3\n"
        "def handler(event, context):\n"
        f"    boto3.client('sqs').send_message(QueueUrl={url!r}, MessageBody=json.dumps(event))\n"
    )
    cloud.client("lambda").add_permission(
        FunctionName=arn, StatementId="rules", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
    )
    rule("tests-function", {"source": ["tests.function"]}, {"Arn": arn})
    send(cloud, "tests.function", {"a": 1})
    event = received(cloud, url)
    assert (event["source"], event["detail-type"], event["detail"]) == ("tests.function", "Test", {"a": 1})
    assert event["account"] == "123456789012"


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, None), ({"Input": '{"constant": true}'}, {"constant": True}), ({"InputPath": "$.detail.part"}, [1, 2])],
)
def test_a_queue_gets_the_event_a_constant_or_a_part(cloud, rule, given, expected):
    name = f"tests-part-{len(str(given))}"
    url, arn = queue(cloud, name)
    rule(name, {"source": [name]}, {"Arn": arn, **given})
    send(cloud, name, {"part": [1, 2]})
    found = received(cloud, url)
    assert (found["detail"] if expected is None else found) == (expected or {"part": [1, 2]})


def test_a_topic_passes_the_event_on(cloud, rule):
    arn = "arn:aws:sqs:us-east-1:123456789012:tests-topic"
    url, queue_arn = queue(cloud, "tests-topic", Policy=sending_policy(arn, "sns"))
    topic = cloud.client("sns").create_topic(Name="tests-topic")["TopicArn"]
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    cloud.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=policy("sns:Publish", topic)
    )
    rule("tests-topic", {"source": ["tests.topic"]}, {"Arn": topic})
    send(cloud, "tests.topic", {"a": 1})
    assert json.loads(received(cloud, url)["Message"])["detail"] == {"a": 1}


def test_what_cannot_be_delivered_goes_to_the_dead_letter_queue(cloud, role, rule):
    url, arn = queue(cloud, "tests-undelivered")
    gone = "arn:aws:states:us-east-1:123456789012:stateMachine:tests-no-such-machine"
    letters = {"Arn": gone, "RoleArn": role, "DeadLetterConfig": {"Arn": arn}}
    rule("tests-undelivered", {"source": ["tests.undelivered"]}, letters)
    send(cloud, "tests.undelivered", {"a": 1})
    asked = {"QueueUrl": url, "MessageAttributeNames": ["All"]}
    (letter,) = eventually(lambda: cloud.client("sqs").receive_message(**asked).get("Messages"))
    assert json.loads(letter["Body"])["detail"] == {"a": 1}
    said = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert "Does Not Exist" in said.pop("ERROR_MESSAGE")
    assert said == {
        "RULE_ARN": "arn:aws:events:us-east-1:123456789012:rule/tests-undelivered",
        "TARGET_ARN": gone,
        "ERROR_CODE": "NO_RESOURCE",
        "RETRY_ATTEMPTS": "0",
    }


def test_a_target_whose_policy_does_not_let_rules_in_is_not_delivered_to(cloud, rule, function):
    """The undelivered event goes to the dead-letter queue."""
    closed, lost = queue(cloud, "tests-closed", Policy=""), queue(cloud, "tests-lost")
    targets = {"queue": closed[1], "function": function("def handler(event, context): pass")}
    for name, arn in targets.items():
        source = f"tests.closed.{name}"
        rule(f"tests-closed-{name}", {"source": [source]}, {"Arn": arn, "DeadLetterConfig": {"Arn": lost[1]}})
        send(cloud, source, {"to": name})
        assert received(cloud, lost[0])["detail"] == {"to": name}
    assert "Messages" not in cloud.client("sqs").receive_message(QueueUrl=closed[0])


def test_a_rules_role_must_be_allowed_to_start_the_state_machine(cloud, rule, state_machine):
    machine = state_machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    role = cloud.role("tests-may-nothing", {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})
    url, arn = queue(cloud, "tests-not-started")
    source = "tests.not-started"
    rule("tests-not-started", {"source": [source]}, {"Arn": machine, "RoleArn": role, "DeadLetterConfig": {"Arn": arn}})
    send(cloud, source, {"a": 1})
    assert received(cloud, url)["detail"] == {"a": 1}
    assert not cloud.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]


def test_a_disabled_rule_and_a_mere_schedule_deliver_nothing(cloud, rule):
    """An enabled rule sends a marker to the same queue. Only the marker arrives."""
    url, arn = queue(cloud, "tests-quiet")
    events = cloud.client("events")
    for name, options in (
        ("tests-disabled", {"EventPattern": json.dumps({"source": ["tests.quiet"]}), "State": "DISABLED"}),
        ("tests-scheduled", {"ScheduleExpression": "rate(1 day)"}),
    ):
        events.put_rule(Name=name, **options)
        events.put_targets(Rule=name, Targets=[{"Id": "target", "Arn": arn, "Input": '"unwanted"'}])
    rule("tests-quiet", {"source": ["tests.quiet"]}, {"Arn": arn, "Input": '"wanted"'})
    send(cloud, "tests.quiet", {})
    send(cloud, "tests.quiet", {})
    assert [received(cloud, url), received(cloud, url)] == ["wanted", "wanted"]
    for name in ("tests-disabled", "tests-scheduled"):
        events.remove_targets(Rule=name, Ids=["target"])
        events.delete_rule(Name=name)


def test_a_rule_takes_patterns_of_eventbridge_only_and_looks_into_arrays(cloud: Any, rule: Any) -> None:
    events, sqs = cloud.client("events"), cloud.client("sqs")
    for bad in ("[1]", "{}", '{"source": [{"numeric": [">", "1"]}]}', '{"source": [{"x": 1}]}'):
        with pytest.raises(events.exceptions.InvalidEventPatternException, match="Event pattern is not valid"):
            events.put_rule(Name="tests-bad", EventPattern=bad)
    url = sqs.create_queue(QueueName="tests-arrays")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": sending_policy(arn, "events")})
    rule("tests-arrays", {"source": ["tests.arrays"], "detail": {"items": {"id": [1], "on": [True]}}}, {"Arn": arn})
    send(cloud, "tests.arrays", {"items": [{"id": 1, "on": False}, {"id": 2, "on": True}]})
    send(cloud, "tests.arrays", {"items": [{"id": 1, "on": 1}]})
    send(cloud, "tests.arrays", {"items": [{"id": 2, "on": True}, {"id": 1, "on": True}], "number": 3})
    received = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10, MaxNumberOfMessages=10)["Messages"]
    assert [json.loads(one["Body"])["detail"].get("number") for one in received] == [3]


def test_test_event_pattern_answers_whether_an_event_matches(cloud: Any) -> None:
    events = cloud.client("events")
    event = {
        "id": "1",
        "account": "1",
        "source": "s",
        "time": "now",
        "region": "r",
        "resources": [],
        "detail-type": "t",
    }
    for pattern, answer in (('{"source": ["s"]}', True), ('{"source": ["x"]}', False)):
        assert events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"] is answer
    with pytest.raises(events.exceptions.InvalidEventPatternException):
        events.test_event_pattern(EventPattern='{"source": []}', Event=json.dumps(event))
    for bad in ("{", "[]", '{"id": "1"}'):
        with pytest.raises(events.exceptions.ClientError, match="Parameter Event is not valid"):
            events.test_event_pattern(EventPattern='{"source": ["s"]}', Event=bad)


def test_put_events_takes_no_source_of_aws_and_a_megabyte_at_most(cloud: Any) -> None:
    events = cloud.client("events")
    entry = {"Source": "tests", "DetailType": "t", "Detail": "{}"}
    answer = events.put_events(Entries=[{**entry, "Source": "aws.s3"}, {**entry, "Source": "awsome"}])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"
    half = {**entry, "Detail": json.dumps({"text": "x" * 600_000})}
    assert events.put_events(Entries=[half])["FailedEntryCount"] == 0
    with pytest.raises(events.exceptions.ClientError, match=r"ValidationException.*Total size of the entries"):
        events.put_events(Entries=[half, half])


@pytest.mark.parametrize(
    "given",
    [
        {"InputPath": "detail"},
        {"InputPath": "$.["},
        {"InputTransformer": {"InputPathsMap": {"AWS.x": "$.a"}, "InputTemplate": '"<AWS.x>"'}},
        {"InputTransformer": {"InputPathsMap": {"x": "a"}, "InputTemplate": '"<x>"'}},
        {"InputTransformer": {"InputPathsMap": {"x": "$.a"}, "InputTemplate": "hello <x>"}},
        {"InputTransformer": {"InputPathsMap": {"x": "$.a"}, "InputTemplate": "{<x>: 1}"}},
        {"InputTransformer": {"InputTemplate": '{"a": '}},
    ],
)
def test_an_input_that_could_not_be_made_is_refused(cloud: Any, given: dict[str, Any]) -> None:
    events = cloud.client("events")
    events.put_rule(Name="tests-inputs", EventPattern='{"source": ["tests.inputs"]}')
    target = {"Id": "1", "Arn": "arn:aws:sqs:us-east-1:123456789012:tests-inputs", **given}
    with pytest.raises(events.exceptions.ClientError, match="ValidationException"):
        events.put_targets(Rule="tests-inputs", Targets=[target])
    assert events.list_targets_by_rule(Rule="tests-inputs")["Targets"] == []


def test_a_rule_has_five_targets_at_most(cloud: Any) -> None:
    events = cloud.client("events")
    events.put_rule(Name="tests-five", EventPattern='{"source": ["tests.five"]}')
    arn = "arn:aws:sqs:us-east-1:123456789012:tests-five"
    targets = [{"Id": str(number), "Arn": arn} for number in range(6)]
    events.put_targets(Rule="tests-five", Targets=targets[:5])
    events.put_targets(Rule="tests-five", Targets=targets[:5])  # they take their own places
    with pytest.raises(events.exceptions.LimitExceededException):
        events.put_targets(Rule="tests-five", Targets=targets[5:])
    events.remove_targets(Rule="tests-five", Ids=["0"])
    events.put_targets(Rule="tests-five", Targets=targets[5:])
