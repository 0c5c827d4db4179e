"""What AWS refuses is refused with AWS's codes, where moto failed or took it: policies, page tokens and ARNs."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse

from localcloud.applicationautoscaling.gaps import pages

BAD = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}'


def code_of(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as raised:
        call()
    return str(raised.value.response["Error"]["Code"])


@pytest.mark.parametrize("policy", ["{", '{"x": 1}', BAD])
def test_a_policy_that_is_none_is_refused_where_it_is_put(cloud: Any, policy: str) -> None:
    kms, sns, sqs, s3 = (cloud.client(name) for name in ("kms", "sns", "sqs", "s3"))
    events, logs, iam = (cloud.client(name) for name in ("events", "logs", "iam"))
    topic = sns.create_topic(Name="tests-policies")["TopicArn"]
    url = sqs.create_queue(QueueName="tests-policies")["QueueUrl"]
    s3.create_bucket(Bucket="tests-policies")
    given = {"Policy": policy}
    refused = {
        "MalformedPolicyDocumentException": [lambda: kms.create_key(**given)],
        "InvalidParameter": [
            lambda: sns.create_topic(Name="tests-none", Attributes=given),
            lambda: sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy),
        ],
        "InvalidAttributeValue": [
            lambda: sqs.create_queue(QueueName="tests-none", Attributes=given),
            lambda: sqs.set_queue_attributes(QueueUrl=url, Attributes=given),
        ],
        "MalformedPolicy": [lambda: s3.put_bucket_policy(Bucket="tests-policies", **given)],
        "ValidationException": [lambda: events.put_permission(EventBusName="default", **given)],
        "InvalidParameterException": [lambda: logs.put_resource_policy(policyName="none", policyDocument=policy)],
        "MalformedPolicyDocument": [
            lambda: iam.create_role(RoleName="tests-none", AssumeRolePolicyDocument=policy),
            lambda: iam.create_policy(PolicyName="tests-none", PolicyDocument=policy),
        ],
    }
    for code, calls in refused.items():
        assert [code_of(call) for call in calls] == [code] * len(calls)
    s3.delete_bucket(Bucket="tests-policies")
    assert sqs.send_message(QueueUrl=url, MessageBody="the queue has no policy yet")["MessageId"]


def test_a_bus_takes_a_statement_without_a_sid(cloud: Any) -> None:
    events = cloud.client("events")
    arn = events.create_event_bus(Name="tests-permissions")["EventBusArn"]
    allowed = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "events:PutEvents", "Resource": arn}
    events.put_permission(EventBusName="tests-permissions", Policy=json.dumps({"Statement": allowed}))
    (kept,) = json.loads(events.describe_event_bus(Name="tests-permissions")["Policy"])["Statement"]
    assert kept["Action"] == "events:PutEvents"
    events.delete_event_bus(Name="tests-permissions")


def test_a_page_token_that_no_answer_gave_is_refused(cloud: Any) -> None:
    sns, iam, scaling = (cloud.client(name) for name in ("sns", "iam", "application-autoscaling"))
    assert code_of(lambda: sns.list_topics(NextToken="zz")) == "InvalidParameter"
    assert code_of(lambda: sns.list_subscriptions(NextToken="-1")) == "InvalidParameter"
    assert code_of(lambda: iam.list_roles(Marker="zz")) == "ValidationError"
    for describe in (scaling.describe_scalable_targets, scaling.describe_scaling_policies):
        token = {"ServiceNamespace": "sagemaker", "NextToken": "zz"}
        assert code_of(lambda: describe(**token)) == "InvalidNextTokenException"  # noqa: B023 - called at once


def test_an_arn_of_a_topic_that_is_none_is_refused(cloud: Any) -> None:
    sns = cloud.client("sns")
    attribute = {"AttributeName": "DisplayName", "AttributeValue": "x"}
    calls = [
        lambda: sns.get_topic_attributes(TopicArn="x"),
        lambda: sns.set_topic_attributes(TopicArn="x", **attribute),
        lambda: sns.delete_topic(TopicArn="x"),
        lambda: sns.list_subscriptions_by_topic(TopicArn="x"),
        lambda: sns.add_permission(TopicArn="x", Label="l", AWSAccountId=["123456789012"], ActionName=["Publish"]),
        lambda: sns.remove_permission(TopicArn="x", Label="l"),
        lambda: sns.subscribe(TopicArn="x", Protocol="sqs", Endpoint="y"),
        lambda: sns.publish_batch(TopicArn="x", PublishBatchRequestEntries=[{"Id": "1", "Message": "m"}]),
    ]
    assert [code_of(call) for call in calls] == ["InvalidParameter"] * len(calls)
    absent = "arn:aws:sns:us-east-1:123456789012:tests-absent"
    assert code_of(lambda: sns.get_topic_attributes(TopicArn=absent)) == "NotFound"
    sns.delete_topic(TopicArn=absent)


def test_scalable_targets_are_listed_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    pages.apply()
    monkeypatch.setattr("localcloud.applicationautoscaling.gaps.pages._build_target", lambda one: one)
    asked: dict[str, Any] = {"MaxResults": 2}
    backend = SimpleNamespace(describe_scalable_targets=lambda *given: ["a", "b", "c", "d", "e"])
    response = SimpleNamespace(
        applicationautoscaling_backend=backend,
        _validate_params=lambda: None,
        _get_param=asked.get,
        _get_int_param=asked.get,
    )
    found = []
    while "NextToken" in asked or not found:
        answer = json.loads(ApplicationAutoScalingResponse.describe_scalable_targets(response))
        found += answer["ScalableTargets"]
        asked = {"MaxResults": 2, **{key: answer[key] for key in ("NextToken",) if key in answer}}
        response._get_param = asked.get
        assert len(found) <= 5
    assert found == ["a", "b", "c", "d", "e"]


def test_a_topic_has_a_policy_and_a_subscription_conditions_with_names(cloud: Any) -> None:
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="tests-conditions")["TopicArn"]
    empty = {"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": ""}
    assert code_of(lambda: sns.set_topic_attributes(**empty)) == "InvalidParameter"
    given = {"Protocol": "sqs", "Endpoint": "arn:aws:sqs:us-east-1:123456789012:tests-conditions"}
    for policy in ('{"a": [{}]}', '{"a": ["x", {}]}', "{"):
        attributes = {"FilterPolicy": policy}
        assert code_of(lambda: sns.subscribe(TopicArn=topic, **given, Attributes=attributes)) == "InvalidParameter"  # noqa: B023 - called at once


def test_a_filter_of_tags_without_a_key_is_refused(cloud: Any) -> None:
    tagging = cloud.client("resourcegroupstaggingapi")
    assert code_of(lambda: tagging.get_resources(TagFilters=[{}])) == "InvalidParameterException"
    assert tagging.get_resources(TagFilters=[{"Key": "tests-nowhere"}])["ResourceTagMappingList"] == []
