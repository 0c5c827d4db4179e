"""What PutTargets takes and refuses, and what a bad target means for its neighbours and for the publisher."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import eventually
from .test_events import policy, queue, received, rule, send  # noqa: F401 - rule is a fixture

HERE = "us-east-1:123456789012"
BUS = f"arn:aws:events:{HERE}:event-bus/default"


@pytest.fixture
def known(cloud):
    """A rule without targets."""
    cloud.client("events").put_rule(Name="tests-checked", EventPattern='{"source": ["tests.checked"]}')
    yield "tests-checked"
    cloud.client("events").delete_rule(Name="tests-checked")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"Arn": f"arn:aws:sagemaker:{HERE}:pipeline/p", "RoleArn": "ROLE"}, "cannot deliver events to sagemaker pipe"),
        ({"Arn": f"arn:aws:ecs:{HERE}:cluster/c", "RoleArn": "ROLE"}, "cannot deliver events to ecs cluster"),
        ({"Arn": f"arn:aws:events:{HERE}:api-destination/a/1"}, "cannot deliver events to events api-destination"),
        ({"Arn": f"arn:aws:states:{HERE}:activity:a", "RoleArn": "ROLE"}, "cannot deliver events to states activity"),
        ({"Arn": f"arn:aws:states:{HERE}:stateMachine:m"}, "RoleArn is required for target arn:aws:states"),
        ({"Arn": "no arn"}, "Provided Arn is not in correct format"),
        ({"Arn": BUS}, "to itself again"),
        ({"Arn": f"arn:aws:sqs:{HERE}:q.fifo"}, r"Parameter\(s\) SqsParameters must be specified for target: one"),
        ({"Arn": f"arn:aws:sqs:{HERE}:q", "Input": "{"}, "JSON syntax error in input for target one"),
        ({"Arn": f"arn:aws:sqs:{HERE}:q", "Input": "1", "InputPath": "$.a"}, "Only one of Input, InputPath, or"),
        (
            {"Arn": f"arn:aws:sqs:{HERE}:q", "InputTransformer": {"InputTemplate": '"<gone> <aws.events.rule-name>"'}},
            "InputTemplate for target one contains invalid placeholder gone",
        ),
        (
            {"Arn": f"arn:aws:sqs:{HERE}:q", "DeadLetterConfig": {"Arn": f"arn:aws:sqs:{HERE}:d.fifo"}},
            "must be a standard SQS queue",
        ),
    ],
)
def test_a_target_that_can_never_get_an_event_is_refused_by_name(cloud, role, known, target, words):
    given = {"Id": "one", **target, **({"RoleArn": role} if "RoleArn" in target else {})}
    with pytest.raises(ClientError, match=words) as refused:
        cloud.client("events").put_targets(Rule=known, Targets=[given])
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert cloud.client("events").list_targets_by_rule(Rule=known)["Targets"] == []


def test_neither_the_publisher_nor_a_neighbour_is_hurt_by_a_target_that_does_not_exist(cloud, rule):  # noqa: F811
    url, arn = queue(cloud, "tests-neighbour")
    pattern = {"source": ["tests.neighbour"]}
    rule("tests-neighbour-a", pattern, {"Arn": f"arn:aws:lambda:{HERE}:function:tests-gone"})
    rule("tests-neighbour-b", pattern, {"Arn": arn})
    send(cloud, "tests.neighbour", {"a": 1})
    assert received(cloud, url)["detail"] == {"a": 1}


def test_a_fifo_queue_gets_its_group_and_wants_deduplication_by_content(cloud, rule):  # noqa: F811
    lost = queue(cloud, "tests-fifo-lost")
    for name, by_content in (("tests-one.fifo", "true"), ("tests-two.fifo", "false")):
        url, arn = queue(cloud, name, FifoQueue="true", ContentBasedDeduplication=by_content)
        target = {"Arn": arn, "SqsParameters": {"MessageGroupId": "g"}, "DeadLetterConfig": {"Arn": lost[1]}}
        rule(f"{name[:9]}-fifo", {"source": [name]}, target)
        send(cloud, name, {"to": name})
        if by_content == "true":
            asked = {"QueueUrl": url, "AttributeNames": ["All"]}
            (message,) = eventually(lambda asked=asked: cloud.client("sqs").receive_message(**asked).get("Messages"))
            assert message["Attributes"]["MessageGroupId"] == "g"
        else:
            assert received(cloud, lost[0])["detail"] == {"to": name}


def logged(cloud: Any, group: str) -> list[str]:
    return [one["message"] for one in cloud.client("logs").filter_log_events(logGroupName=group)["events"]]


def test_a_log_group_gets_events_when_its_resource_policy_lets_eventbridge_write(cloud, rule):  # noqa: F811
    logs, group = cloud.client("logs"), "/aws/events/tests-targets"
    logs.create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:{HERE}:log-group:{group}"
    url, lost = queue(cloud, "tests-log-lost")
    rule("tests-log", {"source": ["tests.log"]}, {"Arn": arn, "DeadLetterConfig": {"Arn": lost}})
    send(cloud, "tests.log", {"n": 1})
    assert received(cloud, url)["detail"] == {"n": 1}
    allowed = json.loads(policy("logs:PutLogEvents", f"{arn}:*"))
    allowed["Statement"][0]["Action"] = ["logs:CreateLogStream", "logs:PutLogEvents"]
    logs.put_resource_policy(policyName="tests-targets", policyDocument=json.dumps(allowed))
    send(cloud, "tests.log", {"n": 2})
    (message,) = eventually(lambda: logged(cloud, group))
    assert json.loads(message)["detail"] == {"n": 2}
    logs.delete_resource_policy(policyName="tests-targets")


def test_another_bus_gets_the_event_as_it_is_in_the_rules_role(cloud, role):
    events = cloud.client("events")
    bus = events.create_event_bus(Name="tests-other")["EventBusArn"]
    url, arn = queue(cloud, "tests-other-bus")
    events.put_rule(Name="tests-here", EventPattern='{"source": ["tests.bus"]}')
    events.put_rule(Name="tests-there", EventBusName="tests-other", EventPattern='{"source": ["tests.bus"]}')
    events.put_targets(Rule="tests-here", Targets=[{"Id": "bus", "Arn": bus, "RoleArn": role}])
    events.put_targets(Rule="tests-there", EventBusName="tests-other", Targets=[{"Id": "queue", "Arn": arn}])
    send(cloud, "tests.bus", {"a": 1})
    found = received(cloud, url)
    assert (found["detail"], found["detail-type"]) == ({"a": 1}, "Test")
    for name, where, target in (("tests-here", "default", "bus"), ("tests-there", "tests-other", "queue")):
        events.remove_targets(Rule=name, EventBusName=where, Ids=[target])
        events.delete_rule(Name=name, EventBusName=where)
    events.delete_event_bus(Name="tests-other")
