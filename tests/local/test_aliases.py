"""Aliases: versions by weights, what AWS refuses, and permissions of a version or an alias."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import eventually, package
from .test_asynchronous import total

CODE = "def handler(event, context):\n    return context.function_version\n"


@pytest.fixture
def versions(cloud, function):
    """The ARN of a function with the versions 1 and 2."""
    client, arn = cloud.client("lambda"), function(CODE)
    client.publish_version(FunctionName=arn)
    client.update_function_code(FunctionName=arn, ZipFile=package(f"{CODE}# two\n"))
    assert client.publish_version(FunctionName=arn)["Version"] == "2"
    return arn


def alias(cloud: Any, arn: str, weights: dict[str, float] | None = None, version: str = "1") -> str:
    routing = {"RoutingConfig": {"AdditionalVersionWeights": weights}} if weights else {}
    made = cloud.client("lambda").create_alias(FunctionName=arn, Name="live", FunctionVersion=version, **routing)
    return made["AliasArn"]


def ran(cloud: Any, arn: str, **options: Any) -> str:
    answer = cloud.client("lambda").invoke(FunctionName=arn, **options)
    assert json.load(answer["Payload"]) == answer["ExecutedVersion"]
    return answer["ExecutedVersion"]


def test_an_alias_sends_requests_to_two_versions_by_their_weights(cloud, versions):
    client, live = cloud.client("lambda"), alias(cloud, versions, {"2": 0.5})
    counted = Counter(ran(cloud, live) for _ in range(60))
    assert set(counted) == {"1", "2"}
    assert min(counted.values()) >= 10  # less often than once in a million times with even chances
    name = versions.split(":")[6]
    assert total(cloud, versions, "Invocations", Resource=f"{name}:live") == 60
    by_version = total(cloud, versions, "Invocations", Resource=f"{name}:live", ExecutedVersion="2")
    assert by_version == counted["2"]
    for weight, expected in ((1.0, "2"), (0.0, "1")):
        routing = {"AdditionalVersionWeights": {"2": weight}}
        client.update_alias(FunctionName=versions, Name="live", RoutingConfig=routing)
        assert {ran(cloud, versions, Qualifier="live") for _ in range(5)} == {expected}
    client.update_alias(FunctionName=versions, Name="live", Description="kept")
    found = client.get_alias(FunctionName=versions, Name="live")
    assert found["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.0}}
    changed = client.update_alias(
        FunctionName=versions, Name="live", FunctionVersion="2", RoutingConfig={"AdditionalVersionWeights": {}}
    )
    assert changed["RevisionId"] != found["RevisionId"]
    assert "RoutingConfig" not in client.get_alias(FunctionName=versions, Name="live")
    assert ran(cloud, live) == "2"


@pytest.mark.parametrize(
    ("version", "weights", "code", "said"),
    [
        ("1", {"1": 0.5}, "InvalidParameterValueException", "already included in routing configuration"),
        ("1", {"2": 0.5, "3": 0.5}, "InvalidParameterValueException", "cannot be greater than 1"),
        ("1", {"2": 1.5}, "ValidationException", "less than or equal to 1.0"),
        ("1", {"$LATEST": 0.5}, "ValidationException", r"\[0-9\]\+"),
        ("$LATEST", {"1": 0.5}, "InvalidParameterValueException", "not supported for an alias pointing to more than 1"),
        ("1", {"9": 0.5}, "ResourceNotFoundException", "Function not found"),
        ("9", {}, "ResourceNotFoundException", "Function not found"),
    ],
)
def test_routing_that_aws_refuses_is_refused(cloud, versions, version, weights, code, said):
    with pytest.raises(ClientError, match=said) as refused:
        alias(cloud, versions, weights, version)
    assert refused.value.response["Error"]["Code"] == code
    alias(cloud, versions)
    with pytest.raises(ClientError, match=said):
        cloud.client("lambda").update_alias(
            FunctionName=versions,
            Name="live",
            FunctionVersion=version,
            RoutingConfig={"AdditionalVersionWeights": weights},
        )
    assert ran(cloud, versions, Qualifier="live") == "1"


def test_both_versions_have_one_role_and_one_dead_letter_queue(cloud, versions):
    client = cloud.client("lambda")
    client.update_function_configuration(FunctionName=versions, Role=cloud.role("tests-aliases-other"))
    client.publish_version(FunctionName=versions)
    with pytest.raises(ClientError, match="same execution role"):
        alias(cloud, versions, {"3": 0.5})
    cloud.client("sqs").create_queue(QueueName="tests-aliases")
    target = {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:tests-aliases"}
    client.update_function_configuration(FunctionName=versions, DeadLetterConfig=target)
    client.publish_version(FunctionName=versions)
    with pytest.raises(ClientError, match="same dead-letter queue"):
        alias(cloud, versions, {"4": 0.5}, "3")


def test_an_alias_is_made_once_and_changed_by_those_who_have_seen_it(cloud, versions):
    client = cloud.client("lambda")
    live = alias(cloud, versions)
    with pytest.raises(ClientError, match=f"Alias already exists: {live}") as refused:
        alias(cloud, versions)
    assert refused.value.response["Error"]["Code"] == "ResourceConflictException"
    with pytest.raises(ClientError, match="does not match the latest Revision Id") as refused:
        client.update_alias(FunctionName=versions, Name="live", FunctionVersion="2", RevisionId="old")
    assert refused.value.response["Error"]["Code"] == "PreconditionFailedException"


def test_a_version_to_which_an_alias_points_is_not_deleted(cloud, versions):
    client = cloud.client("lambda")
    alias(cloud, versions, {"2": 0.1})
    for version in ("1", "2"):
        with pytest.raises(ClientError, match="an alias points to it: live"):
            client.delete_function(FunctionName=versions, Qualifier=version)
    client.delete_alias(FunctionName=versions, Name="live")
    client.delete_function(FunctionName=versions, Qualifier="2")
    with pytest.raises(ClientError, match="not found"):
        client.invoke(FunctionName=versions, Qualifier="2")


def test_reserved_concurrency_is_the_functions_also_through_an_alias(cloud, versions):
    live = alias(cloud, versions)
    cloud.client("lambda").put_function_concurrency(FunctionName=versions, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="Rate Exceeded"):
        ran(cloud, live)


def test_a_permission_is_for_the_qualifier_that_it_names(cloud, versions):
    """A rule reaches the alias with the alias's permission, and only with it."""
    client, events, live = cloud.client("lambda"), cloud.client("events"), alias(cloud, versions)
    events.put_rule(Name="tests-aliases", EventPattern=json.dumps({"source": ["tests.aliases"]}))
    events.put_targets(Rule="tests-aliases", Targets=[{"Id": "live", "Arn": live}])
    given = {"StatementId": "rule", "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"}

    def invoked() -> float:
        return total(cloud, versions, "AsyncEventsReceived")

    def refused() -> int:
        log = (cloud.state / "cloud.log").read_text()
        return log.count(f"rule/tests-aliases did not reach {live}")

    def put() -> None:
        events.put_events(Entries=[{"Source": "tests.aliases", "DetailType": "t", "Detail": "{}"}])

    client.add_permission(FunctionName=versions, **given)
    put()
    eventually(refused)
    client.add_permission(FunctionName=versions, Qualifier="live", **given)
    with pytest.raises(ClientError, match="statement id"):
        client.add_permission(FunctionName=live, **given)
    put()
    eventually(lambda: invoked() == 1)
    for qualifier, arn in ((None, versions), ("live", live)):
        which = {"Qualifier": qualifier} if qualifier else {}
        policy = json.loads(client.get_policy(FunctionName=versions, **which)["Policy"])
        assert [one["Resource"] for one in policy["Statement"]] == [arn]
    client.remove_permission(FunctionName=versions, StatementId="rule", Qualifier="live")
    with pytest.raises(ClientError, match="does not exist"):
        client.get_policy(FunctionName=versions, Qualifier="live")
    client.get_policy(FunctionName=versions)
